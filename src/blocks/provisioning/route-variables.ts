// GET /api/chargepoints/{chargePointId}/variables: the device model of a 2.x charge point, as it last reported it.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { isoTime } from '../../base/clock.ts'
import { withDefined } from '../../base/with-defined.ts'
import type { VariableRecord } from '../records.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { ChargePointParams, text } from '../../api/fields.ts'
import { pageFields, pageOf, pageQuery } from '../../api/paging.ts'
import { errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'

const searchCharactersMax = 100

function search(name: string, what: string) {
  return text(name, searchCharactersMax)
    .optional()
    .openapi({
      param: { name: name.toLowerCase(), in: 'query' },
      description: `Only those with this text in ${what}, in any letter case.`,
    })
}

const Variable = z
  .object({
    component: z
      .object({
        name: z.string(),
        instance: z.string().optional(),
        evse: z.object({ id: z.int(), connectorId: z.int().optional() }).optional(),
      })
      .openapi({ example: { name: 'OCPPCommCtrlr' } }),
    variable: z
      .object({ name: z.string(), instance: z.string().optional() })
      .openapi({ example: { name: 'HeartbeatInterval' } }),
    attributeType: z.string().openapi({ example: 'Actual' }),
    value: z.string().nullable().openapi({
      description: 'Null if the charge point reported none. The value of a password is never stored.',
      example: '300',
    }),
    mutability: z.string().nullable().openapi({ example: 'ReadWrite' }),
    persistent: z.boolean(),
    constant: z.boolean(),
    characteristics: z
      .record(z.string(), z.unknown())
      .nullable()
      .openapi({
        description: 'VariableCharacteristicsType, as reported.',
        example: { unit: 's', dataType: 'integer', supportsMonitoring: false },
      }),
    updatedAt: Time.openapi({ description: 'When it was last reported, or set over REST.' }),
  })
  .openapi('Variable')

const variablesRoute = routeFor('configuration:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/variables',
  operationId: 'listVariables',
  tags: ['Configuration'],
  summary: 'The stored device model of a charge point',
  description:
    'OCPP 2.x: what the charge point reported (NotifyReport), by component, EVSE, connector, variable and attribute. Send GetBaseReport or GetReport with `POST …/calls` to have it reported again; each variable that comes replaces the stored one. A charge point of 1.6 reports none.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      component: search('Component', 'the name or instance of the component'),
      variable: search('Variable', 'the name or instance of the variable'),
      value: search('Value', 'the value'),
      ...pageQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, variables: z.array(Variable) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** The device model of a charge point. */
export function variableRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(variablesRoute, async (c) => {
    const { component, variable, value, ...page } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const filter = { chargePointKey: key, ...withDefined({ component, variable, value }) }
    const listed = await deps.queries.variablesOf(filter, page)
    return c.json({ ...pageOf(listed, page), variables: listed.items.map(variableView) }, 200)
  })

  return app
}

/** Empty texts and 0 stand for what a component or a variable does not have. */
function variableView(record: VariableRecord): z.infer<typeof Variable> {
  const { componentName, componentInstance, evseId, connectorId, variableName, variableInstance } = record
  return {
    component: {
      name: componentName,
      ...(componentInstance === '' ? {} : { instance: componentInstance }),
      ...(evseId === 0 ? {} : { evse: { id: evseId, ...(connectorId === 0 ? {} : { connectorId }) } }),
    },
    variable: { name: variableName, ...(variableInstance === '' ? {} : { instance: variableInstance }) },
    attributeType: record.attributeType,
    value: record.value,
    mutability: record.mutability,
    persistent: record.persistent,
    constant: record.constant,
    characteristics: record.characteristics === null ? null : { ...record.characteristics },
    updatedAt: isoTime(record.updatedAtMs),
  }
}
