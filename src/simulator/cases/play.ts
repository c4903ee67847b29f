// One run of a case. Whatever the case sees of the central system passes `see`: it is recorded, and from the record the
// case can be played again without a central system, with one thing changed. That shows, for every member of every
// answer and CALL, that the case would notice (`test/conformance/harness/mutations.ts`).

import type { OcppVersion } from '../../ocpp/version.ts'
import type { Site, SiteKind } from './site.ts'

/** An identity has at most so many characters. */
const identityCharactersMax = 48

/** One thing that a case saw of the central system, as JSON. */
export interface Seen {
  /** Ends the sentence `… is not what the case expects`. */
  readonly what: string
  readonly value: unknown
  /** Made by the case itself, such as a random key: it is repeated, and never changed. */
  readonly isOwn: boolean
}

/** A case: plays the charging station and the operator, and fails with a Deviation. */
export type Case = (play: Play) => Promise<void>

/** Cases by the file that has them. */
export type CaseFiles = Readonly<Record<string, Readonly<Record<string, Case>>>>

/** How cases are played. */
export interface PlayOptions {
  readonly version: OcppVersion
  readonly password: string
  /** Of the charging station; null: one that is made of the id of the case. */
  readonly identity: string | null
  /** An id token that is known already; null: the operator makes one known. */
  readonly idToken: string | null
  /**
   * Whether everything must be as Stator does it: no member more, and no CALL that the case does not ask for. If not,
   * a central system may add what the schemas allow.
   */
  readonly isStrict: boolean
  /** The interval of BootNotificationResponse, or a Matcher. */
  readonly interval: unknown
  /** Longest wait for a CALL that the operator causes, in milliseconds. */
  readonly callMsMax: number
}

/** The identity of the charging station of a case: unique among the cases, and as short as an identity must be. */
export function identityOf(id: string, prefix = ''): string {
  const word = `${prefix}${id.replaceAll(/[^\w]+/g, '-')}`
  return word.length <= identityCharactersMax ? word : `${word.slice(0, 40)}-${Bun.hash.crc32(id).toString(36)}`
}

export abstract class Play {
  /** Identity of the charging station: unique among the cases, unless one was given. */
  readonly identity: string
  readonly options: PlayOptions
  /** What is asked at the end of the case, last first. */
  readonly #endings: (() => Promise<void>)[] = []
  readonly #closings: (() => Promise<void>)[] = []

  constructor(id: string, options: PlayOptions) {
    this.options = options
    this.identity = options.identity ?? identityOf(id)
  }

  get version(): OcppVersion {
    return this.options.version
  }

  get password(): string {
    return this.options.password
  }

  /** What the central system did: `look` says what is to be seen, as JSON. It may send first. */
  abstract see<T>(what: string, look: () => Promise<T>): Promise<T>

  /** Something that differs from run to run, and is not of the central system. */
  abstract own<T>(what: string, make: () => Promise<T>): Promise<T>

  /** Does something to the central system that no step is about. */
  abstract prepare(act: () => Promise<unknown>): Promise<void>

  /** The central system of the case. */
  abstract site(kind: SiteKind): Promise<Site>

  /** Runs at the end of the case, if it came so far. */
  atEnd(check: () => Promise<void>): void {
    this.#endings.push(check)
  }

  /** Runs after the case, whatever became of it. */
  afterwards(close: () => Promise<void>): void {
    this.#closings.push(close)
  }

  async run(play: Case): Promise<void> {
    try {
      await play(this)
      for (const check of this.#endings.toReversed()) await check()
    } finally {
      for (const close of this.#closings) await close()
    }
  }
}

/** Against a real central system; keeps a record. */
export class RealPlay extends Play {
  readonly seen: Seen[] = []
  readonly #siteOf: (kind: SiteKind) => Promise<Site>

  constructor(id: string, options: PlayOptions, siteOf: (kind: SiteKind) => Promise<Site>) {
    super(id, options)
    this.#siteOf = siteOf
  }

  async see<T>(what: string, look: () => Promise<T>): Promise<T> {
    return this.#record(what, await look(), false)
  }

  async own<T>(what: string, make: () => Promise<T>): Promise<T> {
    return this.#record(what, await make(), true)
  }

  async prepare(act: () => Promise<unknown>): Promise<void> {
    await act()
  }

  site(kind: SiteKind): Promise<Site> {
    return this.#siteOf(kind)
  }

  #record<T>(what: string, value: T, isOwn: boolean): T {
    this.seen.push({ what, value: structuredClone(value), isOwn })
    return value
  }
}
