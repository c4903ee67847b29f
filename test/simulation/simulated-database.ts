// A simulated PostgreSQL server: the model of its tables, behind connections that are slow, break, and lose answers. It
// outlives the processes that use it.

import type { ClientBase, Pool } from 'pg'
import { queryMsMax } from '../../src/base/limits.ts'
import { StatorError } from '../../src/base/errors.ts'
import type { ChangeSet, CommitOutcome } from '../../src/blocks/decision.ts'
import type { OcppVersion } from '../../src/ocpp/version.ts'
import type { CommitGroup } from '../../src/store/commit-group.ts'
import type { Database } from '../../src/store/database.ts'
import { numbers, texts } from './binary-arrays.ts'
import type { DatabaseModel, Seen } from './database-model.ts'
import type { Random } from '../support/random.ts'
import { attempted, refusal } from './refusal.ts'
import type { SimulatedTime } from './simulated-time.ts'

/** The faults of a commit. */
export type CommitFault =
  /** PostgreSQL ends a deadlock by refusing; nothing is stored. */
  | 'deadlock'
  /** PostgreSQL refuses the data; nothing is stored. */
  | 'refuse'
  /** The connection breaks before anything is stored. */
  | 'cutBefore'
  /** Everything is stored, and the connection breaks before the answer arrives. */
  | 'loseAnswer'
  /** The connection breaks; the request arrives seconds later, unless the connection is ended in PostgreSQL. */
  | 'ghost'

export const commitFaults: readonly CommitFault[] = ['deadlock', 'refuse', 'cutBefore', 'loseAnswer', 'ghost']

/** The process behind a connection. */
export interface Owner {
  readonly isAlive: boolean
  /** Runs `work` now, or once the process is not frozen any more. */
  whenAwake(work: () => void): void
}

interface Session {
  readonly owner: Owner
  isCut: boolean
}

interface Request {
  readonly session: Session
  readonly execute: () => void
}

export interface ServerOptions {
  readonly time: SimulatedTime
  readonly random: Random
  readonly model: DatabaseModel
  /** How often a commit, or another request, fails by itself: 0 to 1. */
  readonly faultRate: number
  /** Longest latency in one direction, in milliseconds. */
  readonly tripMsMax: number
  /** `commit` does it. `isGhost`: long after its sender has given it up. */
  readonly onCommit: (sets: readonly ChangeSet[], commit: () => readonly CommitOutcome[], isGhost: boolean) => void
  readonly onFault: (fault: string) => void
}

/** The server with its faults. */
export class SimulatedDatabaseServer {
  readonly model: DatabaseModel
  readonly #options: ServerOptions
  readonly #time: SimulatedTime
  readonly #random: Random
  /** Requests that were sent and not executed yet, in the order of arrival. */
  readonly #underWay = new Set<Request>()
  /** Requests of broken connections that are still on their way. */
  readonly #ghosts = new Set<Request>()
  /** Arrivals of requests that wait for the end of a stall. */
  readonly #stalled = new Set<() => void>()
  #stalledUntilMs = 0
  #awayUntilMs = 0
  /** Until when a process cannot reach the database. */
  readonly #cutOff = new Map<Owner, number>()
  #due: CommitFault[] = []
  #faultRate: number
  #lastFaultMs = 0

  constructor(options: ServerOptions) {
    this.#options = options
    this.#time = options.time
    this.#random = options.random
    this.model = options.model
    this.#faultRate = options.faultRate
  }

  /** Since when there was no fault; in the future during one. */
  get soundSinceMs(): number {
    return Math.max(this.#lastFaultMs, this.#stalledUntilMs, this.#awayUntilMs)
  }

  /** Stalls for a while; requests are executed afterwards. */
  stall(forMs: number): void {
    this.#stalledUntilMs = Math.max(this.#stalledUntilMs, this.#time.nowMs + forMs)
  }

  /** Cuts every connection and accepts no new ones for a while. */
  goAway(forMs: number): void {
    this.#awayUntilMs = Math.max(this.#awayUntilMs, this.#time.nowMs + forMs)
    this.cut()
  }

  /** Cuts every connection of one process, and accepts no new ones from it for a while. */
  cutOff(owner: Owner, forMs: number): void {
    const untilMs = this.#time.nowMs + forMs
    this.#cutOff.set(owner, untilMs)
    this.#lastFaultMs = Math.max(this.#lastFaultMs, untilMs)
    for (const { session } of this.#underWay) if (session.owner === owner) session.isCut = true
  }

  /** Cuts every connection that is in use. */
  cut(): void {
    this.#lastFaultMs = Math.max(this.#lastFaultMs, this.#time.nowMs)
    for (const { session } of this.#underWay) session.isCut = true
  }

  /** Lets the next commits fail. */
  failNext(fault: CommitFault, count: number): void {
    for (let failure = 0; failure < count; failure++) this.#due.push(fault)
  }

  /** Has no faults any more. */
  recover(): void {
    this.#lastFaultMs = this.#time.nowMs
    this.#cutOff.clear()
    this.#stalledUntilMs = 0
    for (const arrive of this.#stalled) this.#time.after(0, arrive)
    this.#stalled.clear()
    this.#awayUntilMs = 0
    this.#due = []
    this.#faultRate = 0
  }

  /**
   * The process `owner` has died: each request that it had sent is executed or lost, in order, and this is settled
   * before another process reads anything (PostgreSQL ends the transactions of a connection that is gone).
   */
  settleAfterDeath(): void {
    let isLost = false
    for (const request of [...this.#underWay]) {
      if (request.session.owner.isAlive) continue
      this.#underWay.delete(request)
      isLost ||= this.#random.chance(0.5)
      if (!isLost && !request.session.isCut) attempted(request.execute)
    }
  }

  /** Runs `work` as one statement of the process `owner`; false if the answer does not arrive. */
  run(owner: Owner, work: () => void): Promise<boolean> {
    return this.#trip({ owner, isCut: false }, work, this.#queryFault()).then(
      () => true,
      () => false,
    )
  }

  /** A client of the server, as from `openDatabase`. */
  open(owner: Owner): Database {
    const session = (): Session => ({ owner, isCut: false })
    // Of a pool, the store uses only `query` with a prepared statement.
    const queries = {
      query: (asked: Statement | string) => {
        const statement = typeof asked === 'string' ? { name: asked, values: [] } : asked
        const work = (): unknown => this.#answer(statement)
        return this.#trip(session(), work, this.#queryFault(), null, statement.query_timeout)
      },
    }
    const pool = queries as unknown as Pool
    return {
      provider: 'PostgreSQL',
      pool,
      restPool: pool,
      upkeepPool: pool,
      isSingleConnection: false,
      statementsWaiting: () => ({ chargePoints: 0, rest: 0, upkeep: 0 }),
      lease: async () => {
        // Requests of a broken lease are over when the next one begins (`database.ts` ensures that).
        for (const request of this.#ghosts) if (request.session.owner === owner) this.#endGhost(request)
        const leased = session()
        await this.#trip(leased, () => {}, null)
        // Only the simulated commit uses the client, and it knows its real type.
        return { client: leased as unknown as ClientBase, release: () => {} }
      },
      connectionString: null,
      ping: () =>
        this.#trip(session(), () => {}, null).catch((error: unknown) => {
          throw new StatorError('STORE_UNAVAILABLE', 'The database cannot be reached.', undefined, error)
        }),
      close: async () => {},
    }
  }

  /** The writer calls this instead of `commitGroup`. */
  readonly commitGroup: CommitGroup = (client, sets, seen, _expectsNew, mayBeStored = false) => {
    const session = client as unknown as Session
    const fault = this.#nextFault()
    if (fault !== null) this.#options.onFault(fault)
    const ghost = (): void => void this.#commit(sets, seen, mayBeStored, true)
    return this.#trip(session, () => this.#commit(sets, seen, mayBeStored, false), fault, ghost)
  }

  #commit(sets: readonly ChangeSet[], seen: readonly Seen[], mayBeStored: boolean, isGhost: boolean) {
    let committed = this.model.commit([], [])
    const commit = (): readonly CommitOutcome[] => {
      committed = this.model.commit(sets, seen, mayBeStored)
      return committed.outcomes
    }
    this.#options.onCommit(sets, commit, isGhost)
    return committed
  }

  #nextFault(): CommitFault | null {
    return this.#due.shift() ?? this.#chanceFault(commitFaults)
  }

  #queryFault(): CommitFault | null {
    return this.#chanceFault(['cutBefore', 'loseAnswer'])
  }

  #chanceFault(faults: readonly CommitFault[]): CommitFault | null {
    if (!this.#random.chance(this.#faultRate)) return null
    this.#lastFaultMs = Math.max(this.#lastFaultMs, this.#time.nowMs)
    return this.#random.pick(faults)
  }

  /** One request and its answer. `ghost` is the same work, if it can be done without its sender. */
  #trip<T>(
    session: Session,
    work: () => T,
    fault: CommitFault | null,
    ghost: (() => void) | null = null,
    timeoutMs = queryMsMax,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      // A dead process sends nothing.
      if (!session.owner.isAlive) return
      let isSettled = false
      const settle = (conclude: () => void): void => {
        if (isSettled) return
        isSettled = true
        cancelTimeout()
        if (session.owner.isAlive) session.owner.whenAwake(conclude)
      }
      const fail = (error: Error): void => settle(() => reject(error))
      const cancelTimeout = this.#time.after(timeoutMs, () => {
        session.isCut = true
        fail(new Error('Query read timeout'))
      })
      const request: Request = { session, execute: work }
      this.#underWay.add(request)
      const arrive = (): void => {
        if (!this.#underWay.has(request)) return
        const { nowMs } = this.#time
        const awayUntilMs = Math.max(this.#awayUntilMs, this.#cutOff.get(session.owner) ?? 0)
        if (nowMs < awayUntilMs || session.isCut) {
          this.#underWay.delete(request)
          session.isCut = true
          return fail(new Error('Connection terminated unexpectedly'))
        }
        if (nowMs < this.#stalledUntilMs) {
          this.#stalled.add(arrive)
          this.#time.after(this.#stalledUntilMs - nowMs, () => (this.#stalled.delete(arrive) ? arrive() : undefined))
          return
        }
        this.#underWay.delete(request)
        this.#execute(session, work, fault, ghost, fail, (value) => settle(() => resolve(value)))
      }
      this.#time.after(this.#tripMs(), arrive)
    })
  }

  #execute<T>(
    session: Session,
    work: () => T,
    fault: CommitFault | null,
    ghost: (() => void) | null,
    fail: (error: Error) => void,
    succeed: (value: T) => void,
  ): void {
    const answer = (conclude: () => void): void => {
      this.#time.after(this.#tripMs(), () => {
        if (session.isCut) fail(new Error('Connection terminated unexpectedly'))
        else conclude()
      })
    }
    if (fault === 'deadlock') return answer(() => fail(refusal('40P01', 'deadlock detected')))
    if (fault === 'refuse') return answer(() => fail(refusal('22P05', 'a character has no equivalent')))
    if (fault === 'cutBefore' || fault === 'ghost') {
      session.isCut = true
      if (fault === 'ghost' && ghost !== null) this.#haunt({ ...session, isCut: false }, ghost)
      return answer(() => {})
    }
    const done = attempted(work)
    if (fault === 'loseAnswer') session.isCut = true
    answer(() => ('refused' in done ? fail(done.refused) : succeed(done.value)))
  }

  #haunt(session: Session, execute: () => void): void {
    const ghost: Request = { session, execute }
    this.#underWay.add(ghost)
    this.#ghosts.add(ghost)
    this.#time.after(this.#random.between(10, 5_000), () => {
      this.#ghosts.delete(ghost)
      if (this.#underWay.delete(ghost)) attempted(execute)
    })
  }

  #endGhost(ghost: Request): void {
    this.#ghosts.delete(ghost)
    if (this.#underWay.delete(ghost) && this.#random.chance(0.5)) attempted(ghost.execute)
  }

  #tripMs(): number {
    return this.#random.between(0, this.#options.tripMsMax)
  }

  #answer({ name, values }: Statement): { readonly rows: readonly unknown[] } {
    const { model } = this
    const { nowMs } = this.#time
    switch (name) {
      case 'stator_credentials': {
        const asked = texts(values[0])
        const rows = [...model.chargePoints.values()].filter(({ identity }) => asked.includes(identity))
        return {
          rows: rows.map((row) => ({ ...row, passwordHash: null, pendingPasswordHash: null, apiKeyHash: null })),
        }
      }
      case 'stator_claim_connections': {
        const [keys, versions, atMs] = [numbers(values[0]), texts(values[1]), numbers(values[3])]
        const nodes = texts(values[2])
        const claims = keys.map((key, i) =>
          model.claim(key, versions[i] as OcppVersion, atMs[i] ?? 0, nodes[i] ?? '', nowMs),
        )
        return { rows: claims.flatMap((claim) => (claim === null ? [] : [{ ...claim, ...claim.chargePoint }])) }
      }
      case 'stator_read_again': {
        const found = numbers(values[0]).flatMap((key) => model.hydration(key, nowMs) ?? [])
        return { rows: found.map((hydration) => ({ ...hydration, ...hydration.chargePoint })) }
      }
      case startOfLooks:
        return { rows: [{ next: model.fences.next }] }
      case 'stator_fences':
        return { rows: [{ next: model.fences.next, fences: model.fences.since(String(values[0])) }] }
      case 'stator_disconnect': {
        const epochs = numbers(values[1])
        for (const [i, key] of numbers(values[0]).entries()) model.leases.release(key, epochs[i] ?? -1)
        return { rows: [] }
      }
      case 'stator_id_tokens':
      case 'stator_priced_id_tokens': {
        const found = texts(values[0]).map((idKey) => ({ idKey, token: model.idTokens.get(idKey) }))
        return { rows: found.flatMap(({ idKey, token }) => (token === undefined ? [] : [{ idKey, ...token }])) }
      }
      case 'stator_transactions_by_id':
        return { rows: numbers(values[0]).flatMap((id) => model.transaction(id) ?? []) }
      case 'stator_transactions_by_station_id': {
        const ids = texts(values[1])
        const keys = numbers(values[0])
        return { rows: keys.flatMap((key, i) => model.transactionsByStationId(key, ids[i] ?? '')) }
      }
      case 'stator_last_registers': {
        const [startedAtMs, ids] = [numbers(values[2]), numbers(values[3])]
        const found = ids.map((id, i) => ({ id, reading: model.lastRegister(id, startedAtMs[i] ?? 0) }))
        return { rows: found.flatMap(({ id, reading }) => (reading === null ? [] : [{ id, ...reading }])) }
      }
      case 'stator_registers_next_to': {
        const [ids, atMs] = [numbers(values[0]), numbers(values[2])]
        const found = ids.map((id, i) => ({ id, atMs: atMs[i] ?? 0, near: model.registersNextTo(id, atMs[i] ?? 0) }))
        return { rows: found.flatMap(({ near, ...row }) => (near === null ? [] : [{ ...row, ...near }])) }
      }
      case 'stator_last_stops': {
        const [keys, evses] = [numbers(values[0]), numbers(values[1])]
        const rows = keys.map((key, i) => model.beforeStart(key, evses[i] ?? 0, ''))
        return { rows: rows.map(({ lastStop }, i) => ({ place: i + 1, lastStop })) }
      }
      case 'stator_before_start': {
        const [keys, evses, tokens] = [numbers(values[0]), numbers(values[1]), texts(values[3])]
        const rows = keys.map((key, i) => model.beforeStart(key, evses[i] ?? 0, tokens[i] ?? ''))
        return { rows: rows.map((row, i) => ({ place: i + 1, ...row })) }
      }
      case 'stator_transaction_ids':
        return { rows: [{ ids: model.newTransactionIds(Number(values[0])) }] }
      case 'stator_insert_message_blocks':
        return { rows: [] }
      default: {
        const answer = model.leases.answer(name, values, nowMs) ?? model.promises.answer(name, values, nowMs)
        if (answer === null) throw new Error(`The simulated database does not know the statement ${name}.`)
        return answer
      }
    }
  }
}

/** The only statement without a name. */
const startOfLooks = 'SELECT pg_snapshot_xmin(pg_current_snapshot())::text AS next'

interface Statement {
  readonly name: string
  readonly values: readonly unknown[]
  readonly query_timeout?: number
}
