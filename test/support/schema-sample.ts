// Makes payloads out of a JSON schema: the smallest and the fullest valid one, and broken ones. It knows the keywords that
// the schemas of OCPP use, and no others.

import type { CallErrorCode } from '../../src/ocpp/call-error.ts'
import type { JsonSchema } from '../../src/ocpp/json-schema.ts'
import type { InvalidRequest } from '../fixtures/message-fixture.ts'

type Payload = Record<string, unknown>

/** A part of a schema as a schema. */
export function part(value: unknown): JsonSchema {
  if (typeof value !== 'object' || value === null) throw new TypeError('this is no schema')
  return value as JsonSchema
}

/** `schema`, references followed. */
export function resolve(schema: JsonSchema, root: JsonSchema): JsonSchema {
  if (typeof schema.$ref !== 'string') return schema
  return resolve(part(part(root.definitions)[schema.$ref.slice('#/definitions/'.length)]), root)
}

/** A limit of a schema; `otherwise` when it has none. */
export function limitOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' ? value : otherwise
}

function text(schema: JsonSchema): string {
  if (Array.isArray(schema.enum)) return String(schema.enum[0])
  if (schema.format === 'date-time') return '2026-01-31T12:00:00Z'
  if (schema.format === 'uri') return 'https://example.com/file'
  // Long enough for a password.
  return 'text-text'.slice(0, limitOf(schema.maxLength, 9))
}

function sample(schema: JsonSchema, root: JsonSchema, isFull: boolean): unknown {
  const resolved = resolve(schema, root)
  switch (resolved.type) {
    case 'object':
      return objectSample(resolved, root, isFull)
    case 'array':
      return Array.from({ length: limitOf(resolved.minItems, 1) }, () => sample(part(resolved.items), root, isFull))
    case 'integer':
    case 'number':
      return limitOf(resolved.minimum, Math.min(1, limitOf(resolved.maximum, 1)))
    case 'boolean':
      return true
    case 'string':
      return text(resolved)
    default:
      return 'anything'
  }
}

function objectSample(schema: JsonSchema, root: JsonSchema, isFull: boolean): Payload {
  const required = requiredOf(schema)
  const payload: Payload = {}
  for (const [name, field] of Object.entries(part(schema.properties ?? {}))) {
    if (isFull || required.includes(name)) payload[name] = sample(part(field), root, isFull)
  }
  return payload
}

/** The names of the required fields. */
export function requiredOf(schema: JsonSchema): readonly string[] {
  return Array.isArray(schema.required) ? schema.required : []
}

/** A valid payload with the required fields only. */
export function smallestSample(schema: JsonSchema): Payload {
  return objectSample(schema, schema, false)
}

/** A valid payload with every field that there can be. */
export function fullestSample(schema: JsonSchema): Payload {
  return objectSample(schema, schema, true)
}

/** A valid payload of every shape that matters, broken in one place: a field too many, each required one missing, each of a wrong type. */
export function brokenSamples(schema: JsonSchema): InvalidRequest[] {
  const smallest = smallestSample(schema)
  const broken: InvalidRequest[] = [
    { payload: { ...smallest, notOfOcpp: 1 }, path: '/notOfOcpp', code: 'FormatViolation' },
  ]
  for (const name of requiredOf(schema)) {
    const { [name]: _, ...rest } = smallest
    broken.push({ payload: rest, path: `/${name}`, code: 'OccurrenceConstraintViolation' })
  }
  for (const [name, field] of Object.entries(part(schema.properties ?? {}))) {
    const { type } = resolve(part(field), schema)
    if (type === undefined) continue
    const code: CallErrorCode = 'TypeConstraintViolation'
    broken.push({ payload: { ...smallest, [name]: type === 'boolean' ? 'yes' : true }, path: `/${name}`, code })
  }
  return broken
}
