// Field validators of requests. Each error names the field and what is valid; `details.issue` shows it.

import { z } from '@hono/zod-openapi'
import { identityCharactersMax, integerMax } from '../base/limits.ts'

type Complain = (issue: { readonly input?: unknown }) => string

/** "Connector ID must be a positive integer", or that it is missing. */
function must(name: string, be: string): Complain {
  return (issue) => (issue.input === undefined ? `${name} is required; it must be ${be}` : `${name} must be ${be}`)
}

/** An integer of a JSON body, from `min` to the largest that OCPP and PostgreSQL both support. */
export function integer(name: string, min: 0 | 1) {
  const error = must(name, min === 1 ? 'a positive integer' : 'an integer, zero or more')
  return z
    .int({ error })
    .min(min, { error })
    .max(integerMax, { error: tooBig(name) })
}

function tooBig(name: string): string {
  return `${name} must be at most ${integerMax}`
}

/** An integer of a path or a query, where everything is text. */
export function integerText(name: string, min: 0 | 1, max: number) {
  const error = must(name, max === integerMax ? 'a positive integer' : `an integer from ${min} to ${max}`)
  return z
    .string({ error })
    .regex(/^\d+$/, { error })
    .transform((digits) => Math.min(Number(digits), Number.MAX_SAFE_INTEGER))
    .pipe(
      z
        .int({ error })
        .min(min, { error })
        .max(max, { error: max === integerMax ? tooBig(name) : error }),
    )
    .openapi({ type: 'integer', minimum: min, maximum: max })
}

/** The EVSE in a body. */
export const evseId = integer('EVSE ID', 1).openapi({ description: 'OCPP 1.6: the connector.', example: 1 })

/** A connector of that EVSE. */
export const connectorIdOfEvse = integer('Connector ID', 1).openapi({
  description: 'Of the EVSE. OCPP 1.6: each has one, with the number 1.',
  example: 1,
})

/** The fields of a body that say where on a charge point; without them it is the charge point as a whole. */
export const evsePlace = { evseId: evseId.optional(), connectorId: connectorIdOfEvse.optional() }

/** The field of a command that a quirk profile may refuse or change. */
export const force = z.boolean({ error: 'Force must be true or false' }).optional().openapi({
  description: 'Send it as it is, whatever the quirk profile of the charge point says.',
})

/** For `refine` of a body with `evsePlace`, with `needsEvse`: a connector is one of an EVSE. */
export function hasEvse(place: { readonly evseId?: unknown; readonly connectorId?: unknown }): boolean {
  return place.connectorId === undefined || place.evseId !== undefined
}

export const needsEvse = { error: 'connectorId needs the evseId of its EVSE beside it', path: ['connectorId'] }

/** `true` or `false` in a query, where everything is text. */
export function booleanText(name: string) {
  return z
    .enum(['true', 'false'], { error: must(name, 'true or false') })
    .transform((word) => word === 'true')
    .openapi({ type: 'boolean' })
}

/** No control characters, as a regular expression of JSON Schema. */
export const textPattern = '^[^\\x00-\\x1f\\x7f-\\x9f]*$'

/** A text of `charactersMin` to `charactersMax` characters, without control characters and lone surrogates. */
export function text(name: string, charactersMax: number, charactersMin = 1) {
  const error = must(name, `a text of ${charactersMin} to ${charactersMax} characters`)
  return z
    .string({ error })
    .min(charactersMin, { error })
    .max(charactersMax, { error })
    .regex(new RegExp(textPattern), { error: `${name} must not contain control characters` })
    .refine((value) => value.isWellFormed(), { error: `${name} must not contain half a surrogate pair` })
}

/** One of some words, spelt exactly. */
export function oneOf<const T extends readonly string[]>(name: string, words: T) {
  return z.enum(words, { error: must(name, `one of ${words.join(', ')}`) })
}

/** An object with any content; another part validates it. */
export function object(name: string) {
  return z.record(z.string(), z.unknown(), { error: must(name, 'a JSON object') })
}

/** The body of a PATCH: some of `fields`, at least one. */
export function change<T extends z.ZodRawShape>(fields: T) {
  return z
    .strictObject(fields)
    .refine((value) => Object.keys(value).length > 0, { error: 'The body must have at least one field to change' })
    .openapi({ minProperties: 1 })
}

/** The identity of a new charge point. */
export const newIdentity = text('Charge point ID', identityCharactersMax)
  .regex(/^[^:/]*$/, {
    error:
      'Charge point ID must not contain ":" (it ends the user name in Basic credentials) or "/" (it ends a URL path)',
  })
  // A cell of a file with ", " between its cells: no charge point has such an identity.
  .regex(/^(?:[^ \xa0](?:.*[^ \xa0])?)?$/s, { error: 'Charge point ID must not begin or end with a space' })
  .openapi({
    description: 'Without ":" and "/", and without a space at its begin or end.',
    pattern: '^[^\\x00-\\x20\\x7f-\\xa0:/]([^\\x00-\\x1f\\x7f-\\x9f:/]*[^\\x00-\\x20\\x7f-\\xa0:/])?$',
  })

/** The charge point in a path. Any text is valid; an unknown identity is not found. */
export const ChargePointParams = z.object({
  chargePointId: z.string().openapi({
    param: { name: 'chargePointId', in: 'path' },
    description: 'The identity of the charge point, as in its connection URL.',
    example: 'CP001',
  }),
})

/** The group in a path. */
export const GroupParams = z.object({
  groupId: integerText('Group id', 1, integerMax).openapi({
    param: { name: 'groupId', in: 'path' },
    description: 'The `id` of the group.',
    example: 2,
  }),
})

/** A message id in a query: 36 characters in the specification, more from some charge points. */
export const messageIdQuery = text('Message ID', 255)
  .optional()
  .openapi({ param: { name: 'messageId', in: 'query' }, description: 'Only messages of this id.' })

/** From which side a frame came. */
export const directions = ['fromChargePoint', 'toChargePoint'] as const

/** A direction in a query; `more` is said after what it does. */
export function directionQuery(more = '') {
  return oneOf('Direction', directions)
    .optional()
    .openapi({ param: { name: 'direction', in: 'query' }, description: `Only those of this direction.${more}` })
}

export const TransactionParams = z.object({
  transactionId: integerText('Transaction ID', 1, integerMax).openapi({
    param: { name: 'transactionId', in: 'path' },
    description: 'The number that Stator gave the transaction.',
    example: 12345,
  }),
})

/**
 * An ISO 8601 time, as milliseconds since the Unix epoch. Without a zone it is UTC. A date without a time means its
 * first millisecond, or with `edge: 'end'` its last, so that a range of dates includes both.
 */
export function time(name: string, edge: 'start' | 'end' = 'start') {
  const complain = must(name, 'a date and time in ISO 8601, such as 2025-12-26T12:30:00Z')
  const error: Complain = (issue) =>
    typeof issue.input === 'string' && plusLost.test(issue.input)
      ? `${name} has a space where the + of its time zone belongs; write the + as %2B in a URL`
      : complain(issue)
  const dateTime = z.iso.datetime({ offset: true, local: true, error })
  const date = z.iso.date({ error })
  return z
    .union([dateTime, date], { error })
    .transform((value) => timeMs(value, edge))
    .refine(isStorable, { error: `${name} must lie in the years 1 to 9999, in UTC` })
    .openapi({ type: 'string', format: 'date-time' })
}

// The years that PostgreSQL and ISO 8601 both write with four digits.
const storableMsMin = Date.parse('0001-01-01T00:00:00Z')
const storableMsMax = Date.parse('9999-12-31T23:59:59.999Z')

function isStorable(ms: number): boolean {
  return ms >= storableMsMin && ms <= storableMsMax
}

// In a query, a + that is not encoded as %2B means a space.
const plusLost = /^\d{4}-\d\d-\d\dT[\d:.]+ \d\d:?\d\d$/

function timeMs(value: string, edge: 'start' | 'end'): number {
  if (value.length === 10) return Date.parse(edge === 'start' ? `${value}T00:00:00.000Z` : `${value}T23:59:59.999Z`)
  return Date.parse(/(?:Z|[+-]\d{2}:?\d{2})$/.test(value) ? value : `${value}Z`)
}
