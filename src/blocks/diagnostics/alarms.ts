// Alarms: what a 2.x charge point reports by NotifyEvent as wrong, from its beginning to its end (2.0.1 N07, N08). An
// event with the trigger Alerting begins an alarm; one of the same monitor and variable that is `cleared` ends it.
// Events may come twice: an alarm has its beginning as a key, and what is older than the newest alarm changes nothing.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { alarmEventsMax, openAlarmsMax } from '../../base/limits.ts'
import { storableKey } from '../../base/storable-text.ts'
import type { Anomaly, Change, Known } from '../decision.ts'
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

/** What messages make of alarms. */
export interface AlarmDecision {
  readonly changes: readonly Change[]
  readonly anomalies: readonly Anomaly[]
}

/** The alarms that these events begin and end, in the order of their times. */
export function alarmChanges(events: readonly Event[], known: Known): AlarmDecision {
  const newest = new Map<string, NewRow<'alarms'>>()
  const rows = new Map<string, NewRow<'alarms'>>()
  for (const event of alarmEvents(events, known.receivedAtMs)) {
    const { subject } = subjectOf(event)
    const state = known.alarm(subject)
    const after = alarmAfter(newest.get(subject) ?? newestOf(subject, known), saidBy(event, subject, state), known)
    if (after === null) continue
    newest.set(subject, after)
    rows.set(`${subject}\0${after.beganAtMs}`, after)
  }
  return withinOpen([...rows.values()], known)
}

/**
 * Alarms as changes, without those that begin when the charge point has too many open ones. Only subjects that were
 * looked up count.
 */
export function withinOpen(rows: readonly NewRow<'alarms'>[], known: Pick<Known, 'alarm'>): AlarmDecision {
  const changes: Change[] = []
  let open: number | null = null
  let tooMany: NewRow<'alarms'> | null = null
  for (const row of rows) {
    const state = known.alarm(row.subject)
    open ??= state?.openOfChargePoint ?? 0
    const wasOpen = state !== undefined && state.newest !== null && state.newest.endedAtMs === null
    const isOpen = (row.endedAtMs ?? null) === null
    if (isOpen && !wasOpen && open >= openAlarmsMax) {
      tooMany ??= row
      continue
    }
    open += Number(isOpen) - Number(wasOpen)
    changes.push({ table: 'alarms', row })
  }
  if (tooMany === null) return { changes, anomalies: [] }
  const { componentName, componentInstance, variableName } = tooMany
  const detail = { componentName, componentInstance, variableName }
  return { changes, anomalies: [{ kind: 'tooManyAlarms', detail, oncePerConnection: true }] }
}

/** The newest alarm about a subject, as it is stored; null: there is none. */
export function newestOf(subject: string, known: Pick<Known, 'alarm'>): NewRow<'alarms'> | null {
  const newest = known.alarm(subject)?.newest ?? null
  return newest === null ? null : { subject, ...newest }
}

/** What a message says about an alarm: that it is over, or what begins, without its time. */
export interface AlarmSaid {
  readonly time: string
  readonly isEnd: boolean
  readonly endValue: string | null
  readonly begun: Omit<NewRow<'alarms'>, 'beganAtMs'>
}

/** The alarm that a message makes of the newest one; null: it changes nothing. */
export function alarmAfter(
  newest: NewRow<'alarms'> | null,
  { time, isEnd: isOver, endValue, begun }: AlarmSaid,
  { receivedAtMs }: Pick<Known, 'receivedAtMs'>,
): NewRow<'alarms'> | null {
  // A time after the arrival is from a clock that is ahead: once it is correct, no event could end that alarm.
  const atMs = Math.min(timeMs(time, receivedAtMs), receivedAtMs)
  const isOpen = newest !== null && (newest.endedAtMs ?? null) === null
  if (isOver) return isOpen && atMs >= newest.beganAtMs ? { ...newest, endedAtMs: atMs, endValue } : null
  // It says again what is known, or it is late.
  if (newest !== null && (isOpen || atMs <= (newest.endedAtMs ?? 0))) return null
  return { ...begun, beganAtMs: atMs }
}

function saidBy(event: Event, subject: string, state: AlarmState | undefined): AlarmSaid {
  const { component, variable } = event
  const begun = {
    subject,
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
  return { time: event.timestamp, isEnd: isEnd(event), endValue: event.actualValue, begun }
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
