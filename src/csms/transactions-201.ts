// Functional block E, transactions, as OCPP 2.x tells them: TransactionEvent (2.0.1 E01–E15). Events may come late, twice,
// out of order or without their beginning; each is stored, and the transaction is pieced together from what has come.

import type { OCPP20 } from 'typed-ocpp'
import { idTokenCandidates, idTokenInfo201 } from './authorization.ts'
import { chargingStatus, connectorStatusChanges, connectorTooMany, isChargingStatus } from './availability.ts'
import type {
  ActorEvent,
  Anomaly,
  Change,
  ConnectorRef,
  ConnectorStatus,
  Handler,
  Known,
  KnownTransaction,
  Needs,
} from './decision.ts'
import { energyWh, type WithoutMeterValues } from './metering.ts'
import { timeMs } from './notification.ts'
import { concurrencyDoubts, concurrentTransaction, doubts, withConcurrency } from './plausibility.ts'

type TransactionEvent = WithoutMeterValues<OCPP20.TransactionEventRequest>

/** What one event adds to a transaction. */
interface Outcome {
  readonly changes: Change[]
  readonly anomalies: Anomaly[]
  readonly events: ActorEvent[]
}

function connectorOf(event: TransactionEvent, transaction: KnownTransaction | undefined): ConnectorRef {
  if (event.evse !== undefined) {
    return { evseId: event.evse.id, connectorId: event.evse.connectorId ?? (event.evse.id === 0 ? 0 : 1) }
  }
  return { evseId: transaction?.evseId ?? 0, connectorId: transaction?.connectorId ?? 0 }
}

function begin(event: TransactionEvent, transactionId: number, idTokenStatus: string | null, known: Known): Outcome {
  const info = event.transactionInfo
  const chargingState = info.chargingState ?? null
  const transaction: KnownTransaction = {
    transactionId,
    chargePointKey: known.chargePoint.key,
    stationTransactionId: info.transactionId,
    ...connectorOf(event, undefined),
    idToken: event.idToken?.idToken ?? null,
    startedAtMs: timeMs(event.timestamp, known.receivedAtMs),
    meterStartWh: energyWh(known.meter, 'first'),
    open: true,
    closedBy: null,
  }
  const { open: _open, closedBy: _closedBy, chargePointKey: _key, ...stored } = transaction
  return {
    changes: [
      {
        kind: 'transactionStarted',
        ...stored,
        idTokenType: event.idToken?.type ?? null,
        idTokenStatus,
        reservationId: event.reservationId ?? null,
        remoteStartId: info.remoteStartId ?? null,
        chargingState,
      },
    ],
    anomalies:
      event.eventType === 'Started' ? [] : [{ kind: 'missingStart', transaction: info.transactionId, detail: {} }],
    events: [{ type: 'transactionStarted', transaction, chargingState }],
  }
}

function goOn(
  event: TransactionEvent,
  transaction: KnownTransaction,
  idTokenStatus: string | null,
  known: Known,
): Outcome {
  const { transactionId } = transaction
  const { chargingState, remoteStartId } = event.transactionInfo
  const isStart = event.eventType === 'Started'
  const startedAtMs = isStart ? timeMs(event.timestamp, known.receivedAtMs) : null
  const meterStartWh = isStart ? energyWh(known.meter, 'first') : null
  // The token of an Ended event is the one that stopped the transaction.
  const idToken = event.eventType === 'Ended' ? undefined : event.idToken
  const connector = event.evse === undefined ? undefined : connectorOf(event, transaction)
  const corrections = {
    ...(idToken === undefined ? {} : { idToken: idToken.idToken }),
    ...(startedAtMs === null ? {} : { startedAtMs }),
    ...(meterStartWh === null ? {} : { meterStartWh }),
  }
  return {
    changes: [
      {
        kind: 'transactionUpdated',
        transactionId,
        ...connector,
        ...corrections,
        ...(idToken === undefined ? {} : { idTokenType: idToken.type }),
        ...(idToken === undefined || idTokenStatus === null ? {} : { idTokenStatus }),
        ...(chargingState === undefined ? {} : { chargingState }),
        ...(remoteStartId === undefined ? {} : { remoteStartId }),
      },
    ],
    anomalies: transaction.open
      ? []
      : [
          {
            kind: 'closedTransaction',
            transaction: event.transactionInfo.transactionId,
            detail: { eventType: event.eventType },
          },
        ],
    events: [
      {
        type: 'transactionUpdated',
        transactionId,
        chargingState: chargingState ?? null,
        ...(connector === undefined ? {} : { connector }),
        ...corrections,
      },
    ],
  }
}

function end(event: TransactionEvent, transactionId: number, known: Known): Outcome {
  const meterStopWh = energyWh(known.meter, 'last')
  return {
    changes: [
      {
        kind: 'transactionStopped',
        transactionId,
        stoppedAtMs: timeMs(event.timestamp, known.receivedAtMs),
        meterStopWh,
        reason: event.transactionInfo.stoppedReason ?? null,
        idToken: event.idToken?.idToken ?? null,
        closedBy: 'station',
      },
    ],
    anomalies: [],
    events: [{ type: 'transactionStopped', transactionId }],
  }
}

/** The status that the connector takes from the charging state of its transaction; null when it keeps its own. */
function connectorStatusAfter(event: TransactionEvent, before: ConnectorStatus): ConnectorStatus | null {
  if (event.eventType === 'Ended') return isChargingStatus(before) ? 'Occupied' : null
  const { chargingState } = event.transactionInfo
  return chargingState === undefined ? null : chargingStatus(chargingState)
}

function connectorOutcome(event: TransactionEvent, transaction: KnownTransaction | undefined, known: Known): Outcome {
  const nothing = { changes: [], anomalies: [], events: [] }
  const ref = connectorOf(event, transaction)
  if (ref.evseId === 0 || event.offline === true) return nothing
  const before = known.connector(ref)?.status ?? 'Unknown'
  const status = connectorStatusAfter(event, before)
  if (status === null || status === before) return nothing
  const tooMany = connectorTooMany(ref, known)
  if (tooMany !== null) return { ...nothing, anomalies: [tooMany] }
  const changes = connectorStatusChanges(
    {
      kind: 'connectorStatus',
      ...ref,
      status,
      statusSent: event.transactionInfo.chargingState ?? 'Occupied',
      errorCode: null,
      info: null,
      vendorId: null,
      vendorErrorCode: null,
      occurredAtMs: timeMs(event.timestamp, known.receivedAtMs),
    },
    known,
  )
  return { changes, anomalies: [], events: [{ type: 'connectorStatus', ...ref, status }] }
}

/** By remoteStartId (2.0.1 F01), or by EVSE and id token where a start leaves that out. */
function promisedId(event: TransactionEvent, known: Known): number | undefined {
  const { remoteStartId } = event.transactionInfo
  if (remoteStartId !== undefined) return known.promisedTransactionId({ remoteStartId })
  if (event.eventType !== 'Started' || event.evse === undefined || event.idToken === undefined) return undefined
  const { idToken } = event.idToken
  const mayBeDecorated = known.idToken(idToken) === undefined
  return known.promisedTransactionId({ ...connectorOf(event, undefined), idToken, mayBeDecorated })
}

function newId(event: TransactionEvent, known: Known): number {
  const id = promisedId(event, known) ?? known.newTransactionId
  if (id === null) throw new Error('transactionEvent was decided without a new transactionId')
  return id
}

/** The card of an event; null when it has none. A token of type NoAuthorization is nobody's (2.0.1 C02). */
function cardOf({ idToken }: TransactionEvent): string | null {
  return idToken === undefined || idToken.type === 'NoAuthorization' || idToken.idToken === '' ? null : idToken.idToken
}

function plausibilityNeeds(event: TransactionEvent): Needs {
  const idToken = cardOf(event)
  if (event.eventType === 'Ended') return idToken === null ? {} : { idTokensOfTransactions: true }
  // The cable may have begun the transaction, and the card comes with a later event.
  return event.eventType === 'Started' || idToken !== null
    ? { beforeStart: { evseId: event.evse?.id ?? 0, idToken } }
    : {}
}

/** The open transaction of the same card, when this event brings the transaction its card. */
function concurrentWith(
  event: TransactionEvent,
  transaction: KnownTransaction | undefined,
  transactionId: number,
  known: Known,
): KnownTransaction | undefined {
  const idToken = cardOf(event)
  if (idToken === null || event.eventType === 'Ended') return undefined
  if (event.eventType !== 'Started' && transaction !== undefined && transaction.idToken !== null) return undefined
  const atMs = timeMs(event.timestamp, known.receivedAtMs)
  return concurrentTransaction({ transactionId, evseId: connectorOf(event, transaction).evseId, idToken, atMs }, known)
}

/**
 * 2.0.1 E01–E15. The key of the fact is the transaction, its seqNo, and what the event itself says of its kind and time:
 * some charge points number every event 0, and their events must not swallow each other.
 */
export const transactionEvent: Handler<TransactionEvent> = {
  needs: (event) => ({
    stationTransactionIds: [event.transactionInfo.transactionId],
    newTransactionId: 'ifUnknown',
    ...(event.idToken === undefined ? {} : { idTokens: idTokenCandidates(event.idToken.idToken) }),
    ...plausibilityNeeds(event),
  }),
  decide: (event, known) => {
    const station = event.transactionInfo.transactionId
    const transaction = known.transaction(station)
    const transactionId = transaction?.transactionId ?? newId(event, known)
    const concurrent = concurrentWith(event, transaction, transactionId, known)
    const idTokenInfo =
      event.idToken === undefined ? null : withConcurrency(idTokenInfo201(event.idToken, known), concurrent, known)
    const idTokenStatus = idTokenInfo?.status ?? null
    const parts: Outcome[] = [
      transaction === undefined
        ? begin(event, transactionId, idTokenStatus, known)
        : goOn(event, transaction, idTokenStatus, known),
    ]
    if (event.eventType === 'Ended' && transaction?.closedBy !== 'station') {
      parts.push(end(event, transactionId, known))
    }
    if (transaction?.open !== false) parts.push(connectorOutcome(event, transaction, known))
    const unauthorized =
      event.eventType === 'Started' && !['Accepted', 'ConcurrentTx'].includes(idTokenStatus ?? 'Accepted')
        ? [{ kind: 'unauthorizedStart' as const, transaction: station, detail: { status: idTokenStatus } }]
        : []
    const changes = parts.flatMap((part) => part.changes)
    return {
      answer: idTokenInfo === null ? {} : { idTokenInfo },
      fact: {
        ref: `tx:${station}:${event.eventType}:${known.sent.timestamp}`,
        seqNo: event.seqNo,
        event: event.eventType,
        transactionId,
        occurredAtMs: timeMs(event.timestamp, known.receivedAtMs),
        payload: known.verbatim,
      },
      changes,
      anomalies: [
        ...parts.flatMap((part) => part.anomalies),
        ...unauthorized,
        ...concurrencyDoubts(concurrent, event.idToken?.idToken ?? '', station, idTokenStatus ?? '', known),
        ...doubts(changes, transaction, station, known),
      ],
      events: parts.flatMap((part) => part.events),
      ...(event.evse === undefined ? { meterPlace: { connector: connectorOf(event, transaction) } } : {}),
    }
  },
}
