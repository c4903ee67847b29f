// Functional block R of 2.1: controls of distributed energy resources (DER). They are set, reported and cleared, and
// the charge point says when it follows one.

import type { OCPP21 } from 'typed-ocpp'
import { reportedProfilesMax } from '../../base/limits.ts'
import { withDefined } from '../../base/with-defined.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, type NoCommand, outcomeOf, statusOf } from '../command.ts'
import type { Change, Handler } from '../decision.ts'
import type { JobKind } from '../jobs/job.ts'
import { jobNeeds, withJob } from '../jobs/reported.ts'
import type { Learned } from '../message-row.ts'
import { notification, timeMs } from '../notification.ts'
import { nextPartOf, reportNeeds } from '../provisioning/report-messages.ts'
import { reportAsked } from '../provisioning/whole-report.ts'
import type { RowChange } from '../stored-rows.ts'
import type { Payload } from '../values.ts'
import { only21 } from './energy-commands.ts'
import { reportParts } from './profile-commands.ts'
import { readProfiles } from './reports.ts'

/** DERControlEnumType. */
export const derControlTypes = [
  ...(['EnterService', 'FreqDroop', 'FreqWatt', 'FixedPFAbsorb', 'FixedPFInject', 'FixedVar', 'Gradients'] as const),
  ...(['HFMustTrip', 'HFMayTrip', 'HVMustTrip', 'HVMomCess', 'HVMayTrip', 'LimitMaxDischarge', 'LFMustTrip'] as const),
  ...(['LVMustTrip', 'LVMomCess', 'LVMayTrip', 'PowerMonitoringMustTrip', 'VoltVar', 'VoltWatt', 'WattPF'] as const),
  'WattVar',
] as const

type DerControlType = (typeof derControlTypes)[number]

/** The member of SetDERControl that has the parameters; of every other type it is `curve`. */
const membersOfTypes: { readonly [Type in DerControlType]?: string } = {
  EnterService: 'enterService',
  FreqDroop: 'freqDroop',
  FixedPFAbsorb: 'fixedPFAbsorb',
  FixedPFInject: 'fixedPFInject',
  FixedVar: 'fixedVar',
  Gradients: 'gradient',
  LimitMaxDischarge: 'limitMaxDischarge',
}

const members = [...Object.values(membersOfTypes), 'curve']

export interface SetDerRequest {
  readonly controlId: string
  readonly controlType: DerControlType
  readonly isDefault: boolean
  /** Its parameters. */
  readonly control: Payload
}

/** SetDERControl (2.1 R04). */
export function setDerCommand(version: OcppVersion, request: SetDerRequest): Command | NoCommand {
  const member = membersOfTypes[request.controlType] ?? 'curve'
  return setDer(version, { ...request, member })
}

const setDer = only21<SetDerRequest & { readonly member: string }>(
  'SetDERControl',
  ({ controlId, controlType, isDefault, control, member }) => ({
    isDefault,
    controlId,
    controlType,
    [member]: control,
  }),
  Object.fromEntries(members.map((member) => [`/${member}`, 'control'])),
)

/** Which controls are meant; a field that is left out means any. */
export interface DerCriteria {
  readonly isDefault?: boolean | undefined
  readonly controlType?: DerControlType | undefined
  readonly controlId?: string | undefined
}

/** ClearDERControl (2.1 R04). */
export const clearDerCommand = only21<DerCriteria & { readonly isDefault: boolean }>(
  'ClearDERControl',
  ({ isDefault, controlType, controlId }) => ({ isDefault, ...withDefined({ controlType, controlId }) }),
)

const getDer = only21<DerCriteria & { readonly requestId: number }>(
  'GetDERControl',
  ({ requestId, isDefault, controlType, controlId }) => ({
    requestId,
    ...withDefined({ isDefault, controlType, controlId }),
  }),
)

/** GetDERControl (2.1 R04); null: the version has none. */
export function getDerCommand(
  version: OcppVersion,
  request: DerCriteria & { readonly requestId: number },
): Command | null {
  const command = getDer(version, request)
  return 'reason' in command ? null : command
}

/** The outcome of setting or clearing controls. */
export function derOutcome(status: string): CommandOutcome {
  switch (status) {
    case 'NotSupported':
      return { status, message: 'The charge point does not support this kind of DER control' }
    case 'NotFound':
      return { status, message: 'The charge point has no such DER control' }
    default:
      return outcomeOf(status, 'The charge point has taken it over', 'DER control')
  }
}

function superseded(ids: unknown, otherId: string): RowChange<'derControlEvents'>[] {
  const texts = Array.isArray(ids) ? ids.filter((id): id is string => typeof id === 'string') : []
  return texts.slice(0, reportedProfilesMax).map((controlId) => ({
    table: 'derControlEvents',
    row: { controlId, event: 'superseded', otherId },
  }))
}

/** 2.1 R04: the control that the charge point has accepted, and those in whose place it is. */
export const derControlSet: Learned = ({ controlId, controlType, isDefault, ...more }, { status, supersededIds }) => {
  if (status !== 'Accepted' || typeof controlId !== 'string' || typeof controlType !== 'string') return []
  const [control] = members.map((member) => more[member]).filter((one) => typeof one === 'object' && one !== null)
  const row = { controlId, controlType, isDefault: isDefault === true, isReported: false, control: { ...control } }
  return [{ table: 'derControls', row }, ...superseded(supersededIds, controlId)]
}

/** 2.1 R04: NotFound says as well that the charge point has none of them. */
export const derControlsCleared: Learned = ({ isDefault, controlType, controlId }, { status }) => {
  if (status !== 'Accepted' && status !== 'NotFound') return []
  if (typeof controlId === 'string') return [{ table: 'derControlEvents', row: { controlId, event: 'cleared' } }]
  const type = typeof controlType === 'string' ? controlType : ''
  return [{ table: 'derClearings', row: { isDefault: isDefault === true, controlType: type } }]
}

/** 2.1 R04: all controls are asked for, or there is none. */
export const derReportAsked = reportAsked(
  'derControls',
  ['isDefault', 'controlType', 'controlId'],
  (status) => status === 'NotFound',
)

/** The lists of a ReportDERControl: the member of their elements with the parameters, and their type. */
const lists: Readonly<Record<string, { readonly member: string; readonly type: DerControlType | null }>> = {
  // Each says its type itself.
  curve: { member: 'curve', type: null },
  enterService: { member: 'enterService', type: 'EnterService' },
  fixedPFAbsorb: { member: 'fixedPF', type: 'FixedPFAbsorb' },
  fixedPFInject: { member: 'fixedPF', type: 'FixedPFInject' },
  fixedVar: { member: 'fixedVar', type: 'FixedVar' },
  freqDroop: { member: 'freqDroop', type: 'FreqDroop' },
  gradient: { member: 'gradient', type: 'Gradients' },
  limitMaxDischarge: { member: 'limitMaxDischarge', type: 'LimitMaxDischarge' },
}

/**
 * The elements of the lists of a long report that are read: one more than are stored one by one, which shows that there
 * are others. The event has them all.
 */
export const readControls = Object.fromEntries(Object.keys(lists).map((list) => [list, readProfiles]))

/** 2.1 R04: one part of a report, which moves the job that asked for it. */
export const reportDerControl: Handler<OCPP21.ReportDERControlRequest> = {
  needs: ({ requestId }) => ({ ...jobNeeds({ requestId }), ...reportNeeds('derControls', { requestId }) }),
  decide: (report, known) => {
    const { requestId, tbc } = report
    const changes = Object.entries(lists).flatMap(([list, { member, type }]) => {
      const elements: unknown = Reflect.get(report, list)
      return Array.isArray(elements) ? elements.slice(0, reportedProfilesMax).flatMap(controlsIn(member, type)) : []
    })
    const status = tbc === true ? reportParts.more : reportParts.last
    const isCut = Object.keys(lists).some((list) => lengthOf(Reflect.get(report, list)) > reportedProfilesMax)
    const part = nextPartOf('derControls', { requestId, tbc }, isCut, known)
    return withJob(notification(known, undefined, ...changes, ...part), known, [derReport], { status, requestId })
  },
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0
}

function controlsIn(member: string, type: DerControlType | null): (element: unknown) => Change[] {
  return (element) => {
    if (typeof element !== 'object' || element === null) return []
    const { id: controlId, curveType, isDefault, isSuperseded, [member]: control }: Payload = { ...element }
    const controlType = type ?? curveType
    if (typeof controlId !== 'string' || typeof controlType !== 'string') return []
    const parameters = typeof control === 'object' && control !== null ? { ...control } : {}
    // Entering service and gradients are defaults of the charge point: their elements do not say it.
    const isOfAll = isDefault === undefined || isDefault === true
    const row = { controlId, controlType, isDefault: isOfAll, isReported: true, control: parameters }
    const end: Change = { table: 'derControlEvents', row: { controlId, event: 'superseded' } }
    return [{ table: 'derControls', row }, ...(isSuperseded === true ? [end] : [])]
  }
}

/** 2.1 R04: the charge point begins, or ceases, to follow a control. */
export const notifyDerStartStop: Handler<OCPP21.NotifyDERStartStopRequest> = {
  decide: ({ controlId, started, timestamp, supersededIds }, known) => {
    const occurredAtMs = timeMs(timestamp, known.receivedAtMs)
    const event = started ? 'started' : 'stopped'
    const moved: Change = { table: 'derControlEvents', row: { controlId, event, occurredAtMs } }
    return notification(known, timestamp, moved, ...superseded(supersededIds, controlId))
  },
}

/** Reports of DER controls: they come in parts, of which the last one says so. */
export const derReport: JobKind = {
  kind: 'derControlReport',
  isRead: true,
  answered(_, answer) {
    const status = statusOf(answer)
    switch (status) {
      case null:
        return null
      case 'Accepted':
        return { type: 'accepted', status, message: 'The charge point reports its DER controls' }
      case 'NotFound':
        return { type: 'done', status, message: 'The charge point has no such DER control' }
      default:
        return { type: 'refused', status, message: `The charge point answered the request for a report with ${status}` }
    }
  },
  reports: { [reportParts.more]: 'progress', [reportParts.last]: 'success' },
}
