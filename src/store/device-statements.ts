// The statements of the writer for the problems and the monitors of 2.x charge points. Like all statements of the
// writer they are idempotent: running twice on the same rows stores the same.

import type { RowOf, WithoutNulls } from '../blocks/stored-rows.ts'
import { monitors, problems } from '../blocks/diagnostics/tables.ts'
import { problemTimes } from './schema.ts'
import { statement } from './statement.ts'
import { instant } from './wire/columns.ts'
import { type Columns, columnsOf, keyOf, otherColumnsOf, replacing, upsert } from './table-statement.ts'

export interface ProblemRow extends Readonly<WithoutNulls<RowOf<typeof problems>>> {
  /** False if the problem is over. */
  readonly isActive: boolean
}

const keyNames = keyOf(problems).join(', ')

/**
 * Whether `row` is older than `known`, and so changes nothing. A time after the arrival comes from a clock that is
 * ahead. Then the arrival counts: otherwise no event could end that problem once the clock is correct.
 */
export function isOlderProblem(row: ProblemRow, known: ProblemRow): boolean {
  return row.occurredAtMs < Math.min(known.occurredAtMs, known.updatedAtMs)
}

/** SQL of the opposite of `isOlderProblem`. */
const isNoOlder = (row: string, known: string, arrival: string): string =>
  `${row}.occurred_at >= LEAST(${known}.occurred_at, ${known}.${arrival})`

const problemTimeColumns: Columns<ProblemRow> = {
  ...otherColumnsOf(problemTimes, ['receivedAtMs']),
  received_at: instant((row) => row.updatedAtMs),
}

/**
 * Finds which of the rows, of problems and of their ends, are the newest. The statements on `problems` run after it. It
 * locks its rows until the COMMIT, in the same order on all nodes, so that two nodes with events of one component take
 * turns.
 */
export const noteProblemTimes = statement<ProblemRow>(
  'note_problem_times',
  problemTimeColumns,
  (names, rows) =>
    `INSERT INTO problem_times (${names}) SELECT * FROM ${rows} ORDER BY ${keyNames}
     ${replacing(problemTimes, problemTimeColumns)} WHERE ${isNoOlder('EXCLUDED', 'problem_times', 'received_at')}`,
)

/** SQL: those of `rows` that are the newest, as a table `v`. */
const newestOf = (rows: string): string =>
  `(SELECT v.* FROM ${rows} JOIN problem_times t USING (${keyNames})
    WHERE t.occurred_at = v.occurred_at AND t.received_at = v.updated_at) AS v`

// A problem may be newer than its row in `problem_times`: nodes of the previous version write only to `problems`.
const isNoOlderThanProblem = (row: string): string => isNoOlder(row, 'problems', 'updated_at')

const problemColumns = columnsOf(problems)

export const upsertProblems = statement<ProblemRow>(
  'upsert_problems',
  problemColumns,
  (names, rows) =>
    `INSERT INTO problems (${names}) SELECT * FROM ${newestOf(rows)}
     ${replacing(problems, problemColumns)} WHERE ${isNoOlderThanProblem('EXCLUDED')}`,
)

export const deleteProblems = statement<ProblemRow>(
  'delete_problems',
  otherColumnsOf(problems, ['techCode', 'techInfo', 'cause']),
  (_, rows) =>
    `DELETE FROM problems USING ${newestOf(rows)} WHERE ${keyOf(problems)
      .map((column) => `problems.${column} = v.${column}`)
      .join(' AND ')} AND ${isNoOlderThanProblem('v')}`,
)

export const upsertMonitors = upsert('upsert_monitors', monitors)

/** Deletes the monitors with these ids. */
export const deleteMonitors = statement(
  'delete_monitors',
  columnsOf(monitors, ['chargePointKey', 'monitorId']),
  (_, rows) =>
    `DELETE FROM monitors m USING ${rows} WHERE m.charge_point_id = v.charge_point_id AND m.monitor_id = v.monitor_id`,
)
