// Every kind of input that breaks OCPP, and what it gets: on 1.6 and 2.0.1, from strict and lenient charge points.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { connectorsMax } from '../../../src/base/limits.ts'
import { flows201 } from '../../fixtures/seed-flows.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { type OcppVersion, ocppVersions } from '../../../src/ocpp/version.ts'

let central: TestStator
let stations = 0

beforeAll(async () => {
  central = await TestStator.start()
  await central.addIdTag('USER123')
  await central.addIdTag('BLOCKED', { status: 'Blocked' })
  await central.addIdTag('EXPIRED', { status: 'Expired' })
  await central.addIdTag('LAPSED', { expiryDate: '2020-01-01T00:00:00Z' })
})

afterAll(() => central.stop())

function booted(version: OcppVersion, strictness: 'strict' | 'lenient'): Promise<RawChargePoint> {
  return central.bootedRaw(`BAD${++stations}`, version, { strictness })
}

const identity = (): string => `BAD${stations}`

/** Sends `text` and then a heartbeat: the frames that came back before the heartbeat's answer. */
async function answersTo(raw: RawChargePoint, text: string): Promise<readonly (readonly unknown[])[]> {
  raw.send(text)
  const heartbeat = raw.sendCall('Heartbeat', {})
  const frames: (readonly unknown[])[] = []
  for (;;) {
    const frame = await raw.next()
    if (frame[1] === heartbeat) return frames
    frames.push(frame)
  }
}

async function anomalies(of: string): Promise<readonly Record<string, unknown>[]> {
  const answer = await central.json(`/api/chargepoints/${of}/anomalies`)
  return answer['anomalies'] as readonly Record<string, unknown>[]
}

describe('an unreadable frame', () => {
  test('of 1.6 is answered when it shows a message id, and dropped when not; the socket stays open', async () => {
    const raw = await booted('1.6', 'strict')
    for (const text of ['not json', '{"a":1}', '[]', '[2]', '"text"', '', '42']) {
      expect({ text, frames: await answersTo(raw, text) }).toEqual({ text, frames: [] })
    }
    for (const text of ['[2,"m-1","Heartbeat",', '[2,"m-1"]', '[2,"m-1",7,{}]']) {
      const [frame] = await answersTo(raw, text)
      expect({ text, frame: frame?.slice(0, 3) }).toEqual({ text, frame: [4, 'm-1', 'FormationViolation'] })
    }
    const [wrongType] = await answersTo(raw, '[9,"m-2","Heartbeat",{}]')
    expect(wrongType?.slice(0, 3)).toEqual([4, 'm-2', 'ProtocolError'])
    await raw.close()
  })

  test('of 2.0.1 is answered under the id -1; the socket stays open', async () => {
    const raw = await booted('2.0.1', 'strict')
    for (const text of ['not json', '{"a":1}', '[]']) {
      const [frame] = await answersTo(raw, text)
      expect({ text, frame: frame?.slice(0, 3) }).toEqual({ text, frame: [4, '-1', 'RpcFrameworkError'] })
    }
    const [wrongType] = await answersTo(raw, '[9,"m-2","Heartbeat",{}]')
    expect(wrongType?.[2]).toBe('MessageTypeNotSupported')
    await raw.close()
  })
})

describe.each(['strict', 'lenient'] as const)('a %s charge point', (strictness) => {
  test('gets NotImplemented for an action that nobody knows', async () => {
    for (const version of ocppVersions) {
      const raw = await booted(version, strictness)
      for (const action of ['Dance', 'constructor', '__proto__', 'bootnotification']) {
        const frame = await raw.answerTo(raw.sendCall(action, {}))
        expect({ action, code: frame[2] }).toEqual({ action, code: 'NotImplemented' })
      }
      await raw.close()
    }
  })

  test('gets NotSupported for an action of the other direction', async () => {
    const raw16 = await booted('1.6', strictness)
    expect((await raw16.answerTo(raw16.sendCall('Reset', { type: 'Soft' })))[2]).toBe('NotSupported')
    const raw201 = await booted('2.0.1', strictness)
    expect((await raw201.answerTo(raw201.sendCall('Reset', { type: 'OnIdle' })))[2]).toBe('NotSupported')
    await raw16.close()
    await raw201.close()
  })

  test('gets nothing for an answer to a CALL that was never made', async () => {
    const raw = await booted('1.6', strictness)
    expect(await answersTo(raw, '[3,"unknown",{}]')).toEqual([])
    expect(await answersTo(raw, '[4,"unknown","GenericError","",{}]')).toEqual([])
    await raw.close()
  })
})

const start = { connectorId: 1, idTag: 'USER123', meterStart: 0, timestamp: '2025-12-26T12:00:00Z' }

describe('a payload that breaks its schema', () => {
  const cases: readonly [what: string, action: string, payload: object, code16: string][] = [
    ['a missing field', 'StartTransaction', { ...start, idTag: undefined }, 'OccurenceConstraintViolation'],
    ['a wrong type', 'StartTransaction', { ...start, meterStart: 'much' }, 'TypeConstraintViolation'],
    ['a value that is too long', 'Authorize', { idTag: 'x'.repeat(21) }, 'PropertyConstraintViolation'],
    [
      'a value out of its enum',
      'StatusNotification',
      { connectorId: 1, errorCode: 'NoError', status: 'Dancing' },
      'PropertyConstraintViolation',
    ],
    ['a field too many', 'Heartbeat', { extra: 1 }, 'FormationViolation'],
  ]

  test.each(cases)('has %s: strict gets the code that 1.6 has for it, and a field in the sentence', async (...row) => {
    const [, action, payload, code] = row
    const raw = await booted('1.6', 'strict')
    const frame = await raw.answerTo(raw.sendCall(action, payload))
    expect(frame[2]).toBe(code)
    expect(frame[3]).toBeString()
    expect(String(frame[3]).length).toBeWithin(1, 256)
    await raw.close()
  })

  test('gets the spelling of 2.0.1 there', async () => {
    const raw = await booted('2.0.1', 'strict')
    const codes: unknown[] = []
    const status = { timestamp: '2025-12-26T12:00:00Z', connectorStatus: 'Available', evseId: 1, connectorId: 1 }
    for (const payload of [
      { ...status, evseId: undefined },
      { ...status, evseId: 'one' },
      { ...status, connectorStatus: 'Dancing' },
      { ...status, extra: 1 },
    ]) {
      codes.push((await raw.answerTo(raw.sendCall('StatusNotification', payload)))[2])
    }
    expect(codes).toEqual([
      'OccurrenceConstraintViolation',
      'TypeConstraintViolation',
      'PropertyConstraintViolation',
      'FormatViolation',
    ])
    await raw.close()
  })

  test('is served from a lenient charge point where it can be, and the quirk is noted', async () => {
    const raw = await booted('1.6', 'lenient')
    expect(await raw.call('Heartbeat', { extra: 1 })).toHaveProperty('currentTime')
    expect(await raw.call('Authorize', { idTag: 'x'.repeat(21) })).toMatchObject({ idTagInfo: { status: 'Invalid' } })
    expect(await raw.call('StartTransaction', { ...start, meterStart: '12' })).toHaveProperty('transactionId')
    expect(await raw.call('StartTransaction', { connectorId: 2 })).toHaveProperty('transactionId')
    await raw.close()
    const kinds = (await anomalies(identity())).map(({ kind }) => kind)
    expect(kinds).toContain('quirk')
  })

  test('of the samples that the documentation prints, stray spaces included, is served and kept as it was sent', async () => {
    const raw = await booted('1.6', 'lenient')
    const { transactionId } = await raw.call('StartTransaction', start)
    const sampledValue = [
      {
        value: '5000',
        context: 'Sample. Periodic',
        format: 'Raw',
        measurand: 'Energy.Active.Import. Register',
        unit: 'Wh',
      },
      { value: '230. 5', measurand: 'Voltage', unit: 'V' },
    ]
    const meterValue = [{ timestamp: '2025-12-26T12:15:00Z', sampledValue }]
    expect(await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })).toEqual({})
    const stored = await central.json(`/api/transactions/${transactionId}/meter-values`)
    expect(stored).toMatchObject({ totalCount: 1, meterValues: [{ sampledValue }] })
    await raw.close()
  })
})

describe('a transaction message is never refused', () => {
  test.each([
    ['UNKNOWN', 'Invalid'],
    ['BLOCKED', 'Blocked'],
    ['EXPIRED', 'Expired'],
    ['LAPSED', 'Expired'],
  ])('a start with id tag %s is stored, and its status is %s', async (idTag, status) => {
    const raw = await booted('1.6', 'strict')
    const answer = await raw.call('StartTransaction', { ...start, idTag })
    expect(answer['transactionId']).toBeInteger()
    expect(answer).toMatchObject({ idTagInfo: { status } })
    expect(await central.json(`/api/transactions/${answer['transactionId']}`)).toMatchObject({ idTag })
    await raw.close()
  })

  test('a stop and meter values of a transaction that nobody knows are stored, with an anomaly', async () => {
    const raw = await booted('1.6', 'strict')
    const meterValue = [{ timestamp: '2025-12-26T12:00:00Z', sampledValue: [{ value: '1' }] }]
    for (const transactionId of [2_000_000_001, 0, -1]) {
      expect(await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })).toEqual({})
      const stop = { transactionId, meterStop: 10, timestamp: '2025-12-26T13:00:00Z' }
      await raw.call('StopTransaction', stop)
    }
    await raw.close()
    const noted = await anomalies(identity())
    expect(noted.map(({ kind }) => kind)).toContain('unknownTransaction')
  })

  test('meter values after the stop are stored under the transaction', async () => {
    const raw = await booted('1.6', 'strict')
    const { transactionId } = await raw.call('StartTransaction', start)
    await raw.call('StopTransaction', { transactionId, meterStop: 10, timestamp: '2025-12-26T13:00:00Z' })
    const meterValue = [{ timestamp: '2025-12-26T12:59:00Z', sampledValue: [{ value: '9' }] }]
    expect(await raw.call('MeterValues', { connectorId: 1, transactionId, meterValue })).toEqual({})
    const stored = await central.json(`/api/transactions/${transactionId}/meter-values`)
    expect(stored).toMatchObject({ totalCount: 1, meterValues: [{ energyWh: 9 }] })
    await raw.close()
  })

  test('an update and an end of a 2.0.1 transaction that never began make one', async () => {
    const raw = await booted('2.0.1', 'strict')
    const transactionInfo = { transactionId: crypto.randomUUID() }
    const evse = { id: 1, connectorId: 1 }
    const event = (eventType: string, seqNo: number): object => ({
      eventType,
      seqNo,
      timestamp: `2025-12-26T12:0${seqNo}:00Z`,
      triggerReason: 'Trigger',
      transactionInfo,
      evse,
    })
    await raw.call('TransactionEvent', event('Updated', 3))
    const answer = await raw.call('TransactionEvent', event('Ended', 4))
    expect(answer).toBeObject()
    await raw.close()
    const { totalCount } = await central.json(`/api/transactions?chargePointId=${identity()}`)
    expect(totalCount).toBe(1)
    expect((await anomalies(identity())).map(({ kind }) => kind)).toContain('missingStart')
  })
})

describe('before its boot is accepted', () => {
  const boot201 = { reason: 'PowerUp', chargingStation: { vendorName: 'VendorName', model: 'Model-X1000' } }

  test('a strict charge point gets SecurityError for anything else', async () => {
    await central.provision('UNBOOTED', { strictness: 'strict' })
    const raw = await central.raw('UNBOOTED', { subprotocols: ['ocpp2.0.1'] })
    expect((await raw.answerTo(raw.sendCall('Heartbeat', {})))[2]).toBe('SecurityError')
    await raw.call('BootNotification', boot201)
    expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
    await raw.close()
  })

  test('a lenient charge point that never booted here is served, and that is noted', async () => {
    await central.provision('NEVERBOOTED')
    const raw = await central.raw('NEVERBOOTED', { subprotocols: ['ocpp2.0.1'] })
    await raw.call('StatusNotification', {
      timestamp: '2025-12-26T12:00:00Z',
      connectorStatus: 'Available',
      evseId: 1,
      connectorId: 1,
    })
    await raw.close()
    expect(await anomalies('NEVERBOOTED')).toMatchObject([{ kind: 'beforeBoot' }])
  })

  test('one that was rejected gets SecurityError, but its transactions are stored', async () => {
    await central.provision('REJECTED', { registrationStatus: 'Rejected' })
    const raw = await central.raw('REJECTED', { subprotocols: ['ocpp2.0.1'] })
    expect(await raw.call('BootNotification', boot201)).toMatchObject({ status: 'Rejected' })
    expect((await raw.answerTo(raw.sendCall('Heartbeat', {})))[2]).toBe('SecurityError')
    await raw.call('TransactionEvent', flows201.started(crypto.randomUUID()))
    await raw.close()
    expect(await central.json('/api/transactions?chargePointId=REJECTED')).toMatchObject({ totalCount: 1 })
  })

  test('a charge point that operators want pending gets Pending, and its boot is accepted once they accept it', async () => {
    await central.provision('WAITING', { registrationStatus: 'Pending' })
    const boot = { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' }
    const raw = await central.raw('WAITING')
    expect(await raw.call('BootNotification', boot)).toMatchObject({ status: 'Pending' })
    await central.json('/api/chargepoints/WAITING', { method: 'PATCH', body: { registrationStatus: 'Accepted' } })
    expect(await raw.call('BootNotification', boot)).toMatchObject({ status: 'Accepted' })
    await raw.close()
  })
})

test('a charge point that invents connectors without end is answered, and only so many are kept', async () => {
  const raw = await booted('1.6', 'strict')
  const ids = Array.from({ length: connectorsMax + 40 }, (_, index) =>
    raw.sendCall('StatusNotification', { connectorId: index + 1, errorCode: 'NoError', status: 'Available' }),
  )
  for (const id of ids) expect(await raw.answerTo(id)).toEqual([3, id, {}])
  expect((await central.json(`/api/chargepoints/${identity()}/status`))['connectors']).toHaveLength(connectorsMax)
  expect(await central.json(`/api/chargepoints/${identity()}/anomalies`)).toMatchObject({ totalCount: 40 })
  // The ones beyond them may still charge.
  const { transactionId } = await raw.call('StartTransaction', { ...start, connectorId: connectorsMax + 7 })
  expect(await central.json(`/api/transactions/${transactionId}`)).toMatchObject({ open: true })
  await raw.close()
})

test('text that PostgreSQL cannot hold does not hurt anybody', async () => {
  const raw = await booted('1.6', 'lenient')
  const status = { connectorId: 1, errorCode: 'NoError', status: 'Faulted' }
  for (const info of ['nul \u0000 inside', 'lone \ud800 surrogate', '\u{1f50c}', 'quote \' and "']) {
    expect(await raw.call('StatusNotification', { ...status, info })).toEqual({})
  }
  expect(await central.json(`/api/chargepoints/${identity()}/status`)).toMatchObject({ status: 'Faulted' })
  await raw.close()
})
