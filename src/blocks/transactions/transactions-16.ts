// Functional block E, transactions in OCPP 1.6: StartTransaction (§4.8) and StopTransaction (§4.10). They are never
// refused: a message that does not fit is stored with an anomaly.

import type { OCPP16 } from 'typed-ocpp'
import { transactionMove } from '../../../actors/transaction.ts'
import { isoTime } from '../../base/clock.ts'
import { connectorRef16 } from '../availability/connector-status.ts'
import { idTagInfo16, idTokenCandidates } from '../authorization/authorization.ts'
import type {
  Anomaly,
  Change,
  Decision,
  Handler,
  Known,
  KnownTransaction,
  TransactionFact,
  WithoutMeterValues,
} from '../decision.ts'
import { energyWh, ofNoTransaction, registerWh, transactionAnomaly } from '../metering/meter-values.ts'
import { timeMs } from '../notification.ts'
import { concurrencyDoubts, concurrentTransaction, doubts, withConcurrency } from './plausibility.ts'
import { reservationUsed } from './reservation-used.ts'
import { fallAtStop, ofFall } from '../metering/register-falls.ts'
import type { RowChange, TransactionEnd } from '../stored-rows.ts'
import { type About, connectorSubject, sentTimeMs, timeKey, transactionSubject } from '../untimed-facts.ts'

type StartTransaction = OCPP16.StartTransactionRequest
type StopTransaction = WithoutMeterValues<OCPP16.StopTransactionRequest>

/** The subject of stops that name no transaction. */
const noTransaction = transactionSubject(0)

function startAnomalies(start: StartTransaction, transactionId: number, status: string, known: Known): Anomaly[] {
  const anomalies: Anomaly[] = []
  const occupying = known.openTransactions().find((open) => open.evseId === start.connectorId)
  if (occupying !== undefined) {
    anomalies.push({
      kind: 'connectorAlreadyCharging',
      transaction: String(transactionId),
      detail: { connectorId: start.connectorId, openTransactionId: occupying.transactionId },
    })
  }
  if (status !== 'Accepted') {
    anomalies.push({
      kind: 'unauthorizedStart',
      transaction: String(transactionId),
      detail: { idTag: start.idTag, status, connectorId: start.connectorId },
    })
  }
  return anomalies
}

/**
 * 1.6 §4.8. The transaction is stored and gets an id even if the idTag is not accepted: the charge point decides by
 * `idTagInfo.status` whether to continue (§4.8), and energy may already have been delivered.
 */
export const startTransaction: Handler<StartTransaction> = {
  needs: (payload) => ({
    idTokens: idTokenCandidates(payload.idTag),
    newTransactionId: 'always',
    beforeStart: { evseId: payload.connectorId, idToken: payload.idTag, isPriced: false },
  }),
  about: ({ connectorId }) => ({
    subject: connectorSubject(connectorRef16(connectorId)),
    also: [noTransaction],
    isStart: true,
  }),
  decide: (payload, known) => {
    const accepted = idTagInfo16(payload.idTag, known)
    const ref = connectorRef16(payload.connectorId)
    const promised = known.promisedTransactionId({
      ...ref,
      idToken: payload.idTag,
      mayBeDecorated: known.idToken(payload.idTag) === undefined,
    })
    const transactionId = promised ?? known.newTransactionId
    if (transactionId === null) throw new Error('startTransaction was decided without a new transactionId')
    const startedAtMs = timeMs(payload.timestamp, known.receivedAtMs)
    const sentAtMs = sentTimeMs(known.placed, known.sent.timestamp)
    // The previous version wrote a repaired time like this: in UTC if it has no zone.
    const isRepaired = sentAtMs !== null && known.sent.timestamp !== payload.timestamp
    const time = timeKey(known.placed, isRepaired ? isoTime(sentAtMs) : payload.timestamp)
    const begins = { transactionId, evseId: ref.evseId, idToken: payload.idTag, atMs: startedAtMs }
    const concurrent = concurrentTransaction(begins, known)
    const idTagInfo = withConcurrency(accepted, concurrent, known)
    const meterStartWh = registerWh(known.sent.meterStart, payload.meterStart)
    // Some charge points send 0 for "no reservation".
    const reservationId = payload.reservationId === 0 ? null : (payload.reservationId ?? null)
    const started: RowChange<'transactions'> = {
      table: 'transactions',
      row: {
        transactionId,
        stationUse: 1,
        isStartReported: true,
        ...ref,
        idToken: payload.idTag,
        idTokenStatus: idTagInfo.status,
        startedAtMs,
        meterStartWh,
        reservationId,
      },
    }
    return {
      answer: { idTagInfo, transactionId },
      fact: {
        ref: `start:${payload.connectorId}:${known.sent.meterStart}:${time}:${payload.idTag}`,
        seqNo: 0,
        sentAtMs,
        place: known.placed?.place ?? null,
        event: 'Started',
        transactionId,
        occurredAtMs: startedAtMs,
        content: known.content,
        payload: known.verbatim,
      },
      changes: [started, ...reservationUsed(reservationId, transactionId)],
      anomalies: [
        ...startAnomalies(payload, transactionId, accepted.status, known),
        ...concurrencyDoubts(concurrent, payload.idTag, String(transactionId), idTagInfo.status, known),
        ...doubts([started], undefined, String(transactionId), known),
      ],
    }
  },
}

/**
 * The key of a stop is its content, not only the transactionId: ids of 0 and below name no transaction, a charge point
 * may send the stop of a transaction of another central system, and a second stop with other values is another fact.
 * The first stop closes an open transaction; the others are stored with an anomaly.
 */
function stopFact(payload: StopTransaction, known: Known, transaction: KnownTransaction | undefined): TransactionFact {
  const time = payload.transactionId > 0 ? known.sent.timestamp : timeKey(known.placed, known.sent.timestamp)
  return {
    ref: `stop:${payload.transactionId}:${known.sent.meterStop}:${time}`,
    seqNo: 0,
    sentAtMs: sentTimeMs(known.placed, known.sent.timestamp),
    place: known.placed?.place ?? null,
    event: 'Ended',
    transactionId: transaction?.chargePointKey === known.chargePoint.key ? transaction.transactionId : null,
    occurredAtMs: timeMs(payload.timestamp, known.receivedAtMs),
    content: known.content,
    payload: known.verbatim,
  }
}

// A missing register is not 0: it is unknown, unless a meter value has it.
function meterStop(payload: StopTransaction, known: Known): number | null {
  return registerWh(known.sent.meterStop, payload.meterStop) ?? energyWh(known.meter, 'last')
}

function applyStop(
  payload: StopTransaction,
  transaction: KnownTransaction,
  known: Known,
): Pick<Decision, 'changes' | 'anomalies'> {
  const meterStopWh = meterStop(payload, known)
  const { transactionId } = transaction
  const name = String(transactionId)
  const stop: TransactionEnd = {
    stoppedAtMs: timeMs(payload.timestamp, known.receivedAtMs),
    meterStopWh,
    stopReason: payload.reason ?? null,
    stopIdToken: payload.idTag ?? null,
    closedBy: 'station',
  }
  const stopped: Change = { table: 'transactions', transactionId, patch: stop }
  const ofRegister = ofFall(fallAtStop(transaction, stop, known), transactionId, name)
  return {
    changes: [stopped, ...ofRegister.changes],
    anomalies: [...doubts([stopped], transaction, name, known), ...ofRegister.anomalies],
  }
}

function meterPlaceOf(transaction: KnownTransaction | undefined, isOurs: boolean): Pick<Decision, 'meterPlace'> {
  if (transaction === undefined) return ofNoTransaction
  const { evseId, connectorId } = transaction
  return isOurs ? { meterPlace: { connector: { evseId, connectorId } } } : {}
}

/** The subjects of a stop. If it names no known transaction, its connector is unknown. */
function aboutStop({ transactionId }: StopTransaction, known: Known): About {
  if (transactionId <= 0) return { subject: noTransaction, endsStarts: true }
  const transaction = known.transaction(transactionId)
  const subjects = [noTransaction, transactionSubject(transactionId)]
  return transaction?.chargePointKey === known.chargePoint.key
    ? { also: [...subjects, connectorSubject(transaction)] }
    : { also: subjects, endsStarts: true }
}

/**
 * 1.6 §4.10. A stop of a transaction that an operator closed has the real values, so it is applied. A stop of a
 * transaction that is unknown, belongs to another charge point or has already stopped is stored with an anomaly.
 */
export const stopTransaction: Handler<StopTransaction> = {
  needs: (payload) => ({
    ...(payload.idTag === undefined
      ? {}
      : { idTokens: idTokenCandidates(payload.idTag), idTokensOfTransactions: true }),
    ...(payload.transactionId > 0
      ? { transactionIds: [payload.transactionId], lastRegister: 'always', registersAround: true }
      : {}),
  }),
  about: aboutStop,
  decide: (payload, known) => {
    const transaction = payload.transactionId > 0 ? known.transaction(payload.transactionId) : undefined
    const anomaly = transactionAnomaly(payload.transactionId, transaction, known)
    const isOurs = transaction !== undefined && transaction.chargePointKey === known.chargePoint.key
    const applied =
      isOurs && transactionMove(transaction, { type: 'ended', isLate: false, isAfterEnd: true }).isEnd
        ? applyStop(payload, transaction, known)
        : { changes: [], anomalies: [] }
    return {
      answer: payload.idTag === undefined ? {} : { idTagInfo: idTagInfo16(payload.idTag, known) },
      fact: stopFact(payload, known, transaction),
      ...applied,
      anomalies: anomaly === null ? applied.anomalies : [anomaly, ...applied.anomalies],
      ...meterPlaceOf(transaction, isOurs),
    }
  },
}
