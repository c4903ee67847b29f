import { describe, expect, test } from 'bun:test'
import { pack } from 'msgpackr'
import { quirksPerFrameMax } from '../../../src/base/limits.ts'
import { rowOf } from '../../../src/blocks/messages.ts'
import { examine } from '../../../src/examine/examine.ts'
import type { Strictness, Verdict } from '../../../src/ocpp/verdict.ts'
import { type OcppVersion, ocppVersions } from '../../../src/ocpp/version.ts'
import { decide } from '../../support/known.ts'

const at = '2026-01-31T12:00:00Z'

function verdictOn(text: string, version: OcppVersion, strictness: Strictness = 'lenient'): Verdict {
  return examine({ text, version, strictness, chargePointKey: 1, receivedAtMs: Date.parse(at) }).verdict
}

describe('a number too large for anything', () => {
  const start = `"connectorId":1,"idTag":"A","timestamp":"${at}","meterStart":1e400`

  test('is of the wrong type to strict', () => {
    expect(verdictOn(`[2,"1","StartTransaction",{${start}}]`, '1.6', 'strict')).toMatchObject({
      kind: 'refused',
      code: 'TypeConstraintViolation',
      description: 'Field "meterStart" is a number too large to be read; expected an integer.',
    })
  })

  test('is left out by lenient, and noted', () => {
    expect(verdictOn(`[2,"1","StartTransaction",{${start}}]`, '1.6')).toMatchObject({
      kind: 'call',
      payload: { meterStart: 0 },
      quirks: [{ code: 'missingField', path: '/meterStart' }],
    })
  })
})

describe('a frame that cannot be read', () => {
  test.each(['hello', '{}', '[]', '[2]', '[2,"cut'])(
    'is dropped by 1.6, and answered under "-1" by 2.x: %s',
    (text) => {
      for (const strictness of ['lenient', 'strict'] as const) {
        expect(verdictOn(text, '1.6', strictness).kind).toBe('dropped')
        expect(verdictOn(text, '2.0.1', strictness)).toMatchObject({
          kind: 'refused',
          messageId: '-1',
          code: 'RpcFrameworkError',
        })
      }
    },
  )

  test('is refused under its id when the text shows it', () => {
    const text = '[2,"abc","Heartbeat",{"a":'
    expect(verdictOn(text, '1.6')).toMatchObject({ kind: 'refused', messageId: 'abc', code: 'FormatViolation' })
    expect(verdictOn(text, '2.0.1')).toMatchObject({ kind: 'refused', messageId: 'abc', code: 'RpcFrameworkError' })
  })

  test('of an unknown message type gets an error that says so', () => {
    for (const version of ocppVersions) {
      expect(verdictOn('[9,"abc","Heartbeat",{}]', version)).toMatchObject({
        kind: 'refused',
        messageId: 'abc',
        code: 'MessageTypeNotSupported',
      })
    }
  })

  test('and is empty is ignored in lenient mode', () => {
    for (const text of ['', ' \r\n']) {
      expect(verdictOn(text, '2.0.1').kind).toBe('dropped')
      expect(verdictOn(text, '2.0.1', 'strict')).toMatchObject({ kind: 'refused', messageId: '-1' })
    }
  })

  test('or that is an answer gets no answer', () => {
    for (const text of ['[3,"abc",{}]', '[4,"abc","GenericError","",{}]', '[3,"abc",{', '[4,"abc",{}]']) {
      for (const version of ocppVersions) expect(verdictOn(text, version).kind).toBe('dropped')
    }
  })
})

describe('an action', () => {
  test('that the version does not know is not implemented', () => {
    for (const action of ['Dance', 'constructor', '__proto__', 'toString', 'x'.repeat(1000)]) {
      const verdict = verdictOn(JSON.stringify([2, 'abc', action, {}]), '1.6')
      expect(verdict).toMatchObject({ kind: 'refused', messageId: 'abc', action, code: 'NotImplemented' })
      if (verdict.kind === 'refused') expect(verdict.description.length).toBeLessThan(120)
    }
    expect(verdictOn('[2,"abc","TransactionEvent",{}]', '1.6')).toMatchObject({ code: 'NotImplemented' })
  })

  test('of the other direction is not supported', () => {
    expect(verdictOn('[2,"abc","Reset",{"type":"Soft"}]', '1.6')).toMatchObject({ code: 'NotSupported' })
    expect(verdictOn('[2,"abc","AFRRSignal",{}]', '2.1')).toMatchObject({ code: 'NotSupported' })
  })
})

describe('a SEND', () => {
  const stream = { id: 1, pending: 0, basetime: at, data: [{ t: 0, v: '16.1' }] }
  const frame = (type: 2 | 6, action: string, payload: object): string => JSON.stringify([type, 'abc', action, payload])

  test('is a message type that 1.6 and 2.0.1 refuse', () => {
    for (const version of ['1.6', '2.0.1'] as const) {
      expect(verdictOn(frame(6, 'Heartbeat', {}), version)).toMatchObject({
        kind: 'refused',
        messageId: 'abc',
        code: 'MessageTypeNotSupported',
      })
    }
  })

  test.each([
    ['of an action that is a CALL', frame(6, 'Heartbeat', {})],
    ['of an action that nobody knows', frame(6, 'Dance', {})],
    ['of an action that the central system sends', frame(6, 'Reset', { type: 'Immediate' })],
    ['whose payload is a list', '[6,"abc","NotifyPeriodicEventStream",[]]'],
    ['that is cut off', '[6,"abc","NotifyPeriodicEventStream",{"id":'],
    ['whose message id is null', '[6,null,"NotifyPeriodicEventStream",{}]'],
  ])('%s is dropped', (_what, text) => {
    for (const strictness of ['lenient', 'strict'] as const) {
      expect(verdictOn(text, '2.1', strictness).kind).toBe('dropped')
    }
  })

  test('that breaks its schema is dropped by strict', () => {
    const broken = frame(6, 'NotifyPeriodicEventStream', { ...stream, id: {} })
    for (const text of [broken, '[6,"abc","NotifyPeriodicEventStream"]']) {
      expect(verdictOn(text, '2.1', 'strict').kind).toBe('dropped')
    }
  })

  test('that comes as a CALL is refused', () => {
    for (const strictness of ['lenient', 'strict'] as const) {
      expect(verdictOn(frame(2, 'NotifyPeriodicEventStream', stream), '2.1', strictness)).toMatchObject({
        kind: 'refused',
        messageId: 'abc',
        code: 'MessageTypeNotSupported',
      })
    }
  })
})

describe('a payload against its schema', () => {
  test('is refused by strict with the first problem as description and the others in the details', () => {
    const verdict = verdictOn('[2,"abc","StartTransaction",{"connectorId":"1"}]', '1.6', 'strict')
    expect(verdict).toMatchObject({ kind: 'refused', messageId: 'abc', action: 'StartTransaction' })
    if (verdict.kind !== 'refused') return
    const { problems } = verdict.details as { problems: { path: string; message: string }[] }
    expect(problems.map(({ path }) => path).toSorted()).toEqual(['/connectorId', '/idTag', '/meterStart', '/timestamp'])
    expect(verdict.description).toBe(problems[0]?.message ?? '')
  })

  test('is refused by lenient when it is no transaction message and lacks what only its sender knows', () => {
    expect(verdictOn('[2,"abc","BootNotification",{"chargePointVendor":"V"}]', '1.6')).toMatchObject({
      kind: 'refused',
      code: 'OccurrenceConstraintViolation',
      description: 'Field "chargePointModel" is missing; it is required.',
    })
    expect(verdictOn('[2,"abc","Authorize",{"idToken":null}]', '2.0.1')).toMatchObject({
      kind: 'refused',
      code: 'TypeConstraintViolation',
    })
  })

  test.each([
    ['1.6', 'DataTransfer', { vendorId: 'V', data: { a: 1 } }],
    ['1.6', 'DataTransfer', { vendorId: 'V', data: ['a'] }],
    ['1.6', 'Authorize', { idTag: ['04AA'] }],
    ['1.6', 'BootNotification', { chargePointVendor: 'V', chargePointModel: {} }],
    ['1.6', 'StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available', info: { a: 'b' } }],
    ['2.0.1', 'Authorize', { idToken: { idToken: ['04AA'], type: 'ISO14443' } }],
    ['2.0.1', 'SecurityEventNotification', { type: [], timestamp: at }],
  ] as const)(
    'is refused by lenient, too, when a list or an object stands for a text: %s %s',
    (version, action, sent) => {
      expect(verdictOn(JSON.stringify([2, 'abc', action, sent]), version)).toMatchObject({
        kind: 'refused',
        messageId: 'abc',
        code: 'TypeConstraintViolation',
      })
    },
  )

  test('is served by lenient with a list or an object for a text when it is about a transaction', () => {
    const start = { connectorId: 1, idTag: { a: 1 }, meterStart: 1, timestamp: at }
    expect(verdictOn(JSON.stringify([2, 'abc', 'StartTransaction', start]), '1.6')).toMatchObject({
      kind: 'call',
      payload: { idTag: '{"a":1}' },
      quirks: [{ code: 'valueForText', path: '/idTag' }],
    })
  })

  test('has few quirks noted, and each of them briefly, whatever it holds', () => {
    const names = Array.from({ length: 500 }, (_, index) => [`field${index}`, 'x'.repeat(1_000)])
    const start = { connectorId: 1, idTag: 'A', meterStart: 1, timestamp: at, ...Object.fromEntries(names) }
    const verdict = verdictOn(JSON.stringify([2, 'abc', 'StartTransaction', start]), '1.6')
    expect(verdict.kind === 'call' && verdict.quirks.length).toBe(quirksPerFrameMax)
    expect(JSON.stringify(verdict).length).toBeLessThan(30_000)
  })

  test('keeps of a list that is far too long twice as many elements as it may have', () => {
    const entry = {
      component: { name: 'C' },
      variable: { name: 'V' },
      variableAttribute: Array.from({ length: 20 }, () => ({})),
    }
    const report = { requestId: 1, generatedAt: at, seqNo: 0, reportData: [entry] }
    expect(verdictOn(JSON.stringify([2, 'abc', 'NotifyReport', report]), '2.0.1')).toMatchObject({
      payload: { reportData: [{ variableAttribute: Array.from({ length: 8 }, () => ({})) }] },
      quirks: [{ code: 'wrongItemCount', path: '/reportData/0/variableAttribute' }],
    })
  })

  test('has its first problems reported, in the order of the schema', () => {
    const eventData = Array.from({ length: 20_000 }, () => ({}))
    const verdict = verdictOn(
      JSON.stringify([2, 'abc', 'NotifyEvent', { generatedAt: at, seqNo: 0, eventData }]),
      '2.0.1',
    )
    const path = '/eventData/0/eventId'
    expect(verdict).toMatchObject({
      kind: 'refused',
      code: 'OccurrenceConstraintViolation',
      details: { problems: [{ path }] },
    })
  })

  test('shows only a part of a huge name', () => {
    const verdict = verdictOn(JSON.stringify([2, 'abc', 'Heartbeat', { ['x'.repeat(60_000)]: 1 }]), '1.6', 'strict')
    expect(JSON.stringify(verdict.kind === 'refused' ? verdict.details : {}).length).toBeLessThan(1000)
  })
})

describe('a frame that nests without end', () => {
  const deep = `${'{"a":'.repeat(9000)}1${'}'.repeat(9000)}`

  test.each([
    ['1.6', `[2,"abc","DataTransfer",{"vendorId":"v","data":${deep}}]`],
    ['1.6', `[2,"abc","StartTransaction",{"x":${deep}}]`],
    ['2.0.1', `[2,"abc","DataTransfer",{"vendorId":"v","data":${deep}}]`],
    ['2.0.1', `[2,"abc","Heartbeat",{"customData":{"vendorId":"v","a":${deep}}}]`],
    ['2.0.1', `[2,"abc","Heartbeat",{"custom\\u0044ata":{"vendorId":"v","a":${deep}}}]`],
  ] as const)('is refused, so that nobody exhausts a stack on it (%s)', (version, text) => {
    for (const strictness of ['lenient', 'strict'] as const) {
      const verdict = verdictOn(text, version, strictness)
      expect(verdict).toMatchObject({ kind: 'refused', messageId: 'abc', code: 'FormatViolation' })
      expect(() => pack(verdict)).not.toThrow()
    }
  })

  test('within reason is served', () => {
    const data = JSON.parse(`${'{"a":'.repeat(20)}1${'}'.repeat(20)}`)
    expect(verdictOn(JSON.stringify([2, 'a', 'DataTransfer', { vendorId: 'v', data }]), '2.0.1').kind).toBe('call')
  })
})

describe('a report of a lenient charge point of 2.x', () => {
  const actions = [
    'ReportChargingProfiles',
    'NotifyChargingLimit',
    'ClearedChargingLimit',
    'NotifyEVChargingNeeds',
    'NotifyEVChargingSchedule',
    'NotifyMonitoringReport',
    'ReservationStatusUpdate',
  ]

  test.each(actions)('is stored, whatever required members %s lacks', (action) => {
    for (const version of ['2.0.1', '2.1'] as const) {
      const verdict = verdictOn(`[2,"1","${action}",{}]`, version)
      expect(verdict).toMatchObject({ kind: 'call' })
      const handler = rowOf(version, action)?.handler
      if (verdict.kind !== 'call' || handler === null || handler === undefined)
        throw new Error(`${action} is not served.`)
      const { changes } = decide(handler, verdict.payload, { action })
      expect(changes.map(({ table }) => table)).toContain('chargePointEvents')
      for (const change of changes) if ('row' in change) expect(Object.values(change.row)).not.toContain(undefined)
    }
  })

  test('is refused for a strict one', () => {
    for (const action of actions)
      expect(verdictOn(`[2,"1","${action}",{}]`, '2.0.1', 'strict')).toMatchObject({ kind: 'refused' })
  })
})
