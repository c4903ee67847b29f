// Values of charge points: valid ones of every shape that a schema allows, and hostile ones.

import type { JsonSchema } from '../../../src/ocpp/json-schema.ts'
import type { Random } from '../../support/random.ts'
import { limitOf, part, requiredOf, resolve } from '../../support/schema-sample.ts'

/** Inherited names of every object, and others that break a careless look-up. */
export const oddNames: readonly string[] = [
  ...['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', 'valueOf', 'then', 'length', 'toJSON'],
  ...['', '0', '-1', 'a/b~c', '$ref', 'notOfOcpp', '\u0000', '\ud800', '\u202Egnitirw', 'ключ', '🔌', 'x'.repeat(300)],
]

/** Texts that have broken programs: quotes, control characters, half surrogate pairs, right-to-left, patterns, paths. */
export const oddTexts: readonly string[] = [
  ...[
    '',
    ' ',
    '0',
    '-1',
    'null',
    'true',
    'NaN',
    '__proto__',
    'constructor',
    'toString',
    '%00',
    '%s%n',
    '${x}',
    '{{x}}',
  ],
  ...["'; DROP TABLE transactions; --", '"', '\\', '\\u0000', '\u0000', 'a\u0000b', '\n\r\t', '\u007f', '\u2028'],
  ...['\ud800', 'a\udc00b', '\ud83d', '🔌⚡', '\u202Egnitirw', 'مرحبا', 'e\u0301', '\uFEFFbom', '＜script＞', '<b>'],
  // No name of a secret: a value beside one is hidden before anybody judges it.
  ...['../../etc/hosts', '1970-01-01T00:00:00Z', 'USER123', 'tx-1', 'tx-2', 'tx-3', 'TX-1', 'Available', 'Accepted'],
]

const oddIntegers: readonly number[] = [
  ...[0, 1, 2, 3, 1, 2, 1, -1, -2, 7, 100, 255, 256, 32_767, 32_768, 65_536, 2_147_483_647, -2_147_483_648],
]

/** Times that RFC 3339 allows; not all of them are times of a working clock. */
const times: readonly string[] = [
  ...['2026-01-31T12:00:00Z', '2026-01-31T12:00:00.123Z', '2026-02-28T23:59:59.999999+05:30', '2024-02-29T00:00:00Z'],
  ...['1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '0000-01-01T00:00:00Z', '9999-12-31T23:59:59-14:00'],
  ...['2099-12-31T23:59:59Z', '2009-12-31T23:59:59Z', '2026-01-31T12:00:00-00:00'],
]

/** Texts that look like times but are not. */
export const badTimes: readonly string[] = [
  ...['yesterday', '', '2026-01-31', '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', '2026-01-31T24:00:00Z', '0'],
  ...['2026-01-31 12:00:00', '2026-01-31T12:00:00', '12:00', '2026-01-31T12:00:60Z', '+010000-01-01T00:00:00Z'],
]

const optionalOnce = 3
const itemsMax = 3

/** A valid value: optional fields may be missing, and values may be exactly at their limits. */
export function validValue(schema: JsonSchema, root: JsonSchema, random: Random): unknown {
  const resolved = resolve(schema, root)
  if (Array.isArray(resolved.enum)) return random.pick<unknown>(resolved.enum)
  if (Array.isArray(resolved.anyOf)) return validValue(part(random.pick<unknown>(resolved.anyOf)), root, random)
  switch (Array.isArray(resolved.type) ? random.pick<unknown>(resolved.type) : resolved.type) {
    case 'null':
      return null
    case 'object':
      return validObject(resolved, root, random)
    case 'array':
      return validArray(resolved, root, random)
    case 'integer':
      return validInteger(resolved, random)
    case 'number':
      return validNumber(resolved, random)
    case 'boolean':
      return random.once(2)
    case 'string':
      return validText(resolved, random)
    default:
      return anyValue(random)
  }
}

/** A valid payload. */
export function validPayload(schema: JsonSchema, random: Random): Record<string, unknown> {
  return validObject(schema, schema, random)
}

function validObject(schema: JsonSchema, root: JsonSchema, random: Random): Record<string, unknown> {
  const required = requiredOf(schema)
  const value: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(part(schema.properties ?? {}))) {
    if (required.includes(name) || random.once(optionalOnce)) value[name] = validValue(part(field), root, random)
  }
  const takesMore = schema.additionalProperties !== false && random.once(2)
  if (takesMore) setField(value, unusedName(schema, random), anyValue(random))
  return value
}

function validArray(schema: JsonSchema, root: JsonSchema, random: Random): unknown[] {
  const least = Math.max(1, limitOf(schema.minItems, 1))
  const length = least + random.below(Math.min(itemsMax, limitOf(schema.maxItems, itemsMax) - least + 1))
  return Array.from({ length }, () => validValue(part(schema.items), root, random))
}

function validInteger(schema: JsonSchema, random: Random): number {
  const least = limitOf(schema.minimum, -2_147_483_648)
  const most = limitOf(schema.maximum, 2_147_483_647)
  const allowed = [...oddIntegers, random.below(10_000)].filter((value) => value >= least && value <= most)
  return allowed.length === 0 ? least : random.pick(allowed)
}

function validNumber(schema: JsonSchema, random: Random): number {
  const least = limitOf(schema.minimum ?? schema.exclusiveMinimum, -1e9)
  const most = limitOf(schema.maximum, 1e9)
  const wanted = random.pick([0, 1, -1, 32.1, 0.1, 1e6, 99.9, -0.5, random.below(100_000) / 10])
  return Math.max(least, Math.min(most, wanted))
}

function validText(schema: JsonSchema, random: Random): string {
  if (schema.format === 'date-time') return random.pick(times)
  if (schema.format === 'uri')
    return random.pick(['https://example.com/file', 'ftp://user:secret@example.com:21/a%20b'])
  const charactersMax = limitOf(schema.maxLength, 2_000)
  if (random.once(6)) return random.pick(['x', 'é', '🔌', '\u202E']).repeat(Math.min(charactersMax, 2_000))
  const text = [...random.pick(oddTexts)].slice(0, charactersMax).join('')
  const charactersMin = limitOf(schema.minLength, 0)
  return text.length >= charactersMin && matches(text, schema.pattern) ? text : 'text'.padEnd(charactersMin, 'x')
}

function matches(text: string, pattern: unknown): boolean {
  return typeof pattern !== 'string' || new RegExp(pattern).test(text)
}

/** A value of any type and shape. */
export function anyValue(random: Random): unknown {
  return random.pick<() => unknown>([
    () => random.pick([null, true, false, 0, -1, 1.5, 1e300, -(2 ** 40), 2 ** 53, 5e-324]),
    () => random.pick(oddTexts),
    () => random.pick<unknown>([[], {}, [[]], [null], [1, 'a', {}], { value: 1 }, { id: '1' }, [{ value: null }]]),
    () => withFields({ [random.pick(['a', 'value', 'type'])]: random.pick(oddTexts) }, random),
  ])()
}

function withFields(holder: Record<string, unknown>, random: Random): unknown {
  setField(holder, random.pick(oddNames), random.pick(oddTexts))
  return holder
}

/** Nested lists, far deeper than any message. */
export function deepValue(random: Random): unknown {
  let value: unknown = random.pick(oddTexts)
  const isList = random.once(2)
  for (let depth = 70 + random.below(400); depth > 0; depth--) value = isList ? [value] : { a: value }
  return value
}

/** A field name that `schema` does not have. */
export function unusedName(schema: JsonSchema, random: Random): string {
  const fields = part(schema.properties ?? {})
  const free = oddNames.filter((name) => !Object.hasOwn(fields, name))
  return random.pick(free)
}

/** Sets a field of this name, even `__proto__`. */
export function setField(holder: object, name: string, value: unknown): void {
  Object.defineProperty(holder, name, { value, enumerable: true, configurable: true, writable: true })
}
