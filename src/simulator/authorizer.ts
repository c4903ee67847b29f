// Whom a simulated charge point lets charge: it asks the central system, and without a connection it uses its local
// list and its authorisation cache.

import type { StationSettings } from './station-settings.ts'
import { type Answer, type Call, CallRejected } from './connection.ts'
import type { Authorization, Dialect, KnownTags, LocalList } from './station.ts'

/** What it needs of its charge point. */
export interface AuthorizerLine {
  readonly settings: StationSettings
  dialect(): Dialect
  call(call: Call): Promise<Answer>
}

/** Local list and authorisation cache of one charge point. */
export class Authorizer implements KnownTags {
  readonly localList: LocalList = { version: 0, idTags: new Map() }
  readonly #line: AuthorizerLine
  readonly #cache = new Map<string, Authorization>()

  constructor(line: AuthorizerLine) {
    this.#line = line
  }

  /**
   * Authorises an id tag; without a connection, by the local list and the cache.
   *
   * @throws {CallRejected} for a CALLERROR.
   * @throws {CallLost} without an answer, if it may not authorise offline.
   */
  async authorize(idTag: string): Promise<Authorization> {
    const { settings, dialect, call } = this.#line
    const key = idTag.toLowerCase()
    try {
      const authorization = dialect().authorization(await call(dialect().authorize(idTag)))
      this.#cache.set(key, authorization)
      return authorization
    } catch (error) {
      if (error instanceof CallRejected || !settings.isOn('LocalAuthorizeOffline')) throw error
      const listed = this.localList.idTags.get(key)
      if (listed !== undefined) return { status: listed, parentIdTag: null }
      return this.#cache.get(key) ?? { status: 'Invalid', parentIdTag: null }
    }
  }

  clearCache(): void {
    this.#cache.clear()
  }

  knownOf(idTag: string): string {
    const key = idTag.toLowerCase()
    const listed = this.localList.idTags.get(key)
    const cached = this.#cache.get(key)
    return [
      ...(listed === undefined ? [] : [`local list: ${listed}`]),
      ...(cached === undefined ? [] : [`authorisation cache: ${cached.status}`]),
    ].join('; ')
  }

  forget(idTag: string): void {
    this.#cache.delete(idTag.toLowerCase())
  }
}
