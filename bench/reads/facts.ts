// What the API must answer about a filled database: it is known from the fill, or counted in the tables.

import type { Client } from 'pg'
import { z } from 'zod'
import { storedLinesOf } from '../message-blocks.ts'
import type { FillPart, FillPlan } from './fill-sql.ts'
import { get, type Source } from './reading.ts'
import { partOf, samplesPerTransaction } from './sizes.ts'

/** A fact, what it must be, and what the API answered. */
export interface Fact {
  readonly fact: string
  readonly expected: unknown
  readonly found: unknown
}

export function isRight({ expected, found }: Fact): boolean {
  return JSON.stringify(expected) === JSON.stringify(found)
}

const Counted = z.looseObject({ totalCount: z.int() })
const Transaction = z.looseObject({
  chargePointId: z.string(),
  idTag: z.string().nullable(),
  startTime: z.string(),
  meterStart: z.number().nullable(),
})
const MeterValues = z.looseObject({ meterValues: z.array(z.looseObject({ energyWh: z.number().nullable() })) })

interface StoredTransaction {
  readonly identity: string
  readonly key: number
  readonly token: string
  readonly startedAt: Date
  readonly startWh: number
  readonly firstWh: number | null
  readonly ofChargePoint: number
}

/** Asks for a handful of facts. Nothing writes meanwhile. `stations`: charge points beside those of the fill. */
export async function checkFacts(
  source: Source,
  client: Client,
  plan: FillPlan,
  part: FillPart,
  stations: number,
): Promise<Fact[]> {
  const of = (whole: number): number => (part === 'first' ? partOf(whole) : whole)
  const totalOf = async (path: string): Promise<number> => Counted.parse(await answerOf(source, path)).totalCount
  const id = Math.ceil(of(plan.transactions) / 2)
  const { rows } = await client.query<StoredTransaction>(
    `SELECT c.identity, c.id AS key, t.id_token AS token, t.started_at AS "startedAt", t.meter_start_wh AS "startWh",
       (SELECT energy_wh FROM meter_values m WHERE m.charge_point_id = c.id AND m.transaction_ref = t.id
        ORDER BY sampled_at LIMIT 1) AS "firstWh",
       (SELECT count(*)::int FROM transactions o WHERE o.charge_point_id = c.id) AS "ofChargePoint"
     FROM transactions t JOIN charge_points c ON c.id = t.charge_point_id WHERE t.id = $1`,
    [id],
  )
  const [stored] = rows
  if (stored === undefined) throw new Error(`The fill has no transaction ${id}.`)
  const counted = await client.query<{ open: number; ofLoad: number }>(
    `SELECT (SELECT count(*)::int FROM transactions WHERE stopped_at IS NULL) AS open,
       (SELECT count(*)::int FROM transactions WHERE id > $1) AS "ofLoad"`,
    [plan.transactions],
  )
  const [{ open, ofLoad } = { open: 0, ofLoad: 0 }] = counted.rows
  const shown = Transaction.parse(await answerOf(source, `/api/transactions/${id}`))
  const values = `/api/transactions/${id}/meter-values`
  const { meterValues } = MeterValues.parse(await answerOf(source, values))
  const { identity } = stored
  return [
    { fact: 'transactions', expected: of(plan.transactions) + ofLoad, found: await totalOf('/api/transactions') },
    { fact: 'open transactions', expected: open, found: await totalOf('/api/transactions?open=true') },
    {
      fact: 'transactions of a charge point',
      expected: stored.ofChargePoint,
      found: await totalOf(`/api/transactions?chargePointId=${identity}`),
    },
    {
      fact: 'charge points',
      expected: of(plan.chargePoints) + stations,
      found: await totalOf('/api/chargepoints'),
    },
    {
      fact: 'a transaction in the middle',
      expected: [identity, stored.token, stored.startedAt.toISOString(), stored.startWh],
      found: [shown.chargePointId, shown.idTag, shown.startTime, shown.meterStart],
    },
    { fact: 'its samples', expected: samplesPerTransaction(plan), found: await totalOf(values) },
    { fact: 'the energy of its first sample', expected: stored.firstWh, found: meterValues[0]?.energyWh },
    {
      fact: 'messages of a charge point',
      expected: (await storedLinesOf(client, stored.key)).length,
      found: await totalOf(`/api/chargepoints/${identity}/messages`),
    },
  ]
}

async function answerOf(source: Source, path: string): Promise<unknown> {
  const { body, failure } = await get(source, path)
  if (failure !== null) throw new Error(`GET ${path}: ${failure}`)
  return JSON.parse(body)
}
