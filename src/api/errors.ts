// Error responses: `{error, code, message, details?}` and a status, from the error table.

import type { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { StatorError, errorFields, errorTable } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { restRetryAfterSeconds } from '../base/limits.ts'
import type { ApiDeps } from './deps.ts'
import { shownPath } from './shown-path.ts'

/** The body of every error response. */
export interface ErrorBody {
  readonly error: string
  readonly code: ErrorCode
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** An invalid request: `field` as the client wrote it, `issue` as a sentence. */
export function badRequest(field: string, issue: string, more?: readonly FieldIssue[]): StatorError {
  const others = more === undefined || more.length === 0 ? {} : { more }
  return new StatorError('BAD_REQUEST', 'Invalid request format', { field, issue, ...others })
}

/** No `kind` (for example 'Charge point') with that id exists. */
export function notFound(kind: string, id: string | number): StatorError {
  return new StatorError('NOT_FOUND', `${kind} '${id}' not found`)
}

export interface FieldIssue {
  readonly field: string
  readonly issue: string
}

/**
 * The validation errors of zod for a part of the request (`body`, `query`, …), as sentences. `details.field` and
 * `details.issue` name the first; `details.more` has the others.
 */
export function validationError(error: z.ZodError, part: string): StatorError {
  const [first, ...more] = error.issues.flatMap((issue) => fieldIssues(issue, part))
  return first === undefined
    ? badRequest(part, `The ${part} breaks its contract`)
    : badRequest(first.field, first.issue, more)
}

/** The response to `error`. An internal error is logged. */
export function answerError(error: Error, c: Context, log: ApiDeps['log']): Response {
  const known = recognise(error)
  const { code } = known
  const { status } = errorTable[code]
  c.set('errorCode', code)
  if (status === 500 || code === 'STORE_UNAVAILABLE') {
    log.error(
      { requestId: c.get('requestId'), method: c.req.method, path: shownPath(c.req.path), code, error },
      'A REST request failed.',
    )
  }
  // Of these bodies the rest is not read.
  if (status === 408 || status === 413) c.header('Connection', 'close')
  if (status === 503) c.header('Retry-After', '5')
  if (status === 429) c.header('Retry-After', String(restRetryAfterSeconds))
  return c.json(errorBody(known), status)
}

function errorBody(error: StatorError): ErrorBody {
  const body = errorFields(error.code, error.message)
  return error.details === undefined ? body : { ...body, details: error.details }
}

// Hono throws HTTPException for errors that it detects itself. Any other unknown error is a fault of Stator: its text
// goes to the log only, since it may quote data or reveal details of the database.
function recognise(error: Error): StatorError {
  if (error instanceof HTTPException) {
    const code = codeOfStatus(error.status)
    if (code === 'BAD_REQUEST') return badRequest('body', `The body cannot be read: ${error.message}`)
    return new StatorError(code, error.message)
  }
  if (!(error instanceof StatorError) || errorTable[error.code].status === 500) {
    return new StatorError('INTERNAL', 'An unexpected error occurred')
  }
  return error.code === 'STORE_UNAVAILABLE'
    ? new StatorError('STORE_UNAVAILABLE', 'The database cannot be reached now')
    : error
}

function codeOfStatus(status: number): ErrorCode {
  if (status === 404) return 'NOT_FOUND'
  if (status === 408) return 'REQUEST_TIMEOUT'
  if (status === 413) return 'REQUEST_TOO_LARGE'
  return status < 500 ? 'BAD_REQUEST' : 'INTERNAL'
}

type Issue = z.ZodError['issues'][number]

/** The errors that zod found in one issue, in words. */
export function fieldIssues(issue: Issue, part: string): FieldIssue[] {
  if (issue.path.length === 0 && issue.code === 'invalid_type') {
    return [{ field: part, issue: `The ${part} must be a JSON ${issue.expected}` }]
  }
  if (issue.code !== 'unrecognized_keys') return [{ field: fieldName(issue.path) || part, issue: issue.message }]
  return issue.keys.map((key) => {
    const field = fieldName([...issue.path, key])
    return { field, issue: `${field} is not known in this ${part}; leave it out or correct its spelling` }
  })
}

/** A path into a body, as `chargingProfile.chargingSchedule.chargingSchedulePeriod[0].limit`. */
export function fieldName(path: readonly PropertyKey[]): string {
  let name = ''
  for (const part of path) {
    if (typeof part === 'number') name += `[${part}]`
    else name += name === '' ? String(part) : `.${String(part)}`
  }
  return name
}
