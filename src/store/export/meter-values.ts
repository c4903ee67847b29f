// Meter values, for exports. Those of a transaction are in the order of time. Those of a charge point are in the order
// of their one index: by the reference of their transaction, then by time. An order by time alone would have to sort
// all of them, for each part again.

import { eq, type SQL, sql } from 'drizzle-orm'
import { isObject } from '../../base/json.ts'
import { parseInstant } from '../../blocks/column-types.ts'
import type { AssignedMeterValueRecord, MeterValueFilter, MeterValueRecord } from '../../blocks/records.ts'
import { meterValueOf } from '../meter-text.ts'
import { belongingTo, inPeriod, recordColumns } from '../meter-value-queries.ts'
import { meterValues } from '../schema.ts'
import { numberOf, type RawRow, textOf, wordOf } from './raw-row.ts'
import { type ExportRows, type ExportSession, type Keyed, keyOf, type Part } from './session.ts'

const { sampledAtMs, receivedAtMs, ...otherColumns } = recordColumns
const select = { ...otherColumns, sampledAt: sampledAtMs, receivedAt: receivedAtMs }
const { chargePointKey, transactionRef, evseId, connectorId, digest } = meterValues

/** The types of the key of a meter value of a charge point. */
export const meterValueKey = ['int8', 'timestamptz', 'int8', 'int8', 'int8'] as const

/** The types of the key of a meter value of a transaction. */
export const assignedMeterValueKey = ['timestamptz', 'timestamptz', 'int8', 'int8', 'int8', 'int8'] as const

/** All that a charge point has sent. */
export async function* meterValuesOfChargePoint(
  session: ExportSession,
  filter: MeterValueFilter,
  part: Part,
): AsyncGenerator<readonly Keyed<MeterValueRecord>[]> {
  const rows: ExportRows = {
    branches: [
      {
        select,
        from: sql`${meterValues}`,
        lead: eq(chargePointKey, filter.chargePointKey),
        rest: inPeriod(sampledAtMs, filter),
        key: [transactionRef, sampledAtMs, evseId, connectorId, digest],
      },
    ],
    keyTypes: meterValueKey,
  }
  for await (const piece of session.pieces(rows, part)) {
    yield piece.map((row) => ({ record: recordOf(row), key: keyOf(row, rows) }))
  }
}

/** Those of a transaction; none of one that does not exist. */
export async function* meterValuesOfTransaction(
  session: ExportSession,
  transactionId: number,
  part: Part,
): AsyncGenerator<readonly Keyed<AssignedMeterValueRecord>[]> {
  const belonging = await belongingTo(session.db, transactionId)
  if (belonging === null) return
  const branch = (lead: SQL | undefined, assignedBy: AssignedMeterValueRecord['assignedBy']) => ({
    select: { ...select, assignedBy: sql`${sql.raw(`'${assignedBy}'`)}::text` },
    from: sql`${meterValues}`,
    lead,
    rest: undefined,
    key: [sampledAtMs, receivedAtMs, connectorId, digest, evseId, transactionRef],
  })
  const rows: ExportRows = {
    branches: [branch(belonging.isNamed, 'transactionId'), branch(belonging.isOfItsConnector, 'connector')],
    keyTypes: assignedMeterValueKey,
  }
  for await (const piece of session.pieces(rows, part)) {
    yield piece.map((row) => {
      const assignedBy = wordOf(row['assignedBy'], ['connector']) ?? 'transactionId'
      return { record: { ...recordOf(row), assignedBy }, key: keyOf(row, rows) }
    })
  }
}

function recordOf(row: RawRow): MeterValueRecord {
  const { meterValue } = row
  return {
    sampledAtMs: parseInstant(String(row['sampledAt'])),
    receivedAtMs: parseInstant(String(row['receivedAt'])),
    evseId: Number(row['evseId']),
    connectorId: Number(row['connectorId']),
    energyWh: numberOf(row['energyWh']),
    powerW: numberOf(row['powerW']),
    currentA: numberOf(row['currentA']),
    voltageV: numberOf(row['voltageV']),
    socPercent: numberOf(row['socPercent']),
    meterValue: meterValueOf({ meterValue: isObject(meterValue) ? meterValue : null, packed: textOf(row['packed']) }),
  }
}
