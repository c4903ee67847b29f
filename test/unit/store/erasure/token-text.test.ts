// Which values of stored text are an id token, and that nothing else of the text changes.

import { describe, expect, test } from 'bun:test'
import { type ErasedToken, eraseIn, type TextKind } from '../../../../src/store/erasure/token-text.ts'

const pseudonym = 'ERASED-7KQ2M9XWB4TD'

function token(key: string, more: Partial<ErasedToken> = {}): ErasedToken {
  return { key, pseudonym, isWord: false, isOther: () => false, ...more }
}

/** `text` with `<…>` around what is to be erased; with the pseudonym there, and with its content. */
function expectErased(marked: string, key: string, kind: TextKind = 'json', more: Partial<ErasedToken> = {}): void {
  const text = marked.replace(/<([^>]*)>/g, '$1')
  expect(eraseIn(text, kind, token(key, more))).toBe(marked.replace(/<[^>]*>/g, pseudonym))
}

describe('an id token in JSON', () => {
  test.each([
    ['a member', '{"idTag":"<AB>"}'],
    ['in any letter case', '{"idTag":"<aB>","parentIdTag":"<Ab>"}'],
    ['with escapes', '{"idTag":"<\\u0041\\u0062>"}'],
    ['the element of an array', '{"additionalInfo":["<AB>","C"]}'],
    ['with spaces and line ends', '{ "idTag" :\n\t"<AB>" , "x" : 1.0 }'],
    ['in objects', '{"idToken":{"idToken":"<AB>","type":"Central","groupIdToken":{"idToken":"<ab>","type":"Local"}}}'],
    ['the data of a vendor', '{"vendorId":"V","data":"<AB>"}'],
    ['JSON in a string', '{"data":"{\\"card\\":\\"<AB>\\",\\"n\\":1}"}'],
    ['JSON in JSON in a string', '{"data":"{\\"inner\\":\\"{\\\\\\"card\\\\\\":\\\\\\"<AB>\\\\\\"}\\"}"}'],
    ['JSON within signed data', '{"signedMeterData":"OCMF|{\\"ID\\":\\"<AB>\\"}|{\\"SA\\":\\"x\\"}"}'],
    ['the name of a member', '{"cards":{"<AB>":true}}'],
    ['with a suffix of a charge point', '{"idTag":"<AB>_4711"}'],
  ])('is replaced as %s', (_, marked) => expectErased(marked, 'ab'))

  test.each([
    '{"idTag":"ABC"}',
    '{"idTag":"xAB"}',
    '{"idTag":"A"}',
    '{"info":"card AB was refused"}',
    '{"data":"AB_1"}',
    '{"idTag":"ABC_1"}',
    '{"idTag":"_AB"}',
    '{"transactionId":"AB"}',
    '{"sampledValue":[{"value":"AB"}]}',
    '{"idTag":"","n":null}',
  ])('is not found in %s', (text) => expect(eraseIn(text, 'json', token('ab'))).toBe(text))

  test('with a suffix is left where that is another id token', () => {
    const isOther = (key: string): boolean => key === 'ab_1'
    expectErased('{"idTag":"AB_1","parentIdTag":"<AB>_2"}', 'ab', 'json', { isOther })
  })

  test('that has a suffix itself is no token with a suffix', () => {
    expectErased('[{"idTag":"<AB_1>"},{"idTag":"AB_1_2"},{"idTag":"AB"}]', 'ab_1')
  })

  test('of digits is found as a number, and is no measured value, setting or number of a transaction', () => {
    expectErased('{"transactionId":"4711","parentIdTag":"<4711>"}', '4711')
    expectErased('{"key":"Interval","value":"4711"}', '4711')
    expectErased('{"sampledValue":[{"value":"4711","unit":"Wh"},{"value":"4711"}],"data":"<4711>"}', '4711')
    const asNumber = eraseIn('{"idTag":4711,"meterStart":4711}', 'json', token('4711'))
    expect(asNumber).toBe(`{"idTag":"${pseudonym}","meterStart":4711}`)
    const inString = eraseIn('{"data":"{\\"idTag\\":4711}"}', 'json', token('4711'))
    expect(JSON.parse(JSON.parse(inString).data)).toEqual({ idTag: pseudonym })
  })

  test('of digits is no number that was sent as text', () => {
    expectErased('{"connectorId":"1","idTag":"<1>","meterStart":"1","info":"<1>"}', '1')
    expectErased('{"seqNo":"7","evse":{"id":"7","connectorId":"7"},"idToken":{"idToken":"<7>"}}', '7')
  })

  test("of digits is no vendor's code, which another one may be", () => {
    expectErased('{"vendorErrorCode":"4711","info":"<4711>"}', '4711')
    expectErased('4711', '4711', 'code')
    expectErased('<AB>', 'ab', 'code')
    expectErased('{"vendorErrorCode":"<AB>"}', 'ab')
  })

  test('of digits is found in a setting that holds an id token, and in no other one', () => {
    const one = '{"key":"FreevendIdTag","readonly":false,"value":"<4711>"}'
    expectErased(`{"configurationKey":[${one},{"value":"4711","key":"Interval"}]}`, '4711')
    const variable = '"component":{"name":"AuthCtrlr"},"variable":{"name":"MasterPassGroupId"}'
    expectErased(`[{${variable},"variableAttribute":[{"value":"<4711>"}]},{"attributeValue":"4711"}]`, '4711')
    expectErased('{"key":"FreevendIdTag","value":"<4711>"},{"name":"Interval","value":"4711"}', '4711')
  })

  test('is found in the detail of a quirk, as it was sent', () => {
    const detail = '{"quirk":"numberAsText","path":"/idToken/idToken","sent":4711}'
    expect(eraseIn(detail, 'json', token('4711'))).toBe(detail.replace('4711', `"${pseudonym}"`))
    expectErased('{"path":"/meterStart","sent":"4711"}', '4711')
  })

  test('that is a word of OCPP is replaced only where an id token stands by its name', () => {
    expectErased('{"status":"Available","idTag":"<Available>"}', 'available', 'json', { isWord: true })
  })

  test('with characters that JSON escapes, or beyond ASCII, is found', () => {
    expectErased('{"idTag":"<A\\"\\\\\\/B>"}', 'a"\\/b')
    expectErased('{"idTag":"<\\u00c4RGER>","parentIdTag":"<ärger>","x":"Ärgernis"}', 'ärger')
  })
})

describe('an id token in a frame', () => {
  test.each([
    ['a CALL', '[2,"AB","Authorize",{"idTag":"<AB>"}]'],
    ['a CALLRESULT', '[3,"AB",{"idTagInfo":{"status":"Accepted","parentIdTag":"<ab>"}}]'],
    ['a frame that was cut', '[2,"1","Authorize",{"idTag":"<AB>"'],
    ['a frame that was cut in the token', '[2,"1","Authorize",{"idTag":"<AB>'],
    ['a frame without its payload', '[2,"1","Authorize","idTag":"<AB>"}'],
    ['a frame that is no array', '"idTag": "<AB>"'],
    ['a frame with too many brackets', '[2,"1","Authorize",{"a":1}}]]],"idTag":"<AB>"'],
  ])('is replaced in %s', (_, marked) => expectErased(marked, 'ab', 'frame'))
})

describe('an id token in a column of text', () => {
  test('is the whole value', () => {
    expectErased('<aB>', 'ab', 'value')
    expectErased('ABC', 'ab', 'value')
    expectErased('AB_1', 'ab', 'value')
    expectErased('<AB>_1', 'ab', 'idToken')
    expectErased('{"card":"<AB>"}', 'ab', 'value')
  })

  test('is found in the path of a request', () => {
    expectErased('GET /api/id-tags/<A%20B>: not an operator', 'a b', 'path')
    expectErased('GET /api/id-tags/ABC/erase', 'ab', 'path')
  })
})

test('what takes the place of a key of the earlier ledger depends on the whole key', () => {
  const erased = (ref: string): string => eraseIn(ref, 'ref', token('ab'))
  expect(erased('start:1:0:2026-01-01T00:00:00Z:AB')).toMatch(/^erased:[\w-]{43}$/)
  expect(erased('start:1:0:2026-01-01T00:00:00Z:AB#-123')).toMatch(/^erased:[\w-]{43}$/)
  expect(erased('start:1:0:2026-01-01T00:00:00Z:ABC')).toBe('start:1:0:2026-01-01T00:00:00Z:ABC')
  expect(erased('start:1:0:2026-01-01T00:00:00Z:AB')).not.toBe(erased('start:2:0:2026-01-01T00:00:00Z:AB'))
})
