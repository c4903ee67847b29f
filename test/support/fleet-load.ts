// The load of a fault test: charge points of both versions that keep what was not answered and send it again, and the audit of what
// the sent facts against the database.

import { Client } from 'pg'
import { audit } from '../../bench/audit/audit.ts'
import { type Findings, sumOf } from '../../bench/audit/comparison.ts'
import { benchPasswordDefault } from '../../bench/cli.ts'
import type { Charging } from '../../bench/generator/charging.ts'
import { type BenchVersion, Fleet, identityOf } from '../../bench/generator/fleet.ts'
import type { Percentiles } from '../../bench/generator/latency.ts'
import type { MixName } from '../../bench/generator/mixes.ts'
import type { Loop } from '../../bench/generator/schedule.ts'
import { targetOf } from '../../bench/generator/wire.ts'

export interface LoadOptions {
  /** Charge points of each version. */
  readonly stations: number
  readonly versions?: readonly BenchVersion[]
  readonly mix?: MixName
  /** Samples of one transaction (20). */
  readonly samples?: number
  /** How long an answer may take before the charge point hangs up and dials again, in milliseconds. */
  readonly answerMsMax?: number
  /** Distinguishes the identities of one load from those of another. */
  readonly name?: string
  /** Whether they boot on every connection. */
  readonly boots?: boolean
}

const samplesDefault = 20
const answerMsMaxDefault = 10_000
const connectMsMax = 90_000

/** Identities of the charge points of a load. */
export function identitiesOf({ stations, versions = bothVersions, name = 'CP' }: LoadOptions): string[] {
  return versions.flatMap((version) =>
    Array.from({ length: stations }, (_, index) => identityOf(prefixOf(name, version), index)),
  )
}

const bothVersions: readonly BenchVersion[] = ['1.6', '2.0.1']

function prefixOf(name: string, version: BenchVersion): string {
  return `${name}-${version}-`
}

/** Charge points under way. */
export class FleetLoad {
  readonly fleets: readonly Fleet[]

  constructor(ocppUrl: string, options: LoadOptions) {
    const { stations, versions = bothVersions, mix = 'meter', name = 'CP', boots = true } = options
    this.fleets = versions.map((version) => {
      const fleet = new Fleet({
        target: targetOf(ocppUrl),
        version,
        stations,
        identityPrefix: prefixOf(name, version),
        password: benchPasswordDefault,
        boots,
        answerMsMax: options.answerMsMax ?? answerMsMaxDefault,
      })
      fleet.play(mix, options.samples ?? samplesDefault)
      return fleet
    })
  }

  /** How many charge points there are. */
  get size(): number {
    return this.fleets.reduce((sum, fleet) => sum + fleet.ledgers.length, 0)
  }

  /** Charge points that are connected and booted. */
  get ready(): number {
    return this.fleets.reduce((sum, fleet) => sum + fleet.ready, 0)
  }

  get isReady(): boolean {
    return this.ready === this.size
  }

  /** Connects all that are not connected; answers how long it took, in milliseconds. */
  async connect(deadlineMs = connectMsMax, atOnceMax?: number): Promise<number> {
    const startedMs = performance.now()
    const times = await Promise.all(
      this.fleets.map((fleet) => fleet.connect({ deadlineMs, ...(atOnceMax === undefined ? {} : { atOnceMax }) })),
    )
    if (times.includes(null)) {
      throw new Error(`Charge points are not connected after ${deadlineMs} ms: ${JSON.stringify(this.errors)}`)
    }
    return performance.now() - startedMs
  }

  begin(loop: Loop): void {
    for (const fleet of this.fleets) fleet.begin(loop)
  }

  /** Says nothing new; once all are connected and everything under way has been answered, it resolves. */
  async settle(): Promise<void> {
    const deadlineMs = performance.now() + connectMsMax
    for (const fleet of this.fleets) await fleet.settle(0)
    for (;;) {
      await this.connect()
      const areSettled = await Promise.all(this.fleets.map((fleet) => fleet.settle(1_000)))
      if (areSettled.every(Boolean) && this.isReady) return
      if (performance.now() > deadlineMs) throw new Error('Answers are still out.')
    }
  }

  close(): void {
    for (const fleet of this.fleets) fleet.close()
  }

  /** What went wrong, and how often. */
  get errors(): Readonly<Record<string, number>> {
    const sum: Record<string, number> = {}
    for (const fleet of this.fleets) for (const [what, count] of fleet.errors) sum[what] = (sum[what] ?? 0) + count
    return sum
  }

  /** How often a charge point got a CALLERROR. */
  get callErrors(): number {
    return this.#count(/ was refused: /)
  }

  /** How often a handshake was answered with 503. */
  get turnedAway(): number {
    return this.#count(/answered with 503/)
  }

  /** Transactions that the central system knows and that have not ended. */
  get openTransactions(): readonly Charging[] {
    return this.fleets.flatMap((fleet) =>
      fleet.ledgers.flatMap(({ chargings }) =>
        chargings.filter(({ isStartAcknowledged, isEndSent }) => isStartAcknowledged && !isEndSent),
      ),
    )
  }

  /** Samples that were answered so far. */
  get acknowledgedSamples(): number {
    let sum = 0
    for (const { ledgers } of this.fleets) {
      for (const { chargings } of ledgers) for (const { samplesAcknowledged } of chargings) sum += samplesAcknowledged
    }
    return sum
  }

  /** Begins to measure latencies anew. */
  resetLatency(): void {
    for (const { recorder } of this.fleets) recorder.reset()
  }

  /** Answers since `resetLatency`, and their latency from when they were due. */
  takeLatency(): { readonly count: number; readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } {
    const taken = this.fleets.map(({ recorder }) => recorder.takeSlice())
    const most = (of: (latency: Percentiles) => number): number =>
      Math.max(0, ...taken.map(({ latencyMs }) => (latencyMs === null ? 0 : of(latencyMs))))
    return {
      count: taken.reduce((sum, { messages }) => sum + messages, 0),
      p50Ms: most(({ p50 }) => p50),
      p99Ms: most(({ p99 }) => p99),
      maxMs: most(({ max }) => max),
    }
  }

  #count(pattern: RegExp): number {
    return Object.entries(this.errors).reduce((sum, [what, count]) => (pattern.test(what) ? sum + count : sum), 0)
  }
}

/** What an audit finds when everything acknowledged is stored once, as it was sent, and nothing else. */
export const cleanFindings = { missing: 0, duplicated: 0, altered: 0, unexpected: 0, examples: [] }

/** What a database has stored of the facts of loads. */
export async function auditLoads(
  connectionString: string,
  loads: readonly FleetLoad[],
  since: Date,
): Promise<Findings> {
  const findings: Findings[] = []
  for (const fleet of loads.flatMap((load) => load.fleets)) {
    findings.push(await audit('stator', connectionString, fleet, since))
    if (fleet.dialect.subprotocol === 'ocpp1.6') findings.push(await auditTransactionIds(connectionString, fleet))
  }
  return sumOf(findings)
}

/** Whether each transaction of 1.6 still has the id that its start was answered with. */
async function auditTransactionIds(connectionString: string, fleet: Fleet): Promise<Findings> {
  const client = new Client({ connectionString })
  await client.connect()
  const { rows } = await client.query<[string, string, number]>({
    rowMode: 'array',
    text: `SELECT c.identity, t.id::text, (extract(epoch FROM t.started_at) * 1000)::float8
           FROM transactions t JOIN charge_points c ON c.id = t.charge_point_id WHERE c.identity = ANY($1)`,
    values: [fleet.ledgers.map(({ identity }) => identity)],
  })
  await client.end()
  const stored = new Map(rows.map(([identity, id, startedAtMs]) => [`${identity} ${startedAtMs}`, Number(id)]))
  const examples = fleet.ledgers.flatMap(({ identity, chargings }) =>
    chargings.flatMap(({ isStartAcknowledged, startedAtMs, transactionId }) => {
      const id = stored.get(`${identity} ${startedAtMs}`)
      return !isStartAcknowledged || id === transactionId
        ? []
        : [`The transaction of ${identity} was answered with id ${transactionId}, but is stored under ${id}`]
    }),
  )
  return { facts: 0, rows: 0, missing: 0, duplicated: 0, altered: examples.length, unexpected: 0, examples }
}
