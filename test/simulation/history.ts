// Compares the stored transactions with the sessions that their charge points reported: the session of each message,
// begin and end, state, and energy.

import { correctionProblem } from './corrections.ts'
import type { DatabaseModel, StoredTransaction } from './database-model.ts'
import { energyShown, hasFallen } from './register-falls.ts'
import type { Session } from './sessions.ts'
import { type Histories, isOfOperator, type Reported, type Whole, wholeOf } from './reported.ts'

/** The first problem of the transactions; null if there is none. */
export function historyProblem(model: DatabaseModel, histories: Histories): string | null {
  for (const fact of model.facts.values()) {
    const { transactionId, ref, event } = fact
    if (transactionId === null) continue
    const row = model.transactions.get(transactionId)
    if (row === undefined) return `${ref} belongs to transaction ${transactionId}, which is not there.`
    if (event === 'Ended' && !isOfOperator(fact) && row.closedBy !== 'station') {
      return `${ref} ended transaction ${transactionId}, which is closed by ${row.closedBy}.`
    }
  }
  return ownersProblem(histories) ?? correctionProblem(model) ?? eachProblem(model, histories)
}

/**
 * Each session is one transaction, and each transaction one session. If an operator has closed it, a start that is
 * reported again may be later than that by the clock of the charge point: then it is another transaction.
 */
function ownersProblem(histories: Histories): string | null {
  const owners = new Map<Session, number>()
  const closedOnes = new Set<Session>()
  for (const [transactionId, history] of histories) {
    const sessions = new Set(history.flatMap(({ part }) => part?.session ?? []))
    const isClosedByOperator = history.some(({ fact }) => isOfOperator(fact))
    for (const session of sessions) {
      const other = owners.get(session)
      const mayBeTwo = session.habits.startsTwice && (isClosedByOperator || closedOnes.has(session))
      if (other !== undefined && !mayBeTwo) return `A session is transaction ${other}, and ${transactionId} as well.`
      owners.set(session, transactionId)
      if (isClosedByOperator) closedOnes.add(session)
    }
    if (sessions.size > 1) return `Transaction ${transactionId} is ${sessions.size} sessions.`
  }
  return null
}

function eachProblem(model: DatabaseModel, histories: Histories): string | null {
  for (const [transactionId, history] of histories) {
    const row = model.transactions.get(transactionId)
    if (row === undefined) continue
    const problem =
      endsProblem(row, history) ??
      secondEndsProblem(model, row, history) ??
      stateProblem(row, history) ??
      energyProblem(model, row, history)
    if (problem !== null) return `Transaction ${transactionId}: ${problem}`
  }
  return null
}

function differs(what: string, seen: unknown, reported: unknown): string | null {
  return Object.is(seen, reported) ? null : `its ${what} is ${String(seen)}; reported was ${String(reported)}.`
}

/** The earliest start counts, and the first end that its charge point reported. */
function endsProblem(row: StoredTransaction, history: readonly Reported[]): string | null {
  const starts = history.filter(({ fact }) => fact.event === 'Started')
  const [start] = starts.toSorted((a, b) => a.fact.occurredAtMs - b.fact.occurredAtMs)
  const stop = history.find(({ fact }) => fact.event === 'Ended' && !isOfOperator(fact))
  if (row.stationTransactionId === null && starts.length > 1) return `it has ${starts.length} starts.`
  const startProblem = start === undefined ? null : differs('start', row.startedAtMs, start.fact.occurredAtMs)
  if (startProblem !== null) return startProblem
  if (stop !== undefined) {
    const stopProblem = differs('stop', row.stoppedAtMs, stop.fact.occurredAtMs)
    if (stopProblem !== null) return stopProblem
  }
  const { part: started = null } = start ?? {}
  const { part: stopped = null } = stop ?? {}
  if (started !== null) {
    const problem = differs('card', row.idToken, started.idTag)
    if (problem !== null) return problem
    if (started.registerWh !== null && row.meterStartWh !== started.registerWh) {
      return differs('register at the start', row.meterStartWh, started.registerWh)
    }
  }
  return stopped === null ? null : differs('register at the end', row.meterStopWh, stopped.registerWh)
}

/** Each end except the first is noted, through any process. */
function secondEndsProblem(
  { anomalies }: DatabaseModel,
  { id, chargePointKey, stationTransactionId, stationUse }: StoredTransaction,
  history: readonly Reported[],
): string | null {
  const ends = history.filter(({ fact }) => fact.event === 'Ended' && !isOfOperator(fact)).length
  // Ends of other uses of an id are noted under the same name.
  if (ends < 2 || stationUse > 1) return null
  const name = stationTransactionId ?? String(id)
  const noted = [...anomalies.values()].filter(
    ({ kind, ...anomaly }) =>
      (kind === 'secondEnd' || kind === 'closedTransaction') &&
      anomaly.chargePointKey === chargePointKey &&
      anomaly.transaction === name,
  )
  return noted.length >= ends - 1 ? null : `it has ${ends} ends, of which ${noted.length} are noted as one too many.`
}

/**
 * An event is older than what is known if its time is earlier and its seqNo not higher. Then it changes nothing, and
 * neither does anything after the end. If an operator has closed the transaction, a message at the same time may still
 * have changed it.
 */
function stateProblem(row: StoredTransaction, history: readonly Reported[]): string | null {
  if (row.stationTransactionId === null) return null
  if (history.some(({ fact, part }) => part === null || isOfOperator(fact))) return null
  let [lastAtMs, lastSeqNo, isOpen] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY, true]
  let state: string | null = null
  for (const { fact } of history) {
    const { transactionInfo } = JSON.parse(fact.payload) as { transactionInfo: { chargingState?: string } }
    const isOlder = fact.occurredAtMs < lastAtMs && fact.seqNo <= lastSeqNo
    if (!isOlder) {
      lastAtMs = fact.occurredAtMs
      lastSeqNo = fact.seqNo
      if (isOpen) state = transactionInfo.chargingState ?? state
    }
    if (fact.event === 'Ended') isOpen = false
  }
  return differs('charging state', row.chargingState, state)
}

/**
 * The energy of a session that was reported from its start to its end. `register-falls.ts` checks whether its register
 * fell.
 */
function energyProblem(model: DatabaseModel, row: StoredTransaction, history: readonly Reported[]): string | null {
  const whole = wholeOf(history)
  if (whole === null || hasFallen(row, whole)) return null
  const { consumedWh } = energyShown(model, row)
  return differs('energy', consumedWh, reportedEnergy(row, whole))
}

/** From the register of the end, else from the latest one that was reported, else from the intervals. */
function reportedEnergy({ meterStartWh }: StoredTransaction, { session: { truth }, end }: Whole): number | null {
  const stopWh = end.part?.registerWh ?? null
  if (meterStartWh === null) return truth.intervalsWh
  const latest = truth.registers.toSorted((a, b) => a.atMs - b.atMs).at(-1)
  // The reading of the start alone is not a reading of the end.
  if (stopWh === null && truth.registers.every(({ atMs }) => atMs === latest?.atMs)) return null
  const endWh = stopWh ?? latest?.wh
  return endWh === undefined ? null : endWh - meterStartWh
}
