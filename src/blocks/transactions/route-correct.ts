// Correcting the end of a transaction that an operator entered. What a station said of the end is not the operator's to
// change.

import { allows } from '../../../actors/transaction.ts'
import { StatorError } from '../../base/errors.ts'
import type { ChangeSet } from '../decision.ts'
import type { TransactionRecord } from '../records.ts'
import type { NewRow } from '../stored-rows.ts'
import { type Closing, hasStopped, requirePlausible } from './route-close.ts'
import type { ApiDeps } from '../../api/deps.ts'

/**
 * Replaces what `correction` names of the end of `transaction`; answers with the transaction as it is then. What is
 * left out stays. A correction that changes nothing is none: so a request that is sent again, because its answer was
 * lost, finds its work done.
 *
 * @param operator name of the key that the operator came with.
 * @param messageId tells this correction from every other: the fact has no frame whose id it could bear.
 * @throws {StatorError} `CONFLICT` when its station stopped it, or another correction came first; `BAD_REQUEST`, and
 *   what `deps.commit` throws.
 */
export async function correctTransaction(
  deps: Pick<ApiDeps, 'clock' | 'commit'> & { readonly queries: Pick<ApiDeps['queries'], 'transaction'> },
  transaction: TransactionRecord,
  correction: Closing,
  operator: string,
  messageId: string,
): Promise<TransactionRecord> {
  const {
    transactionId,
    stoppedAtMs: stoppedBeforeMs,
    meterStopWh: meterBefore,
    stopReason: reasonBefore,
  } = transaction
  const isCorrectable = allows(transaction, { type: 'correctedByOperator' })
  if (!isCorrectable || stoppedBeforeMs === null) throw hasStopped(transactionId)
  requirePlausible(transaction, correction)
  const row: NewRow<'transactionCorrections'> = {
    transactionId,
    number: transaction.corrections + 1,
    operator,
    stoppedAtMs: correction.stopTime ?? stoppedBeforeMs,
    meterStopWh: correction.meterStop ?? meterBefore,
    stopReason: correction.reason ?? reasonBefore,
  }
  const { number, stoppedAtMs, meterStopWh, stopReason } = row
  if (stoppedAtMs === stoppedBeforeMs && meterStopWh === meterBefore && stopReason === reasonBefore) return transaction
  // The key is the place of the correction, not its values: who corrects back to an earlier value corrects all the
  // same, and of two operators who saw the same values one is told.
  const set: ChangeSet = {
    chargePointKey: transaction.chargePointKey,
    messageId,
    bytes: 0,
    epoch: 0,
    receivedAtMs: deps.clock.nowMs(),
    answer: {},
    fact: {
      ref: `correct:${transactionId}`,
      seqNo: number,
      sentAtMs: null,
      place: null,
      event: 'Ended',
      transactionId,
      occurredAtMs: stoppedAtMs,
      payload: { meterStop: meterStopWh, reason: stopReason, operator },
    },
    changes: [{ table: 'transactionCorrections', row }],
    anomalies: [],
    meter: null,
  }
  const chargePoint = { key: transaction.chargePointKey, identity: transaction.identity }
  const { duplicate } = await deps.commit(set, { chargePoint, action: null })
  if (duplicate) {
    throw new StatorError('CONFLICT', `Transaction '${transactionId}' was corrected meanwhile: read it again`)
  }
  // Its station may have stopped it a moment before: then that counts.
  const stored = await deps.queries.transaction(transactionId)
  if (stored?.closedBy !== 'operator') throw hasStopped(transactionId)
  return stored
}
