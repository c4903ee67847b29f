// Alarms: what a 2.x charge point reports by NotifyEvent as wrong, from its beginning to its end (2.0.1 N07, N08). An
// event with the trigger Alerting begins an alarm; one of the same monitor and variable that is `cleared` ends it.
// Events may come twice: an alarm has its beginning as a key, and what is older than the newest alarm changes nothing.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { alarmEventsMax } from '../../base/limits.ts'
import { storableKey } from '../../base/storable-text.ts'
import type { Change, Known } from '../decision.ts'
import { timeMs } from '../notification.ts'
import { isCount } from '../provisioning/answer-values.ts'
import type { NewRow } from '../stored-rows.ts'
import { availableComponents, newestStates } from './newest-states.ts'
import type { AlarmState, AlarmSubject } from './records.ts'

export type Event = OCPP20.NotifyEventRequest['eventData'][number] | OCPP21.NotifyEventRequest['eventData'][number]

const subjectCharactersMax = 128

/** The elements of a NotifyEvent that handlers read: states, and the last `alarmEventsMax` about alarms. */
export function readEvents<E>(events: readonly E[]): readonly E[] {
  const states = new Set(newestStates(events))
  const alarms = new Set(lastOfAlarms(events))
  return events.filter((event) => states.has(event) || alarms.has(event))
}

/** The events that begin or end alarms: the last `alarmEventsMax`, by their times. */
export function alarmEvents(events: readonly Event[], receivedAtMs: number): readonly Event[] {
  return lastOfAlarms(events).toSorted((a, b) => timeMs(a.timestamp, receivedAtMs) - timeMs(b.timestamp, receivedAtMs))
}

/**
 * The last `alarmEventsMax` about alarms, in their order. Those that end one take precedence: nothing would say again
 * that an alarm is over.
 */
function lastOfAlarms<E>(events: readonly E[]): readonly E[] {
  const alarms = events.filter(isAlarmEvent)
  const left = alarms.length - alarmEventsMax
  if (left <= 0) return alarms
  const byPrecedence = [...alarms.filter((event) => !isEnd(event)), ...alarms.filter(isEnd)]
  const last = new Set(byPrecedence.slice(left))
  return alarms.filter((event) => last.has(event))
}

/** Statuses of connectors are no alarms, whatever triggers them. */
function isAlarmEvent(event: unknown): boolean {
  if (typeof event !== 'object' || event === null || !('trigger' in event)) return false
  return (event.trigger === 'Alerting' || isEnd(event)) && !isStatus(event)
}

function isStatus(event: object): boolean {
  const component = 'component' in event ? nameIn(event.component) : ''
  const variable = 'variable' in event ? nameIn(event.variable) : ''
  return variable === 'availabilitystate' && availableComponents.some((name) => name === component)
}

function nameIn(value: unknown): string {
  const isNamed = typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
  return isNamed ? String(value.name).trim().toLowerCase() : ''
}

/** What the alarm of an event is about. */
export function subjectOf({ component, variable, variableMonitoringId }: Event): AlarmSubject {
  const monitorId = isCount(variableMonitoringId) ? variableMonitoringId : null
  const { evse } = component
  const names = [component.name, component.instance ?? '', variable.name, variable.instance ?? '']
  const parts = [monitorId, evse?.id ?? 0, evse?.connectorId ?? 0, ...names.map((name) => name.toLowerCase())]
  return { subject: storableKey(JSON.stringify(parts), subjectCharactersMax), monitorId }
}

/** What has to be looked up for these events, each once. */
export function alarmNeeds(events: readonly Event[]): readonly AlarmSubject[] {
  const subjects = lastOfAlarms(events).map(subjectOf)
  return [...new Map(subjects.map((one) => [one.subject, one])).values()]
}

/** The alarms that these events begin and end, in the order of their times. */
export function alarmChanges(events: readonly Event[], known: Known): readonly Change[] {
  const newest = new Map<string, NewRow<'alarms'>>()
  const rows = new Map<string, NewRow<'alarms'>>()
  for (const event of alarmEvents(events, known.receivedAtMs)) {
    const { subject } = subjectOf(event)
    const state = known.alarm(subject)
    const before = newest.get(subject) ?? rowOf(subject, state)
    const after = alarmAfter(before, event, subject, state, known.receivedAtMs)
    if (after === null) continue
    newest.set(subject, after)
    rows.set(`${subject}\0${after.beganAtMs}`, after)
  }
  return [...rows.values()].map((row) => ({ table: 'alarms', row }))
}

function rowOf(subject: string, state: AlarmState | undefined): NewRow<'alarms'> | null {
  return state === undefined || state.newest === null ? null : { subject, ...state.newest }
}

/** The alarm that an event makes of the newest one; null: it changes nothing. */
function alarmAfter(
  newest: NewRow<'alarms'> | null,
  event: Event,
  subject: string,
  state: AlarmState | undefined,
  receivedAtMs: number,
): NewRow<'alarms'> | null {
  // A time after the arrival is from a clock that is ahead: once it is correct, no event could end that alarm.
  const atMs = Math.min(timeMs(event.timestamp, receivedAtMs), receivedAtMs)
  const isOpen = newest !== null && (newest.endedAtMs ?? null) === null
  if (isEnd(event)) {
    return isOpen && atMs >= newest.beganAtMs ? { ...newest, endedAtMs: atMs, endValue: event.actualValue } : null
  }
  // It says again what is known, or it is late.
  if (newest !== null && (isOpen || atMs <= (newest.endedAtMs ?? 0))) return null
  const { component, variable } = event
  return {
    subject,
    beganAtMs: atMs,
    componentName: component.name,
    componentInstance: component.instance ?? '',
    evseId: component.evse?.id ?? 0,
    connectorId: component.evse?.connectorId ?? 0,
    variableName: variable.name,
    variableInstance: variable.instance ?? '',
    monitorId: subjectOf(event).monitorId,
    severity: severityOf(event) ?? state?.severity ?? null,
    eventNotificationType: event.eventNotificationType,
    actualValue: event.actualValue,
    techCode: event.techCode ?? null,
    techInfo: event.techInfo ?? null,
    stationTransactionId: event.transactionId ?? null,
  }
}

/** Some charge points report the end of a problem as a value, alerting or as a change of it, without `cleared`. */
function isEnd(event: unknown): boolean {
  if (typeof event !== 'object' || event === null) return false
  if ('cleared' in event && event.cleared === true) return true
  if (!('trigger' in event && (event.trigger === 'Alerting' || event.trigger === 'Delta'))) return false
  const isOfProblem = 'variable' in event && nameIn(event.variable) === 'problem'
  const value = 'actualValue' in event ? event.actualValue : null
  return isOfProblem && typeof value === 'string' && ['false', '0'].includes(value.trim().toLowerCase())
}

/** An event of 2.1 may say it itself. */
function severityOf(event: Event): number | null {
  return 'severity' in event && isCount(event.severity) ? event.severity : null
}
