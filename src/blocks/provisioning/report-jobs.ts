// Reports of the device model as jobs (2.0.1 B07, B08): the command in each version, what the answer means, and how the
// parts of the report move the job. A charge point of 1.6 answers with all of it at once (1.6 §5.8).

import { jobDetailItemsMax, jobTextCharactersMax } from '../../base/limits.ts'
import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, statusOf } from '../command.ts'
import type { Payload } from '../decision.ts'
import type { JobAnswer, JobKind } from '../jobs/job.ts'
import type { ReportStatus } from './report-parts.ts'
import { text } from './answer-values.ts'
import { configurationOf, onlyKeys } from './configuration-commands.ts'
import { componentVariable, configurationKeyOf, variableIn2x, type VariableName } from './variable-name.ts'

/** What a base report has (2.0.1 ReportBaseEnumType). */
export const reportBases = ['FullInventory', 'ConfigurationInventory', 'SummaryInventory'] as const

export type ReportBase = (typeof reportBases)[number]

/** Which components a report is about, by their state (2.0.1 ComponentCriterionEnumType). */
export const reportCriteria = ['Active', 'Available', 'Enabled', 'Problem'] as const

export type ReportCriterion = (typeof reportCriteria)[number]

/** What a report is to have: of these components or variables, those that fit one of the criteria. */
export interface ReportRequest {
  readonly variables: readonly ReportedVariable[]
  readonly criteria: readonly ReportCriterion[]
  readonly requestId: number
}

/** A variable; without a name of its own all those of its component. */
export type ReportedVariable = Omit<VariableName, 'variableName'> & { readonly variableName: string | null }

/** GetBaseReport of 2.x, or GetConfiguration of 1.6, which has one inventory only. */
export function baseReportCommand(version: OcppVersion, requestId: number, reportBase: ReportBase): Command {
  return baseReports[version](requestId, reportBase)
}

const baseReports = since2<(requestId: number, reportBase: ReportBase) => Command>(
  () => ({ action: 'GetConfiguration', payload: {}, fields: {} }),
  (requestId, reportBase) => ({ action: 'GetBaseReport', payload: { requestId, reportBase }, fields: {} }),
)

/**
 * GetReport of 2.x, or GetConfiguration of 1.6 with the keys that mean the same. Null: the version does not have one of
 * the variables, or has no criteria.
 */
export function reportCommand(version: OcppVersion, request: ReportRequest): Command | null {
  return reports[version](request)
}

const reports = since2<(request: ReportRequest) => Command | null>(getConfiguration, getReport)

function getConfiguration({ variables, criteria }: ReportRequest): Command | null {
  if (criteria.length > 0) return null
  const key = variables.map(({ variableName, ...rest }) =>
    variableName === null ? null : configurationKeyOf({ ...rest, variableName }),
  )
  return key.includes(null)
    ? null
    : { action: 'GetConfiguration', payload: key.length === 0 ? {} : { key }, fields: { '/key': 'variables' } }
}

function getReport({ variables, criteria, requestId }: ReportRequest): Command | null {
  const componentVariable = componentVariablesOf(variables)
  if (componentVariable === null) return null
  return {
    action: 'GetReport',
    payload: {
      ...(variables.length === 0 ? {} : { componentVariable }),
      requestId,
      ...(criteria.length === 0 ? {} : { componentCriteria: criteria }),
    },
    fields: { '/componentVariable': 'variables', '/componentCriteria': 'criteria' },
  }
}

/** Each as ComponentVariableType of 2.x; null: 2.x does not have one of them. */
export function componentVariablesOf(variables: readonly ReportedVariable[]): readonly Payload[] | null {
  const named = variables.map(componentVariableOf)
  return named.every((one) => one !== null) ? named : null
}

/** Without a variable it means all of the component. */
function componentVariableOf({ variableName, ...rest }: ReportedVariable): Payload | null {
  if (variableName === null) {
    const { component } = componentVariable({ ...rest, variableName: '' })
    return { component }
  }
  const name = variableIn2x({ ...rest, variableName })
  return name === null ? null : componentVariable(name)
}

/** A charge point that was asked for all keys instead (see `key-lists.ts`) does not say which it lacks. */
function configurationAnswered(answer: Payload, { key: asked }: Payload): JobAnswer {
  const told = configurationOf('1.6', [], answer, [])
  const unknownKeys =
    told !== null && Array.isArray(asked) ? onlyKeys(asked.map(String), told).unknownKey : answer.unknownKey
  const keys: readonly unknown[] = Array.isArray(unknownKeys) ? unknownKeys.slice(0, jobDetailItemsMax) : []
  const shown = keys.flatMap((key) => text(key)?.slice(0, jobTextCharactersMax) ?? [])
  const unknown = shown.length > 0 ? { detail: { unknownKey: shown } } : {}
  return { type: 'done', status: 'Complete', message: 'The charge point has told its configuration', ...unknown }
}

/** GenericDeviceModelStatusEnumType. */
export function reportAnswered(answer: Payload): JobAnswer | null {
  const status = statusOf(answer)
  switch (status) {
    case null:
      return null
    case 'Accepted':
      return { type: 'accepted', status, message: 'The charge point sends the report' }
    case 'EmptyResultSet':
      return { type: 'done', status, message: 'The charge point has nothing of what was asked for' }
    default:
      return { type: 'refused', status, message: `The charge point answered the request for a report with ${status}` }
  }
}

const answered = since2<(answer: Payload, sent: Payload) => JobAnswer | null>(configurationAnswered, reportAnswered)

/** What the parts of a report mean for its job. One that misses a part when the last has come may still get it. */
export const reportStatuses: Readonly<Record<ReportStatus, 'progress' | 'success'>> = {
  Receiving: 'progress',
  PartsMissing: 'progress',
  Complete: 'success',
}

export const baseReport: JobKind = {
  kind: 'baseReport',
  isRead: true,
  answered: (version, answer, sent) => answered[version](answer, sent),
  reports: reportStatuses,
}

export const report: JobKind = { ...baseReport, kind: 'report' }

/** The kinds of jobs that NotifyReport is about. */
export const modelReports: readonly JobKind[] = [baseReport, report]
