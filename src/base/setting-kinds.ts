// The kinds of settings: each function makes a schema with its documentation. Values may be texts, as environment
// variables are.

import { z } from 'zod'

/** The documentation of a setting. */
export interface SettingMeta {
  readonly meaning: string
  /** '' when the value has none. */
  readonly unit: string
  /** What is valid, as the end of the sentence `expected …`. */
  readonly expected: string
  /** Never shown, neither in an error nor in the log. */
  readonly isSecret: boolean
  readonly kind: 'value' | 'list'
}

interface MetaInput {
  readonly meaning: string
  readonly unit?: string
  readonly expected?: string
}

const metas = new WeakMap<z.core.$ZodType, SettingMeta>()

/** The documentation that a setting was `described` with. */
export function metaOf(schema: z.core.$ZodType): SettingMeta | undefined {
  return metas.get(schema)
}

/** A setting with its documentation. */
export function described<T extends z.ZodType>(schema: T, input: MetaInput, more: Partial<SettingMeta> = {}): T {
  const { meaning, unit = '', expected = '' } = input
  metas.set(schema, { meaning, unit, expected, isSecret: false, kind: 'value', ...more })
  return schema
}

const numberFromText = (value: unknown) =>
  typeof value === 'string' && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value

/** `true` and `false` as texts, in any letter case; other values stay as they are. */
export const booleanFromText = (value: unknown) => {
  if (typeof value !== 'string' || !/^\s*(true|false)\s*$/i.test(value)) return value
  return value.trim().toLowerCase() === 'true'
}

/** A whole number from `min` to `max`. */
export function integer(fallback: number, min: number, max: number, input: MetaInput) {
  const schema = z.preprocess(numberFromText, z.int().min(min).max(max)).default(fallback)
  return described(schema, { expected: `a whole number from ${min} to ${max}`, ...input })
}

/** A number without a default: what is not set depends on the machine. */
export function optionalInteger(min: number, max: number, input: MetaInput) {
  const schema = z.preprocess(numberFromText, z.int().min(min).max(max).optional())
  return described(schema, { expected: `a whole number from ${min} to ${max}`, ...input })
}

/** A limit of one charge point in a day. */
export function daily(fallback: number, unit: string, what: string) {
  const meaning = `${what}, in a day and on one node. Beyond it it is served at the pace of the limit; nothing is refused.`
  return integer(fallback, 1, Number.MAX_SAFE_INTEGER, { meaning, unit, expected: 'a whole number from 1' })
}

/** True or false. */
export function boolean(fallback: boolean, input: MetaInput) {
  return described(z.preprocess(booleanFromText, z.boolean()).default(fallback), input, { expected: 'true or false' })
}

/** A text, without the spaces around it. */
export function text(fallback: string, input: MetaInput) {
  return described(z.string().trim().default(fallback), { expected: 'a text', ...input })
}

/** A secret is not trimmed: passwords may contain spaces. */
export function secret(charactersMin: number, input: MetaInput) {
  const schema = z.string().refine((value) => value === '' || value.length >= charactersMin)
  const expected = charactersMin === 0 ? 'a text' : `at least ${charactersMin} characters`
  return described(schema.default(''), input, { expected, isSecret: true })
}

/** One of `values`, in any letter case. */
export function oneOf<const V extends string>(values: readonly V[]) {
  const canonical = (value: unknown) => {
    const given = String(value).trim().toLowerCase()
    return values.find((known) => known.toLowerCase() === given) ?? value
  }
  return z.preprocess(canonical, z.enum(values))
}

/** `a, b or c`. */
export const anyOf = (values: readonly string[]) => `${values.slice(0, -1).join(', ')} or ${values.at(-1) ?? ''}`

/** One of `values`, with a default. */
export function choice<const V extends string>(fallback: NoInfer<V>, values: readonly V[], input: MetaInput) {
  return described(oneOf(values).default(fallback), { expected: anyOf(values), ...input })
}

/** Some of `values`, in any letter case: a list, or one text with commas. */
export function choices<const V extends string>(fallback: readonly V[], values: readonly V[], input: MetaInput) {
  const asList = (value: unknown) => (typeof value === 'string' ? value.split(',') : value)
  const schema = z.preprocess(asList, z.array(oneOf(values)).min(1)).default([...fallback])
  return described(schema, { expected: `${anyOf(values)}, or a list of them`, ...input })
}

/** A list. */
export function list(element: z.ZodString, input: MetaInput, isSecret = false) {
  return described(z.array(element).default([]), input, { isSecret, kind: 'list' })
}
