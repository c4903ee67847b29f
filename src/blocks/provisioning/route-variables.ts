// GET /api/chargepoints/{chargePointId}/variables: the device model of a charge point, as it last told it; and
// GET /api/variables: the same over all charge points.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { identityCharactersMax, integerMax } from '../../base/limits.ts'
import { withDefined } from '../../base/with-defined.ts'
import { scopeOf } from '../../api/access.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest } from '../../api/errors.ts'
import { ChargePointParams, integerText, oneOf, text } from '../../api/fields.ts'
import { cursorQuery, pageFields, pageIn, pageOf, pageQuery } from '../../api/paging.ts'
import { errors, json } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import { attributeTypes, Variable, VariableOfChargePoint, variableView } from './route-variable-views.ts'

const searchCharactersMax = 100
/** Longest value (2.0.1 VariableAttributeType). */
const modelValueCharactersMax = 2_500

function search(name: string, what: string) {
  return text(name, searchCharactersMax)
    .optional()
    .openapi({
      param: { name: name.toLowerCase(), in: 'query' },
      description: `Only those with this text in ${what}, in any letter case.`,
    })
}

const variablesRoute = routeFor('configuration:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/variables',
  operationId: 'listVariables',
  tags: ['Configuration'],
  summary: 'The stored device model of a charge point',
  description:
    'What the charge point reported (NotifyReport), and answered when it was asked or set, by component, EVSE, connector, variable and attribute. `POST …/base-report` and `POST …/report` have it reported again; each variable that comes replaces the stored one. The keys of a charge point of 1.6 are variables of the component `Configuration`.',
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

/** A parameter that is compared as a whole. */
function exactly(name: string, parameter: string, what: string) {
  return text(name, searchCharactersMax)
    .optional()
    .openapi({ param: { name: parameter, in: 'query' }, description: `Only those with exactly this ${what}.` })
}

function numbered(name: string, parameter: string) {
  return integerText(name, 1, integerMax)
    .optional()
    .openapi({ param: { name: parameter, in: 'query' }, description: 'Only those of this one.' })
}

const modelRoute = routeFor('configuration:read', {
  method: 'get',
  path: '/api/variables',
  operationId: 'searchVariables',
  tags: ['Configuration'],
  summary: 'The stored device model of all charge points',
  description:
    'Which charge points have a variable, or a value of it. By charge point, then by component, EVSE, connector, variable and attribute. Names are compared in any letter case, values as they are. Other filters need `variable` or `chargePointId` beside them.',
  request: {
    query: z.strictObject({
      chargePointId: text('Charge point ID', identityCharactersMax)
        .optional()
        .openapi({ param: { name: 'chargePointId', in: 'query' }, description: 'Only those of this charge point.' }),
      variable: exactly('Variable', 'variable', 'name; in 1.6 the key'),
      variableInstance: exactly('Variable instance', 'variableInstance', 'instance of the variable'),
      component: exactly('Component', 'component', 'name of the component; `Configuration` for keys of 1.6'),
      componentInstance: exactly('Component instance', 'componentInstance', 'instance of the component'),
      evseId: numbered('EVSE ID', 'evseId'),
      connectorId: numbered('Connector ID', 'connectorId'),
      attributeType: oneOf('Attribute type', attributeTypes)
        .optional()
        .openapi({ param: { name: 'attributeType', in: 'query' }, description: 'Only this attribute.' }),
      mutability: oneOf('Mutability', ['ReadOnly', 'WriteOnly', 'ReadWrite'])
        .optional()
        .openapi({ param: { name: 'mutability', in: 'query' }, description: 'Only those with this mutability.' }),
      value: text('Value', modelValueCharactersMax)
        .optional()
        .openapi({ param: { name: 'value', in: 'query' }, description: 'Only those with exactly this value.' }),
      ...cursorQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, variables: z.array(VariableOfChargePoint) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

/** The device model. */
export function variableRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(variablesRoute, async (c) => {
    const { component, variable, value, ...page } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const filter = { chargePointKey: key, ...withDefined({ component, variable, value }) }
    const listed = await deps.queries.variablesOf(filter, page)
    return c.json({ ...pageOf(listed, page), variables: listed.items.map(variableView) }, 200)
  })

  app.openapi(modelRoute, async (c) => {
    const { chargePointId, page: number, pageSize, after, ...given } = c.req.valid('query')
    const page = pageIn({ page: number, pageSize, after })
    const filters = withDefined(given)
    const [other] = Object.keys(filters)
    if (chargePointId === undefined && given.variable === undefined && other !== undefined) {
      throw badRequest(
        other,
        'Give Variable or Charge point ID beside this filter: without them nothing finds its rows',
      )
    }
    const filter = { scope: scopeOf(c), ...withDefined({ identity: chargePointId }), ...filters }
    const listed = await deps.queries.listVariables(filter, page)
    const variables = listed.items.map(({ identity, ...record }) => ({
      chargePointId: identity,
      ...variableView(record),
    }))
    return c.json({ ...pageOf(listed, page), variables }, 200)
  })

  return app
}
