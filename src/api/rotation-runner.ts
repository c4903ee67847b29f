// Carries out credential rotations at this node, in the background: takes the items whose turn has come, sends each,
// and stores what became of it. While no rotation runs it does nothing, until `wake` is called.

import type { Clock } from '../base/clock.ts'
import type { Counters } from '../base/counters.ts'
import { rotationCallsMax, rotationStopMsMax, rotationTurnMs, rotationUpkeepMs } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type {
  ClaimedItem,
  EndedRotation,
  ItemResult,
  RotationItemState,
} from '../blocks/provisioning/credential-rotation.ts'

/** The store of the runner. Each change is committed before it resolves. */
export interface RunnerStore {
  claim(room: number, nowMs: number): Promise<readonly ClaimedItem[]>
  settle(item: ClaimedItem, result: ItemResult, nowMs: number): Promise<void>
  giveBack(item: ClaimedItem, nowMs: number): Promise<void>
  /** Items of this node that are not among `held` wait again: the answer to `claim` or `giveBack` was lost. */
  tidy(
    held: readonly ClaimedItem[],
    nowMs: number,
  ): Promise<{ readonly ended: readonly EndedRotation[]; readonly states: readonly RotationItemState[] }>
  finish(nowMs: number): Promise<{ readonly ended: readonly EndedRotation[]; readonly isOpen: boolean }>
}

export interface RunnerDeps {
  readonly store: RunnerStore
  /** Sends one item; never rejects. */
  readonly send: (item: ClaimedItem) => Promise<ItemResult>
  readonly clock: Clock
  readonly counters: Pick<Counters, 'credentialRotations'>
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** The runner of one node. */
export class RotationRunner {
  readonly #deps: RunnerDeps
  readonly #inHand = new Map<ClaimedItem, Promise<void>>()
  readonly #end = Promise.withResolvers<void>()
  #turn: Promise<void> = Promise.resolve()
  #cancelTurn = (): void => {}
  #upkeepAtMs = 0
  #isBegun = false
  #isAwake = false
  /** `wake` was called during a turn. */
  #isCalled = false
  #isFailing = false
  #isStopping = false
  #isEnded = false

  constructor(deps: RunnerDeps) {
    this.#deps = deps
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  /** Charge points can connect from now on: rotations that run already go on. */
  begin(): void {
    this.#isBegun = true
    this.wake()
  }

  /** A rotation may run: looks for its items now, and again until none runs. */
  wake(): void {
    this.#isCalled = true
    if (!this.#isBegun || this.#isAwake || this.#isStopping) return
    this.#isAwake = true
    this.#nextTurn()
  }

  /** Takes nothing more, and waits up to `rotationStopMsMax` for the charge points that were sent a password. */
  async pause(): Promise<void> {
    this.#isStopping = true
    this.#cancelTurn()
    await this.#soon(this.#turn.then(() => Promise.all(this.#inHand.values())))
  }

  /**
   * The connections are closed: stores what is known of the items that are left, within `rotationStopMsMax`. Another
   * node stores of the others that the outcome is unknown, when the lease of this one has ended.
   */
  async end(): Promise<void> {
    this.#isStopping = true
    this.#isEnded = true
    this.#cancelTurn()
    this.#end.resolve()
    await this.#soon(this.#turn.then(() => Promise.all(this.#inHand.values())))
  }

  /** The database may take longer to answer than a stop may take. */
  async #soon(work: Promise<unknown>): Promise<void> {
    const timeout = Promise.withResolvers<void>()
    const cancel = this.#deps.clock.after(rotationStopMsMax, timeout.resolve)
    await Promise.race([work, timeout.promise])
    cancel()
  }

  #nextTurn(): void {
    this.#turn = this.#run()
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#deps
    this.#isCalled = false
    let isOpen = true
    try {
      isOpen = await this.#step()
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) log.warn({ error }, 'Credential rotations cannot go on; the next turn tries again.')
      this.#isFailing = true
    }
    if (this.#isStopping) return
    if (isOpen || this.#isCalled || this.#inHand.size > 0) {
      this.#cancelTurn = clock.after(rotationTurnMs, () => this.#nextTurn())
    } else this.#isAwake = false
  }

  /** One turn; returns whether anything is left. */
  async #step(): Promise<boolean> {
    const { clock, counters, store } = this.#deps
    const nowMs = clock.nowMs()
    if (nowMs >= this.#upkeepAtMs) {
      const { ended, states } = await store.tidy([...this.#inHand.keys()], nowMs)
      this.#upkeepAtMs = nowMs + rotationUpkeepMs
      for (const state of states) counters.credentialRotations.count(state)
      this.#logEnds(ended)
    }
    const room = rotationCallsMax - this.#inHand.size
    if (room > 0 && !this.#isStopping) for (const item of await store.claim(room, nowMs)) this.#take(item)
    const { ended, isOpen } = await store.finish(nowMs)
    this.#logEnds(ended)
    return isOpen
  }

  #take(item: ClaimedItem): void {
    const work = this.#work(item).finally(() => this.#inHand.delete(item))
    this.#inHand.set(item, work)
  }

  async #work(item: ClaimedItem): Promise<void> {
    const { clock, counters, log, send, store } = this.#deps
    const result = this.#isStopping ? null : await send(item)
    if (result === null || result.state === 'waiting') {
      // Once: if it is stored and its answer is lost, the item may be taken again before another attempt.
      return store.giveBack(item, clock.nowMs()).catch((error: unknown) => {
        log.warn({ identity: item.identity, error }, 'A charge point was not given back to its credential rotation.')
      })
    }
    counters.credentialRotations.count(result.state)
    await this.#stored(() => store.settle(item, result, clock.nowMs()))
  }

  /**
   * Tries until it is stored, or until the end: then the lease of this node ends, and another one stores that the
   * outcome is unknown.
   */
  async #stored(store: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#deps
    for (;;) {
      try {
        return await store()
      } catch (error) {
        log.warn({ error }, 'What became of a new password was not stored.')
        if (this.#isEnded) return
      }
      const pause = Promise.withResolvers<void>()
      const cancel = clock.after(rotationTurnMs, pause.resolve)
      await Promise.race([pause.promise, this.#end.promise])
      cancel()
    }
  }

  #logEnds(ended: readonly EndedRotation[]): void {
    for (const rotation of ended) logEnd(this.#deps.log, rotation)
  }
}

/** The line about the end of a rotation. */
export function logEnd(log: Pick<Logger, 'info'>, { id, state, counts }: EndedRotation): void {
  const found = Object.entries(counts).filter(([, count]) => count > 0)
  log.info({ rotationId: id, status: state, detail: Object.fromEntries(found) }, 'A credential rotation has ended.')
}
