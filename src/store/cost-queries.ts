// Prices, and what transactions cost.

import { storableText } from '../base/storable-text.ts'
import type {
  CostQueries,
  CostRecord,
  PriceRecord,
  PriceSubject,
  TransactionCostRecord,
} from '../blocks/tariff/cost-records.ts'
import type { Database } from './database.ts'
import { ms } from './known-transaction.ts'
import { priceOf } from './price-of.ts'

const ofRecord = `, 'owner', p.owner, 'changedAtMs', ${ms('p.changed_at')}, 'changedBy', p.changed_by`

const applying = `SELECT (${priceOf('$1::int4', ofRecord)}) AS price`

const isSubject = 'charge_point_id IS NOT DISTINCT FROM $1::int4 AND group_id IS NOT DISTINCT FROM $2::int4'

const own = `
  SELECT CASE WHEN charge_point_id IS NOT NULL THEN 'chargePoint' WHEN group_id IS NOT NULL THEN 'group' ELSE 'default' END AS owner,
    currency, per_kwh AS "perKwh", per_minute AS "perMinute", per_session AS "perSession",
    ${ms('changed_at')} AS "changedAtMs", changed_by AS "changedBy"
  FROM prices WHERE ${isSubject}`

const store = `
  INSERT INTO prices (charge_point_id, group_id, currency, per_kwh, per_minute, per_session, changed_at, changed_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
  ON CONFLICT ON CONSTRAINT prices_subject DO UPDATE SET currency = EXCLUDED.currency, per_kwh = EXCLUDED.per_kwh,
    per_minute = EXCLUDED.per_minute, per_session = EXCLUDED.per_session, changed_at = EXCLUDED.changed_at,
    changed_by = EXCLUDED.changed_by`

const remove = `DELETE FROM prices WHERE ${isSubject}`

const cost = `
  SELECT t.price, t.given_cost AS given, t.cost_told_ms AS "toldMs", (
    SELECT json_agg(json_build_object('source', c.source, 'totalCost', c.total_cost, 'currency', c.currency,
      'detail', c.detail, 'receivedAtMs', ${ms('c.received_at')}) ORDER BY c.source DESC)
    FROM transaction_costs c WHERE c.transaction_id = t.id) AS costs
  FROM transactions t WHERE t.id = $1 LIMIT 1`

interface CostRow extends Omit<TransactionCostRecord, 'costs'> {
  readonly costs: readonly CostRecord[] | null
}

const keysOf = (subject: PriceSubject): readonly (number | null)[] => {
  if (subject === 'all') return [null, null]
  return 'groupKey' in subject ? [null, subject.groupKey] : [subject.chargePointKey, null]
}

export function createCostQueries({ restPool: pool }: Pick<Database, 'restPool'>): CostQueries {
  const named = (name: string): string => `stator_cost_${name}`
  return {
    async price(subject) {
      const read = { name: named('price'), text: own, values: [...keysOf(subject)] }
      return (await pool.query<PriceRecord>(read)).rows[0] ?? null
    },

    async priceOfChargePoint(chargePointKey) {
      const read = { name: named('applying'), text: applying, values: [chargePointKey] }
      return (await pool.query<{ readonly price: PriceRecord | null }>(read)).rows[0]?.price ?? null
    },

    async storePrice(subject, { currency, perKwh, perMinute, perSession }, changedBy, nowMs) {
      const values = [...keysOf(subject), currency, perKwh, perMinute, perSession, new Date(nowMs).toISOString()]
      await pool.query({ name: named('store'), text: store, values: [...values, storableText(changedBy)] })
    },

    async deletePrice(subject) {
      const deleted = await pool.query({ name: named('delete'), text: remove, values: [...keysOf(subject)] })
      return (deleted.rowCount ?? 0) > 0
    },

    async transactionCost(transactionId) {
      const { rows } = await pool.query<CostRow>({ name: named('of'), text: cost, values: [transactionId] })
      const [row] = rows
      return {
        price: row?.price ?? null,
        given: row?.given ?? null,
        toldMs: row?.toldMs ?? null,
        costs: row?.costs ?? [],
      }
    },
  }
}
