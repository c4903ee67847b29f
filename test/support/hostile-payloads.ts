// Hostile frames that are JSON: every message that a charge point may send and Stator serves, with one place of it
// filled.

import type { JsonSchema } from '../../src/ocpp/json-schema.ts'
import { tables } from '../../src/blocks/messages.ts'
import { type Filler, inHole, listOf, nested, objectOf, quoted, repeated, specialTexts } from './hostile-fill.ts'
import { callOf, type HostileGroup, type HostileShape } from './hostile-shape.ts'
import { fullestSample, part, resolve, smallestSample } from './schema-sample.ts'
import { type OcppVersion, ocppVersions } from '../../src/ocpp/version.ts'

/** A place in a message: a list, an object or a value, by its JSON pointer. */
interface Place {
  readonly path: string
  readonly schema: JsonSchema
}

interface Message {
  readonly version: OcppVersion
  readonly action: string
  readonly root: JsonSchema
  readonly places: readonly Place[]
}

/** Stands in a payload where its hole is. */
const holeMark = '\u0001hole\u0001'

function messages(): Message[] {
  return ocppVersions.flatMap((version) =>
    Object.entries(tables[version])
      .filter(([, row]) => row.direction !== 'toChargePoint')
      .map(([action, { request }]) => ({ version, action, root: request, places: placesOf(request, request, '') })),
  )
}

function placesOf(given: JsonSchema, root: JsonSchema, path: string): Place[] {
  const schema = resolve(given, root)
  const inner = (field: unknown, step: string): Place[] => placesOf(part(field), root, `${path}/${step}`)
  const own: Place = { path, schema }
  if (schema.type === 'array') return [own, ...inner(schema.items, '0')]
  if (schema.type !== 'object') return [own]
  return [own, ...Object.entries(part(schema.properties ?? {})).flatMap(([name, field]) => inner(field, name))]
}

/** The frame of a message whose fullest payload has a hole at `path`. */
function frameWithHole({ action, root }: Message, path: string, fill: Filler): HostileShape['make'] {
  const payload = path === '' ? JSON.stringify(holeMark) : JSON.stringify(withHole(fullestSample(root), path))
  const [head = '', tail = ''] = payload.split(JSON.stringify(holeMark))
  return callOf(JSON.stringify(action), inHole(head, fill, tail))
}

function withHole(payload: Record<string, unknown>, path: string): Record<string, unknown> {
  const steps = path.split('/').slice(1)
  const last = steps.pop() ?? ''
  let holder: unknown = payload
  for (const step of steps) holder = Reflect.get(part(holder), step)
  Reflect.set(part(holder), last, holeMark)
  return payload
}

const sampleTime = '2026-01-31T12:00:00Z'
const firstTimeMs = Date.parse(sampleTime)
const elementsMax = 100_000

/** An element of a list, each at another time and under another name, so that no two of them are one fact. */
function distinct(element: unknown): (index: number, number: number) => string {
  const text = JSON.stringify(element)
  return (index, number) => {
    const nth = number * elementsMax + index
    return text
      .replace(sampleTime, () => new Date(firstTimeMs + nth).toISOString())
      .replace('"name":"text"', () => `"name":"n${nth}"`)
  }
}

/** The schema of the elements of a list, able to stand alone. */
function elementSchema({ schema }: Place, root: JsonSchema): JsonSchema {
  return { ...resolve(part(schema.items), root), definitions: root.definitions }
}

const wrongElements: readonly string[] = ['{}', '[]', '1', '-0.5', '""', '"text"', 'null', 'true', '[{}]', '{"a":1}']

type Draft = readonly [group: HostileGroup, what: string, path: string, fill: Filler]

function listDrafts(place: Place, root: JsonSchema): Draft[] {
  const { path } = place
  const schema = elementSchema(place, root)
  const smallest = smallestSample(schema)
  const each = (change: (name: string, value: unknown) => unknown): Record<string, unknown> =>
    Object.fromEntries(Object.entries(smallest).map(([name, value]) => [name, change(name, value)]))
  const nearly: readonly (readonly [string, unknown])[] = [
    ['elements with a field too many', { ...smallest, notOfOcpp: 1 }],
    ['elements with every field of a wrong type', each((_, value) => (typeof value === 'object' ? 1 : { a: 1 }))],
    ['elements with every field as text', each((_, value) => (typeof value === 'string' ? 1 : String(value)))],
    ['elements with every field null', each(() => null)],
    ['elements in lists of one', [smallest]],
    ['elements under unknown words', JSON.parse(JSON.stringify(smallest).replaceAll('"text"', '"no such word"'))],
  ]
  return [
    ...wrongElements.map((element): Draft => ['wrong lists', `${path} of ${element}`, path, listOf(() => element)]),
    ...nearly.map(([what, element]): Draft => ['wrong lists', `${path} of ${what}`, path, listOf(distinct(element))]),
    ['valid lists', `${path} of the smallest valid element`, path, listOf(distinct(smallest))],
    ['valid lists', `${path} of the fullest valid element`, path, listOf(distinct(fullestSample(schema)))],
  ]
}

function objectDrafts({ path }: Place): Draft[] {
  const member = (name: string, value: string) => (): string => `"${name}":${value}`
  return [
    ['keys', `${path} with thousands of unknown fields`, path, objectOf((index) => `"k${index}":1`)],
    ['keys', `${path} with one field again and again`, path, objectOf(member('customData', '{}'))],
    ['nesting', `${path} of nested objects`, path, nested('{"customData":', '1', '}')],
  ]
}

/** Names that mean something to JavaScript. */
const specialNames = ['__proto__', 'constructor', 'toJSON', 'hasOwnProperty', 'length', '0']

function rootDrafts(): Draft[] {
  return [
    ['keys', 'thousands of unknown fields', '', objectOf((index) => `"k${index}":1`)],
    ['keys', 'one field again and again', '', objectOf(() => '"customData":{}')],
    ['nesting', 'nested objects', '', nested('{"customData":', '1', '}')],
    ['nesting', 'nested lists', '', nested('[', '', ']')],
  ]
}

/** What does not depend on the message is made for a few of them. */
function oddKeyDrafts(): Draft[] {
  const long = 'n'.repeat(200)
  return [
    ['keys', 'unknown fields with long names', '', objectOf((index) => `"${long}${index}":null`)],
    ['keys', 'unknown fields with slashes and tildes', '', objectOf((index) => `"~/~1~0${index}":"x"`)],
    ['keys', 'one unknown field with an endless name', '', inHole('{"', repeated('n/~'), '":1}')],
    ['keys', 'unknown fields that are lists', '', objectOf((index) => `"l${index}":[[],{}]`)],
    ['keys', 'numbers as names', '', objectOf((index) => `"${index * 7}":1`)],
    ...specialNames.map((name): Draft => [
      'keys',
      `the field ${name} again and again`,
      '',
      objectOf(() => `"${name}":{"a":1}`),
    ]),
    ['nesting', 'nested objects under __proto__', '', nested('{"__proto__":', '{}', '}')],
  ]
}

const endlessNumbers: Readonly<Record<string, Filler>> = {
  nines: repeated('9'),
  'a one and zeros': inHole('1', repeated('0'), ''),
  'digits behind a point': inHole('0.', repeated('1'), ''),
  'zeros behind a point': inHole('0.', repeated('0'), '1'),
  'an exponent of digits': inHole('1e', repeated('9'), ''),
  'a negative number of digits': inHole('-', repeated('1'), ''),
}

function fieldDrafts({ path, schema }: Place, index: number): Draft[] {
  const wrong: Draft =
    index % 2 === 0
      ? ['fields', `${path} as a list of numbers`, path, listOf((nth) => String(nth % 10))]
      : ['fields', `${path} as an object`, path, objectOf((nth) => `"k${nth}":[1]`)]
  return [['fields', `${path} of an endless text`, path, quoted(schema.type === 'string' ? 'x' : '1')], wrong]
}

/**
 * Fields that are looked at more closely than others: a time, a word, a text that is read as a number, a number, and
 * anything.
 */
const closelyRead: readonly (readonly [OcppVersion, string, string])[] = [
  ['1.6', 'StatusNotification', '/timestamp'],
  ['1.6', 'StatusNotification', '/status'],
  ['1.6', 'MeterValues', '/meterValue/0/sampledValue/0/value'],
  ['1.6', 'StartTransaction', '/meterStart'],
  ['1.6', 'Authorize', '/idTag'],
  ['1.6', 'DataTransfer', '/data'],
  ['2.0.1', 'TransactionEvent', '/timestamp'],
  ['2.0.1', 'TransactionEvent', '/seqNo'],
  ['2.0.1', 'TransactionEvent', '/eventType'],
  ['2.0.1', 'MeterValues', '/meterValue/0/sampledValue/0/value'],
  ['2.0.1', 'NotifyReport', '/reportData/0/component/name'],
  ['2.0.1', 'Authorize', '/iso15118CertificateHashData/0/responderURL'],
  ['2.0.1', 'DataTransfer', '/data'],
  ['2.0.1', 'NotifyEvent', '/eventData/0/customData'],
]

function closeDrafts(path: string): Draft[] {
  return [
    ...Object.entries(specialTexts).map(([what, text]): Draft => ['fields', `${path} of ${what}`, path, quoted(text)]),
    ...Object.entries(endlessNumbers).map(([what, fill]): Draft => ['numbers', `${path} of ${what}`, path, fill]),
    ...['1e999', '-0', '0.1', '2147483648', '-1e-999'].map((one): Draft => [
      'numbers',
      `${path} as a list of ${one}`,
      path,
      listOf(() => one),
    ]),
    ['nesting', `${path} of nested lists`, path, nested('[', '', ']')],
    ['nesting', `${path} of objects in objects`, path, nested('{"a":', '1', '}')],
    ['nesting', `${path} of lists that are one level deep`, path, listOf(() => '[[[[[[[[]]]]]]]]')],
  ]
}

/** Shapes that follow from the schemas. */
export function schemaShapes(): HostileShape[] {
  return messages().flatMap((message) => {
    const { version, action, root, places } = message
    const close = closelyRead.filter(([inVersion, name]) => inVersion === version && name === action)
    const drafts = [
      ...rootDrafts(),
      ...(close.length > 0 ? oddKeyDrafts() : []),
      ...places.flatMap((place, index) => {
        const { schema } = place
        if (schema.type === 'array') return listDrafts(place, root)
        if (schema.type === 'object') return place.path === '' ? [] : objectDrafts(place)
        return fieldDrafts(place, index)
      }),
      ...close.flatMap(([, , path]) => closeDrafts(path)),
    ]
    return drafts.map(([group, what, path, fill]) => ({
      name: `${version} ${action}: ${what}`,
      group,
      version,
      make: frameWithHole(message, path, fill),
    }))
  })
}
