// One CALL while it is being served: what came, from whom, and what is known for deciding about it. One object for all of
// it, because every message of every charge point makes one.

import type { LiveChargePoint } from '../../actors/registry.ts'
import type { Clock } from '../base/clock.ts'
import { idTokenCandidates } from '../csms/authorization.ts'
import type {
  BeforeStart,
  ConcurrentTransactions,
  ConnectorRef,
  Known,
  KnownChargePoint,
  KnownConnector,
  KnownIdToken,
  KnownTransaction,
  Needs,
  Payload,
  Verbatim,
} from '../csms/decision.ts'
import type { MeterRows } from '../csms/meter-block.ts'
import type { MessageRow } from '../ocpp/message.ts'
import type { AcceptedFrame } from '../ocpp/verdict.ts'
import type { Connection } from './connection.ts'

/** Look-ups that decisions may need; each waits for at most one trip to the database, shared with others. */
export interface Lookups {
  idToken(idToken: string): Promise<KnownIdToken | null>
  transactionById(transactionId: number): Promise<KnownTransaction | null>
  transactionByStationId(chargePointKey: number, stationTransactionId: string): Promise<KnownTransaction | null>
  beforeStart(chargePointKey: number, evseId: number, idToken: string | null): Promise<BeforeStart>
}

/** What all CALLs have in common when they are looked up for. */
export interface LookupDeps {
  readonly lookups: Lookups
  readonly nextTransactionId: () => number | Promise<number>
}

/** What is the same for every CALL. */
export interface Circumstances {
  readonly clock: Clock
  readonly heartbeatIntervalSeconds: number
  readonly concurrentTransactions: ConcurrentTransactions
}

/** A CALL under way, as `Known` for its handler. */
export class CallInHand implements Known {
  readonly connection: Connection
  readonly live: LiveChargePoint
  readonly row: MessageRow
  readonly frame: AcceptedFrame
  readonly receivedAtMs: number
  readonly meter: MeterRows | null
  newTransactionId: number | null = null
  beforeStart: BeforeStart | null = null
  readonly #circumstances: Circumstances
  #idTokens: Map<string, KnownIdToken> | null = null
  #transactions: Map<number | string, KnownTransaction> | null = null

  constructor(
    connection: Connection,
    live: LiveChargePoint,
    row: MessageRow,
    frame: AcceptedFrame,
    meter: MeterRows | null,
    receivedAtMs: number,
    circumstances: Circumstances,
  ) {
    this.connection = connection
    this.live = live
    this.row = row
    this.frame = frame
    this.meter = meter
    this.receivedAtMs = receivedAtMs
    this.#circumstances = circumstances
  }

  get nowMs(): number {
    return this.#circumstances.clock.nowMs()
  }

  get heartbeatIntervalSeconds(): number {
    return this.#circumstances.heartbeatIntervalSeconds
  }

  get concurrentTransactions(): ConcurrentTransactions {
    return this.#circumstances.concurrentTransactions
  }

  get messageId(): string {
    return this.frame.messageId
  }

  get chargePoint(): KnownChargePoint {
    return this.live.chargePoint
  }

  get sent(): Payload {
    return this.frame.sent ?? this.frame.payload
  }

  get verbatim(): Verbatim {
    return this.frame.sentText ?? this.sent
  }

  connector(ref: ConnectorRef): KnownConnector | undefined {
    return this.live.connector(ref)
  }

  connectors(): readonly KnownConnector[] {
    return this.live.connectors()
  }

  idToken(idToken: string): KnownIdToken | undefined {
    return this.#idTokens?.get(idToken.toLowerCase())
  }

  transaction(id: number | string): KnownTransaction | undefined {
    return this.live.transaction(id) ?? this.#transactions?.get(id)
  }

  openTransactions(): readonly KnownTransaction[] {
    return this.live.openTransactions()
  }

  promisedTransactionId(start: Parameters<Known['promisedTransactionId']>[0]): number | undefined {
    return this.live.promisedTransactionId(start)
  }

  /** Looks up what is not at hand; null when there is nothing to wait for. */
  lookUp(needs: Needs, deps: LookupDeps): Promise<void> | null {
    const wantsIdInAnyCase = needs.newTransactionId === 'always'
    const { idTokens, beforeStart } = needs
    if (idTokens === undefined && beforeStart === undefined && !wantsIdInAnyCase && this.#hasAll(needs)) return null
    const trips = [
      ...this.#tokenTrips(idTokens ?? [], deps),
      ...this.#transactionTrips(needs, deps),
      ...(beforeStart === undefined ? [] : [this.#startTrip(beforeStart, deps)]),
    ]
    return Promise.all(trips).then(async (found) => {
      await Promise.all(this.#tokenTrips(this.#tokensOfTransactions(needs), deps))
      if (wantsIdInAnyCase || (needs.newTransactionId === 'ifUnknown' && found.includes(false))) {
        this.newTransactionId = await deps.nextTransactionId()
      }
    })
  }

  /** Whether every transaction that is needed is an open one of this charge point, as it nearly always is. */
  #hasAll({ transactionIds, stationTransactionIds }: Needs): boolean {
    return this.#isAtHand(transactionIds) && this.#isAtHand(stationTransactionIds)
  }

  #isAtHand(ids: readonly (number | string)[] | undefined): boolean {
    if (ids === undefined) return true
    for (const id of ids) if (this.live.transaction(id) === undefined) return false
    return true
  }

  /** Spellings of the id tokens that the transactions began with, as far as they have not been looked up. */
  #tokensOfTransactions({ idTokens = [], idTokensOfTransactions, ...needs }: Needs): readonly string[] {
    if (idTokensOfTransactions !== true) return []
    const asked = new Set(idTokens.map((idToken) => idToken.toLowerCase()))
    const ids = [...(needs.transactionIds ?? []), ...(needs.stationTransactionIds ?? [])]
    return ids
      .flatMap((id) => idTokenCandidates(this.transaction(id)?.idToken ?? ''))
      .filter((idToken) => idToken !== '' && !asked.has(idToken.toLowerCase()))
  }

  async #startTrip({ evseId, idToken }: NonNullable<Needs['beforeStart']>, { lookups }: LookupDeps): Promise<boolean> {
    this.beforeStart = await lookups.beforeStart(this.live.chargePoint.key, evseId, idToken)
    return true
  }

  #tokenTrips(idTokens: readonly string[], { lookups }: LookupDeps): Promise<boolean>[] {
    return idTokens.map(async (idToken) => {
      const found = await lookups.idToken(idToken)
      if (found !== null) (this.#idTokens ??= new Map()).set(idToken.toLowerCase(), found)
      return true
    })
  }

  /** Trips for the transactions that are not among the open ones of this charge point; false for one that nobody knows. */
  #transactionTrips(needs: Needs, { lookups }: LookupDeps): Promise<boolean>[] {
    const ids = [...(needs.transactionIds ?? []), ...(needs.stationTransactionIds ?? [])]
    return ids
      .filter((id) => this.live.transaction(id) === undefined)
      .map(async (id) => {
        const look =
          typeof id === 'number'
            ? lookups.transactionById(id)
            : lookups.transactionByStationId(this.live.chargePoint.key, id)
        const found = await look
        if (found !== null) (this.#transactions ??= new Map()).set(id, found)
        return found !== null
      })
  }
}
