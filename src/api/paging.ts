// Pagination of lists: `{totalCount, page, pageSize, <resource>: []}`, with page numbers from 1 and a stable order.
// Long lists go on after a cursor as well. Some lists can be limited to a period.

import { z } from '@hono/zod-openapi'
import { integerMax, listCursorCharactersMax, pageSizeDefault, pageSizeMax } from '../base/limits.ts'
import type { Page, PageOf } from '../blocks/records.ts'
import { badRequest } from './errors.ts'
import { integerText, text, time } from './fields.ts'

/** The query parameters of every list. */
export const pageQuery = {
  page: integerText('Page', 1, integerMax)
    .default(1)
    .openapi({ param: { name: 'page', in: 'query' }, description: 'Page number, from 1.', default: 1 }),
  pageSize: integerText('Page size', 1, pageSizeMax)
    .default(pageSizeDefault)
    .openapi({ param: { name: 'pageSize', in: 'query' }, description: 'Items per page.', default: pageSizeDefault }),
}

/** The query parameters of a list that can be read on with cursors. */
export const cursorQuery = {
  ...pageQuery,
  after: text('After', listCursorCharactersMax)
    .optional()
    .openapi({
      param: { name: 'after', in: 'query' },
      description:
        'Instead of `page`: the page that comes after the one whose `next` this was, with the same filters. It costs the same however far back it is.',
    }),
}

/** The query parameters of a list of one charge point that goes on after the id of its last item. */
export const afterIdQuery = {
  after: integerText('After', 0, integerMax)
    .optional()
    .openapi({ param: { name: 'after', in: 'query' }, description: 'The `next` of the page before.' }),
  pageSize: pageQuery.pageSize,
}

/** What the answer of such a list says about the page after it. */
export const nextId = z
  .int()
  .nullable()
  .openapi({ description: 'For `after`; null: there are no more.', example: null })

/** The page of a query. @throws {StatorError} `BAD_REQUEST` if it has a page number and a cursor. */
export function pageIn({ page, pageSize, after }: Omit<Page, 'after'> & { readonly after?: string | undefined }): Page {
  if (after === undefined) return { page, pageSize }
  if (page !== 1) throw badRequest('after', 'Give Page or After, not both')
  return { page, pageSize, after }
}

/** The query parameters of a list with a period; `happened` names the time of its items that counts. */
export function periodQuery(happened: 'received' | 'made' | 'begun' | 'sent or received' | 'sampled' | 'started') {
  return {
    from: time('From')
      .optional()
      .openapi({ param: { name: 'from', in: 'query' }, description: `Only those ${happened} then or later.` }),
    to: time('To', 'end')
      .optional()
      .openapi({ param: { name: 'to', in: 'query' }, description: `Only those ${happened} then or earlier.` }),
  }
}

/** The period of a filter. @throws {StatorError} `BAD_REQUEST` if it ends before it begins. */
export function periodOf(from: number | undefined, to: number | undefined): { fromMs?: number; toMs?: number } {
  if (from !== undefined && to !== undefined && to < from) throw badRequest('to', 'To must not be before From')
  return { ...(from === undefined ? {} : { fromMs: from }), ...(to === undefined ? {} : { toMs: to }) }
}

/** The fields of every list response beside its items. */
export const pageFields = {
  totalCount: z.int().openapi({ description: 'Items on all pages together.', example: 45 }),
  totalCountAtLeast: z.literal(true).optional().openapi({
    description:
      'Only there when there may be more items than `totalCount`: items are counted up to 10,000 where neither a counter nor an index knows how many there are.',
  }),
  next: z.string().optional().openapi({
    description: 'Of lists with the parameter `after`: its value for the next page. Left out on the last page.',
  }),
  page: z.int().openapi({ example: 1, description: '1 with `after`.' }),
  pageSize: z.int().openapi({ example: 20 }),
}

/** The paging fields of `found`. */
export function pageOf(found: PageOf<unknown>, { page, pageSize }: Page) {
  const { totalCount, totalCountAtLeast, next } = found
  return {
    totalCount,
    ...(totalCountAtLeast === true ? { totalCountAtLeast } : {}),
    ...(next === undefined ? {} : { next }),
    page,
    pageSize,
  }
}
