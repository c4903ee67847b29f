// One run of a case. Whatever the case sees of Stator passes `see`: played against a real Stator it is recorded, and
// from the record the case can be played again without Stator, with one thing changed. That shows, for every member of
// every answer and CALL, that the case would notice (`mutations.ts`).

import { type CentralKind, type Central, startCentral } from './central.ts'
import { Deviation } from './match.ts'

/** An identity has at most so many characters. */
const identityCharactersMax = 48

/** One thing that a case saw of Stator, as JSON. */
export interface Seen {
  /** Ends the sentence `… is not what the case expects`. */
  readonly what: string
  readonly value: unknown
  /** Made by the case itself, such as a random key: it is repeated, and never changed. */
  readonly isOwn: boolean
}

/** A case: plays the charging station and the operator, and fails with a Deviation. */
export type Case = (play: Play) => Promise<void>

export abstract class Play {
  /** Identity of the charging station: unique among the cases. */
  readonly identity: string
  /** What is asked at the end of the case, last first. */
  readonly #endings: (() => Promise<void>)[] = []

  constructor(id: string) {
    const word = id.replaceAll(/[^\w]+/g, '-')
    const isShort = word.length <= identityCharactersMax
    this.identity = isShort ? word : `${word.slice(0, 40)}-${Bun.hash.crc32(id).toString(36)}`
  }

  /** What Stator did: `look` says what is to be seen, as JSON. It may send first. */
  abstract see<T>(what: string, look: () => Promise<T>): Promise<T>

  /** Something that differs from run to run, and is not of Stator. */
  abstract own<T>(what: string, make: () => Promise<T>): Promise<T>

  /** Does something to Stator that no step is about. */
  abstract prepare(act: () => Promise<unknown>): Promise<void>

  /** The Stator of the case. */
  abstract central(kind: CentralKind): Promise<Central>

  /** Runs at the end of the case, if it came so far. */
  atEnd(check: () => Promise<void>): void {
    this.#endings.push(check)
  }

  async run(play: Case): Promise<void> {
    await play(this)
    for (const check of this.#endings.toReversed()) await check()
  }
}

/** Against a real Stator; keeps a record. */
export class RealPlay extends Play {
  readonly seen: Seen[] = []

  async see<T>(what: string, look: () => Promise<T>): Promise<T> {
    return this.#record(what, await look(), false)
  }

  async own<T>(what: string, make: () => Promise<T>): Promise<T> {
    return this.#record(what, await make(), true)
  }

  async prepare(act: () => Promise<unknown>): Promise<void> {
    await act()
  }

  central(kind: CentralKind): Promise<Central> {
    return startCentral(kind)
  }

  #record<T>(what: string, value: T, isOwn: boolean): T {
    this.seen.push({ what, value: structuredClone(value), isOwn })
    return value
  }
}

/** From a record. */
export class Replay extends Play {
  readonly #seen: readonly Seen[]
  #next = 0

  constructor(id: string, seen: readonly Seen[]) {
    super(id)
    this.#seen = seen
  }

  see<T>(what: string): Promise<T> {
    const seen = this.#seen[this.#next++]
    if (seen?.what !== what) return Promise.reject(new Deviation(`${what}: did not come`))
    // It was recorded as what the same step returned.
    return Promise.resolve(seen.value as T)
  }

  own<T>(what: string): Promise<T> {
    return this.see<T>(what)
  }

  async prepare(): Promise<void> {}

  central(): Promise<Central> {
    return Promise.reject(new Error('A replay has no Stator: only see, own and prepare may use it.'))
  }
}
