// Commands about all monitors of a charge point of 2.x: the report as a job (2.0.1 N02), the set of monitors (N03) and
// the level of severity (N05). 1.6 has none.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import type { Command } from '../command.ts'
import type { JobKind } from '../jobs/job.ts'
import {
  componentVariablesOf,
  reportAnswered,
  type ReportedVariable,
  reportStatuses,
} from '../provisioning/report-jobs.ts'
import { reportAsked } from '../provisioning/whole-report.ts'

/** Which monitors a report is about (2.0.1 MonitoringCriterionEnumType). */
export const monitoringCriteria = ['ThresholdMonitoring', 'DeltaMonitoring', 'PeriodicMonitoring'] as const

/** The sets of monitors that a charge point can be told to have (2.0.1 MonitoringBaseEnumType). */
export const monitoringBases = ['All', 'FactoryDefault', 'HardWiredOnly'] as const

/** What a report about monitors is to have: of these variables, the monitors of these kinds. */
export interface MonitoringReportRequest {
  readonly variables: readonly ReportedVariable[]
  readonly criteria: readonly (typeof monitoringCriteria)[number][]
  readonly requestId: number
}

/** GetMonitoringReport. Null: the version has no monitors, or not one of the variables. */
export function monitoringReportCommand(version: OcppVersion, request: MonitoringReportRequest): Command | null {
  return reports[version](request)
}

const reports = since2<(request: MonitoringReportRequest) => Command | null>(
  () => null,
  ({ variables, criteria, requestId }) => {
    const componentVariable = componentVariablesOf(variables)
    if (componentVariable === null) return null
    return {
      action: 'GetMonitoringReport',
      payload: {
        ...(variables.length === 0 ? {} : { componentVariable }),
        requestId,
        ...(criteria.length === 0 ? {} : { monitoringCriteria: criteria }),
      },
      fields: { '/componentVariable': 'variables', '/monitoringCriteria': 'criteria' },
    }
  },
)

/** SetMonitoringBase; null: the version has no monitors. */
export const monitoringBaseCommand = since2<(base: (typeof monitoringBases)[number]) => Command | null>(
  () => null,
  (monitoringBase) => ({ action: 'SetMonitoringBase', payload: { monitoringBase }, fields: {} }),
)

/** SetMonitoringLevel; null: the version has no monitors. */
export const monitoringLevelCommand = since2<(severity: number) => Command | null>(
  () => null,
  (severity) => ({ action: 'SetMonitoringLevel', payload: { severity }, fields: {} }),
)

/** 2.0.1 N02: all monitors are asked for, or there is none. */
export const monitoringReportAsked = reportAsked(
  'monitors',
  ['componentVariable', 'monitoringCriteria'],
  (status) => status === 'EmptyResultSet',
)

/** Reports about monitors. */
export const monitoringReport: JobKind = {
  kind: 'monitoringReport',
  isRead: true,
  answered: (_, answer) => reportAnswered(answer),
  reports: reportStatuses,
}
