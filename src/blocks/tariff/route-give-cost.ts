// Stores what an operator says that a transaction costs, and tells the charge point.

import type { ApiDeps } from '../../api/deps.ts'
import { requireNotElsewhere, sendCommand } from '../../api/send-command.ts'
import { StatorError } from '../../base/errors.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import type { ChangeSet } from '../decision.ts'
import type { ChargePointRecord, TransactionRecord } from '../records.ts'
import { costVocabulary } from './answer-cost.ts'
import { costUpdatedCommand } from './commands.ts'
import type { GivenCost } from './cost-records.ts'

/** How the charge point gets to know it. */
export interface CostDelivery {
  readonly delivery: 'sent' | 'withNextAnswer' | 'stored'
  readonly message: string
}

/** @throws {StatorError} `CONFLICT` if the version has no words for it; null: it is not known. */
export function requireSayable(
  version: OcppVersion | null,
  { transactionLimit, message }: Pick<GivenCost, 'transactionLimit' | 'message'>,
): void {
  if (version === null) return
  const { hasLimit, hasMessage } = costVocabulary[version]
  const unsaid =
    transactionLimit !== undefined && !hasLimit
      ? 'transactionLimit'
      : message !== undefined && !hasMessage
        ? 'message'
        : null
  if (unsaid === null) return
  throw new StatorError('CONFLICT', `OCPP ${version} has no ${unsaid} in the answer to a transaction message`)
}

/**
 * Whether an answer to a later event tells something of it: a cost so far is told while the transaction goes on, if the
 * version can do that, and one that is final at the end.
 */
export function isToldLater(
  version: OcppVersion,
  given: Pick<GivenCost, 'totalCost' | 'isFinal' | 'transactionLimit' | 'message'>,
): boolean {
  const { hasRunningCost, hasLimit, hasMessage } = costVocabulary[version]
  const { totalCost, isFinal, transactionLimit, message } = given
  return (
    (totalCost !== null && (hasRunningCost || (isFinal && hasMessage))) ||
    (hasLimit && transactionLimit !== undefined) ||
    (hasMessage && message !== undefined)
  )
}

/**
 * Stores `given`; after the COMMIT the actor of the charge point knows it. Then it is sent, if that `isUrgent`, or goes
 * with the answer to the next event. That a CostUpdated failed is said in the message: the cost is stored.
 *
 * @throws {StatorError} `CONNECTED_ELSEWHERE`, before anything is stored, if it is urgent and another node has the
 *   charge point; what `deps.commit` throws.
 */
export async function giveCost(
  deps: ApiDeps,
  transaction: TransactionRecord,
  chargePoint: ChargePointRecord | null,
  version: OcppVersion | null,
  given: GivenCost,
  isUrgent: boolean,
): Promise<CostDelivery> {
  const { transactionId, chargePointKey: key, identity, open } = transaction
  const isSent = isUrgent && open && given.totalCost !== null && version !== null && costVocabulary[version].hasMessage
  if (isSent) await requireNotElsewhere(deps, { key, identity })
  const set: ChangeSet = {
    chargePointKey: key,
    messageId: crypto.randomUUID(),
    bytes: 0,
    epoch: 0,
    receivedAtMs: deps.clock.nowMs(),
    answer: {},
    changes: [{ table: 'transactions', transactionId, patch: { givenCost: given } }],
    anomalies: [],
    meter: null,
  }
  await deps.commit(set, { chargePoint: { key, identity }, action: null }).catch((error: unknown) => {
    // It is unknown whether the change is stored. The next connection of the charge point reads the stored state.
    if (error instanceof StatorError && error.code === 'STORE_UNAVAILABLE') {
      deps.live.disconnect({ key, identity }, 'The database cannot be reached.')
    }
    throw error
  })
  if (!open)
    return { delivery: 'stored', message: 'The transaction has stopped: its charge point is not told any more' }
  if (version === null || !costVocabulary[version].hasMessage) {
    return { delivery: 'stored', message: 'The charge point has no message for costs' }
  }
  const later: CostDelivery = isToldLater(version, given)
    ? { delivery: 'withNextAnswer', message: 'The charge point is told with the answer to its next TransactionEvent' }
    : { delivery: 'stored', message: `OCPP ${version} tells a cost that is not final with CostUpdated only` }
  if (!isUrgent || given.totalCost === null || chargePoint === null) return later
  return sendNow(deps, transaction, chargePoint, given.totalCost, later)
}

async function sendNow(
  deps: ApiDeps,
  { transactionId, stationTransactionId }: TransactionRecord,
  chargePoint: ChargePointRecord,
  totalCost: number,
  later: CostDelivery,
): Promise<CostDelivery> {
  const view = deps.live.get(chargePoint)
  if (view === undefined) return { ...later, message: `${later.message}; it is not connected` }
  const station = stationTransactionId ?? transactionId.toString()
  const command = costUpdatedCommand(view.version, { totalCost, stationTransactionId: station })
  if ('reason' in command) return { delivery: 'stored', message: command.reason }
  try {
    await sendCommand(deps, chargePoint, view.version, command)
  } catch (error) {
    if (!(error instanceof StatorError)) throw error
    return { ...later, message: `${later.message}; CostUpdated failed: ${error.message}` }
  }
  return { delivery: 'sent', message: 'The charge point has taken the cost' }
}
