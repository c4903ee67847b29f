// One CALL from verdict to answer: look up, decide, commit, move the actor, answer. The answer to a message that carries
// facts leaves after their COMMIT, and never otherwise.

import type { LiveChargePoint } from '../../actors/registry.ts'
import type { Counters } from '../base/counters.ts'
import { type ErrorCode, StatorError } from '../base/errors.ts'
import { mayHoldSecret } from '../base/hide-secrets.ts'
import { decisionsMax, lookupRetryMs } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { Timings } from '../base/timings.ts'
import { handlerOf } from '../csms/decide.ts'
import type {
  ActorEvent,
  Anomaly,
  Change,
  ChangeSet,
  CommitOutcome,
  Handler,
  Needs,
  Payload,
} from '../csms/decision.ts'
import type { FrameMeter, MeterBlock } from '../csms/meter-block.ts'
import { withoutState } from '../csms/overtaken.ts'
import { bootGate } from '../csms/provisioning.ts'
import { placing, type UntimedFacts } from '../csms/untimed-facts.ts'
import type { CallErrorCode } from '../ocpp/call-error.ts'
import { encodeCallError, encodeCallResult } from '../ocpp/frame.ts'
import { rowOf } from '../ocpp/tables.ts'
import type { AcceptedFrame, MeterRange, Quirk, RefusedFrame, Verdict } from '../ocpp/verdict.ts'
import { CallInHand, type Circumstances, type LookupDeps } from './call-in-hand.ts'
import { closeTryAgainLater, type Connection } from './connection.ts'

export interface PipelineDeps extends LookupDeps, Circumstances {
  readonly commit: (set: ChangeSet) => Promise<CommitOutcome>
  /** Lets the actor start once more from what is stored now. */
  readonly rehydrate: (live: LiveChargePoint) => Promise<void>
  /** Told that a charge point lives; written in batches. */
  readonly markSeen: (chargePointKey: number, atMs: number, isHeartbeat: boolean) => void
  readonly counters: Counters
  readonly timings: Pick<Timings, 'answered'>
  readonly log: Logger
}

/** What a look-up fails with that may well succeed later. */
const awayCodes: ReadonlySet<string> = new Set(['STORE_UNAVAILABLE', 'LOOKUP_QUEUE_FULL'] satisfies ErrorCode[])

const noAnomalies: readonly Anomaly[] = []

/** Serves CALLs of charge points. What can be done without waiting is done without waiting. */
export class Pipeline {
  readonly #deps: PipelineDeps

  constructor(deps: PipelineDeps) {
    this.#deps = deps
  }

  /**
   * Serves one CALL on which a verdict has been reached, and tells the connection when it is `served`. Never throws: whatever
   * happens, the connection goes on.
   *
   * @param bytes size of the frame, in UTF-16 units.
   */
  serve(
    connection: Connection,
    live: LiveChargePoint,
    verdict: Verdict | Error,
    meter: MeterBlock | null,
    receivedAtMs: number,
    bytes: number,
  ): void {
    live.lastSeenAtMs = receivedAtMs
    if (verdict instanceof Error) {
      this.#leaveUnanswered(connection, '', verdict)
    } else if (verdict.kind === 'dropped') {
      this.#deps.counters.framesDropped++
      this.#deps.log.info({ identity: connection.identity, reason: verdict.reason }, 'A frame was dropped.')
    } else if (verdict.kind === 'refused') {
      this.#refuse(connection, verdict)
    } else {
      this.#begin(connection, live, verdict, meter, receivedAtMs, bytes)
      return
    }
    connection.served()
  }

  #begin(
    connection: Connection,
    live: LiveChargePoint,
    frame: AcceptedFrame,
    block: MeterBlock | null,
    receivedAtMs: number,
    bytes: number,
  ): void {
    const row = rowOf(connection.version, frame.action)
    const handler = handlerOf(connection.version, frame.action)
    if (row === undefined || handler === undefined) {
      this.#refuseWith(connection, frame, 'NotSupported', `${frame.action} is not supported by this central system.`)
      connection.served()
      return
    }
    const meter = block === null || frame.meter === null ? null : rowsIn(block, frame.meter)
    const call = new CallInHand(connection, live, row, frame, meter, receivedAtMs, this.#deps)
    const gate = bootGate(row, frame.action, live.chargePoint, live.wasAskedFor(frame.action))
    if (gate === 'refuse') {
      const what = 'Send BootNotification first, and wait until it is accepted.'
      this.#refuseWith(connection, frame, 'SecurityError', what)
      connection.served()
      return
    }
    this.#prepare(call, handler, gate === 'serveAndNote', bytes)
  }

  #prepare(call: CallInHand, handler: Handler<Payload>, isBeforeBoot: boolean, bytes: number): void {
    try {
      const needs = handler.needs?.(call.frame.payload, call.live.chargePoint)
      const lookUp = this.#lookUp(call, needs)
      if (lookUp === null) this.#decide(call, handler, isBeforeBoot, bytes)
      else
        lookUp
          .catch((error: unknown) => this.#lookUpAgain(call, needs, error))
          .then(() => this.#decide(call, handler, isBeforeBoot, bytes))
          .catch((error: unknown) => this.#fail(call, error))
    } catch (error) {
      this.#fail(call, error)
    }
  }

  /** Looks up what is not at hand; null when there is nothing to wait for. */
  #lookUp(call: CallInHand, needs: Needs | undefined): Promise<void> | null {
    if (call.live.isDoubtful && call.row.durability === 'committed') return this.#readAgain(call, needs)
    return needs === undefined ? null : call.lookUp(needs, this.#deps)
  }

  async #readAgain(call: CallInHand, needs: Needs | undefined): Promise<void> {
    await this.#deps.rehydrate(call.live)
    if (needs !== undefined) await call.lookUp(needs, this.#deps)
  }

  /**
   * A look-up has failed. What carries facts waits for the database here as it would at the commit: left unanswered, it would
   * keep the charge point waiting for a time-out of its own. Each connection has one CALL under way, which bounds what waits.
   */
  async #lookUpAgain(call: CallInHand, needs: Needs | undefined, failure: unknown): Promise<void> {
    let error = failure
    for (;;) {
      const isAway = error instanceof StatorError && awayCodes.has(error.code)
      if (!isAway || call.row.durability !== 'committed' || call.connection.isClosed) throw error
      await new Promise<void>((resolve) => this.#deps.clock.after(lookupRetryMs, resolve))
      try {
        await this.#lookUp(call, needs)
        return
      } catch (again) {
        error = again
      }
    }
  }

  #decide(call: CallInHand, handler: Handler<Payload>, isBeforeBoot: boolean, bytes: number): void {
    const { connection, live, frame, row, meter, receivedAtMs } = call
    const facts = this.#place(call, handler)
    const decision = handler.decide(frame.payload, call)
    const habits = this.#habits(call, isBeforeBoot)
    const news = decision.anomalies.length === 0 ? noAnomalies : this.#news(call, decision.anomalies)
    const anomalies = habits.length === 0 ? news : [...news, ...habits]
    const isHeartbeat = row.durability === 'batched'
    this.#deps.markSeen(connection.chargePointKey, receivedAtMs, isHeartbeat)
    if (isHeartbeat) live.lastHeartbeatAtMs = receivedAtMs
    if (row.durability !== 'committed' && anomalies.length === 0) {
      this.#answer(call, decision.answer)
      return
    }
    const { answer, fact, meterPlace } = decision
    const { placed } = call
    // Where there is a fact, it recognises the resend.
    const isMeterStored = placed !== null && placed.isResend && fact === undefined
    const all: readonly Change[] =
      facts === null ? decision.changes : [...decision.changes, { kind: 'untimedFacts', facts }]
    const events: readonly ActorEvent[] =
      facts === null ? decision.events : [...decision.events, { type: 'untimedFacts', facts }]
    const set: ChangeSet = {
      chargePointKey: connection.chargePointKey,
      messageId: frame.messageId,
      bytes,
      epoch: live.epoch,
      receivedAtMs,
      answer,
      fact,
      changes: live.isOvertaken ? withoutState(all) : all,
      anomalies,
      meter: isMeterStored ? null : meter,
      meterPlace: placed === null ? meterPlace : { ...meterPlace, place: placed.place },
      isOvertaken: live.isOvertaken,
    }
    if (row.durability === 'committed') {
      this.#deps.commit(set).then(
        (outcome) =>
          outcome.isOutdated === true
            ? this.#decideAgain(call, handler, isBeforeBoot, bytes)
            : this.#conclude(call, set, events, outcome),
        (error: unknown) => this.#failCommit(call, error),
      )
      return
    }
    this.#answer(call, answer)
    this.#noteAnomalies(connection, frame, anomalies)
    this.#deps.commit(set).catch((error: unknown) => {
      const { identity } = connection
      this.#deps.log.warn({ identity, messageId: frame.messageId, error }, 'An anomaly was not stored.')
    })
  }

  /** Another node has stored what the message was decided without: it is decided once more, from what is stored now. */
  #decideAgain(call: CallInHand, handler: Handler<Payload>, isBeforeBoot: boolean, bytes: number): void {
    const again = call.again()
    if (again.attempts >= decisionsMax) {
      const sentence = `What is stored of the charge point changed ${decisionsMax} times while this was decided.`
      this.#fail(call, new StatorError('INTERNAL', sentence))
      return
    }
    call.live.isDoubtful = true
    this.#prepare(again, handler, isBeforeBoot, bytes)
  }

  /** Places the message, if its charge point tells facts without a time; what is to be remembered, if that changes. */
  #place(call: CallInHand, { about }: Handler<Payload>): UntimedFacts | null {
    const { frame, live } = call
    const { untimedFacts } = live
    if (about === undefined || (frame.lacksTime === undefined && untimedFacts === null)) return null
    const content = frame.lacksTime === undefined ? undefined : frame.content
    const { placed, after } = placing(about(frame.payload, call), content, untimedFacts)
    call.placed = placed
    return after === untimedFacts ? null : after
  }

  #conclude(call: CallInHand, set: ChangeSet, events: readonly ActorEvent[], outcome: CommitOutcome): void {
    try {
      if (outcome.duplicate) {
        this.#deps.counters.duplicates++
        // Another connection may have stored it after this one had read what is: what it said is not known here then.
        if (events.length > 0) call.live.isDoubtful = true
      } else {
        call.live.apply(events)
        this.#noteAnomalies(call.connection, call.frame, set.anomalies)
      }
    } catch (error) {
      const { identity } = call.connection
      this.#deps.log.error({ identity, messageId: call.messageId, error }, 'An actor did not take what was committed.')
    }
    this.#answer(call, outcome.answer)
  }

  #answer(call: CallInHand, answer: Payload): void {
    call.connection.send(encodeCallResult(call.messageId, answer))
    this.#deps.timings.answered(call.frame.action, call.nowMs - call.receivedAtMs)
    call.connection.served()
  }

  /** Without what this connection has shown before and is noted once. */
  #news(call: CallInHand, anomalies: readonly Anomaly[]): readonly Anomaly[] {
    return anomalies.filter(({ kind, oncePerConnection }) => oncePerConnection !== true || call.isNews(kind))
  }

  /** Quirks of the frame that this connection has not shown before, as anomalies. */
  #habits(call: CallInHand, isBeforeBoot: boolean): readonly Anomaly[] {
    const { frame } = call
    if (!isBeforeBoot && frame.quirks.length === 0) return noAnomalies
    const anomalies: Anomaly[] = []
    if (isBeforeBoot && call.isNews('beforeBoot')) {
      anomalies.push({ kind: 'beforeBoot', detail: { action: frame.action } })
    }
    for (const quirk of frame.quirks) {
      if (!call.isNews(`${frame.action}:${quirk.code}`)) continue
      anomalies.push({
        kind: 'quirk',
        detail: { quirk: quirk.code, path: quirk.path, sent: shownOf(quirk, frame), action: frame.action },
      })
    }
    return anomalies
  }

  #noteAnomalies(connection: Connection, frame: AcceptedFrame, anomalies: readonly Anomaly[]): void {
    for (const anomaly of anomalies) {
      this.#deps.counters.anomaly(anomaly.kind)
      this.#deps.log.info(
        {
          identity: connection.identity,
          messageId: frame.messageId,
          action: frame.action,
          anomaly: anomaly.kind,
          detail: anomaly.detail,
        },
        'A fact breaks an expectation; it is stored.',
      )
    }
  }

  // Nobody knows then whether PostgreSQL has stored it, and so whether the actor shows what is committed. The next connection of the
  // charge point reads what is.
  #failCommit(call: CallInHand, error: unknown): void {
    if (error instanceof StatorError && error.code === 'STORE_UNAVAILABLE') {
      call.connection.close(closeTryAgainLater, 'The database cannot be reached.')
    }
    this.#fail(call, error)
  }

  #fail({ connection, frame, row }: CallInHand, error: unknown): void {
    const isAway = error instanceof StatorError && error.code !== 'INTERNAL' && row.durability === 'committed'
    if (isAway || row.transactional) {
      this.#leaveUnanswered(connection, frame.messageId, error)
    } else {
      const { identity } = connection
      const { messageId, action } = frame
      this.#deps.log.error({ identity, messageId, action, error }, 'A message could not be served.')
      this.#refuseWith(connection, frame, 'InternalError', 'The central system failed on this message.')
    }
    connection.served()
  }

  // No answer is the truth: the charge point keeps the message and sends it again.
  #leaveUnanswered(connection: Connection, messageId: string, error: unknown): void {
    this.#deps.counters.framesUnanswered++
    this.#deps.log.warn(
      { identity: connection.identity, messageId, error },
      'A message is left unanswered; the charge point keeps it and will send it again.',
    )
  }

  #refuseWith(connection: Connection, frame: AcceptedFrame, code: CallErrorCode, description: string): void {
    const { messageId, action } = frame
    this.#refuse(connection, { kind: 'refused', messageId, action, code, description, details: { action } })
  }

  #refuse(connection: Connection, refused: RefusedFrame): void {
    this.#deps.counters.framesRefused++
    this.#deps.log.info(
      {
        identity: connection.identity,
        messageId: refused.messageId,
        action: refused.action,
        code: refused.code,
        reason: refused.description,
      },
      'A message was refused.',
    )
    connection.send(
      encodeCallError(connection.version, refused.messageId, refused.code, refused.description, refused.details),
    )
  }
}

/** What stood where a repair put something else; a password is not shown. */
function shownOf({ path, sent }: Quirk, { sentText, sent: before, payload }: AcceptedFrame): unknown {
  if (sent === undefined || sent === null) return sent
  return mayHoldSecret(path, sentText ?? JSON.stringify(before ?? payload)) ? '***' : sent
}

function rowsIn(block: MeterBlock, { from, to, registers }: MeterRange): FrameMeter {
  return { block, from, to, registers }
}
