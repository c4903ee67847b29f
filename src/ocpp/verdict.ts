// What examining a frame can say. A verdict crosses threads, so it holds plain data only.

import type { OcppVersion } from './version.ts'
import type { CallErrorCode } from './call-error.ts'

/** How violations are met: `strict` refuses them with the right CALLERROR, `lenient` repairs or keeps what it can. */
export type Strictness = 'strict' | 'lenient'

/**
 * A CALL to be examined, with what examining it depends on. The verdict on a long one is lean: of its payload there is what
 * decisions read, and the text of the whole.
 */
export interface FrameTask {
  readonly text: string
  readonly version: OcppVersion
  readonly strictness: Strictness
  /** Of times that are sent without a zone, as `readTime` takes it; UTC when left out. */
  readonly timeZone?: string | undefined
  /** `charge_points.id`, for the meter columns. */
  readonly chargePointKey: number
  /** With a fraction of microseconds, by which the frames of one connection keep their order. */
  readonly receivedAtMs: number
}

/** Something a charge point did that the specification does not allow, and that was served all the same. */
export interface Quirk {
  /** One of the codes of `ocpp/quirks.ts`. */
  readonly code: string
  /** Where, as a JSON pointer into the payload; '' for the whole frame. */
  readonly path: string
  /** The text, number, boolean or null that a repair replaced; undefined when there was none. */
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
  /** The first fall within the frame that was no single odd reading, or is its last reading. */
  readonly fall: RegisterFall | null
}

/** A register, in Wh, and when it was sampled by the clock of the charge point. */
export interface RegisterReading {
  readonly wh: number
  readonly atMs: number
}

/** What a transaction is known to have told next to a moment, its start and its stop included; null where there is nothing. */
export interface RegistersNextTo {
  readonly before: RegisterReading | null
  readonly after: RegisterReading | null
}

/** The same for the moments of the first and of the last register of a message; null of one that is known already. */
export interface RegistersAround {
  readonly first: RegistersNextTo | null
  readonly last: RegistersNextTo | null
}

/** A register that went down by more than rounding explains, to what was sampled `atMs`. */
export interface RegisterFall {
  readonly fromWh: number
  readonly toWh: number
  readonly atMs: number
}

/** Rows of the batch's meter block that came from one frame: `from` included, `to` not. */
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
   * The payload after repairs, checked against the schema of its row. `meterValue` and `transactionData` have been
   * taken out of it: they stand in the meter block.
   */
  readonly payload: Readonly<Record<string, unknown>>
  readonly quirks: readonly Quirk[]
  /**
   * The payload as sent, likewise without its meter values; there when it was repaired, or when the frame is long. Of a long
   * frame it has the plain values only: no lists, and no objects.
   */
  readonly sent?: Readonly<Record<string, unknown>>
  /**
   * `contentDigest` of the whole payload as sent; there when the message tells of a transaction's beginning, course or end, or lacks
   * a usable time. Without a time, samples of intervals are told apart by their message id as well.
   */
  readonly content?: string
  /** There when the time that its row names (`MessageRow.toldAt`) was not sent, or cannot be used. */
  readonly lacksTime?: true
  /** The whole payload as sent, without its meter values, as JSON text; there when the frame is long. */
  readonly sentText?: string
  readonly meter: MeterRange | null
}

/** The frame gets a CALLERROR. */
export interface RefusedFrame {
  readonly kind: 'refused'
  readonly messageId: string
  /** '' when the frame was too broken to tell. */
  readonly action: string
  readonly code: CallErrorCode
  readonly description: string
  readonly details: Readonly<Record<string, unknown>>
}

/** The frame gets no answer at all (1.6: unreadable and without a message id); it is counted. */
export interface DroppedFrame {
  readonly kind: 'dropped'
  readonly reason: string
}

export type Verdict = AcceptedFrame | RefusedFrame | DroppedFrame
