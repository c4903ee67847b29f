// Holds the connected charge points of this process under a lease. If a node died, was frozen or lost the database, the
// others detect it when its lease expires. When it comes back, it corrects what the database says about its charge
// points. The epoch of a connection is the fencing token: whatever the lease says, a charge point belongs to its newest
// connection.

import type { Clock } from '../base/clock.ts'
import type { Counters } from '../base/counters.ts'
import { StatorError } from '../base/errors.ts'
import { inTime } from '../base/in-time.ts'
import {
  leaseEndMsMax,
  leaseRenewalsBeforeSweep,
  leaseRenewMs,
  leaseStatementMsMax,
  leaseCheckMs,
  ownershipCheckMs,
  ownershipRowsMax,
  unreportedEndsMax,
} from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Fence } from './fences.ts'
import { unreportedEnd } from './connection-history.ts'
import type { Release } from './live-queries.ts'
import { repeat } from './repeat.ts'
import type { NodeIdentity, NodeLeases, Ownership } from './node-leases.ts'

/** The connections of this process, as its registry knows them. */
export interface Holdings {
  all(): Iterable<Ownership>
  /** Whether the charge point is connected under this epoch. */
  has(ownership: Ownership): boolean
  /** Whether a connection of the charge point is being claimed, so that its epoch is not known yet. */
  expects(ownership: Ownership): boolean
  /** A newer connection, or an operator, has taken the charge point away. */
  overtaken(fence: Fence): void
}

export interface LeaseKeeperOptions {
  readonly leases: NodeLeases
  readonly node: NodeIdentity
  /** Whether other processes may use the same database; if not, no lease is needed. */
  readonly isShared: boolean
  readonly holdings: Holdings
  readonly clock: Clock
  readonly counters: Pick<Counters, 'leasesLost' | 'connectionsSwept'>
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** The end of a connection, and what stores it. */
interface Unreported extends Release {
  readonly report: () => Promise<void>
}

const turnsBetweenChecks = ownershipCheckMs / leaseCheckMs
const turnsBetweenRepairs = leaseRenewMs / leaseCheckMs

/** Keeps the lease of one node. */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions
  readonly #renewals: ReturnType<typeof repeat>
  readonly #tending: ReturnType<typeof repeat>
  /** Successful renewals in a row; 0 after one that failed or was too late. */
  #renewed = 0
  #losses = 0
  /** Whether the database may differ from what this node knows about its charge points. */
  #isDoubtful = false
  /** Releases under way, the oldest first, and when each began. */
  readonly #releases = new Map<Unreported, number>()
  /** Ends of connections that may not be stored yet, by key; at most `unreportedEndsMax`. */
  readonly #unreported = new Map<number, Unreported>()
  #turnsUntilCheck = 0
  #turnsUntilRepair = 0
  #turnsUntilUnknown = 0
  #isFailing = false

  private constructor(options: LeaseKeeperOptions) {
    this.#options = options
    const { clock } = options
    this.#renewals = repeat(
      clock,
      leaseRenewMs,
      () => this.#renew(),
      (error) => this.#failed(error),
    )
    this.#tending = repeat(
      clock,
      leaseCheckMs,
      () => this.#tend(),
      (error) => this.#failed(error),
    )
  }

  /** Takes the lease, and keeps it until `end`. */
  static async begin(options: LeaseKeeperOptions): Promise<LeaseKeeper> {
    const keeper = new LeaseKeeper(options)
    const { leases, node, isShared } = options
    if (isShared) {
      await leases.take(node)
      keeper.#renewals.begin(leaseRenewMs)
    } else {
      await leases.giveBackAll()
      await leases.takeForGood(node)
    }
    keeper.#tending.begin(leaseCheckMs)
    return keeper
  }

  /** Id of this node. */
  get node(): string {
    return this.#options.node.id
  }

  /**
   * Runs `claim`, which claims the connection of a charge point for this node. If the end of the connection before
   * could not be stored, it is stored first, so that the end has its own time and not that of the new connection.
   */
  async claiming<T>(key: number, claim: () => Promise<T>): Promise<T> {
    const losses = this.#losses
    try {
      const unreported = this.#unreported.get(key)
      if (unreported !== undefined && !this.#releases.has(unreported)) {
        await unreported.report()
        this.#reported(unreported)
      }
      const claimed = await claim()
      // Other nodes may have swept it before this node knew that it holds it.
      if (losses !== this.#losses) this.#isDoubtful = true
      return claimed
    } catch (error) {
      if (!isRefused(error)) this.#isDoubtful = true
      throw error
    }
  }

  /**
   * Runs `report`, which marks a charge point of this node as not connected. If it fails, the end is reported later.
   */
  async releasing(release: Release, report: () => Promise<void>): Promise<void> {
    const unreported = { ...release, report }
    this.#unreported.delete(release.key)
    if (this.#unreported.size < unreportedEndsMax) this.#unreported.set(release.key, unreported)
    this.#releases.set(unreported, this.#options.clock.nowMs())
    try {
      await report()
      this.#reported(unreported)
    } catch (error) {
      this.#isDoubtful = true
      throw error
    } finally {
      this.#releases.delete(unreported)
    }
  }

  /**
   * Releases the charge points, and ends the lease. If the database is unavailable, other nodes do so when the lease
   * expires.
   */
  async end(): Promise<void> {
    const { clock, log } = this.#options
    await inTime(this.#giveBack(), leaseEndMsMax, clock).catch((error: unknown) => {
      log.warn({ error }, 'The lease could not be released; it expires by itself.')
    })
  }

  async #giveBack(): Promise<void> {
    await Promise.all([this.#renewals.end(), this.#tending.end()])
    await this.#options.leases.giveBack(this.node)
  }

  get #maySweep(): boolean {
    return this.#renewed >= leaseRenewalsBeforeSweep
  }

  async #renew(): Promise<void> {
    const { leases, node, counters, log } = this.#options
    if (await leases.renew(node.id)) this.#renewed++
    else {
      // Before the lease is taken: a caller that sees it taken must not count earlier renewals.
      this.#renewed = 0
      await leases.take(node)
      this.#losses++
      this.#isDoubtful = true
      counters.leasesLost++
      log.warn('The lease of this node had run out; its charge points are marked as connected again.')
    }
    this.#succeeded()
  }

  #succeeded(): void {
    if (this.#isFailing) this.#options.log.warn('The database answers again; the lease of this node is kept.')
    this.#isFailing = false
  }

  #failed(error: unknown): void {
    this.#renewed = 0
    this.#isDoubtful = true
    if (!this.#isFailing)
      this.#options.log.warn({ error }, 'The lease of this node could not be kept; the next turn tries again.')
    this.#isFailing = true
  }

  async #tend(): Promise<void> {
    const { isShared, leases, clock } = this.#options
    const [oldestMs] = this.#releases.values()
    if (oldestMs !== undefined && clock.nowMs() - oldestMs > leaseStatementMsMax) this.#isDoubtful = true
    this.#turnsUntilRepair--
    const isCheckDue = --this.#turnsUntilCheck <= 0
    if (isCheckDue || (this.#isDoubtful && this.#turnsUntilRepair <= 0)) {
      this.#turnsUntilRepair = turnsBetweenRepairs
      await this.#repair()
    }
    if (isShared && --this.#turnsUntilUnknown <= 0) {
      // A claim may be stored after the process that made it has ended its lease.
      this.#turnsUntilUnknown = turnsBetweenRepairs
      await leases.leaseToUnknown()
    }
    if (isCheckDue) this.#turnsUntilCheck = turnsBetweenChecks
    if (isShared && this.#maySweep && (await leases.hasExpired(this.node)) && this.#maySweep) await this.#sweep()
  }

  /** Corrects what the database says about this node's charge points. */
  async #repair(): Promise<void> {
    const { isShared, log } = this.#options
    this.#isDoubtful = false
    const unreported = [...this.#unreported.values()]
    const regained = await this.#confirmHeld()
    // In this order: a charge point that disconnects now may be marked as not connected before it is confirmed.
    const released = await this.#releaseStrays()
    for (const one of unreported) if (!this.#releases.has(one)) this.#reported(one)
    if (!isShared) this.#succeeded()
    if (regained > 0)
      log.info({ count: regained }, 'Charge points of this node were marked as not connected; corrected.')
    if (released > 0) log.info({ count: released }, 'Charge points that have left were marked as connected; corrected.')
  }

  async #confirmHeld(): Promise<number> {
    const { leases, holdings, node } = this.#options
    const held = [...holdings.all()]
    let count = 0
    for (let from = 0; from < held.length; from += ownershipRowsMax) {
      const { regained, overtaken } = await leases.confirm(node, held.slice(from, from + ownershipRowsMax))
      for (const fence of overtaken) holdings.overtaken(fence)
      count += regained.length
    }
    return count
  }

  async #releaseStrays(): Promise<number> {
    const { leases, holdings } = this.#options
    let count = 0
    for (let afterKey = 0; ;) {
      const part = await leases.heldBy(this.node, afterKey)
      const unknown = part.filter((one) => !holdings.has(one))
      const strays = unknown.filter((one) => !holdings.expects(one))
      if (strays.length < unknown.length) this.#isDoubtful = true
      await leases.release(strays.map((stray) => this.#releaseOf(stray)))
      count += strays.length
      const last = part.at(-1)
      if (last === undefined || part.length < ownershipRowsMax) return count
      afterKey = last.key
    }
  }

  #releaseOf({ key, epoch }: Ownership): Release {
    const unreported = this.#unreported.get(key)
    if (unreported?.epoch === epoch) return { key, epoch, end: unreported.end }
    return { key, epoch, end: { ...unreportedEnd, atMs: this.#options.clock.nowMs() } }
  }

  #reported(unreported: Unreported): void {
    if (this.#unreported.get(unreported.key) === unreported) this.#unreported.delete(unreported.key)
  }

  async #sweep(): Promise<void> {
    const { leases, counters, log } = this.#options
    let count = 0
    for (let swept = ownershipRowsMax; swept >= ownershipRowsMax; count += swept) swept = await leases.sweep(this.node)
    await leases.forgetExpired()
    counters.connectionsSwept += count
    log.warn({ count }, 'The lease of another node has run out; its charge points are marked as not connected.')
  }
}

/** Whether nothing can have been claimed: the charge point is unknown, or the claim was never sent. */
function isRefused(error: unknown): boolean {
  return error instanceof StatorError && (error.code === 'NOT_FOUND' || error.code === 'LOOKUP_QUEUE_FULL')
}
