// What monitors of 2.x charge points report by NotifyEvent.

import type { OCPP20 } from 'typed-ocpp'

export type MonitoredEvent = OCPP20.NotifyEventRequest['eventData'][number]

/** When these events happened, unless a test says otherwise. */
export const monitoredAt = '2026-01-31T12:00:00.000Z'

/** One event about a variable of a component, on an EVSE or on the charge point as a whole. */
export function monitored(
  component: string,
  variable: string,
  actualValue: string,
  evse?: { readonly id: number; readonly connectorId?: number },
  more: Partial<MonitoredEvent> = {},
): MonitoredEvent {
  return {
    eventId: 1,
    timestamp: monitoredAt,
    trigger: 'Delta',
    actualValue,
    eventNotificationType: 'HardWiredNotification',
    component: { name: component, ...(evse === undefined ? {} : { evse }) },
    variable: { name: variable },
    ...more,
  }
}

/** The payload of a NotifyEvent with these events, one at least. */
export function notifyEventOf(...eventData: readonly MonitoredEvent[]): OCPP20.NotifyEventRequest {
  const [first, ...rest] = eventData
  if (first === undefined) throw new TypeError('a NotifyEvent has an event')
  return { generatedAt: monitoredAt, seqNo: 0, eventData: [first, ...rest] }
}
