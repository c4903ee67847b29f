// Functional blocks G and N, where they meet: a 2.x charge point may tell its statuses by NotifyEvent instead of
// StatusNotification (2.0.1 G01), and its problems by NotifyEvent alone.

import type { OCPP20 } from 'typed-ocpp'
import { connectorsMax } from '../../base/limits.ts'
import { availableComponents, newestStates } from './newest-states.ts'
import { connectorStatusChanges, moveConnector, status201 } from '../availability/connector-status.ts'
import type { Anomaly, Change, ConnectorRef, Decision, Handler, Known } from '../decision.ts'
import { notification, timeMs } from '../notification.ts'
import type { NewRow, RowChange } from '../stored-rows.ts'
import { connectorSubject } from '../untimed-facts.ts'

type Event = OCPP20.NotifyEventRequest['eventData'][number]

/**
 * 2.0.1 N07: events that monitors raised. All are stored; those about an AvailabilityState are statuses as well, and
 * those about a Problem say what is wrong with a component at the moment.
 */
export const notifyEvent: Handler<OCPP20.NotifyEventRequest> = {
  about: ({ eventData }, known) => ({
    also: newestStates(eventData).flatMap((event) => connectorsOf(event, known).map(connectorSubject)),
  }),
  decide: (payload, known) => {
    const told = notification(known, payload.generatedAt)
    const events = newestStates(payload.eventData)
    if (events.length === 0) return told
    const statuses = statusesOf(events, known)
    return {
      ...told,
      changes: [...statuses.changes, ...problemsOf(events, known), ...told.changes],
      anomalies: statuses.anomalies,
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
      // One anomaly for them all: a charge point that counts on for ever says the same of each.
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

/** The entries about an AvailabilityState, what is told of a connector itself after what is told of its EVSE. */
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
 * The connectors that an entry is about. The charging station is connector 0, as in 1.6. What is told of an EVSE holds
 * for its one connector; of several, for each when the EVSE is available to all or to none, and for none when one of
 * them is in use or reserved: only the charge point knows which.
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

/** What an entry says about a problem; nothing when it is about something else, or says neither true nor false. */
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
