// /api/chargepoints:batch and /api/chargepoints.csv: many charge points in one request, from and to a spreadsheet.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { inTurns } from '../base/in-turns.ts'
import { batchTurnLines } from '../base/limits.ts'
import type { ChargePointLine, ChargePointOutcome } from '../blocks/batch.ts'
import type { ChargePointRecord } from '../blocks/records.ts'
import { scopeOf } from './access.ts'
import { type BatchOf, BatchReport, batchDescription, batchQuery, batchRequest, runBatch } from './batch.ts'
import { type BatchColumns, shownColumns } from './batch-body.ts'
import { chargePointFilter, filterOf } from './chargepoint-filter.ts'
import { chargePointView } from './chargepoint-views.ts'
import { NewChargePoint, applyChange, chargePointInput } from './chargepoints.ts'
import { CsvFiles, csv, csvDescription, csvQuery } from './csv-list.ts'
import { batchChange, noteChange } from './audited.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { errors, json } from './responses.ts'
import { routeFor } from './route.ts'

const editable = [
  'chargePointId',
  'location',
  'groupId',
  'strictness',
  'registrationStatus',
  'timeZone',
  'blocked',
  'minSecurityProfile',
  'allowOtherUserName',
  'certificateName',
] as const

const shown = [
  'status',
  'connected',
  'ocppVersion',
  'vendor',
  'model',
  'serialNumber',
  'firmwareVersion',
  'lastSeen',
  'createdAt',
  'hasPassword',
  'hasApiKey',
] as const

const listed = [...editable, ...shown] as const

const columns: BatchColumns = {
  chargePointId: 'kept',
  location: 'removable',
  groupId: 'removableInteger',
  strictness: 'kept',
  registrationStatus: 'kept',
  timeZone: 'removable',
  blocked: 'boolean',
  minSecurityProfile: 'integer',
  allowOtherUserName: 'boolean',
  certificateName: 'removable',
  password: 'secret',
  apiKey: 'secret',
  ...shownColumns(shown),
}

const batchRoute = routeFor('chargepoint:write', {
  method: 'post',
  path: '/api/chargepoints:batch',
  operationId: 'storeChargePoints',
  tags: ['Provisioning'],
  summary: 'Create and change many charge points',
  description: `Each line creates the charge point, or changes the one of that identity. ${batchDescription}

Of a CSV, an empty cell removes \`location\`, \`groupId\`, \`timeZone\` and \`certificateName\`; other fields stay unchanged. A line that changes how the charge point may connect (its password or key, \`blocked\`, and so on) closes its connection, as a change of one charge point does; what is stored already closes nothing.`,
  request: {
    query: batchQuery,
    body: batchRequest('NewChargePoint', {
      json: [{ chargePointId: 'CP001', password: 'secretpassword', location: 'Building A, Floor 1' }],
      csv: 'chargePointId,password,location\r\nCP001,secretpassword,"Building A, Floor 1"\r\n',
    }),
  },
  responses: {
    200: json(BatchReport, 'What became of each line.'),
    ...errors('BAD_REQUEST', 'BATCH_INVALID', 'FORBIDDEN', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const csvRoute = routeFor('chargepoint:read', {
  method: 'get',
  path: '/api/chargepoints.csv',
  operationId: 'exportChargePoints',
  tags: ['Charge points'],
  summary: 'All charge points as a CSV file',
  description: `By identity, with the same filters as the list. The first columns can be edited and sent to \`POST /api/chargepoints:batch\`; add columns \`password\` and \`apiKey\` to set them. ${csvDescription}`,
  request: { query: z.strictObject({ ...chargePointFilter, ...csvQuery }) },
  responses: {
    200: csv('The file.', 'chargePointId,location,strictness\r\nCP001,"Building A, Floor 1",lenient\r\n'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

/** Routes for many charge points at once. */
export function chargePointBatchRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, live, hash, quirks, strictnessDefault, clock } = deps
  const app = apiApp()
  const files = new CsvFiles(clock)
  const batch: Omit<BatchOf<z.infer<typeof NewChargePoint>, ChargePointLine, ChargePointOutcome>, 'store'> = {
    identity: 'chargePointId',
    columns,
    schema: NewChargePoint,
    lineOf: ({ chargePointId, ...wanted }) => {
      const { password, apiKey } = wanted
      return {
        identity: chargePointId,
        input: chargePointInput(wanted, hash),
        isPassword: (stored) => typeof password === 'string' && hash.isPassword(password, stored),
        isApiKey: (stored) => typeof apiKey === 'string' && hash.isApiKey(apiKey, stored),
      }
    },
  }

  app.openapi(batchRoute, async (c) => {
    const stored = await runBatch(c, c.req.valid('query').partial, {
      ...batch,
      store: (lines, mode) => queries.storeChargePoints(lines, { mode, scope: scopeOf(c), strictnessDefault }),
    })
    const { outcomes, report } = stored
    noteChange(c, batchChange('ChargePointIds', stored))
    await inTurns(outcomes, batchTurnLines, ({ change }) => {
      if (change !== undefined) applyChange(live, change.chargePoint, change.changed)
    })
    return c.json(report, 200)
  })

  app.openapi(csvRoute, async (c) => {
    const { separator, ...wanted } = c.req.valid('query')
    const filter = { scope: scopeOf(c), ...filterOf(wanted) }
    return files.answer<ChargePointRecord>(c, 'chargepoints.csv', separator, {
      columns: listed,
      after: (last, rowsMax) => queries.chargePointsAfter(filter, last?.identity ?? null, rowsMax),
      cells: (record) => {
        const connectivity = { lastDisconnect: null, lastRefusal: null }
        const view = chargePointView(record, live.get(record), connectivity, quirks.profiles)
        return listed.map((name) => view[name])
      },
    })
  })

  return app
}
