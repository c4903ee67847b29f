// An operator corrects the end of a transaction that an operator entered. An end that the station reported cannot be
// corrected.

import { allows } from '../../../actors/transaction.ts'
import { StatorError } from '../../base/errors.ts'
import type { ChangeSet } from '../decision.ts'
import type { TransactionRecord } from '../records.ts'
import type { NewRow } from '../stored-rows.ts'
import { type Closing, hasStopped, requirePlausible } from './route-close.ts'
import type { ApiDeps } from '../../api/deps.ts'

/**
 * Replaces the fields of the end that `correction` has; the others stay. Returns the stored transaction. A correction
 * that changes nothing is not stored, so a request can be repeated if its answer was lost.
 *
 * @param operator name of the operator's API key.
 * @param messageId unique id of this correction: the fact comes from no frame.
 * @throws {StatorError} `CONFLICT` if its station stopped it, or another correction came first; `BAD_REQUEST`, and what
 *   `deps.commit` throws.
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
  // The key is the number of the correction, not its values. So a correction back to an earlier value is stored, and if
  // two operators correct the same values, one of them gets an error.
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
  // The station may have stopped it a moment before. Then the station's stop counts.
  const stored = await deps.queries.transaction(transactionId, 'all')
  if (stored?.closedBy !== 'operator') throw hasStopped(transactionId)
  return stored
}
