// Batches: up to `batchLinesMax` lines in one request, each of which creates or changes one record. A line is validated
// as the body of a request for a single one. By default all lines are stored or none.

import { z } from '@hono/zod-openapi'
import type { Context } from 'hono'
import { StatorError } from '../base/errors.ts'
import { inTurns } from '../base/in-turns.ts'
import {
  batchErrorsShownMax,
  batchLineErrorsMax,
  batchLinesMax,
  batchTextCharactersMax,
  batchTurnLines,
} from '../base/limits.ts'
import type { BatchMode, LineOutcome } from '../blocks/batch.ts'
import { type BatchColumns, type LineIssue, UnreadableBatch, batchBody } from './batch-body.ts'
import type { ApiEnv } from './env.ts'
import { fieldIssues } from './errors.ts'
import { booleanText } from './fields.ts'

/** How the lines of one kind are validated and stored. */
export interface BatchOf<Wanted, Line, Outcome extends LineOutcome> {
  /** The field that says which record a line is about. */
  readonly identity: 'chargePointId' | 'idTag'
  readonly columns: BatchColumns
  /** The schema of a single one. */
  readonly schema: z.ZodType<Wanted>
  /** The line to store: secrets are hashed here. */
  lineOf(wanted: Wanted): Line
  store(lines: readonly Line[], mode: BatchMode): Promise<readonly Outcome[]>
}

/** What a batch stored, with its report. */
export interface BatchStored<Outcome> {
  /** Which records were created and changed, in the order of the lines. */
  readonly ids: Readonly<Record<'created' | 'changed', readonly string[]>>
  readonly outcomes: readonly Outcome[]
  readonly report: z.infer<typeof BatchReport>
}

const ErrorOfLine = z
  .object({
    field: z.string().openapi({ example: 'timeZone' }),
    issue: z.string().openapi({ example: 'Time zone must be an IANA name such as Europe/Berlin' }),
    value: z
      .string()
      .optional()
      .openapi({ description: 'What was there, shortened; never a password or key.', example: 'Berlin' }),
  })
  .openapi('BatchErrorOfLine')

const LineReport = z
  .object({
    line: z.int().openapi({
      description: 'CSV: as an editor counts, the header is line 1. JSON: the place in the list, from 1.',
      example: 2,
    }),
    id: z.string().nullable().openapi({ description: 'Its chargePointId or idTag.', example: 'CP001' }),
    result: z.enum(['created', 'changed', 'unchanged', 'failed']).openapi({
      description: '`unchanged`: all of it was stored already. `failed`: only with `partial=true`.',
      example: 'created',
    }),
    errors: z.array(ErrorOfLine).optional().openapi({ description: 'Of a line that failed.', example: [] }),
  })
  .openapi('BatchLineReport')

export const BatchReport = z
  .object({
    totalCount: z.int().openapi({ description: 'Lines of the batch.', example: 1 }),
    created: z.int().openapi({ example: 1 }),
    changed: z.int().openapi({ example: 0 }),
    unchanged: z.int().openapi({ example: 0 }),
    failed: z.int().openapi({ example: 0 }),
    ignoredColumns: z.array(z.string()).openapi({
      description: 'Columns of the CSV that lists show and that cannot be changed.',
      example: [],
    }),
    lines: z.array(LineReport),
  })
  .openapi('BatchReport')

export const batchQuery = z.strictObject({
  partial: booleanText('Partial')
    .default(false)
    .openapi({
      param: { name: 'partial', in: 'query' },
      description: 'true: lines without an error are stored even if others have one.',
      default: false,
    }),
})

/** The request body in the OpenAPI document. `items` is the name of the schema of a single one. */
export function batchRequest(items: string, examples: { readonly json: readonly unknown[]; readonly csv: string }) {
  const list = { type: 'array' as const, maxItems: batchLinesMax, items: { $ref: `#/components/schemas/${items}` } }
  return {
    required: true,
    content: {
      'application/json': { schema: { ...list, example: [...examples.json] } },
      'text/csv': { schema: { type: 'string' as const, example: examples.csv } },
    },
  }
}

/** What the description of every batch says. */
export const batchDescription = `At most ${batchLinesMax.toLocaleString('en')} lines in one request, as a JSON list, or as CSV \
with the header \`Content-Type: text/csv\`, whose first line names the fields. The file that the list with \`.csv\` gives is \
accepted as it is.

A field that is left out, or a column that is not there, stays unchanged. Without \`partial=true\`, one wrong line is enough \
for nothing to be stored; \`details.errors\` lists the first ${batchErrorsShownMax.toLocaleString('en')} errors, and \
\`details.totalCount\` says how many there are. The status is 409 if all of them are conflicts with what is stored.`

interface Checked<Line> {
  readonly line: number
  readonly id: string | null
  /** Not shortened. */
  readonly wholeId: string | null
  readonly errors: z.infer<typeof ErrorOfLine>[]
  readonly stored: Line | null
}

/**
 * Validates and stores the lines of the request.
 *
 * @throws {StatorError} `BATCH_INVALID` or `CONFLICT`, and nothing is stored; also what `batchBody` throws.
 */
export async function runBatch<Wanted, Line, Outcome extends LineOutcome>(
  c: Context<ApiEnv>,
  isPartial: boolean,
  batch: BatchOf<Wanted, Line, Outcome>,
): Promise<BatchStored<Outcome>> {
  const body = await batchBody(c, batch.columns, batch.identity).catch((error: unknown) => {
    if (!(error instanceof UnreadableBatch)) throw error
    throw refused('The file cannot be read; nothing was stored', 'BATCH_INVALID', error.issues)
  })
  const checked: Checked<Line>[] = []
  const linesById = new Map<string, number>()
  await inTurns(body.lines, batchTurnLines, ({ line, value }) => {
    checked.push(check(line, value, batch, linesById))
  })
  const right = checked.filter((one) => one.stored !== null)
  const hasErrors = right.length < checked.length
  const mode = isPartial ? 'partial' : hasErrors ? 'check' : 'atomic'
  const outcomes = await batch.store(
    right.flatMap(({ stored }) => (stored === null ? [] : [stored])),
    mode,
  )
  for (const [index, { id, errors }] of right.entries()) {
    const outcome = outcomes[index]
    if (outcome?.result === 'conflict') {
      errors.push({ field: batch.identity, issue: outcome.sentence, ...(id === null ? {} : { value: cut(id) }) })
    }
    if (outcome?.result === 'invalid') errors.push({ field: outcome.field, issue: outcome.sentence })
  }
  const failed = checked.filter(({ errors }) => errors.length > 0)
  const areInvalid = hasErrors || outcomes.some(({ result }) => result === 'invalid')
  if (!isPartial && failed.length > 0) throw refusedLines(failed, checked.length, areInvalid)
  const idsOf = (result: LineOutcome['result']) =>
    right.flatMap(({ wholeId }, index) => (wholeId === null || outcomes[index]?.result !== result ? [] : [wholeId]))
  const ids = { created: idsOf('created'), changed: idsOf('changed') }
  return { outcomes, ids, report: reportOf(checked, right, outcomes, body.ignoredColumns) }
}

function check<Wanted, Line, Outcome extends LineOutcome>(
  line: number,
  value: unknown,
  { schema, identity, columns, lineOf }: BatchOf<Wanted, Line, Outcome>,
  linesById: Map<string, number>,
): Checked<Line> {
  const id = ownText(value, identity)
  const earlier = id === null ? undefined : linesById.get(id.toLowerCase())
  if (id !== null && earlier === undefined) linesById.set(id.toLowerCase(), line)
  const parsed = schema.safeParse(value)
  const errors = (parsed.success ? [] : parsed.error.issues)
    .slice(0, batchLineErrorsMax)
    .flatMap((issue) => fieldIssues(issue, 'line'))
    .slice(0, batchLineErrorsMax)
    .map(({ field, issue }) => ({
      field: cut(field),
      issue: issue.slice(0, 500),
      ...shownValue(value, field, columns),
    }))
  if (id !== null && earlier !== undefined) {
    const issue = `Line ${earlier} has the same ${identity} (letter case is ignored); leave one of them out`
    errors.push({ field: identity, issue, value: cut(id) })
  }
  return {
    line,
    id: id === null ? null : cut(id),
    wholeId: id,
    errors,
    stored: parsed.success && errors.length === 0 ? lineOf(parsed.data) : null,
  }
}

function ownText(value: unknown, field: string): string | null {
  const text: unknown = Object.getOwnPropertyDescriptor(Object(value), field)?.value
  return typeof text === 'string' ? text : null
}

/** The wrong value, unless it is a secret or no text. */
function shownValue(value: unknown, field: string, columns: BatchColumns): { value?: string } {
  if (!Object.hasOwn(columns, field) || columns[field] === 'secret') return {}
  const text = ownText(value, field)
  return text === null ? {} : { value: cut(text) }
}

function cut(text: string): string {
  return text.length <= batchTextCharactersMax ? text : `${text.slice(0, batchTextCharactersMax)}…`
}

function refusedLines(failed: readonly Checked<unknown>[], count: number, hasErrors: boolean): StatorError {
  const issues = failed.flatMap(({ line, id, errors }) => errors.map((error) => ({ line, id, ...error })))
  const sentence = `${failed.length} of ${count} lines are wrong; nothing was stored`
  return refused(sentence, hasErrors ? 'BATCH_INVALID' : 'CONFLICT', issues)
}

function refused(sentence: string, code: 'BATCH_INVALID' | 'CONFLICT', issues: readonly LineIssue[]): StatorError {
  const errors = issues.slice(0, batchErrorsShownMax)
  const rest = errors.length < issues.length ? `; the first ${errors.length} of ${issues.length} errors are listed` : ''
  return new StatorError(code, `${sentence}${rest}`, { totalCount: issues.length, errors })
}

function reportOf<Line>(
  checked: readonly Checked<Line>[],
  right: readonly Checked<Line>[],
  outcomes: readonly LineOutcome[],
  ignoredColumns: readonly string[],
): z.infer<typeof BatchReport> {
  const counts = { created: 0, changed: 0, unchanged: 0, failed: 0 }
  const resultOf = new Map(right.map((one, index) => [one, outcomes[index]?.result ?? 'conflict']))
  const lines = checked.map((one) => {
    const stored = resultOf.get(one) ?? 'conflict'
    const result: keyof typeof counts = stored === 'conflict' || stored === 'invalid' ? 'failed' : stored
    counts[result]++
    return { line: one.line, id: one.id, result, ...(result === 'failed' ? { errors: one.errors } : {}) }
  })
  return { totalCount: checked.length, ...counts, ignoredColumns: [...ignoredColumns], lines }
}
