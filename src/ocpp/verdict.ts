// The result of examining a frame. A verdict is sent between threads, so it is plain data.

import type { OcppVersion } from './version.ts'
import type { CallErrorCode } from './call-error.ts'

/**
 * How violations are handled: `strict` refuses them with the right CALLERROR, `lenient` repairs or keeps what it can.
 */
export type Strictness = 'strict' | 'lenient'

/**
 * A CALL to be examined, with its parameters. The verdict on a long frame is lean: of the payload it has the fields
 * that decisions read, and the text of the whole.
 */
export interface FrameTask {
  readonly text: string
  readonly version: OcppVersion
  readonly strictness: Strictness
  /** Codes of repairs that the quirk profile of the charge point switches off; left out: none. */
  readonly repairsOff?: readonly string[] | undefined
  /** Time zone of times without a zone, as for `readTime`; UTC if missing. */
  readonly timeZone?: string | undefined
  /** `charge_points.id`, for the meter columns. */
  readonly chargePointKey: number
  /** With a fraction in microseconds, which keeps the order of the frames of one connection. */
  readonly receivedAtMs: number
}

/** A malformation that was repaired or accepted. */
export interface Quirk {
  /** One of the codes of `ocpp/quirks.ts`. */
  readonly code: string
  /** Its position, as a JSON pointer into the payload; '' for the whole frame. */
  readonly path: string
  /** The text, number, boolean or null that a repair replaced; undefined if none. */
  readonly sent?: unknown
}

/**
 * The energy registers (Wh) that one frame carries, by the context and the sampled time: list order decides only
 * between meter values of the same time. null when there is none.
 */
export interface EnergyRegisters {
  /** Of the context Transaction.Begin, the earliest. */
  readonly begin: number | null
  /** Of the context Transaction.End, the latest. */
  readonly end: number | null
  /** Of any context, the earliest. */
  readonly first: number | null
  /** Of any context but Transaction.Begin, the latest. */
  readonly last: number | null
  /** When `last` was sampled. */
  readonly lastAtMs: number | null
  /** The earliest of any context but Transaction.Begin, where it is another than `last`. */
  readonly earlier: RegisterReading | null
  /** The first fall within the frame, without single outliers; the last reading counts even if it may be one. */
  readonly fall: RegisterFall | null
}

/** A register, in Wh, and when it was sampled by the clock of the charge point. */
export interface RegisterReading {
  readonly wh: number
  readonly atMs: number
}

/** The registers of a transaction just before and after a moment, including start and stop; null if there is none. */
export interface RegistersNextTo {
  readonly before: RegisterReading | null
  readonly after: RegisterReading | null
}

/** The same for the first and the last register of a message; null for one that is stored already. */
export interface RegistersAround {
  readonly first: RegistersNextTo | null
  readonly last: RegistersNextTo | null
}

/** A register that fell by more than rounding explains, down to the sample at `atMs`. */
export interface RegisterFall {
  readonly fromWh: number
  readonly toWh: number
  readonly atMs: number
}

/** Rows of the batch's meter block that belong to one frame: `from` inclusive, `to` exclusive. */
export interface MeterRange {
  readonly from: number
  readonly to: number
  readonly registers: EnergyRegisters
}

/** The frame is a CALL that can be decided on. */
export interface AcceptedFrame {
  readonly kind: 'call'
  readonly messageId: string
  readonly action: string
  /**
   * The payload after repairs, checked against the schema of its row. `meterValue` and `transactionData` are
   * removed: they are in the meter block.
   */
  readonly payload: Readonly<Record<string, unknown>>
  readonly quirks: readonly Quirk[]
  /**
   * The payload as sent, also without meter values; present if it was repaired, or if the frame is long. Of a long
   * frame it has plain values only: no lists and no objects.
   */
  readonly sent?: Readonly<Record<string, unknown>>
  /**
   * `contentDigest` of the whole payload as sent, for the idempotency key. Present if the message is about a
   * transaction, or has no usable time. Without a time, the digest of samples of intervals includes the message id.
   */
  readonly content?: string
  /** Present if the time that the row names (`MessageRow.timeField`) is missing or unusable. */
  readonly lacksTime?: true
  /** The whole payload as sent, without meter values, as JSON text; present if the frame is long. */
  readonly sentText?: string
  readonly meter: MeterRange | null
}

/** The frame gets a CALLERROR. */
export interface RefusedFrame {
  readonly kind: 'refused'
  readonly messageId: string
  /** '' if it could not be recognised. */
  readonly action: string
  readonly code: CallErrorCode
  readonly description: string
  readonly details: Readonly<Record<string, unknown>>
}

/** The frame is dropped without an answer (1.6: unreadable and without a message id), and counted. */
export interface DroppedFrame {
  readonly kind: 'dropped'
  readonly reason: string
}

export type Verdict = AcceptedFrame | RefusedFrame | DroppedFrame
