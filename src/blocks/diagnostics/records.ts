// Monitors and alarms, as the store returns them.

import type { Scope } from '../scope.ts'

/** A monitor of a variable (2.0.1 N). */
export interface MonitorRecord {
  readonly monitorId: number
  readonly componentName: string
  readonly componentInstance: string
  readonly evseId: number
  readonly connectorId: number
  readonly variableName: string
  readonly variableInstance: string
  readonly type: string
  readonly value: number
  readonly severity: number
  readonly isOfTransaction: boolean
  readonly eventNotificationType: string | null
  readonly generatedAtMs: number | null
  readonly updatedAtMs: number
}

/** What an alarm is looked up by. */
export interface AlarmSubject {
  readonly subject: string
  /** Of the monitor, if the event names one. */
  readonly monitorId: number | null
}

/** The fields of an alarm that decisions use. */
export interface KnownAlarm {
  readonly beganAtMs: number
  readonly endedAtMs: number | null
}

/** What is known about what an event may alarm about. */
export interface AlarmState {
  /** Its newest alarm; null: it has had none. */
  readonly newest: (KnownAlarm & AlarmDetails) | null
  /** How many alarms of the charge point are open; at most `openAlarmsMax` are counted. */
  readonly openOfChargePoint: number
  /** The severity of the monitor; null: it is not known. */
  readonly severity: number | null
}

/** What an alarm says beside its period. */
export interface AlarmDetails {
  readonly componentName: string
  readonly componentInstance: string
  readonly evseId: number
  readonly connectorId: number
  readonly variableName: string
  readonly variableInstance: string
  readonly monitorId: number | null
  readonly severity: number | null
  readonly eventNotificationType: string | null
  readonly actualValue: string | null
  readonly endValue: string | null
  readonly techCode: string | null
  readonly techInfo: string | null
  readonly stationTransactionId: string | null
}

/** An alarm, as the API shows it. */
export interface AlarmRecord extends KnownAlarm, AlarmDetails {
  readonly identity: string
  readonly updatedAtMs: number
}

/** Which alarms a list shows. */
export interface AlarmFilter {
  readonly scope: Scope
  readonly identity?: string
  readonly isOpen?: boolean
  /** This severe or more: 0 is the most severe. */
  readonly severityMax?: number
  readonly component?: string
  readonly variable?: string
  /** When they began. */
  readonly fromMs?: number
  readonly toMs?: number
}
