// The REST API as its own OpenAPI document describes it: the valid requests, and the form of every answer.

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { errorTable } from '../../../src/base/errors.ts'
import { batchErrorsShownMax } from '../../../src/base/limits.ts'
import type { JsonSchema } from '../../../src/ocpp/json-schema.ts'
import { part } from '../../support/schema-sample.ts'

/** A parameter of an operation. */
export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query'
  readonly isRequired: boolean
  readonly schema: JsonSchema
}

/** An operation of the document. */
export interface Operation {
  /** In upper case. */
  readonly method: string
  /** With its parameters in braces. */
  readonly path: string
  readonly parameters: readonly Parameter[]
  /** Of its JSON body, references replaced; null if it has no body. That of a batch is an array. */
  readonly body: JsonSchema | null
  /** Whether its body may be CSV. */
  readonly takesCsv: boolean
}

/** A response. */
export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

/** The compiled document, for checks. */
export class Contract {
  readonly operations: readonly Operation[]
  readonly #document: JsonSchema
  readonly #ajv = new Ajv2020({ strict: false, formats: { 'date-time': true, uri: true } })
  readonly #answers = new Map<string, ValidateFunction | 'text' | null>()
  readonly #bodies = new Map<JsonSchema, ValidateFunction>()

  constructor(document: unknown) {
    this.#document = part(document)
    this.#ajv.addSchema(this.#document, 'document')
    this.operations = Object.entries(part(this.#document.paths)).flatMap(([path, operations]) =>
      Object.entries(part(operations)).map(([method, operation]) => this.#operation(path, method, part(operation))),
    )
  }

  /**
   * Whether the document forbids `body`, and yet `operation` took it and answered `text`. A batch with `partial=true`
   * takes the lines without an error. Formats of texts are left out: times may be written in more ways.
   */
  wronglyTakes({ body: schema }: Operation, body: unknown, text: string): boolean {
    if (schema === null || !this.#forbids(schema, body)) return false
    if (schema.type !== 'array' || !Array.isArray(body)) return true
    const { lines } = part(JSON.parse(text))
    const items = part(schema.items)
    return !Array.isArray(lines) || body.some((one, at) => this.#forbids(items, one) && lines[at]?.result !== 'failed')
  }

  /** The problem of an answer of `operation`; null if there is none. */
  problem({ method, path }: Operation, { status, headers, text }: Answered): string | null {
    if (headers.get('X-Request-Id') === null) return 'the answer has no X-Request-Id'
    const validate = this.#validator(path, method.toLowerCase(), status)
    if (validate === undefined) return `the document lists no status ${status}`
    if (validate === null) return text === '' ? null : 'the answer has a body and should have none'
    const type = headers.get('Content-Type')?.split(';')[0] ?? ''
    const response = this.#response(path, method.toLowerCase(), status)
    if (response !== undefined && !typesOf(response).includes(type)) return `the document lists no body of type ${type}`
    // Of lines of JSON there may be none; the other formats have a header.
    const mayBeEmpty = type === 'application/x-ndjson'
    if (validate === 'text') return text === '' && !mayBeEmpty ? 'the answer has no text' : null
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      return `the body is no JSON: ${text.slice(0, 200)}`
    }
    if (!validate(body)) return this.#ajv.errorsText(validate.errors)
    return status < 400 || path.startsWith('/health/') ? null : errorProblem(status, body)
  }

  #forbids(schema: JsonSchema, body: unknown): boolean {
    const validate = this.#bodies.get(schema) ?? this.#ajv.compile(schema)
    this.#bodies.set(schema, validate)
    return !validate(body)
  }

  #operation(path: string, method: string, operation: JsonSchema): Operation {
    const parameters = Array.isArray(operation.parameters) ? operation.parameters : []
    const content = operation.requestBody === undefined ? {} : part(part(operation.requestBody).content)
    const body = content['application/json']
    return {
      method: method.toUpperCase(),
      path,
      parameters: parameters.map(part).map((parameter) => ({
        name: String(parameter.name),
        in: parameter.in === 'path' ? 'path' : 'query',
        isRequired: parameter.required === true,
        schema: part(parameter.schema),
      })),
      body: body === undefined ? null : part(this.#inlined(part(body).schema)),
      takesCsv: content['text/csv'] !== undefined,
    }
  }

  /** `value`, a part of the document, with every reference replaced by what it names. No body refers to itself. */
  #inlined(value: unknown): unknown {
    if (Array.isArray(value)) return value.map((one) => this.#inlined(one))
    if (typeof value !== 'object' || value === null) return value
    const { $ref } = part(value)
    if (typeof $ref !== 'string') {
      return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, this.#inlined(inner)]))
    }
    const steps = $ref.split('/').slice(1)
    return this.#inlined(steps.reduce((at: unknown, step) => part(at)[step], this.#document))
  }

  #response(path: string, method: string, status: number): JsonSchema | undefined {
    const response = part(part(part(part(this.#document.paths)[path])[method]).responses)[status]
    return response === undefined ? undefined : part(response)
  }

  /** Undefined for a status that is not listed, null for one without a body, `text` for one whose body is no JSON. */
  #validator(path: string, method: string, status: number): ValidateFunction | 'text' | null | undefined {
    const key = `${method} ${path} ${status}`
    if (this.#answers.has(key)) return this.#answers.get(key)
    const response = this.#response(path, method, status)
    if (response === undefined) return undefined
    const pointer = ['paths', path, method, 'responses', String(status), 'content', 'application/json', 'schema']
    const steps = pointer.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    const body = bodyIn(response)
    const validate = body === 'json' ? this.#ajv.compile({ $ref: `document#/${steps.join('/')}` }) : body
    this.#answers.set(key, validate)
    return validate
  }
}

function typesOf({ content }: JsonSchema): readonly string[] {
  return content === undefined ? [] : Object.keys(part(content))
}

function bodyIn({ content }: JsonSchema): 'json' | 'text' | null {
  if (content === undefined) return null
  return part(content)['application/json'] === undefined ? 'text' : 'json'
}

/**
 * Whether an error is one of the table: its code and name belong to its status, a bad request names the field, and a
 * batch that is refused lists its errors.
 */
function errorProblem(status: number, body: unknown): string | null {
  const { error, code, message, details } = part(body)
  const row = Object.entries(errorTable).find(([name]) => name === code)?.[1]
  if (row?.status !== status || row.name !== error) {
    return `no error of status ${status} has the name ${String(error)} and the code ${String(code)}`
  }
  if (typeof message !== 'string' || message === '') return 'the error says nothing'
  const { field, issue, totalCount, errors } = part(Object(details))
  if (code === 'BAD_REQUEST' && (typeof field !== 'string' || typeof issue !== 'string')) {
    return 'a bad request does not say which field is bad'
  }
  if (code !== 'BATCH_INVALID' && errors === undefined) return null
  return Array.isArray(errors) &&
    errors.length === Math.min(Number(totalCount), batchErrorsShownMax) &&
    errors.length > 0
    ? null
    : 'a batch that is refused does not list its errors'
}
