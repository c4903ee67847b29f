// /api/chargepoints: reading charge points and their state, and provisioning them.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { secretCharactersMax, secretCharactersMin } from '../base/limits.ts'
import { withDefined } from '../base/with-defined.ts'
import type { ChangedChargePoint } from '../blocks/batch.ts'
import { accessChanged, changesAccess, type ChargePointInput, type ChargePointRecord } from '../blocks/records.ts'
import { noProfile } from '../ocpp/quirk-profile.ts'
import { isTimeZone } from '../ocpp/date-time.ts'
import { scopeOf } from './access.ts'
import {
  ChargePoint,
  ChargePointItem,
  ChargePointStatus,
  chargePointItem,
  chargePointStatus,
  chargePointView,
} from './chargepoint-views.ts'
import { noteChange } from './audited.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { badRequest, notFound } from './errors.ts'
import { chargePointFilter, filterOf } from './chargepoint-filter.ts'
import { ChargePointParams, change, integer, newIdentity, oneOf, text } from './fields.ts'
import { cursorQuery, pageFields, pageIn, pageOf } from './paging.ts'
import { body, errors, json } from './responses.ts'
import { routeFor } from './route.ts'

const settings = {
  password: text('Password', secretCharactersMax, secretCharactersMin).openapi({ example: 'secretpassword' }),
  apiKey: text('API key', secretCharactersMax, secretCharactersMin),
  location: text('Location', 500).openapi({ example: 'Building A, Floor 1' }),
  strictness: oneOf('Strictness', ['lenient', 'strict']).openapi({
    description: 'How messages that break the specification are met: repaired and noted, or refused.',
  }),
  registrationStatus: oneOf('Registration status', ['Accepted', 'Pending', 'Rejected']).openapi({
    description: 'What its next BootNotification is answered with.',
  }),
  timeZone: text('Time zone', 100)
    .refine(isTimeZone, 'Time zone must be an IANA name such as Europe/Berlin, or an offset such as +02:00')
    .openapi({
      description:
        'Of the times that it sends without a zone: an IANA name or an offset. Without one they are taken as UTC.',
      // What they look like; the refinement knows which there are.
      pattern: '^([A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*|[+-][0-9]{2}(:?[0-9]{2})?)$',
      example: 'Europe/Berlin',
    }),
}

const access = {
  blocked: z.boolean({ error: 'Blocked must be true or false' }).optional().openapi({
    description: 'Whether it is barred: its connection is closed, and its handshakes are answered with 403.',
  }),
  minSecurityProfile: z
    .union([z.literal(0), z.literal(1), z.literal(2), z.literal(3)], {
      error: 'Lowest security profile must be 0, 1, 2 or 3',
    })
    .optional()
    .openapi({
      description:
        'The lowest security profile that it may connect with: 1 credentials, 2 TLS and credentials, 3 a client certificate; 0: any. It is never lowered.',
    }),
  allowOtherUserName: z.boolean({ error: 'Allow other user name must be true or false' }).optional().openapi({
    description:
      'Whether the user name beside its password (or X-Charge-Point-Id beside its key) may be another than its identity.',
  }),
  certificateName: text('Certificate name', 255).nullish().openapi({
    description:
      'The name that its client certificate must have (common name, or a subject alternative name); null: its identity.',
    example: 'SN-0042',
  }),
}

const changeable = {
  password: settings.password.nullish(),
  apiKey: settings.apiKey.nullish(),
  location: settings.location.nullish(),
  groupId: integer('Group id', 1).nullish().openapi({
    description:
      'The group that it is in; null: none. Who may only see some groups must choose one of them; if these are one group with those below it, that is the default of a new charge point.',
    example: 2,
  }),
  strictness: settings.strictness.optional(),
  registrationStatus: settings.registrationStatus.optional(),
  timeZone: settings.timeZone.nullish(),
  ...access,
}

/** A charge point to create. In a batch, also one to change. */
export const NewChargePoint = z
  .strictObject({
    chargePointId: newIdentity.openapi({ example: 'CP001' }),
    ...changeable,
  })
  .openapi('NewChargePoint', { description: 'Without a strictness it gets that of the setting OCPP.Strictness.' })

const quirkProfile = text('Quirk profile', 50)
  .nullish()
  .openapi({
    description: `Name of the quirk profile that applies whatever the charge point says at its boot, or \`${noProfile}\`; null: its boot decides.`,
    example: 'wallbox',
  })

const ChargePointChange = change({ ...changeable, quirkProfile }).openapi('ChargePointChange', {
  description: 'A field that is left out stays unchanged; null removes its value. At least one field is required.',
})

const listRoute = routeFor('chargepoint:read', {
  method: 'get',
  path: '/api/chargepoints',
  operationId: 'listChargePoints',
  tags: ['Charge points'],
  summary: 'List all charge points',
  description:
    'By identity, with the status of each and when it was last heard of. `after` is for lists that are filtered by `connected`, `status` and `groupId` only, and not for the embedded database.',
  request: {
    query: z.strictObject({
      ...chargePointFilter,
      ...cursorQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, chargePoints: z.array(ChargePointItem) }), 'A page of them, by identity.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const statusRoute = routeFor('chargepoint:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}/status',
  operationId: 'getChargePointStatus',
  tags: ['Charge points'],
  summary: 'Get charge point status',
  description:
    'The first status that applies of all connectors, each connector with its open transaction, and what is wrong with them. `Offline` while the charge point is not connected; its connectors then show what they last reported.',
  request: { params: ChargePointParams },
  responses: {
    200: json(ChargePointStatus, 'Its status and that of its connectors, with what is wrong with them.'),
    ...errors('FORBIDDEN', 'NOT_FOUND'),
  },
})

const getRoute = routeFor('chargepoint:read', {
  method: 'get',
  path: '/api/chargepoints/{chargePointId}',
  operationId: 'getChargePoint',
  tags: ['Charge points'],
  summary: 'Everything that is stored about a charge point',
  description:
    'What was provisioned, what the charge point said at its last boot, and whether it is connected. Passwords and API keys are never shown.',
  request: { params: ChargePointParams },
  responses: { 200: json(ChargePoint, 'The charge point.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
})

const newRoute = routeFor('chargepoint:write', {
  method: 'post',
  path: '/api/chargepoints',
  operationId: 'createChargePoint',
  tags: ['Provisioning'],
  summary: 'Create a charge point',
  description:
    'No two charge points may have identities that differ in letter case only; nor may the identity be that of a charge point that the sender may not see.',
  request: { body: body(NewChargePoint, true) },
  responses: {
    201: json(ChargePoint, 'It may connect now.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const changeRoute = routeFor('chargepoint:write', {
  method: 'patch',
  path: '/api/chargepoints/{chargePointId}',
  operationId: 'changeChargePoint',
  tags: ['Provisioning'],
  summary: 'Change a charge point',
  description:
    'A change of its credentials, or of how it may connect, closes its connection, at every node, so that it comes back under the new rules. The charge point does not learn them: to send it a new password, change its configuration key AuthorizationKey. The rest holds at once; a new registration status from its next boot on.',
  request: { params: ChargePointParams, body: body(ChargePointChange, true) },
  responses: {
    200: json(ChargePoint, 'As it is now.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const deleteRoute = routeFor('chargepoint:write', {
  method: 'delete',
  path: '/api/chargepoints/{chargePointId}',
  operationId: 'deleteChargePoint',
  tags: ['Provisioning'],
  summary: 'Delete a charge point',
  description: 'Its transactions and meter values are kept. Not while one of its transactions is open.',
  request: { params: ChargePointParams },
  responses: { 204: { description: 'It is gone.' }, ...errors('FORBIDDEN', 'NOT_FOUND', 'CONFLICT') },
})

/**
 * The charge point of that identity, if the sender of the request may see it.
 *
 * @throws {StatorError} `NOT_FOUND`, with the sentence of the API contract.
 */
export async function findChargePoint(
  { queries }: ApiDeps,
  c: Context<ApiEnv>,
  identity: string,
): Promise<ChargePointRecord> {
  return found(await queries.chargePoint(identity, scopeOf(c)), identity)
}

/** Routes that read and provision charge points. */
export function chargePointRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, live, hash, quirks, strictnessDefault } = deps
  const app = apiApp()
  const viewOf = async (record: ChargePointRecord) =>
    chargePointView(record, live.get(record), await queries.connectivityOf(record.key), quirks.profiles)

  app.openapi(listRoute, async (c) => {
    const { page: number, pageSize, after, ...wanted } = c.req.valid('query')
    const page = pageIn({ page: number, pageSize, after })
    const listed = await queries.listChargePoints({ scope: scopeOf(c), ...filterOf(wanted), ...page })
    const chargePoints = listed.items.map((record) => chargePointItem(record, live.get(record)))
    return c.json({ ...pageOf(listed, page), chargePoints }, 200)
  })

  app.openapi(statusRoute, async (c) => {
    const record = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const [connectors, open, problems] = await Promise.all([
      queries.connectorsOf(record.key),
      queries.openTransactionsOf(record.key),
      queries.problemsOf(record.key),
    ])
    return c.json(chargePointStatus(record, connectors, open, problems, live.get(record)), 200)
  })

  app.openapi(getRoute, async (c) => {
    const record = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    return c.json(await viewOf(record), 200)
  })

  app.openapi(newRoute, async (c) => {
    const { chargePointId, strictness = strictnessDefault, ...wanted } = c.req.valid('json')
    const record = await queries.createChargePoint(
      chargePointId,
      chargePointInput({ ...wanted, strictness }, hash),
      scopeOf(c),
    )
    noteChange(c, { chargePoint: record, after: provisioningOf(record, wanted) })
    c.header('Location', `/api/chargepoints/${encodeURIComponent(chargePointId)}`)
    return c.json(chargePointView(record, undefined, { lastDisconnect: null, lastRefusal: null }, quirks.profiles), 201)
  })

  app.openapi(changeRoute, async (c) => {
    const { chargePointId } = c.req.valid('param')
    const wanted = c.req.valid('json')
    const input = chargePointInput(wanted, hash)
    await requireProfile(deps, wanted.quirkProfile)
    const before = await findChargePoint(deps, c, chargePointId)
    const record = found(await queries.updateChargePoint(chargePointId, input, scopeOf(c)), chargePointId)
    noteChange(c, { before: provisioningOf(before), after: provisioningOf(record, wanted) })
    applyChange(live, record, input)
    return c.json(await viewOf(record), 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const { chargePointId } = c.req.valid('param')
    const before = await findChargePoint(deps, c, chargePointId)
    const key = await queries.deleteChargePoint(chargePointId, scopeOf(c))
    if (key === null) throw notFound('Charge point', chargePointId)
    noteChange(c, { before: provisioningOf(before) })
    live.disconnect({ key, identity: chargePointId }, 'Charge point deleted')
    return c.body(null, 204)
  })

  return app
}

/** @throws {StatorError} `BAD_REQUEST` if there is no quirk profile of that name. */
async function requireProfile({ quirks }: ApiDeps, name: string | null | undefined): Promise<void> {
  if (typeof name !== 'string' || name === noProfile || quirks.profiles.has(name)) return
  // It may have been imported at another node just now.
  await quirks.refresh()
  if (!quirks.profiles.has(name)) throw badRequest('quirkProfile', `There is no quirk profile '${name}'`)
}

/** What operators have stored of a charge point, for the audit log. `wanted` says which secrets were set now. */
function provisioningOf(record: ChargePointRecord, wanted: Partial<z.infer<typeof ChargePointChange>> = {}) {
  const { identity, groupKey: groupId, location, strictness, registrationStatus, timeZone, certificateName } = record
  const secret = (isSet: boolean, given: unknown) => (typeof given === 'string' ? 'changed' : isSet ? 'set' : 'not set')
  return {
    ...{ chargePointId: identity, groupId, location, strictness, registrationStatus, timeZone, certificateName },
    quirkProfile: record.quirkProfile,
    allowOtherUserName: record.mayUseOtherName,
    blocked: record.isBlocked,
    minSecurityProfile: record.profileMin,
    credentials: { basic: secret(record.hasPassword, wanted.password), key: secret(record.hasApiKey, wanted.apiKey) },
  }
}

function found(record: ChargePointRecord | null, identity: string): ChargePointRecord {
  if (record === null) throw notFound('Charge point', identity)
  return record
}

/** Applies a change that is stored to the connection of the charge point: a change of its access closes it. */
export function applyChange(
  live: ApiDeps['live'],
  chargePoint: ChangedChargePoint['chargePoint'],
  changed: ChargePointInput,
): void {
  const { strictness, registrationStatus, timeZone } = chargePoint
  const { quirkProfile: profile } = changed
  live.provisioned(chargePoint, { strictness, registrationStatus, timeZone, ...withDefined({ quirkProfile: profile }) })
  if (changesAccess(changed)) live.disconnect(chargePoint, accessChanged)
}

/** What is stored of a request. */
export function chargePointInput(wanted: z.infer<typeof ChargePointChange>, hash: ApiDeps['hash']): ChargePointInput {
  const { password, apiKey, groupId, allowOtherUserName, blocked, minSecurityProfile, ...rest } = wanted
  return withDefined({
    ...rest,
    groupKey: groupId,
    passwordHash: typeof password === 'string' ? hash.password(password) : password,
    apiKeyHash: typeof apiKey === 'string' ? hash.apiKey(apiKey) : apiKey,
    mayUseOtherName: allowOtherUserName,
    isBlocked: blocked,
    profileMin: minSecurityProfile,
  })
}
