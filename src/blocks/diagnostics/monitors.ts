// Monitors of variables of 2.x (2.0.1 N02 to N06): the commands that set and clear them, what the answers tell, and the
// reports of a charge point about them.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import type { Handler, Payload } from '../decision.ts'
import { jobNeeds, withJob } from '../jobs/reported.ts'
import type { Learned } from '../message-row.ts'
import { notification, timeMs } from '../notification.ts'
import { entries, isCount, text } from '../provisioning/answer-values.ts'
import { type MessageLimits, slicesOf, type SplitCall } from '../provisioning/message-limits.ts'
import { reportNeeds, reportOf } from '../provisioning/report-messages.ts'
import { componentVariable, nameOfResult, type VariableName } from '../provisioning/variable-name.ts'
import type { NewRow, RowChange } from '../stored-rows.ts'
import { monitoringReport } from './monitoring-jobs.ts'

/** What a monitor watches (2.0.1 MonitorEnumType; the last two from 2.1 on). */
export const monitorTypes = [
  ...(['UpperThreshold', 'LowerThreshold', 'Delta', 'Periodic', 'PeriodicClockAligned'] as const),
  ...(['TargetDelta', 'TargetDeltaRelative'] as const),
] as const

/** The least severe of events (2.0.1 N04). */
export const severityMax = 9

/** A monitor to set. */
export interface WantedMonitor {
  readonly name: VariableName
  readonly type: (typeof monitorTypes)[number]
  readonly value: number
  readonly severity: number
  /** Of the monitor to replace; left out: a new one. */
  readonly id?: number
  readonly isOfTransaction: boolean
}

/** What a charge point says about one of them. */
export interface MonitorResult {
  readonly index: number
  readonly status: string | null
  readonly id?: number
}

/** A CALL about some of the monitors of a request. */
export type MonitorsCall = SplitCall<MonitorResult>

/** The CALLs that set these monitors; null: the version has none. */
export function settingMonitors(
  version: OcppVersion,
  wanted: readonly WantedMonitor[],
  limits: MessageLimits,
): readonly MonitorsCall[] | null {
  return setting[version](wanted, limits)
}

const setting = since2<(wanted: readonly WantedMonitor[], limits: MessageLimits) => readonly MonitorsCall[] | null>(
  () => null,
  (wanted, limits) => {
    const sent = wanted.map(({ name, type, value, severity, id, isOfTransaction }) => ({
      ...(id === undefined ? {} : { id }),
      ...(isOfTransaction ? { transaction: true } : {}),
      value,
      type,
      severity,
      ...componentVariable(name),
    }))
    return callsOf(sent, limits, 'SetVariableMonitoring', 'setMonitoringData', 'monitors', (slice, answer) =>
      setResults(slice, answer).map((result) => {
        const id = result?.['id']
        return { status: text(result?.['status']) ?? null, ...(isCount(id) ? { id } : {}) }
      }),
    )
  },
)

/** The CALLs that clear the monitors with these ids; null: the version has none. */
export function clearingMonitors(
  version: OcppVersion,
  ids: readonly number[],
  limits: MessageLimits,
): readonly MonitorsCall[] | null {
  return clearing[version](ids, limits)
}

const clearing = since2<(ids: readonly number[], limits: MessageLimits) => readonly MonitorsCall[] | null>(
  () => null,
  (ids, limits) =>
    callsOf(ids, limits, 'ClearVariableMonitoring', 'id', 'ids', (slice, answer) => {
      const byId = new Map(entries(answer.clearMonitoringResult).map((result) => [result.id, text(result.status)]))
      return slice.map((id) => ({ status: byId.get(id) ?? null, id }))
    }),
)

function callsOf<Entry>(
  sent: readonly Entry[],
  limits: MessageLimits,
  action: string,
  list: string,
  field: string,
  resultsOf: (slice: readonly Entry[], answer: Payload) => readonly Omit<MonitorResult, 'index'>[],
): readonly MonitorsCall[] {
  const calls: MonitorsCall[] = []
  let from = 0
  for (const slice of slicesOf(sent, limits, (some) => ({ action, payload: { [list]: some } }))) {
    const indices = slice.map((_, at) => from + at)
    from += slice.length
    const fields = Object.fromEntries(indices.map((index, at) => [`/${list}/${at}`, `${field}[${index}]`]))
    calls.push({
      command: { action, payload: { [list]: slice }, fields },
      indices,
      read: (answer) => resultsOf(slice, answer).map((result, at) => ({ ...result, index: indices[at] ?? 0 })),
    })
  }
  return calls
}

/** The result for each monitor that was sent. Of several of one variable and type, in the order of the results. */
function setResults(sent: readonly Payload[], answer: Payload): readonly (Payload | null)[] {
  const byName = Map.groupBy(entries(answer.setMonitoringResult), pairingName)
  const used = new Map<string, number>()
  return sent.map((data) => {
    const name = pairingName(data)
    const at = used.get(name) ?? 0
    used.set(name, at + 1)
    return byName.get(name)?.[at] ?? null
  })
}

/** Of a monitor, or of a result about it. */
function pairingName(of: Payload): string {
  return JSON.stringify([nameOfResult(of), of.type]).toLowerCase()
}

/** 2.0.1 N04: the monitors that the answer to SetVariableMonitoring accepts. */
export const monitorsSet: Learned = ({ setMonitoringData }, answer) => {
  const sent = entries(setMonitoringData)
  return setResults(sent, answer).flatMap((result, at) => {
    const data = sent[at] ?? {}
    const name = nameOfResult(data)
    const { type, value, severity, transaction } = data
    const monitorId = result?.['id']
    if (name === null || result?.['status'] !== 'Accepted' || !isCount(monitorId)) return []
    if (typeof type !== 'string' || typeof value !== 'number' || !isCount(severity)) return []
    const row = { monitorId, ...name, type, value, severity, isOfTransaction: transaction === true }
    return [{ table: 'monitors', row: { ...row, eventNotificationType: 'CustomMonitor' } } as const]
  })
}

/** 2.0.1 N06: the monitors that the charge point has cleared, or does not have. */
export const monitorsCleared: Learned = (_request, answer) =>
  entries(answer.clearMonitoringResult).flatMap(({ id, status }): RowChange<'monitors'>[] =>
    isCount(id) && (status === 'Accepted' || status === 'NotFound') ? [cleared(id)] : [],
  )

function cleared(monitorId: number): RowChange<'monitors'> {
  const name = { componentName: '', componentInstance: '', evseId: 0, connectorId: 0 }
  const variable = { variableName: '', variableInstance: '', type: '', value: 0, severity: 0, isOfTransaction: false }
  return { table: 'monitors', row: { monitorId, ...name, ...variable }, isCleared: true }
}

type MonitoringReport = OCPP20.NotifyMonitoringReportRequest | OCPP21.NotifyMonitoringReportRequest

/** 2.0.1 N02: stores one part of a report about monitors, and what that means for the job that asked for it. */
export const notifyMonitoringReport: Handler<MonitoringReport> = {
  needs: (payload) => ({ ...jobNeeds(payload), ...reportNeeds('monitors', payload) }),
  decide: (payload, known) => {
    const { changes, status } = reportOf('monitors', payload, known)
    const monitors = monitorsOf(payload, known.receivedAtMs)
    const stored = notification(known, payload.generatedAt, ...monitors, ...changes)
    return withJob(stored, known, [monitoringReport], { status, requestId: payload.requestId })
  },
}

function monitorsOf({ generatedAt, monitor = [] }: MonitoringReport, receivedAtMs: number): RowChange<'monitors'>[] {
  const generatedAtMs = timeMs(generatedAt, receivedAtMs)
  return monitor.flatMap(({ component, variable, variableMonitoring }) =>
    variableMonitoring.flatMap((one) => {
      if (!isCount(one.id) || !isCount(one.severity)) return []
      const row: NewRow<'monitors'> = {
        monitorId: one.id,
        componentName: component.name,
        componentInstance: component.instance ?? '',
        evseId: component.evse?.id ?? 0,
        connectorId: component.evse?.connectorId ?? 0,
        variableName: variable.name,
        variableInstance: variable.instance ?? '',
        type: one.type,
        value: one.value,
        severity: one.severity,
        isOfTransaction: one.transaction,
        eventNotificationType: 'eventNotificationType' in one ? one.eventNotificationType : null,
        generatedAtMs,
      }
      return [{ table: 'monitors', row } as const]
    }),
  )
}
