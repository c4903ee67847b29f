// Connector status moves, OCPP 1.6 §4.9: rows, columns and cell names are those of the specification's table, so that the
// two can be read side by side. A move the table leaves empty is applied all the same (the charge point knows its own
// connector better than we do) and stored as an anomaly.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import type { ConnectorStatus } from '../decision.ts'

/** A status that a charge point can report, that is, every one but `Unknown` and the `Occupied` of 2.x. */
export type ConnectorStatus16 = Exclude<ConnectorStatus, 'Unknown' | 'Occupied'>

/** From (row), to (column), name of the cell. An empty cell is left out. */
export type MoveTable = Readonly<Record<ConnectorStatus16, Readonly<Partial<Record<ConnectorStatus16, string>>>>>

export const connectorMoves: MoveTable = {
  Available: {
    Preparing: 'A2',
    Charging: 'A3',
    SuspendedEV: 'A4',
    SuspendedEVSE: 'A5',
    Reserved: 'A7',
    Unavailable: 'A8',
    Faulted: 'A9',
  },
  Preparing: {
    Available: 'B1',
    Charging: 'B3',
    SuspendedEV: 'B4',
    SuspendedEVSE: 'B5',
    Finishing: 'B6',
    Faulted: 'B9',
  },
  Charging: {
    Available: 'C1',
    SuspendedEV: 'C4',
    SuspendedEVSE: 'C5',
    Finishing: 'C6',
    Unavailable: 'C8',
    Faulted: 'C9',
  },
  SuspendedEV: {
    Available: 'D1',
    Charging: 'D3',
    SuspendedEVSE: 'D5',
    Finishing: 'D6',
    Unavailable: 'D8',
    Faulted: 'D9',
  },
  SuspendedEVSE: {
    Available: 'E1',
    Charging: 'E3',
    SuspendedEV: 'E4',
    Finishing: 'E6',
    Unavailable: 'E8',
    Faulted: 'E9',
  },
  Finishing: { Available: 'F1', Preparing: 'F2', Unavailable: 'F8', Faulted: 'F9' },
  Reserved: { Available: 'G1', Preparing: 'G2', Unavailable: 'G8', Faulted: 'G9' },
  Unavailable: {
    Available: 'H1',
    Preparing: 'H2',
    Charging: 'H3',
    SuspendedEV: 'H4',
    SuspendedEVSE: 'H5',
    Faulted: 'H9',
  },
  Faulted: {
    Available: 'I1',
    Preparing: 'I2',
    Charging: 'I3',
    SuspendedEV: 'I4',
    SuspendedEVSE: 'I5',
    Finishing: 'I6',
    Reserved: 'I7',
    Unavailable: 'I8',
  },
}

/** What connector 0 of 1.6, the charge point itself, may report (1.6 §4.9); each may follow each. */
const statusesOfConnectorZero: ReadonlySet<ConnectorStatus> = new Set(['Available', 'Unavailable', 'Faulted'])

function isStatus16(status: ConnectorStatus): status is ConnectorStatus16 {
  return status !== 'Unknown' && status !== 'Occupied'
}

/**
 * The name of a move of a connector, or null when the specification does not provide for it.
 *
 * In 1.6 it is the name of the cell (`A2`), in 2.x `from-to`: there each status may follow each (2.0.1 G01, E10), and
 * what the charging state of a transaction makes of a connector is a status of it like any other. The first status that
 * a connector reports is the move `first`; a status reported again is `same`; neither is out of order.
 *
 * @param evseId 0 for the charge point itself, which in 1.6 has three statuses only.
 */
export function connectorMove(
  version: OcppVersion,
  from: ConnectorStatus,
  to: ConnectorStatus,
  evseId?: number,
): string | null {
  if (from === to) return 'same'
  return moves[version](from, to, evseId)
}

type Move = (from: ConnectorStatus, to: ConnectorStatus, evseId?: number) => string | null

const moves = since2<Move>(move16, (from, to) => (from === 'Unknown' ? 'first' : `${from}-${to}`))

function move16(from: ConnectorStatus, to: ConnectorStatus, evseId?: number): string | null {
  if (evseId === 0) {
    if (!statusesOfConnectorZero.has(to)) return null
    if (from === 'Unknown') return 'first'
    return statusesOfConnectorZero.has(from) ? `${from}-${to}` : null
  }
  if (!isStatus16(to)) return null
  if (from === 'Unknown') return 'first'
  return isStatus16(from) ? (connectorMoves[from][to] ?? null) : null
}
