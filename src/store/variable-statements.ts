// The statements of the writer for the device model. A report replaces a variable; an answer changes only a value.
// Like all statements of the writer they are idempotent.

import type { RowOf, WithoutNulls } from '../blocks/stored-rows.ts'
import { variables } from '../blocks/provisioning/tables.ts'
import { bindRows, type Statement, statement } from './statement.ts'
import { columnsOf, keyOf, otherColumnsOf } from './table-statement.ts'
import type { BoundStatement } from './wire/bind-messages.ts'

type VariableColumns = Readonly<WithoutNulls<RowOf<typeof variables>>>

/** A variable, with what is known about it. */
export interface VariableRow extends VariableColumns {
  readonly tells?: 'value' | 'acceptedValue' | 'pendingValue'
}

const key = keyOf(variables).join(', ')

/** A value that waits for a reboot waits until the charge point tells it. */
const isAnother = 'variables.pending_value IS DISTINCT FROM EXCLUDED.value'
const stillPending = `CASE WHEN ${isAnother} THEN variables.pending_value END`

/** What can only be written is never stored. */
const readable = `CASE WHEN variables.mutability = 'WriteOnly' THEN NULL ELSE EXCLUDED.value END`

function upserting(name: string, assignments: string): Statement<VariableRow> {
  return statement<VariableRow>(
    name,
    columnsOf(variables),
    (names, rows) =>
      `INSERT INTO variables (${names}) SELECT * FROM ${rows} ON CONFLICT (${key}) DO UPDATE SET ${assignments}`,
  )
}

const replaced = Object.keys(
  otherColumnsOf(variables, [
    ...(['chargePointKey', 'componentName', 'componentInstance', 'evseId', 'connectorId'] as const),
    ...(['variableName', 'variableInstance', 'attributeType', 'pendingValue'] as const),
  ]),
)

const replaceVariables = upserting(
  'upsert_variables',
  [...replaced.map((column) => `"${column}" = EXCLUDED."${column}"`), `pending_value = ${stillPending}`].join(', '),
)

const tellings = {
  value: upserting(
    'tell_variables',
    `value = ${readable}, pending_value = ${stillPending}, updated_at = EXCLUDED.updated_at`,
  ),
  acceptedValue: upserting(
    'change_variables',
    `value = ${readable}, pending_value = NULL, updated_at = EXCLUDED.updated_at`,
  ),
  pendingValue: upserting(
    'change_variables_later',
    `pending_value = CASE WHEN variables.mutability = 'WriteOnly' THEN NULL ELSE EXCLUDED.pending_value END,
     updated_at = EXCLUDED.updated_at`,
  ),
}

/** Variables that one transaction stores, no two rows of a list of one key and kind. */
export interface GatheredVariables {
  /** What was told before a report that the transaction stores as well. */
  readonly toldBefore: readonly VariableRow[]
  readonly reported: readonly VariableRow[]
  readonly toldAfter: readonly VariableRow[]
}

/** The statements that store these rows. */
export function storeVariables({ toldBefore, reported, toldAfter }: GatheredVariables): readonly BoundStatement[] {
  return [...tell(toldBefore), ...bindRows(replaceVariables, reported), ...tell(toldAfter)]
}

function tell(rows: readonly VariableRow[]): readonly BoundStatement[] {
  return (['value', 'acceptedValue', 'pendingValue'] as const).flatMap((told) =>
    bindRows(
      tellings[told],
      rows.filter(({ tells }) => tells === told),
    ),
  )
}
