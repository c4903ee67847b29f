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
const problemColumns: Readonly<Record<string, Column<ProblemRow>>> = {
  tech_code: text((row) => row.problem.techCode),
  tech_info: text((row) => row.problem.techInfo),
  cause: int4((row) => row.problem.cause),
  occurred_at: instant((row) => row.problem.occurredAtMs),
  updated_at: instant((row) => row.updatedAtMs),
}

/**
 * Whether `row` is older than `known`, and so changes nothing. A time that lies after its own arrival comes from a clock that is
 * ahead: then the arrival counts, or nothing could end that problem once the clock is right.
 */
export function isOlderProblem(row: ProblemRow, known: ProblemRow): boolean {
  return row.problem.occurredAtMs < Math.min(known.problem.occurredAtMs, known.updatedAtMs)
}

/** SQL of the opposite of `isOlderProblem`. */
const isNoOlder = (row: string): string => `${row}.occurred_at >= LEAST(problems.occurred_at, problems.updated_at)`

export const upsertProblems = statement<ProblemRow>(
  'upsert_problems',
  { ...problemKey, ...problemColumns },
  (names, rows) =>
    `INSERT INTO problems (${names}) SELECT * FROM ${rows} ON CONFLICT (${Object.keys(problemKey).join(', ')})
     DO UPDATE SET ${Object.keys(problemColumns)
       .map((column) => `${column} = EXCLUDED.${column}`)
       .join(', ')} WHERE ${isNoOlder('EXCLUDED')}`,
)

export const deleteProblems = statement<ProblemRow>(
  'delete_problems',
  { ...problemKey, occurred_at: instant((row) => row.problem.occurredAtMs) },
  (_, rows) =>
    `DELETE FROM problems USING ${rows} WHERE ${Object.keys(problemKey)
      .map((column) => `problems.${column} = v.${column}`)
      .join(' AND ')} AND ${isNoOlder('v')}`,
)
