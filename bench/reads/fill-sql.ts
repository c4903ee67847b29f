// SQL of the fill. Everything about a transaction is a function of its number, so that its facts, samples and events
// agree with each other, and the first part of the fill with the second.

import { MeterPacker } from '../../src/workers/meter-packer.ts'
import {
  busiestOneIn,
  busiestTokenOneIn,
  endlessOneIn,
  type FillSize,
  idTokensOf,
  partOf,
  partOfSize,
} from './sizes.ts'
import { samplesPerTransaction } from './sizes.ts'

/** What the whole fill is made from. */
export interface FillPlan extends FillSize {
  /** The newest row is not younger. */
  readonly nowMs: number
}

/** Which rows are filled: those of the part that is measured first, or the others. */
export type FillPart = 'first' | 'rest'

/** Numbers from `from` to `to`, both included, of the transactions or exchanges of one statement. */
export interface NumberRange {
  readonly from: number
  readonly to: number
}

const dayMs = 86_400_000
/** Transactions and meter values of two years. */
export const spanMs = 730 * dayMs
/** The time of the message log. */
export const logSpanMs = 7 * dayMs
/** Messages and events of transactions are kept for 365 days by default. */
const eventSpanMs = 360 * dayMs
const shortestChargingMs = 20 * 60_000
const longestChargingMs = 120 * 60_000
/** Charging at 9 kW: milliseconds of one Wh. */
const msPerWh = 400

/** A number from 0 to 1 that belongs to `number`; another one for each `seed`. */
export function share(number: string, seed: number): string {
  return `((hashint8extended(${number}, ${seed}) & 2147483647)::float8 / 2147483648)`
}

/** Whether it is the turn of `number`, which is true for one in `of`. */
function isOneIn(of: number, number: string, seed: number): string {
  return `(hashint8extended(${number}, ${seed}) & 2147483647) % ${of} = 0`
}

/** One of `words` that belongs to `number`. */
export function oneOf(words: readonly string[], number: string, seed: number): string {
  const list = words.map((word) => `'${word}'`).join(', ')
  return `(ARRAY[${list}])[1 + floor(${share(number, seed)} * ${words.length})::int]`
}

export function timeOf(ms: string): string {
  return `(timestamptz 'epoch' + (${ms}) * interval '1 millisecond')`
}

/** ISO 8601 with milliseconds, as charge points write it. */
export function isoOf(ms: string): string {
  return `to_char(${timeOf(ms)} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`
}

/** A message id in the form of a UUID. */
export function messageIdOf(number: string): string {
  return `md5((${number})::text)::uuid::text`
}

/** Key of a charge point: one is the busiest, the others have equal shares. */
export function keyOf(number: string, seed: number, { chargePoints }: FillPlan, part: FillPart): string {
  const known = part === 'first' ? partOf(chargePoints) : chargePoints
  return `CASE WHEN ${isOneIn(busiestOneIn, number, seed)} THEN 1
    ELSE 1 + floor(${share(number, seed + 1)} * ${known})::int END`
}

/** Identity of a charge point, from its key. */
export function identityOfKey(key: string): string {
  return `'CP' || lpad((${key})::text, 6, '0')`
}

/** The id token with this number, from 1. */
export function tokenOf(number: string): string {
  return `'CARD' || lpad((${number})::text, 8, '0')`
}

/** The numbers of the range that belong to `part`, as rows `n(g)`. */
export function numbersOf({ from, to }: NumberRange, part: FillPart): string {
  const belongs = part === 'first' ? '=' : '<>'
  return `(SELECT g FROM generate_series(${from}::int8, ${to}::int8) g WHERE g % ${partOfSize} ${belongs} 0) n`
}

/**
 * Transactions as rows `t`, in the order of their start: g, id, key, evse, token, start_ms, end_ms (null while open),
 * last_ms (its end, or now), start_wh, end_wh.
 */
export function transactionsOf(plan: FillPlan, part: FillPart, range: NumberRange): string {
  const { transactions, nowMs } = plan
  const first = partOf(transactions)
  const id = part === 'first' ? `g / ${partOfSize}` : `${first} + g - g / ${partOfSize}`
  const tokens = part === 'first' ? partOf(idTokensOf(plan)) : idTokensOf(plan)
  const begin = nowMs - spanMs
  const wh = (ms: string): string => `((${ms} - ${begin}) / ${msPerWh})`
  return `(
    SELECT *, CASE WHEN is_open THEN NULL ELSE stop_ms END AS end_ms, LEAST(stop_ms, ${nowMs}::int8) AS last_ms,
      ${wh('start_ms')} AS start_wh, ${wh('stop_ms')} AS end_wh
    FROM (
      SELECT *, stop_ms >= ${nowMs}::int8 OR ${isOneIn(endlessOneIn, 'g', 5)} AS is_open
      FROM (
        SELECT *, start_ms + floor(${shortestChargingMs} +
          ${share('g', 4)} * ${longestChargingMs - shortestChargingMs})::int8 AS stop_ms
        FROM (
          SELECT g, ${id} AS id, ${keyOf('g', 10, plan, part)} AS key,
            (1 + floor(${share('g', 2)} * 2))::int AS evse,
            CASE WHEN ${isOneIn(busiestTokenOneIn, 'g', 6)} THEN 1
              ELSE 1 + floor(${share('g', 7)} * ${tokens})::int END AS token,
            ${begin}::int8 + floor(${spanMs}::float8 * (g - ${share('g', 3)}) / ${transactions})::int8 AS start_ms
          FROM ${numbersOf(range, part)}
        ) AS started
      ) AS charged
    ) AS ended
  ) AS t`
}

/** A table that is filled in ranges: how its rows of one range are inserted. */
export interface RangeStatement {
  readonly table: string
  readonly sql: string
}

/** SQL of a meter value of three samples as Stator stores it, with the SQL of its time and of two values. */
function packedMeterValue(time: string, wh: string, ampere: string): string {
  const places = [
    ['1970-01-01T00:00:00.000Z', time],
    ['111111', wh],
    ['22.2', ampere],
  ] as const
  const [[atTime], [atWh], [atAmpere]] = places
  const energy = `"context":"Sample.Periodic","format":"Raw","measurand":"Energy.Active.Import.Register","unit":"Wh"`
  const packed = new MeterPacker().pack(
    `{"timestamp":"${atTime}","sampledValue":[{"value":"${atWh}",${energy}},` +
      `{"value":"${atAmpere}","measurand":"Current.Import","unit":"A"},{"value":"230","measurand":"Voltage","unit":"V"}]}`,
  )
  if (packed === null) throw new Error('The meter value of the fill has a word that OCPP does not have.')
  const text = Array.from(packed, (character) =>
    character < ' ' || character === "'" || character === '\\'
      ? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`
      : character,
  ).join('')
  return places.reduce((sql, [mark, value]) => sql.replace(mark, `' || ${value} || E'`), `E'${text}'`)
}

/** Everything that belongs to the transactions of a range. */
export function transactionStatements(plan: FillPlan, part: FillPart, range: NumberRange): RangeStatement[] {
  const source = transactionsOf(plan, part, range)
  const eventsFrom = `${plan.nowMs - eventSpanMs}`
  const perTransaction = samplesPerTransaction(plan)
  return [
    {
      table: 'transactions',
      sql: `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, id_token, id_token_status, started_at,
          meter_start_wh, stopped_at, meter_stop_wh, stop_reason, stop_id_token, closed_by, received_at, updated_at)
        SELECT id, key, evse, 1, ${tokenOf('token')}, 'Accepted', ${timeOf('start_ms')}, start_wh, ${timeOf('end_ms')},
          CASE WHEN is_open THEN NULL ELSE end_wh END,
          CASE WHEN is_open THEN NULL ELSE ${oneOf(['Local', 'Local', 'EVDisconnected', 'Remote'], 'g', 8)} END,
          CASE WHEN is_open THEN NULL ELSE ${tokenOf('token')} END, CASE WHEN is_open THEN NULL ELSE 'station' END,
          ${timeOf('start_ms + 300')}, ${timeOf('end_ms + 300')}
        FROM ${source} ORDER BY start_ms`,
    },
    {
      table: 'transaction_facts',
      sql: `INSERT INTO transaction_facts (charge_point_id, sent_at, digest, received_at, transaction_id, message_id,
          payload, answer)
        SELECT key, ${timeOf('at_ms')}, hashint8extended(id, kind), ${timeOf('at_ms + 300')}, id,
          ${messageIdOf('id * 4 + kind')},
          (CASE kind WHEN 0
            THEN '{"connectorId":' || evse || ',"idTag":"' || ${tokenOf('token')} || '","meterStart":' || start_wh ||
              ',"timestamp":"' || ${isoOf('at_ms')} || '"}'
            ELSE '{"transactionId":' || id || ',"idTag":"' || ${tokenOf('token')} || '","meterStop":' || end_wh ||
              ',"timestamp":"' || ${isoOf('at_ms')} || '","reason":"Local"}' END)::json,
          (CASE kind WHEN 0 THEN '{"transactionId":' || id || ',"idTagInfo":{"status":"Accepted"}}'
            ELSE '{"idTagInfo":{"status":"Accepted"}}' END)::json
        FROM (SELECT t.*, kind, CASE kind WHEN 0 THEN start_ms ELSE end_ms END AS at_ms
          FROM ${source} CROSS JOIN generate_series(0, 1) kind) AS f
        WHERE at_ms >= ${eventsFrom} ORDER BY at_ms`,
    },
    {
      table: 'meter_values',
      sql: `INSERT INTO meter_values (charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest,
          received_at, energy_wh, current_a, voltage_v, packed)
        SELECT key, id, ${timeOf('at_ms')}, evse, 1, hashint8extended(id, sample), ${timeOf('at_ms + 300')}, wh, ampere,
          230, ${packedMeterValue(isoOf('at_ms'), 'wh', 'ampere')}
        FROM (SELECT id, key, evse, sample, at_ms, (at_ms - ${plan.nowMs - spanMs}) / ${msPerWh} AS wh,
            round((101 + at_ms % 60) / 10.0, 1) AS ampere
          FROM (SELECT t.*, sample, start_ms + (last_ms - start_ms) * sample / ${perTransaction + 1} AS at_ms
            FROM ${source} CROSS JOIN generate_series(1, ${perTransaction}) sample) AS s ORDER BY at_ms) AS m`,
    },
    {
      table: 'connector_history',
      sql: `INSERT INTO connector_history (charge_point_id, evse_id, connector_id, received_at, occurred_at, status,
          error_code)
        SELECT key, evse, 1, ${timeOf('at_ms + 200')}, ${timeOf('at_ms')},
          CASE kind WHEN 0 THEN 'Charging' ELSE 'Available' END, 'NoError'
        FROM (SELECT t.*, kind, CASE kind WHEN 0 THEN start_ms ELSE end_ms END AS at_ms
          FROM ${source} CROSS JOIN generate_series(0, 1) kind) AS f
        WHERE at_ms IS NOT NULL ORDER BY at_ms ON CONFLICT DO NOTHING`,
    },
    {
      table: 'charge_point_events',
      sql: `INSERT INTO charge_point_events (charge_point_id, digest, action, message_id, occurred_at, received_at,
          payload)
        SELECT key, hashint8extended(id, 2 + kind), 'StatusNotification', ${messageIdOf('id * 4 + 2 + kind')},
          ${timeOf('at_ms')}, ${timeOf('at_ms + 200')},
          ('{"connectorId":' || evse || ',"errorCode":"NoError","status":"' ||
            CASE kind WHEN 0 THEN 'Charging' ELSE 'Available' END || '","timestamp":"' || ${isoOf('at_ms')} ||
            '"}')::json
        FROM (SELECT t.*, kind, CASE kind WHEN 0 THEN start_ms ELSE end_ms END AS at_ms
          FROM ${source} CROSS JOIN generate_series(0, 1) kind) AS f
        WHERE at_ms >= ${eventsFrom} ORDER BY at_ms`,
    },
  ]
}

/** SQL of the lines of the message log: CALLs and their answers, one exchange for each number of the range. */
export function logLinesOf(plan: FillPlan, part: FillPart, range: NumberRange): string {
  const exchanges = Math.floor(plan.logLines / 2)
  const begin = plan.nowMs - logSpanMs
  const text = (json: string): string => `'${json}'`
  const call = `'[2,"' || id || '",' || CASE
      WHEN chosen < 0.6 THEN ${text('"MeterValues",{"connectorId":1,"transactionId":')} || g ||
        ${text(',"meterValue":[{"timestamp":"')} || ${isoOf('at_ms')} || ${text(
          '","sampledValue":[{"value":"',
        )} || g || ${text(
          '","context":"Sample.Periodic","format":"Raw","measurand":"Energy.Active.Import.Register","unit":"Wh"},' +
            '{"value":"13.5","measurand":"Current.Import","unit":"A"},' +
            '{"value":"230","measurand":"Voltage","unit":"V"}]}]}',
        )}
      WHEN chosen < 0.9 THEN ${text('"Heartbeat",{}')}
      WHEN chosen < 0.99 THEN ${text(
        '"StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging","timestamp":"',
      )} || ${isoOf('at_ms')} || ${text('"}')}
      ELSE ${text('"Authorize",{"idTag":"CARD00000001"}')} END || ']'`
  const answer = `'[3,"' || id || '",' || CASE
      WHEN chosen < 0.6 THEN '{}'
      WHEN chosen < 0.9 THEN ${text('{"currentTime":"')} || ${isoOf('at_ms')} || ${text('"}')}
      WHEN chosen < 0.99 THEN '{}'
      ELSE ${text('{"idTagInfo":{"status":"Accepted"}}')} END || ']'`
  return `SELECT key, at_ms + kind * 5 AS "atMs", kind = 0 AS inbound,
        CASE kind WHEN 0 THEN ${call} ELSE ${answer} END AS frame
      FROM (SELECT g, ${keyOf('g', 20, plan, part)} AS key, ${share('g', 22)} AS chosen, ${messageIdOf('-g')} AS id,
          ${begin}::int8 + floor(${logSpanMs}::float8 * (g - 1) / ${exchanges})::int8 AS at_ms
        FROM ${numbersOf(range, part)}) AS e CROSS JOIN generate_series(0, 1) kind
      ORDER BY 2, key, kind`
}
