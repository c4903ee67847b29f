// Lists come in pages: `{totalCount, page, pageSize, <resource>: []}`, counted from 1, in a stable order.

import { z } from '@hono/zod-openapi'
import { integerMax, pageSizeDefault, pageSizeMax } from '../base/limits.ts'
import type { Page, PageOf } from '../csms/records.ts'
import { integerText } from './fields.ts'

/** The query parameters that every list takes. */
export const pageQuery = {
  page: integerText('Page', 1, integerMax)
    .default(1)
    .openapi({ param: { name: 'page', in: 'query' }, description: 'Page number, from 1.', default: 1 }),
  pageSize: integerText('Page size', 1, pageSizeMax)
    .default(pageSizeDefault)
    .openapi({ param: { name: 'pageSize', in: 'query' }, description: 'Items per page.', default: pageSizeDefault }),
}

/** What every list answers beside its items. */
export const pageFields = {
  totalCount: z.int().openapi({ description: 'Items on all pages together.', example: 45 }),
  totalCountAtLeast: z.literal(true).optional().openapi({
    description:
      'Only there when there may be more items than `totalCount`: the embedded database looks at 10,000 at most.',
  }),
  page: z.int().openapi({ example: 1 }),
  pageSize: z.int().openapi({ example: 20 }),
}

/** `found` as the fields that go beside the items of a list. */
export function pageOf(found: PageOf<unknown>, { page, pageSize }: Page) {
  const { totalCount, totalCountAtLeast } = found
  return { totalCount, ...(totalCountAtLeast === true ? { totalCountAtLeast } : {}), page, pageSize }
}
