// Response definitions that many routes share, for the OpenAPI document.

import { z } from '@hono/zod-openapi'
import type { Context, TypedResponse } from 'hono'
import type { JSONParsed } from 'hono/utils/types'
import { errorTable } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'

const codes = Object.keys(errorTable) as ErrorCode[]

/** An error of one line of a batch, or of its file from that line on. */
const BatchError = z
  .looseObject({
    line: z.int().openapi({
      description: 'CSV: as an editor counts, the header is line 1. JSON: the place in the list, from 1.',
      example: 2,
    }),
    field: z.string().openapi({ example: 'timeZone' }),
    issue: z.string().openapi({ example: 'Time zone must be an IANA name such as Europe/Berlin' }),
    id: z.string().nullable().optional().openapi({
      description: 'The chargePointId or idTag of the line; absent if the file cannot be read.',
      example: 'CP001',
    }),
    value: z
      .string()
      .optional()
      .openapi({ description: 'What was there, shortened; never a password or key.', example: 'Berlin' }),
  })
  .openapi('BatchError')

const ErrorDetails = z.looseObject({
  field: z.string().optional().openapi({ description: 'Of `BAD_REQUEST`: the field that is wrong.' }),
  issue: z.string().optional().openapi({ description: 'Of `BAD_REQUEST`: what is wrong with it.' }),
  missing: z.string().optional().openapi({ description: 'Of `FORBIDDEN`: what the sender lacks.' }),
  node: z.string().optional().openapi({ description: 'Of `CONNECTED_ELSEWHERE`: the node that has the charge point.' }),
  totalCount: z.int().optional().openapi({ description: 'Of a batch that is refused: how many errors it has.' }),
  errors: z.array(BatchError).optional().openapi({ description: 'Of a batch that is refused: its first errors.' }),
})

const ErrorAnswer = z
  .object({
    error: z.string().openapi({ description: 'The name of the HTTP status.', example: 'NotFound' }),
    code: z.enum(codes).openapi({ description: 'What went wrong, for programs.', example: 'NOT_FOUND' }),
    message: z.string().openapi({ example: "Charge point 'CP999' not found" }),
    details: ErrorDetails.optional().openapi({
      description:
        'Status 400: `field` and `issue`; of a batch (`BATCH_INVALID`, and `CONFLICT` if all errors are conflicts with what is stored) `totalCount` and `errors`. Status 403: `missing`. Status 409: `node`, where another node holds the charge point. Status 502: what the charge point answered.',
    }),
  })
  .openapi('Error')

type ErrorResponses = Record<
  string,
  { description: string; content: { 'application/json': { schema: typeof ErrorAnswer } } }
>

/** The 4xx and 5xx answers of a route, by the codes of the error table. */
export function errors(...codes: readonly ErrorCode[]) {
  const byStatus: ErrorResponses = {}
  // A body that may be too large may be too slow as well.
  const slow = codes.includes('REQUEST_TOO_LARGE') ? (['REQUEST_TIMEOUT'] as const) : []
  for (const code of [
    'UNAUTHORIZED',
    ...codes,
    ...slow,
    'TOO_MANY_REQUESTS',
    'INTERNAL',
    'STORE_UNAVAILABLE',
    'TOKEN_KEYS_UNAVAILABLE',
  ] as const) {
    const { status, hint } = errorTable[code]
    const others = byStatus[status]
    const description = others === undefined ? hint : `${others.description} Or: ${hint}`
    byStatus[status] = { description, content: { 'application/json': { schema: ErrorAnswer } } }
  }
  return byStatus
}

/** The 4xx answer of a route that needs no credentials. */
export const badHost: ErrorResponses = {
  400: {
    description: 'The Host header is not the name of a host.',
    content: { 'application/json': { schema: ErrorAnswer } },
  },
}

/** A JSON response. */
export function json<T extends z.ZodType>(schema: T, description: string) {
  return { description, content: { 'application/json': { schema } } }
}

/** A response with status 200 and `text`, which is the JSON of a `T`. */
export function jsonText<T>(c: Context, text: string): Response & TypedResponse<JSONParsed<T>, 200, 'json'> {
  const response: Response = c.body(text, 200, { 'Content-Type': 'application/json' })
  // Hono's response type exists at compile time only.
  return response as Response & TypedResponse<JSONParsed<T>, 200, 'json'>
}

/** A JSON request body; one that is not `required` may be left out altogether. */
export function body<T extends z.ZodType>(schema: T, required: boolean) {
  return { required, content: { 'application/json': { schema } } }
}

/** A time in a response. */
export const Time = z.string().openapi({ format: 'date-time', example: '2025-12-26T12:30:00.000Z' })
