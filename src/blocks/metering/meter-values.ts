// Functional block J, meter values. The values themselves never come through here: workers write them into columns, and
// the writer commits those. Deciding only says whose they are.

import type { OCPP16, OCPP20 } from 'typed-ocpp'
import { numberOf } from '../../ocpp/number-text.ts'
import { connectorRef16 } from '../availability/connector-status.ts'
import type { AnomalyKind } from '../anomalies.ts'
import type { Anomaly, Decision, Handler, Known, KnownTransaction, Needs, WithoutMeterValues } from '../decision.ts'
import type { RegisterReading } from '../../ocpp/verdict.ts'
import { type FrameMeter, lastSampledAtMs } from '../meter-block.ts'
import { evseSubjects } from '../notification.ts'
import { fallAround, fallIn, lastReading, laterReading, ofFall } from './register-falls.ts'
import { readingAtStart } from './transaction-registers.ts'
import { connectorSubject, transactionSubject } from '../untimed-facts.ts'

/**
 * Energy register (Wh) with which a transaction begins (`first`) or ends (`last`), by the meter values of one message;
 * null when they have none. A register in the context of that end goes before any other, and time decides, not the
 * order of the list.
 */
export function energyWh(meter: FrameMeter | null, which: 'first' | 'last'): number | null {
  if (meter === null) return null
  const { begin, end, first, last } = meter.registers
  return which === 'first' ? (begin ?? first) : (end ?? last)
}

/**
 * A register (Wh) that a message has as a field of its own; null when it was not sent or cannot be read: that is no
 * register of zero.
 *
 * @param sent the field as it was sent, and `served` after repairs.
 */
export function registerWh(sent: unknown, served: number): number | null {
  if (typeof sent === 'number') return Number.isFinite(sent) ? served : null
  return typeof sent === 'string' && !Number.isNaN(numberOf(sent, true)) ? served : null
}

/** What is odd about facts that name a 1.6 transaction: nothing, or why they cannot be believed as they stand. */
export function transactionAnomaly(
  transactionId: number,
  transaction: KnownTransaction | undefined,
  known: Known,
): Anomaly | null {
  const kind = anomalyKind(transaction, known)
  return kind === null ? null : { kind, transaction: String(transactionId), detail: {} }
}

function anomalyKind(transaction: KnownTransaction | undefined, known: Known): AnomalyKind | null {
  if (transaction === undefined) return 'unknownTransaction'
  if (transaction.chargePointKey !== known.chargePoint.key) return 'foreignTransaction'
  return transaction.open ? null : 'closedTransaction'
}

const nothingNeeded: Needs = {}

/** For values that came under a number that nobody here gave away. */
export const ofNoTransaction: Pick<Decision, 'meterPlace'> = { meterPlace: { isOfNoTransaction: true } }

/** What there is to decide about nearly every MeterValues: one object for all of them. */
const stored: Decision = { answer: {}, changes: [], anomalies: [] }

/** Values of an open transaction: their register is remembered, to notice when one falls. */
function withRegister(transactionId: number, known: Known): Decision {
  const { meter } = known
  const reading = lastReading(meter)
  if (reading === undefined) return stored
  const before = known.lastRegister(transactionId)
  const around = known.registersAround(transactionId)
  const fall = fallIn(meter, before ?? registerOfStart(transactionId, known)) ?? fallAround(meter, around)
  const { changes, anomalies } = ofFall(fall, transactionId)
  const register = { type: 'register', transactionId, reading: laterReading(reading, before) } as const
  return { answer: stored.answer, changes, anomalies, remembers: [register] }
}

function registerOfStart(transactionId: number, known: Known): RegisterReading | undefined {
  const transaction = known.transaction(transactionId)
  return transaction && readingAtStart(transaction)
}

/** Whether all values were taken before the end: they tell of the time offline, and there is nothing odd about them. */
function wasSampledBefore(stoppedAtMs: number | null | undefined, meter: FrameMeter | null): boolean {
  return stoppedAtMs !== null && stoppedAtMs !== undefined && meter !== null && lastSampledAtMs(meter) <= stoppedAtMs
}

/**
 * 1.6 §4.7. Late values, and values for a transaction nobody knows, are stored like any others. A transactionId of 0 or
 * below is how some charge points say "none".
 */
export const meterValues16: Handler<WithoutMeterValues<OCPP16.MeterValuesRequest>> = {
  needs: ({ transactionId }) =>
    transactionId !== undefined && transactionId > 0
      ? { transactionIds: [transactionId], lastRegister: 'ifRegister', registersAround: true }
      : nothingNeeded,
  about: ({ connectorId, transactionId }) => {
    const connector = connectorSubject(connectorRef16(connectorId))
    return transactionId !== undefined && transactionId > 0
      ? { subject: transactionSubject(transactionId), also: [connector] }
      : { subject: connector }
  },
  decide: ({ transactionId }, known) => {
    if (transactionId === undefined || transactionId <= 0) return stored
    if (known.isOpen(transactionId)) return withRegister(transactionId, known)
    const transaction = known.transaction(transactionId)
    const anomaly = transactionAnomaly(transactionId, transaction, known)
    if (anomaly === null) return withRegister(transactionId, known)
    const isOdd = anomaly.kind !== 'closedTransaction' || !wasSampledBefore(transaction?.stoppedAtMs, known.meter)
    const { changes, anomalies } = ofFall(
      anomaly.kind === 'closedTransaction' ? fallAround(known.meter, known.registersAround(transactionId)) : null,
      transactionId,
    )
    const place = anomaly.kind === 'unknownTransaction' ? ofNoTransaction : {}
    return { ...stored, changes, anomalies: isOdd ? [anomaly, ...anomalies] : anomalies, ...place }
  },
}

/** 2.0.1 J01: values outside a transaction. Those of a transaction come with TransactionEvent. */
export const meterValues201: Handler<WithoutMeterValues<OCPP20.MeterValuesRequest>> = {
  about: ({ evseId }, known) => {
    const subject = connectorSubject({ evseId, connectorId: evseId === 0 ? 0 : 1 })
    return { subject, also: evseSubjects(evseId, known).filter((other) => other !== subject) }
  },
  decide: () => stored,
}
