// Pagination of lists: `{totalCount, page, pageSize, <resource>: []}`, with page numbers from 1 and a stable order (no
// cursor). Some lists can be limited to a period.

import { z } from '@hono/zod-openapi'
import { integerMax, pageSizeDefault, pageSizeMax } from '../base/limits.ts'
import type { Page, PageOf } from '../blocks/records.ts'
import { badRequest } from './errors.ts'
import { integerText, time } from './fields.ts'

/** The query parameters of every list. */
export const pageQuery = {
  page: integerText('Page', 1, integerMax)
    .default(1)
    .openapi({ param: { name: 'page', in: 'query' }, description: 'Page number, from 1.', default: 1 }),
  pageSize: integerText('Page size', 1, pageSizeMax)
    .default(pageSizeDefault)
    .openapi({ param: { name: 'pageSize', in: 'query' }, description: 'Items per page.', default: pageSizeDefault }),
}

/** The query parameters of a list with a period; `happened` names the time of its items that counts. */
export function periodQuery(happened: 'received' | 'made' | 'sent or received' | 'sampled' | 'started') {
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
      'Only there when there may be more items than `totalCount`: the embedded database looks at 10,000 at most, and so do some filters on PostgreSQL (of charge points: at 100,000).',
  }),
  page: z.int().openapi({ example: 1 }),
  pageSize: z.int().openapi({ example: 20 }),
}

/** The paging fields of `found`. */
export function pageOf(found: PageOf<unknown>, { page, pageSize }: Page) {
  const { totalCount, totalCountAtLeast } = found
  return { totalCount, ...(totalCountAtLeast === true ? { totalCountAtLeast } : {}), page, pageSize }
}
