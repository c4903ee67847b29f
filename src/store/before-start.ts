// What preceded a transaction that begins. It is read for every start, so it is batched, prepared, and limited to what
// is asked for.

import type { Pool } from 'pg'
import { idTokenLookupCharactersMax, lastStopTransactionsMax, openOfIdTokenMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { idTokenCandidates } from '../blocks/authorization/authorization.ts'
import type { BeforeStart, StartOfTransaction } from '../blocks/decision.ts'
import type { Price } from '../blocks/tariff/cost-records.ts'
import { BatchedLookup } from './batched-lookup.ts'
import { boolArray, int4Array, textArray } from './wire/binary-array.ts'
import { knownJson, ms } from './known-transaction.ts'
import { priceOf } from './price-of.ts'
import { unseen } from './wire/plans.ts'

interface Starting extends StartOfTransaction {
  readonly chargePointKey: number
}

interface BeforeStartRow {
  readonly place: number
  readonly lastStop: BeforeStart['lastStop']
  readonly openOfIdToken?: BeforeStart['openOfIdToken'] | null
  readonly price: Price | null
}

const nothingBefore: BeforeStart = { lastStop: null, openOfIdToken: [] }

// The price of the charge point itself, or of its group or the nearest one above, or the default. Without any price, or
// for a transaction of a version that has none, nothing is looked for.
const price = `CASE WHEN v.is_priced AND EXISTS (SELECT FROM prices) THEN (${priceOf('v.charge_point_id')}) END AS price`

// Only the newest transactions of the charge point are searched, however many it has. A range, even for one key, and in
// the order of the index: else PostgreSQL reads a partition by arrival if its statistics know few charge points there.
const lastStop = `(
      SELECT json_build_object('transactionId', s.id, 'stoppedAtMs', ${ms('s.stopped_at')}, 'meterStopWh', s.meter_stop_wh)
      FROM (SELECT * FROM transactions t WHERE t.charge_point_id >= v.charge_point_id AND t.charge_point_id <= v.charge_point_id
            ORDER BY t.charge_point_id DESC, t.received_at DESC, t.id DESC LIMIT ${lastStopTransactionsMax}) s
      WHERE s.evse_id = v.evse_id AND s.stopped_at IS NOT NULL AND s.meter_stop_wh IS NOT NULL
      ORDER BY s.stopped_at DESC, s.id DESC LIMIT 1) AS "lastStop"`

/** The last stops of EVSEs. */
export const readLastStops = `
  SELECT v.place, ${lastStop}, ${price}
  FROM unnest(${unseen('$1::int4[]')}, ${unseen('$2::int4[]')}, ${unseen('$3::bool[]')})
    WITH ORDINALITY AS v(charge_point_id, evse_id, is_priced, place)`

const openKey = 'left(lower(t.id_token), 64)'
const [tokenKey, cardKey] = ['left(lower(v.id_token), 64)', 'left(lower(v.card), 64)']

// A range, even for one key, and in the order of the index. For an equality, PostgreSQL may read all transactions by
// arrival instead if its statistics say that nearly all belong to one card.
function openFrom(first: string, last: string, more: string): string {
  return `(SELECT * FROM transactions t WHERE t.stopped_at IS NULL AND ${openKey} ~>=~ ${first} AND ${openKey} ~<=~ ${last} ${more}
           ORDER BY ${openKey} USING ~>~, t.received_at DESC, t.id DESC LIMIT ${openOfIdTokenMax})`
}

/**
 * The last stops and the open transactions of cards, each limited in number. Those of the id token and its plain form
 * come first, then those of the plain form with another suffix, unless that is an id token itself. OFFSET 0 keeps
 * PostgreSQL from a join, which would lose their order.
 */
export const readBeforeStart = `
  SELECT v.place, ${lastStop}, ${price}, (
      SELECT json_agg(json_build_object(${knownJson})) FROM (
        ${openFrom(tokenKey, tokenKey, '')}
        UNION ALL
        ${openFrom(cardKey, cardKey, 'AND v.card <> v.id_token')}
        UNION ALL
        (SELECT * FROM ${openFrom(`(${cardKey} || '_')`, `(${cardKey} || '\`')`, `AND ${openKey} <> ${tokenKey}`)} suffixed
         WHERE NOT EXISTS (SELECT FROM id_tokens i WHERE i.id_key = lower(suffixed.id_token) OFFSET 0))) t) AS "openOfIdToken"
  FROM unnest(${unseen('$1::int4[]')}, ${unseen('$2::int4[]')}, ${unseen('$3::bool[]')}, ${unseen('$4::text[]')},
      ${unseen('$5::text[]')}) WITH ORDINALITY AS v(charge_point_id, evse_id, is_priced, id_token, card, place)`

function nameOf({ chargePointKey, evseId, isPriced, idToken }: Starting): string {
  return `${chargePointKey}/${evseId}/${isPriced}/${idToken}`
}

/**
 * Reads what preceded a transaction that begins on this EVSE with this id token. Without an id token, only the last
 * stop of the EVSE is read, which takes a quarter of the time.
 */
export function createBeforeStart(
  pool: Pick<Pool, 'query'>,
): (chargePointKey: number, start: StartOfTransaction) => Promise<BeforeStart> {
  const places = (asked: readonly Starting[]) => [
    int4Array(asked.map(({ chargePointKey }) => chargePointKey)),
    int4Array(asked.map(({ evseId }) => evseId)),
    boolArray(asked.map(({ isPriced }) => isPriced)),
  ]
  const answers = (asked: readonly Starting[], rows: readonly BeforeStartRow[]): Map<string, BeforeStart> => {
    const found = new Map<string, BeforeStart>()
    for (const { place, lastStop: stop, openOfIdToken, price: applies } of rows) {
      const starting = asked[place - 1]
      if (starting === undefined) continue
      found.set(nameOf(starting), { lastStop: stop, openOfIdToken: openOfIdToken ?? [], price: applies })
    }
    return found
  }
  const lastStops = new BatchedLookup<Starting, BeforeStart>(nameOf, async (asked) => {
    const read = { name: 'stator_last_stops', text: readLastStops, values: places(asked) }
    return answers(asked, (await pool.query<BeforeStartRow>(read)).rows)
  })
  const withOpen = new BatchedLookup<Starting, BeforeStart>(nameOf, async (asked) => {
    const tokens = asked.map(({ idToken }) => idToken ?? '')
    const cards = tokens.map((token) => idTokenCandidates(token).at(-1) ?? '')
    const values = [...places(asked), textArray(tokens), textArray(cards)]
    const read = { name: 'stator_before_start', text: readBeforeStart, values }
    return answers(asked, (await pool.query<BeforeStartRow>(read)).rows)
  })
  return async (chargePointKey, { evseId, idToken, isPriced }) => {
    const isToken = idToken !== null && idToken !== '' && idToken.length <= idTokenLookupCharactersMax
    const lookup = isToken ? withOpen : lastStops
    const starting = { chargePointKey, evseId, isPriced, idToken: isToken ? storableText(idToken) : null }
    return (await lookup.get(starting)) ?? nothingBefore
  }
}
