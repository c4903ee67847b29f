// One row of a message table. Each block defines the rows of its messages (`<block>/messages.ts`); `messages.ts`
// composes the tables of the versions from them. No other code switches on an action's name.

import type { JsonSchema } from '../ocpp/json-schema.ts'
import type { CommandQuirks } from '../ocpp/quirk-profile.ts'
import type { CommandQuirkCode } from '../ocpp/quirks.ts'
import type { TimeField } from '../ocpp/usable-time.ts'
import type { Command } from './command.ts'
import type { Handler, Payload } from './decision.ts'
import type { RowChange } from './stored-rows.ts'
import type { SecurityProfile } from './values.ts'

/** Who may send the message. */
export type Direction = 'fromChargePoint' | 'toChargePoint' | 'both'

/**
 * When the CALLRESULT may be sent.
 * - `committed`: after the COMMIT that holds the facts of the message.
 * - `batched`: at once; that the charge point is alive is written in batches, seconds later.
 * - `none`: at once, or after a look-up; the message carries no facts.
 */
export type Durability = 'committed' | 'batched' | 'none'

/** The functional blocks of OCPP, a folder each beside this file. */
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
  | 'certificates'
  | 'data-transfer'
  | 'tariff'
  | 'display'

/** The payload of an answer that does not depend on the message. */
export type StandingAnswer = Readonly<Record<string, string>>

/** The elements of a list that a handler reads. */
export type Selection = (elements: readonly unknown[]) => readonly unknown[]

/** The actions that a charge point will send after a CALL with this payload. */
export type Requested = (payload: Payload) => readonly string[]

/**
 * What a charge point did with a new password: it uses the new one, it keeps the old one, or that is unknown (it
 * reboots first, it did not answer, or its answer cannot be read).
 */
export type RotationOutcome = 'accepted' | 'refused' | 'unknown'

/** How a CALL to a charge point sets its password. */
export interface PasswordSetting {
  /** The passwords that a valid payload sets, in its order; empty if it sets something else. */
  readonly setBy: (payload: Payload) => readonly string[]
  /** What the CALLRESULT `answer` to the CALL `request`, which sets a password, says about the password. */
  readonly outcome: (request: Payload, answer: Payload) => RotationOutcome
}

/** The rows that the CALLRESULT `answer` to the CALL `request` tells: they are stored. */
export type Learned = (request: Payload, answer: Payload) => readonly RowChange[]

/** What a quirk profile makes of a CALL: another payload, or the reason why it is not sent. */
export type Adapted =
  | { readonly quirk: CommandQuirkCode; readonly payload: Payload }
  | { readonly quirk: CommandQuirkCode; readonly reason: string }

/** What becomes of a CALL with this payload; null: it is sent as it is. */
export type Adapts = (payload: Payload, commands: CommandQuirks) => Adapted | null

/** A setting that the charge point has accepted, and another value that it says afterwards. */
export interface Differing {
  readonly key: string
  readonly wanted: string
  readonly found: string
}

/** The CALL that reads accepted settings again, and what its answer says otherwise. */
export interface ReadBack {
  readonly command: Command
  readonly differing: (answer: Payload) => readonly Differing[]
}

/** How the settings of the CALL `request`, answered with `answer`, are read again; null: there is nothing to read. */
export type ReadsBack = (request: Payload, answer: Payload) => ReadBack | null

/** One message of one version. */
export interface MessageRow {
  /** A CALL is answered; a SEND (2.1 Part 4 §4.2.4) never is. */
  readonly kind: 'call' | 'send'
  readonly direction: Direction
  readonly block: FunctionalBlock
  /** Where the specification describes it, e.g. `1.6 §4.2`. */
  readonly section: string
  readonly durability: Durability
  /** Decides about the message of a charge point; null for one that only Stator sends. */
  readonly handler: Handler<object> | null
  /** A transaction message: `lenient` never refuses it, because a charge point deletes the fact after a CALLERROR. */
  readonly transactional: boolean
  /**
   * Fields that are stored but read by no handler; they may hold anything, or thousands of elements. In a long frame
   * the worker keeps them as text only.
   */
  readonly keptOnly: readonly string[]
  /** Fields with what is known of a person: see `private-fields.ts`. */
  readonly privateFields: readonly string[]
  /** Lists of which handlers read some elements only, with the function that selects them when the frame is long. */
  readonly readPartly: Readonly<Record<string, Selection>>
  /**
   * The field whose time distinguishes a new fact from a resend. Without a usable time the fact gets a place
   * (`untimed-facts.ts`). null for messages that something else distinguishes.
   */
  readonly timeField: TimeField | null
  /** The answer to a message that is only stored as an event of its charge point; null for all others. */
  readonly standingAnswer: StandingAnswer | null
  /** Whether a lenient charge point may leave out what is required of it, as of a message that is only stored. */
  readonly isForgiving: boolean
  /** A BootNotification: it is served before a boot is accepted (1.6 §4.2, 2.0.1 B01). */
  readonly isBoot: boolean
  /** A remote start or stop: not sent while a boot is pending (1.6 §4.2, 2.0.1 B02). */
  readonly isOfTransaction: boolean
  /**
   * For a CALL to a charge point: the messages that it requests. They are served even before the boot is accepted
   * (2.0.1 B02.FR.09).
   */
  readonly requests: Requested
  /** How it sets the password of the charge point; null for a message that sets none. */
  readonly password: PasswordSetting | null
  /**
   * The security profile that a valid payload tells the charge point to use, null for none: it becomes the lowest one
   * with the first connection that has it (1.6 Security Whitepaper A05.FR.09).
   */
  readonly profileSetBy: (payload: Payload) => SecurityProfile | null
  /** For a CALL to a charge point: what its answer tells that is stored; null: nothing. */
  readonly learns: Learned | null
  /** For a CALL to a charge point: what quirk profiles may make of it; null: nothing. */
  readonly adapts: Adapts | null
  /** For a CALL to a charge point: how what it sets can be read again; null: it sets nothing. */
  readonly readsBack: ReadsBack | null
  /** Whether the schema allows arbitrary data of any depth in the payload: `customData`, or the data of a vendor. */
  readonly isOpenEnded: boolean
  readonly request: JsonSchema
  /** null for a SEND. */
  readonly response: JsonSchema | null
}

/** A message table: action name to row. */
export type MessageTable = Readonly<Record<string, MessageRow>>

/** Actions of the table `T` that a charge point sends. */
export type ServedAction<T extends MessageTable> = {
  [A in keyof T & string]: T[A] extends { direction: 'fromChargePoint' | 'both' } ? A : never
}[keyof T & string]

/** Actions of the table `T` that a central system sends. */
export type SentAction<T extends MessageTable> = {
  [A in keyof T & string]: T[A] extends { direction: 'toChargePoint' | 'both' } ? A : never
}[keyof T & string]
