// What one row of a message table says. The tables themselves are v16.ts, v201.ts and v21.ts; nothing else in Stator
// switches on an action's name.

/** Who may send the CALL. */
export type Direction = 'fromChargePoint' | 'toChargePoint' | 'both'

/**
 * When the CALLRESULT may leave.
 * - `committed`: after the COMMIT that holds the facts of the message.
 * - `batched`: at once; what it tells (only that the charge point lives) is written in batches, seconds later.
 * - `none`: at once, or when a look-up has answered; the message carries no facts.
 */
export type Durability = 'committed' | 'batched' | 'none'

/** The functional blocks of OCPP as `src/csms/` is cut, a file per block. */
export type FunctionalBlock =
  | 'provisioning'
  | 'authorization'
  | 'availability'
  | 'transactions'
  | 'metering'
  | 'remote-control'
  | 'smart-charging'
  | 'reservation'
  | 'local-list'
  | 'firmware'
  | 'diagnostics'
  | 'security'
  | 'data-transfer'
  | 'tariff'
  | 'display'

/** A JSON schema of the Open Charge Alliance, as `typed-ocpp` carries it. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** The payload of an answer that is the same whatever the message says. */
export type StandingAnswer = Readonly<Record<string, string>>

/** Where a message says when it happened: in its field `timestamp`, or in each of its meter values. */
export type TimeField = 'timestamp' | 'meterValue'

/** The elements of a list that a handler reads. */
export type Selection = (elements: readonly unknown[]) => readonly unknown[]

/** One message of one version. */
export interface MessageRow {
  readonly direction: Direction
  readonly block: FunctionalBlock
  /** Where the specification describes it, e.g. `1.6 §4.2`. */
  readonly section: string
  readonly durability: Durability
  /**
   * Whether Stator handles it yet when it comes from a charge point; false is answered with NotSupported. Rows of
   * direction `toChargePoint` are all served: POST …/calls sends any of them.
   */
  readonly served: boolean
  /** A transaction message: `lenient` never refuses it, because a CALLERROR makes a charge point throw the fact away. */
  readonly transactional: boolean
  /**
   * Fields of the payload that may hold anything or thousands of elements, and that are only kept: no handler reads them.
   * Those of a long frame stay in the worker that examines it, but for the text that is stored.
   */
  readonly keptOnly: readonly string[]
  /** Lists of which handlers read some elements only, with what is left of them when the frame is long. */
  readonly readPartly: Readonly<Record<string, Selection>>
  /**
   * The time by which a resend is told from a new fact. Without a usable one the fact gets a place (`csms/untimed-facts.ts`). null
   * for messages that are told apart by something else.
   */
  readonly toldAt: TimeField | null
  /**
   * The answer to a message that is only stored, as an event of its charge point: such a message needs no handler. null
   * for all others.
   */
  readonly standingAnswer: StandingAnswer | null
  readonly request: JsonSchema
  /** null for SEND messages of 2.1, which have no answer. */
  readonly response: JsonSchema | null
}

/** A message table: action name to row, in the specification's order. */
export type MessageTable = Readonly<Record<string, MessageRow>>

/** Actions of the table `T` that a charge point sends and Stator serves. */
export type ServedAction<T extends MessageTable> = {
  [A in keyof T & string]: T[A] extends { direction: 'fromChargePoint' | 'both'; served: true } ? A : never
}[keyof T & string]

/** Served actions of the table `T` without a standing answer: each needs a handler. */
export type HandledAction<T extends MessageTable> = {
  [A in ServedAction<T>]: T[A] extends { standingAnswer: null } ? A : never
}[ServedAction<T>]

/** Actions of the table `T` that Stator may send to a charge point. */
export type CommandAction<T extends MessageTable> = {
  [A in keyof T & string]: T[A] extends { direction: 'toChargePoint' | 'both' } ? A : never
}[keyof T & string]
