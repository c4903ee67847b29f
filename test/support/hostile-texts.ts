// Hostile frames that no schema knows: text that is no JSON, envelopes that are none, answers that nobody asked for,
// and texts on which the patterns that hide secrets could be slow.

import {
  type Filler,
  inHole,
  listOf,
  nested,
  objectOf,
  quoted,
  repeated,
  specialTexts,
  wrapped,
} from './hostile-fill.ts'
import { callOf, type HostileGroup, type HostileShape, messageIdOf } from './hostile-shape.ts'

type Draft = readonly [what: string, make: HostileShape['make']]

/** Patterns that are no JSON, or none where they stand. */
const brokenPatterns: Readonly<Record<string, string>> = {
  'quotes and backslashes': '"\\',
  'backslashes and quotes': '\\"',
  'quotes and pairs of backslashes': '"\\\\',
  quotes: '"',
  backslashes: '\\',
  'quotes and letters': '"x',
  'quotes and line ends': '"\n',
  'empty texts': '""',
  'single quotes': "'",
  'brackets that open': '[',
  'brackets that close': ']',
  'braces that open': '{',
  'braces that close': '}',
  'empty lists without commas': '[]',
  'empty objects without commas': '{}',
  'brackets and commas': '[,',
  'braces and colons': '{:',
  commas: ',',
  colons: ':',
  'colons and commas': ':,',
  'commas and brackets': ',]',
  zeros: '0',
  'plus signs': '+',
  'minus signs': '-',
  dots: '.',
  digits: '9',
  'zeros and dots': '0.',
  'plus signs and zeros': '+0',
  'digits and letters e': '1e',
  letters: 'a',
  'letters and spaces': 'a ',
  'words that are no JSON': 'NaN,',
  'words of Python': 'True,None,',
  'words without commas': 'undefined ',
  'numbers of odd firmware': '+007.,',
  spaces: ' ',
  tabs: '\t',
  'line ends': '\r\n',
  'byte order marks': '\uFEFF',
  NULs: '\u0000',
  'no-break spaces': '\u00a0',
  'control characters': '\u0001\u001f',
  'half surrogates': '\ud800',
  emoji: '🔌',
}

function unreadableDrafts(): Draft[] {
  return Object.entries(brokenPatterns).flatMap(([what, pattern]) => {
    const call = (head: string, tail: string): HostileShape['make'] =>
      callOf('"Heartbeat"', inHole(head, repeated(pattern), tail))
    return [
      [`only ${what}`, repeated(pattern)],
      [`${what} behind the message id`, call('', '')],
      [`${what} before a letter`, call('{"a":', 'x}')],
      [`${what} before the end of a value`, call('{"a":', '}')],
      [`${what} in a text that does not end`, call('{"a":"', '')],
      [`${what} before a frame`, inHole('', repeated(pattern), `[2,"${messageIdOf(0)}","Heartbeat",{}]`)],
      [`${what} behind a frame`, inHole(`[2,"${messageIdOf(0)}","Heartbeat",{}]`, repeated(pattern), '')],
      [`${what} within the head`, inHole('[2', repeated(pattern), `,"${messageIdOf(0)}","Heartbeat",{}]`)],
    ] satisfies Draft[]
  })
}

const largeValues: Readonly<Record<string, Filler>> = {
  'an endless text': quoted('x'),
  'escaped quotes': quoted('\\"'),
  'a list of objects': listOf(() => '{}'),
  'a list of numbers': listOf((index) => String(index)),
  'thousands of fields': objectOf((index) => `"k${index}":1`),
  'nested lists': nested('[', '', ']'),
  'nested objects': nested('{"a":', '1', '}'),
  digits: repeated('9'),
  'quotes and backslashes': repeated('"\\'),
}

/** Frames that answer a CALL which was never made. */
function answerDrafts(): Draft[] {
  return [3, 4, 5].flatMap((type) =>
    Object.entries(largeValues).flatMap(([what, fill]) => {
      const head = (number: number): string => `[${type},"${messageIdOf(number)}",`
      const make =
        (before: string, after: string): HostileShape['make'] =>
        (characters, number) =>
          inHole(head(number) + before, fill, after)(characters, number)
      return [
        [`type ${type} with ${what}`, make('', ']')],
        [`type ${type} with a field of ${what}`, make('{"a":', '}]')],
        ...(type === 4
          ? ([
              [`type 4 with a description of ${what}`, make('"GenericError",', ',{}]')],
              [`type 4 with details of ${what}`, make('"GenericError","",', ']')],
            ] satisfies Draft[])
          : []),
      ] satisfies Draft[]
    }),
  )
}

function envelopeDrafts(): Draft[] {
  const values = {
    ...largeValues,
    ...Object.fromEntries(Object.entries(specialTexts).map(([what, text]) => [what, quoted(text)])),
  }
  return Object.entries(values).flatMap(
    ([what, fill]) =>
      [
        [`a message id of ${what}`, inHole('[2,', fill, ',"Heartbeat",{}]')],
        [
          `an action of ${what}`,
          (characters, number) => inHole(`[2,"${messageIdOf(number)}",`, fill, ',{}]')(characters, number),
        ],
        [`a payload that is ${what}`, callOf('"Heartbeat"', fill)],
        [`a fifth element of ${what}`, callOf('"Heartbeat"', inHole('{},', fill, ''))],
        [`a message type of ${what}`, inHole('[', fill, `,"${messageIdOf(0)}","Heartbeat",{}]`)],
        [`an action that nobody knows, with ${what}`, callOf('"NoSuchAction"', inHole('{"a":', fill, '}'))],
      ] satisfies Draft[],
  )
}

/**
 * Texts on which a pattern for passwords may look again and again; each also beside the name of a key that holds one.
 */
const secretPatterns: Readonly<Record<string, string>> = {
  'letters that may begin a URL': 'a',
  'beginnings of URLs': 'a://',
  'URLs with users': 'a://b:',
  'names of passwords': 'password',
  'names of passwords in quotes': '\\"password',
  'names of secrets before colons': '\\"secret\\":',
  'passwords before spaces': 'password ',
  'passwords before equal signs': 'password=',
  'passwords in single quotes': "password='",
  'headers that do not end': 'authorization ',
  'headers without a value': 'authorization: basic ',
  'keys in headers': 'x-api-key:',
  'names of keys': 'AuthorizationKey',
  'escaped values': '\\"value\\":\\"',
}

function secretDrafts(): Draft[] {
  const head = '{"vendorId":"AuthorizationKey BasicAuthPassword","data":'
  const call = (fill: Filler): HostileShape['make'] => callOf('"DataTransfer"', inHole(head, fill, '}'))
  const broken = (fill: Filler): HostileShape['make'] => callOf('"DataTransfer"', inHole(head, fill, ''))
  return [
    ...Object.entries(secretPatterns).map(([what, pattern]): Draft => [what, call(quoted(pattern))]),
    ['values, thousands of them', call(listOf(() => '{"value":"x"}'))],
    ['values of escapes', call(listOf(() => '{"value":"\\\\\\""}'))],
    ['values that do not end', broken(repeated('"value":"\\'))],
    ['values before spaces', call(wrapped('{"value"', ' ', ':1}'))],
    ['names of values before spaces', call(listOf(() => '{"value"    :1}'))],
    ['fields whose names hold passwords', call(objectOf((index) => `"password${index}":"x"`))],
    ['a field whose name is passwords', call(wrapped('{"', 'password', '":1}'))],
    ['fields before quotes that do not end', broken(repeated('"password":"\\'))],
  ]
}

/**
 * Shapes that do not follow from the schemas. They count as 1.6, but every version may be sent them: what is done with
 * them does not depend on it.
 */
export function textShapes(): HostileShape[] {
  const groups: readonly (readonly [HostileGroup, readonly Draft[]])[] = [
    ['envelopes', envelopeDrafts()],
    ['secrets', secretDrafts()],
    ['unreadable', unreadableDrafts()],
    ['answers', answerDrafts()],
  ]
  return groups.flatMap(([group, drafts]) =>
    drafts.map(([what, make]) => ({ name: `${group}: ${what}`, group, version: '1.6', make })),
  )
}
