// What the central system decides about one CALL, as plain data: the answer, and the changes to commit, which the actor
// takes over afterwards. Deciding is pure: everything it depends on comes in through `Known`.

import type { OcppVersion } from '../ocpp/version.ts'
import type { RegisterReading, RegistersAround, Strictness } from '../ocpp/verdict.ts'
import type { AnomalyKind } from './anomalies.ts'
import type { FrameMeter, MeterRows } from './meter-block.ts'
import type { PatchChange, RowChange } from './stored-rows.ts'
import type { knownColumns, knownLaterColumns, transactions } from './transactions/tables.ts'
import type { About, Placed, UntimedFacts } from './untimed-facts.ts'
import type { ConnectorRef, ConnectorStatus, Payload, RegistrationStatus, Verbatim } from './values.ts'

export type { ConnectorRef, ConnectorStatus, Payload, RegistrationStatus, Verbatim }

export interface KnownConnector extends ConnectorRef {
  readonly status: ConnectorStatus
}

type TransactionRow = typeof transactions.$inferSelect

/** A transaction as far as deciding needs it. */
export interface KnownTransaction
  extends
    Readonly<Pick<TransactionRow, (typeof knownColumns)[number]>>,
    Readonly<Partial<Pick<TransactionRow, (typeof knownLaterColumns)[number]>>> {
  readonly open: boolean
  /** 2.x: how far its charge point has told it. */
  readonly story?: TransactionStory | null | undefined
}

/**
 * How far a 2.x charge point has told a transaction. Its times are by the charge point's clock, unless said otherwise.
 */
export interface TransactionStory {
  /** 1 for the first transaction that the charge point gave this id; some count from the beginning after a reboot. */
  readonly use: number
  /** Whether its Started has come. */
  readonly isStartTold: boolean
  /** Time of the newest event that had a usable one; its arrival, if the first had none. */
  readonly lastEventAtMs: number
  /** seqNo of the newest event; null when none had one. */
  readonly lastSeqNo: number | null
  /** When the first message about it came, and the last one that was not late, by our clock. */
  readonly firstHeardAtMs: number
  readonly heardAtMs: number
  /** Null while it is open. */
  readonly stoppedAtMs: number | null
}

/**
 * An id token as stored. 1.6 idTags and 2.x idTokens live in one table; letter case does not count (CiString20,
 * IdToken).
 */
export interface KnownIdToken {
  readonly idToken: string
  /** 2.x IdTokenEnumType; null is any type. */
  readonly type: string | null
  readonly status: 'Accepted' | 'Blocked' | 'Expired' | 'Invalid'
  readonly expiryDateMs: number | null
  readonly parentIdTag: string | null
}

export interface KnownChargePoint {
  /** `charge_points.id`. */
  readonly key: number
  readonly identity: string
  readonly version: OcppVersion
  readonly strictness: Strictness
  /** Of the times that it sends without a zone: an IANA name or an offset; null: UTC. */
  readonly timeZone: string | null
  /** What operators want its boots to be answered with. */
  readonly registrationStatus: RegistrationStatus
  /** What its last BootNotification was answered with; null when it never sent one. */
  readonly bootStatus: RegistrationStatus | null
  /** When its last BootNotification came, by our clock; null when it never sent one. */
  readonly lastBootAtMs: number | null
}

/** What a payload makes it necessary to look up before it can be decided. */
export interface Needs {
  readonly idTokens?: readonly string[]
  /** Our transactionIds (1.6). */
  readonly transactionIds?: readonly number[]
  /** The charge point's own transaction id (2.x), and the time of the event that names it. */
  readonly stationTransaction?: { readonly id: string; readonly atMs: number }
  /** A transactionId to give to a transaction that begins: in any case, or if a transaction looked up is not there. */
  readonly newTransactionId?: 'always' | 'ifUnknown'
  /** The id tokens, too, that the transactions looked up began with. */
  readonly idTokensOfTransactions?: true
  /**
   * What the meter of the open transaction told last: in any case, or if the message has a register to hold against it.
   */
  readonly lastRegister?: 'always' | 'ifRegister'
  /** What was told before and after the registers of the message, if it has some that come late. */
  readonly registersAround?: true
  /** What went before a start on this EVSE, with this id token. */
  readonly beforeStart?: { readonly evseId: number; readonly idToken: string | null }
}

/** What went before a transaction that begins, as far as its plausibility needs it. */
export interface BeforeStart {
  /** The latest stop with a register, among the last transactions of the EVSE. */
  readonly lastStop: {
    readonly transactionId: number
    readonly stoppedAtMs: number
    readonly meterStopWh: number
  } | null
  /**
   * Open transactions among which those of the same card are, so many at most: of all charge points, or of this one
   * only where concurrent transactions are accepted.
   */
  readonly openOfIdToken: readonly KnownTransaction[]
}

/** A start as the charge point reports it, when the remote start behind it is looked for. */
export type BegunStart =
  | (ConnectorRef & {
      readonly idToken: string
      /** Its id token is nobody's as it stands: it may be the one that was sent, with something appended. */
      readonly mayBeDecorated?: boolean
    })
  | { readonly remoteStartId: number }

/**
 * What becomes of a transaction that begins while its id token has another one open
 * (`Security.ConcurrentTransactions`).
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
  /** Whether the transaction of our number is an open one of this charge point: nearly all that messages name are. */
  readonly isOpen: (transactionId: number) => boolean
  /** By our number. */
  readonly transaction: (transactionId: number) => KnownTransaction | undefined
  /** 2.x: the transactions that the charge point gave this id, the newest first. */
  readonly transactionsNamed: (stationTransactionId: string) => readonly KnownTransaction[]
  /** Open transactions of this charge point. */
  readonly openTransactions: () => readonly KnownTransaction[]
  /**
   * The last register of an open transaction, where `Needs.lastRegister` asked for it or it came on this connection.
   */
  readonly lastRegister: (transactionId: number) => RegisterReading | undefined
  /** Null when `Needs.registersAround` did not ask for it, and when the message comes in its time. */
  readonly registersAround: (transactionId: number) => RegistersAround | null
  /** Null when `Needs.beforeStart` did not ask for it. */
  readonly beforeStart: BeforeStart | null
  /** Fresh from the sequence; null when `Needs.newTransactionId` did not ask for one. */
  readonly newTransactionId: number | null
  /** The transactionId that a remote start promised for this connector and id token, or this remoteStartId (2.x). */
  readonly promisedTransactionId: (start: BegunStart) => number | undefined
  /** The meter values of the frame; null when it carries none. */
  readonly meter: FrameMeter | null
  /**
   * The plain values of the payload as it was sent: what tells two messages apart. Of a long frame there are no others.
   */
  readonly sent: Payload
  /** The payload as it was sent, without its meter values: what is kept. */
  readonly verbatim: Verbatim
  /**
   * Digest of the whole payload as it was sent; undefined when the message has a time and is no fact of a transaction.
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
  /** It says how the charge point always is: only the first of its kind is stored for each connection. */
  readonly oncePerConnection?: true
}

/**
 * One transaction message in the ledger. Its key (charge point, `sentAtMs`, what it says) recognises a retransmission:
 * then nothing else of the decision is applied, and the answer stored here goes out again.
 */
export interface TransactionFact {
  /**
   * 1.6 start: `start:` connector, meterStart, time, idTag. 1.6 stop: `stop:` transactionId, meterStop, time. 2.x:
   * `tx:` transactionId, eventType, time. Without a usable time its place (`timeKey`). With `seqNo` it is the key in
   * the ledger of the version before, and stands for the content of what no charge point sent.
   */
  readonly ref: string
  readonly seqNo: number
  /** The time that the charge point sent (`sentTimeMs`); null where there is none. */
  readonly sentAtMs: number | null
  /** Its place among the facts without a usable time; null when it has one. */
  readonly place: number | null
  readonly event: 'Started' | 'Updated' | 'Ended'
  /**
   * What the whole message says, as a digest: two messages that differ in it are two facts. Undefined for what no
   * charge point sent.
   */
  readonly content?: string | undefined
  /** Our transactionId, when known. */
  readonly transactionId: number | null
  readonly occurredAtMs: number
  readonly payload: Verbatim
}

export type Change = RowChange | PatchChange

/**
 * What is remembered of a message beside what it changes, for as long as its connection lasts: no chart depends on it,
 * and it is read again from what is stored when it is not at hand.
 */
export type Remembered =
  | { readonly type: 'story'; readonly transactionId: number; readonly story: TransactionStory }
  | { readonly type: 'register'; readonly transactionId: number; readonly reading: RegisterReading }
  | { readonly type: 'untimedFacts'; readonly facts: UntimedFacts }

/** Where meter values belong, as far as their own message does not tell, or tells wrong. */
export interface MeterPlace {
  /** Where they were taken: the message of a 1.6 StopTransaction does not say it. */
  readonly connector?: ConnectorRef
  /**
   * The number they came under is none of ours (yet): somebody else gave it away. They belong to no transaction then,
   * so that they are never taken for those of the one that gets the number here.
   */
  readonly isOfNoTransaction?: true
  /** Place of their message: it is part of the key of those that have the time of arrival. */
  readonly place?: number
}

/** The outcome of deciding one CALL. */
export interface Decision {
  readonly answer: Payload
  readonly fact?: TransactionFact
  readonly changes: readonly Change[]
  readonly anomalies: readonly Anomaly[]
  readonly remembers?: readonly Remembered[]
  /** What is to be stored of the meter values instead of what their own message says. */
  readonly meterPlace?: MeterPlace
}

/** A payload whose meter values were taken out of it: so it comes to a handler. */
export type WithoutMeterValues<P> = Omit<P, 'meterValue' | 'transactionData'>

/** How one action is decided: what to look up, what the message is about, then the decision. All of it is pure. */
export interface Handler<P> {
  needs?(payload: P, chargePoint: KnownChargePoint): Needs
  /** For messages that have connectors or transactions; asked only of charge points that tell facts without a time. */
  about?(payload: P, known: Known): About
  decide(payload: P, known: Known): Decision
}

/** Everything that one message wants committed: together or not at all. */
export interface ChangeSet {
  readonly chargePointKey: number
  readonly messageId: string
  /** Size of the frame it came from, in UTF-16 units; 0 when it came from none. It bounds queues and groups. */
  readonly bytes: number
  /** Epoch of the connection, so that resends under the same message id on the same connection are recognised. */
  readonly epoch: number
  readonly receivedAtMs: number
  readonly answer: Payload
  readonly fact?: TransactionFact | undefined
  readonly changes: readonly Change[]
  readonly anomalies: readonly Anomaly[]
  readonly meter: MeterRows | null
  /** As `Decision.meterPlace`. */
  readonly meterPlace?: MeterPlace | undefined
  /** A newer connection has taken the charge point over: what this one still tells is stored, and moves no state. */
  readonly isOvertaken?: boolean | undefined
}

/** What the COMMIT found. */
export interface CommitOutcome {
  /**
   * Nothing of the set is stored: another node has stored what it was decided without. It has to be decided again, from
   * what is stored now.
   */
  readonly isOutdated?: true
  /** True when `fact` had been stored before: nothing else was applied. */
  readonly duplicate: boolean
  /** What the charge point is to be told: the set's own answer, or the stored one of the original. */
  readonly answer: Payload
}
