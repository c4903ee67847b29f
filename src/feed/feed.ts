// Publishes change sets after their COMMIT, to subscribers and followers. The change sets of a charge point come in the
// order in which they were committed.
//
// A subscriber is called at once, before the charge point is answered, and must be fast: the actors and the metrics. A
// follower reads at its own pace from a bounded queue. If it is too slow it misses entries, and gets an entry that says
// how many. The feed never waits for it.

import { BoundedQueue } from '../base/bounded-queue.ts'
import { followerBytesMax, followerEntriesMax } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Anomaly, ChangeSet, CommitOutcome, Remembered } from '../blocks/decision.ts'

/** One charge point. The key distinguishes it from a deleted one with the same identity. */
export interface ChargePointRef {
  readonly key: number
  readonly identity: string
}

/** A change set that is committed. */
export interface Committed {
  readonly chargePoint: ChargePointRef
  readonly set: ChangeSet
  /** It was committed before (a retransmission), so nothing was applied now. */
  readonly isDuplicate: boolean
  /** What is remembered with the set; undefined if nothing is. */
  readonly remembered?: readonly Remembered[] | undefined
  /** The action of its message; null if it did not come from a message. */
  readonly action: string | null
}

/** Entries that a follower missed, because it was slow. */
export interface Gap {
  readonly missed: number
}

export type Subscriber = (committed: Committed) => void

/** Whether an entry of a follower is a gap. */
export function isGap(entry: Committed | Gap): entry is Gap {
  return 'missed' in entry
}

/** Publishes what is committed to subscribers and followers. */
export class Feed {
  readonly #log: Logger
  readonly #subscribers: { readonly name: string; readonly subscriber: Subscriber }[] = []
  #followers: readonly Follower[] = []

  constructor(log: Logger) {
    this.#log = log
  }

  /** Calls `subscriber` with each entry, at once. An exception is logged, and does not affect others. */
  subscribe(name: string, subscriber: Subscriber): void {
    this.#subscribers.push({ name, subscriber })
  }

  /** The entries from now on that `isWanted`, to be read with `for await`, until `end` is called. */
  follow(isWanted: (committed: Committed) => boolean = () => true): Follower {
    const follower = new Follower(isWanted, () => {
      this.#followers = this.#followers.filter((other) => other !== follower)
    })
    this.#followers = [...this.#followers, follower]
    return follower
  }

  /** Publishes an entry; the caller has seen the COMMIT. */
  publish(committed: Committed): void {
    for (const { name, subscriber } of this.#subscribers) {
      try {
        subscriber(committed)
      } catch (error) {
        const { identity } = committed.chargePoint
        const { messageId } = committed.set
        this.#log.error({ identity, messageId, reason: name, error }, 'A subscriber failed on a committed message.')
      }
    }
    for (const follower of this.#followers) follower.add(committed)
  }
}

/** Reads the feed at its own pace. */
export class Follower implements AsyncIterable<Committed | Gap> {
  readonly #queue = new BoundedQueue<Committed>(followerEntriesMax, {
    bytesMax: followerBytesMax,
    bytesOf: ({ set }) => set.bytes,
  })
  readonly #isWanted: (committed: Committed) => boolean
  readonly #onEnd: () => void
  #missed = 0
  #hasEnded = false
  #wake: (() => void) | null = null

  constructor(isWanted: (committed: Committed) => boolean, onEnd: () => void) {
    this.#isWanted = isWanted
    this.#onEnd = onEnd
  }

  /**
   * Called by the feed. If the queue is full, all waiting entries are dropped, so that the follower continues with the
   * newest.
   */
  add(committed: Committed): void {
    if (this.#hasEnded || !this.#isWanted(committed)) return
    if (!this.#queue.push(committed)) this.#missed += this.#queue.drain().length + 1
    this.#wake?.()
  }

  /** Ends the reading at this point. */
  end(): void {
    this.#hasEnded = true
    this.#onEnd()
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Committed | Gap> {
    for (;;) {
      if (this.#missed > 0) {
        const missed = this.#missed
        this.#missed = 0
        yield { missed }
      }
      const next = this.#queue.shift()
      if (next !== undefined) yield next
      else if (this.#hasEnded) return
      else await this.#more()
    }
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null
        resolve()
      }
    })
  }
}

/** Where change sets are committed. */
interface Store {
  commit(set: ChangeSet): Promise<CommitOutcome>
}

/** What the feed publishes with the set. */
export type About = Pick<Committed, 'chargePoint' | 'action'>

/**
 * Commits a set that did not come from a message of the charge point, and publishes it. @throws what the store throws.
 */
export async function commitAndPublish(store: Store, feed: Feed, set: ChangeSet, about: About): Promise<CommitOutcome> {
  const outcome = await store.commit(set)
  if (outcome.isOutdated !== true) feed.publish({ ...about, set, isDuplicate: outcome.duplicate })
  return outcome
}

/** A change set of anomalies only. @param epoch of the connection; 0 for none. */
export function anomalySet(chargePointKey: number, epoch: number, atMs: number, anomaly: Anomaly): ChangeSet {
  const nothing = { messageId: '', bytes: 0, answer: {}, changes: [], meter: null }
  return { ...nothing, chargePointKey, epoch, receivedAtMs: atMs, anomalies: [anomaly] }
}
