// Local lists over REST, with charge points that speak for themselves: sent whole, by differences and in parts, drifted,
// refused, queued.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { ocppVersions, type OcppVersion } from '../../../src/ocpp/version.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

type Json = Record<string, unknown>

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start({ settings: { OCPP: { CallTimeout: 1 } } })
})

afterAll(() => stator.stop())

const pathOf = (identity: string) => `/api/chargepoints/${identity}/local-list`
const put = (identity: string, idTags: readonly string[]) =>
  stator.json(pathOf(identity), { method: 'PUT', body: { entries: idTags.map((idTag) => ({ idTag })) } })
const stateOf = async (identity: string) => (await stator.json(pathOf(identity)))['state']
const jobOf = (id: unknown): Promise<Json> => stator.json(`/api/jobs/${id}`)

/** A charge point with a local list. */
class ListHolder {
  version = 0
  idTags: string[] = []
  readonly updates: unknown[] = []
  readonly #raw: RawChargePoint
  readonly #is16: boolean

  constructor(raw: RawChargePoint, ocpp: OcppVersion) {
    this.#raw = raw
    this.#is16 = ocpp === '1.6'
  }

  async tellVersion(): Promise<void> {
    const { messageId } = await this.#raw.command('GetLocalListVersion')
    this.#raw.answer(messageId, this.#is16 ? { listVersion: this.version } : { versionNumber: this.version })
  }

  async tellLimits(itemsMax: number, entriesMax = 100): Promise<void> {
    if (this.#is16) {
      const { messageId, payload } = await this.#raw.command('GetConfiguration')
      expect(payload).toEqual({ key: ['SendLocalListMaxLength', 'LocalAuthListMaxLength'] })
      const configurationKey = [
        { key: 'SendLocalListMaxLength', readonly: true, value: String(itemsMax) },
        { key: 'LocalAuthListMaxLength', readonly: true, value: String(entriesMax) },
      ]
      this.#raw.answer(messageId, { configurationKey })
      return
    }
    const { messageId, payload } = await this.#raw.command('GetVariables')
    const asked = payload['getVariableData'] as { variable: { name: string } }[]
    expect(asked.map(({ variable }) => variable.name)).toEqual(['ItemsPerMessage', 'BytesPerMessage'])
    const values = [String(itemsMax), '10000']
    const getVariableResult = asked.map((one, nth) => ({
      ...one,
      attributeStatus: 'Accepted',
      attributeValue: values[nth],
    }))
    this.#raw.answer(messageId, { getVariableResult })
  }

  /** Takes a SendLocalList, and stores it if it answers Accepted. */
  async take(status = 'Accepted'): Promise<void> {
    const { messageId, payload } = await this.#raw.command('SendLocalList')
    const list = (payload['localAuthorizationList'] ?? []) as Json[]
    const changed = list.map((one) => ({
      idTag: String(one['idTag'] ?? (one['idToken'] as Json)['idToken']),
      isKept: 'idTagInfo' in one || 'idTokenInfo' in one,
    }))
    this.updates.push(payload['updateType'])
    if (status === 'Accepted') {
      this.version = Number(payload['listVersion'] ?? payload['versionNumber'])
      const kept = payload['updateType'] === 'Full' ? [] : this.idTags
      const left = kept.filter((idTag) => changed.every((one) => one.idTag !== idTag))
      this.idTags = [...left, ...changed.filter(({ isKept }) => isKept).map(({ idTag }) => idTag)].toSorted()
    }
    this.#raw.answer(messageId, { status })
  }
}

const synced = (identity: string, body: Json = {}) => stator.api(`${pathOf(identity)}/sync`, { body })

describe.each([...ocppVersions])('OCPP %s', (ocpp) => {
  const identity = `LIST-${ocpp}`
  let holder: ListHolder

  beforeAll(async () => {
    holder = new ListHolder(await stator.bootedRaw(identity, ocpp), ocpp)
  })

  test('is sent whole, in parts that the charge point takes, as one job', async () => {
    expect(await stator.api(pathOf(identity))).toMatchObject({ status: 404 })
    expect(await put(identity, ['A', 'B', 'C'])).toMatchObject({ state: 'neverSent', sent: null, changedBy: 'admin' })
    const asked = synced(identity)
    await holder.tellVersion()
    await holder.tellLimits(2)
    await holder.take()
    await holder.take()
    const { status, body } = await asked
    expect([status, body]).toEqual([
      200,
      { status: 'Accepted', message: 'The charge point has the list', jobId: expect.any(Number) },
    ])
    expect(holder).toMatchObject({ idTags: ['A', 'B', 'C'], version: 2, updates: ['Full', 'Differential'] })
    expect(await jobOf(body['jobId'])).toMatchObject({ kind: 'localListSync', state: 'succeeded', status: 'Accepted' })
    expect(await stator.json(pathOf(identity))).toMatchObject({
      state: 'inSync',
      sent: { version: 2, entries: 3, jobId: body['jobId'], jobState: 'succeeded' },
      reported: { version: 0 },
    })
  })

  test('a change is sent as the difference; without one nothing is sent', async () => {
    await put(identity, ['A', 'C', 'D'])
    expect(await stateOf(identity)).toBe('changed')
    const asked = synced(identity)
    await holder.tellVersion()
    await holder.tellLimits(2)
    await holder.take()
    expect(await asked).toMatchObject({ status: 200 })
    expect(holder.idTags).toEqual(['A', 'C', 'D'])
    expect(holder.updates.at(-1)).toBe('Differential')
    const again = synced(identity)
    await holder.tellVersion()
    await holder.tellLimits(2)
    expect((await again).body).toEqual({ status: 'Accepted', message: 'The charge point has the list already' })
  })

  test('another version at the charge point is drift, which the next synchronisation ends', async () => {
    holder.version = 77
    holder.idTags = ['STRANGE']
    const checked = stator.json(`${pathOf(identity)}/check`, { method: 'POST' })
    await holder.tellVersion()
    expect(await checked).toMatchObject({ state: 'drifted', reported: { version: 77 } })
    const asked = synced(identity)
    await holder.tellVersion()
    await holder.tellLimits(10)
    await holder.take()
    expect(await asked).toMatchObject({ status: 200 })
    expect(holder).toMatchObject({ idTags: ['A', 'C', 'D'], version: 78 })
    expect(await stateOf(identity)).toBe('inSync')
  })

  test('a part that is refused ends the job, and the next one is whole', async () => {
    await put(identity, ['A', 'B', 'C', 'D'])
    const asked = synced(identity, { updateType: 'Full' })
    await holder.tellVersion()
    await holder.tellLimits(1)
    await holder.take()
    // Two more parts are not sent.
    await holder.take('Failed')
    const { status, body } = await asked
    expect([status, body]).toEqual([
      200,
      { status: 'Failed', message: 'The charge point could not store the list', jobId: expect.any(Number) },
    ])
    expect(await jobOf(body['jobId'])).toMatchObject({ state: 'rejected' })
    expect(await stateOf(identity)).toBe('unknown')
    const differential = synced(identity, { updateType: 'Differential' })
    await holder.tellVersion()
    await holder.tellLimits(2)
    expect(await differential).toMatchObject({ status: 409 })
    const again = synced(identity)
    await holder.tellVersion()
    await holder.tellLimits(10)
    await holder.take()
    expect(await again).toMatchObject({ status: 200 })
    expect(holder.idTags).toEqual(['A', 'B', 'C', 'D'])
    expect(holder.updates.at(-1)).toBe('Full')
  })

  test('many parts are answered before they are sent, and a part without an answer is repeated by its operator', async () => {
    await put(identity, ['A', 'B', 'C', 'D', 'E', 'F', 'G'])
    const asked = synced(identity, { updateType: 'Full' })
    await holder.tellVersion()
    await holder.tellLimits(1)
    const { status, body } = await asked
    expect([status, body['status']]).toEqual([202, 'Queued'])
    for (let part = 0; part < 6; part++) await holder.take()
    // The last one is not answered.
    await until('the job to be unknown', async () => (await jobOf(body['jobId']))['state'] === 'unknown' || null)
    expect(await stateOf(identity)).toBe('unknown')
  })
})

test('a list that is too long for the charge point is refused', async () => {
  const holder = new ListHolder(await stator.bootedRaw('LIST-SMALL'), '1.6')
  await put('LIST-SMALL', ['A', 'B'])
  const asked = synced('LIST-SMALL')
  await holder.tellVersion()
  await holder.tellLimits(2, 1)
  expect(await asked).toMatchObject({ status: 409, body: { message: expect.stringContaining('at most 1') } })
  holder.version = -1
  const without = synced('LIST-SMALL')
  await holder.tellVersion()
  expect(await without).toMatchObject({ status: 409, body: { message: expect.stringContaining('does not support') } })
})

test('a charge point that is not connected gets the whole list after its next boot', async () => {
  await stator.provision('LIST-AWAY')
  await put('LIST-AWAY', ['A'])
  expect(await synced('LIST-AWAY')).toMatchObject({ status: 409, body: { code: 'NOT_CONNECTED' } })
  const { status, body } = await synced('LIST-AWAY', { queue: true })
  expect(status).toBe(202)
  expect(await stateOf('LIST-AWAY')).toBe('sending')
  const raw = await stator.raw('LIST-AWAY', { subprotocols: ['ocpp2.0.1'] })
  await raw.call('BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } })
  const holder = new ListHolder(raw, '2.0.1')
  await holder.take()
  await until('the job to succeed', async () => (await jobOf(body['jobId']))['state'] === 'succeeded' || null)
  expect(holder.idTags).toEqual(['A'])
  expect(await stateOf('LIST-AWAY')).toBe('inSync')
})

test('an id tag that stands twice is refused', async () => {
  await stator.provision('LIST-TWICE')
  const entries = [{ idTag: 'A' }, { idTag: 'a' }]
  const refused = await stator.api(pathOf('LIST-TWICE'), { method: 'PUT', body: { entries } })
  expect(refused).toMatchObject({ status: 400, body: { details: { field: 'entries' } } })
})
