// Repairs that a quirk profile switches off: what they would have repaired is refused as in strict mode.

import { describe, expect, test } from 'bun:test'
import { examine } from '../../../src/examine/examine.ts'
import type { Verdict } from '../../../src/ocpp/verdict.ts'
import { receivedAt } from '../../fixtures/quirk-fixture.ts'

function verdictOn(text: string, ...repairsOff: readonly string[]): Verdict {
  const task = {
    version: '1.6',
    strictness: 'lenient',
    chargePointKey: 1,
    receivedAtMs: Date.parse(receivedAt),
  } as const
  return examine({ ...task, text, repairsOff }).verdict
}

const status = (fields: object): string =>
  JSON.stringify([
    2,
    '1',
    'StatusNotification',
    { connectorId: 1, errorCode: 'NoError', status: 'Available', ...fields },
  ])

describe('a repair that is switched off', () => {
  test.each([
    ['enumCase', status({ errorCode: 'noerror' }), 'PropertyConstraintViolation', '"errorCode" is "noerror"'],
    ['extraField', status({ more: 1 }), 'FormatViolation', '"more"'],
    ['textForValue', status({ connectorId: '1' }), 'TypeConstraintViolation', '"connectorId" is a string'],
    ['nullField', status({ info: null }), 'TypeConstraintViolation', '"info"'],
    ['timeWithoutZone', status({ timestamp: '2026-01-31T12:00:00' }), 'PropertyConstraintViolation', '"timestamp"'],
    ['messageIdNotText', status({}).replace('"1"', '1'), 'FormatViolation', 'The message id is a number'],
    ['brokenJson', '[2,"1","Heartbeat",{"a":,}]', 'FormatViolation', ''],
  ])('%s: refuses what it would have repaired, and says what was sent', (code, text, refusedWith, sentence) => {
    expect(verdictOn(text).kind).toBe('call')
    expect(verdictOn(text, 'formatNotMet').kind).toBe('call')
    const description = expect.stringContaining(sentence)
    expect(verdictOn(text, code)).toMatchObject({ kind: 'refused', code: refusedWith, description })
  })

  test('refuses no transaction message, whatever is wrong with it', () => {
    const start = '"connectorId":"1","idTag":4711,"meterStart":0,"timestamp":"2026-01-31 12:00","more":1'
    const off = [
      'textForValue',
      'valueForText',
      'timeFormat',
      'timeWithoutZone',
      'extraField',
      'messageIdNotText',
      'brokenJson',
    ]
    expect(verdictOn(`[2,1,"StartTransaction",{${start}}]`, ...off).kind).toBe('call')
    expect(verdictOn(`[2,"1","StartTransaction",{${start},"reservationId":,}]`, ...off).kind).toBe('call')
  })

  test('leaves a clock that is off as it was sent, and other repairs go on', () => {
    const text = status({ timestamp: '1970-01-01T00:00:00Z', more: 1 })
    const verdict = verdictOn(text, 'clockOff')
    expect(verdict).toMatchObject({ kind: 'call', payload: { timestamp: '1970-01-01T00:00:00Z' } })
    expect(verdict.kind === 'call' && verdict.quirks.map(({ code }) => code)).toEqual(['extraField'])
  })
})
