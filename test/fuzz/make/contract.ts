// The REST API as its own OpenAPI document describes it: the valid requests, and the form of every answer.

import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import { errorTable } from '../../../src/base/errors.ts'
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
  /** Null if it has no body. */
  readonly body: JsonSchema | null
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

  /** Whether the document forbids `body` to `operation`. Formats of texts are left out: times may be written in more ways. */
  forbids({ body: schema }: Operation, body: unknown): boolean {
    if (schema === null) return false
    const validate = this.#bodies.get(schema) ?? this.#ajv.compile({ ...schema, components: this.#document.components })
    this.#bodies.set(schema, validate)
    return !validate(body)
  }

  /** The problem of an answer of `operation`; null if there is none. */
  problem({ method, path }: Operation, { status, headers, text }: Answered): string | null {
    if (headers.get('X-Request-Id') === null) return 'the answer has no X-Request-Id'
    const validate = this.#validator(path, method.toLowerCase(), status)
    if (validate === undefined) return `the document lists no status ${status}`
    if (validate === null) return text === '' ? null : 'the answer has a body and should have none'
    if (validate === 'text') return text === '' ? 'the answer has no text' : null
    let body: unknown
    try {
      body = JSON.parse(text)
    } catch {
      return `the body is no JSON: ${text.slice(0, 200)}`
    }
    if (!validate(body)) return this.#ajv.errorsText(validate.errors)
    return status < 400 || path.startsWith('/health/') ? null : errorProblem(status, body)
  }

  #operation(path: string, method: string, operation: JsonSchema): Operation {
    const parameters = Array.isArray(operation.parameters) ? operation.parameters : []
    const body = operation.requestBody === undefined ? null : jsonSchemaIn(part(operation.requestBody))
    return {
      method: method.toUpperCase(),
      path,
      parameters: parameters.map(part).map((parameter) => ({
        name: String(parameter.name),
        in: parameter.in === 'path' ? 'path' : 'query',
        isRequired: parameter.required === true,
        schema: part(parameter.schema),
      })),
      body: body === null ? null : this.#named(body),
    }
  }

  #named(schema: JsonSchema): JsonSchema {
    if (typeof schema.$ref !== 'string') return schema
    return part(
      schema.$ref
        .split('/')
        .slice(1)
        .reduce((at: unknown, step) => part(at)[step], this.#document),
    )
  }

  /** Undefined for a status that is not listed, null for one without a body, `text` for one whose body is no JSON. */
  #validator(path: string, method: string, status: number): ValidateFunction | 'text' | null | undefined {
    const key = `${method} ${path} ${status}`
    if (this.#answers.has(key)) return this.#answers.get(key)
    const responses = part(part(part(part(this.#document.paths)[path])[method]).responses)
    const response = responses[status]
    if (response === undefined) return undefined
    const pointer = ['paths', path, method, 'responses', String(status), 'content', 'application/json', 'schema']
    const steps = pointer.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    const body = bodyIn(part(response))
    const validate = body === 'json' ? this.#ajv.compile({ $ref: `document#/${steps.join('/')}` }) : body
    this.#answers.set(key, validate)
    return validate
  }
}

function bodyIn({ content }: JsonSchema): 'json' | 'text' | null {
  if (content === undefined) return null
  return part(content)['application/json'] === undefined ? 'text' : 'json'
}

function jsonSchemaIn(holder: JsonSchema): JsonSchema | null {
  if (holder.content === undefined) return null
  return part(part(part(holder.content)['application/json']).schema)
}

/** Whether an error is one of the table: its name belongs to its status, and a bad request names the field. */
function errorProblem(status: number, body: unknown): string | null {
  const { error, message, details } = part(body)
  const isOfTable = Object.values(errorTable).some((row) => row.status === status && row.name === error)
  if (!isOfTable) return `no error of status ${status} has the name ${String(error)}`
  if (typeof message !== 'string' || message === '') return 'the error says nothing'
  if (status !== 400) return null
  return typeof Object(details).field === 'string' && typeof Object(details).issue === 'string'
    ? null
    : 'a bad request does not say which field is bad'
}
