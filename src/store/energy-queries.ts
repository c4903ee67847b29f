// What the meter values of transactions tell of their energy, for those whose own registers do not.

import { sql } from 'drizzle-orm'
import {
  type EnergyEvidence,
  intervalsWh,
  needsEvidence,
  needsIntervals,
  noEvidence,
  type StoredMeterValue,
} from '../csms/energy.ts'
import { transactionRef } from '../csms/meter-block.ts'
import type { TransactionRecord } from '../csms/records.ts'
import type { ListSource } from './paging.ts'

/** A transaction without its energy. */
type EnergyRecord = Omit<TransactionRecord, 'energy'>

/** Meter values of one transaction that are looked at for a register, from the first and from the last. */
const registerRowsMax = 1_000

/** Meter values that are looked at for intervals in one list, and how many bytes of them. */
const intervalRowsMax = 10_000
const intervalBytesMax = 16_777_216

/**
 * Of several transactions to which a charge point gave the same id, each has the samples from its start to the start of the next. `v` is a
 * row of `id` and `ref`, `t` the transaction, `n` the next of its id.
 */
const samplesOf = sql`m.charge_point_id = t.charge_point_id AND m.transaction_ref = v.ref
  AND m.sampled_at >= CASE WHEN t.station_use > 1 THEN t.started_at ELSE '-infinity' END
  AND m.sampled_at < COALESCE(n.started_at, 'infinity')`

function transactionsOf(records: readonly EnergyRecord[]) {
  const ids = records.map(({ transactionId }) => transactionId)
  const refs = records.map(({ transactionId, stationTransactionId }) =>
    String(transactionRef(stationTransactionId ?? transactionId)),
  )
  return sql`unnest(${sql.param(ids)}::int8[], ${sql.param(refs)}::int8[]) AS v(id, ref) JOIN transactions t ON t.id = v.id
    LEFT JOIN transactions n ON n.charge_point_id = t.charge_point_id
      AND left(n.station_transaction_id, 255) = left(t.station_transaction_id, 255)
      AND n.station_use = t.station_use + 1 AND n.station_transaction_id IS NOT NULL
      AND n.station_transaction_id = t.station_transaction_id`
}

/** Evidence for each of `records` that needs it; the others are left out. */
export async function evidenceOf(
  { db }: ListSource,
  records: readonly EnergyRecord[],
): Promise<ReadonlyMap<number, EnergyEvidence>> {
  // Under an id that is empty stand the values of no transaction.
  const needing = records.filter((record) => record.stationTransactionId !== '' && needsEvidence(record))
  const evidence = new Map<number, EnergyEvidence>()
  if (needing.length === 0) return evidence
  // Nearly every sample has a register, or none has.
  const register = (
    order: 'ASC' | 'DESC',
  ) => sql`(SELECT json_build_object('wh', r.energy_wh, 'at', r.sampled_at) FROM (
      SELECT m.energy_wh, m.sampled_at FROM meter_values m WHERE ${samplesOf} ORDER BY m.sampled_at ${sql.raw(order)}
      LIMIT ${registerRowsMax}) r WHERE r.energy_wh IS NOT NULL LIMIT 1)`
  const found = await db.execute<RegistersRow>(
    sql`SELECT v.id, ${register('ASC')} AS first, ${register('DESC')} AS last FROM ${transactionsOf(needing)}`,
  )
  for (const { id, first, last } of found.rows) {
    evidence.set(Number(id), {
      ...noEvidence,
      firstRegisterWh: first?.wh ?? null,
      lastRegisterWh: last?.wh ?? null,
      isOneReading: first?.at === last?.at,
    })
  }
  const knownOf = ({ transactionId }: EnergyRecord) => evidence.get(transactionId) ?? noEvidence
  const byIntervals = needing.filter((record) => needsIntervals(record, knownOf(record)))
  const sums = await intervalsOf(db, byIntervals)
  for (const record of byIntervals) {
    evidence.set(record.transactionId, { ...knownOf(record), intervalsWh: sums.get(record.transactionId) ?? null })
  }
  return evidence
}

interface RegisterRead {
  readonly wh: number
  readonly at: string
}

interface RegistersRow extends Record<string, unknown> {
  /** Drizzle has types of its own for bare statements: an int8 is a text. */
  readonly id: string
  readonly first: RegisterRead | null
  readonly last: RegisterRead | null
}

interface IntervalRow extends Record<string, unknown> {
  readonly id: string
  readonly sampledAt: string
  /** Null where the bytes that may be read end. */
  readonly meterValue: StoredMeterValue['meterValue'] | null
}

/**
 * The sum of the intervals of each, from `intervalRowsMax` rows of them all and `intervalBytesMax` bytes: one that was not read to its
 * end has none.
 */
async function intervalsOf(
  db: ListSource['db'],
  records: readonly EnergyRecord[],
): Promise<ReadonlyMap<number, number | null>> {
  if (records.length === 0) return new Map()
  const { rows } = await db.execute<IntervalRow>(
    sql`SELECT id, sampled_at AS "sampledAt", CASE WHEN read <= ${intervalBytesMax} THEN meter_value END AS "meterValue"
      FROM (SELECT *, sum(bytes) OVER (ROWS UNBOUNDED PRECEDING) AS read FROM (
        SELECT v.id, s.*, octet_length(s.meter_value::text) AS bytes FROM ${transactionsOf(records)}
        CROSS JOIN LATERAL (SELECT m.sampled_at, m.meter_value FROM meter_values m WHERE ${samplesOf}
          ORDER BY m.sampled_at LIMIT ${intervalRowsMax + 1}) s LIMIT ${intervalRowsMax + 1}) looked) summed
      WHERE read - bytes < ${intervalBytesMax}`,
  )
  const last = rows.at(-1)
  const cutId = rows.length > intervalRowsMax || last?.meterValue === null ? last?.id : undefined
  const rowsOfEach = Map.groupBy(rows, ({ id }) => id)
  return new Map([...rowsOfEach].map(([id, own]) => [Number(id), id === cutId ? null : intervalsWh(own)]))
}
