// Functional block J, meter values. The handlers do not see the values: workers write them into columns, and the writer
// commits the columns. A decision only says to which transaction they belong.

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
 * Energy register (Wh) at the start (`first`) or end (`last`) of a transaction, from the meter values of one message;
 * null if they have none. A register with the context of that end is preferred. Else sample time decides, not the order
 * of the list.
 */
export function energyWh(meter: FrameMeter | null, which: 'first' | 'last'): number | null {
  if (meter === null) return null
  const { begin, end, first, last } = meter.registers
  return which === 'first' ? (begin ?? first) : (end ?? last)
}

/**
 * The register (Wh) in a field of the message itself; null if it was not sent or cannot be read, because that does not
 * mean 0.
 *
 * @param sent the field as it was sent.
 * @param served the field after repairs.
 */
export function registerWh(sent: unknown, served: number): number | null {
  if (typeof sent === 'number') return Number.isFinite(sent) ? served : null
  return typeof sent === 'string' && !Number.isNaN(numberOf(sent, true)) ? served : null
}

/** The anomaly of a message that names a 1.6 transaction; null if that is an open one of this charge point. */
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

/** For values with a transactionId that Stator has not given away. */
export const ofNoTransaction: Pick<Decision, 'meterPlace'> = { meterPlace: { isOfNoTransaction: true } }

/** The decision for nearly every MeterValues: one shared object. */
const stored: Decision = { answer: {}, changes: [], anomalies: [] }

/** Values of an open transaction: their last register is remembered, to notice when a register falls. */
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

/** Whether all values were sampled before the end: they are from the time offline, and that is no anomaly. */
function wasSampledBefore(stoppedAtMs: number | null | undefined, meter: FrameMeter | null): boolean {
  return stoppedAtMs !== null && stoppedAtMs !== undefined && meter !== null && lastSampledAtMs(meter) <= stoppedAtMs
}

/**
 * 1.6 §4.7. Late values, and values of an unknown transaction, are stored like all others. Some charge points send a
 * transactionId of 0 or below for "none".
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

/** 2.0.1 J01: values outside a transaction. The values of a transaction come with TransactionEvent. */
export const meterValues201: Handler<WithoutMeterValues<OCPP20.MeterValuesRequest>> = {
  about: ({ evseId }, known) => {
    const subject = connectorSubject({ evseId, connectorId: evseId === 0 ? 0 : 1 })
    return { subject, also: evseSubjects(evseId, known).filter((other) => other !== subject) }
  },
  decide: () => stored,
}
