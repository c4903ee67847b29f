// Commands as they stand in the specification, and every way in which a charge point can fail to obey.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { httpIdleSecondsMax } from '../../../src/base/limits.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

let stator: TestStator
let raw: RawChargePoint
const path = '/api/chargepoints/CP001/calls'

beforeAll(async () => {
  stator = await TestStator.start()
  raw = await stator.bootedRaw('CP001')
})

afterAll(() => stator.stop())

describe('a CALL', () => {
  test('goes out as it is, and its answer comes back', async () => {
    const answer = stator.json(path, { body: { action: 'TriggerMessage', payload: { requestedMessage: 'Heartbeat' } } })
    const { messageId, payload } = await raw.command('TriggerMessage')
    expect(messageId).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    expect(payload).toEqual({ requestedMessage: 'Heartbeat' })
    raw.answer(messageId, { status: 'Accepted' })
    expect(await answer).toEqual({ action: 'TriggerMessage', status: 'Accepted', payload: { status: 'Accepted' } })
  })

  test('whose answer has no status shows none', async () => {
    const answer = stator.json(path, { body: { action: 'GetLocalListVersion' } })
    raw.answer((await raw.command('GetLocalListVersion')).messageId, { listVersion: 3 })
    expect(await answer).toEqual({ action: 'GetLocalListVersion', status: null, payload: { listVersion: 3 } })
  })

  test('is answered, too, when the charge point takes longer than an idle HTTP connection may be', async () => {
    const asked = stator.json(path, { body: { action: 'GetLocalListVersion' } })
    const { messageId } = await raw.command('GetLocalListVersion')
    // The runtime's clock decides, and it looks every four seconds.
    setTimeout(() => raw.answer(messageId, { listVersion: 4 }), 1.5 * httpIdleSecondsMax * 1_000)
    expect(await asked).toMatchObject({ payload: { listVersion: 4 } })
  }, 60_000)

  test('waits until the one before it is answered', async () => {
    const first = stator.json(path, { body: { action: 'ClearCache' } })
    const command = await raw.command('ClearCache')
    const second = stator.json(path, { body: { action: 'GetLocalListVersion' } })
    await raw.call('Heartbeat', {})
    expect(raw.inbox).toEqual([])
    raw.answer(command.messageId, { status: 'Accepted' })
    await first
    raw.answer((await raw.command('GetLocalListVersion')).messageId, { listVersion: 0 })
    expect(await second).toMatchObject({ payload: { listVersion: 0 } })
  })

  test.each([
    [{ action: 'MakeCoffee' }, 'action', "Action 'MakeCoffee' is not an action of OCPP 1.6"],
    [{ action: 'toString' }, 'action', "Action 'toString' is not an action of OCPP 1.6"],
    [{ action: 'GetVariables' }, 'action', "Action 'GetVariables' is not an action of OCPP 1.6"],
    [{ action: 'Heartbeat' }, 'action', "Action 'Heartbeat' is one that charge points send; a central system cannot"],
    [{ payload: {} }, 'action', 'Action is required; it must be a text of 1 to 50 characters'],
    [{ action: 'Reset', payload: [] }, 'payload', 'Payload must be a JSON object'],
    [{ action: 'Reset', timeout: 0 }, 'timeout', 'Timeout must be a number of seconds, above 0 and at most 600'],
  ])('%j is a bad request', async (body, field, issue) => {
    const answer = await stator.api(path, { body })
    expect([answer.status, answer.body.details]).toEqual([400, { field, issue }])
  })

  test.each([
    [{}, 'payload.type'],
    [{ type: 7 }, 'payload.type'],
    [{ type: 'Gentle' }, 'payload.type'],
    [{ type: 'Soft', when: 'now' }, 'payload.when'],
  ])('Reset %j breaks its schema, and is not sent', async (payload, field) => {
    const answer = await stator.api(path, { body: { action: 'Reset', payload } })
    expect(answer).toMatchObject({ status: 400, body: { details: { field, issue: expect.any(String) } } })
    expect(raw.inbox).toEqual([])
  })

  test('names the field inside lists too', async () => {
    const payload = {
      connectorId: 1,
      csChargingProfiles: {
        chargingProfileId: 1,
        stackLevel: 0,
        chargingProfilePurpose: 'TxDefaultProfile',
        chargingProfileKind: 'Absolute',
        chargingSchedule: { chargingRateUnit: 'W', chargingSchedulePeriod: [{ startPeriod: 0, limit: 'all' }] },
      },
    }
    const answer = await stator.api(path, { body: { action: 'SetChargingProfile', payload } })
    expect(answer.body.details).toMatchObject({
      field: 'payload.csChargingProfiles.chargingSchedule.chargingSchedulePeriod[0].limit',
    })
  })

  test('to a 2.0.1 charge point is one of 2.0.1', async () => {
    const station = await stator.bootedRaw('CS001', '2.0.1')
    const calls = '/api/chargepoints/CS001/calls'
    const refused = await stator.api(calls, { body: { action: 'GetConfiguration' } })
    expect(refused).toMatchObject({ status: 400, body: { details: { field: 'action' } } })
    const payload = { requestId: 1, reportBase: 'FullInventory' }
    const answer = stator.json(calls, { body: { action: 'GetBaseReport', payload } })
    const command = await station.command('GetBaseReport')
    expect(command.payload).toEqual(payload)
    station.answer(command.messageId, { status: 'Accepted' })
    expect(await answer).toMatchObject({ action: 'GetBaseReport', status: 'Accepted' })
  })
})

describe('a charge point', () => {
  const reset = { body: { type: 'Soft' } }

  test('that nobody knows is 404', async () => {
    expect(await stator.api('/api/chargepoints/CP999/reset', reset)).toMatchObject({
      status: 404,
      body: { error: 'NotFound', code: 'NOT_FOUND', message: "Charge point 'CP999' not found" },
    })
  })

  test('that is not connected is 409', async () => {
    await stator.provision('CP-AWAY')
    for (const [command, body] of [
      ['start-transaction', { connectorId: 1, idTag: 'A' }],
      ['reset', { type: 'Soft' }],
      ['update-firmware', { location: 'https://a.example/b', retrieveDate: '2025-12-27T00:00:00Z' }],
      ['configuration', { key: 'A', value: 'B' }],
      ['calls', { action: 'ClearCache' }],
    ] as const) {
      const answer = await stator.api(`/api/chargepoints/CP-AWAY/${command}`, { body })
      expect([command, answer.status, answer.body]).toEqual([
        command,
        409,
        { error: 'Conflict', code: 'NOT_CONNECTED', message: "Charge point 'CP-AWAY' is not connected" },
      ])
    }
    expect((await stator.api('/api/chargepoints/CP-AWAY/configuration')).status).toBe(409)
  })

  test('that stays silent is 504, and its late answer harms nobody', async () => {
    const answer = await stator.api(path, { body: { action: 'ClearCache', timeout: 0.05 } })
    expect(answer).toMatchObject({ status: 504, body: { error: 'GatewayTimeout' } })
    const { messageId } = await raw.command('ClearCache')
    raw.answer(messageId, { status: 'Accepted' })
    const next = stator.json(path, { body: { action: 'GetLocalListVersion' } })
    raw.answer((await raw.command('GetLocalListVersion')).messageId, { listVersion: 9 })
    expect(await next).toMatchObject({ payload: { listVersion: 9 } })
  })

  test('whose answer cannot be read ends at once with 502, and the next command goes on', async () => {
    const deep = `${'['.repeat(20_000)}${']'.repeat(20_000)}`
    for (const answer of [
      `[3,"ID",{"status":"Accepted","a":${deep}}]`,
      `[4,"ID","GenericError","",{"a":${deep}}]`,
      '[3,"ID",{"status":"Accep',
      `[3,"ID",{"status":"Accepted","a":"${'x'.repeat(100_000)}`,
      '[3,"ID","Accepted"]',
      '[3,"ID",["Accepted"]]',
      '[5,"ID",{}]',
    ]) {
      const asked = stator.api(path, { body: { action: 'ClearCache', timeout: 60 } })
      raw.send(answer.replace('ID', (await raw.command('ClearCache')).messageId))
      expect(await asked).toMatchObject({
        status: 502,
        body: {
          error: 'BadGateway',
          message: expect.stringMatching(/^The answer of the charge point to ClearCache could not be read: .+\.$/),
          details: { action: 'ClearCache', problem: expect.any(String) },
        },
      })
    }
    const next = stator.json(path, { body: { action: 'GetLocalListVersion' } })
    raw.answer((await raw.command('GetLocalListVersion')).messageId, { listVersion: 9 })
    expect(await next).toMatchObject({ payload: { listVersion: 9 } })
  })

  test('is not sent what nests without end', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
    expect(await stator.api(path, { body: `{"action":"DataTransfer","payload":{"vendorId":${deep}}}` })).toMatchObject({
      status: 400,
      body: { details: { field: 'body', issue: 'The body must nest no deeper than 64 levels' } },
    })
  })

  test('that answers with a CALLERROR is 502 with its code', async () => {
    const answer = stator.api('/api/chargepoints/CP001/reset', reset)
    const { messageId } = await raw.command('Reset')
    const error = [
      4,
      messageId,
      'NotSupported',
      'The requested action is not supported by this charge point',
      { action: 'Reset' },
    ]
    raw.send(JSON.stringify(error))
    expect(await answer).toMatchObject({
      status: 502,
      body: {
        error: 'BadGateway',
        message:
          'The charge point answered Reset with NotSupported: The requested action is not supported by this charge point',
        details: {
          action: 'Reset',
          code: 'NotSupported',
          description: 'The requested action is not supported by this charge point',
          details: { action: 'Reset' },
        },
      },
    })
  })

  test('that answers with a CALLERROR with secrets in it is 502 without them', async () => {
    const answer = stator.api('/api/chargepoints/CP001/reset', reset)
    const { messageId } = await raw.command('Reset')
    const details = { apnPassword: 'hunter2', url: 'wss://user:hunter2@csms.example', action: 'Reset' }
    raw.send(JSON.stringify([4, messageId, 'InternalError', 'Login with password=hunter2', details]))
    expect(await answer).toMatchObject({
      status: 502,
      body: {
        message: 'The charge point answered Reset with InternalError: Login with password=***',
        details: { details: { apnPassword: '***', url: 'wss://user:***@csms.example', action: 'Reset' } },
      },
    })
  })

  test('that answers against the schema is believed when lenient', async () => {
    const answer = stator.json(path, { body: { action: 'ClearCache' } })
    raw.answer((await raw.command('ClearCache')).messageId, { status: 'Perhaps', mood: 'good' })
    const { notes, ...rest } = await answer
    expect(rest).toEqual({ action: 'ClearCache', status: 'Perhaps', payload: { status: 'Perhaps', mood: 'good' } })
    expect(notes).toContainEqual({ path: '/status', message: expect.any(String) })
    expect(notes).toContainEqual({ path: '/mood', message: expect.any(String) })
  })

  test('that answers in broken JSON is understood when lenient, and the repair is noted', async () => {
    const answer = stator.json(path, { body: { action: 'GetConfiguration', payload: { key: ['A'] } } })
    const { messageId } = await raw.command('GetConfiguration')
    raw.send(`[3,"${messageId}",{"configurationKey":],"unknownKey":["A",]}]`)
    expect(await answer).toEqual({
      action: 'GetConfiguration',
      status: null,
      payload: { configurationKey: [], unknownKey: ['A'] },
      notes: [{ path: '', message: 'The frame was not JSON; what was obviously meant was read.' }],
    })
    await until('the quirk of the answer', async () => {
      const { anomalies } = await stator.json('/api/chargepoints/CP001/anomalies')
      return JSON.stringify(anomalies).includes('"quirk":"brokenJson"')
    })
  })

  test('that answers in broken JSON is 502 at once when strict', async () => {
    const strict = await stator.bootedRaw('CP-STRICT-JSON', '1.6', { strictness: 'strict' })
    const answer = stator.api('/api/chargepoints/CP-STRICT-JSON/calls', { body: { action: 'ClearCache', timeout: 60 } })
    strict.send(`[3,"${(await strict.command('ClearCache')).messageId}",{"status":"Accepted",}]`)
    expect(await answer).toMatchObject({ status: 502, body: { details: { action: 'ClearCache' } } })
  })

  test('that answers with values of other types is read as what they say', async () => {
    const answer = stator.json('/api/chargepoints/CP001/reset', reset)
    raw.answer((await raw.command('Reset')).messageId, { status: 'ACCEPTED' })
    expect(await answer).toMatchObject({ status: 'Accepted' })
  })

  test('that answers with a megabyte is understood, broken JSON and all', async () => {
    const item = { key: 'K'.repeat(40), readonly: 'true', value: 'V'.repeat(40) }
    const configurationKey = Array.from({ length: 7_000 }, () => item)
    const read = { ...item, readonly: true }
    for (const broken of ['', ',']) {
      const answer = stator.json(path, { body: { action: 'GetConfiguration', payload: {} } })
      const { messageId } = await raw.command('GetConfiguration')
      raw.send(`[3,"${messageId}",{"configurationKey":${JSON.stringify(configurationKey).slice(0, -1)}${broken}]}]`)
      const { payload, status, notes } = await answer
      expect([status, payload]).toEqual([null, { configurationKey: configurationKey.map(() => read) }])
      expect(notes).toHaveLength(5 + broken.length)
    }
  })

  test('that answers with an odd CALLERROR is 502 with what there is of it', async () => {
    const answer = stator.api('/api/chargepoints/CP001/reset', reset)
    raw.send(`[4,"${(await raw.command('Reset')).messageId}"]`)
    expect(await answer).toMatchObject({
      status: 502,
      body: {
        message: 'The charge point answered Reset with an error without a code',
        details: { action: 'Reset', code: '', description: '', details: {} },
      },
    })
  })

  test('that answers against the schema is 502 when strict', async () => {
    const strict = await stator.bootedRaw('CP-STRICT', '1.6', { strictness: 'strict' })
    const answer = stator.api('/api/chargepoints/CP-STRICT/reset', reset)
    strict.answer((await strict.command('Reset')).messageId, { status: 'Perhaps' })
    expect(await answer).toMatchObject({
      status: 502,
      body: {
        error: 'BadGateway',
        message: 'The answer of the charge point to Reset breaks its schema',
        details: { action: 'Reset', payload: { status: 'Perhaps' }, problems: [{ path: '/status' }] },
      },
    })
  })

  test('that hangs up instead of answering is 409', async () => {
    const rude = await stator.bootedRaw('CP-RUDE')
    const answer = stator.api('/api/chargepoints/CP-RUDE/reset', reset)
    await rude.command('Reset')
    await rude.close()
    expect(await answer).toMatchObject({ status: 409, body: { error: 'Conflict' } })
  })

  test('for which too many commands wait is 503, with word of when to try again', async () => {
    const busy = await stator.bootedRaw('CP-BUSY')
    const calls = '/api/chargepoints/CP-BUSY/calls'
    const answers = Array.from({ length: 40 }, () => stator.api(calls, { body: { action: 'ClearCache' } }))
    const refused = await Promise.race(
      answers.map(async (answer) => ((await answer).status === 503 ? answer : new Promise<never>(() => {}))),
    )
    expect(refused.body).toMatchObject({ error: 'ServiceUnavailable' })
    expect(Number(refused.headers.get('Retry-After'))).toBeGreaterThan(0)
    await busy.command('ClearCache')
    await busy.close()
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([503, 409]))
  })
})

describe('every answer', () => {
  test('carries the request id it was asked with, or one of its own', async () => {
    const given = await stator.api('/api/chargepoints', { headers: { 'X-Request-Id': 'my-request-1' } })
    expect(given.headers.get('X-Request-Id')).toBe('my-request-1')
    for (const [where, key] of [
      ['/api/chargepoints/CP999', undefined],
      ['/api/nothing', undefined],
      ['/api/chargepoints', null],
    ] as const) {
      const answer = await stator.api(where, key === undefined ? {} : { key })
      expect(answer.headers.get('X-Request-Id')).toMatch(/^[\w-]{36}$/)
    }
  })

  test('to a method that does not exist is 405 in JSON', async () => {
    const answer = await stator.api('/api/chargepoints/CP001', { method: 'PUT', body: {} })
    expect(answer).toMatchObject({ status: 405, body: { error: 'MethodNotAllowed', code: 'METHOD_NOT_ALLOWED' } })
    expect(answer.headers.get('Allow')).toBe('GET, HEAD, PATCH, DELETE')
  })
})
