// Checks payloads against the JSON schemas of the Open Charge Alliance, and says in sentences what is wrong with them.
// A validator is compiled when it is first needed. What the schemas leave out and the text of the specifications demands
// is added on the way: see `amend`.

import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv'
import { integerMax } from '../base/limits.ts'
import type { CallErrorCode } from './call-error.ts'
import { isDateTime } from './date-time.ts'
import type { JsonSchema } from './message.ts'
import { rowOf, tables } from './tables.ts'
import { type OcppVersion, subprotocols } from './version.ts'

/** One way in which a payload breaks its schema. */
export interface Problem {
  /** The field, as a JSON pointer into the payload; for a missing field, where it should be. */
  readonly path: string
  /** The keyword of JSON schema that is broken. */
  readonly keyword: string
  readonly code: CallErrorCode
  /** A sentence that names the field and what was expected of it. */
  readonly message: string
  /** What `message` says after the name of the field, for those who know the field by another name. */
  readonly complaint: string
  /** What the keyword says, as ajv tells it. */
  readonly params: Readonly<Record<string, unknown>>
}

type Side = 'request' | 'response'

interface Validators {
  readonly schema: JsonSchema
  /** Stops at the first problem: nearly every payload has none. */
  readonly isValid: ValidateFunction
  /** Finds all problems; compiled when a payload first has one. */
  listProblems: ValidateFunction | null
}

const noProblems: readonly Problem[] = []

const options = {
  strict: false,
  // JSON can write numbers that JavaScript reads as infinite. They are none that anything could be stored as.
  strictNumbers: true,
  // The schemas ask for multiples of 0.1, which no binary fraction is exactly.
  multipleOfPrecision: 3,
  // Compiling delays the first message of its kind. The schemas come checked from their authors, and optimizing the code
  // gains nothing when it runs: together they are a third of the time.
  validateSchema: false,
  code: { optimize: false },
  formats: { 'date-time': isDateTime, uri: (text: string) => URL.canParse(text) },
} as const

const fast = new Ajv(options)
const thorough = new Ajv({ ...options, allErrors: true, verbose: true })

const validators: Readonly<Record<Side, Readonly<Record<OcppVersion, Map<string, Validators>>>>> = {
  request: { '1.6': new Map(), '2.0.1': new Map(), '2.1': new Map() },
  response: { '1.6': new Map(), '2.0.1': new Map(), '2.1': new Map() },
}

/**
 * Checks the payload of a CALL.
 *
 * @returns every problem, in the order in which the schema meets them; empty when the payload is valid.
 * @throws {RangeError} when `version` has no such action.
 */
export function checkRequest(version: OcppVersion, action: string, payload: unknown): readonly Problem[] {
  return check('request', version, action, payload)
}

/** Checks the payload of a CALLRESULT by the action that it answers; otherwise like `checkRequest`. */
export function checkResponse(version: OcppVersion, action: string, payload: unknown): readonly Problem[] {
  return check('response', version, action, payload)
}

/**
 * Compiles what a charge point's CALLs are checked with, for the versions that are offered: each takes milliseconds, which
 * the first charge point to send it would wait for.
 */
export function compileServed(): void {
  for (const version of new Set(Object.values(subprotocols))) {
    for (const [action, row] of Object.entries(tables[version])) {
      const isReceived = row.direction !== 'toChargePoint' && row.served
      if (isReceived && !validators.request[version].has(action)) compile('request', version, action)
    }
  }
}

function check(side: Side, version: OcppVersion, action: string, payload: unknown): readonly Problem[] {
  const validator = validators[side][version].get(action) ?? compile(side, version, action)
  if (validator.isValid(payload)) return noProblems
  validator.listProblems ??= thorough.compile(validator.schema)
  validator.listProblems(payload)
  return (validator.listProblems.errors ?? []).map((error) => problemOf(error))
}

function compile(side: Side, version: OcppVersion, action: string): Validators {
  const schema = schemaOf(side, version, action)
  const compiled: Validators = { schema, isValid: fast.compile(schema), listProblems: null }
  validators[side][version].set(action, compiled)
  return compiled
}

function schemaOf(side: Side, version: OcppVersion, action: string): JsonSchema {
  const schema = rowOf(version, action)?.[side]
  if (schema === undefined || schema === null) throw new RangeError(`OCPP ${version} has no ${side} of ${action}`)
  const { definitions, ...own } = schema
  return { ...(amend(own) as JsonSchema), definitions: amendDefinitions(definitions) }
}

// All schemas of a version share one `definitions` object, so it is amended once.
const amendedDefinitions = new WeakMap<object, unknown>()

function amendDefinitions(definitions: unknown): unknown {
  if (typeof definitions !== 'object' || definitions === null) return {}
  const amended = amendedDefinitions.get(definitions) ?? amend(definitions)
  amendedDefinitions.set(definitions, amended)
  return amended
}

/**
 * A copy of a schema with what its author forgot:
 * - an integer fits in 32 bits, signed (2.0.1 Part 2, primitive data types; `xs:int` in the WSDL of 1.6);
 * - `meterValue` and `sampledValue` hold at least one element (1.6 §6.31, §7.33: cardinality 1..*).
 */
function amend(schema: unknown, name = ''): unknown {
  if (Array.isArray(schema)) return schema.map((item) => amend(item))
  if (typeof schema !== 'object' || schema === null) return schema
  const amended: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(schema)) amended[key] = amend(value, key)
  if (amended.type === 'integer') {
    amended.minimum ??= -integerMax - 1
    amended.maximum ??= integerMax
  }
  if (amended.type === 'array' && (name === 'meterValue' || name === 'sampledValue')) amended.minItems ??= 1
  return amended
}

/**
 * The part of a request's schema that describes the field at `path`, references followed.
 *
 * @param path a JSON pointer into the payload, such as `/meterValue/0/timestamp`.
 * @returns undefined when the schema knows no such field.
 */
export function fieldSchema(version: OcppVersion, action: string, path: string): JsonSchema | undefined {
  const root = rowOf(version, action)?.request
  let schema: JsonSchema | undefined = root
  for (const step of path.split('/').slice(1)) {
    const next = schema?.type === 'array' ? schema.items : member(schema?.properties, unescapePointer(step))
    schema = dereference(next, root)
  }
  return schema
}

function isSchema(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null
}

function member(value: unknown, name: string): unknown {
  return isSchema(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function dereference(schema: unknown, root: JsonSchema | undefined): JsonSchema | undefined {
  const reference = member(schema, '$ref')
  if (typeof reference !== 'string') return isSchema(schema) ? schema : undefined
  return dereference(member(root?.definitions, reference.slice('#/definitions/'.length)), root)
}

function escapePointer(step: string): string {
  return step.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** One step of a JSON pointer as the field's name (RFC 6901 §4). */
export function unescapePointer(step: string): string {
  if (!step.includes('~')) return step
  return step.replaceAll('~1', '/').replaceAll('~0', '~')
}

const codes: Readonly<Record<string, CallErrorCode>> = {
  required: 'OccurrenceConstraintViolation',
  minItems: 'OccurrenceConstraintViolation',
  maxItems: 'OccurrenceConstraintViolation',
  type: 'TypeConstraintViolation',
  additionalProperties: 'FormatViolation',
}

function problemOf(error: ErrorObject): Problem {
  const { keyword, instancePath, params } = error
  const field: unknown = params.missingProperty ?? params.additionalProperty
  const path = typeof field === 'string' ? `${instancePath}/${escapePointer(field)}` : instancePath
  const code = codes[keyword] ?? 'PropertyConstraintViolation'
  const what = path === '' ? 'The payload' : `Field "${shortened(path.slice(1), pathCharactersMax)}"`
  const complaint = complaintOf(error)
  return { path, keyword, code, message: `${what} ${complaint}`, complaint, params }
}

function complaintOf(error: ErrorObject): string {
  const { params, data } = error
  switch (error.keyword) {
    case 'required':
      return 'is missing; it is required.'
    case 'additionalProperties':
      return 'is not part of this message; leave it out.'
    case 'type':
      return `is ${typeName(data)}; expected ${article(String(params.type))}.`
    case 'enum':
      return `is ${shown(data)}; expected one of ${(params.allowedValues as unknown[]).join(', ')}.`
    case 'maxLength':
      return `is ${[...String(data)].length} characters long; at most ${params.limit} are allowed.`
    case 'minItems':
      return `has ${lengthOf(data)} elements; at least ${params.limit} are needed.`
    case 'maxItems':
      return `has ${lengthOf(data)} elements; at most ${params.limit} are allowed.`
    case 'minimum':
      return `is ${shown(data)}; the least allowed is ${params.limit}.`
    case 'maximum':
      return `is ${shown(data)}; the most allowed is ${params.limit}.`
    case 'multipleOf':
      return `is ${shown(data)}; expected a multiple of ${params.multipleOf}.`
    case 'format':
      return params.format === 'date-time'
        ? `is ${shown(data)}; expected a date and time such as 2026-01-31T12:00:00Z.`
        : `is ${shown(data)}; expected a ${params.format}.`
    default:
      return `${error.message ?? `breaks the rule "${error.keyword}"`}.`
  }
}

// A charge point chose these texts, so only so much of them is repeated.
const pathCharactersMax = 100
const valueCharactersMax = 40

function shown(value: unknown): string {
  return shortened(
    typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'undefined'),
    valueCharactersMax,
  )
}

function shortened(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text
}

function lengthOf(value: unknown): number {
  return Array.isArray(value) ? value.length : 0
}

function typeName(value: unknown): string {
  if (value === null) return 'null'
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number too large to be read'
  return article(Array.isArray(value) ? 'array' : typeof value)
}

function article(type: string): string {
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`
}
