// Charging profiles, limits by others, and what vehicles need.

import { chargingPlacesMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import type {
  ChargingLimitRecord,
  ChargingProfileRecord,
  EvChargingRecord,
  ProfileCriteria,
  SmartChargingQueries,
} from '../blocks/smart-charging/registry.ts'
import type { Database } from './database.ts'
import { forgetInForce, inForce, keepInForce } from './in-force.ts'
import { ms } from './known-transaction.ts'

const store = `
  INSERT INTO charging_profiles (charge_point_id, profile_id, evse_id, stack_level, purpose, transaction_id, valid_to,
    profile, set_at, set_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
  ON CONFLICT (charge_point_id, profile_id) DO UPDATE SET evse_id = EXCLUDED.evse_id,
    stack_level = EXCLUDED.stack_level, purpose = EXCLUDED.purpose, transaction_id = EXCLUDED.transaction_id,
    valid_to = EXCLUDED.valid_to, profile = EXCLUDED.profile, set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by,
    status = NULL, cleared_at = NULL, in_force = ${inForce(
      'charging_profiles',
      'charging_profiles.cleared_at IS NOT NULL OR charging_profiles.valid_to <= EXCLUDED.set_at',
    )}`

// One that was reported before was replaced by it; and what was cleared before is not this one. The answer is about the
// row that was sent: another one may have taken its place since.
const answer = `
  WITH replaced AS (
    DELETE FROM reported_charging_profiles r USING charging_profiles p
    WHERE $4::text = 'Accepted' AND r.charge_point_id = $1 AND r.profile_id = $2
      AND p.charge_point_id = $1 AND p.profile_id = $2 AND p.set_at = $3 AND r.received_at <= p.set_at
  )
  UPDATE charging_profiles SET status = $4, cleared_at = NULL, in_force = NULL
  WHERE charge_point_id = $1 AND profile_id = $2 AND set_at = $3`

const forget = forgetInForce('charging_profiles')

const keep = keepInForce('charging_profiles', [
  ...['evse_id', 'stack_level', 'purpose', 'transaction_id', 'valid_to', 'profile', 'status', 'cleared_at'],
  ...['set_at', 'set_by'],
])

const replace = `
  UPDATE charging_profiles p SET cleared_at = $3 FROM charging_profiles n
  WHERE n.charge_point_id = $1 AND n.profile_id = $2 AND p.charge_point_id = n.charge_point_id
    AND p.profile_id <> n.profile_id AND p.evse_id = n.evse_id AND p.purpose = n.purpose
    AND p.stack_level = n.stack_level AND p.transaction_id IS NOT DISTINCT FROM n.transaction_id
    AND p.cleared_at IS NULL AND p.set_at <= n.set_at`

/** SQL: whether the row of `table` is meant by the criteria `$2` to `$5`. */
const isMeant = (table: string): string => `${table}.charge_point_id = $1
  AND ($2::int8 IS NULL OR ${table}.profile_id = $2) AND ($3::int4 IS NULL OR ${table}.evse_id = $3)
  AND ($4::text IS NULL OR ${table}.purpose = $4) AND ($5::int4 IS NULL OR ${table}.stack_level = $5)`

/** SQL: whether the row of `table` comes after the id `$6`. */
const isAfter = (table: string): string => `($6::int8 IS NULL OR ${table}.profile_id > $6)`

const clear = `
  WITH forgotten AS (DELETE FROM reported_charging_profiles r WHERE ${isMeant('r')} AND r.received_at <= $6)
  UPDATE charging_profiles p SET cleared_at = $6 WHERE ${isMeant('p')} AND p.cleared_at IS NULL`

// Of a profile that was set and reported, the report counts for what the charge point has. A transaction that a report
// names is found by the id that its charge point gave it.
const page = `
  SELECT COALESCE(p.profile_id, r.profile_id) AS "profileId", COALESCE(r.evse_id, p.evse_id) AS "evseId",
    COALESCE(r.stack_level, p.stack_level) AS "stackLevel", COALESCE(r.purpose, p.purpose) AS purpose,
    COALESCE(r.profile, p.profile) AS profile, r.source, ${ms('r.received_at')} AS "reportedAtMs",
    t.id AS "transactionId", t.stopped_at IS NOT NULL AS "isTransactionOver",
    ${ms('p.valid_to')} AS "validToMs", p.status, ${ms('p.cleared_at')} AS "clearedAtMs",
    ${ms('p.set_at')} AS "setAtMs", p.set_by AS "setBy"
  FROM (SELECT * FROM charging_profiles p WHERE ${isMeant('p')} AND ${isAfter('p')}) p
  FULL JOIN (SELECT * FROM reported_charging_profiles r WHERE ${isMeant('r')} AND ${isAfter('r')}) r ON r.profile_id = p.profile_id
  LEFT JOIN LATERAL (
    SELECT s.transaction_id AS id FROM station_transactions s
    WHERE s.charge_point_id = $1 AND s.station_transaction_id = r.station_transaction_id
    ORDER BY s.transaction_id DESC LIMIT 1) s ON true
  LEFT JOIN transactions t ON t.id = COALESCE(p.transaction_id, s.id)
  ORDER BY 1 LIMIT $7`

const limits = `
  SELECT evse_id AS "evseId", source, cleared AS "isCleared", payload, ${ms('received_at')} AS "receivedAtMs"
  FROM charging_limits WHERE charge_point_id = $1 ORDER BY evse_id, source LIMIT ${chargingPlacesMax}`

const vehicles = `
  SELECT COALESCE(n.evse_id, s.evse_id) AS "evseId", n.payload AS needs, ${ms('n.received_at')} AS "needsAtMs",
    s.payload AS schedule, ${ms('s.received_at')} AS "scheduleAtMs"
  FROM (SELECT * FROM ev_charging_needs WHERE charge_point_id = $1) n
  FULL JOIN (SELECT * FROM ev_charging_schedules WHERE charge_point_id = $1) s ON s.evse_id = n.evse_id
  ORDER BY 1 LIMIT ${chargingPlacesMax}`

const time = (atMs: number | null): string | null => (atMs === null ? null : new Date(atMs).toISOString())

const valuesOf = ({ profileId, evseId, purpose, stackLevel }: ProfileCriteria): unknown[] =>
  [profileId, evseId, purpose, stackLevel].map((value) => value ?? null)

export function createSmartChargingQueries({ restPool: pool }: Pick<Database, 'restPool'>): SmartChargingQueries {
  const named = (name: string): string => `stator_smart_charging_${name}`
  const run = (name: string, text: string, values: unknown[]) => pool.query({ name: named(name), text, values })
  return {
    async storeChargingProfile(made) {
      const { chargePointKey, profileId, evseId, stackLevel, purpose, transactionId, validToMs } = made
      const profile = storableText(JSON.stringify(made.profile))
      const facts = [chargePointKey, profileId, evseId, stackLevel, storableText(purpose), transactionId]
      await run('store', store, [...facts, time(validToMs), profile, time(made.setAtMs), storableText(made.setBy)])
    },

    async answerChargingProfile({ chargePointKey, profileId, setAtMs }, status, replaces, nowMs) {
      const made = [chargePointKey, profileId, time(setAtMs)]
      if (status !== 'Accepted') {
        const kept = await run('keep', keep, made)
        if (kept.rowCount === 1) return
      }
      const stored = await run('answer', answer, [...made, storableText(status)])
      if (status !== 'Accepted') return
      if (stored.rowCount === 0) await run('forget', forget, made)
      else if (replaces) await run('replace', replace, [chargePointKey, profileId, time(nowMs)])
    },

    async clearChargingProfiles(chargePointKey, criteria, nowMs) {
      await run('clear', clear, [chargePointKey, ...valuesOf(criteria), time(nowMs)])
    },

    async chargingProfilesOf(chargePointKey, criteria, after, rowsMax) {
      const values = [chargePointKey, ...valuesOf(criteria), after, rowsMax]
      return (await pool.query<ChargingProfileRecord>({ name: named('page'), text: page, values })).rows
    },

    async chargingLimitsOf(chargePointKey) {
      const values = [chargePointKey]
      return (await pool.query<ChargingLimitRecord>({ name: named('limits'), text: limits, values })).rows
    },

    async evChargingOf(chargePointKey) {
      const values = [chargePointKey]
      return (await pool.query<EvChargingRecord>({ name: named('vehicles'), text: vehicles, values })).rows
    },
  }
}
