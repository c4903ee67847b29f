import { describe, expect, test } from 'bun:test'
import { frameDepthMax, jsonValuesMax } from '../../../src/base/limits.ts'
import { readAnswer, readLongAnswer } from '../../../src/examine/answer.ts'
import type { Strictness } from '../../../src/ocpp/verdict.ts'
import type { OcppVersion } from '../../../src/ocpp/version.ts'
import { resultAnswer } from '../../support/read-answer.ts'

function read(text: string, answerTo: string, version: OcppVersion = '1.6', strictness: Strictness = 'lenient') {
  return readAnswer({ text, version, strictness, answerTo })
}

/** What a lenient charge point's payload is read as, and the codes of its quirks. */
function repaired(answerTo: string, sent: unknown, version: OcppVersion = '1.6') {
  const answer = read(JSON.stringify([3, 'a', sent]), answerTo, version)
  if (answer.kind !== 'result') throw new Error(`it was read as ${answer.kind}`)
  return {
    payload: answer.payload,
    codes: answer.quirks.map(({ code }) => code),
    paths: answer.problems.map(({ path }) => path),
  }
}

describe('an answer', () => {
  test('that is as its schema says is taken as it is', () => {
    expect(read('[3,"a",{"status":"Accepted"}]', 'Reset')).toEqual(resultAnswer({ status: 'Accepted' }))
  })

  test('in broken JSON is read by lenient and unreadable to strict', () => {
    const text = '[3,"a",{"configurationKey":],"unknownKey":["MeterValuesSampledData",]}]'
    expect(read(text, 'GetConfiguration')).toMatchObject({
      kind: 'result',
      payload: { configurationKey: [], unknownKey: ['MeterValuesSampledData'] },
      problems: [],
      quirks: [{ code: 'brokenJson', path: '' }],
    })
    expect(read(text, 'GetConfiguration', '1.6', 'strict')).toMatchObject({ kind: 'unreadable' })
  })

  test.each([
    '[3,"a",{"status":"Accepted"',
    '[3,"a","Accepted"]',
    '[3,"a",[]]',
    '[3,"a",7]',
    '[5,"a",{}]',
    `[3,"a",{"a":${'['.repeat(frameDepthMax)}${']'.repeat(frameDepthMax)}}]`,
    `[4,"a","GenericError","",{"a":${'['.repeat(frameDepthMax)}${']'.repeat(frameDepthMax)}}]`,
    `[3,"a",${'['.repeat(100_000)}`,
    `[3,"a",{"a":[${'0,'.repeat(jsonValuesMax)}0]}]`,
    `[3,"a",{"a":[${'{},'.repeat(jsonValuesMax)}]}]`,
  ])('that cannot be read even so says why: %.60s', (text) => {
    for (const strictness of ['lenient', 'strict'] as const) {
      expect(read(text, 'Reset', '1.6', strictness)).toEqual({
        kind: 'unreadable',
        code: 'FormatViolation',
        problem: expect.stringMatching(/^(The|It) .+\.$/),
      })
    }
  })

  test('that is an error gives what there is of it', () => {
    expect(read('[4,"a","NotSupported"]', 'Reset')).toEqual({
      kind: 'error',
      code: 'NotSupported',
      description: '',
      details: {},
    })
    expect(read('[4,"a","GenericError","oops",{"a":}]', 'Reset')).toMatchObject({ kind: 'error', description: 'oops' })
  })

  test('of many values is read up to their limit', () => {
    // The frame, its type, its id, its payload, and the list in it.
    const values = Array.from({ length: jsonValuesMax - 5 }, () => 0)
    expect(read(JSON.stringify([3, 'a', { values }]), 'Reset')).toMatchObject({ kind: 'result', payload: { values } })
    expect(read(JSON.stringify([3, 'a', { values: [...values, 0] }]), 'Reset')).toEqual({
      kind: 'unreadable',
      code: 'FormatViolation',
      problem: `It has more than ${jsonValuesMax} values.`,
    })
  })

  test('that is long stays a text after repairs, with its status beside it', () => {
    const text = `[3,"a",{"status":"accepted","x":"${'y'.repeat(5_000)}"}]`
    const task = { text, version: '1.6', strictness: 'lenient', answerTo: 'Reset' } as const
    expect(readLongAnswer(task)).toMatchObject({
      kind: 'longResult',
      text: `{"status":"Accepted","x":"${'y'.repeat(5_000)}"}`,
      status: 'Accepted',
      problems: [{ path: '/x' }, { path: '/status' }],
      quirks: [{ code: 'enumCase' }],
    })
    expect(readLongAnswer({ ...task, text: '[3,"a",7]' })).toMatchObject({ kind: 'unreadable' })
    expect(readLongAnswer({ ...task, text: '[3,"a",{}]' })).toMatchObject({ text: '{}', status: null })
  })
})

describe('the payload of an answer, leniently', () => {
  test.each([
    ['Reset', { status: 'accepted' }, { status: 'Accepted' }, 'enumCase'],
    ['Reset', { status: 'Accep ted' }, { status: 'Accepted' }, 'straySpace'],
    ['GetLocalListVersion', { listVersion: '3' }, { listVersion: 3 }, 'textForValue'],
    ['GetLocalListVersion', { listVersion: '3,0' }, { listVersion: 3 }, 'decimalComma'],
    [
      'GetConfiguration',
      { configurationKey: { key: 'A', readonly: 'false', value: 7 } },
      { configurationKey: [{ key: 'A', readonly: false, value: '7' }] },
      'objectForArray',
    ],
    ['GetConfiguration', { unknownKey: 'A' }, { unknownKey: ['A'] }, 'objectForArray'],
    ['GetConfiguration', { configurationKey: null }, {}, 'nullField'],
    [
      'GetCompositeSchedule',
      { status: 'Accepted', scheduleStart: '2026-01-31 12:00:00' },
      { status: 'Accepted', scheduleStart: '2026-01-31T12:00:00.000Z' },
      'timeWithoutZone',
    ],
    [
      'GetCompositeSchedule',
      { status: 'Accepted', chargingSchedule: [{ chargingRateUnit: 'A', chargingSchedulePeriod: [] }] },
      { status: 'Accepted', chargingSchedule: { chargingRateUnit: 'A', chargingSchedulePeriod: [] } },
      'arrayForObject',
    ],
  ])('%s %j is read as %j', (answerTo, sent, meant, code) => {
    const { payload, codes, paths } = repaired(answerTo, sent)
    expect(payload).toEqual(meant)
    expect(codes).toContain(code)
    expect(paths).not.toEqual([])
  })

  test.each([
    ['Reset', {}],
    ['Reset', { status: null }],
    ['Reset', { status: 'Perhaps', mood: 'good' }],
    ['Reset', { status: ['Accepted'] }],
    ['GetLocalListVersion', { listVersion: 'three' }],
    ['GetLocalListVersion', { listVersion: 1.5 }],
    ['GetConfiguration', { configurationKey: 'none' }],
    ['GetConfiguration', { configurationKey: [{ key: 'x'.repeat(51) }] }],
    ['GetCompositeSchedule', { status: 'Accepted', scheduleStart: 'soon' }],
  ])('%s %j stays as it came: nothing is invented, nothing is removed, and it is noted', (answerTo, sent) => {
    const { payload, codes, paths } = repaired(answerTo, sent)
    expect(payload).toEqual(sent)
    expect(codes).toEqual([])
    expect(paths).not.toEqual([])
  })

  test('of 2.0.1 is repaired at any depth', () => {
    const result = {
      attributeStatus: 'ACCEPTED',
      attributeValue: 30,
      component: { name: 'A' },
      variable: { name: 'B' },
    }
    expect(repaired('GetVariables', { getVariableResult: result }, '2.0.1').payload).toEqual({
      getVariableResult: [{ ...result, attributeStatus: 'Accepted', attributeValue: '30' }],
    })
  })
})
