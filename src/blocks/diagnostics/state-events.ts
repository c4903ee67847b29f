// Functional blocks G and N: a 2.x charge point may report its statuses with NotifyEvent instead of StatusNotification
// (2.0.1 G01). It reports its problems only with NotifyEvent.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { connectorsMax } from '../../base/limits.ts'
import { alarmChanges, alarmNeeds } from './alarms.ts'
import { availableComponents, newestStates } from './newest-states.ts'
import { connectorStatusChanges, moveConnector, status201 } from '../availability/connector-status.ts'
import type { Anomaly, Change, ConnectorRef, Decision, Handler, Known } from '../decision.ts'
import { notification, timeMs } from '../notification.ts'
import type { NewRow, RowChange } from '../stored-rows.ts'
import { connectorSubject } from '../untimed-facts.ts'

type Event = OCPP20.NotifyEventRequest['eventData'][number]

/**
 * 2.0.1 N07: events of monitors. All are stored. An AvailabilityState also changes the status of connectors, a Problem
 * changes the current problems of the charge point, and alerts begin and end alarms.
 */
export const notifyEvent: Handler<OCPP20.NotifyEventRequest | OCPP21.NotifyEventRequest> = {
  needs: ({ eventData }) => {
    const alarms = alarmNeeds(eventData)
    return alarms.length === 0 ? {} : { alarms }
  },
  about: ({ eventData }, known) => ({
    also: newestStates(eventData).flatMap((event) => connectorsOf(event, known).map(connectorSubject)),
  }),
  decide: (payload, known) => {
    const stored = notification(known, payload.generatedAt)
    const alarms = alarmChanges(payload.eventData, known)
    const events = newestStates(payload.eventData)
    if (events.length === 0) return { ...stored, ...alarms, changes: [...alarms.changes, ...stored.changes] }
    const statuses = statusesOf(events, known)
    return {
      ...stored,
      changes: [...statuses.changes, ...problemsOf(events, known), ...alarms.changes, ...stored.changes],
      anomalies: [...statuses.anomalies, ...alarms.anomalies],
    }
  },
}

function statusesOf(events: readonly Event[], known: Known): Pick<Decision, 'changes' | 'anomalies'> {
  const moves = new Map<string, NewRow<'connectors'>>()
  const anomalies: Anomaly[] = []
  let connectorsLeft = connectorsMax - known.connectors().length
  let tooMany: ConnectorRef | null = null
  for (const event of byPrecedence(events)) {
    for (const ref of connectorsOf(event, known)) {
      const key = `${ref.evseId}/${ref.connectorId}`
      const isNew = known.connector(ref) === undefined && !moves.has(key)
      // One anomaly for all of them, because a charge point that keeps inventing connectors would cause many.
      if (isNew && connectorsLeft-- <= 0) tooMany ??= ref
      else moves.set(key, movedBy(ref, event, known))
    }
  }
  if (tooMany !== null) anomalies.push({ kind: 'tooManyConnectors', detail: { ...tooMany } })
  const judged = [...moves.values()].map((row) => moveConnector(row, known))
  for (const one of judged) anomalies.push(...one.anomalies)
  const moved = judged.map(({ row }) => row)
  return {
    changes: moved.length === 0 ? [] : connectorStatusChanges(moved, known),
    anomalies,
  }
}

function movedBy(ref: ConnectorRef, event: Event, known: Known): NewRow<'connectors'> {
  return {
    ...ref,
    status: status201(event.actualValue, ref, known),
    statusSent: event.actualValue,
    errorCode: null,
    info: event.techInfo ?? null,
    vendorId: null,
    vendorErrorCode: event.techCode ?? null,
    occurredAtMs: timeMs(event.timestamp, known.receivedAtMs),
  }
}

/** The entries about an AvailabilityState. Those of an EVSE come first, so that those of a connector override them. */
function byPrecedence(events: readonly Event[]): readonly Event[] {
  return events
    .filter(({ variable }) => isNamed(variable, 'availabilitystate'))
    .toSorted((a, b) => placeOf(a.component) - placeOf(b.component))
}

function placeOf(component: Event['component']): number {
  return availableComponents.findIndex((name) => isNamed(component, name))
}

function isNamed({ name }: { readonly name: string }, wanted: string): boolean {
  return name.trim().toLowerCase() === wanted
}

/**
 * The connectors that an entry is about. The charging station is connector 0, as in 1.6. The state of an EVSE applies
 * to all its connectors. Exception: if an EVSE with several connectors is occupied or reserved, it applies to none,
 * because only the charge point knows which connector is meant.
 */
function connectorsOf({ component, actualValue }: Event, known: Known): readonly ConnectorRef[] {
  if (isNamed(component, 'chargingstation')) return [{ evseId: 0, connectorId: 0 }]
  const { evse } = component
  if (evse === undefined || evse.id <= 0) return []
  const { id: evseId, connectorId } = evse
  if (isNamed(component, 'connector')) return [{ evseId, connectorId: connectorId ?? 1 }]
  const connectors = known.connectors().filter((connector) => connector.evseId === evseId)
  if (connectors.length === 0) return [{ evseId, connectorId: connectorId ?? 1 }]
  const isOfAll = connectors.length === 1 || !/^\s*(occupied|reserved)\s*$/i.test(actualValue)
  return isOfAll ? connectors.map((connector) => ({ evseId, connectorId: connector.connectorId })) : []
}

function problemsOf(events: readonly Event[], known: Known): readonly Change[] {
  return events.flatMap((event) => problemOf(event, known))
}

/** The change for an entry about a Problem; none for another variable, or if the value is neither true nor false. */
function problemOf(event: Event, known: Known): RowChange<'problems'>[] {
  const { component, variable, actualValue, techCode, techInfo, cause, timestamp } = event
  const isActive = truth(actualValue)
  if (!isNamed(variable, 'problem') || isActive === null) return []
  return [
    {
      table: 'problems',
      isActive,
      row: {
        componentName: component.name,
        componentInstance: component.instance ?? '',
        evseId: component.evse?.id ?? 0,
        connectorId: component.evse?.connectorId ?? 0,
        techCode: techCode ?? null,
        techInfo: techInfo ?? null,
        cause: cause ?? null,
        occurredAtMs: timeMs(timestamp, known.receivedAtMs),
      },
    },
  ]
}

function truth(text: string): boolean | null {
  const word = text.trim().toLowerCase()
  if (word === 'true' || word === '1') return true
  return word === 'false' || word === '0' ? false : null
}
