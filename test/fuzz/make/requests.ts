// Requests to the REST API, made from its OpenAPI document: valid ones, and ones with hostile values in any part.

import type { JsonSchema } from '../../../src/ocpp/json-schema.ts'
import type { Random } from '../../support/random.ts'
import { part } from '../../support/schema-sample.ts'
import { makeCsv, makeList } from './batches.ts'
import type { Operation } from './contract.ts'
import { makePayload } from './mutations.ts'
import { badTimes, oddTexts, validValue } from './values.ts'

/** What exists in the test. */
export interface Known {
  /** Values by the name of the parameter or field. */
  readonly values: Readonly<Record<string, readonly unknown[]>>
  /** Bodies whose fields belong together. */
  readonly bodies: readonly Readonly<Record<string, unknown>>[]
}

/** A request, and how it was made. */
export interface MadeRequest {
  readonly method: string
  /** Path and query, as on the wire. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** Null for none. */
  readonly body: string | null
  /** The body as JSON, if it is JSON. */
  readonly json: unknown
}

const oddPaths = [
  '%',
  '%E0%A4%A',
  '%00',
  '..',
  '.',
  '%2e%2e%2f',
  '%2F',
  ';',
  '%ff',
  'x'.repeat(4_000),
  '%F0%9F%94%8C',
  '-0',
  '1e3',
]

const notJson = [
  '',
  ' ',
  '{',
  '[',
  '"',
  'nul',
  '{"a":}',
  '{a:1}',
  "{'a':1}",
  '\u0000',
  '[1,]',
  'a=1&b=2',
  '<xml/>',
  '\uFEFF{}',
]

/** A request of `operation`. */
export function makeRequest(operation: Operation, known: Known, random: Random): MadeRequest {
  const target = `${pathOf(operation, known, random)}${queryOf(operation, known, random)}`
  const { contentType, ...body } = bodyOf(operation, known, random)
  const headers = contentType === undefined ? headersOf(random) : { 'Content-Type': contentType }
  return { method: operation.method, target, headers, ...body }
}

// A target of more than 16 KB is answered by Bun, before Stator gets it.
function textOfValue(value: unknown): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 400).toWellFormed()
}

function pathOf({ path, parameters }: Operation, known: Known, random: Random): string {
  return parameters
    .filter((parameter) => parameter.in === 'path')
    .reduce((made, { name, schema }) => {
      const draw = random.below(10)
      const plain =
        draw < 7
          ? random.pick(known.values[name] ?? ['1'])
          : draw < 8
            ? validValue(schema, schema, random)
            : random.pick(oddTexts)
      const segment = draw === 9 && random.once(2) ? random.pick(oddPaths) : encodeURIComponent(textOfValue(plain))
      return made.replace(`{${name}}`, () => segment)
    }, path)
}

function queryOf({ parameters }: Operation, known: Known, random: Random): string {
  const pairs: string[] = []
  const add = (name: string, value: unknown): void => {
    pairs.push(`${encodeURIComponent(name)}=${encodeURIComponent(textOfValue(value))}`)
  }
  // With many parameters, one of them would nearly always be wrong.
  const drawsMax = random.pick([8, 10])
  for (const { name, schema } of parameters.filter((parameter) => parameter.in === 'query')) {
    if (random.once(2)) continue
    const draw = random.below(drawsMax)
    if (draw < 5) add(name, random.pick(known.values[name] ?? [validValue(schema, schema, random)]))
    else if (draw < 8) add(name, validValue(schema, schema, random))
    else if (draw < 9)
      add(name, random.pick([...oddTexts, ...badTimes, -1, 0, 1e300, 2 ** 53, 'true', 'x'.repeat(2_000)]))
    else
      pairs.push(
        random.pick([name, `${name}=`, `${name}[]=1`, `${name}=1&${name}=2`, `${name}=%E0%A4%A`, `${name}=%00`]),
      )
  }
  if (random.once(12)) add(random.pick(['__proto__', 'constructor', 'unknown', 'Page', 'pageSize ']), 1)
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`
}

function headersOf(random: Random): Record<string, string> {
  if (!random.once(6)) return { 'Content-Type': 'application/json' }
  return random.pick([
    { 'Content-Type': 'text/plain' },
    { 'Content-Type': 'application/x-www-form-urlencoded' },
    { 'Content-Type': 'multipart/form-data; boundary=x' },
    { 'Content-Type': 'application/json; charset=utf-16' },
    { 'Content-Type': 'x'.repeat(300), Accept: 'text/html' },
    { Accept: '*/*;q=0', 'X-Request-Id': random.pick(['x'.repeat(300), '<b>', '__proto__', 'a b']) },
    { 'X-HTTP-Method-Override': 'DELETE', 'X-Forwarded-For': "' OR 1=1" },
    { 'Accept-Encoding': 'br', 'If-None-Match': '*', Range: 'bytes=0-1' },
  ])
}

interface MadeBody extends Pick<MadeRequest, 'body' | 'json'> {
  readonly contentType?: string
}

function bodyOf({ method, body, takesCsv }: Operation, known: Known, random: Random): MadeBody {
  // The body of a DELETE is not read.
  if (body === null)
    return { body: method === 'DELETE' && random.once(3) ? random.pick(notJson) : null, json: undefined }
  const draw = random.below(100)
  if (draw < 6) return { body: random.pick(notJson), json: undefined }
  if (draw < 8) return { body: nested(random), json: undefined }
  if (draw < 9) return { body: `{"a":"${'x'.repeat(1_100_000)}"}`, json: undefined }
  if (draw < 12) return jsonBody(random.pick<unknown>([null, [], 'text', 7, true, [{}], {}]))
  const object = (schema: JsonSchema): Record<string, unknown> => objectOf(schema, known, random)
  if (known.bodies.length > 0 && random.once(4)) return jsonBody(random.pick(known.bodies))
  if (body.type !== 'array') return jsonBody(object(body))
  return takesCsv && random.once(2)
    ? { ...makeCsv(part(body.items), object, random), json: undefined }
    : jsonBody(makeList(body, object, random))
}

function objectOf(schema: JsonSchema, known: Known, random: Random): Record<string, unknown> {
  const { payload } = makePayload(schema, random, random.pick([0, 0, 0, 1, 1, 2, 4]))
  for (const [name, values] of Object.entries(known.values)) {
    if (Object.hasOwn(payload, name) && random.once(2)) payload[name] = random.pick(values)
  }
  return payload
}

function jsonBody(value: unknown): MadeBody {
  const body = JSON.stringify(value)
  return { body, json: JSON.parse(body) }
}

/** Nested lists, as deep as a body allows. */
function nested(random: Random): string {
  const depth = random.pick([100, 5_000, 100_000, 500_000])
  const inner = `${'['.repeat(depth)}${']'.repeat(depth)}`
  return random.pick([
    inner,
    `{"action":"DataTransfer","payload":{"vendorId":"x","data":${inner}}}`,
    `{"action":"ClearCache","payload":{"customData":{"vendorId":"x","a":${inner}}}}`,
    `{"connectorId":1,"idTag":"USER123","chargingProfile":{"a":${inner}}}`,
  ])
}
