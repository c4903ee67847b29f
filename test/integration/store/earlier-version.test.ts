// An earlier version of Stator was killed under load, and this one starts on its database. What the earlier one had stored is recognised when
// charge points send it again, and answered as it was then; what was under way goes on.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { Client } from 'pg'
import { Comparison } from '../../../bench/audit/comparison.ts'
import { transactionRef } from '../../../src/blocks/meter-block.ts'
import {
  earlierDatabase,
  earlierHeader,
  earlierRows,
  type Json,
  toldToEarlier,
  type ToldMessage,
} from '../../support/earlier-version.ts'
import type { TestDatabase } from '../../support/postgres.ts'
import { Random } from '../../support/random.ts'
import { RawChargePoint } from '../../support/raw-charge-point.ts'
import { StatorProcess } from '../../support/stator-process.ts'
import { shuffled } from '../../support/sessions.ts'

type Told = Omit<ToldMessage, 'answer'>

const random = new Random(1)
const { stations } = earlierHeader
const facts = toldToEarlier.filter(({ action }) => isFact(action))
/** What this version was told beside what the earlier one had been told. */
const toldNow: Told[] = []
/** By the key of a fact: what it was answered with. */
const answers = new Map<string, Json>()

let database: TestDatabase
let stator: StatorProcess
beforeAll(async () => {
  database = await earlierDatabase()
  stator = await StatorProcess.start({
    connectionString: database.connectionString,
    identities: stations.map(({ identity }) => identity),
    settings: { Security__RequireAuthentication: 'false' },
  })
})
afterAll(async () => {
  await stator.remove()
  await database.drop()
})

function isFact(action: string): boolean {
  return action === 'StartTransaction' || action === 'StopTransaction' || action === 'TransactionEvent'
}

/** The same for the same message, however its members are ordered; meter values stand in a table of their own. */
function keyOf(identity: string, { meterValue: _, transactionData: __, ...payload }: Json): string {
  return `${identity} ${JSON.stringify(payload, Object.keys(payload).concat(inner).sort())}`
}
const inner = ['id', 'connectorId', 'transactionId', 'chargingState', 'idToken', 'type']

/** A message of a transaction, with its members in another order; the others are recognised by their text. */
function reordered({ action, payload }: Told): Json {
  return isFact(action) ? Object.fromEntries(shuffled(random, Object.entries(payload))) : payload
}

class Station {
  readonly #identity: string
  readonly #raw: RawChargePoint

  private constructor(identity: string, raw: RawChargePoint) {
    this.#identity = identity
    this.#raw = raw
  }

  static async boot({ identity, version }: (typeof stations)[number]): Promise<Station> {
    const raw = await RawChargePoint.connect({
      url: stator.ocppUrl,
      identity,
      subprotocols: [`ocpp${version}`],
    })
    await raw.call(
      'BootNotification',
      version === '1.6'
        ? { chargePointVendor: 'Vendor', chargePointModel: 'Model' }
        : { reason: 'PowerUp', chargingStation: { vendorName: 'Vendor', model: 'Model' } },
    )
    return new Station(identity, raw)
  }

  /** Everything that it told the earlier version, but its boots. */
  get told(): readonly ToldMessage[] {
    return toldToEarlier.filter(({ identity, action }) => identity === this.#identity && action !== 'BootNotification')
  }

  async tell(message: Told): Promise<void> {
    const answer = await this.#raw.call(message.action, reordered(message))
    if (!isFact(message.action)) return
    const key = keyOf(this.#identity, message.payload)
    expect(answer, key).toEqual(answers.get(key) ?? answer)
    answers.set(key, answer)
  }

  /** Ends the session that was under way, if one was. */
  async end(): Promise<void> {
    const last = this.told.findLast(({ action }) => isFact(action))
    if (last === undefined || last.action === 'StopTransaction' || last.payload['eventType'] === 'Ended') return
    const ending = last.action === 'StartTransaction' ? this.#stopOf(last) : endedAfter(last)
    const message = { identity: this.#identity, ...ending }
    toldNow.push(message)
    await this.tell(message)
  }

  close(): Promise<void> {
    return this.#raw.close()
  }

  #stopOf({ payload }: ToldMessage): Pick<Told, 'action' | 'payload'> {
    const transactionId = answers.get(keyOf(this.#identity, payload))?.transactionId
    const meterStop = Number(payload['meterStart']) + 600
    return { action: 'StopTransaction', payload: { transactionId, meterStop, timestamp: afterwards } }
  }
}

const afterwards = '2026-03-02T00:00:00.000Z'

/** The end of the session of an event. */
function endedAfter({ payload }: ToldMessage): Pick<Told, 'action' | 'payload'> {
  const { transactionInfo } = payload
  const started = facts.find(
    (fact) =>
      fact.payload['eventType'] === 'Started' && Bun.deepEquals(fact.payload['transactionInfo'], transactionInfo),
  )
  const [value] = samplesOf(started?.payload ?? {})
  const [{ value: wh = 0 } = {}] = (value?.['sampledValue'] ?? []) as { readonly value?: number }[]
  return {
    action: 'TransactionEvent',
    payload: {
      eventType: 'Ended',
      timestamp: afterwards,
      triggerReason: 'StopAuthorized',
      seqNo: 4,
      transactionInfo,
      meterValue: [{ timestamp: afterwards, sampledValue: [{ value: wh + 600 }] }],
    },
  }
}

function samplesOf({ meterValue, transactionData }: Json): readonly Json[] {
  return [meterValue, transactionData].flatMap((list): Json[] => (Array.isArray(list) ? list : []))
}

test('the database holds what an earlier version had stored: some of it was never answered', () => {
  const stored = new Map(
    earlierRows('transaction_events').map(({ charge_point_id, payload = '{}', answer = '{}' }) => {
      const owner = earlierRows('charge_points').find(({ id }) => id === charge_point_id)
      return [keyOf(owner?.['identity'] ?? '', JSON.parse(payload) as Json), JSON.parse(answer) as Json]
    }),
  )
  for (const { identity, payload, answer } of facts) {
    const storedAnswer = stored.get(keyOf(identity, payload))
    if (answer !== null) expect(storedAnswer).toEqual(answer)
    if (storedAnswer !== undefined) answers.set(keyOf(identity, payload), storedAnswer)
  }
  const unanswered = facts.filter(({ answer }) => answer === null)
  expect(unanswered.some(({ identity, payload }) => stored.has(keyOf(identity, payload)))).toBe(true)
  expect(facts.length).toBeGreaterThanOrEqual(40)
})

test('what an earlier version stored is recognised when it is sent again, and answered as it was', async () => {
  await Promise.all(
    stations.map(async (each) => {
      const station = await Station.boot(each)
      for (const message of station.told) await station.tell(message)
      for (const message of shuffled(random, station.told)) await station.tell(message)
      await station.end()
      await station.close()
    }),
  )
  const client = new Client({ connectionString: database.connectionString })
  await client.connect()
  try {
    expect(await findingsOf(client)).toEqual({ missing: 0, duplicated: 0, altered: 0, unexpected: 0, examples: [] })
    // Nodes of the earlier version may still work on it.
    expect((await client.query('SELECT FROM earlier_ledger')).rowCount).toBe(1)
  } finally {
    await client.end()
  }
}, 120_000)

test('each session is one transaction, under the id that it was answered with, with its own energy', async () => {
  for (const { identity } of stations) {
    const starts = facts.filter((fact) => {
      const isStart = fact.action === 'StartTransaction' || fact.payload['eventType'] === 'Started'
      return isStart && fact.identity === identity
    })
    const { transactions } = await stator.json(`/api/transactions?chargePointId=${identity}&pageSize=100`)
    const items = transactions as readonly Json[]
    expect(items).toHaveLength(starts.length)
    for (const { energyConsumed, energySource } of items) {
      expect({ energyConsumed, energySource }).toEqual({ energyConsumed: 0.6, energySource: 'register' })
    }
    const ids = starts.flatMap(({ payload }) => answers.get(keyOf(identity, payload))?.transactionId ?? [])
    for (const id of ids) expect(items.map(({ transactionId }) => transactionId)).toContain(id)
  }
})

/** Everything that was told, against what is stored. */
async function findingsOf(client: Client): Promise<Json> {
  const comparison = new Comparison('The row')
  const expectRow = (key: string): void => comparison.expect({ key, contents: [''], isAcknowledged: true })
  for (const { identity, action, payload } of [...toldToEarlier, ...toldNow]) {
    if (isFact(action)) expectRow(`fact ${keyOf(identity, payload)}`)
    if (action === 'StatusNotification') expectRow(`event ${keyOf(identity, payload)}`)
    const ref = transactionRef(transactionOf(payload))
    for (const sample of samplesOf(payload)) expectRow(`sample ${identity} ${ref} ${JSON.stringify(sample)}`)
  }
  const rows = async (table: string, columns: string): Promise<Record<string, string>[]> => {
    const text = `SELECT c.identity, ${columns} FROM ${table} t JOIN charge_points c ON c.id = t.charge_point_id`
    return (await client.query<Record<string, string>>(text)).rows
  }
  // What is stored while nodes of the earlier version may be there is in both ledgers.
  const factRows = `(SELECT charge_point_id, payload FROM transaction_facts UNION ALL
    SELECT charge_point_id, payload FROM transaction_events e WHERE NOT EXISTS (SELECT FROM transaction_facts f
      WHERE f.charge_point_id = e.charge_point_id AND f.message_id = e.message_id AND f.received_at = e.received_at))`
  for (const { identity = '', payload = '' } of await rows(factRows, 't.payload::text')) {
    comparison.find(`fact ${keyOf(identity, JSON.parse(payload) as Json)}`, '')
  }
  const statuses = `(SELECT * FROM charge_point_events WHERE action = 'StatusNotification')`
  for (const { identity = '', payload = '' } of await rows(statuses, 't.payload::text')) {
    comparison.find(`event ${keyOf(identity, JSON.parse(payload) as Json)}`, '')
  }
  for (const { identity, ref, value } of await rows(
    'meter_values',
    't.transaction_ref::text AS ref, t.meter_value::text AS value',
  )) {
    comparison.find(`sample ${identity} ${ref} ${value}`, '')
  }
  const { missing, duplicated, altered, unexpected, examples } = comparison.findings
  return { missing, duplicated, altered, unexpected, examples }
}

function transactionOf({ transactionId, transactionInfo }: Json): number | string {
  if (typeof transactionId === 'number') return transactionId
  const { transactionId: station } = (transactionInfo ?? {}) as { readonly transactionId?: string }
  return station ?? 0
}
