// The energy of transactions from their meter values, for those without registers of their own.

import { type SQL, sql } from 'drizzle-orm'
import { instantText } from './instant-text.ts'
import { dayMs } from '../base/clock.ts'
import { meterRoundingWhMax, registerStepsWh } from '../base/limits.ts'
import {
  type EnergyEvidence,
  intervalsWh,
  needsEvidence,
  needsIntervals,
  noEvidence,
} from '../blocks/metering/energy.ts'
import { transactionRef } from '../blocks/meter-block.ts'
import type { TransactionRegisters } from '../blocks/metering/transaction-registers.ts'
import type { TransactionRecord } from '../blocks/records.ts'
import type { Payload } from '../blocks/values.ts'
import type { ListSource } from './paging.ts'
import { meterValueOf } from './meter-text.ts'
import { isOfBegin } from './register-of-begin.ts'

/** What of a transaction says where its energy is to be found. */
export type EnergyRecord = TransactionRegisters &
  Pick<TransactionRecord, 'transactionId' | 'stationTransactionId' | 'startedAtMs' | 'stoppedAtMs'>

/** Meter values of one transaction that are looked at for a register, from the first and from the last. */
const registerRowsMax = 1_000

/** As many are looked at where a register is known to have fallen: a day of samples, one every ten seconds. */
const fallenRowsMax = 10_000

/** Meter values, and their bytes, that are read for the intervals of one list. */
const intervalRowsMax = 10_000
const intervalBytesMax = 16_777_216

/** No packed text is so many times as long when it is unpacked, unless it has hardly a number. */
const unpackedTimesMax = 8

/**
 * Samples before the start by more than that are not looked for, nor those that long after the stop and after the last
 * message about the transaction: meter values have a partition for each month. The clock of a charge point may be years
 * behind; a sample without a time has that of its arrival.
 */
const besideDays = 31
const beside = sql.raw(`'${besideDays} days'`)

/** Whether a sample is not long before the start of any: PostgreSQL plans only for the partitions since then. */
function isNear(records: readonly EnergyRecord[]): SQL {
  const firstMs = Math.min(...records.map(({ startedAtMs }) => startedAtMs))
  return sql`m.sampled_at >= ${instantText(firstMs - besideDays * dayMs)}::timestamptz`
}

/**
 * If a charge point gave several transactions the same id, each has the samples from its start to the start of the
 * next. `v` is a row of `id` and `ref`, `t` the transaction, `n` the next of its id.
 */
const samplesOf = (
  records: readonly EnergyRecord[],
) => sql`m.charge_point_id = t.charge_point_id AND m.transaction_ref = v.ref
  AND m.sampled_at >= t.started_at - CASE WHEN t.station_use > 1 THEN '0 days'::interval ELSE ${beside}::interval END
  AND (t.stopped_at IS NULL
    OR m.sampled_at <= GREATEST(t.stopped_at, t.received_at, t.updated_at) + ${beside}::interval)
  AND m.sampled_at < COALESCE(n.started_at, 'infinity') AND ${isNear(records)}`

// A LIMIT keeps it a look-up for each row: PostgreSQL would join a table of some 100,000 rows by reading all of it.
const lookedUp = (which = sql`true`) =>
  sql`CROSS JOIN LATERAL (SELECT * FROM transactions t WHERE t.id = v.id AND ${which} LIMIT 1) t`

function transactionsOf(records: readonly EnergyRecord[]) {
  const ids = records.map(({ transactionId }) => transactionId)
  const refs = records.map(({ transactionId, stationTransactionId }) =>
    String(transactionRef(stationTransactionId ?? transactionId)),
  )
  return sql`unnest(${sql.param(ids)}::int8[], ${sql.param(refs)}::int8[]) AS v(id, ref) ${lookedUp()}
    LEFT JOIN LATERAL (SELECT n.started_at FROM station_transactions k JOIN transactions n ON n.id = k.transaction_id
      WHERE k.charge_point_id = t.charge_point_id AND k.station_transaction_id = left(t.station_transaction_id, 255)
        AND k.station_use = t.station_use + 1 AND n.station_transaction_id = t.station_transaction_id LIMIT 1) n ON true`
}

/**
 * Registers that name only the EVSE of a transaction, while it was the one that was open there (as `meterValuesOf`
 * lists them): `t` is the transaction, `n` the next of its EVSE. EVSE 0 is the main meter.
 */
const samplesOfConnector = (
  records: readonly EnergyRecord[],
) => sql`m.charge_point_id = t.charge_point_id AND m.transaction_ref = 0
  AND m.sampled_at >= t.started_at AND m.sampled_at <= COALESCE(t.stopped_at, 'infinity')
  AND m.sampled_at < COALESCE(n.started_at, 'infinity') AND ${isNear(records)}`

function transactionsOnEvses(records: readonly EnergyRecord[]) {
  const ids = records.map(({ transactionId }) => transactionId)
  return sql`unnest(${sql.param(ids)}::int8[]) AS v(id) ${lookedUp(sql`t.evse_id > 0`)}
    LEFT JOIN LATERAL (SELECT x.started_at FROM transactions x WHERE x.charge_point_id = t.charge_point_id
      AND x.evse_id = t.evse_id AND (x.started_at, x.id) > (t.started_at, t.id)
      ORDER BY x.started_at, x.id LIMIT 1) n ON true`
}

/**
 * Evidence for each of `records` that needs it; the others are left out. Values that name the transaction take
 * precedence over values that name only its connector.
 */
export async function evidenceOf(
  { db }: Pick<ListSource, 'db'>,
  records: readonly EnergyRecord[],
): Promise<ReadonlyMap<number, EnergyEvidence>> {
  const needing = records.filter(needsEvidence)
  const evidence = new Map<number, EnergyEvidence>()
  const knownOf = ({ transactionId }: EnergyRecord) => evidence.get(transactionId) ?? noEvidence
  const add = (found: ReadonlyMap<number, Partial<EnergyEvidence>>): void => {
    for (const [id, more] of found) evidence.set(id, { ...(evidence.get(id) ?? noEvidence), ...more })
  }
  const withoutEnds = () => needing.filter((record) => needsIntervals(record, knownOf(record)))
  const isNamed = ({ stationTransactionId }: EnergyRecord) => stationTransactionId !== ''

  // An empty id means that the value belongs to no transaction.
  const named = needing.filter(isNamed)
  if (named.length > 0) add(await registersOf(db, transactionsOf(named), samplesOf(named), sql`true`))
  const byIntervals = withoutEnds().filter(isNamed)
  if (byIntervals.length > 0) add(await intervalsOf(db, byIntervals))
  const byConnector = withoutEnds().filter((record) => knownOf(record).intervalsWh === null)
  if (byConnector.length > 0) {
    add(
      await registersOf(
        db,
        transactionsOnEvses(byConnector),
        samplesOfConnector(byConnector),
        sql`r.evse_id = t.evse_id`,
      ),
    )
  }
  return evidence
}

/**
 * The first and the last register of each transaction that has any, from `registerRowsMax` rows at either end of its
 * samples.
 */
async function registersOf(
  db: ListSource['db'],
  from: SQL,
  samples: SQL,
  isOwn: SQL,
): Promise<ReadonlyMap<number, Partial<EnergyEvidence>>> {
  // Nearly all samples have a register, or none of them has one.
  const looked = (
    order: 'ASC' | 'DESC',
    rowsMax = sql`${registerRowsMax}`,
  ) => sql`(SELECT m.energy_wh, m.sampled_at, m.received_at, m.evse_id, m.meter_value, m.packed FROM meter_values m
      WHERE ${samples} ORDER BY m.sampled_at ${sql.raw(order)}, m.received_at ${sql.raw(order)} LIMIT ${rowsMax}) r
    WHERE ${isOwn} AND r.energy_wh IS NOT NULL`
  const reading = sql`json_build_object('wh', r.energy_wh, 'at', r.sampled_at)`
  // Of several rows with one time the last counts: it has the sum of all phases. If the end has a register, only that
  // is used.
  const moments = sql`SELECT DISTINCT ON (r.sampled_at) r.sampled_at AS at, r.energy_wh AS wh FROM ${looked(
    'DESC',
    sql`CASE WHEN t.register_fell_at IS NULL THEN ${registerRowsMax} ELSE ${fallenRowsMax} END::int8`,
  )} AND NOT ${sql.raw(isOfBegin)} AND (t.meter_stop_wh IS NULL OR r.sampled_at < t.stopped_at)
    ORDER BY r.sampled_at, r.received_at DESC`
  // If no start has a register, the register of the begin is the first.
  const start = sql`COALESCE(t.meter_start_wh, first.wh)`
  const isBelow = (wh: string) => `round((highest - ${wh}) * 1000) > ${meterRoundingWhMax * 1_000}`
  const isMultiple = (wh: string, stepWh: number) => `round(${wh} / ${stepWh}) * ${stepWh} = ${wh}`
  const hasFallen = registerStepsWh
    .map((step) => `NOT ((${isMultiple('highest', step)}) <> (${isMultiple('wh', step)}) AND highest - wh < ${step})`)
    .reduce((all, one) => `${all} AND ${one}`, isBelow('wh'))
  // All of them are read only for transactions that are over. Few of those have no register, while a list may consist
  // of open ones. A fall is what `firstFall` finds.
  const { rows } = await db.execute<RegistersRow>(
    sql`SELECT v.id, CASE WHEN first.at IS NOT NULL THEN json_build_object('wh', first.wh, 'at', first.at) END AS first,
      (SELECT ${reading} FROM ${looked('DESC')} AND NOT ${sql.raw(isOfBegin)} LIMIT 1) AS last, f.highest, f.fell
      FROM ${from}
      LEFT JOIN LATERAL (SELECT r.energy_wh AS wh, r.sampled_at AS at FROM ${looked('ASC')} LIMIT 1) first ON true
      LEFT JOIN LATERAL (
        SELECT max(wh) AS highest, bool_or(${sql.raw(`${hasFallen} AND ${isBelow('next')}`)}) AS fell FROM (
          SELECT wh, COALESCE(lead(wh) OVER (ORDER BY at), t.meter_stop_wh, wh) AS next, GREATEST(
              max(wh) OVER (ORDER BY at ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
              CASE WHEN at >= t.started_at THEN ${start} END) AS highest
            FROM (${moments}) moments WHERE t.stopped_at IS NOT NULL OR t.register_fell_at IS NOT NULL) readings
      ) f ON true`,
  )
  return new Map(
    rows.flatMap(({ id, first, last, highest, fell }) =>
      first === null
        ? []
        : [
            [
              Number(id),
              {
                firstRegisterWh: first.wh,
                lastRegisterWh: (last ?? first).wh,
                isOneReading: last === null || first.at === last.at,
                highestRegisterWh: highest,
                fell: fell === true,
              },
            ],
          ],
    ),
  )
}

interface RegisterRead {
  readonly wh: number
  readonly at: string
}

interface RegistersRow extends Record<string, unknown> {
  /** In raw statements Drizzle uses its own types: an int8 is a text. */
  readonly id: string
  readonly first: RegisterRead | null
  readonly last: RegisterRead | null
  readonly highest: number | null
  /** Null if there is no evidence. */
  readonly fell: boolean | null
}

interface IntervalRow extends Record<string, unknown> {
  readonly id: string
  readonly sampledAt: string
  /** Whether the limit on bytes is reached. */
  readonly isCut: boolean
  /** Both are null then. */
  readonly meterValue: Payload | null
  readonly packed: string | null
}

/**
 * The sum of the intervals of each, from at most `intervalRowsMax` rows and `intervalBytesMax` bytes in total. A
 * transaction that was not read completely has no sum.
 */
async function intervalsOf(
  db: ListSource['db'],
  records: readonly EnergyRecord[],
): Promise<ReadonlyMap<number, Pick<EnergyEvidence, 'intervalsWh'>>> {
  const { rows } = await db.execute<IntervalRow>(
    sql`SELECT id, sampled_at AS "sampledAt", read > ${intervalBytesMax} AS "isCut",
      CASE WHEN read <= ${intervalBytesMax} THEN meter_value END AS "meterValue",
      CASE WHEN read <= ${intervalBytesMax} THEN packed END AS packed
      FROM (SELECT *, sum(bytes) OVER (ROWS UNBOUNDED PRECEDING) AS read FROM (
        SELECT v.id, s.*, COALESCE(octet_length(s.packed) * ${unpackedTimesMax}, octet_length(s.meter_value::text)) AS bytes FROM ${transactionsOf(records)}
        CROSS JOIN LATERAL (SELECT m.sampled_at, m.meter_value, m.packed FROM meter_values m WHERE ${samplesOf(records)}
          ORDER BY m.sampled_at LIMIT ${intervalRowsMax + 1}) s LIMIT ${intervalRowsMax + 1}) looked) summed
      WHERE read - bytes < ${intervalBytesMax}`,
  )
  const last = rows.at(-1)
  const cutId = rows.length > intervalRowsMax || last?.isCut === true ? last?.id : undefined
  const rowsOfEach = Map.groupBy(rows, ({ id }) => id)
  return new Map(
    [...rowsOfEach].map(([id, own]) => [
      Number(id),
      { intervalsWh: id === cutId ? null : intervalsWh(own.map((row) => ({ ...row, meterValue: meterValueOf(row) }))) },
    ]),
  )
}
