// One CALL while it is served: the frame, its charge point, and what is known for the decision. It is one object for
// speed, because there is one for every message of every charge point. `serve.ts` says when each part of it is filled
// in.

import type { LiveChargePoint } from '../../actors/live-charge-point.ts'
import type { Clock } from '../base/clock.ts'
import { idTokenCandidates } from '../blocks/authorization/authorization.ts'
import type { Asker, CertificateAnswer, CertificateQuestion } from '../blocks/certificate-questions.ts'
import type {
  BeforeStart,
  ConcurrentTransactions,
  ConnectorRef,
  Handler,
  Known,
  KnownChargePoint,
  KnownConnector,
  KnownIdToken,
  KnownSigningRequest,
  KnownTransaction,
  Needs,
  Payload,
  StartOfTransaction,
  Verbatim,
} from '../blocks/decision.ts'
import type { TransferVendor } from '../blocks/data-transfer/vendor.ts'
import type { AlarmState, AlarmSubject } from '../blocks/diagnostics/records.ts'
import type { KnownJob } from '../blocks/jobs/job.ts'
import type { FrameMeter } from '../blocks/meter-block.ts'
import type { Hydration } from '../blocks/records.ts'
import type { KnownReport, ReportKind } from '../blocks/provisioning/report-parts.ts'
import { firstAtMs } from '../blocks/metering/register-falls.ts'
import { chosenTransaction, mayBeUsedAgain } from '../blocks/transactions/transaction-story.ts'
import type { Placed } from '../blocks/untimed-facts.ts'
import type { MessageRow } from '../blocks/message-row.ts'
import type { AcceptedFrame, RegisterReading, RegistersAround, RegistersNextTo } from '../ocpp/verdict.ts'
import type { Connected } from './connection.ts'

/** Look-ups that decisions may need. Each waits for at most one round trip to the database, shared with others. */
export interface Lookups {
  /** With what its driver is told of prices, if that is wanted. */
  idToken(idToken: string, withPrices: boolean): Promise<KnownIdToken | null>
  transactionById(transactionId: number): Promise<KnownTransaction | null>
  /** Transactions to which the charge point gave this id, the newest first. */
  transactionsByStationId(chargePointKey: number, stationTransactionId: string): Promise<readonly KnownTransaction[]>
  /** The last register among the meter values of a transaction; null if there is none. */
  lastRegister(transaction: KnownTransaction): Promise<RegisterReading | null>
  /** The registers of a transaction before and after a time; null if it has one with this time. */
  registersNextTo(transaction: KnownTransaction, atMs: number): Promise<RegistersNextTo | null>
  beforeStart(chargePointKey: number, start: StartOfTransaction): Promise<BeforeStart>
  /** What is known about a request for a certificate; null if there is no certificate authority. */
  signingRequest(chargePointKey: number, csr: string): Promise<KnownSigningRequest | null>
  /** Asks servers of others, within a time-out. It resolves whatever they do. */
  askAboutCertificates(asker: Asker, question: CertificateQuestion): Promise<CertificateAnswer>
  /** The open jobs of the charge point, and those with this requestId; a limited number of them, newest first. */
  jobsOfRequest(chargePointKey: number, requestId: number | null): Promise<readonly KnownJob[]>
  /** The newest alarms of the charge point about these subjects, and the severities of their monitors. */
  alarmsAbout(chargePointKey: number, subjects: readonly AlarmSubject[]): Promise<ReadonlyMap<string, AlarmState>>
  /** A report in parts; null if no part of it has come. */
  reportOfRequest(chargePointKey: number, kind: ReportKind, requestId: number): Promise<KnownReport | null>
  /** The limits that an operator set for a dynamic charging profile; null: none. */
  dynamicSchedule(chargePointKey: number, profileId: number): Promise<Payload | null>
  /** The vendor of a data transfer; null if it is not registered. */
  transferVendor(vendorId: string): Promise<TransferVendor | null>
  /** The state that the actor of the charge point would start from now. */
  rehydrate(chargePointKey: number): Promise<Hydration>
}

/** What the look-ups of all CALLs need. */
export interface LookupDeps {
  readonly lookups: Lookups
  readonly nextTransactionId: () => number | Promise<number>
}

/** Registers that arrive late: their transaction, and when the first of them was sampled. */
interface Late {
  readonly transaction: KnownTransaction
  readonly atMs: number
}

/** What decisions about all CALLs depend on. */
export interface DecisionDeps {
  readonly clock: Clock
  readonly heartbeatIntervalSeconds: number
  readonly concurrentTransactions: ConcurrentTransactions
}

/** A CALL under way, as `Known` for its handler. */
export class MessageContext implements Known {
  readonly connection: Connected
  readonly live: LiveChargePoint
  readonly row: MessageRow
  readonly handler: Handler<Payload>
  readonly frame: AcceptedFrame
  readonly receivedAtMs: number
  readonly meter: FrameMeter | null
  /** Size of the frame, in UTF-16 units. */
  bytes = 0
  /** Whether it is served before a boot was accepted, which is noted. */
  isBeforeBoot = false
  newTransactionId: number | null = null
  beforeStart: BeforeStart | null = null
  signingRequest: KnownSigningRequest | null = null
  certificates: CertificateAnswer | null = null
  jobs: readonly KnownJob[] = []
  report: KnownReport | null = null
  dynamicSchedule: Payload | null = null
  transferVendor: TransferVendor | null = null
  #alarms: ReadonlyMap<string, AlarmState> | null = null
  placed: Placed | null = null
  /** How often it was decided from outdated state. */
  attempts = 0
  /** Quirks that were noted as new on its connection, including those of earlier decisions about it. */
  #noted: Set<string> | null = null
  #notedBefore: ReadonlySet<string> | null = null
  readonly #deps: DecisionDeps
  #idTokens: Map<string, KnownIdToken> | null = null
  #transactions: Map<number, KnownTransaction> | null = null
  /** The last register of the open transaction that the message names. */
  #register: RegisterReading | null = null
  #registerOf = 0
  /** The neighbouring registers in the transaction for which the registers of the message are late. */
  #around: { readonly transactionId: number; readonly registers: RegistersAround } | null = null
  /** Transactions with the 2.x id that the message names; null if only open ones were needed. */
  #named: readonly KnownTransaction[] | null = null

  constructor(
    connection: Connected,
    row: MessageRow,
    handler: Handler<Payload>,
    frame: AcceptedFrame,
    meter: FrameMeter | null,
    receivedAtMs: number,
    deps: DecisionDeps,
  ) {
    this.connection = connection
    this.live = connection.live
    this.row = row
    this.handler = handler
    this.frame = frame
    this.meter = meter
    this.receivedAtMs = receivedAtMs
    this.#deps = deps
  }

  /** The same CALL without any look-ups in the database. */
  again(): MessageContext {
    const { connection, row, handler, frame, meter, receivedAtMs } = this
    const again = new MessageContext(connection, row, handler, frame, meter, receivedAtMs, this.#deps)
    again.bytes = this.bytes
    again.isBeforeBoot = this.isBeforeBoot
    again.attempts = this.attempts + 1
    again.certificates = this.certificates
    again.#notedBefore = this.#noted
    return again
  }

  /** Whether `quirk` is new on its connection. If this CALL is decided again, the quirk still counts as new. */
  isNewQuirk(quirk: string): boolean {
    if (this.#noted?.has(quirk) === true) return false
    if (this.#notedBefore?.has(quirk) !== true && !this.connection.isNewQuirk(quirk)) return false
    ;(this.#noted ??= new Set()).add(quirk)
    return true
  }

  get nowMs(): number {
    return this.#deps.clock.nowMs()
  }

  get heartbeatIntervalSeconds(): number {
    return this.#deps.heartbeatIntervalSeconds
  }

  get concurrentTransactions(): ConcurrentTransactions {
    return this.#deps.concurrentTransactions
  }

  get action(): string {
    return this.frame.action
  }

  get wasRefusedBefore(): boolean {
    return this.connection.hasRefused(this.action)
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

  get content(): string | undefined {
    return this.frame.content
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

  isOpen(transactionId: number): boolean {
    return this.live.hasOpen(transactionId)
  }

  transaction(transactionId: number): KnownTransaction | undefined {
    return this.live.transaction(transactionId) ?? this.#transactions?.get(transactionId)
  }

  transactionsNamed(stationTransactionId: string): readonly KnownTransaction[] {
    if (this.#named === null) return this.live.transactionsNamed(stationTransactionId)
    // About open transactions the actor knows at least as much as the database.
    return this.#named.map((found) => this.live.transaction(found.transactionId) ?? found)
  }

  openTransactions(): readonly KnownTransaction[] {
    return this.live.openTransactions()
  }

  lastRegister(transactionId: number): RegisterReading | undefined {
    const isLookedUp = this.#register !== null && this.#registerOf === transactionId
    return isLookedUp ? (this.#register ?? undefined) : this.live.lastRegister(transactionId)
  }

  registersAround(transactionId: number): RegistersAround | null {
    return this.#around?.transactionId === transactionId ? this.#around.registers : null
  }

  alarm(subject: string): AlarmState | undefined {
    return this.#alarms?.get(subject)
  }

  promisedTransactionId(start: Parameters<Known['promisedTransactionId']>[0]): number | undefined {
    return this.live.promisedTransactionId(start)
  }

  /** Looks up what is not in memory; null if there is nothing to wait for. */
  lookUp(needs: Needs, deps: LookupDeps): Promise<void> | null {
    const wantsIdInAnyCase = needs.newTransactionId === 'always'
    const { idTokens, beforeStart, certificates } = needs
    if (isOfNoTransaction(needs)) return this.#tripsOfNoTransaction(needs, deps)
    const withoutRegister = this.#withoutRegister(needs)
    const isAtHand = withoutRegister === undefined && this.#hasAll(needs) && this.#lateFor(needs) === undefined
    const asksOthers = certificates !== undefined && this.certificates === null
    const startsAnyway = beforeStart !== undefined && beforeStart.isOnlyIfUnknown !== true
    const wantsMore = idTokens !== undefined || startsAnyway || asksOthers
    if (!wantsMore && !wantsIdInAnyCase && isAtHand) return null
    this.#keepOpen(needs)
    const trips = [
      ...this.#tokenTrips(idTokens ?? [], deps, needs.driverTariffs),
      ...this.#transactionTrips(needs, deps),
      ...(startsAnyway ? [this.#startTrip(beforeStart, deps)] : []),
      ...(withoutRegister === undefined ? [] : [this.#registerTrip(withoutRegister, deps)]),
      ...(needs.newTransactionId === undefined ? [] : this.#promiseTrips(deps)),
      ...(asksOthers ? [this.#certificateTrip(certificates, deps)] : []),
    ]
    return Promise.all(trips).then(async (found) => {
      await Promise.all([
        ...this.#tokenTrips(this.#tokensOfTransactions(needs), deps),
        ...this.#aroundTrips(this.#lateFor(needs), deps),
        ...(beforeStart !== undefined && !startsAnyway && found.includes(false)
          ? [this.#startTrip(beforeStart, deps)]
          : []),
      ])
      if (wantsIdInAnyCase || (needs.newTransactionId === 'ifUnknown' && found.includes(false))) {
        this.newTransactionId = await deps.nextTransactionId()
      }
    })
  }

  /** An operator may close an open transaction before the look-ups are answered: it does not count as unknown then. */
  #keepOpen({ transactionIds = [], stationTransaction }: Needs): void {
    for (const id of transactionIds) {
      const open = this.live.transaction(id)
      if (open !== undefined) (this.#transactions ??= new Map()).set(id, open)
    }
    if (stationTransaction !== undefined) this.#named = this.live.transactionsNamed(stationTransaction.id)
  }

  /** The open transaction whose last register is needed but not known, as at first after a reconnect. */
  #withoutRegister({ lastRegister, transactionIds, stationTransaction }: Needs): KnownTransaction | undefined {
    if (lastRegister === undefined) return undefined
    const hasRegister = (this.meter?.registers.last ?? null) !== null
    if (lastRegister === 'ifRegister' && !hasRegister) return undefined
    const id = transactionIds?.[0]
    // Nearly always: only open transactions have one.
    if (id !== undefined && this.#hasRegister(id)) return undefined
    const open =
      id === undefined ? this.live.transactionsNamed(stationTransaction?.id ?? '')[0] : this.live.transaction(id)
    if (open === undefined || this.#hasRegister(open.transactionId)) return undefined
    const isOfCost = lastRegister === 'ifRegisterOrPrice' && !hasRegister
    return isOfCost && (open.price ?? null) === null ? undefined : open
  }

  #hasRegister(transactionId: number): boolean {
    this.#registerOf = transactionId
    this.#register = this.live.lastRegister(transactionId) ?? null
    return this.#register !== null
  }

  /**
   * What late registers of the message have to be compared with. They are late if the transaction is over, or has a
   * later register.
   */
  #lateFor(needs: Needs): Late | undefined {
    const { registersAround, transactionIds, stationTransaction } = needs
    if (registersAround === undefined || this.meter === null || this.meter.registers.first === null) return undefined
    // In the context Transaction.Begin it is the register of the start.
    const atMs = firstAtMs(this.meter.registers) ?? stationTransaction?.atMs ?? Number.NaN
    const id = transactionIds?.[0]
    // Nearly always the transaction is open, and this is its newest register.
    if (id !== undefined && this.live.hasOpen(id) && !this.#isBeforeLast(id, atMs)) return undefined
    const transaction =
      id === undefined ? stationTransaction && this.#namedAt(stationTransaction) : this.transaction(id)
    if (transaction === undefined || transaction.chargePointKey !== this.chargePoint.key) return undefined
    const isLate = transaction.open ? this.#isBeforeLast(transaction.transactionId, atMs) : !Number.isNaN(atMs)
    return isLate ? { transaction, atMs } : undefined
  }

  #isBeforeLast(transactionId: number, atMs: number): boolean {
    const last = this.lastRegister(transactionId)
    return last !== undefined && atMs < last.atMs
  }

  #aroundTrips(late: Late | undefined, { lookups }: LookupDeps): readonly Promise<boolean>[] {
    if (late === undefined) return []
    const { transaction, atMs } = late
    const lastAtMs = this.meter?.registers.lastAtMs ?? atMs
    const trip = async (): Promise<boolean> => {
      const moments = lastAtMs === atMs ? [atMs] : [atMs, lastAtMs]
      const found = await Promise.all(moments.map((moment) => lookups.registersNextTo(transaction, moment)))
      const registers = { first: found[0] ?? null, last: found.at(-1) ?? null }
      this.#around = { transactionId: transaction.transactionId, registers }
      return true
    }
    return [trip()]
  }

  async #registerTrip(transaction: KnownTransaction, { lookups }: LookupDeps): Promise<boolean> {
    this.#register = await lookups.lastRegister(transaction)
    return true
  }

  /** Whether every transaction that is needed is an open one of this charge point. It nearly always is. */
  #hasAll({ transactionIds, stationTransaction }: Needs): boolean {
    for (const id of transactionIds ?? []) if (!this.live.hasOpen(id)) return false
    return stationTransaction === undefined || this.#hasNamed(stationTransaction)
  }

  /**
   * Whether an open transaction of the id is the one that an event of this time is about: others with this id were
   * before it. After a boot it is not known here whether the id has been used again and that use has ended.
   */
  #hasNamed({ id, atMs }: NonNullable<Needs['stationTransaction']>): boolean {
    const [newest] = this.live.transactionsNamed(id)
    if (newest === undefined) return false
    if (mayBeUsedAgain(newest, this.chargePoint)) return false
    return newest.story?.use === 1 || this.frame.lacksTime === true || !(atMs < newest.startedAtMs)
  }

  /** Spellings of the id tokens that the transactions began with, as far as they have not been looked up. */
  #tokensOfTransactions({ idTokens = [], idTokensOfTransactions, ...needs }: Needs): readonly string[] {
    if (idTokensOfTransactions !== true) return []
    const asked = new Set(idTokens.map((idToken) => idToken.toLowerCase()))
    const { transactionIds = [], stationTransaction } = needs
    const named = stationTransaction === undefined ? undefined : this.#namedAt(stationTransaction)
    const spellings = [...transactionIds.map((id) => this.transaction(id)), named]
      .flatMap((transaction) => [transaction?.idToken, transaction?.stopIdToken])
      .flatMap((idToken) => idTokenCandidates(idToken ?? ''))
      .filter((idToken) => idToken !== '' && !asked.has(idToken.toLowerCase()))
    return [...new Set(spellings)]
  }

  /** Of the transactions of one id, the one that an event of this time is about. */
  #namedAt({ id, atMs }: NonNullable<Needs['stationTransaction']>): KnownTransaction | undefined {
    const hasTime = this.frame.lacksTime === undefined
    const event = { eventType: 'Updated', atMs, hasTime, seqNo: null } as const
    return chosenTransaction(event, this.transactionsNamed(id), this.chargePoint).transaction
  }

  async #tripsOfNoTransaction(needs: Needs, { lookups }: LookupDeps): Promise<void> {
    const { signingRequest, jobsOfRequest, report, alarms, dynamicSchedule, transferVendor } = needs
    const { key } = this.live.chargePoint
    const [request, jobs, known, about, schedule, vendor] = await Promise.all([
      signingRequest === undefined ? null : lookups.signingRequest(key, signingRequest),
      jobsOfRequest === undefined ? [] : lookups.jobsOfRequest(key, jobsOfRequest),
      report === undefined ? null : lookups.reportOfRequest(key, report.kind, report.requestId),
      alarms === undefined ? null : lookups.alarmsAbout(key, alarms),
      dynamicSchedule === undefined ? null : lookups.dynamicSchedule(key, dynamicSchedule),
      transferVendor === undefined ? null : lookups.transferVendor(transferVendor),
    ])
    this.signingRequest = request
    this.jobs = jobs
    this.report = known
    this.#alarms = about
    this.dynamicSchedule = schedule
    this.transferVendor = vendor
  }

  async #startTrip(start: StartOfTransaction, { lookups }: LookupDeps): Promise<boolean> {
    const { key } = this.live.chargePoint
    if (this.concurrentTransactions === 'deny') this.beforeStart = await lookups.beforeStart(key, start)
    else {
      const before = await lookups.beforeStart(key, { ...start, idToken: null })
      this.beforeStart = { ...before, openOfIdToken: this.live.openTransactions() }
    }
    return true
  }

  async #certificateTrip(question: CertificateQuestion, { lookups }: LookupDeps): Promise<boolean> {
    const { identity } = this.chargePoint
    this.certificates = await lookups.askAboutCertificates({ identity, messageId: this.messageId }, question)
    return true
  }

  /** A promise may have been fulfilled on another connection, at another node: its id must not be used twice. */
  #promiseTrips({ lookups }: LookupDeps): Promise<boolean>[] {
    return this.live.promisedTransactionIds().map(async (id) => {
      if ((await lookups.transactionById(id)) !== null) this.live.withdrawPromise(id)
      return true
    })
  }

  #tokenTrips(idTokens: readonly string[], { lookups }: LookupDeps, withPrices = false): Promise<boolean>[] {
    return idTokens.map(async (idToken) => {
      const found = await lookups.idToken(idToken, withPrices)
      if (found !== null) (this.#idTokens ??= new Map()).set(idToken.toLowerCase(), found)
      return true
    })
  }

  /** Looks up the transactions that are not among the open ones of this charge point; false for an unknown one. */
  #transactionTrips(needs: Needs, { lookups }: LookupDeps): Promise<boolean>[] {
    const { transactionIds = [], stationTransaction, newTransactionId } = needs
    const trips = transactionIds
      .filter((id) => !this.live.hasOpen(id))
      .map(async (id) => {
        const found = await lookups.transactionById(id)
        if (found !== null) (this.#transactions ??= new Map()).set(id, found)
        return found !== null
      })
    // A message that may begin a transaction has to know every use of its id: two uses of one id cannot both be stored.
    const mayBegin = newTransactionId === 'always'
    if (stationTransaction !== undefined && (mayBegin || !this.#hasNamed(stationTransaction))) {
      trips.push(this.#lookUpNamed(stationTransaction.id, lookups))
    }
    return trips
  }

  async #lookUpNamed(stationTransactionId: string, lookups: Lookups): Promise<boolean> {
    this.#named = await lookups.transactionsByStationId(this.live.chargePoint.key, stationTransactionId)
    return this.#named.length > 0
  }
}

/** Whether what is needed is about no transaction. */
function isOfNoTransaction({ signingRequest, jobsOfRequest, alarms, dynamicSchedule, transferVendor }: Needs): boolean {
  const needed = [signingRequest, jobsOfRequest, alarms, dynamicSchedule, transferVendor]
  return needed.some((one) => one !== undefined)
}
