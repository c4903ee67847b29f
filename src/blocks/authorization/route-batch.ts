// /api/id-tags:batch and /api/id-tags.csv: many id tags in one request, from and to a spreadsheet.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { type BatchOf, BatchReport, batchDescription, batchQuery, batchRequest, runBatch } from '../../api/batch.ts'
import { type BatchColumns, shownColumns } from '../../api/batch-body.ts'
import { CsvFiles, csv, csvDescription, csvQuery } from '../../api/csv-list.ts'
import { batchChange, noteChange } from '../../api/audited.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { errors, json } from '../../api/responses.ts'
import { withDefined } from '../../base/with-defined.ts'
import type { IdTokenLine, LineOutcome } from '../batch.ts'
import type { IdTokenRecord } from '../records.ts'
import { NewIdTag, idTagFilter, idTagView, idTokenInput } from './routes.ts'
import { routeFor } from '../../api/route.ts'

const listed = ['idTag', 'type', 'status', 'expiryDate', 'parentIdTag', 'createdAt'] as const

const columns: BatchColumns = {
  idTag: 'kept',
  type: 'removable',
  status: 'kept',
  expiryDate: 'removable',
  parentIdTag: 'removable',
  ...shownColumns(['createdAt']),
}

const batchRoute = routeFor('idtag:write', {
  method: 'post',
  path: '/api/id-tags:batch',
  operationId: 'storeIdTags',
  tags: ['ID tags'],
  summary: 'Store and change many id tags',
  description: `Each line stores the id tag, or changes the one that is stored, in whatever letter case; its spelling stays. ${batchDescription}

Of a CSV, an empty cell removes \`type\`, \`expiryDate\` and \`parentIdTag\`; an empty \`status\` stays unchanged, and is \`Accepted\` for a new id tag.`,
  request: {
    query: batchQuery,
    body: batchRequest('NewIdTag', {
      json: [{ idTag: 'USER123', status: 'Accepted', expiryDate: '2027-12-31T23:59:59Z' }],
      csv: 'idTag,status,expiryDate\r\nUSER123,Accepted,2027-12-31\r\n',
    }),
  },
  responses: {
    200: json(BatchReport, 'What became of each line.'),
    ...errors('BAD_REQUEST', 'BATCH_INVALID', 'FORBIDDEN', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const csvRoute = routeFor('idtag:read', {
  method: 'get',
  path: '/api/id-tags.csv',
  operationId: 'exportIdTags',
  tags: ['ID tags'],
  summary: 'All id tags as a CSV file',
  description: `In alphabetical order. The file can be edited and sent to \`POST /api/id-tags:batch\`. ${csvDescription}`,
  request: { query: z.strictObject({ ...idTagFilter, ...csvQuery }) },
  responses: {
    200: csv('The file.', 'idTag,type,status\r\nUSER123,,Accepted\r\n'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

/** Routes for many id tags at once. */
export function idTagBatchRoutes({ queries, clock }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()
  const files = new CsvFiles(clock)
  const batch: BatchOf<z.infer<typeof NewIdTag>, IdTokenLine, LineOutcome> = {
    identity: 'idTag',
    columns,
    schema: NewIdTag,
    lineOf: ({ idTag, ...wanted }) => ({ idToken: idTag, input: idTokenInput(wanted) }),
    store: (lines, mode) => queries.storeIdTokens(lines, mode),
  }

  app.openapi(batchRoute, async (c) => {
    const stored = await runBatch(c, c.req.valid('query').partial, batch)
    noteChange(c, batchChange('IdTags', stored))
    return c.json(stored.report, 200)
  })

  app.openapi(csvRoute, async (c) => {
    const { separator, ...wanted } = c.req.valid('query')
    const filter = withDefined(wanted)
    return files.answer<IdTokenRecord>(c, 'id-tags.csv', separator, {
      columns: listed,
      after: (last, rowsMax) => queries.idTokensAfter(filter, last?.idToken ?? null, rowsMax),
      cells: (record) => {
        const view = idTagView(record)
        return listed.map((name) => view[name])
      },
    })
  })

  return app
}
