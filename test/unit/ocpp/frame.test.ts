import { describe, expect, test } from 'bun:test'
import { frameDepthMax } from '../../../src/base/limits.ts'
import {
  encodeCall,
  encodeCallError,
  encodeCallResultError,
  encodeCallResult,
  parseFrame,
  peekFrameType,
} from '../../../src/ocpp/frame.ts'
import { nestsTooDeep } from '../../../src/ocpp/json-shape.ts'
import { ocppVersions } from '../../../src/ocpp/version.ts'

describe('reading a frame', () => {
  test('a CALL gives its id, action and payload', () => {
    expect(parseFrame('[2,"19223201","Heartbeat",{"a":1}]', '1.6')).toEqual({
      kind: 'call',
      messageId: '19223201',
      action: 'Heartbeat',
      payload: { a: 1 },
      quirks: [],
    })
  })

  test('a CALLRESULT gives its id and payload, null being an empty one', () => {
    expect(parseFrame('[3,"1",{"status":"Accepted"}]', '2.0.1')).toEqual({
      kind: 'result',
      messageId: '1',
      payload: { status: 'Accepted' },
    })
    expect(parseFrame('[3,"1",null]', '2.0.1')).toEqual({ kind: 'result', messageId: '1', payload: {} })
  })

  test('a CALLERROR is read even when it lacks its description and details', () => {
    expect(parseFrame('[4,"1","NotSupported","no",{"b":2}]', '1.6')).toEqual({
      kind: 'error',
      messageId: '1',
      code: 'NotSupported',
      description: 'no',
      details: { b: 2 },
    })
    expect(parseFrame('[4,"1","GenericError"]', '1.6')).toMatchObject({ kind: 'error', description: '', details: {} })
  })

  test.each([
    ['[4,"1"]', '', '', {}],
    ['[4,"1",null,null,null]', '', '', {}],
    ['[4,"1",7]', '7', '', {}],
    ['[4,"1",500,42]', '500', '42', {}],
    ['[4,"1","GenericError",{"why":"because"}]', 'GenericError', '', { why: 'because' }],
    ['[4,"1",{"code":1},[],"details"]', '', '', {}],
  ])('a CALLERROR is read however odd its elements are: %s', (text, code, description, details) => {
    expect(parseFrame(text, '1.6')).toEqual({ kind: 'error', messageId: '1', code, description, details })
  })

  test('an id that is no text of reasonable length cannot be answered to', () => {
    for (const id of ['null', '{}', '[]', 'true', `"${'x'.repeat(256)}"`]) {
      const frame = parseFrame(`[2,${id},"Heartbeat",{}]`, '2.0.1')
      expect(frame).toMatchObject({ kind: 'unreadable', code: 'RpcFrameworkError' })
      expect(frame).not.toHaveProperty('messageId')
    }
  })

  test('a broken CALL shows its id when the text begins with one', () => {
    expect(parseFrame('[2,"abc","Heartbeat",{', '1.6')).toMatchObject({
      kind: 'unreadable',
      messageId: 'abc',
      isAnswerable: true,
      code: 'FormatViolation',
    })
    expect(parseFrame('[2,"abc', '1.6')).not.toHaveProperty('messageId')
  })

  test.each(['[3,"abc",{', '[4,"abc","GenericError"', '[5,"abc",', '[3,"abc",7]', '[3,null,{}]'])(
    'what may be an answer is never answered: %s',
    (text) => {
      for (const version of ocppVersions) {
        expect(parseFrame(text, version)).toMatchObject({ kind: 'unreadable', isAnswerable: false })
      }
    },
  )

  test.each(['[7,"abc","Heartbeat",{}]', '["2","abc","Heartbeat",{}]', '[-2,"abc","Heartbeat",{}]'])(
    'a message type that nobody knows says so under its id: %s',
    (text) => {
      expect(parseFrame(text, '2.0.1')).toMatchObject({ messageId: 'abc', code: 'MessageTypeNotSupported' })
    },
  )

  test.each(['{}', '"text"', 'null', '7', '[]', '', 'x'])('text that is no frame is unreadable: %s', (text) => {
    expect(parseFrame(text, '1.6').kind).toBe('unreadable')
    expect(parseFrame(text, '1.6')).not.toHaveProperty('messageId')
  })

  test('a payload that is no object is refused under the id and the action', () => {
    for (const payload of ['[]', '"x"', '7', 'false']) {
      expect(parseFrame(`[2,"1","Heartbeat",${payload}]`, '1.6')).toMatchObject({
        kind: 'unreadable',
        messageId: '1',
        action: 'Heartbeat',
        code: 'FormatViolation',
      })
    }
  })

  test('an action that is no name is refused under the id', () => {
    for (const action of ['7', 'null', '""', '{}']) {
      expect(parseFrame(`[2,"1",${action},{}]`, '2.0.1')).toMatchObject({ kind: 'unreadable', messageId: '1' })
    }
  })
})

describe('reading a SEND', () => {
  const text = '[6,"abc","NotifyPeriodicEventStream",{"id":1}]'

  test('gives its id, action and payload under 2.1', () => {
    expect(parseFrame(text, '2.1')).toEqual({
      kind: 'send',
      messageId: 'abc',
      action: 'NotifyPeriodicEventStream',
      payload: { id: 1 },
      quirks: [],
    })
  })

  test.each(['1.6', '2.0.1'] as const)('finds a message type that %s does not know', (version) => {
    expect(parseFrame(text, version)).toMatchObject({
      kind: 'unreadable',
      messageId: 'abc',
      isAnswerable: true,
      code: 'MessageTypeNotSupported',
    })
  })

  test.each([
    '[6,"abc","NotifyPeriodicEventStream",[]]',
    '[6,"abc",7,{}]',
    '[6,"abc"]',
    '[6,null,"NotifyPeriodicEventStream",{}]',
    '[6,"abc","NotifyPeriodicEventStream",{"id":',
  ])('that cannot be read is not answered under 2.1: %s', (broken) => {
    expect(parseFrame(broken, '2.1')).toMatchObject({ kind: 'unreadable', isAnswerable: false })
  })
})

describe('reading a CALLRESULTERROR', () => {
  const text = '[5,"abc","FormatViolation","no such field",{"path":"/status"}]'

  test('gives its code, description and details under 2.1', () => {
    expect(parseFrame(text, '2.1')).toEqual({
      kind: 'resultError',
      messageId: 'abc',
      code: 'FormatViolation',
      description: 'no such field',
      details: { path: '/status' },
    })
    expect(parseFrame('[5,"abc"]', '2.1')).toMatchObject({ kind: 'resultError', code: '', details: {} })
  })

  test.each(['1.6', '2.0.1'] as const)('finds a message type that %s does not know and does not answer', (version) => {
    expect(parseFrame(text, version)).toMatchObject({ kind: 'unreadable', isAnswerable: false })
  })

  test('what is written is read again', () => {
    expect(encodeCallResultError('abc', 'FormatViolation', 'no such field', { path: '/status' })).toBe(text)
  })
})

describe('the message type at a glance', () => {
  test.each([
    ['[2,"1","Heartbeat",{}]', 2],
    [' \r\n\t[ 3 ,"1",{}]', 3],
    ['[4]', 4],
    ['[17,', 17],
    ['[2', null],
    ['[2"1"', null],
    ['["2"]', null],
    ['[-2,', null],
    ['[2.0,', null],
    ['[1234,', null],
    ['[]', null],
    ['{"2":1}', null],
    ['', null],
  ])('of %j is %p', (text, type) => {
    expect(peekFrameType(text)).toBe(type)
  })
})

describe('writing a frame', () => {
  test('what is written is read again', () => {
    const payload = { text: '"\\\u0000é', list: [1, null] }
    expect(parseFrame(encodeCall('id"1', 'Reset', payload), '1.6')).toMatchObject({ messageId: 'id"1', payload })
    expect(parseFrame(encodeCallResult('id"1', payload), '1.6')).toMatchObject({ messageId: 'id"1', payload })
    expect(parseFrame(encodeCallError('1.6', 'id"1', 'SecurityError', 'no', payload), '1.6')).toMatchObject({
      messageId: 'id"1',
      code: 'SecurityError',
      details: payload,
    })
  })

  test('error codes are spelt as the version spells them', () => {
    const spelt = (version: '1.6' | '2.0.1', code: 'FormatViolation' | 'OccurrenceConstraintViolation'): unknown =>
      JSON.parse(encodeCallError(version, '1', code, '', {}))[2]
    expect(spelt('1.6', 'FormatViolation')).toBe('FormationViolation')
    expect(spelt('2.0.1', 'FormatViolation')).toBe('FormatViolation')
    expect(spelt('1.6', 'OccurrenceConstraintViolation')).toBe('OccurenceConstraintViolation')
    expect(spelt('2.0.1', 'OccurrenceConstraintViolation')).toBe('OccurrenceConstraintViolation')
  })

  test('an error holds no half of a surrogate pair, but for the message id', () => {
    const text = encodeCallError('2.0.1', '\ud83d', 'GenericError', `${'x'.repeat(254)}🔌`, { path: '🔌'.slice(0, 1) })
    const [, id, , description, details] = JSON.parse(text)
    expect([id, description, details]).toEqual(['\ud83d', `${'x'.repeat(254)}\uFFFD`, { path: '\uFFFD' }])
  })

  test('an error description is cut to 255 characters', () => {
    expect(JSON.parse(encodeCallError('2.0.1', '1', 'GenericError', 'x'.repeat(300), {}))[3]).toHaveLength(255)
  })
})

describe('depth', () => {
  test('is counted outside of text only', () => {
    expect(nestsTooDeep(JSON.stringify(['[{'.repeat(100), '\\"[['.repeat(100)]))).toBe(false)
  })

  test('is too deep past the limit, of lists and objects alike', () => {
    const nested = (levels: number): string => `${'[{"a":'.repeat(levels / 2)}1${'}]'.repeat(levels / 2)}`
    expect(nestsTooDeep(nested(frameDepthMax))).toBe(false)
    expect(nestsTooDeep(nested(frameDepthMax + 2))).toBe(true)
  })

  test('many neighbours are not deep', () => {
    expect(nestsTooDeep(JSON.stringify(Array.from({ length: 1000 }, () => [{}])))).toBe(false)
  })
})
