// A semaphore for the one connection of the embedded database, for work that can wait: queries of the REST API, the
// message log, maintenance of the tables. Look-ups of the gateway and the writer take the connection from its pool
// directly, and go first.

import { Pool, type PoolClient } from 'pg'
import { StatorError } from '../base/errors.ts'
import { gateWaitMsMax, gateYieldMsMax, restStatementsWaitingMax } from '../base/limits.ts'

/**
 * The two queues. That of REST is bounded and can refuse. That of maintenance goes first, and has one statement at a
 * time.
 */
export type Line = 'upkeep' | 'rest'

type Done = (release?: Error | boolean) => void
type Connected = (error: Error | undefined, client: PoolClient | undefined, done: Done) => void

interface Waiting {
  readonly sinceMs: number
  readonly timer: ReturnType<typeof setTimeout>
  readonly resolve: (client: PoolClient) => void
  readonly reject: (error: unknown) => void
}

/**
 * Lends the connection of `pool` to one caller at a time, and only while nothing waits at `pool` itself.
 *
 * Under a load that never ends, a caller that has waited for `gateYieldMsMax` queues at `pool` like all others: a few
 * statements a second, so that the message log is still written and old rows are still deleted.
 */
export class ConnectionGate {
  readonly #pool: Pool
  readonly #lines: Readonly<Record<Line, Waiting[]>> = { upkeep: [], rest: [] }
  #isTaken = false
  #isTurnSet = false

  constructor(pool: Pool) {
    this.#pool = pool
    pool.on('release', () => this.#turnSoon())
    pool.on('remove', () => this.#turnSoon())
  }

  /**
   * Resolves with the connection when it is the caller's turn; `release` it soon.
   *
   * @throws {StatorError} `LOOKUP_QUEUE_FULL` when `restStatementsWaitingMax` already wait for REST, or after
   *   `gateWaitMsMax`.
   */
  take(line: Line): Promise<PoolClient> {
    const waiting = this.#lines[line]
    if (line === 'rest' && waiting.length >= restStatementsWaitingMax) {
      const sentence = `${restStatementsWaitingMax} statements of the REST API already wait for the database.`
      return Promise.reject(new StatorError('LOOKUP_QUEUE_FULL', sentence))
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.splice(waiting.indexOf(one), 1)
        const sentence = `The database had no time for a statement within ${gateWaitMsMax} ms.`
        reject(new StatorError('LOOKUP_QUEUE_FULL', sentence))
      }, gateWaitMsMax)
      const one: Waiting = { sinceMs: performance.now(), timer, resolve, reject }
      waiting.push(one)
      this.#turnSoon()
    })
  }

  /** How many wait in `line`. */
  waitingIn(line: Line): number {
    return this.#lines[line].length
  }

  // Not at once: when a statement ends, its callers ask for the next one in microtasks, and these go first.
  #turnSoon(): void {
    if (this.#isTurnSet) return
    this.#isTurnSet = true
    setImmediate(() => {
      this.#isTurnSet = false
      this.#turn()
    })
  }

  #turn(): void {
    const line = this.#lines.upkeep.length > 0 ? this.#lines.upkeep : this.#lines.rest
    const first = line[0]
    if (this.#isTaken || first === undefined) return
    const isFree = this.#pool.waitingCount === 0 && this.#pool.idleCount === this.#pool.totalCount
    if (!isFree && performance.now() - first.sinceMs < gateYieldMsMax) return
    line.shift()
    clearTimeout(first.timer)
    void this.#give(first)
  }

  async #give({ resolve, reject }: Waiting): Promise<void> {
    this.#isTaken = true
    try {
      const client = await this.#pool.connect()
      const release = client.release.bind(client)
      client.release = (error) => {
        this.#isTaken = false
        release(error)
      }
      resolve(client)
    } catch (error) {
      this.#isTaken = false
      this.#turnSoon()
      reject(error)
    }
  }
}

/** A pool without connections of its own: each statement, and each client, takes the one behind `gate`. */
export class WaitingPool extends Pool {
  readonly #gate: ConnectionGate
  readonly #line: Line

  constructor(gate: ConnectionGate, line: Line) {
    super()
    this.#gate = gate
    this.#line = line
  }

  override connect(): Promise<PoolClient>
  override connect(callback: Connected): void
  override connect(callback?: Connected): Promise<PoolClient> | undefined {
    const taken = this.#gate.take(this.#line)
    if (callback === undefined) return taken
    taken.then(
      (client) => callback(undefined, client, (error) => client.release(error)),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), undefined, () => {}),
    )
    return undefined
  }
}
