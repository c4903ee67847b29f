// Checks payloads against the JSON schemas of the Open Charge Alliance, and describes problems in sentences. ajv
// decides whether a payload is valid. The few invalid ones are walked by our own code, because the work of ajv is
// quadratic in the number of problems. Constraints that only the text of the specification states are added: see
// `amend`.

import Ajv, { type ValidateFunction } from 'ajv'
import { integerMax, problemsMax } from '../base/limits.ts'
import type { CallErrorCode } from '../ocpp/call-error.ts'
import { isDateTime } from '../ocpp/date-time.ts'
import type { JsonSchema } from '../ocpp/json-schema.ts'
import { type Keyword, SchemaNode } from '../ocpp/schema-node.ts'
import { type Broken, walk } from '../ocpp/schema-walk.ts'
import { rowOf, tables } from '../blocks/messages.ts'
import type { OcppVersion } from '../ocpp/version.ts'

/** One way in which a payload breaks its schema. */
export interface Problem {
  /** The field, as a JSON pointer into the payload; for a missing field, where it should be. */
  readonly path: string
  /** The keyword of JSON schema that is broken. */
  readonly keyword: Keyword
  readonly code: CallErrorCode
  /** A sentence that names the field and what was expected of it. */
  readonly message: string
  /** `message` without the name of the field, for callers that use another name for the field. */
  readonly complaint: string
}

type Side = 'request' | 'response'

interface Validator {
  readonly node: SchemaNode
  /** Stops at the first problem: nearly every payload has none. */
  readonly isValid: ValidateFunction
}

const noProblems: readonly Problem[] = []

const ajv = new Ajv({
  strict: false,
  // JavaScript parses some JSON numbers as infinity, which cannot be stored.
  strictNumbers: true,
  // The schemas require multiples of 0.1, which binary fractions cannot represent exactly.
  multipleOfPrecision: 3,
  // Compilation delays the first message of each action. Validating the schemas and optimizing the code would take a
  // third of the time and gain nothing.
  validateSchema: false,
  code: { optimize: false },
  formats: { 'date-time': isDateTime, uri: (text: string) => URL.canParse(text) },
})

const validators: Readonly<Record<Side, Readonly<Record<OcppVersion, Map<string, Validator>>>>> = {
  request: { '1.6': new Map(), '2.0.1': new Map(), '2.1': new Map() },
  response: { '1.6': new Map(), '2.0.1': new Map(), '2.1': new Map() },
}

/** Whether the payload of a CALL is valid. @throws {RangeError} when `version` has no such action. */
export function isValidRequest(version: OcppVersion, action: string, payload: unknown): boolean {
  return validatorOf('request', version, action).isValid(payload)
}

/**
 * Checks the payload of a CALL.
 *
 * @returns the first `problemsMax` problems, in the order of the schema; empty when the payload is valid.
 * @throws {RangeError} when `version` has no such action.
 */
export function checkRequest(version: OcppVersion, action: string, payload: unknown): readonly Problem[] {
  return check('request', version, action, payload)
}

/** Checks the payload of a CALLRESULT by the action that it answers; otherwise like `checkRequest`. */
export function checkResponse(version: OcppVersion, action: string, payload: unknown): readonly Problem[] {
  return check('response', version, action, payload)
}

/** The schema tree of a CALL. @throws {RangeError} when `version` has no such action. */
export function requestNode(version: OcppVersion, action: string): SchemaNode {
  return validatorOf('request', version, action).node
}

/** The schema tree of a CALLRESULT. @throws {RangeError} when `version` has no such answer. */
export function responseNode(version: OcppVersion, action: string): SchemaNode {
  return validatorOf('response', version, action).node
}

/**
 * Compiles the schemas of all CALLs from charge points, for the versions of most charge points. Each takes
 * milliseconds, which would otherwise delay the first charge point that sends the message. Those of 2.1 would double
 * that time in each thread, so each is compiled when its first message comes.
 */
export function compileServed(): void {
  for (const version of ['1.6', '2.0.1'] as const) {
    for (const [action, row] of Object.entries(tables[version])) {
      if (row.direction !== 'toChargePoint') validatorOf('request', version, action)
    }
  }
}

function check(side: Side, version: OcppVersion, action: string, payload: unknown): readonly Problem[] {
  const { node, isValid } = validatorOf(side, version, action)
  if (isValid(payload)) return noProblems
  const problems: Problem[] = []
  walk(node, payload, (broken) => {
    problems.push(problemOf(broken, payload))
    return problems.length < problemsMax ? 'kept' : 'stop'
  })
  if (problems.length === 0) throw new Error(`${action} of OCPP ${version} is not valid, and nothing is wrong with it`)
  return problems
}

function validatorOf(side: Side, version: OcppVersion, action: string): Validator {
  return validators[side][version].get(action) ?? compile(side, version, action)
}

function compile(side: Side, version: OcppVersion, action: string): Validator {
  const schema = schemaOf(side, version, action)
  const compiled: Validator = { node: SchemaNode.of(schema), isValid: ajv.compile(schema) }
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
 * A copy of a schema with constraints that its text omits:
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

const codes: Readonly<Partial<Record<Keyword, CallErrorCode>>> = {
  required: 'OccurrenceConstraintViolation',
  minItems: 'OccurrenceConstraintViolation',
  maxItems: 'OccurrenceConstraintViolation',
  type: 'TypeConstraintViolation',
  additionalProperties: 'FormatViolation',
}

/**
 * Describes a broken keyword in a sentence. Call it during the report, when its path is available.
 *
 * @param payload the whole payload.
 */
export function problemOf(broken: Broken, payload: unknown): Problem {
  const { keyword } = broken
  const path = broken.path()
  const what = path === '' ? 'The payload' : `Field "${shortened(path.slice(1), pathCharactersMax)}"`
  const complaint = complaintOf(broken, broken.ref === null ? payload : broken.ref.value)
  return {
    path,
    keyword,
    code: codes[keyword] ?? 'PropertyConstraintViolation',
    message: `${what} ${complaint}`,
    complaint,
  }
}

function complaintOf({ keyword, node }: Broken, value: unknown): string {
  switch (keyword) {
    case 'required':
      return 'is missing; it is required.'
    case 'additionalProperties':
      return 'is not part of this message; leave it out.'
    case 'type':
      return `is ${typeName(value)}; expected ${article(node.type ?? '')}.`
    case 'enum':
      return `is ${shown(value)}; expected one of ${(node.words ?? []).join(', ')}.`
    case 'maxLength':
      return `is ${lengthOf(value)} characters long; at most ${node.charactersMax} are allowed.`
    case 'minItems':
      return `has ${lengthOf(value)} elements; at least ${node.itemsMin} are needed.`
    case 'maxItems':
      return `has ${lengthOf(value)} elements; at most ${node.itemsMax} are allowed.`
    case 'minimum':
      return `is ${shown(value)}; the least allowed is ${node.minimum}.`
    case 'maximum':
      return `is ${shown(value)}; the most allowed is ${node.maximum}.`
    case 'multipleOf':
      return `is ${shown(value)}; expected a multiple of ${node.multipleOf}.`
    case 'format':
      return node.format === 'date-time'
        ? `is ${shown(value)}; expected a date and time such as 2026-01-31T12:00:00Z.`
        : `is ${shown(value)}; expected a ${node.format}.`
  }
}

// A charge point chose these texts, so they are repeated only in part.
const pathCharactersMax = 100
const valueCharactersMax = 40

function shown(value: unknown): string {
  if (typeof value === 'number') return shortened(String(value), valueCharactersMax)
  // Of a long text only the beginning is written as JSON.
  const shown = typeof value === 'string' ? value.slice(0, valueCharactersMax + 1) : value
  return shortened(JSON.stringify(shown) ?? 'undefined', valueCharactersMax)
}

function shortened(text: string, charactersMax: number): string {
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text
}

/** Elements of a list, or characters (Unicode code points) of a text. */
function lengthOf(value: unknown): number {
  if (typeof value === 'string') return [...value].length
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
