// Functional block K, smart charging. For 2.1 also blocks Q, bidirectional power transfer, and R, control of
// distributed energy resources.

import { forgiving, keeping, readingPartOf, rowsOf } from '../rows.ts'
import { pullDynamicScheduleUpdate } from './dynamic-schedule.ts'
import {
  clearedChargingLimit,
  firstProfiles,
  notifyChargingLimit,
  notifyEvChargingNeeds,
  notifyEvChargingSchedule,
  reportChargingProfiles,
} from './reports.ts'

const { served, stored, toChargePoint } = rowsOf('smart-charging')

export const smartCharging16 = {
  ClearChargingProfile: toChargePoint('1.6 §5.5'),
  GetCompositeSchedule: toChargePoint('1.6 §5.7'),
  SetChargingProfile: toChargePoint('1.6 §5.16'),
}

export const smartCharging201 = {
  SetChargingProfile: toChargePoint('2.0.1 K01', ['NotifyEVChargingSchedule']),
  GetCompositeSchedule: toChargePoint('2.0.1 K08'),
  GetChargingProfiles: toChargePoint('2.0.1 K09', ['ReportChargingProfiles']),
  ReportChargingProfiles: readingPartOf(
    { chargingProfile: firstProfiles },
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

/** The lists of a ReportDERControl, one for each kind of control. */
const derControls = [
  'curve',
  'enterService',
  'fixedPFAbsorb',
  'fixedPFInject',
  'fixedVar',
  'freqDroop',
  'gradient',
  'limitMaxDischarge',
]

export const smartCharging21 = {
  SetChargingProfile: toChargePoint('2.1 K01', ['NotifyEVChargingSchedule']),
  GetCompositeSchedule: toChargePoint('2.1 K08'),
  GetChargingProfiles: toChargePoint('2.1 K09', ['ReportChargingProfiles']),
  ReportChargingProfiles: readingPartOf(
    { chargingProfile: firstProfiles },
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
  UsePriorityCharging: toChargePoint('2.1 K21'),
  NotifyPriorityCharging: stored('2.1 K21-K22'),
  UpdateDynamicSchedule: toChargePoint('2.1 K28'),
  PullDynamicScheduleUpdate: served('2.1 K28', 'none', pullDynamicScheduleUpdate),

  NotifyAllowedEnergyTransfer: toChargePoint('2.1 Q01'),
  AFRRSignal: toChargePoint('2.1 Q07'),

  SetDERControl: toChargePoint('2.1 R04'),
  GetDERControl: toChargePoint('2.1 R04'),
  ReportDERControl: keeping(derControls, stored('2.1 R04')),
  ClearDERControl: toChargePoint('2.1 R04'),
  NotifyDERStartStop: keeping(['supersededIds'], stored('2.1 R04')),
  NotifyDERAlarm: stored('2.1 R05'),
}
