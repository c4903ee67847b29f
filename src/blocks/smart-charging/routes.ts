// /api/chargepoints/{chargePointId}/charging-profiles: the charging profiles of a charge point.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { commandIn } from '../../api/answer-command.ts'
import { noteAnswer, noteChange } from '../../api/audited.ts'
import { findChargePoint } from '../../api/chargepoints.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { apiApp } from '../../api/env.ts'
import type { ApiEnv } from '../../api/env.ts'
import { badRequest, notFound } from '../../api/errors.ts'
import { ChargePointParams, integer, object, oneOf, text } from '../../api/fields.ts'
import { answerWithJob, jobErrorCodes, jobResponses, queueFields } from '../../api/jobs/job-command.ts'
import { newWireId } from '../../api/new-wire-id.ts'
import { afterIdQuery, nextId } from '../../api/paging.ts'
import { body, errors, json, Time } from '../../api/responses.ts'
import { routeFor } from '../../api/route.ts'
import {
  commandErrorCodes,
  CommandOutcome,
  requireConnected,
  requireSendable,
  requireValid,
  sendForStatus,
  sendStored,
} from '../../api/send-command.ts'
import { isoTime } from '../../base/clock.ts'
import { integerMax } from '../../base/limits.ts'
import { nameOf } from '../../operators/principal.ts'
import { chargingProfile2x, profileFacts } from './charging-profile.ts'
import {
  clearProfileCommand,
  clearProfileOutcome,
  profileReport,
  replacesAlike,
  reportProfilesCommand,
  sentProfile,
  setProfileCommand,
  setProfileOutcome,
} from './profile-commands.ts'
import { type ChargingProfileRecord, profileState, profileStateMeanings } from './registry.ts'

const statesExplained = Object.entries(profileStateMeanings)
  .map(([state, meaning]) => `\`${state}\`: ${meaning}`)
  .join('; ')

/** In the words of 2.x; 1.6 has ChargePointMaxProfile for ChargingStationMaxProfile. */
const purposes = [
  'ChargingStationExternalConstraints',
  'ChargingStationMaxProfile',
  'TxDefaultProfile',
  'TxProfile',
  'PriorityCharging',
  'LocalGeneration',
] as const

const ChargingProfile = z
  .object({
    profileId: z.int().openapi({ description: 'As on the wire.', example: 4711 }),
    state: z
      .enum(['requested', 'rejected', 'active', 'ended', 'expired', 'cleared'])
      .openapi({ description: `${statesExplained}.`, example: 'active' }),
    evseId: z.int().openapi({ description: 'OCPP 1.6: the connector. 0: the charge point, or each EVSE.', example: 1 }),
    stackLevel: z.int().openapi({ example: 0 }),
    purpose: z.string().openapi({ example: 'TxDefaultProfile' }),
    transactionId: z.int().nullable().openapi({ description: 'The transaction that it is for.', example: null }),
    chargingProfile: z
      .record(z.string(), z.unknown())
      .openapi({ description: 'In the form of OCPP 2.x.', example: { id: 4711, stackLevel: 0 } }),
    status: z.string().nullable().openapi({ description: 'What the charge point answered.', example: 'Accepted' }),
    setAt: Time.nullable().openapi({ description: 'null: no operator set it.' }),
    setBy: z.string().nullable().openapi({ description: "Name of the operator's key.", example: 'admin' }),
    clearedAt: Time.nullable(),
    reportedAt: Time.nullable().openapi({ description: 'When the charge point last reported it.' }),
    source: z.string().nullable().openapi({ description: 'Who set it, as it is reported.', example: 'CSO' }),
  })
  .openapi('ChargingProfile')

const evseOrAll = integer('EVSE ID', 0).openapi({
  description: 'OCPP 1.6: the connector. 0: the charge point, or each EVSE.',
  example: 1,
})

const SetProfile = z
  .strictObject({
    evseId: evseOrAll,
    chargingProfile: object('Charging profile').openapi({
      description:
        'In the form of OCPP 1.6 or of 2.x; Stator converts it. Without an id it gets a new one. One that exists is replaced.',
      example: {
        stackLevel: 0,
        chargingProfilePurpose: 'TxDefaultProfile',
        chargingProfileKind: 'Absolute',
        chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16 }] },
      },
    }),
    transactionId: integer('Transaction ID', 1)
      .optional()
      .openapi({ description: 'Of a TxProfile: the number that Stator gave the transaction.', example: 12345 }),
  })
  .openapi('SetChargingProfile')

const SetOutcome = CommandOutcome.extend({ profileId: z.int().openapi({ example: 4711 }) }).openapi(
  'SetChargingProfileOutcome',
)

const criteria = {
  evseId: evseOrAll.optional(),
  purpose: oneOf('Purpose', purposes).optional().openapi({ description: 'In the words of OCPP 2.x.' }),
  stackLevel: integer('Stack level', 0).optional(),
}

const Clear = z
  .strictObject({ profileId: integer('Profile ID', 0).optional(), ...criteria })
  .openapi('ClearChargingProfiles', { example: { purpose: 'TxDefaultProfile', evseId: 1 } })

const Report = z
  .strictObject({
    ...criteria,
    profileIds: z
      .array(integer('Profile ID', 0), { error: 'Profile IDs must be a list' })
      .min(1, { error: 'Profile IDs must have at least one' })
      .max(100, { error: 'Profile IDs must be at most 100' })
      .optional(),
    sources: z
      .array(text('Source', 20), { error: 'Sources must be a list' })
      .min(1, { error: 'Sources must have at least one' })
      .max(4, { error: 'Sources must be at most 4' })
      .optional()
      .openapi({ description: 'ChargingLimitSourceEnumType, such as EMS, Other, SO, CSO.' }),
    ...queueFields,
  })
  .openapi('ReportChargingProfiles', { example: { sources: ['CSO'] } })

const path = '/api/chargepoints/{chargePointId}/charging-profiles'
const tags = ['Smart charging']

const setRoute = routeFor('charging:write', {
  method: 'post',
  path,
  operationId: 'setChargingProfile',
  tags,
  summary: 'Set a charging profile',
  description:
    'SetChargingProfile. A TxProfile needs the `transactionId` of a transaction that is open. The profile is stored with what becomes of it.',
  request: { params: ChargePointParams, body: body(SetProfile, true) },
  responses: { 200: json(SetOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const clearRoute = routeFor('charging:write', {
  method: 'post',
  path: `${path}/clear`,
  operationId: 'clearChargingProfiles',
  tags,
  summary: 'Clear charging profiles',
  description:
    'ClearChargingProfile: the one with `profileId`, or those that meet all other criteria; without criteria all of them. Ids that Stator does not know reach the charge point, too.',
  request: { params: ChargePointParams, body: body(Clear, true) },
  responses: { 200: json(CommandOutcome, 'What the charge point answered.'), ...errors(...commandErrorCodes) },
})

const reportRoute = routeFor('charging:write', {
  method: 'post',
  path: `${path}/report`,
  operationId: 'reportChargingProfiles',
  tags,
  summary: 'Have charging profiles reported',
  description:
    'GetChargingProfiles of OCPP 2.x; 1.6 does not have it (409). This is a job: it ends with the last part of the report. The list shows what was reported.',
  request: { params: ChargePointParams, body: body(Report, true) },
  responses: { 200: jobResponses[200], 202: jobResponses[202], ...errors(...jobErrorCodes) },
})

const listRoute = routeFor('charging:read', {
  method: 'get',
  path,
  operationId: 'listChargingProfiles',
  tags,
  summary: 'List charging profiles',
  description:
    'Those that were set over this API, and those that the charge point has reported, by id. One that a remote start or a CALL has brought is listed once it is reported.',
  request: {
    params: ChargePointParams,
    query: z.strictObject({
      purpose: oneOf('Purpose', purposes)
        .optional()
        .openapi({ param: { name: 'purpose', in: 'query' }, description: 'Only those of this purpose.' }),
      ...afterIdQuery,
    }),
  },
  responses: {
    200: json(
      z.object({
        chargingProfiles: z.array(ChargingProfile),
        next: nextId,
      }),
      'A page of them.',
    ),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND'),
  },
})

/** Charging profiles. */
export function smartChargingRoutes(deps: ApiDeps): OpenAPIHono<ApiEnv> {
  const { queries, clock } = deps
  const app = apiApp()

  app.openapi(setRoute, async (c) => {
    const { evseId, chargingProfile, transactionId } = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const scope = { chargePointKey: chargePoint.key }
    if (chargingProfile['transactionId'] !== undefined) {
      const sentence = 'Give transactionId beside chargingProfile: the number that Stator gave the transaction'
      throw badRequest('chargingProfile.transactionId', sentence)
    }
    const transaction = transactionId === undefined ? null : await queries.transaction(transactionId, scope)
    if (transactionId !== undefined && transaction === null) throw notFound('Transaction', transactionId)
    const profileId = idIn(chargingProfile) ?? newWireId()
    const { version } = await requireConnected(deps, chargePoint)
    const command = setProfileCommand(version, { evseId, profileId, profile: chargingProfile, transaction })
    requireSendable(deps, chargePoint, command.action)
    requireValid(version, command)

    const made = { chargePointKey: chargePoint.key, profileId, setAtMs: clock.nowMs() }
    const profile = sentProfile(command)
    const { stackLevel, purpose, validToMs } = profileFacts(profile)
    const setBy = nameOf(c.get('principal'))
    const facts = { evseId, stackLevel, purpose, transactionId: transactionId ?? null, validToMs, profile }
    await queries.storeChargingProfile({ ...made, ...facts, setBy })
    noteChange(c, { after: { profileId } })
    const answered = (status: string) =>
      queries.answerChargingProfile(made, status, replacesAlike[version], clock.nowMs())
    const status = await sendStored(deps, chargePoint, version, command, answered)
    noteChange(c, { after: { profileId, status } })
    return c.json({ ...setProfileOutcome(status), profileId }, 200)
  })

  app.openapi(clearRoute, async (c) => {
    const wanted = c.req.valid('json')
    const { profileId } = wanted
    // By its id there is one at most (2.0.1 K10): the other criteria say nothing more.
    const meant = profileId === undefined ? wanted : { profileId }
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const { version } = await requireConnected(deps, chargePoint)
    const command = commandIn(version, (spoken) => clearProfileCommand(spoken, meant))
    const status = await sendForStatus(deps, chargePoint, version, command)
    noteAnswer(c, status)
    // Unknown: the charge point has none of those that are meant.
    if (status === 'Accepted' || status === 'Unknown') {
      await queries.clearChargingProfiles(chargePoint.key, meant, clock.nowMs())
    }
    return c.json(clearProfileOutcome(status), 200)
  })

  app.openapi(reportRoute, async (c) => {
    const wish = c.req.valid('json')
    const chargePoint = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const commandOf = (version: Parameters<typeof reportProfilesCommand>[0], requestId: number) =>
      reportProfilesCommand(version, { ...wish, requestId })
    return answerWithJob(deps, c, chargePoint, { kind: profileReport, commandOf, startsAtMs: null }, wish)
  })

  app.openapi(listRoute, async (c) => {
    const { purpose, after, pageSize } = c.req.valid('query')
    const { key } = await findChargePoint(deps, c, c.req.valid('param').chargePointId)
    const found = await queries.chargingProfilesOf(key, { purpose }, after ?? null, pageSize + 1)
    const shown = found.slice(0, pageSize)
    const next = found.length > pageSize ? (shown.at(-1)?.profileId ?? null) : null
    return c.json({ chargingProfiles: shown.map((one) => profileView(one, clock.nowMs())), next }, 200)
  })

  return app
}

/** The id in a profile, in the words of either version. @throws {StatorError} `BAD_REQUEST` if it is none. */
function idIn(profile: Readonly<Record<string, unknown>>): number | undefined {
  const { id } = chargingProfile2x(profile)
  if (id === undefined) return undefined
  if (typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= integerMax) return id
  throw badRequest('chargingProfile.id', `Field "chargingProfile.id" must be an integer from 0 to ${integerMax}`)
}

function profileView(record: ChargingProfileRecord, nowMs: number): z.infer<typeof ChargingProfile> {
  const { profileId, evseId, stackLevel, purpose, transactionId, profile, status, setBy, source } = record
  const shown = (atMs: number | null): string | null => (atMs === null ? null : isoTime(atMs))
  return {
    profileId,
    state: profileState(record, nowMs),
    evseId,
    stackLevel,
    purpose,
    transactionId,
    chargingProfile: { ...profile },
    status,
    setAt: shown(record.setAtMs),
    setBy,
    clearedAt: shown(record.clearedAtMs),
    reportedAt: shown(record.reportedAtMs),
    source,
  }
}
