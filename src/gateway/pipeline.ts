// One CALL from verdict to answer: look up, decide, commit, move the actor, answer. The answer to a message that carries
// facts leaves after their COMMIT, and never otherwise.

import type { LiveChargePoint } from '../../actors/registry.ts'
import type { Clock } from '../base/clock.ts'
import type { Counters } from '../base/counters.ts'
import { StatorError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { handlerOf } from '../csms/decide.ts'
import type {
  Anomaly,
  ChangeSet,
  CommitOutcome,
  Decision,
  Known,
  KnownIdToken,
  KnownTransaction,
  Needs,
} from '../csms/decision.ts'
import type { MeterBlock, MeterRows } from '../csms/meter-block.ts'
import { bootGate } from '../csms/provisioning.ts'
import type { CallErrorCode } from '../ocpp/call-error.ts'
import { encodeCallError, encodeCallResult } from '../ocpp/frame.ts'
import type { MessageRow } from '../ocpp/message.ts'
import { tables } from '../ocpp/tables.ts'
import type { AcceptedFrame, RefusedFrame, Verdict } from '../ocpp/verdict.ts'
import type { Connection } from './connection.ts'

/** Look-ups that decisions may need; each waits for at most one trip to the database, shared with others. */
export interface Lookups {
  idToken(idToken: string): Promise<KnownIdToken | null>
  transactionById(transactionId: number): Promise<KnownTransaction | null>
  transactionByStationId(chargePointKey: number, stationTransactionId: string): Promise<KnownTransaction | null>
}

export interface PipelineDeps {
  readonly lookups: Lookups
  readonly nextTransactionId: () => number | Promise<number>
  readonly commit: (set: ChangeSet) => Promise<CommitOutcome>
  /** Told that a charge point lives; written in batches. */
  readonly markSeen: (chargePointKey: number, atMs: number, isHeartbeat: boolean) => void
  readonly heartbeatIntervalSeconds: number
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Logger
}

interface LookedUp {
  readonly idTokens: ReadonlyMap<string, KnownIdToken>
  readonly transactions: ReadonlyMap<number | string, KnownTransaction>
  readonly newTransactionId: number | null
}

const nothingLookedUp: LookedUp = { idTokens: new Map(), transactions: new Map(), newTransactionId: null }

/** Serves CALLs of charge points. */
export class Pipeline {
  readonly #deps: PipelineDeps

  constructor(deps: PipelineDeps) {
    this.#deps = deps
  }

  /** Serves one CALL on which a verdict has been reached. Never rejects: whatever happens, the connection goes on. */
  async serve(
    connection: Connection,
    live: LiveChargePoint,
    verdict: Verdict | Error,
    meter: MeterBlock | null,
    receivedAtMs: number,
  ): Promise<void> {
    try {
      live.lastSeenAtMs = receivedAtMs
      if (verdict instanceof Error) {
        this.#leaveUnanswered(connection, '', verdict)
      } else if (verdict.kind === 'dropped') {
        this.#deps.counters.framesDropped++
        this.#deps.log.info({ identity: connection.identity, reason: verdict.reason }, 'A frame was dropped.')
      } else if (verdict.kind === 'refused') {
        this.#refuse(connection, verdict)
      } else {
        await this.#serveCall(connection, live, verdict, meter, receivedAtMs)
      }
    } catch (error) {
      this.#deps.log.error({ identity: connection.identity, error }, 'Serving a frame failed.')
    }
  }

  async #serveCall(
    connection: Connection,
    live: LiveChargePoint,
    frame: AcceptedFrame,
    block: MeterBlock | null,
    receivedAtMs: number,
  ): Promise<void> {
    const row = tables[connection.version][frame.action]
    const handler = handlerOf(connection.version, frame.action)
    if (row === undefined || handler === undefined) {
      this.#refuseWith(connection, frame, 'NotSupported', `${frame.action} is not supported by this central system.`)
      return
    }
    const gate = bootGate(row, frame.action, live.chargePoint, connection.triggered.has(frame.action))
    if (gate === 'refuse') {
      this.#refuseWith(
        connection,
        frame,
        'SecurityError',
        'Send BootNotification first, and wait until it is accepted.',
      )
      return
    }
    const meter: MeterRows | null =
      block === null || frame.meter === null ? null : { block, from: frame.meter.from, to: frame.meter.to }
    try {
      const needs = handler.needs?.(frame.payload, live.chargePoint)
      const lookedUp = needs === undefined ? nothingLookedUp : await this.#lookUp(needs, live)
      const known = this.#known(live, frame, meter, lookedUp, receivedAtMs)
      const decision = handler.decide(frame.payload, known)
      const anomalies = [...decision.anomalies, ...this.#habits(connection, frame, gate === 'serveAndNote')]
      await this.#conclude(connection, live, row, frame, { ...decision, anomalies }, meter, receivedAtMs)
    } catch (error) {
      this.#fail(connection, frame, row, error)
    }
  }

  async #conclude(
    connection: Connection,
    live: LiveChargePoint,
    row: MessageRow,
    frame: AcceptedFrame,
    decision: Decision,
    meter: MeterRows | null,
    receivedAtMs: number,
  ): Promise<void> {
    const isHeartbeat = row.durability === 'batched'
    this.#deps.markSeen(connection.chargePointKey, receivedAtMs, isHeartbeat)
    if (isHeartbeat) live.lastHeartbeatAtMs = receivedAtMs
    const set: ChangeSet = {
      chargePointKey: connection.chargePointKey,
      messageId: frame.messageId,
      epoch: live.epoch,
      receivedAtMs,
      answer: decision.answer,
      ...(decision.fact === undefined ? {} : { fact: decision.fact }),
      changes: decision.changes,
      anomalies: decision.anomalies,
      meter,
      ...(decision.meterConnector === undefined ? {} : { meterConnector: decision.meterConnector }),
    }
    let answer = decision.answer
    if (row.durability === 'committed') {
      const outcome = await this.#deps.commit(set)
      if (outcome.duplicate) {
        this.#deps.counters.duplicates++
      } else {
        live.apply(decision.events)
        this.#noteAnomalies(connection, frame, decision.anomalies)
      }
      answer = outcome.answer
    } else if (decision.anomalies.length > 0) {
      this.#noteAnomalies(connection, frame, decision.anomalies)
      this.#deps.commit(set).catch((error: unknown) => {
        this.#deps.log.warn(
          { identity: connection.identity, messageId: frame.messageId, error },
          'An anomaly was not stored.',
        )
      })
    }
    connection.send(encodeCallResult(frame.messageId, answer))
  }

  async #lookUp(needs: Needs, live: LiveChargePoint): Promise<LookedUp> {
    const { lookups } = this.#deps
    const idTokens = new Map<string, KnownIdToken>()
    const transactions = new Map<number | string, KnownTransaction>()
    let isUnknown = false
    const find = async (id: number | string, look: () => Promise<KnownTransaction | null>): Promise<void> => {
      const transaction = live.transaction(id) ?? (await look())
      if (transaction === null) isUnknown = true
      else transactions.set(id, transaction)
    }
    await Promise.all([
      ...(needs.idTokens ?? []).map(async (idToken) => {
        const found = await lookups.idToken(idToken)
        if (found !== null) idTokens.set(idToken, found)
      }),
      ...(needs.transactionIds ?? []).map((id) => find(id, () => lookups.transactionById(id))),
      ...(needs.stationTransactionIds ?? []).map((id) =>
        find(id, () => lookups.transactionByStationId(live.chargePoint.key, id)),
      ),
    ])
    const wantsId = needs.newTransactionId === 'always' || (needs.newTransactionId === 'ifUnknown' && isUnknown)
    const newTransactionId = wantsId ? await this.#deps.nextTransactionId() : null
    return { idTokens, transactions, newTransactionId }
  }

  #known(
    live: LiveChargePoint,
    frame: AcceptedFrame,
    meter: MeterRows | null,
    lookedUp: LookedUp,
    receivedAtMs: number,
  ): Known {
    return {
      nowMs: this.#deps.clock.nowMs(),
      receivedAtMs,
      messageId: frame.messageId,
      heartbeatIntervalSeconds: this.#deps.heartbeatIntervalSeconds,
      chargePoint: live.chargePoint,
      connector: (ref) => live.connector(ref),
      connectors: () => live.connectors(),
      idToken: (idToken) => lookedUp.idTokens.get(idToken),
      transaction: (id) => lookedUp.transactions.get(id),
      openTransactions: () => live.openTransactions(),
      newTransactionId: lookedUp.newTransactionId,
      promisedTransactionId: (start) => live.promisedTransactionId(start),
      meter,
      sent: frame.sent ?? frame.payload,
    }
  }

  /** Quirks of the frame that this connection has not shown before, as anomalies. */
  #habits(connection: Connection, frame: AcceptedFrame, isBeforeBoot: boolean): Anomaly[] {
    const anomalies: Anomaly[] = []
    if (isBeforeBoot && !connection.quirksNoted.has('beforeBoot')) {
      connection.quirksNoted.add('beforeBoot')
      anomalies.push({ kind: 'beforeBoot', detail: { action: frame.action } })
    }
    for (const quirk of frame.quirks) {
      const habit = `${frame.action}:${quirk.code}`
      if (connection.quirksNoted.has(habit)) continue
      connection.quirksNoted.add(habit)
      anomalies.push({
        kind: 'quirk',
        detail: { quirk: quirk.code, path: quirk.path, sent: quirk.sent, action: frame.action },
      })
    }
    return anomalies
  }

  #noteAnomalies(connection: Connection, frame: AcceptedFrame, anomalies: readonly Anomaly[]): void {
    this.#deps.counters.anomalies += anomalies.length
    for (const anomaly of anomalies) {
      this.#deps.log.info(
        {
          identity: connection.identity,
          messageId: frame.messageId,
          action: frame.action,
          anomaly: anomaly.kind,
          reason: anomaly.detail,
        },
        'A fact breaks an expectation; it is stored.',
      )
    }
  }

  #fail(connection: Connection, frame: AcceptedFrame, row: MessageRow, error: unknown): void {
    const isAway = error instanceof StatorError && error.code !== 'INTERNAL'
    if (isAway && row.durability === 'committed') {
      this.#leaveUnanswered(connection, frame.messageId, error)
      return
    }
    this.#deps.log.error(
      { identity: connection.identity, messageId: frame.messageId, action: frame.action, error },
      'A message could not be served.',
    )
    this.#refuseWith(connection, frame, 'InternalError', 'The central system failed on this message.')
  }

  // No answer is the truth: the charge point keeps the message and sends it again.
  #leaveUnanswered(connection: Connection, messageId: string, error: Error): void {
    this.#deps.counters.framesUnanswered++
    this.#deps.log.warn(
      { identity: connection.identity, messageId, reason: error.message },
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
