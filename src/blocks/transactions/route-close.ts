// An operator closes a transaction that will never end by itself.

import { allows } from '../../../actors/transaction.ts'
import { StatorError } from '../../base/errors.ts'
import type { ChangeSet } from '../decision.ts'
import { readingAtStart } from '../metering/transaction-registers.ts'
import type { TransactionRecord } from '../records.ts'
import type { TransactionEnd } from '../stored-rows.ts'
import type { ApiDeps } from '../../api/deps.ts'
import { badRequest } from '../../api/errors.ts'

/** The end, as the operator enters it. */
export interface Closing {
  /** Wh; unknown if left out. */
  readonly meterStop?: number | undefined
  /** Milliseconds since the Unix epoch; now if left out. */
  readonly stopTime?: number | undefined
  readonly reason?: string | undefined
}

/**
 * Closes `transaction`. After the COMMIT its charge point's actor applies the change. Returns the stored transaction.
 *
 * @param messageId unique id of this closing: the fact comes from no frame.
 * @throws {StatorError} `CONFLICT` if it has stopped in the meantime, `BAD_REQUEST`, and what `deps.commit` throws.
 */
export async function closeTransaction(
  deps: Pick<ApiDeps, 'clock' | 'commit' | 'live'> & { readonly queries: Pick<ApiDeps['queries'], 'transaction'> },
  transaction: TransactionRecord,
  { meterStop, stopTime, reason }: Closing,
  messageId: string,
): Promise<TransactionRecord> {
  const { transactionId, startedAtMs } = transaction
  const chargePoint = { key: transaction.chargePointKey, identity: transaction.identity }
  if (!allows(transaction, { type: 'closedByOperator' })) throw hasStopped(transactionId)
  const nowMs = deps.clock.nowMs()
  const stoppedAtMs = stopTime ?? Math.max(nowMs, startedAtMs)
  requirePlausible(transaction, { meterStop, stopTime })
  const end: TransactionEnd = {
    stoppedAtMs,
    meterStopWh: meterStop ?? null,
    stopReason: reason ?? null,
    stopIdToken: null,
    closedBy: 'operator',
  }
  // The fact prevents two operators from closing it twice. A later stop of the station has another key.
  const about = { chargePoint, action: null }
  const set: ChangeSet = {
    chargePointKey: transaction.chargePointKey,
    messageId,
    bytes: 0,
    epoch: 0,
    receivedAtMs: nowMs,
    answer: {},
    fact: {
      ref: `close:${transactionId}`,
      seqNo: 0,
      sentAtMs: null,
      place: null,
      event: 'Ended',
      transactionId,
      occurredAtMs: stoppedAtMs,
      payload: { meterStop: end.meterStopWh, reason: end.stopReason },
    },
    changes: [{ table: 'transactions', transactionId, patch: end }],
    anomalies: [],
    meter: null,
  }
  const { duplicate } = await deps.commit(set, about).catch((error: unknown) => {
    // It is unknown whether the change is stored. The next connection of the charge point reads the stored state.
    if (error instanceof StatorError && error.code === 'STORE_UNAVAILABLE') {
      deps.live.disconnect(chargePoint, 'The database cannot be reached.')
    }
    throw error
  })
  if (duplicate) throw hasStopped(transactionId)
  // The station may have stopped it a moment before. Then the station's stop counts.
  const stored = await deps.queries.transaction(transactionId, 'all')
  if (stored?.closedBy !== 'operator') throw hasStopped(transactionId)
  return stored
}

/** @throws {StatorError} `BAD_REQUEST` if the end is before the start of `transaction`, by time or by meter. */
export function requirePlausible(transaction: TransactionRecord, { meterStop, stopTime }: Closing): void {
  if (stopTime !== undefined && stopTime < transaction.startedAtMs) {
    throw badRequest('stopTime', 'Stop time must not be before the transaction began')
  }
  const start = readingAtStart(transaction)
  if (meterStop !== undefined && start !== undefined && meterStop < start.wh) {
    throw badRequest('meterStop', `Meter stop must not be below the meter start, which is ${start.wh} Wh`)
  }
}

/** The error for a transaction that an operator can no longer end. */
export function hasStopped(transactionId: number): StatorError {
  return new StatorError('CONFLICT', `Transaction '${transactionId}' has already stopped`)
}
