// Breaks a valid payload in one place after another, and says which OCPP error code each place must get. The codes are
// from the specifications (1.6-J §4.2.3 table 7, 2.0.1 Part 4 §4.3), not from Stator.

import type { CallErrorCode } from '../../../src/ocpp/call-error.ts'
import type { JsonSchema } from '../../../src/ocpp/json-schema.ts'
import type { Random } from '../../support/random.ts'
import { limitOf, part, requiredOf, resolve } from '../../support/schema-sample.ts'
import { anyValue, badTimes, deepValue, oddNames, setField, unusedName, validPayload } from './values.ts'

/** A payload and its error codes: none if it is valid. */
export interface MadePayload {
  readonly payload: Record<string, unknown>
  readonly codes: ReadonlySet<CallErrorCode>
  /** Nested too deeply: refused even where everything else is accepted. */
  readonly isTooDeep: boolean
}

/** A mark for a number that JSON can contain and JavaScript cannot represent; `textOf` replaces it by the number. */
const hugeMark = '\u0001huge\u0001'
const hugeNumbers = ['1e400', '-1e999', '1E+4000']

/** No message of OCPP has nearly this many levels; `deepValue` has more. */
const levelsMax = 60

function isDeep(value: unknown, level = 0): boolean {
  if (typeof value !== 'object' || value === null) return false
  return level > levelsMax || Object.values(value).some((inner: unknown) => isDeep(inner, level + 1))
}

interface Site {
  readonly schema: JsonSchema
  readonly value: unknown
  /** Sets another value here; null for the payload itself. */
  readonly set: ((value: unknown) => void) | null
  /** Removes the field; present if it is a required one. */
  readonly drop: (() => void) | null
}

/** A payload of `schema`, broken in `wounds` places. */
export function makePayload(schema: JsonSchema, random: Random, wounds: number): MadePayload {
  const payload = validPayload(schema, random)
  const codes = new Set<CallErrorCode>()
  for (let left = wounds; left > 0; left--) {
    // The places are searched again for each wound: the one before may have removed some.
    const sites = sitesOf(payload, schema, schema, null, null)
    const code = wound(random.pick(sites), random)
    if (code !== null) codes.add(code)
  }
  const isTooDeep = isDeep(payload)
  if (isTooDeep) codes.add('FormatViolation')
  return { payload, codes, isTooDeep }
}

function sitesOf(value: unknown, given: JsonSchema, root: JsonSchema, set: Site['set'], drop: Site['drop']): Site[] {
  const schema = resolve(given, root)
  const own: Site = { schema, value, set, drop }
  if (Array.isArray(value)) {
    if (schema.type !== 'array') return [own]
    return [
      own,
      ...value.flatMap((item: unknown, at) =>
        sitesOf(item, part(schema.items), root, (next) => (value[at] = next), null),
      ),
    ]
  }
  if (typeof value !== 'object' || value === null || schema.type !== 'object') return [own]
  const required = requiredOf(schema)
  const fields = part(schema.properties ?? {})
  return [
    own,
    ...Object.entries(value).flatMap(([name, inner]: [string, unknown]) =>
      Object.hasOwn(fields, name)
        ? sitesOf(
            inner,
            part(fields[name]),
            root,
            (next) => setField(value, name, next),
            required.includes(name) ? () => Reflect.deleteProperty(value, name) : null,
          )
        : [],
    ),
  ]
}

type Wound = () => CallErrorCode | null

function wound(site: Site, random: Random): CallErrorCode | null {
  const { schema, value, set, drop } = site
  // If an earlier wound has left a value of the wrong type, there is nothing more to break there.
  if (schema.type !== undefined && !isOfType(value, schema.type)) return null
  const wounds: Wound[] = []
  if (drop !== null) wounds.push(() => (drop(), 'OccurrenceConstraintViolation'))
  if (set !== null && schema.type !== undefined) {
    wounds.push(() => (set(valueOfOtherType(schema.type, random)), 'TypeConstraintViolation'))
    if (schema.type !== 'array' && schema.type !== 'object' && random.once(6)) {
      wounds.push(() => (set(deepValue(random)), 'TypeConstraintViolation'))
    }
  }
  if (schema.type === 'object') wounds.push(() => extraField(site, random))
  else if (set !== null) wounds.push(...limitWounds(schema, set, random))
  return wounds.length === 0 ? null : random.pick(wounds)()
}

function extraField({ schema, value }: Site, random: Random): CallErrorCode | null {
  if (typeof value !== 'object' || value === null) return null
  setField(value, unusedName(schema, random), random.once(8) ? deepValue(random) : anyValue(random))
  return schema.additionalProperties === false ? 'FormatViolation' : null
}

function limitWounds(schema: JsonSchema, set: (value: unknown) => void, random: Random): Wound[] {
  const property = (value: unknown) => () => (set(value), 'PropertyConstraintViolation' as const)
  switch (Array.isArray(schema.type) ? schema.type[0] : schema.type) {
    case 'string': {
      const { maxLength } = schema
      if (Array.isArray(schema.enum)) return [property(random.pick([...oddNames, 'accepted ', 'Dancing']))]
      if (schema.format === 'date-time') return [property(random.pick(badTimes))]
      if (schema.format === 'uri') return [property(random.pick(['no uri', '', '//', 'http://']))]
      if (typeof maxLength !== 'number') return []
      const extra = random.pick([1, 2, 100])
      return [property(random.pick(['x', '🔌', 'é', '\ud800']).repeat(maxLength + extra))]
    }
    case 'integer':
    case 'number': {
      const least = limitOf(schema.minimum, -2_147_483_648)
      const most = limitOf(schema.maximum, 2_147_483_647)
      const isBounded = schema.type === 'integer'
      return [
        // Infinity: a wrong type for some checks, out of range for others.
        () => (set(hugeMark), 'TypeConstraintViolation'),
        ...(isBounded || schema.minimum !== undefined ? [property(least - random.pick([1, 2 ** 31]))] : []),
        ...(isBounded || schema.maximum !== undefined ? [property(most + random.pick([1, 2 ** 31, 2 ** 53]))] : []),
        ...(isBounded
          ? [property(random.pick([1e300, 1.2345e29])), () => (set(0.5), 'TypeConstraintViolation' as const)]
          : []),
        ...(schema.multipleOf === undefined ? [] : [property(0.123)]),
      ]
    }
    case 'array': {
      const wounds: Wound[] = []
      if (limitOf(schema.minItems, 0) > 0) wounds.push(() => (set([]), 'OccurrenceConstraintViolation'))
      return wounds
    }
    default:
      return []
  }
}

function isOfType(value: unknown, type: unknown): boolean {
  if (Array.isArray(type)) return type.some((one) => isOfType(value, one))
  if (type === 'null') return value === null
  if (type === 'array') return Array.isArray(value)
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value)
  if (type === 'integer') return Number.isInteger(value)
  return typeof value === type
}

const samples: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 7, '', 'text', '7', 'true', '__proto__', [], {}, [{}], [[1]], { value: 1 }],
]

function valueOfOtherType(type: unknown, random: Random): unknown {
  return structuredClone(random.pick(samples.filter((sample) => !isOfType(sample, type))))
}

/** `value` as JSON: huge numbers instead of their marks, and sometimes a duplicate key, where the last one counts. */
export function textOf(value: unknown, random: Random): string {
  let text = JSON.stringify(value).replaceAll(JSON.stringify(hugeMark), () => random.pick(hugeNumbers))
  if (random.once(8))
    text = text.replace(/^\{"(\w+)":/, (head, name: string) => `{"${name}":[null,"first"],${head.slice(1)}`)
  if (random.once(12)) text = text.replace(/^\{/, '{ \n\t')
  return text
}
