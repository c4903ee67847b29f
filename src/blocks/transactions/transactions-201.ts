// Functional block E, transactions in OCPP 2.x: TransactionEvent (2.0.1 E01–E15). Events may come late, twice, out of
// order or without their start. Each is stored, and the transaction is built from the events that have come.

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
import { reservationUsed } from './reservation-used.ts'
import { type CostOutcome, costOutcome, reportedCost } from '../tariff/answer-cost.ts'
import { energyBetween, type Usage } from '../tariff/cost.ts'
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
import {
  chosenTransaction,
  type EventPosition,
  isOlder,
  orderAnomaly,
  positionOf,
  storyAfter,
} from './transaction-story.ts'
import { type About, connectorSubject, sentTimeMs, timeKey, transactionSubject } from '../untimed-facts.ts'

/** What one event adds to a transaction. */
interface Outcome {
  readonly changes: readonly Change[]
  readonly anomalies: readonly Anomaly[]
  readonly remembers?: readonly Remembered[]
}

/** An event and what is known about it. */
interface Facts {
  readonly event: TransactionEvent
  /** The id that the charge point gave the transaction, as stored. */
  readonly station: string
  readonly position: EventPosition
  readonly known: Known
}

/** An event and the transaction that it is about. */
interface Case extends Facts {
  /** As it was before the event; undefined if the event is the first one. */
  readonly transaction: KnownTransaction | undefined
  /** What the event says of its start that is news. */
  readonly beginning: Beginning
  /** The transaction with that. */
  readonly begun: KnownTransaction | undefined
  readonly idTokenStatus: string | null
}

/** What an event says of the start of its transaction. */
type Beginning = Readonly<Partial<Pick<KnownTransaction, 'startedAtMs' | 'meterStartWh' | 'idToken'>>>

const nothing: Outcome = { changes: [], anomalies: [] }
const noBeginning: Beginning = {}

function begin({ event, station, position, known, idTokenStatus }: Case, transactionId: number, use: number): Outcome {
  const info = event.transactionInfo
  const { evseId, connectorId } = connectorOf(event, undefined, known)
  const isStart = event.eventType === 'Started'
  const token = tokenOfBeginning(event)
  const story = {
    use,
    isStartReported: isStart,
    lastEventAtMs: position.atMs,
    lastSeqNo: position.seqNo,
    firstReceivedAtMs: known.receivedAtMs,
    lastReceivedAtMs: known.receivedAtMs,
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
          isStartReported: isStart,
          lastEventAtMs: position.atMs,
          lastSeqNo: position.seqNo,
          evseId,
          connectorId,
          idToken: token?.idToken ?? null,
          idTokenType: token?.type ?? null,
          idTokenStatus: token === undefined ? null : idTokenStatus,
          startedAtMs: position.atMs,
          // The first register of any other event is a later one. The register of the start has its own context.
          meterStartWh: isStart ? energyWh(known.meter, 'first') : (known.meter?.registers.begin ?? null),
          reservationId: event.reservationId ?? null,
          remoteStartId: info.remoteStartId ?? null,
          chargingState: info.chargingState ?? null,
          price: known.beforeStart?.price ?? null,
        },
      },
    ],
    anomalies,
    remembers: [{ type: 'story', transactionId, story }],
  }
}

/** The token that the transaction may have started with. The token of an Ended event is the one that stopped it. */
function tokenOfBeginning({ eventType, idToken }: TransactionEvent): TransactionEvent['idToken'] {
  return eventType === 'Ended' ? undefined : idToken
}

/** What an event changes about the start: all fields if it is the earliest start, else only missing fields. */
function beginningOf({ event, position, known }: Facts, transaction: KnownTransaction): Beginning {
  const isStart = event.eventType === 'Started'
  const { story } = transaction
  const isEarlier = position.hasTime && position.atMs < transaction.startedAtMs
  const counts = isStart && (story?.isStartReported !== true || isEarlier)
  // Some charge points send the register of the start with the end, or with any other event.
  const register = isStart ? energyWh(known.meter, 'first') : (known.meter?.registers.begin ?? null)
  const token = tokenOfBeginning(event)
  const isTokenNew = token !== undefined && (transaction.idToken === null || counts)
  // Nearly always: nothing of the start is said on the way.
  if (!counts && register === null && !isTokenNew) return noBeginning
  return {
    // The time of arrival does not say when the transaction started.
    ...(counts && position.hasTime ? { startedAtMs: position.atMs } : {}),
    ...(register !== null && (counts || transaction.meterStartWh === null) ? { meterStartWh: register } : {}),
    ...(isTokenNew ? { idToken: token.idToken } : {}),
  }
}

function continueTransaction(facts: Case, transaction: KnownTransaction, move: TransactionMove): Outcome {
  const { event, station, position, known, idTokenStatus, beginning } = facts
  const { transactionId, story } = transaction
  const { chargingState, remoteStartId } = event.transactionInfo
  const movesOn = move.isCurrent
  // An event that is older, or comes after the end, changes neither connector nor charging state.
  const ref = connectorOf(event, transaction, known)
  const isConnectorReported = event.evse !== undefined && (movesOn || transaction.evseId === 0)
  const connector = isConnectorReported ? { evseId: ref.evseId, connectorId: ref.connectorId } : undefined
  const state = movesOn ? chargingState : undefined
  const after = storyAfter(position, transaction, move, event.offline === true ? null : known.receivedAtMs)
  const token = 'idToken' in beginning ? event.idToken : undefined
  const anomalies: Anomaly[] = []
  const note = (kind: Anomaly['kind'], detail: Anomaly['detail'] = {}): void => {
    anomalies.push({ kind, transaction: station, detail })
  }
  const odd = orderAnomaly(position, story)
  if (odd !== null) note(odd, { seqNo: position.seqNo, lastSeqNo: story?.lastSeqNo ?? null })
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
    ...(after.isStartReported && story?.isStartReported !== true ? { isStartReported: true } : {}),
    lastEventAtMs: after.lastEventAtMs,
    ...(after.lastSeqNo === null ? {} : { lastSeqNo: after.lastSeqNo }),
  }
  return {
    changes: [{ table: 'transactions', transactionId, patch }],
    anomalies,
    remembers: [{ type: 'story', transactionId, story: after }],
  }
}

/** The move that the event causes in the chart of the transaction. */
function moveBy({ event, position }: Facts, transaction: KnownTransaction): TransactionMove {
  const report = { isLate: isOlder(position, transaction.story), isAfterEnd: isAfterEnd(event, position, transaction) }
  if (event.eventType === 'Ended') return transactionMove(transaction, { type: 'ended', ...report })
  const type = event.eventType === 'Started' ? 'started' : 'updated'
  return transactionMove(transaction, {
    type,
    ...report,
    chargingState: event.transactionInfo.chargingState ?? null,
  })
}

/** Whether an event happened after the end. Events from the time offline come after the end but happened before it. */
function isAfterEnd(event: TransactionEvent, position: EventPosition, { story }: KnownTransaction): boolean {
  if (event.offline === true) return false
  if (event.eventType === 'Ended') return true
  return story?.stoppedAtMs === null || story?.stoppedAtMs === undefined || position.atMs > story.stoppedAtMs
}

function end({ event, station, position, known, begun }: Case, transactionId: number): Outcome {
  const stop: TransactionEnd = {
    stoppedAtMs: position.atMs,
    meterStopWh: energyWh(known.meter, 'last'),
    stopReason: event.transactionInfo.stoppedReason ?? null,
    stopIdToken: event.idToken?.idToken ?? null,
    closedBy: 'station',
  }
  const ofRegister = ofFall(fallAtStop(begun, stop, known), transactionId, station)
  return {
    changes: [{ table: 'transactions', transactionId, patch: stop }, ...ofRegister.changes],
    anomalies: ofRegister.anomalies,
  }
}

/** The registers of a Started or Updated event: the last one is remembered, to notice when a register falls. */
function registerOutcome(facts: Case, transactionId: number): Outcome {
  const { event, station, known, transaction, beginning, begun } = facts
  if (event.eventType === 'Ended') return nothing
  const { meter } = known
  const around = known.registersAround(transactionId)
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

/** The connector status that follows from the charging state of the transaction; null if the status does not change. */
function connectorStatusAfter(event: TransactionEvent, before: ConnectorStatus): ConnectorStatus | null {
  if (event.eventType === 'Ended') return isChargingStatus(before) ? 'Occupied' : null
  const { chargingState } = event.transactionInfo
  return chargingState === undefined ? null : chargingStatus(chargingState)
}

function connectorOutcome({ event, position, known, transaction }: Case): Outcome {
  const ref = connectorOf(event, transaction, known)
  if (ref.evseId === 0 || event.offline === true) return nothing
  const before = known.connector(ref)?.status ?? 'Unknown'
  const status = connectorStatusAfter(event, before)
  if (status === null || status === before) return nothing
  const tooMany = connectorTooMany(ref, known)
  if (tooMany !== null) return { ...nothing, anomalies: [tooMany] }
  const { evseId, connectorId } = ref
  // The charge point did not report this status itself, so anomalies of the move are ignored.
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
      occurredAtMs: position.atMs,
    },
    known,
  )
  const changes = connectorStatusChanges([moved], known)
  return { changes, anomalies: [] }
}

/** What the event tells about the cost, and what its answer does. */
function costs(
  { event, position, known, begun }: Case,
  transactionId: number,
  move: TransactionMove | null,
): CostOutcome {
  const isEnd = event.eventType === 'Ended' && (move === null || move.isEnd)
  const isCurrent = isEnd || move === null || move.isCurrent
  const usage = (): Usage => {
    const last = energyWh(known.meter, 'last') ?? known.lastRegister(transactionId)?.wh ?? null
    return {
      energyWh: energyBetween(begun?.meterStartWh ?? null, last),
      seconds: Math.max(0, position.atMs - (begun?.startedAtMs ?? position.atMs)) / 1_000,
    }
  }
  const moment = isEnd ? 'ended' : isCurrent && event.eventType === 'Updated' ? 'running' : 'late'
  const told = costOutcome(known.chargePoint.version, { transactionId, transaction: begun ?? {}, moment, usage })
  const details = 'costDetails' in event && isCurrent ? event.costDetails : undefined
  return details === undefined ? told : { ...told, changes: [...told.changes, reportedCost(transactionId, details)] }
}

/** Found by remoteStartId (2.0.1 F01), or by EVSE and id token if a start has no remoteStartId. */
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

/** The card of an event; null if it has none. A token of type NoAuthorization is not a card (2.0.1 C02). */
function cardOf({ idToken }: TransactionEvent): string | null {
  return idToken === undefined || idToken.type === 'NoAuthorization' || idToken.idToken === '' ? null : idToken.idToken
}

function plausibilityNeeds(event: TransactionEvent): Needs {
  const idToken = cardOf(event)
  // Plugging in may have started the transaction; then the card comes with a later event.
  const mayBegin = event.eventType === 'Started' || (event.eventType === 'Updated' && idToken !== null)
  const start = { evseId: event.evse?.id ?? 0, idToken: event.eventType === 'Ended' ? null : idToken, isPriced: true }
  return {
    ...(idToken === null ? {} : { idTokensOfTransactions: true }),
    // If its start does not come, the price of a transaction is known from any other event.
    beforeStart: mayBegin ? start : { ...start, isOnlyIfUnknown: true },
  }
}

/**
 * The open transaction of the same card, if this event is the first with the card of its transaction (`isNews`), or
 * repeats the start. A repeated start is answered like the first one.
 */
function concurrentWith(
  { event, position, known }: Facts,
  transaction: KnownTransaction | undefined,
  beginning: Beginning,
  transactionId: number,
): { readonly open: KnownTransaction | undefined; readonly isNews: boolean } {
  const idToken = cardOf(event)
  const isNews = transaction === undefined || 'idToken' in beginning
  const isStart = event.eventType === 'Started'
  if (idToken === null || event.eventType === 'Ended' || (!isNews && !isStart)) return { open: undefined, isNews }
  const atMs = isNews ? position.atMs : (transaction?.startedAtMs ?? position.atMs)
  const { evseId } = connectorOf(event, transaction, known)
  return { open: concurrentTransaction({ transactionId, evseId, idToken, atMs }, known), isNews }
}

/** The subject of a start is its connector: after any other message of that connector it is not a resend. */
function about(event: TransactionEvent, known: Known): About {
  const { transactionId } = event.transactionInfo
  const [newest] = known.transactionsNamed(transactionId)
  const transaction = transactionSubject(transactionId)
  const isStart = event.eventType === 'Started'
  const connector = connectorSubject(connectorOf(event, isStart && newest?.open !== true ? undefined : newest, known))
  return isStart ? { subject: connector, also: [transaction], isStart } : { subject: transaction, also: [connector] }
}

/**
 * 2.0.1 E01–E15. The key of the fact is the content of the whole event: some charge points number every event 0, so the
 * seqNo does not distinguish their events.
 */
export const transactionEvent: Handler<TransactionEvent> = {
  needs: (event) => ({
    stationTransaction: {
      id: stationTransactionIdOf(event.transactionInfo.transactionId),
      atMs: timeMs(event.timestamp, Number.NaN),
    },
    newTransactionId: event.eventType === 'Started' ? 'always' : 'ifUnknown',
    lastRegister: 'ifRegisterOrPrice',
    registersAround: true,
    ...(event.idToken === undefined ? {} : { idTokens: idTokenCandidates(event.idToken.idToken) }),
    ...plausibilityNeeds(event),
  }),
  about,
  decide: (event, known) => {
    const station = stationTransactionIdOf(event.transactionInfo.transactionId)
    const position = positionOf(event, known)
    const { transaction, use } = chosenTransaction(position, known.transactionsNamed(station), known.chargePoint)
    const transactionId = transaction?.transactionId ?? newId(event, known)
    const told: Facts = { event, station, position, known }
    const beginning = transaction === undefined ? noBeginning : beginningOf(told, transaction)
    const { open, isNews } = concurrentWith(told, transaction, beginning, transactionId)
    const idTokenInfo =
      event.idToken === undefined ? null : withConcurrency(idTokenInfo201(event.idToken, known), open, known)
    const idTokenStatus = idTokenInfo?.status ?? null
    const begun =
      transaction === undefined || beginning === noBeginning ? transaction : { ...transaction, ...beginning }
    const facts: Case = { event, station, position, known, transaction, beginning, begun, idTokenStatus }
    const move = transaction === undefined ? null : moveBy(facts, transaction)
    const parts: Outcome[] = [
      transaction === undefined || move === null
        ? begin(facts, transactionId, use)
        : continueTransaction(facts, transaction, move),
    ]
    // The first event of a transaction may be its end, if no other event came.
    if (move === null ? event.eventType === 'Ended' : move.isEnd) parts.push(end(facts, transactionId))
    parts.push(registerOutcome(facts, transactionId))
    if (move === null || move.isCurrent) parts.push(connectorOutcome(facts))
    const unauthorized =
      event.eventType === 'Started' && !['Accepted', 'ConcurrentTx'].includes(idTokenStatus ?? 'Accepted')
        ? [{ kind: 'unauthorizedStart' as const, transaction: station, detail: { status: idTokenStatus } }]
        : []
    const cost = costs(facts, transactionId, move)
    const changes = [
      ...parts.flatMap((part) => part.changes),
      ...reservationUsed(event.reservationId ?? null, transactionId),
      ...cost.changes,
    ]
    const { evseId, connectorId } = connectorOf(event, transaction, known)
    // In the order of the schema.
    const { totalCost, ...news } = cost.answer
    const totals = totalCost === undefined ? {} : { totalCost }
    return {
      answer: { ...totals, ...(idTokenInfo === null ? {} : { idTokenInfo }), ...news },
      fact: {
        ref: `tx:${event.transactionInfo.transactionId}:${event.eventType}:${timeKey(known.placed, known.sent.timestamp)}`,
        seqNo: event.seqNo,
        sentAtMs: sentTimeMs(known.placed, known.sent.timestamp),
        place: known.placed?.place ?? null,
        event: event.eventType,
        transactionId,
        occurredAtMs: position.atMs,
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
