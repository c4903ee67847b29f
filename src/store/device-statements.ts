// The statements of the writer for what 2.x charge points tell of their components: variables and problems. Like all
// statements of the writer they may run twice on the same rows and leave the same behind.

import type { ProblemChange, VariableChange } from '../csms/decision.ts'
import { bool, type Column, instant, int4, json, statement, text } from './statement.ts'

export interface VariableRow {
  readonly chargePointKey: number
  readonly variable: Omit<VariableChange, 'kind'>
  readonly updatedAtMs: number
}

const variableKey = [
  'charge_point_id',
  'component_name',
  'component_instance',
  'evse_id',
  'connector_id',
  'variable_name',
  'variable_instance',
  'attribute_type',
]
const variableColumns = ['value', 'mutability', 'persistent', 'constant', 'characteristics', 'updated_at']

export const upsertVariables = statement<VariableRow>(
  'upsert_variables',
  {
    charge_point_id: int4((row) => row.chargePointKey),
    component_name: text((row) => row.variable.componentName),
    component_instance: text((row) => row.variable.componentInstance),
    evse_id: int4((row) => row.variable.evseId),
    connector_id: int4((row) => row.variable.connectorId),
    variable_name: text((row) => row.variable.variableName),
    variable_instance: text((row) => row.variable.variableInstance),
    attribute_type: text((row) => row.variable.attributeType),
    value: text((row) => row.variable.value),
    mutability: text((row) => row.variable.mutability),
    persistent: bool((row) => row.variable.persistent),
    constant: bool((row) => row.variable.constant),
    characteristics: json((row) =>
      row.variable.characteristics === null ? null : JSON.stringify(row.variable.characteristics),
    ),
    updated_at: instant((row) => row.updatedAtMs),
  },
  (names, rows) =>
    `INSERT INTO variables (${names}) SELECT * FROM ${rows}
     ON CONFLICT (${variableKey.join(', ')}) DO UPDATE SET ${variableColumns.map((column) => `${column} = EXCLUDED.${column}`).join(', ')}`,
)

export interface ProblemRow {
  readonly chargePointKey: number
  readonly problem: Omit<ProblemChange, 'kind'>
  readonly updatedAtMs: number
}

const problemKey: Readonly<Record<string, Column<ProblemRow>>> = {
  charge_point_id: int4((row) => row.chargePointKey),
  component_name: text((row) => row.problem.componentName),
  component_instance: text((row) => row.problem.componentInstance),
  evse_id: int4((row) => row.problem.evseId),
  connector_id: int4((row) => row.problem.connectorId),
}
const keyNames = Object.keys(problemKey).join(', ')
const occurredAt = instant<ProblemRow>((row) => row.problem.occurredAtMs)
const arrivedAt = instant<ProblemRow>((row) => row.updatedAtMs)
const problemColumns: Readonly<Record<string, Column<ProblemRow>>> = {
  tech_code: text((row) => row.problem.techCode),
  tech_info: text((row) => row.problem.techInfo),
  cause: int4((row) => row.problem.cause),
  occurred_at: occurredAt,
  updated_at: arrivedAt,
}

/**
 * Whether `row` is older than `known`, and so changes nothing. A time that lies after its own arrival comes from a clock that is
 * ahead: then the arrival counts, or nothing could end that problem once the clock is right.
 */
export function isOlderProblem(row: ProblemRow, known: ProblemRow): boolean {
  return row.problem.occurredAtMs < Math.min(known.problem.occurredAtMs, known.updatedAtMs)
}

/** SQL of the opposite of `isOlderProblem`. */
const isNoOlder = (row: string, known: string, arrival: string): string =>
  `${row}.occurred_at >= LEAST(${known}.occurred_at, ${known}.${arrival})`

/**
 * Says which of all the rows, of problems and of their ends, are the newest; the statements on `problems` come after
 * it. It locks its rows until the COMMIT, all nodes in one order, so that two nodes with events of one component take
 * turns.
 */
export const noteProblemTimes = statement<ProblemRow>(
  'note_problem_times',
  { ...problemKey, occurred_at: occurredAt, received_at: arrivedAt },
  (names, rows) =>
    `INSERT INTO problem_times (${names}) SELECT * FROM ${rows} ORDER BY ${keyNames} ON CONFLICT (${keyNames})
     DO UPDATE SET occurred_at = EXCLUDED.occurred_at, received_at = EXCLUDED.received_at
     WHERE ${isNoOlder('EXCLUDED', 'problem_times', 'received_at')}`,
)

/** SQL: those of `rows` that are the newest, as a table `v`. */
const newestOf = (rows: string): string =>
  `(SELECT v.* FROM ${rows} JOIN problem_times t USING (${keyNames})
    WHERE t.occurred_at = v.occurred_at AND t.received_at = v.updated_at) AS v`

// A problem may be newer than what `problem_times` has of it: nodes of the version before write to `problems` alone.
const isNoOlderThanProblem = (row: string): string => isNoOlder(row, 'problems', 'updated_at')

export const upsertProblems = statement<ProblemRow>(
  'upsert_problems',
  { ...problemKey, ...problemColumns },
  (names, rows) =>
    `INSERT INTO problems (${names}) SELECT * FROM ${newestOf(rows)} ON CONFLICT (${keyNames})
     DO UPDATE SET ${Object.keys(problemColumns)
       .map((column) => `${column} = EXCLUDED.${column}`)
       .join(', ')} WHERE ${isNoOlderThanProblem('EXCLUDED')}`,
)

export const deleteProblems = statement<ProblemRow>(
  'delete_problems',
  { ...problemKey, occurred_at: occurredAt, updated_at: arrivedAt },
  (_, rows) =>
    `DELETE FROM problems USING ${newestOf(rows)} WHERE ${Object.keys(problemKey)
      .map((column) => `problems.${column} = v.${column}`)
      .join(' AND ')} AND ${isNoOlderThanProblem('v')}`,
)
