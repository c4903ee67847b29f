// The charts of a connector: one state per status, one event per reported status. The chart of 1.6 is the table of
// §4.9; in 2.x each status may follow each other one (2.0.1 G01, E10). A charge point knows its own connector better
// than we do, so a move that the specification does not allow is made anyway, but has no name.

import { assign, setup } from 'xstate'
import type { ConnectorStatus } from '../src/blocks/values.ts'
import { type ByVersion, type OcppVersion, since2 } from '../src/ocpp/version.ts'
import { Answers, Chart } from './chart.ts'
import { connectorMoves } from './connector-moves.ts'

/** The move of a connector after a reported status. */
export interface ConnectorMove {
  readonly status: ConnectorStatus
  /**
   * 1.6: the name of the cell in §4.9 (`A2`); connector 0 and 2.x: `from-to`. `first` for the first status of a
   * connector, `same` for a repeated status. null: the specification does not allow the move.
   */
  readonly name: string | null
}

/** The type of the event is the status that is reported. */
type StatusReported = { [Status in ConnectorStatus]: { readonly type: Status } }[ConnectorStatus]

/** The name of the move from one status to another; null if the specification does not allow the move. */
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

/** A connector of 1.6: its moves are the filled cells of §4.9, and its first status may be any of the table. */
export const connectorChart16 = chartOf((from, to) =>
  from === 'Unknown' ? (rows[to] === undefined ? null : 'first') : (rows[from]?.[to] ?? null),
)

// The statuses that connector 0 of 1.6 may report.
const ofChargePoint: ReadonlySet<ConnectorStatus> = new Set(['Available', 'Unavailable', 'Faulted'])

/** Connector 0 of 1.6, the charge point itself: it has three statuses, and each may follow each other one (§4.9). */
export const chargePointChart16 = chartOf((from, to) => {
  if (!ofChargePoint.has(to)) return null
  return from === 'Unknown' ? 'first' : ofChargePoint.has(from) ? `${from}-${to}` : null
})

/** A connector of 2.x. A status that follows from the charging state of a transaction is a status like any other. */
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
 * The move of a connector that reports the status `to`.
 *
 * @param from its current status; `Unknown` if it never reported one.
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
