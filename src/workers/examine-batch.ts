// Examines a batch: a verdict per frame, and one meter block for all of them. Pure: workers run it, and the main thread
// calls it for batches that are too small to be worth sending to a worker.

import { sharedMeterRowsMax } from '../base/limits.ts'
import type { MeterBlock } from '../blocks/meter-block.ts'
import { contentDigest } from '../ocpp/content-digest.ts'
import { examine } from '../examine/examine.ts'
import { isLongFrame } from '../ocpp/frame.ts'
import { rowOf } from '../blocks/messages.ts'
import { lacksUsableTime, reportsIntervals } from '../ocpp/usable-time.ts'
import type { AcceptedFrame, FrameTask, Verdict } from '../ocpp/verdict.ts'
import { lean } from './lean-frame.ts'
import { MeterColumns } from './meter-columns.ts'

/** Verdicts in the order of their frames, and the meter values of the whole batch. */
export interface ExaminedBatch {
  readonly verdicts: readonly Verdict[]
  /** null if no frame contains meter values. */
  readonly meter: MeterBlock | null
}

// One per thread. A batch has a block of its own; single frames share one until it is read.
const columns = new MeterColumns()

/**
 * Parses and checks every frame; if this code itself fails on a frame, only that frame is refused, with InternalError.
 */
export function examineBatch(tasks: readonly FrameTask[]): ExaminedBatch {
  if (columns.rows > 0) columns.finish()
  const verdicts = tasks.map(verdictOn)
  return { verdicts, meter: columns.rows === 0 ? null : columns.finish() }
}

/** The same for one frame. Its meter values share a block with those of the next frames, until it is read. */
export function examineOne(task: FrameTask): { readonly verdict: Verdict; readonly meter: MeterBlock | null } {
  if (columns.rows >= sharedMeterRowsMax) columns.finish()
  const rows = columns.rows
  const verdict = verdictOn(task)
  return { verdict, meter: columns.rows === rows ? null : columns.open }
}

function verdictOn(task: FrameTask): Verdict {
  try {
    return examined(task)
  } catch {
    return giveUpOn(task)
  }
}

const callHead = /^\s*\[\s*2\s*,\s*"([^"\\]{1,36})"/

/**
 * The verdict on a frame that crashes its examination or its worker: the message id is read without parsing the frame.
 */
export function giveUpOn(task: FrameTask): Verdict {
  const messageId = callHead.exec(task.text)?.[1]
  if (messageId === undefined) {
    return { kind: 'dropped', reason: 'It makes its examination fail, and has no readable message id.' }
  }
  return {
    kind: 'refused',
    messageId,
    action: '',
    code: 'InternalError',
    description: 'The central system failed on this message.',
    details: {},
  }
}

function examined(task: FrameTask): Verdict {
  const { verdict: plain, sent } = examine(task)
  if (plain.kind !== 'call') return plain
  const { kind, messageId, action, payload, quirks } = plain
  const row = rowOf(task.version, action)
  const lacksTime = row !== undefined && row.timeField !== null && lacksUsableTime(row.timeField, payload, sent)
  const digest = digestOf(plain, sent, row?.block === 'transactions', lacksTime)
  const carriesValues = payload.meterValue !== undefined || payload.transactionData !== undefined
  const meter = carriesValues ? columns.add(payload, sent, task, lacksTime) : null
  if (isLongFrame(task.text)) {
    const long: AcceptedFrame = { ...plain, ...digest, meter }
    return lean(task.version, long, withoutMeterValues(payload), withoutMeterValues(sent))
  }
  if (!carriesValues) {
    const verdict: AcceptedFrame = digest === null ? plain : { ...plain, ...digest }
    return sent === payload ? verdict : { ...verdict, sent }
  }
  const kept: AcceptedFrame = { kind, messageId, action, payload: withoutMeterValues(payload), quirks, meter }
  const whole = digest === null ? kept : { ...kept, ...digest }
  return sent === payload ? whole : { ...whole, sent: withoutMeterValues(sent) }
}

type Json = Readonly<Record<string, unknown>>

/**
 * The digest that distinguishes the frame from others. Null if none is needed: it is not a fact of a transaction, and
 * has a time.
 */
function digestOf(
  { messageId, payload }: AcceptedFrame,
  sent: Json,
  isFact: boolean,
  lacksTime: boolean,
): Pick<AcceptedFrame, 'content' | 'lacksTime'> | null {
  if (lacksTime) {
    return { content: contentDigest(sent, reportsIntervals(payload) ? messageId : undefined), lacksTime }
  }
  return isFact ? { content: contentDigest(sent) } : null
}

// A loop, because copying a few keys is several times as fast as a copy without two keys. Not an assignment, because a
// field named `__proto__` would become the prototype of the copy.
function withoutMeterValues(payload: Json): Json {
  const kept: Record<string, unknown> = {}
  for (const key of Object.keys(payload)) {
    if (key === 'meterValue' || key === 'transactionData') continue
    if (key === '__proto__') Object.defineProperty(kept, key, { value: payload[key], enumerable: true })
    else kept[key] = payload[key]
  }
  return kept
}
