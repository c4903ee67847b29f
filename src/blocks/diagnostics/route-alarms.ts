// GET /api/alarms: what charge points of 2.x report as wrong, from its beginning to its end.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { scopeOf } from '../../api/access.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { booleanText, integerText, text } from '../../api/fields.ts'
import { cursorQuery, pageFields, pageIn, pageOf, periodOf, periodQuery } from '../../api/paging.ts'
import { errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { isoTime } from '../../base/clock.ts'
import { identityCharactersMax } from '../../base/limits.ts'
import { withDefined } from '../../base/with-defined.ts'
import { named, nameView } from '../provisioning/route-variable-views.ts'
import { severityMax } from './monitors.ts'
import type { AlarmRecord } from './records.ts'

const nameCharactersMax = 100

const Alarm = z
  .object({
    chargePointId: z.string().openapi({ example: 'CP001' }),
    ...named,
    beganAt: Time.openapi({ description: 'By the clock of the charge point.' }),
    endedAt: Time.nullable().openapi({ description: 'null: it is open.' }),
    severity: z.int().nullable().openapi({
      description:
        'From 0 (danger) to 9 (debug), of its monitor; null: it is not known. A report of the monitors tells it.',
      example: 3,
    }),
    actualValue: z.string().nullable().openapi({ description: 'When it began.', example: '82.5' }),
    endValue: z.string().nullable().openapi({ description: 'When it ended.', example: null }),
    techCode: z.string().nullable().openapi({ example: null }),
    techInfo: z.string().nullable().openapi({ example: null }),
    monitorId: z.int().nullable().openapi({ description: 'Of the monitor, if the event names it.', example: 1 }),
    eventNotificationType: z.string().nullable().openapi({ example: 'CustomMonitor' }),
    stationTransactionId: z.string().nullable().openapi({
      description: 'The transaction that it happened in, as the charge point names it.',
      example: null,
    }),
    updatedAt: Time.openapi({ description: 'When its last event arrived.' }),
  })
  .openapi('Alarm')

function exactly(name: string, parameter: string, what: string) {
  return text(name, nameCharactersMax)
    .optional()
    .openapi({
      param: { name: parameter, in: 'query' },
      description: `Only those of this ${what}, in any letter case.`,
    })
}

const listRoute = routeFor('event:read', {
  method: 'get',
  path: '/api/alarms',
  operationId: 'listAlarms',
  tags: ['Monitoring'],
  summary: 'What charge points report as wrong',
  description:
    'Alarms of charge points of 2.x. One begins with an event (NotifyEvent) whose trigger is Alerting, and ends with one of the same monitor, component and variable that is `cleared`. Those that began last come first. Ended ones are kept for as long as OCPP.EventDays says.',
  request: {
    query: z.strictObject({
      open: booleanText('Open')
        .optional()
        .openapi({
          param: { name: 'open', in: 'query' },
          description: 'true: only open ones; false: only ended ones.',
        }),
      chargePointId: text('Charge point ID', identityCharactersMax)
        .optional()
        .openapi({ param: { name: 'chargePointId', in: 'query' }, description: 'Only those of this charge point.' }),
      severity: integerText('Severity', 0, severityMax)
        .optional()
        .openapi({
          param: { name: 'severity', in: 'query' },
          description: 'Only those that are this severe or more: 0 is the most severe.',
        }),
      component: exactly('Component', 'component', 'component'),
      variable: exactly('Variable', 'variable', 'variable'),
      ...periodQuery('begun'),
      ...cursorQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, alarms: z.array(Alarm) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

/** Alarms of charge points. */
export function alarmRoutes({ queries }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(listRoute, async (c) => {
    const { open, chargePointId, severity, component, variable, from, to, ...paged } = c.req.valid('query')
    const page = pageIn(paged)
    const filter = {
      scope: scopeOf(c),
      ...withDefined({ identity: chargePointId, isOpen: open, severityMax: severity, component, variable }),
      ...periodOf(from, to),
    }
    const listed = await queries.listAlarms(filter, page)
    return c.json({ ...pageOf(listed, page), alarms: listed.items.map(alarmView) }, 200)
  })

  return app
}

function alarmView(record: AlarmRecord): z.infer<typeof Alarm> {
  const { identity, beganAtMs, endedAtMs, severity, actualValue, endValue, techCode, techInfo, monitorId } = record
  return {
    chargePointId: identity,
    ...nameView(record),
    beganAt: isoTime(beganAtMs),
    endedAt: endedAtMs === null ? null : isoTime(endedAtMs),
    severity,
    actualValue,
    endValue,
    techCode,
    techInfo,
    monitorId,
    eventNotificationType: record.eventNotificationType,
    stationTransactionId: record.stationTransactionId,
    updatedAt: isoTime(record.updatedAtMs),
  }
}
