// Smart charging over REST, with charge points that speak for themselves: profiles that are set, replaced, cleared and
// reported, that end with their transaction; limits by others; what vehicles need.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ocppVersions } from '../../../src/ocpp/version.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

type Json = Record<string, unknown>

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start({ settings: { OCPP: { CallTimeout: 1 } } })
  await stator.addIdTag('USER123')
})

afterAll(() => stator.stop())

const pathOf = (identity: string) => `/api/chargepoints/${identity}/charging-profiles`
const schedule = { chargingRateUnit: 'A', chargingSchedulePeriod: [{ startPeriod: 0, limit: 16.1 }] }
const profile = {
  stackLevel: 0,
  chargingProfilePurpose: 'TxDefaultProfile',
  chargingProfileKind: 'Absolute',
  chargingSchedule: schedule,
}

/** Sends a command, and answers for the charge point. */
async function commanded(raw: RawChargePoint, path: string, body: Json, action: string, status = 'Accepted') {
  const asked = stator.json(path, { body })
  const { messageId, payload } = await raw.command(action)
  raw.answer(messageId, { status })
  return { payload, answer: await asked }
}

async function listed(identity: string): Promise<Json[]> {
  const { chargingProfiles } = await stator.json(pathOf(identity))
  return chargingProfiles as Json[]
}

const stateOf = async (identity: string, profileId: unknown) =>
  (await listed(identity)).find((one) => one['profileId'] === profileId)?.['state']

describe.each([...ocppVersions])('OCPP %s', (version) => {
  const identity = `SC-${version}`
  const is16 = version === '1.6'
  let raw: RawChargePoint

  beforeAll(async () => {
    raw = await stator.bootedRaw(identity, version)
  })

  const set = (more: Json = {}, body: Json = {}, status?: string) =>
    commanded(
      raw,
      pathOf(identity),
      { evseId: 1, chargingProfile: { ...profile, ...more }, ...body },
      'SetChargingProfile',
      status,
    )

  test('a profile that was set is listed with what the charge point answered', async () => {
    const { payload, answer } = await set()
    const { profileId } = answer
    expect(answer).toEqual({ status: 'Accepted', message: 'The charge point has the charging profile', profileId })
    const in2x = { ...profile, id: profileId, chargingSchedule: [{ id: 1, ...schedule }] }
    expect(payload).toEqual(
      is16
        ? { connectorId: 1, csChargingProfiles: { chargingProfileId: profileId, ...profile } }
        : { evseId: 1, chargingProfile: in2x },
    )
    expect(await listed(identity)).toEqual([
      {
        profileId,
        state: 'active',
        evseId: 1,
        stackLevel: 0,
        purpose: 'TxDefaultProfile',
        transactionId: null,
        chargingProfile: in2x,
        status: 'Accepted',
        setAt: expect.any(String),
        setBy: 'admin',
        clearedAt: null,
        reportedAt: null,
        source: null,
      },
    ])
    const refused = await set({ stackLevel: 1 }, {}, 'Rejected')
    expect(await stateOf(identity, refused.answer['profileId'])).toBe('rejected')
  })

  test('another one of its EVSE, purpose and level replaces it in 1.6', async () => {
    const [{ profileId: first } = {}] = (await listed(identity)).filter(({ state }) => state === 'active')
    const { answer } = await set()
    expect(await stateOf(identity, first)).toBe(is16 ? 'cleared' : 'active')
    expect(await stateOf(identity, answer['profileId'])).toBe('active')
  })

  test('one that is set again and refused leaves the one that the charge point has', async () => {
    const { answer } = await set({ stackLevel: 7 })
    const { profileId } = answer
    const again = { [is16 ? 'chargingProfileId' : 'id']: profileId, stackLevel: 8 }
    const shown = async () => (await listed(identity)).find((one) => one['profileId'] === profileId)
    await set(again, {}, 'Rejected')
    expect(await shown()).toMatchObject({ state: 'active', stackLevel: 7, status: 'Accepted' })
    const asked = stator.api(pathOf(identity), { body: { evseId: 1, chargingProfile: { ...profile, ...again } } })
    const { messageId } = await raw.command('SetChargingProfile')
    raw.send(JSON.stringify([4, messageId, 'InternalError', '', {}]))
    expect((await asked).status).toBe(502)
    expect(await shown()).toMatchObject({ state: 'active', stackLevel: 7 })
    const other = stator.api(pathOf(identity), {
      body: {
        evseId: 1,
        chargingProfile: { ...profile, ...again, ...(is16 ? { chargingProfileId: 99 } : { id: 99 }) },
      },
    })
    const { messageId: next } = await raw.command('SetChargingProfile')
    raw.send(JSON.stringify([4, next, 'InternalError', '', {}]))
    await other
    expect(await stateOf(identity, 99)).toBe('rejected')
    await set(again)
    expect(await shown()).toMatchObject({ state: 'active', stackLevel: 8 })
  })

  test('one that is cleared by its id or by criteria is shown as such; unknown ids reach the charge point', async () => {
    const clear = (body: Json, status?: string) =>
      commanded(raw, `${pathOf(identity)}/clear`, body, 'ClearChargingProfile', status)
    const { answer } = await set({ stackLevel: 3 })
    const { profileId } = answer
    const { payload } = await clear({ profileId })
    expect(payload).toEqual(is16 ? { id: profileId } : { chargingProfileId: profileId })
    expect(await stateOf(identity, profileId)).toBe('cleared')
    expect((await clear({ profileId: 4_242 }, 'Unknown')).answer).toMatchObject({ status: 'Unknown' })
    await clear({ purpose: 'TxDefaultProfile', evseId: 1 })
    expect((await listed(identity)).map(({ state }) => state)).not.toContain('active')
  })

  test('a profile of a transaction ends with it', async () => {
    const timestamp = new Date().toISOString()
    const event = (eventType: string, seqNo: number) => ({
      eventType,
      timestamp,
      triggerReason: 'Authorized',
      seqNo,
      transactionInfo: { transactionId: 'tx-1' },
      evse: { id: 1, connectorId: 1 },
    })
    if (is16) await raw.call('StartTransaction', { connectorId: 1, idTag: 'USER123', meterStart: 0, timestamp })
    else await raw.call('TransactionEvent', event('Started', 0))
    const { transactions } = await stator.json(`/api/transactions?chargePointId=${identity}&open=true`)
    const [{ transactionId }] = transactions as [Json]
    const { payload, answer } = await set({ chargingProfilePurpose: 'TxProfile' }, { transactionId })
    const sent = (payload['csChargingProfiles'] ?? payload['chargingProfile']) as Json
    expect(sent['transactionId']).toBe(is16 ? transactionId : 'tx-1')
    const { profileId } = answer
    expect((await listed(identity)).find((one) => one['profileId'] === profileId)).toMatchObject({
      state: 'active',
      transactionId,
    })
    if (is16) await raw.call('StopTransaction', { transactionId, meterStop: 10, timestamp })
    else await raw.call('TransactionEvent', event('Ended', 1))
    expect(await stateOf(identity, profileId)).toBe('ended')
  })

  test('a report is a job that ends with its last part, and brings what others have set', async () => {
    const asked = stator.api(`${pathOf(identity)}/report`, { body: { evseId: 1 } })
    if (is16) {
      expect(await asked).toMatchObject({ status: 409 })
      return
    }
    const { messageId, payload } = await raw.command('GetChargingProfiles')
    expect(payload).toEqual({ requestId: expect.any(Number), evseId: 1, chargingProfile: {} })
    raw.answer(messageId, { status: 'Accepted' })
    const { jobId } = (await asked).body
    const jobOf = () => stator.json(`/api/jobs/${jobId}`)
    const reported = (id: number, tbc: boolean) =>
      raw.call('ReportChargingProfiles', {
        requestId: payload['requestId'],
        chargingLimitSource: 'EMS',
        evseId: 1,
        tbc,
        chargingProfile: [{ ...profile, id, chargingSchedule: [{ id: 1, ...schedule }] }],
      })
    await reported(1, true)
    expect(await jobOf()).toMatchObject({ kind: 'chargingProfileReport', state: 'running', status: 'Reporting' })
    await reported(2, false)
    expect(await jobOf()).toMatchObject({ state: 'succeeded', status: 'Reported' })
    const shown = (await listed(identity)).filter(({ source }) => source === 'EMS')
    expect(shown).toMatchObject([
      { profileId: 1, state: 'active', setBy: null, reportedAt: expect.any(String) },
      { profileId: 2, state: 'active' },
    ])
    await commanded(raw, `${pathOf(identity)}/clear`, { profileId: 1 }, 'ClearChargingProfile')
    expect(await stateOf(identity, 1)).toBeUndefined()
  })

  test('what a report about all profiles does not have is gone; a report about some of them takes nothing away', async () => {
    if (is16) return
    const kept = Number((await set({ stackLevel: 11 })).answer['profileId'])
    const gone = Number((await set({ stackLevel: 12 })).answer['profileId'])
    const reported = async (criteria: Json, ...ids: readonly number[]) => {
      const answer = { status: ids.length === 0 ? 'NoProfiles' : 'Accepted' }
      const { status } = answer
      const { payload } = await commanded(raw, `${pathOf(identity)}/report`, criteria, 'GetChargingProfiles', status)
      for (const [at, id] of ids.entries())
        await raw.call('ReportChargingProfiles', {
          requestId: payload['requestId'],
          chargingLimitSource: 'CSO',
          evseId: 1,
          tbc: at < ids.length - 1,
          chargingProfile: [{ ...profile, id, chargingSchedule: [{ id: 1, ...schedule }] }],
        })
    }
    const states = async () => [
      await stateOf(identity, kept),
      await stateOf(identity, gone),
      await stateOf(identity, 2),
    ]
    await reported({ evseId: 1 }, kept)
    expect(await states()).toEqual(['active', 'active', 'active'])
    await reported({}, kept, 4_343)
    expect(await states()).toEqual(['active', 'cleared', undefined])
    await reported({})
    expect(await states()).toEqual(['cleared', 'cleared', undefined])
    expect(await stateOf(identity, 4_343)).toBeUndefined()
    expect((await stator.json(`/api/chargepoints/${identity}/reports`))['reports']).toContainEqual(
      expect.objectContaining({ kind: 'chargingProfiles', status: 'Complete' }),
    )
  })

  test('limits by others, and what vehicles need and have chosen, can be read', async () => {
    if (is16) return
    const path = `/api/chargepoints/${identity}`
    const limit = { chargingLimit: { chargingLimitSource: 'EMS', isGridCritical: true } }
    await raw.call('NotifyChargingLimit', limit)
    const limits = () => stator.json(`${path}/charging-limits`)
    expect(await limits()).toMatchObject({
      chargingLimits: [{ evseId: 0, source: 'EMS', state: 'active', message: limit }],
    })
    await raw.call('ClearedChargingLimit', { chargingLimitSource: 'EMS' })
    expect(await limits()).toMatchObject({ chargingLimits: [{ evseId: 0, source: 'EMS', state: 'cleared' }] })
    const needs = { evseId: 1, chargingNeeds: { requestedEnergyTransfer: 'DC' } }
    expect(await raw.call('NotifyEVChargingNeeds', needs)).toEqual({ status: 'Rejected' })
    const chosen = { evseId: 1, timeBase: '2026-01-01T00:00:00Z', chargingSchedule: { id: 1, ...schedule } }
    expect(await raw.call('NotifyEVChargingSchedule', chosen)).toEqual({ status: 'Accepted' })
    expect(await stator.json(`${path}/ev-charging`)).toMatchObject({
      evses: [{ evseId: 1, needs, schedule: chosen, scheduleAt: expect.any(String) }],
    })
  })
})

test('a profile without an answer stays requested, and one that its schema forbids is not sent', async () => {
  const raw = await stator.bootedRaw('SC-SILENT', '2.0.1')
  const asked = stator.api(pathOf('SC-SILENT'), { body: { evseId: 1, chargingProfile: { ...profile, id: 8 } } })
  await raw.command('SetChargingProfile')
  expect(await asked).toMatchObject({ status: 504 })
  expect(await stateOf('SC-SILENT', 8)).toBe('requested')
  const { stackLevel: _, ...broken } = profile
  expect(await stator.api(pathOf('SC-SILENT'), { body: { evseId: 1, chargingProfile: broken } })).toMatchObject({
    status: 400,
    body: { details: { field: 'chargingProfile.stackLevel' } },
  })
  expect(await listed('SC-SILENT')).toHaveLength(1)
})

test('a report that is queued for a charge point is asked for after its boot', async () => {
  await stator.provision('SC-AWAY')
  const { status, body } = await stator.api(`${pathOf('SC-AWAY')}/report`, { body: { queue: true } })
  expect(status).toBe(202)
  const raw = await stator.raw('SC-AWAY', { subprotocols: ['ocpp2.1'] })
  await raw.call('BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } })
  const { messageId } = await raw.command('GetChargingProfiles')
  raw.answer(messageId, { status: 'NoProfiles' })
  const state = async () => (await stator.json(`/api/jobs/${body['jobId']}`))['state'] === 'succeeded' || null
  await until('the job to succeed', state)
})
