// Functional block E, transactions, as OCPP 2.x tells them: TransactionEvent (2.0.1 E01–E15). Events may come late,
// twice, out of order or without their beginning; each is stored, and the transaction is pieced together from what has
// come.

import { type TransactionMove, transactionMove } from '../../../actors/transaction.ts'
import { idTokenCandidates, idTokenInfo201 } from '../authorization/authorization.ts'
import {
  chargingStatus,
  connectorStatusChanges,
  connectorTooMany,
  isChargingStatus,
  moveConnector,
} from '../availability/connector-status.ts'
import type {
  Anomaly,
  Change,
  ConnectorStatus,
  Handler,
  Known,
  KnownTransaction,
  Needs,
  Remembered,
} from '../decision.ts'
import { connectorOf, type TransactionEvent } from './event-connector.ts'
import { energyWh } from '../metering/meter-values.ts'
import { timeMs } from '../notification.ts'
import { concurrencyDoubts, concurrentTransaction, doubts, withConcurrency } from './plausibility.ts'
import {
  fallAfterStart,
  fallAround,
  fallAtStop,
  fallIn,
  lastReading,
  laterReading,
  ofFall,
} from '../metering/register-falls.ts'
import { readingAtStart } from '../metering/transaction-registers.ts'
import { stationTransactionIdOf } from '../station-transaction-id.ts'
import type { TransactionEnd, TransactionPatch } from '../stored-rows.ts'
import { chosenTransaction, isOlder, orderAnomaly, storyAfter, toldOf, type ToldEvent } from './transaction-story.ts'
import { type About, connectorSubject, sentTimeMs, timeKey, transactionSubject } from '../untimed-facts.ts'

/** What one event adds to a transaction. */
interface Outcome {
  readonly changes: readonly Change[]
  readonly anomalies: readonly Anomaly[]
  readonly remembers?: readonly Remembered[]
}

/** An event with what is known about it. */
interface Facts {
  readonly event: TransactionEvent
  /** The id that the charge point gave the transaction, as it is kept. */
  readonly station: string
  readonly told: ToldEvent
  readonly known: Known
}

/** An event with what there is to know when it is decided. */
interface Case extends Facts {
  readonly idTokenStatus: string | null
}

const nothing: Outcome = { changes: [], anomalies: [] }

function begin({ event, station, told, known, idTokenStatus }: Case, transactionId: number, use: number): Outcome {
  const info = event.transactionInfo
  const { evseId, connectorId } = connectorOf(event, undefined, known)
  const isStart = event.eventType === 'Started'
  const token = tokenOfBeginning(event)
  const story = {
    use,
    isStartTold: isStart,
    lastEventAtMs: told.atMs,
    lastSeqNo: told.seqNo,
    firstHeardAtMs: known.receivedAtMs,
    heardAtMs: known.receivedAtMs,
    stoppedAtMs: null,
  }
  const anomalies: Anomaly[] = []
  if (!isStart) anomalies.push({ kind: 'missingStart', transaction: station, detail: {} })
  if (use > 1) anomalies.push({ kind: 'transactionIdReused', transaction: station, detail: { use } })
  return {
    changes: [
      {
        table: 'transactions',
        row: {
          transactionId,
          stationTransactionId: station,
          stationUse: use,
          isStartTold: isStart,
          lastEventAtMs: told.atMs,
          lastSeqNo: told.seqNo,
          evseId,
          connectorId,
          idToken: token?.idToken ?? null,
          idTokenType: token?.type ?? null,
          idTokenStatus: token === undefined ? null : idTokenStatus,
          startedAtMs: told.atMs,
          // What another event has is a register of later; that of the start is found among the meter values.
          meterStartWh: isStart ? energyWh(known.meter, 'first') : (known.meter?.registers.begin ?? null),
          reservationId: event.reservationId ?? null,
          remoteStartId: info.remoteStartId ?? null,
          chargingState: info.chargingState ?? null,
        },
      },
    ],
    anomalies,
    remembers: [{ type: 'story', transactionId, story }],
  }
}

/** The token that a transaction may have begun with; that of an Ended event is the one that stopped it. */
function tokenOfBeginning({ eventType, idToken }: TransactionEvent): TransactionEvent['idToken'] {
  return eventType === 'Ended' ? undefined : idToken
}

/** What a start says about the beginning: all of it when no earlier start is known, else what is missing. */
function beginningOf({ event, told, known }: Facts, transaction: KnownTransaction) {
  const isStart = event.eventType === 'Started'
  const { story } = transaction
  const isEarlier = told.hasTime && told.atMs < transaction.startedAtMs
  const counts = isStart && (story?.isStartTold !== true || isEarlier)
  // Some charge points tell the register of the start with the end, or with any other event.
  const register = isStart ? energyWh(known.meter, 'first') : (known.meter?.registers.begin ?? null)
  const token = tokenOfBeginning(event)
  const isTokenNew = token !== undefined && (transaction.idToken === null || counts)
  return {
    // The time of arrival says nothing of when it began.
    ...(counts && told.hasTime ? { startedAtMs: told.atMs } : {}),
    ...(register !== null && (counts || transaction.meterStartWh === null) ? { meterStartWh: register } : {}),
    ...(isTokenNew ? { idToken: token.idToken } : {}),
  }
}

function continueTransaction(the: Case, transaction: KnownTransaction, move: TransactionMove): Outcome {
  const { event, station, told, known, idTokenStatus } = the
  const { transactionId, story } = transaction
  const { chargingState, remoteStartId } = event.transactionInfo
  const beginning = beginningOf(the, transaction)
  const movesOn = move.isCurrent
  // What is older, or comes after the end, moves nothing that is known.
  const ref = connectorOf(event, transaction, known)
  const isConnectorTold = event.evse !== undefined && (movesOn || transaction.evseId === 0)
  const connector = isConnectorTold ? { evseId: ref.evseId, connectorId: ref.connectorId } : undefined
  const state = movesOn ? chargingState : undefined
  const after = storyAfter(told, transaction, move, event.offline === true ? null : known.receivedAtMs)
  const token = 'idToken' in beginning ? event.idToken : undefined
  const anomalies: Anomaly[] = []
  const note = (kind: Anomaly['kind'], detail: Anomaly['detail'] = {}): void => {
    anomalies.push({ kind, transaction: station, detail })
  }
  const odd = orderAnomaly(told, story)
  if (odd !== null) note(odd, { seqNo: told.seqNo, lastSeqNo: story?.lastSeqNo ?? null })
  for (const oddity of move.oddities) {
    if (oddity === 'afterEnd') note('closedTransaction', { eventType: event.eventType })
    else note(oddity)
  }
  const patch: TransactionPatch = {
    ...connector,
    ...beginning,
    ...(token === undefined ? {} : { idTokenType: token.type ?? null }),
    ...(token === undefined || idTokenStatus === null ? {} : { idTokenStatus }),
    ...(state === undefined ? {} : { chargingState: state }),
    ...(remoteStartId === undefined ? {} : { remoteStartId }),
    ...(after.isStartTold && story?.isStartTold !== true ? { isStartTold: true } : {}),
    lastEventAtMs: after.lastEventAtMs,
    ...(after.lastSeqNo === null ? {} : { lastSeqNo: after.lastSeqNo }),
  }
  return {
    changes: [{ table: 'transactions', transactionId, patch }],
    anomalies,
    remembers: [{ type: 'story', transactionId, story: after }],
  }
}

/** What the chart of the transaction makes of the event. */
function moveBy({ event, told }: Facts, transaction: KnownTransaction): TransactionMove {
  const report = { isLate: isOlder(told, transaction.story), isAfterEnd: isAfterEnd(event, told, transaction) }
  if (event.eventType === 'Ended') return transactionMove(transaction, { type: 'ended', ...report })
  const type = event.eventType === 'Started' ? 'started' : 'updated'
  return transactionMove(transaction, {
    type,
    ...report,
    chargingState: event.transactionInfo.chargingState ?? null,
  })
}

/**
 * Whether an event tells of something after the end. Events of the time offline come after the end, and tell of the
 * time before.
 */
function isAfterEnd(event: TransactionEvent, told: ToldEvent, { story }: KnownTransaction): boolean {
  if (event.offline === true) return false
  if (event.eventType === 'Ended') return true
  return story?.stoppedAtMs === null || story?.stoppedAtMs === undefined || told.atMs > story.stoppedAtMs
}

function end(the: Case, transactionId: number, transaction: KnownTransaction | undefined): Outcome {
  const { event, station, told, known } = the
  const stop: TransactionEnd = {
    stoppedAtMs: told.atMs,
    meterStopWh: energyWh(known.meter, 'last'),
    stopReason: event.transactionInfo.stoppedReason ?? null,
    stopIdToken: event.idToken?.idToken ?? null,
    closedBy: 'station',
  }
  const begun = transaction && { ...transaction, ...beginningOf(the, transaction) }
  const ofRegister = ofFall(fallAtStop(begun, stop, known), transactionId, station)
  return {
    changes: [{ table: 'transactions', transactionId, patch: stop }, ...ofRegister.changes],
    anomalies: ofRegister.anomalies,
  }
}

/** The registers of an event that ends nothing: the last is remembered, to notice when one falls. */
function registerOutcome(the: Case, transactionId: number, transaction?: KnownTransaction): Outcome {
  const { event, station, known } = the
  if (event.eventType === 'Ended') return nothing
  const { meter } = known
  const around = known.registersAround(transactionId)
  const beginning = transaction === undefined ? {} : beginningOf(the, transaction)
  const begun = transaction && { ...transaction, ...beginning }
  const fallOfStart = begun && 'meterStartWh' in beginning ? fallAfterStart(begun, around) : null
  const isOpen = transaction?.open !== false
  const reading = isOpen ? lastReading(meter) : undefined
  const before = known.lastRegister(transactionId)
  const fall = reading === undefined ? null : fallIn(meter, before ?? (begun && readingAtStart(begun)))
  return {
    ...ofFall(fall ?? fallAround(meter, around) ?? fallOfStart, transactionId, station),
    ...(reading === undefined
      ? {}
      : { remembers: [{ type: 'register', transactionId, reading: laterReading(reading, before) }] }),
  }
}

/** The status that the connector takes from the charging state of its transaction; null when it keeps its own. */
function connectorStatusAfter(event: TransactionEvent, before: ConnectorStatus): ConnectorStatus | null {
  if (event.eventType === 'Ended') return isChargingStatus(before) ? 'Occupied' : null
  const { chargingState } = event.transactionInfo
  return chargingState === undefined ? null : chargingStatus(chargingState)
}

function connectorOutcome({ event, told, known }: Case, transaction: KnownTransaction | undefined): Outcome {
  const ref = connectorOf(event, transaction, known)
  if (ref.evseId === 0 || event.offline === true) return nothing
  const before = known.connector(ref)?.status ?? 'Unknown'
  const status = connectorStatusAfter(event, before)
  if (status === null || status === before) return nothing
  const tooMany = connectorTooMany(ref, known)
  if (tooMany !== null) return { ...nothing, anomalies: [tooMany] }
  const { evseId, connectorId } = ref
  // What a transaction makes of its connector is no move that the charge point told.
  const { row: moved } = moveConnector(
    {
      evseId,
      connectorId,
      status,
      statusSent: event.transactionInfo.chargingState ?? 'Occupied',
      errorCode: null,
      info: null,
      vendorId: null,
      vendorErrorCode: null,
      occurredAtMs: told.atMs,
    },
    known,
  )
  const changes = connectorStatusChanges([moved], known)
  return { changes, anomalies: [] }
}

/** By remoteStartId (2.0.1 F01), or by EVSE and id token where a start leaves that out. */
function promisedId(event: TransactionEvent, known: Known): number | undefined {
  const { remoteStartId } = event.transactionInfo
  if (remoteStartId !== undefined) return known.promisedTransactionId({ remoteStartId })
  if (event.eventType !== 'Started' || event.evse === undefined || event.idToken === undefined) return undefined
  const { idToken } = event.idToken
  const mayBeDecorated = known.idToken(idToken) === undefined
  return known.promisedTransactionId({ ...connectorOf(event, undefined, known), idToken, mayBeDecorated })
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
  // The cable may have begun the transaction, and the card comes with a later event.
  const mayBegin = event.eventType === 'Started' || (event.eventType === 'Updated' && idToken !== null)
  return {
    ...(idToken === null ? {} : { idTokensOfTransactions: true }),
    ...(mayBegin ? { beforeStart: { evseId: event.evse?.id ?? 0, idToken } } : {}),
  }
}

/**
 * The open transaction of the same card, when this event brings the transaction its card, or starts it once more: then
 * it is answered as the first start was, and `isNews` is false.
 */
function concurrentWith(
  facts: Facts,
  transaction: KnownTransaction | undefined,
  transactionId: number,
): { readonly open: KnownTransaction | undefined; readonly isNews: boolean } {
  const { event, told, known } = facts
  const idToken = cardOf(event)
  const beginning = transaction === undefined ? undefined : beginningOf(facts, transaction)
  const isNews = beginning === undefined || 'idToken' in beginning
  const isStart = event.eventType === 'Started'
  if (idToken === null || event.eventType === 'Ended' || (!isNews && !isStart)) return { open: undefined, isNews }
  const atMs = isNews ? told.atMs : (transaction?.startedAtMs ?? told.atMs)
  const { evseId } = connectorOf(event, transaction, known)
  return { open: concurrentTransaction({ transactionId, evseId, idToken, atMs }, known), isNews }
}

/** A start is about its connector first: it is not a resend once anything else of that connector has come. */
function about(event: TransactionEvent, known: Known): About {
  const { transactionId } = event.transactionInfo
  const [newest] = known.transactionsNamed(transactionId)
  const transaction = transactionSubject(transactionId)
  const isStart = event.eventType === 'Started'
  const connector = connectorSubject(connectorOf(event, isStart && newest?.open !== true ? undefined : newest, known))
  return isStart ? { subject: connector, also: [transaction], isStart } : { subject: transaction, also: [connector] }
}

/**
 * 2.0.1 E01–E15. The key of the fact is all that the event says: some charge points number every event 0, and their
 * events must not swallow each other.
 */
export const transactionEvent: Handler<TransactionEvent> = {
  needs: (event) => ({
    stationTransaction: {
      id: stationTransactionIdOf(event.transactionInfo.transactionId),
      atMs: timeMs(event.timestamp, Number.NaN),
    },
    newTransactionId: event.eventType === 'Started' ? 'always' : 'ifUnknown',
    lastRegister: 'ifRegister',
    registersAround: true,
    ...(event.idToken === undefined ? {} : { idTokens: idTokenCandidates(event.idToken.idToken) }),
    ...plausibilityNeeds(event),
  }),
  about,
  decide: (event, known) => {
    const station = stationTransactionIdOf(event.transactionInfo.transactionId)
    const told = toldOf(event, known)
    const { transaction, use } = chosenTransaction(told, known.transactionsNamed(station), known.chargePoint)
    const transactionId = transaction?.transactionId ?? newId(event, known)
    const { open, isNews } = concurrentWith({ event, station, told, known }, transaction, transactionId)
    const idTokenInfo =
      event.idToken === undefined ? null : withConcurrency(idTokenInfo201(event.idToken, known), open, known)
    const idTokenStatus = idTokenInfo?.status ?? null
    const the: Case = { event, station, told, known, idTokenStatus }
    const move = transaction === undefined ? null : moveBy(the, transaction)
    const parts: Outcome[] = [
      transaction === undefined || move === null
        ? begin(the, transactionId, use)
        : continueTransaction(the, transaction, move),
    ]
    // A transaction may begin with what is its end, too: the rest of it never came.
    if (move === null ? event.eventType === 'Ended' : move.isEnd) parts.push(end(the, transactionId, transaction))
    parts.push(registerOutcome(the, transactionId, transaction))
    if (move === null || move.isCurrent) parts.push(connectorOutcome(the, transaction))
    const unauthorized =
      event.eventType === 'Started' && !['Accepted', 'ConcurrentTx'].includes(idTokenStatus ?? 'Accepted')
        ? [{ kind: 'unauthorizedStart' as const, transaction: station, detail: { status: idTokenStatus } }]
        : []
    const changes = parts.flatMap((part) => part.changes)
    const { evseId, connectorId } = connectorOf(event, transaction, known)
    return {
      answer: idTokenInfo === null ? {} : { idTokenInfo },
      fact: {
        ref: `tx:${event.transactionInfo.transactionId}:${event.eventType}:${timeKey(known.placed, known.sent.timestamp)}`,
        seqNo: event.seqNo,
        sentAtMs: sentTimeMs(known.placed, known.sent.timestamp),
        place: known.placed?.place ?? null,
        event: event.eventType,
        transactionId,
        occurredAtMs: told.atMs,
        content: known.content,
        payload: known.verbatim,
      },
      changes,
      anomalies: [
        ...parts.flatMap((part) => part.anomalies),
        ...unauthorized,
        ...concurrencyDoubts(
          isNews ? open : undefined,
          event.idToken?.idToken ?? '',
          station,
          idTokenStatus ?? '',
          known,
        ),
        ...doubts(changes, transaction, station, known),
      ],
      remembers: parts.flatMap((part) => part.remembers ?? []),
      ...(event.evse?.connectorId === undefined ? { meterPlace: { connector: { evseId, connectorId } } } : {}),
    }
  },
}
