// Alarms: which events begin and end them, in whatever order and however often they come.

import { describe, expect, test } from 'bun:test'
import { alarmNeeds, type Event, readEvents, subjectOf, withinOpen } from '../../../../src/blocks/diagnostics/alarms.ts'
import type { AlarmState } from '../../../../src/blocks/diagnostics/records.ts'
import { notifyEvent } from '../../../../src/blocks/diagnostics/state-events.ts'
import { alarmEventsMax, openAlarmsMax } from '../../../../src/base/limits.ts'
import { decide } from '../../../support/known.ts'

const base: Event = {
  eventId: 1,
  timestamp: '2026-01-01T10:00:00Z',
  trigger: 'Alerting',
  actualValue: '82.5',
  component: { name: 'EVSE', evse: { id: 1 } },
  variable: { name: 'Temperature' },
  variableMonitoringId: 4,
  eventNotificationType: 'CustomMonitor',
}

const begin = (minute: number, more: Partial<Event> = {}): Event => ({ ...base, timestamp: time(minute), ...more })
const end = (minute: number, more: Partial<Event> = {}): Event => begin(minute, { cleared: true, ...more })
const time = (minute: number): string => `2026-01-01T10:${String(minute).padStart(2, '0')}:00Z`
const atMs = (minute: number): number => Date.parse(time(minute))

/** Beginning and end, in minutes, of the alarms that a NotifyEvent stores. */
function periods(eventData: readonly Event[], newest: readonly [number, number | null] | null = null) {
  const details = {
    componentName: 'EVSE',
    componentInstance: '',
    evseId: 1,
    connectorId: 0,
    variableName: 'Temperature',
  }
  const rest = { ...nothing, variableInstance: '', monitorId: 4, actualValue: '82.5' }
  const [from, to] = newest ?? [0, 0]
  const known = { ...details, ...rest, beganAtMs: atMs(from), endedAtMs: to === null ? null : atMs(to) }
  const state: AlarmState = { newest: newest === null ? null : known, severity: 3, openOfChargePoint: 0 }
  const [first, ...more] = eventData
  if (first === undefined) throw new Error('An event is missing.')
  const payload = { generatedAt: time(59), seqNo: 0, eventData: [first, ...more] as [Event, ...Event[]] }
  const minute = (ms: number | null | undefined): number | null => (ms == null ? null : new Date(ms).getUTCMinutes())
  const { changes } = decide(notifyEvent, payload as Parameters<typeof notifyEvent.decide>[0], {
    alarm: () => state,
    receivedAtMs: atMs(50),
  })
  return changes.flatMap((change) =>
    change.table === 'alarms' && 'row' in change
      ? [[minute(change.row.beganAtMs), minute(change.row.endedAtMs), change.row.severity] as const]
      : [],
  )
}

const nothing = {
  ...{ endValue: null, techCode: null, techInfo: null, stationTransactionId: null },
  ...{ severity: 3, eventNotificationType: null },
}

describe('an alarm', () => {
  test.each([
    ['begins', [begin(1)], null, [[1, null, 3]]],
    ['begins and ends in one message', [begin(1), end(2)], null, [[1, 2, 3]]],
    [
      'ends before it begins again',
      [end(5), begin(1), begin(7)],
      null,
      [
        [1, 5, 3],
        [7, null, 3],
      ],
    ],
    ['begins once', [begin(1), begin(2)], null, [[1, null, 3]]],
    ['that is open does not begin again', [begin(5)], [1, null], []],
    ['that is open ends', [end(5)], [1, null], [[1, 5, 3]]],
    ['that is open does not end before it began', [end(0)], [1, null], []],
    ['that has ended does not end again', [end(5)], [1, 5], []],
    ['that has ended does not begin again by a resend', [begin(1)], [1, 5], []],
    ['begins again after its end', [begin(6)], [1, 5], [[6, null, 3]]],
    ['that never began does not end', [end(1)], null, []],
    ['ends by any trigger', [end(5, { trigger: 'Delta' })], [1, null], [[1, 5, 3]]],
    ['is not begun by other triggers', [begin(1, { trigger: 'Delta' }), begin(2, { trigger: 'Periodic' })], null, []],
    [
      'is no status of a connector',
      [begin(1, { component: { name: 'Connector' }, variable: { name: 'AvailabilityState' }, actualValue: 'Faulted' })],
      null,
      [],
    ],
    [
      'of a problem ends by its value, too',
      [begin(5, { variable: { name: 'Problem' }, actualValue: 'false' })],
      [1, null],
      [[1, 5, 3]],
    ],
    [
      'of a problem ends by a change of its value, too',
      [end(5, { cleared: false, trigger: 'Delta', variable: { name: 'Problem' }, actualValue: 'false' })],
      [1, null],
      [[1, 5, 3]],
    ],
    [
      'of a problem is not begun by a change of its value',
      [begin(5, { trigger: 'Delta', variable: { name: 'Problem' }, actualValue: 'true' })],
      null,
      [],
    ],
    ['of a clock that is ahead begins when it arrives', [begin(59)], null, [[50, null, 3]]],
    ['of a clock that is ahead ends when that arrives', [end(59)], [1, null], [[1, 50, 3]]],
  ] as const)('%s', (_, events, newest, stored) => {
    expect(periods(events, newest)).toEqual(stored.map((one) => one))
  })

  test('has the severity that an event of 2.1 says', () => {
    const event = { ...begin(1), severity: 7 } as Event
    expect(periods([event])).toEqual([[1, null, 7]])
  })
})

describe('what is looked up', () => {
  test('is each subject once: names in any letter case are one, monitors are not', () => {
    const other = begin(2, { component: { name: 'evse', evse: { id: 1 } } })
    const anotherMonitor = begin(3, { variableMonitoringId: 5 })
    const delta = begin(4, { trigger: 'Delta', variable: { name: 'Power' } })
    expect(alarmNeeds([base, other, anotherMonitor, delta])).toEqual([subjectOf(base), subjectOf(anotherMonitor)])
    expect(subjectOf(begin(1, { component: { name: 'X'.repeat(200) } })).subject).toHaveLength(128)
  })

  test('is limited in number, as are the events that are read of a long message', () => {
    const many = Array.from({ length: alarmEventsMax + 50 }, (_, at) => begin(1, { variableMonitoringId: at }))
    const last = many.slice(-alarmEventsMax)
    expect(alarmNeeds(many)).toEqual(last.map(subjectOf))
    const delta = begin(1, { trigger: 'Delta' })
    const state = begin(1, {
      trigger: 'Delta',
      component: { name: 'Connector' },
      variable: { name: 'AvailabilityState' },
    })
    expect(readEvents([state, ...many, delta])).toEqual([state, ...last])
  })

  test('is what ends alarms rather than what begins them, however many alerts come after it', () => {
    const alerts = Array.from({ length: alarmEventsMax }, (_, at) => begin(2, { variableMonitoringId: 100 + at }))
    const ends = [end(1), end(1, { variableMonitoringId: 5 })]
    const events = [...ends, ...alerts]
    const kept = [...ends, ...alerts.slice(2)]
    expect(readEvents(events)).toEqual(kept)
    expect(alarmNeeds(events)).toEqual(kept.map(subjectOf))
    expect(periods(events, [0, null])).toContainEqual([0, 1, 3])
  })
})

test('a charge point with too many open alarms gets no other one, and an anomaly', () => {
  const row = (subject: string, endedAtMs: number | null = null) => ({
    subject,
    beganAtMs: 1,
    endedAtMs,
    componentName: subject,
    componentInstance: '',
    evseId: 0,
    connectorId: 0,
    variableName: 'Problem',
    variableInstance: '',
  })
  const open = { ...nothing, ...row('known'), monitorId: null, actualValue: null }
  const state = (subject: string, openOfChargePoint: number): AlarmState => ({
    newest: subject === 'known' ? open : null,
    severity: null,
    openOfChargePoint,
  })
  const decided = (openOfChargePoint: number, ...rows: readonly ReturnType<typeof row>[]) => {
    const { changes, anomalies } = withinOpen(rows, { alarm: (subject) => state(subject, openOfChargePoint) })
    return [changes.length, anomalies.map(({ kind }) => kind)]
  }
  expect(decided(openAlarmsMax - 1, row('a'))).toEqual([1, []])
  expect(decided(openAlarmsMax - 1, row('a'), row('b'), row('c'))).toEqual([1, ['tooManyAlarms']])
  expect(decided(openAlarmsMax, row('known'), row('a'))).toEqual([1, ['tooManyAlarms']])
  expect(decided(openAlarmsMax, row('known', 2), row('a'))).toEqual([2, []])
})
