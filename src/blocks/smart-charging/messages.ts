// Functional block K, smart charging. For 2.1 also blocks Q, bidirectional power transfer, and R, control of
// distributed energy resources.

import { forgiving, keeping, learning, readingPartOf, rowsOf } from '../rows.ts'
import { notifyDerAlarm } from './der-alarms.ts'
import {
  derControlsCleared,
  derControlSet,
  derReportAsked,
  notifyDerStartStop,
  readControls,
  reportDerControl,
} from './der-controls.ts'
import { pullDynamicScheduleUpdate } from './dynamic-schedule.ts'
import { afrrSignalled, prioritySet, transferAllowed } from './energy-commands.ts'
import { notifyPriorityCharging } from './priority-charging.ts'
import { profileReportAsked } from './profile-commands.ts'
import {
  clearedChargingLimit,
  firstProfiles,
  notifyChargingLimit,
  notifyEvChargingNeeds,
  notifyEvChargingSchedule,
  readProfiles,
  reportChargingProfiles,
} from './reports.ts'

const { served, toChargePoint } = rowsOf('smart-charging')

export const smartCharging16 = {
  ClearChargingProfile: toChargePoint('1.6 §5.5'),
  GetCompositeSchedule: toChargePoint('1.6 §5.7'),
  SetChargingProfile: toChargePoint('1.6 §5.16'),
}

export const smartCharging201 = {
  SetChargingProfile: toChargePoint('2.0.1 K01', ['NotifyEVChargingSchedule']),
  GetCompositeSchedule: toChargePoint('2.0.1 K08'),
  GetChargingProfiles: learning(profileReportAsked, toChargePoint('2.0.1 K09', ['ReportChargingProfiles'])),
  ReportChargingProfiles: readingPartOf(
    { chargingProfile: readProfiles },
    forgiving(served('2.0.1 K09', 'committed', reportChargingProfiles)),
  ),
  ClearChargingProfile: toChargePoint('2.0.1 K10'),
  NotifyChargingLimit: keeping(
    ['chargingSchedule'],
    forgiving(served('2.0.1 K11-K12', 'committed', notifyChargingLimit)),
  ),
  ClearedChargingLimit: forgiving(served('2.0.1 K13', 'committed', clearedChargingLimit)),
  NotifyEVChargingNeeds: keeping(['chargingNeeds'], forgiving(served('2.0.1 K15', 'committed', notifyEvChargingNeeds))),
  NotifyEVChargingSchedule: keeping(
    ['chargingSchedule'],
    forgiving(served('2.0.1 K15-K17', 'committed', notifyEvChargingSchedule)),
  ),
}

export const smartCharging21 = {
  SetChargingProfile: toChargePoint('2.1 K01', ['NotifyEVChargingSchedule']),
  GetCompositeSchedule: toChargePoint('2.1 K08'),
  GetChargingProfiles: learning(profileReportAsked, toChargePoint('2.1 K09', ['ReportChargingProfiles'])),
  ReportChargingProfiles: readingPartOf(
    { chargingProfile: readProfiles },
    forgiving(served('2.1 K09', 'committed', reportChargingProfiles)),
  ),
  ClearChargingProfile: toChargePoint('2.1 K10'),
  NotifyChargingLimit: keeping(
    ['chargingSchedule'],
    forgiving(served('2.1 K11-K12', 'committed', notifyChargingLimit)),
  ),
  ClearedChargingLimit: forgiving(served('2.1 K13', 'committed', clearedChargingLimit)),
  NotifyEVChargingNeeds: keeping(
    ['chargingNeeds'],
    forgiving(served('2.1 K15, K18-K19', 'committed', notifyEvChargingNeeds)),
  ),
  NotifyEVChargingSchedule: keeping(
    ['chargingSchedule'],
    forgiving(served('2.1 K15-K19', 'committed', notifyEvChargingSchedule)),
  ),
  UsePriorityCharging: learning(prioritySet, toChargePoint('2.1 K21')),
  NotifyPriorityCharging: forgiving(served('2.1 K21-K22', 'committed', notifyPriorityCharging)),
  UpdateDynamicSchedule: toChargePoint('2.1 K28'),
  PullDynamicScheduleUpdate: served('2.1 K28', 'none', pullDynamicScheduleUpdate),

  NotifyAllowedEnergyTransfer: learning(transferAllowed, toChargePoint('2.1 Q01')),
  AFRRSignal: learning(afrrSignalled, toChargePoint('2.1 Q07')),

  SetDERControl: learning(derControlSet, toChargePoint('2.1 R04', ['NotifyDERStartStop'])),
  GetDERControl: learning(derReportAsked, toChargePoint('2.1 R04', ['ReportDERControl'])),
  ReportDERControl: readingPartOf(readControls, forgiving(served('2.1 R04', 'committed', reportDerControl))),
  ClearDERControl: learning(derControlsCleared, toChargePoint('2.1 R04', ['NotifyDERStartStop'])),
  NotifyDERStartStop: readingPartOf(
    { supersededIds: firstProfiles },
    forgiving(served('2.1 R04', 'committed', notifyDerStartStop)),
  ),
  NotifyDERAlarm: forgiving(served('2.1 R05', 'committed', notifyDerAlarm)),
}
