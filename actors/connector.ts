// The charts of a connector: a state per status, an event per status that is reported. That of 1.6 is the table of
// §4.9; in 2.x each status may follow each (2.0.1 G01, E10). A charge point knows its own connector better than we do,
// so a move that its chart does not provide for is made all the same, and has no name.

import { assign, setup } from 'xstate'
import type { ConnectorStatus } from '../src/blocks/values.ts'
import { type ByVersion, type OcppVersion, since2 } from '../src/ocpp/version.ts'
import { Answers, Chart } from './chart.ts'
import { connectorMoves } from './connector-moves.ts'

/** What a reported status makes of a connector. */
export interface ConnectorMove {
  readonly status: ConnectorStatus
  /**
   * In 1.6 the name of the cell of §4.9 (`A2`), else `from-to`; `first` for the first status that a connector reports,
   * `same` for one that is reported again. null: the specification does not provide for the move.
   */
  readonly name: string | null
}

/** The type of the event is the status that is reported. */
type StatusReported = { [Status in ConnectorStatus]: { readonly type: Status } }[ConnectorStatus]

/** Name of the move from one status to another; null where there is none. */
type Naming = (from: ConnectorStatus, to: ConnectorStatus) => string | null

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

const types: { context?: { readonly move: string | null }; events?: StatusReported } = {}

const connector = setup({
  types,
  actions: { name: assign((_, params: { readonly move: string | null }) => ({ move: params.move })) },
})

function chartOf(naming: Naming) {
  const movesFrom = (from: ConnectorStatus) => ({
    on: Object.fromEntries(
      connectorStatuses.map((to) => {
        const move = from === to ? 'same' : naming(from, to)
        return [to, { target: to, actions: { type: 'name' as const, params: { move } } }]
      }),
    ),
  })
  return connector.createMachine({
    context: { move: null },
    initial: 'Unknown',
    states: {
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
}

const rows: Readonly<Record<string, Readonly<Record<string, string | undefined>> | undefined>> = connectorMoves

/** A connector of 1.6: its moves are the filled cells of §4.9, and it may begin with any of their statuses. */
export const connectorChart16 = chartOf((from, to) =>
  from === 'Unknown' ? (rows[to] === undefined ? null : 'first') : (rows[from]?.[to] ?? null),
)

// What connector 0 of 1.6 may report.
const ofChargePoint: ReadonlySet<ConnectorStatus> = new Set(['Available', 'Unavailable', 'Faulted'])

/** Connector 0 of 1.6, the charge point itself, has three statuses, and each may follow each (§4.9). */
export const chargePointChart16 = chartOf((from, to) => {
  if (!ofChargePoint.has(to)) return null
  return from === 'Unknown' ? 'first' : ofChargePoint.has(from) ? `${from}-${to}` : null
})

/** A connector of 2.x. What the charging state of a transaction makes of it is a status of it like any other. */
export const connectorChart2x = chartOf((from, to) => (from === 'Unknown' ? 'first' : `${from}-${to}`))

const chart2x = new Chart(connectorChart2x)

interface Charts {
  readonly ofConnector: typeof chart2x
  readonly ofChargePoint: typeof chart2x
}

const charts: ByVersion<Charts> = since2<Charts>(
  { ofConnector: new Chart(connectorChart16), ofChargePoint: new Chart(chargePointChart16) },
  { ofConnector: chart2x, ofChargePoint: chart2x },
)

/** A connector that reports a status. */
interface Reported {
  readonly version: OcppVersion
  readonly from: ConnectorStatus
  readonly to: ConnectorStatus
  readonly isChargePoint: boolean
}

const answers = new Answers(
  ({ version, from, to, isChargePoint }: Reported): ConnectorMove => {
    const chart = isChargePoint ? charts[version].ofChargePoint : charts[version].ofConnector
    const { value, context } = chart.after(chart.in(from, { move: null }), { type: to })
    return { status: value, name: context.move }
  },
  ({ version, from, to, isChargePoint }) => `${version} ${from} ${to} ${isChargePoint}`,
)

/**
 * What a connector is after it has reported the status `to`.
 *
 * @param from the status that it has; `Unknown` when it never reported one.
 * @param evseId 0 for the charge point itself.
 */
export function connectorMove(
  version: OcppVersion,
  from: ConnectorStatus,
  to: ConnectorStatus,
  evseId: number,
): ConnectorMove {
  return answers.to({ version, from, to, isChargePoint: evseId === 0 })
}
