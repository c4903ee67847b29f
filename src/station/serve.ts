// The life of a CALL of a charge point, from its text to its answer. Read from top to bottom:
//
//   examine → gate → look up → decide → commit → publish → answer
//
// Each step calls the next one; the error exits are next to the step that takes them. A step that does not have to wait
// does not wait: a Heartbeat is served in one turn, without a promise. The answer to a message with facts is sent only
// after their COMMIT.

import type { Counters } from '../base/counters.ts'
import { type ErrorCode, StatorError } from '../base/errors.ts'
import { decisionsMax, lookupRetryMs } from '../base/limits.ts'
import type { Timings } from '../base/timings.ts'
import type { Anomaly, ChangeSet, CommitOutcome, Decision, Needs, Payload, Remembered } from '../blocks/decision.ts'
import type { FrameMeter, MeterBlock } from '../blocks/meter-block.ts'
import { placing, type UntimedFacts } from '../blocks/untimed-facts.ts'
import type { CallErrorCode } from '../ocpp/call-error.ts'
import { encodeCallError, encodeCallResult } from '../ocpp/frame.ts'
import { rowOf } from '../blocks/messages.ts'
import type { AcceptedFrame, FrameTask, MeterRange, RefusedFrame } from '../ocpp/verdict.ts'
import { anomaliesOf, countQuirks } from './anomalies.ts'
import { changeSetOf, rememberedOf } from './change-set.ts'
import { closeTryAgainLater, type Connected, type ConnectionDeps } from './connection.ts'
import { storedBy } from './daily-limits.ts'
import type { Dispatcher, ExaminedFrame, FrameExaminer } from './dispatcher.ts'
import { type DecisionDeps, type LookupDeps, MessageContext } from './message-context.ts'
import type { Registry } from './registry.ts'

/** A CALL as it came from the socket. */
export interface ReceivedFrame {
  readonly text: string
  readonly receivedAtMs: number
}

/** The dependencies of serving CALLs. The store and the examiner are the only parts behind an interface. */
export interface ServeDeps extends ConnectionDeps, LookupDeps, DecisionDeps {
  readonly examiner: FrameExaminer
  readonly dispatcher: Dispatcher
  readonly registry: Registry
  readonly counters: Counters
  readonly timings: Pick<Timings, 'answered'>
}

/** null if a CALL has been served, else a promise that resolves once it has been. It never rejects. */
export type Served = Promise<null> | null

// ── Examine: from the text to a verdict ─────────────────────────────────────────────────────────────────────────────

/**
 * Serves one CALL of a charge point. Whatever happens, the connection continues with the next one.
 *
 * The frame is examined on this thread if that is cheaper than a batch, else in a worker or in the thread for long
 * frames.
 *
 * @param examinedAtMs `receivedAtMs`, later by microseconds where frames arrive in one millisecond.
 */
export function serve(connection: Connected, frame: ReceivedFrame, examinedAtMs: number, deps: ServeDeps): Served {
  const { chargePoint } = connection.live
  const { strictness, repairsOff } = deps.quirks.profiles.of(chargePoint)
  const task: FrameTask = {
    text: frame.text,
    version: connection.version,
    strictness,
    repairsOff,
    timeZone: chargePoint.timeZone ?? undefined,
    chargePointKey: connection.chargePointKey,
    receivedAtMs: examinedAtMs,
  }
  const examined = deps.examiner.examineAtOnce(task)
  if (examined !== null) return takeVerdict(connection, frame, examined, deps)
  return deps.dispatcher.examine(task).then(
    (examinedLater) => takeVerdict(connection, frame, examinedLater, deps),
    (error: unknown) => examinationFailed(connection, frame, error, deps),
  )
}

/** Exits: an unreadable frame is dropped, an invalid one is refused with a CALLERROR. */
function takeVerdict(connection: Connected, frame: ReceivedFrame, examined: ExaminedFrame, deps: ServeDeps): Served {
  const { verdict, meter } = examined
  connection.lastSeenAtMs = frame.receivedAtMs
  if (verdict.kind === 'call') {
    if (verdict.quirks.length > 0) countQuirks(connection, verdict.quirks, deps.quirks)
    return gate(connection, frame, verdict, meter, deps)
  }
  if (verdict.kind === 'refused') refuse(connection, verdict, deps)
  else dropFrame(connection, verdict.reason, deps)
  return null
}

/** Exit: without a verdict there is no answer. */
function examinationFailed(connection: Connected, frame: ReceivedFrame, error: unknown, deps: ServeDeps): null {
  connection.lastSeenAtMs = frame.receivedAtMs
  leaveUnanswered(connection, '', error, deps)
  return null
}

// ── Gate: whether the message may be served now ─────────────────────────────────────────────────────────────────────

/** Exits: a message without a handler is NotSupported, one before an accepted boot is a SecurityError. */
function gate(
  connection: Connected,
  { text, receivedAtMs }: ReceivedFrame,
  frame: AcceptedFrame,
  block: MeterBlock | null,
  deps: ServeDeps,
): Served {
  const { version } = connection
  const { action } = frame
  const row = rowOf(version, action)
  const handler = row?.handler ?? null
  if (row === undefined || handler === null) {
    refuseWith(connection, frame, 'NotSupported', `${action} is not supported by this central system.`, deps)
    return null
  }
  const gated = connection.live.gate(row.isBoot || connection.wasAskedFor(action), row.transactional)
  if (gated === 'refuse') {
    const sentence = 'Send BootNotification first, and wait until it is accepted.'
    if (row.kind === 'call') refuseWith(connection, frame, 'SecurityError', sentence, deps)
    else dropFrame(connection, sentence, deps)
    return null
  }
  const meter = block === null || frame.meter === null ? null : rowsIn(block, frame.meter)
  const message = new MessageContext(connection, row, handler, frame, meter, receivedAtMs, deps)
  message.bytes = text.length
  message.isBeforeBoot = gated === 'serveAndNote'
  return prepare(message, deps)
}

function rowsIn(block: MeterBlock, { from, to, registers }: MeterRange): FrameMeter {
  return { block, from, to, registers }
}

// ── Look up: what the decision needs and is not in memory ────────────────────────────────────────────────────────────

function prepare(message: MessageContext, deps: ServeDeps): Served {
  try {
    const needs = message.handler.needs?.(message.frame.payload, message.live.chargePoint)
    const lookedUp = lookUp(message, needs, deps)
    return lookedUp === null ? decide(message, deps) : decideLater(lookedUp, message, needs, deps)
  } catch (error) {
    return fail(message, error, deps)
  }
}

/** Looks up what is not in memory; null if there is nothing to wait for. */
function lookUp(message: MessageContext, needs: Needs | undefined, deps: ServeDeps): Promise<void> | null {
  if (message.live.isDoubtful && message.row.durability === 'committed') return readAgain(message, needs, deps)
  return needs === undefined ? null : message.lookUp(needs, deps)
}

/** Another node may have changed what is stored of the charge point, so it is read again first. */
async function readAgain(message: MessageContext, needs: Needs | undefined, deps: ServeDeps): Promise<void> {
  const { connection } = message
  await deps.registry.rehydrate(connection, () => deps.lookups.rehydrate(connection.chargePointKey))
  if (needs !== undefined) await message.lookUp(needs, deps)
}

/** Exit: the message fails if a look-up fails. */
async function decideLater(
  lookedUp: Promise<void>,
  message: MessageContext,
  needs: Needs | undefined,
  deps: ServeDeps,
): Promise<null> {
  try {
    await lookedUp.catch((error: unknown) => lookUpAgain(message, needs, error, deps))
    return await decide(message, deps)
  } catch (error) {
    return fail(message, error, deps)
  }
}

/** Errors of a look-up after which a retry may succeed. */
const awayCodes: ReadonlySet<string> = new Set(['STORE_UNAVAILABLE', 'LOOKUP_QUEUE_FULL'] satisfies ErrorCode[])

/**
 * A look-up has failed. A message with facts waits here for the database, as it would at the commit: without an answer,
 * the charge point would wait for its own time-out. Each connection has one CALL under way, which limits how many wait.
 */
async function lookUpAgain(
  message: MessageContext,
  needs: Needs | undefined,
  failure: unknown,
  deps: ServeDeps,
): Promise<void> {
  let error = failure
  for (;;) {
    const isAway = error instanceof StatorError && awayCodes.has(error.code)
    if (!isAway || message.row.durability !== 'committed' || message.connection.isClosed) throw error
    await new Promise<void>((resolve) => deps.clock.after(lookupRetryMs, resolve))
    try {
      await lookUp(message, needs, deps)
      return
    } catch (again) {
      error = again
    }
  }
}

// ── Decide: what the message means ──────────────────────────────────────────────────────────────────────────────────

/** Asks the handler. Exit: a message without facts and without anomalies is answered at once. */
function decide(message: MessageContext, deps: ServeDeps): Served {
  const { connection, frame, handler, row, receivedAtMs } = message
  const untimedFacts = place(message)
  const decision = handler.decide(frame.payload, message)
  const anomalies = anomaliesOf(message, decision.anomalies)
  const isHeartbeat = row.durability === 'batched'
  deps.store.markSeen(connection.chargePointKey, receivedAtMs, isHeartbeat)
  if (isHeartbeat) connection.lastHeartbeatAtMs = receivedAtMs
  if (row.durability === 'committed') return commit(message, decision, untimedFacts, anomalies, deps)
  answer(message, decision.answer, deps)
  if (anomalies.length > 0) storeAnomalies(message, decision, untimedFacts, anomalies, deps)
  return null
}

/**
 * Finds the place of the message, if its charge point sends facts without a time. Returns what to remember, if that
 * changes.
 */
function place(message: MessageContext): UntimedFacts | null {
  const { frame, live } = message
  const { about } = message.handler
  const { untimedFacts } = live
  if (about === undefined || (frame.lacksTime === undefined && untimedFacts === null)) return null
  const content = frame.lacksTime === undefined ? undefined : frame.content
  const { placed, after } = placing(about(frame.payload, message), content, untimedFacts)
  message.placed = placed
  return after === untimedFacts ? null : after
}

// ── Commit: what the message says becomes durable ───────────────────────────────────────────────────────────────────

/**
 * Exits: a message that was decided from outdated state is decided again; one that was not committed is not answered.
 */
function commit(
  message: MessageContext,
  decision: Decision,
  untimedFacts: UntimedFacts | null,
  anomalies: readonly Anomaly[],
  deps: ServeDeps,
): Promise<null> {
  const set = changeSetOf(message, decision, untimedFacts, anomalies)
  const remembered = rememberedOf(decision, untimedFacts)
  const { connection, row } = message
  const rows = storedBy(row.block, decision.changes, (ref) => message.connector(ref) === undefined)
  return deps.store.commit(set).then(
    (outcome) => {
      if (outcome.isOutdated === true) return decideAgain(message, deps)
      if (!outcome.duplicate) connection.stored(rows)
      publish(message, set, remembered, outcome, deps)
      return answer(message, outcome.answer, deps)
    },
    (error: unknown) => commitFailed(message, error, deps),
  )
}

/**
 * Another node has stored something that this decision did not know: the message is decided again, from what is stored
 * now.
 */
function decideAgain(message: MessageContext, deps: ServeDeps): Served {
  const again = message.again()
  if (again.attempts >= decisionsMax) {
    const sentence = `What is stored of the charge point changed ${decisionsMax} times while this was decided.`
    return fail(message, new StatorError('INTERNAL', sentence), deps)
  }
  message.live.isDoubtful = true
  return prepare(again, deps)
}

// Then it is not known whether PostgreSQL has stored it, and so whether the actor has the committed state. The next
// connection of the charge point reads that state.
function commitFailed(message: MessageContext, error: unknown, deps: ServeDeps): Served {
  if (error instanceof StatorError && error.code === 'STORE_UNAVAILABLE') {
    message.connection.close(closeTryAgainLater, 'The database cannot be reached.')
  }
  return fail(message, error, deps)
}

/** A message without facts but with anomalies: it has been answered, and only the anomalies are stored. */
function storeAnomalies(
  message: MessageContext,
  decision: Decision,
  untimedFacts: UntimedFacts | null,
  anomalies: readonly Anomaly[],
  deps: ServeDeps,
): void {
  const { connection, messageId } = message
  const set = changeSetOf(message, decision, untimedFacts, anomalies)
  deps.store.commit(set).then(
    (outcome) => publish(message, set, rememberedOf(decision, untimedFacts), outcome, deps),
    (error: unknown) => {
      deps.log.warn({ identity: connection.identity, messageId, error }, 'An anomaly was not stored.')
    },
  )
}

// ── Publish: the feed publishes what is committed ────────────────────────────────────────────────────────────────────

function publish(
  { connection, frame }: MessageContext,
  set: ChangeSet,
  remembered: readonly Remembered[] | undefined,
  { duplicate }: CommitOutcome,
  { feed }: ServeDeps,
): void {
  feed.publish({
    chargePoint: connection.chargePoint,
    set,
    isDuplicate: duplicate,
    remembered,
    action: frame.action,
  })
}

// ── Answer ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A SEND has no answer (2.1 Part 4 §4.2.4). */
function answer(message: MessageContext, payload: Payload, { ownFrames, timings }: ServeDeps): null {
  if (message.row.kind === 'send') return null
  ownFrames.answered(message.connection.version, message.frame.action, payload)
  message.connection.send(encodeCallResult(message.messageId, payload))
  timings.answered(message.frame.action, message.nowMs - message.receivedAtMs)
  return null
}

// ── What the error exits have in common ─────────────────────────────────────────────────────────────────────────────

/** A transaction message is never refused: it is not answered, so the charge point sends it again. */
function fail({ connection, frame, row }: MessageContext, error: unknown, deps: ServeDeps): null {
  const { messageId, action } = frame
  const isAway = error instanceof StatorError && error.code !== 'INTERNAL' && row.durability === 'committed'
  if (isAway || row.transactional) {
    leaveUnanswered(connection, messageId, error, deps)
  } else {
    const { identity } = connection
    deps.log.error({ identity, messageId, action, error }, 'A message could not be served.')
    if (row.kind === 'call')
      refuseWith(connection, frame, 'InternalError', 'The central system failed on this message.', deps)
  }
  return null
}

// It is not answered: the charge point keeps the message and sends it again.
function leaveUnanswered({ identity }: Connected, messageId: string, error: unknown, deps: ServeDeps): void {
  deps.counters.framesUnanswered++
  deps.log.warn(
    { identity, messageId, error },
    'A message is left unanswered; the charge point keeps it and will send it again.',
  )
}

function dropFrame({ identity }: Connected, reason: string, deps: ServeDeps): void {
  deps.counters.framesDropped++
  deps.log.info({ identity, reason }, 'A frame was dropped.')
}

function refuseWith(
  connection: Connected,
  { messageId, action }: AcceptedFrame,
  code: CallErrorCode,
  description: string,
  deps: ServeDeps,
): void {
  refuse(connection, { kind: 'refused', messageId, action, code, description, details: { action } }, deps)
}

function refuse(connection: Connected, refused: RefusedFrame, deps: ServeDeps): void {
  const { messageId, action, code, description, details } = refused
  const { identity, version } = connection
  if (rowOf(version, action) !== undefined) connection.noteRefused(action)
  deps.counters.framesRefused.count(code)
  deps.log.info({ identity, messageId, action, code, reason: description }, 'A message was refused.')
  connection.send(encodeCallError(version, messageId, code, description, details))
}
