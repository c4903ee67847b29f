// Functional block E, transactions: finds facts of either version that are implausible. It refuses and changes nothing:
// the fact is stored as it was sent, with an anomaly that says what is wrong.

import { isoTime } from '../../base/clock.ts'
import { findIdToken, idTokenCandidates } from '../authorization/authorization.ts'
import type { Anomaly, Change, Known, KnownTransaction } from '../decision.ts'
import { registerFall } from '../metering/energy.ts'
import { readingAtStart, type RegisterOfStart } from '../metering/transaction-registers.ts'
import { isOf, isTransactionPatch, type NewRow, type TransactionPatch } from '../stored-rows.ts'

/** The fields of a transaction that the checks use. */
type Begun = RegisterOfStart & Pick<NewRow<'transactions'>, 'transactionId' | 'evseId' | 'idToken' | 'isStartReported'>

/**
 * The anomalies of a transaction when `changes` start, correct or end it. Registers that fall in the middle are found
 * by `fallAtStop`.
 *
 * @param transaction its state before; undefined if it starts now.
 * @param name the charge point's name for the transaction.
 */
export function doubts(
  changes: readonly Change[],
  transaction: KnownTransaction | undefined,
  name: string,
  known: Known,
): Anomaly[] {
  // Nearly always: an event on the way says nothing of start, end or card.
  if (!changes.some(isDoubtful)) return []
  const anomalies: Anomaly[] = []
  let begun: Begun | undefined =
    transaction === undefined
      ? undefined
      : { ...transaction, isStartReported: transaction.story?.isStartReported ?? true }
  for (const change of changes) {
    if (isOf('transactions', change)) {
      begun = change.row
      anomalies.push(...startDoubts(begun, name, known))
    }
    if (!isTransactionPatch(change) || begun === undefined) continue
    const { patch } = change
    if (typeof patch.stoppedAtMs === 'number')
      anomalies.push(...stopDoubts(begun, patch, patch.stoppedAtMs, name, known))
    begun = { ...begun, ...patch }
    if (patch.startedAtMs !== undefined) anomalies.push(...startDoubts(begun, name, known))
    // The card of the start may come after the end, and each later message may repeat it.
    if (patch.idToken !== transaction?.idToken) {
      anomalies.push(...cardDoubts(patch.idToken, transaction?.stopIdToken, name, known))
    }
  }
  return anomalies
}

/** Whether a change says something that is compared with what is known. */
function isDoubtful(change: Change): boolean {
  if (!isTransactionPatch(change)) return isOf('transactions', change)
  const { startedAtMs, stoppedAtMs, idToken } = change.patch
  return startedAtMs !== undefined || stoppedAtMs !== undefined || idToken !== undefined
}

/** Compares a start with the last stop of its connector, unless that stop is later by the charge point's clock. */
function startDoubts(begun: Begun, name: string, known: Known): Anomaly[] {
  const lastStop = known.beforeStart?.lastStop ?? null
  const start = readingAtStart(begun)
  if (lastStop === null || start === undefined) return []
  if (lastStop.transactionId === begun.transactionId || lastStop.stoppedAtMs > start.atMs) return []
  const fall = registerFall(lastStop.meterStopWh, start.wh)
  if (fall === 'none') return []
  const detail = {
    evseId: begun.evseId,
    meterStart: start.wh,
    lastMeterStop: lastStop.meterStopWh,
    lastTransactionId: lastStop.transactionId,
  }
  if (fall === 'rounding') return [{ kind: 'meterRounding', transaction: name, detail }]
  // Some charge points always count each transaction from zero, so one anomaly is enough.
  return start.wh === 0
    ? [{ kind: 'registerPerSession', transaction: name, detail, oncePerConnection: true }]
    : [{ kind: 'startBelowLastStop', transaction: name, detail }]
}

function stopDoubts(
  begun: Begun,
  { meterStopWh = null, stopIdToken }: TransactionPatch,
  stoppedAtMs: number,
  name: string,
  known: Known,
): Anomaly[] {
  const anomalies: Anomaly[] = []
  const isBeforeStart = stoppedAtMs < begun.startedAtMs
  // If the start has not come, `startedAtMs` is only the time of a later event.
  const isOlderThanKnown = isBeforeStart && !begun.isStartReported
  if (isBeforeStart && !isOlderThanKnown) {
    const detail = { startTime: isoTime(begun.startedAtMs), stopTime: isoTime(stoppedAtMs) }
    anomalies.push({ kind: 'stopBeforeStart', transaction: name, detail })
  }
  const start = readingAtStart(begun)
  if (start !== undefined && meterStopWh !== null && !isOlderThanKnown) {
    const fall = registerFall(start.wh, meterStopWh)
    const detail = { meterStart: start.wh, meterStop: meterStopWh }
    if (fall === 'rounding') anomalies.push({ kind: 'meterRounding', transaction: name, detail })
    if (fall === 'backwards') anomalies.push({ kind: 'meterBackwards', transaction: name, detail })
  }
  return [...anomalies, ...cardDoubts(begun.idToken, stopIdToken, name, known)]
}

/** The anomaly of a stop with another card than the start; none if one of the two is unknown. */
function cardDoubts(
  idTag: string | null | undefined,
  stopIdTag: string | null | undefined,
  name: string,
  known: Known,
): readonly Anomaly[] {
  if (!idTag || !stopIdTag || mayStop(idTag, stopIdTag, known)) return []
  return [{ kind: 'stopByOtherCard', transaction: name, detail: { idTag, stopIdTag } }]
}

/**
 * The open transaction of the same card at the start of another one, if there is one: on another EVSE of this charge
 * point, or on another charge point. A transaction on the same EVSE does not count (`connectorAlreadyCharging` reports
 * it), nor one that started later than a start that is reported late.
 */
export function concurrentTransaction(
  start: { readonly transactionId: number; readonly evseId: number; readonly idToken: string; readonly atMs: number },
  known: Known,
): KnownTransaction | undefined {
  const open = (known.beforeStart?.openOfIdToken ?? []).filter(
    (other) =>
      other.transactionId !== start.transactionId &&
      (!isOwn(other, known) || other.evseId !== start.evseId || start.evseId === 0) &&
      other.startedAtMs <= start.atMs &&
      other.idToken !== null &&
      isSameCard(other.idToken, start.idToken, known),
  )
  return open.find((other) => isOwn(other, known)) ?? open[0]
}

function isOwn(transaction: KnownTransaction, known: Known): boolean {
  return transaction.chargePointKey === known.chargePoint.key
}

/**
 * The anomaly of a transaction that starts while `open` has the same id token. If concurrent transactions are accepted,
 * a card may be used on two charge points (a fleet, a family); on two connectors of one charge point it is still an
 * anomaly.
 */
export function concurrencyDoubts(
  open: KnownTransaction | undefined,
  idToken: string,
  name: string,
  status: string,
  known: Known,
): Anomaly[] {
  if (open === undefined || (known.concurrentTransactions === 'accept' && !isOwn(open, known))) return []
  const detail = { idTag: idToken, openTransactionId: open.transactionId, status }
  return [{ kind: 'concurrentTransaction', transaction: name, detail }]
}

/**
 * `info` for the answer. The status is ConcurrentTx (1.6 §7.2, 2.x AuthorizationStatusEnumType) if the id token already
 * has the transaction `open` and `Security.ConcurrentTransactions` is `deny`.
 */
export function withConcurrency<Info extends { readonly status: string }>(
  info: Info,
  open: KnownTransaction | undefined,
  known: Known,
): Info | (Info & { readonly status: 'ConcurrentTx' }) {
  const isDenied = open !== undefined && known.concurrentTransactions === 'deny' && info.status === 'Accepted'
  return isDenied ? { ...info, status: 'ConcurrentTx' } : info
}

/** Whether two id tokens are the same card. Case is ignored, and so is a suffix that does not make it another card. */
function isSameCard(one: string, other: string, known: Known): boolean {
  const [card, otherCard] = [findIdToken(one, known)?.idToken, findIdToken(other, known)?.idToken]
  if (card === undefined && otherCard === undefined) {
    return isFormOf(one, other) || isFormOf(other, one)
  }
  return isSameText(card ?? one, otherCard ?? other)
}

function isFormOf(form: string, idToken: string): boolean {
  return idTokenCandidates(idToken).some((candidate) => isSameText(candidate, form))
}

/** 1.6 §4.10, 2.0.1 C09: a card may stop its own transactions, and those of the cards in its group. */
function mayStop(startToken: string, stopToken: string, known: Known): boolean {
  if (isSameCard(startToken, stopToken, known)) return true
  const [start, stop] = [findIdToken(startToken, known), findIdToken(stopToken, known)]
  const [parent, stopParent] = [start?.parentIdTag, stop?.parentIdTag]
  if (parent && stopParent && isSameText(parent, stopParent)) return true
  if (parent && isSameText(parent, stop?.idToken ?? stopToken)) return true
  return !!stopParent && isSameText(stopParent, start?.idToken ?? startToken)
}

function isSameText(one: string, other: string): boolean {
  return one.trim().toLowerCase() === other.trim().toLowerCase()
}
