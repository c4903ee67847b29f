// Quirk profiles over REST, and what they do for charge points on real sockets; the counts of quirks.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { adminApiKey, TestStator } from '../../support/stator.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { until } from '../../support/until.ts'

type Json = Record<string, unknown>

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
})

afterAll(() => stator.stop())

const put = (name: string, body: Json, status = 201) =>
  stator.json(`/api/quirk-profiles/${name}`, { method: 'PUT', body }, status)

async function of(identity: string): Promise<Json> {
  return stator.json(`/api/chargepoints/${identity}`)
}

/** A charge point of 1.6 that has said this at its boot. */
async function booted(identity: string, boot: Json): Promise<RawChargePoint> {
  await stator.provision(identity)
  const raw = await stator.raw(identity)
  await raw.call('BootNotification', { chargePointVendor: 'V', chargePointModel: 'M', ...boot })
  return raw
}

const status = { connectorId: 1, errorCode: 'NoError', status: 'Available' }

describe('a quirk profile', () => {
  test('is imported, exported as it was, listed beside those that come with Stator, and deleted', async () => {
    const profile = {
      name: 'acme',
      appliesTo: [{ vendor: 'ACME*' }],
      repairs: { enumCase: false },
      strictness: 'lenient',
    }
    expect(await put('acme', profile)).toEqual(profile)
    expect(await stator.json('/api/quirk-profiles/acme')).toEqual(profile)
    const { quirkProfiles } = await stator.json('/api/quirk-profiles')
    expect(quirkProfiles).toContainEqual({ source: 'imported', profile })
    expect(quirkProfiles).toContainEqual({
      source: 'shipped',
      profile: await stator.json('/api/quirk-profiles/wallbox'),
    })
    await put('acme', { description: 'Says nothing.' }, 200)
    expect(await stator.api('/api/quirk-profiles/acme', { method: 'DELETE' })).toMatchObject({ status: 204 })
    expect(await stator.api('/api/quirk-profiles/acme')).toMatchObject({ status: 404 })
  })

  test.each([
    [
      { repairs: { enumCsae: false } },
      'repairs.enumCsae',
      "There is no repair 'enumCsae'; 'enumCase' was probably meant",
    ],
    [{ repairs: { enumCase: 'off' } }, 'repairs.enumCase', 'A repair must be true (on) or false (off)'],
    [{ strictness: 'medium' }, 'strictness', 'Strictness must be one of lenient, strict'],
    [{ commands: { configurationKeys: 'all' } }, 'commands.configurationKeys', 'one of asAsked, askForAll, refuse'],
    [{ appliesTo: [{}] }, 'appliesTo[0]', 'A pattern needs at least one of vendor, model and firmware'],
    [{ name: 'another' }, 'name', "Name 'another' must be left out, or 'bad' as in the path"],
    [{ appliesto: [] }, 'appliesto', 'appliesto'],
  ])('that is wrong is refused with where, and what was expected: %j', async (body, field, issue) => {
    const refused = await stator.api('/api/quirk-profiles/bad', { method: 'PUT', body })
    expect(refused).toMatchObject({ status: 400, body: { details: { field, issue: expect.stringContaining(issue) } } })
  })

  test('is decided by the boot, the closest pattern first, and by an operator instead', async () => {
    await put('broad', { appliesTo: [{ vendor: 'Close*' }] })
    await put('close', { appliesTo: [{ vendor: 'close*', model: 'X*', firmware: '2.*' }] })
    await booted('DECIDED', { chargePointVendor: 'Close Inc', chargePointModel: 'X1', firmwareVersion: '2.1' })
    expect(await of('DECIDED')).toMatchObject({ quirkProfile: null, appliedQuirkProfile: 'close' })
    const raw = await stator.raw('DECIDED')
    await raw.call('BootNotification', {
      chargePointVendor: 'Close Inc',
      chargePointModel: 'X1',
      firmwareVersion: '3.0',
    })
    expect(await of('DECIDED')).toMatchObject({ appliedQuirkProfile: 'broad' })
    const path = '/api/chargepoints/DECIDED'
    for (const [chosen, applied] of [
      ['close', 'close'],
      ['none', null],
      [null, 'broad'],
    ] as const) {
      const changed = await stator.json(path, { method: 'PATCH', body: { quirkProfile: chosen } })
      expect(changed).toMatchObject({ quirkProfile: chosen, appliedQuirkProfile: applied })
    }
    const refused = await stator.api(path, { method: 'PATCH', body: { quirkProfile: 'nowhere' } })
    expect(refused).toMatchObject({ status: 400, body: { details: { field: 'quirkProfile' } } })
  })

  test('switches one repair off, at once; others go on, and a transaction message is never refused', async () => {
    const raw = await booted('REPAIRS', { chargePointVendor: 'Repairer' })
    const lowerCase = { ...status, errorCode: 'noerror' }
    expect(await raw.call('StatusNotification', lowerCase)).toEqual({})
    await put('repairer', { appliesTo: [{ vendor: 'Repairer' }], repairs: { enumCase: false, textForValue: false } })
    const frame = await raw.answerTo(raw.sendCall('StatusNotification', lowerCase))
    expect(frame.slice(2, 4)).toEqual([
      'PropertyConstraintViolation',
      expect.stringContaining('"errorCode" is "noerror"'),
    ])
    expect(await raw.call('StatusNotification', { ...status, more: 1 })).toEqual({})
    const start = { connectorId: '1', idTag: 'A', meterStart: 0, timestamp: new Date().toISOString() }
    expect(await raw.call('StartTransaction', start)).toHaveProperty('transactionId')
  })

  test('makes a lenient charge point strict', async () => {
    await put('strict', { appliesTo: [{ vendor: 'Exact' }], strictness: 'strict' })
    const raw = await booted('EXACT', { chargePointVendor: 'Exact' })
    const frame = await raw.answerTo(raw.sendCall('StatusNotification', { ...status, more: 1 }))
    expect(frame[2]).toBe('FormationViolation')
  })
})

describe('commands', () => {
  test('a list of configuration keys becomes a request for all of them where it reboots the charge point', async () => {
    const raw = await booted('TERRA', { chargePointVendor: 'ABB', chargePointModel: 'Terra AC' })
    const asked = stator.json('/api/chargepoints/TERRA/configuration?key=b&key=c')
    const { messageId, payload } = await raw.command('GetConfiguration')
    expect(payload).toEqual({})
    const key = (name: string) => ({ key: name, readonly: false, value: '1' })
    raw.answer(messageId, { configurationKey: [key('A'), key('B')] })
    expect(await asked).toEqual({ configurationKey: [key('B')], unknownKey: ['c'] })
    const named = (name: string) => ({ component: { name: 'Configuration' }, variable: { name } })
    const variables = [named('A'), named('c')]
    const reading = stator.json('/api/chargepoints/TERRA/variables/read', { body: { variables } })
    const whole = await raw.command('GetConfiguration')
    expect(whole.payload).toEqual({})
    raw.answer(whole.messageId, { configurationKey: [key('A'), key('GetConfigurationMaxKeys')] })
    expect((await reading)['results']).toMatchObject([
      { status: 'Accepted', value: '1' },
      { status: 'UnknownVariable', value: null },
    ])
    // It says now that it takes one key in a message: it is asked once all the same.
    const again = stator.json('/api/chargepoints/TERRA/variables/read', { body: { variables } })
    raw.answer((await raw.command('GetConfiguration')).messageId, { configurationKey: [key('A'), key('c')] })
    expect((await again)['results']).toMatchObject([{ status: 'Accepted' }, { status: 'Accepted' }])
    await put('abb-terra', { appliesTo: [{ vendor: 'ABB' }], commands: { configurationKeys: 'refuse' } })
    const refused = await stator.api('/api/chargepoints/TERRA/configuration?key=b')
    expect(refused).toMatchObject({
      status: 409,
      body: { code: 'REFUSED_BY_PROFILE', message: expect.stringContaining('no list of keys') },
    })
  })

  test('ChangeAvailability is refused where it breaks the charge point, unless it is forced', async () => {
    const raw = await booted('ENPLUS', { chargePointVendor: 'EN+ Technology' })
    const path = '/api/chargepoints/ENPLUS/change-availability'
    const refused = await stator.api(path, { body: { type: 'Inoperative' } })
    expect(refused).toMatchObject({ status: 409, body: { message: expect.stringContaining('"force": true') } })
    const asked = stator.json(path, { body: { type: 'Inoperative', force: true } })
    raw.answer((await raw.command('ChangeAvailability')).messageId, { status: 'Accepted' })
    expect(await asked).toMatchObject({ status: 'Accepted' })
  })

  test.each(['1.6', '2.0.1'] as const)(
    '%s: what was accepted and never applied is read back, and noted',
    async (version) => {
      const is16 = version === '1.6'
      const identity = `READ-${version}`
      await put('reader', { commands: { readBack: true } }, is16 ? 201 : 200)
      const raw = await stator.bootedRaw(identity, version)
      const path = `/api/chargepoints/${identity}`
      const set = async (value: string, told: string) => {
        const asked = stator.json(`${path}/configuration`, { body: { key: 'HeartbeatInterval', value } })
        const change = await raw.command(is16 ? 'ChangeConfiguration' : 'SetVariables')
        const named = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }
        const accepted = { attributeStatus: 'Accepted', ...named }
        raw.answer(change.messageId, is16 ? { status: 'Accepted' } : { setVariableResult: [accepted] })
        expect(await asked).toMatchObject({ status: 'Accepted' })
        return async () => {
          const { messageId } = await raw.command(is16 ? 'GetConfiguration' : 'GetVariables')
          const entry = { key: 'heartbeatinterval', readonly: false, value: told }
          const result = { ...accepted, attributeValue: told }
          raw.answer(messageId, is16 ? { configurationKey: [entry] } : { getVariableResult: [result] })
        }
      }
      // Nothing is sent unasked without a profile that says so.
      await set('60', '60')
      await stator.json(path, { method: 'PATCH', body: { quirkProfile: 'reader' } })
      await (
        await set('60', '60')
      )()
      await (
        await set('61', '60')
      )()
      const anomalies = await until('the anomaly', async () => {
        const listed = await stator.json(`/api/anomalies?chargePointId=${identity}&kind=notApplied`)
        return listed['totalCount'] === 0 ? null : listed['anomalies']
      })
      const setting = is16 ? 'HeartbeatInterval' : 'OCPPCommCtrlr.HeartbeatInterval'
      expect(anomalies).toMatchObject([{ detail: { setting, wanted: '61', found: '60' } }])
      expect(raw.inbox.filter(([type]) => type === 2)).toEqual([])
    },
  )
})

test('quirks are counted each time, by quirk, profile, model and charge point, and for the metrics', async () => {
  await put('counted', { appliesTo: [{ vendor: 'Counted' }] })
  const raw = await booted('COUNTED', { chargePointVendor: 'Counted', chargePointModel: 'C1' })
  for (let n = 0; n < 3; n++) await raw.call('StatusNotification', { ...status, more: n })
  const metrics = await fetch(`${stator.url}/metrics`, { headers: { 'X-API-Key': adminApiKey } })
  expect(await metrics.text()).toContain('stator_quirk_profiles_total{profile="counted"} 3')
  await stator.restart()
  const counts = async (query: string) =>
    (await stator.json(`/api/quirks?quirk=extraField&${query}`))['quirks'] as Json[]
  const shown = { quirk: 'extraField', vendor: 'Counted', model: 'C1' }
  expect(await counts('groupBy=chargePoint&chargePointId=COUNTED')).toMatchObject([
    { ...shown, profile: 'counted', chargePointId: 'COUNTED', count: 3 },
  ])
  expect(await counts('groupBy=model')).toContainEqual(expect.objectContaining({ ...shown, count: 3, profile: null }))
  expect(await counts('groupBy=profile&profile=counted')).toMatchObject([{ profile: 'counted', count: 3, model: null }])
  const [all] = await counts('')
  expect(all).toMatchObject({ quirk: 'extraField', profile: null, vendor: null, chargePointId: null })
  expect(Number(all?.['count'])).toBeGreaterThanOrEqual(3)
})
