// What the central system decides about one CALL, as plain data: the answer, and the changes to commit. The actor
// applies the same changes after the COMMIT. Deciding is pure: everything it depends on comes in through `Known`.

import type { OcppVersion } from '../ocpp/version.ts'
import type { RegisterReading, RegistersAround, Strictness } from '../ocpp/verdict.ts'
import type { AnomalyKind } from './anomalies.ts'
import type { CertificateAnswer, CertificateQuestion } from './certificate-questions.ts'
import type { TransferVendor } from './data-transfer/vendor.ts'
import type { AlarmState, AlarmSubject } from './diagnostics/records.ts'
import type { KnownJob } from './jobs/job.ts'
import type { FrameMeter, MeterRows } from './meter-block.ts'
import type { KnownReport, ReportKind } from './provisioning/report-parts.ts'
import type { PatchChange, RowChange } from './stored-rows.ts'
import type { Price } from './tariff/cost-records.ts'
import type { knownColumns, knownLaterColumns, transactions } from './transactions/tables.ts'
import type { About, Placed, UntimedFacts } from './untimed-facts.ts'
import type { ConnectorRef, ConnectorStatus, Payload, RegistrationStatus, Verbatim } from './values.ts'

export type { ConnectorRef, ConnectorStatus, Payload, RegistrationStatus, Verbatim }

export interface KnownConnector extends ConnectorRef {
  readonly status: ConnectorStatus
}

type TransactionRow = typeof transactions.$inferSelect

/** The fields of a transaction that decisions use. */
export interface KnownTransaction
  extends
    Readonly<Pick<TransactionRow, (typeof knownColumns)[number]>>,
    Readonly<Partial<Pick<TransactionRow, (typeof knownLaterColumns)[number]>>> {
  readonly open: boolean
  /** 2.x: which of its events have come. */
  readonly story?: TransactionStory | null | undefined
}

/**
 * What has come of a 2.x transaction so far. Times are by the charge point's clock, unless a comment says otherwise.
 */
export interface TransactionStory {
  /** 1 for the first transaction with this id. Some charge points reuse ids after a reboot; then it is 2, and so on. */
  readonly use: number
  /** Whether its Started has come. */
  readonly isStartReported: boolean
  /** Time of the newest event with a usable time; if no event had one, the arrival of the first event. */
  readonly lastEventAtMs: number
  /** seqNo of the newest event; null when none had one. */
  readonly lastSeqNo: number | null
  /** By our clock: when the first message about it came, and the last message that was not late. */
  readonly firstReceivedAtMs: number
  readonly lastReceivedAtMs: number
  /** Null while it is open. */
  readonly stoppedAtMs: number | null
}

/** An id token as stored. 1.6 idTags and 2.x idTokens share one table; case is ignored (CiString20, IdToken). */
export interface KnownIdToken {
  readonly idToken: string
  /** 2.x IdTokenEnumType; null is any type. */
  readonly type: string | null
  readonly status: 'Accepted' | 'Blocked' | 'Expired' | 'Invalid'
  readonly expiryDateMs: number | null
  readonly parentIdTag: string | null
  /** What its driver pays (2.1), and a text about it (2.x); null or left out: none. */
  readonly tariff?: Payload | null
  readonly personalMessage?: Payload | null
}

export interface KnownChargePoint {
  /** `charge_points.id`. */
  readonly key: number
  readonly identity: string
  readonly version: OcppVersion
  readonly strictness: Strictness
  /** The quirk profile that an operator has chosen, or `noProfile`; null: its boot decides. */
  readonly quirkProfile: string | null
  /** What it said at its last boot; null: nothing. */
  readonly vendor: string | null
  readonly model: string | null
  readonly firmwareVersion: string | null
  /** Time zone of times that it sends without one: an IANA name or an offset; null means UTC. */
  readonly timeZone: string | null
  /** The status that operators set for the answer to a boot. */
  readonly registrationStatus: RegistrationStatus
  /** The status in the answer to its last BootNotification; null if it never sent one. */
  readonly bootStatus: RegistrationStatus | null
  /** When its last BootNotification came, by our clock; null if it never sent one. */
  readonly lastBootAtMs: number | null
}

/** What must be looked up before a payload can be decided. */
export interface Needs {
  readonly idTokens?: readonly string[]
  /** Our transactionIds (1.6). */
  readonly transactionIds?: readonly number[]
  /** The charge point's own transaction id (2.x), and the time of the event that names it. */
  readonly stationTransaction?: { readonly id: string; readonly atMs: number }
  /** A transactionId for a new transaction: always, or only if the transaction looked up is not stored. */
  readonly newTransactionId?: 'always' | 'ifUnknown'
  /** Also the id tokens that the transactions looked up started with. */
  readonly idTokensOfTransactions?: true
  /**
   * The last register of the open transaction: always, or only if the message has a register to compare with it, or
   * also if the transaction has a price and the message has no register.
   */
  readonly lastRegister?: 'always' | 'ifRegister' | 'ifRegisterOrPrice'
  /** The registers sampled before and after those of the message, if the message came late. */
  readonly registersAround?: true
  /** Also what the drivers of `idTokens` are told of prices. */
  readonly driverTariffs?: true
  /** The transactions before a start on this EVSE, with this id token. */
  readonly beforeStart?: StartOfTransaction
  /** A certificate signing request, if there is a certificate authority. */
  readonly signingRequest?: string
  /** What servers of others know about certificates. */
  readonly certificates?: CertificateQuestion
  /** The open jobs of the charge point, and those with this requestId; null: the open ones only. */
  readonly jobsOfRequest?: number | null
  /** The newest alarms about these subjects. */
  readonly alarms?: readonly AlarmSubject[]
  /** The vendor of a data transfer. */
  readonly transferVendor?: string
  /** A report in parts, as far as it has come. */
  readonly report?: { readonly kind: ReportKind; readonly requestId: number }
  /** The limits that an operator set for the dynamic charging profile with this id. */
  readonly dynamicSchedule?: number
}

/** A start, as far as what preceded it is looked up. */
export interface StartOfTransaction {
  readonly evseId: number
  /** Null: open transactions of the card are not needed. */
  readonly idToken: string | null
  /** Also the price that applies to it (2.x). */
  readonly isPriced: boolean
  /** Only if the transaction looked up is not stored: any event may be its first. */
  readonly isOnlyIfUnknown?: true
}

/** The transactions before a start, for the plausibility checks. */
export interface BeforeStart {
  /** The latest stop with a register, among the last transactions of the EVSE. */
  readonly lastStop: {
    readonly transactionId: number
    readonly stoppedAtMs: number
    readonly meterStopWh: number
  } | null
  /**
   * Open transactions that may have the same card, limited in number: of all charge points, or of this one only if
   * concurrent transactions are accepted.
   */
  readonly openOfIdToken: readonly KnownTransaction[]
  /** The price that applies to the charge point; null or left out: none. */
  readonly price?: Price | null
}

/** What a certificate signing request says, or why it cannot be used. */
export type ReadSigningRequest =
  | {
      /** Recognises the same request. */
      readonly digest: string
      /** The CN and O attributes of its subject. */
      readonly commonNames: readonly string[]
      readonly organizations: readonly string[]
    }
  | { readonly problem: string }

/** What is known about a request for a certificate. */
export interface KnownSigningRequest {
  readonly request: ReadSigningRequest
  /** Serial number of its charge point, from its last boot. */
  readonly serialNumber: string | null
  /** Certificates that were made for the charge point within an hour. */
  readonly madeLately: number
  /** Organization that requests have to name; null: any. */
  readonly organization: string | null
}

/** A start that the charge point reports, as it is compared with remote starts. */
export type BegunStart =
  | (ConnectorRef & {
      readonly idToken: string
      /** The id token is not stored. It may be a stored one to which the charge point appended something. */
      readonly mayBeDecorated?: boolean
    })
  | { readonly remoteStartId: number }

/**
 * How a start is answered whose id token already has an open transaction (`Security.ConcurrentTransactions`).
 */
export type ConcurrentTransactions = 'accept' | 'deny'

/** Everything a decision may depend on. */
export interface Known {
  readonly nowMs: number
  readonly receivedAtMs: number
  readonly messageId: string
  readonly action: string
  readonly heartbeatIntervalSeconds: number
  readonly concurrentTransactions: ConcurrentTransactions
  readonly chargePoint: KnownChargePoint
  readonly connector: (ref: ConnectorRef) => KnownConnector | undefined
  readonly connectors: () => readonly KnownConnector[]
  readonly idToken: (idToken: string) => KnownIdToken | undefined
  /** Whether this is an open transaction of this charge point, as nearly all transactions named in messages are. */
  readonly isOpen: (transactionId: number) => boolean
  /** By our transactionId. */
  readonly transaction: (transactionId: number) => KnownTransaction | undefined
  /** 2.x: the transactions with this id of the charge point, newest first. */
  readonly transactionsNamed: (stationTransactionId: string) => readonly KnownTransaction[]
  /** Open transactions of this charge point. */
  readonly openTransactions: () => readonly KnownTransaction[]
  /** The last register of an open transaction, if `Needs.lastRegister` asked for it or it came on this connection. */
  readonly lastRegister: (transactionId: number) => RegisterReading | undefined
  /** Null if `Needs.registersAround` did not ask for it, or the message is not late. */
  readonly registersAround: (transactionId: number) => RegistersAround | null
  /** Null if `Needs.beforeStart` did not ask for it. */
  readonly beforeStart: BeforeStart | null
  /** Null if `Needs.signingRequest` did not ask for it, or there is no certificate authority. */
  readonly signingRequest: KnownSigningRequest | null
  /** Null if `Needs.certificates` did not ask for it. */
  readonly certificates: CertificateAnswer | null
  /** Empty if `Needs.jobsOfRequest` did not ask for them. */
  readonly jobs: readonly KnownJob[]
  /** What `Needs.alarms` asked for, by its subject; undefined: it did not ask, or there is nothing. */
  readonly alarm: (subject: string) => AlarmState | undefined
  /** Null if `Needs.report` did not ask for it, or no part of it has come. */
  readonly report: KnownReport | null
  /** Whether an earlier message with this action was refused on the connection: what it said is not stored. */
  readonly wasRefusedBefore: boolean
  /** Null if `Needs.dynamicSchedule` did not ask for it, or no operator has set it. */
  readonly dynamicSchedule: Payload | null
  /** Null if `Needs.transferVendor` did not ask for it, or it is not registered. */
  readonly transferVendor: TransferVendor | null
  /** A new transactionId; null if `Needs.newTransactionId` did not ask for one. */
  readonly newTransactionId: number | null
  /** The transactionId that a remote start promised for this connector and id token, or this remoteStartId (2.x). */
  readonly promisedTransactionId: (start: BegunStart) => number | undefined
  /** The meter values of the frame; null if it has none. */
  readonly meter: FrameMeter | null
  /**
   * The plain values of the payload as it was sent; they distinguish two messages. A long frame has only these.
   */
  readonly sent: Payload
  /** The payload as it was sent, without its meter values, for storing. */
  readonly verbatim: Verbatim
  /**
   * Digest of the whole payload as it was sent; undefined if the message has a time and is not a transaction message.
   */
  readonly content: string | undefined
  /** Its place among the facts without a usable time; null when it has one. */
  readonly placed: Placed | null
}

/** A stored fact that breaks an expectation. */
export interface Anomaly {
  readonly kind: AnomalyKind
  /** The transaction it is about, as the charge point named it. */
  readonly transaction?: string
  readonly detail: Payload
  /** It describes how the charge point always behaves: only the first of its kind is stored for each connection. */
  readonly oncePerConnection?: true
}

/**
 * One transaction message in the ledger. Its key (charge point, `sentAtMs`, content) recognises a retransmission: then
 * nothing else of the decision is applied, and the stored answer is sent again.
 */
export interface TransactionFact {
  /**
   * 1.6 start: `start:` connector, meterStart, time, idTag. 1.6 stop: `stop:` transactionId, meterStop, time. 2.x:
   * `tx:` transactionId, eventType, time. Without a usable time: its place instead (`timeKey`). `ref` and `seqNo` were
   * the key in the ledger of the previous version, and they are the content of a fact that no charge point sent.
   */
  readonly ref: string
  readonly seqNo: number
  /** The time that the charge point sent (`sentTimeMs`); null if there is none. */
  readonly sentAtMs: number | null
  /** Its place among the facts without a usable time; null when it has one. */
  readonly place: number | null
  readonly event: 'Started' | 'Updated' | 'Ended'
  /**
   * Digest of the whole message: messages with different digests are different facts. Undefined if no charge point
   * sent it.
   */
  readonly content?: string | undefined
  /** Our transactionId, when known. */
  readonly transactionId: number | null
  readonly occurredAtMs: number
  readonly payload: Verbatim
}

export type Change = RowChange | PatchChange

/**
 * What the live charge point remembers of a message beside its changes, while the connection lasts. No chart depends on
 * it. What is not in memory is read from the database.
 */
export type Remembered =
  | { readonly type: 'story'; readonly transactionId: number; readonly story: TransactionStory }
  | { readonly type: 'register'; readonly transactionId: number; readonly reading: RegisterReading }
  | { readonly type: 'untimedFacts'; readonly facts: UntimedFacts }

/** Where meter values belong, if their message does not say it, or says it wrong. */
export interface MeterPlace {
  /** Where they were sampled: a 1.6 StopTransaction does not say it. */
  readonly connector?: ConnectorRef
  /**
   * Stator has not given away this transactionId. The values then belong to no transaction, so that they are never
   * assigned to a later transaction with this id.
   */
  readonly isOfNoTransaction?: true
  /** Place of their message: part of the key of values whose time is the time of arrival. */
  readonly place?: number
}

/** The outcome of deciding one CALL. */
export interface Decision {
  readonly answer: Payload
  readonly fact?: TransactionFact
  readonly changes: readonly Change[]
  readonly anomalies: readonly Anomaly[]
  readonly remembers?: readonly Remembered[]
  /** Overrides what the message says about its meter values. */
  readonly meterPlace?: MeterPlace
}

/** A payload without its meter values, as a handler gets it. */
export type WithoutMeterValues<P> = Omit<P, 'meterValue' | 'transactionData'>

/** How one action is decided: what to look up, what the message is about, then the decision. All functions are pure. */
export interface Handler<P> {
  needs?(payload: P, chargePoint: KnownChargePoint): Needs
  /** For messages about connectors or transactions. Called only for charge points that send facts without a time. */
  about?(payload: P, known: Known): About
  decide(payload: P, known: Known): Decision
}

/** Everything that one message commits, in one database transaction. */
export interface ChangeSet {
  readonly chargePointKey: number
  readonly messageId: string
  /** Size of its frame in UTF-16 units; 0 if there is no frame. Queues and groups are limited by it. */
  readonly bytes: number
  /** Epoch of the connection: recognises resends with the same message id on the same connection. */
  readonly epoch: number
  readonly receivedAtMs: number
  readonly answer: Payload
  readonly fact?: TransactionFact | undefined
  readonly changes: readonly Change[]
  readonly anomalies: readonly Anomaly[]
  readonly meter: MeterRows | null
  /** As `Decision.meterPlace`. */
  readonly meterPlace?: MeterPlace | undefined
  /** The charge point has a newer connection: what this one still sends is stored but changes no state. */
  readonly isOvertaken?: boolean | undefined
}

/** The result of the COMMIT. */
export interface CommitOutcome {
  /**
   * Nothing of the set is stored, because another node has changed the charge point since the decision. The message
   * must be decided again from the current state.
   */
  readonly isOutdated?: true
  /** True if `fact` was already stored: nothing else was applied. */
  readonly duplicate: boolean
  /** The answer to send: the set's own answer, or the stored answer of the original message. */
  readonly answer: Payload
}
