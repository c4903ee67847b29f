// Tariffs of charge points, and what drivers are told of prices.

import { chargingPlacesMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import type {
  DriverTariff,
  ReportedTariffsRecord,
  StationTariffRecord,
  TariffQueries,
} from '../blocks/tariff/registry.ts'
import type { Payload } from '../blocks/values.ts'
import type { Database } from './database.ts'
import { ms } from './known-transaction.ts'
import { idKeyOf } from './live-queries.ts'

const isThis = 'charge_point_id = $1 AND tariff_id = $2 AND evse_id = $3 AND transaction_id = $4'

const store = `
  INSERT INTO station_tariffs (charge_point_id, tariff_id, evse_id, transaction_id, tariff, set_at, set_by)
  VALUES ($1, $2, $3, $4, $5, $6, $7)
  ON CONFLICT (charge_point_id, tariff_id, evse_id, transaction_id) DO UPDATE SET tariff = EXCLUDED.tariff,
    set_at = EXCLUDED.set_at, set_by = EXCLUDED.set_by, status = NULL, cleared_at = NULL`

const answer = `UPDATE station_tariffs SET status = $5, cleared_at = NULL WHERE ${isThis}`

/** Whether the charge point may have it. */
const mayBeThere = `cleared_at IS NULL AND COALESCE(status, 'Accepted') = 'Accepted'`

// An EVSE has one default tariff, and a transaction one tariff (2.1 I07, I11).
const replace = `
  UPDATE station_tariffs SET cleared_at = $5 WHERE charge_point_id = $1 AND tariff_id <> $2
    AND (evse_id = $3 OR $3 = 0) AND transaction_id = $4 AND ${mayBeThere} AND set_at <= $5`

const clear = `
  UPDATE station_tariffs SET cleared_at = $4 WHERE charge_point_id = $1 AND transaction_id = 0
    AND ($2::text[] IS NULL OR tariff_id = ANY($2)) AND ($3::int4 IS NULL OR $3 = 0 OR evse_id = $3)
    AND ${mayBeThere}`

// The newest are taken first; then each transaction is looked for in its partition only.
const list = `
  SELECT s.tariff_id AS "tariffId", s.evse_id AS "evseId", s.transaction_id AS "transactionId", s.tariff, s.status,
    ${ms('s.cleared_at')} AS "clearedAtMs", ${ms('s.set_at')} AS "setAtMs", s.set_by AS "setBy",
    t.stopped_at IS NOT NULL AS "isTransactionOver"
  FROM (SELECT * FROM station_tariffs WHERE charge_point_id = $1
        ORDER BY set_at DESC, tariff_id, evse_id LIMIT ${chargingPlacesMax}) s
  LEFT JOIN LATERAL (SELECT * FROM transactions WHERE id = s.transaction_id LIMIT 1) t ON true
  ORDER BY s.set_at DESC, s.tariff_id, s.evse_id`

const reported = `
  SELECT evse_id AS "evseId", assignments, ${ms('received_at')} AS "receivedAtMs"
  FROM reported_tariffs WHERE charge_point_id = $1 ORDER BY evse_id LIMIT ${chargingPlacesMax}`

const ofDriver = `SELECT tariff, personal_message AS "personalMessage" FROM id_tokens WHERE id_key = $1`

const storeOfDriver = `UPDATE id_tokens SET tariff = $2, personal_message = $3 WHERE id_key = $1`

const time = (atMs: number): string => new Date(atMs).toISOString()

const text = (payload: Payload | null): string | null =>
  payload === null ? null : storableText(JSON.stringify(payload))

export function createTariffQueries({ restPool: pool }: Pick<Database, 'restPool'>): TariffQueries {
  const named = (name: string): string => `stator_tariff_${name}`
  const run = (name: string, sql: string, values: unknown[]) => pool.query({ name: named(name), text: sql, values })
  return {
    async storeStationTariff({ chargePointKey, tariffId, evseId, transactionId, tariff, setAtMs, setBy }) {
      const key = [chargePointKey, storableText(tariffId), evseId, transactionId]
      await run('store', store, [...key, text(tariff), time(setAtMs), storableText(setBy)])
    },

    async answerStationTariff({ chargePointKey, tariffId, evseId, transactionId }, status, replaces, nowMs) {
      const key = [chargePointKey, storableText(tariffId), evseId, transactionId]
      await run('answer', answer, [...key, storableText(status)])
      if (status === 'Accepted' && replaces) await run('replace', replace, [...key, time(nowMs)])
    },

    async clearStationTariffs(chargePointKey, { tariffIds, evseId }, nowMs) {
      const ids = tariffIds?.map(storableText) ?? null
      await run('clear', clear, [chargePointKey, ids, evseId ?? null, time(nowMs)])
    },

    async stationTariffsOf(chargePointKey) {
      const read = { name: named('list'), text: list, values: [chargePointKey] }
      return (await pool.query<StationTariffRecord>(read)).rows
    },

    async reportedTariffsOf(chargePointKey) {
      const read = { name: named('reported'), text: reported, values: [chargePointKey] }
      return (await pool.query<ReportedTariffsRecord>(read)).rows
    },

    async driverTariff(idToken) {
      const read = { name: named('of_driver'), text: ofDriver, values: [idKeyOf(idToken)] }
      return (await pool.query<DriverTariff>(read)).rows[0] ?? null
    },

    async storeDriverTariff(idToken, { tariff, personalMessage }) {
      const values = [idKeyOf(idToken), text(tariff), text(personalMessage)]
      return ((await run('store_of_driver', storeOfDriver, values)).rowCount ?? 0) > 0
    },
  }
}
