// NotifyDERAlarm (2.1 R05): alarms of DER controls, among the alarms of the charge point. A message with `alarmEnded`
// ends one.

import type { OCPP21 } from 'typed-ocpp'
import { storableKey } from '../../base/storable-text.ts'
import type { Handler } from '../decision.ts'
import { alarmAfter, newestOf, withinOpen } from '../diagnostics/alarms.ts'
import type { AlarmSubject } from '../diagnostics/records.ts'
import { notification } from '../notification.ts'

/** GridEventFaultEnumType. */
const faults: readonly string[] = [
  ...['CurrentImbalance', 'LocalEmergency', 'LowInputPower', 'OverCurrent', 'OverFrequency', 'OverVoltage'],
  ...['PhaseRotation', 'RemoteEmergency', 'UnderFrequency', 'UnderVoltage', 'VoltageImbalance'],
]

const subjectCharactersMax = 128

/** What the alarms of a message may be about: an end that names no fault ends those of every fault. */
function faultsOf({ gridEventFault, alarmEnded }: OCPP21.NotifyDERAlarmRequest): readonly string[] {
  if (gridEventFault !== undefined) return [gridEventFault]
  return alarmEnded === true ? ['', ...faults] : ['']
}

function subjectOf(controlType: string, fault: string): AlarmSubject {
  const subject = storableKey(JSON.stringify(['DERControl', controlType, fault]), subjectCharactersMax)
  return { subject, monitorId: null }
}

export const notifyDerAlarm: Handler<OCPP21.NotifyDERAlarmRequest> = {
  needs: (alarm) => ({ alarms: faultsOf(alarm).map((fault) => subjectOf(alarm.controlType, fault)) }),
  decide: (alarm, known) => {
    const { controlType, alarmEnded, timestamp, extraInfo } = alarm
    const rows = faultsOf(alarm).flatMap((fault) => {
      const { subject } = subjectOf(controlType, fault)
      const begun = {
        subject,
        componentName: 'DERControl',
        componentInstance: '',
        evseId: 0,
        connectorId: 0,
        variableName: controlType,
        variableInstance: '',
        actualValue: fault === '' ? null : fault,
        techInfo: extraInfo ?? null,
      }
      const said = { time: timestamp, isEnd: alarmEnded === true, endValue: extraInfo ?? null, begun }
      const row = alarmAfter(newestOf(subject, known), said, known)
      return row === null ? [] : [row]
    })
    const { changes, anomalies } = withinOpen(rows, known)
    return { ...notification(known, timestamp, ...changes), anomalies }
  },
}
