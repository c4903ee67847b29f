// One connector as a machine: a state per status, an event per status to move to. Moves carry the name that
// `blocks/availability/connector-moves.ts` gives them; one that the specification leaves out is made all the same, and counted.

import { assign, setup, type ActorRefFrom, type SnapshotFrom } from 'xstate'
import type { ConnectorRef, ConnectorStatus, KnownConnector } from '../src/blocks/decision.ts'
import { connectorMove } from '../src/blocks/availability/connector-moves.ts'
import type { OcppVersion } from '../src/ocpp/version.ts'

export interface ConnectorContext extends ConnectorRef {
  readonly version: OcppVersion
  /** The status it was in when its actor started. */
  readonly hydrated: ConnectorStatus
  /** Name of the last move; null when the specification leaves that move out, or when nothing has moved yet. */
  readonly lastMove: string | null
  /** Moves since the actor started that the specification leaves out. */
  readonly irregularMoves: number
}

/** The type of the event is the status to move to. */
export type ConnectorEvent = { [Status in ConnectorStatus]: { readonly type: Status } }[ConnectorStatus]

export interface ConnectorInput extends KnownConnector {
  readonly version: OcppVersion
}

export const connectorStatuses: readonly ConnectorStatus[] = [
  'Available',
  'Preparing',
  'Charging',
  'SuspendedEV',
  'SuspendedEVSE',
  'Finishing',
  'Reserved',
  'Unavailable',
  'Faulted',
  'Occupied',
  'Unknown',
]

const types: { context?: ConnectorContext; events?: ConnectorEvent; input?: ConnectorInput } = {}

const connector = setup({
  types,
  guards: {
    startsIn: ({ context }, params: { status: ConnectorStatus }) => context.hydrated === params.status,
  },
  actions: {
    noteMove: assign(({ context }, move: { from: ConnectorStatus; to: ConnectorStatus }) => {
      const lastMove = connectorMove(context.version, move.from, move.to, context.evseId)
      return { lastMove, irregularMoves: context.irregularMoves + (lastMove === null ? 1 : 0) }
    }),
  },
})

interface Move {
  readonly target: ConnectorStatus
  readonly actions: {
    readonly type: 'noteMove'
    readonly params: { readonly from: ConnectorStatus; readonly to: ConnectorStatus }
  }
}

/** The transitions of one state: to every other status. */
function movesFrom(from: ConnectorStatus) {
  const on: { [Status in ConnectorStatus]?: Move } = {}
  for (const to of connectorStatuses) {
    if (to !== from) on[to] = { target: to, actions: { type: 'noteMove', params: { from, to } } }
  }
  return { on }
}

/** A connector, started in the status that was committed last. A status that it is in already moves nothing. */
export const connectorMachine = connector.createMachine({
  context: ({ input }) => ({
    version: input.version,
    evseId: input.evseId,
    connectorId: input.connectorId,
    hydrated: input.status,
    lastMove: null,
    irregularMoves: 0,
  }),
  initial: 'hydrating',
  states: {
    hydrating: {
      always: connectorStatuses.map((status) => ({
        guard: { type: 'startsIn' as const, params: { status } },
        target: status,
      })),
    },
    Available: movesFrom('Available'),
    Preparing: movesFrom('Preparing'),
    Charging: movesFrom('Charging'),
    SuspendedEV: movesFrom('SuspendedEV'),
    SuspendedEVSE: movesFrom('SuspendedEVSE'),
    Finishing: movesFrom('Finishing'),
    Reserved: movesFrom('Reserved'),
    Unavailable: movesFrom('Unavailable'),
    Faulted: movesFrom('Faulted'),
    Occupied: movesFrom('Occupied'),
    Unknown: movesFrom('Unknown'),
  },
})

export type ConnectorActor = ActorRefFrom<typeof connectorMachine>

/** The connector as deciding needs it. */
export function connectorOf(snapshot: SnapshotFrom<typeof connectorMachine>): KnownConnector {
  const { evseId, connectorId, hydrated } = snapshot.context
  return { evseId, connectorId, status: snapshot.value === 'hydrating' ? hydrated : snapshot.value }
}
