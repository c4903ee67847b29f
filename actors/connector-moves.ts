// The table of OCPP 1.6 §4.9, with the rows, columns and cell names of the specification, so that the two can be read
// side by side. The chart of a 1.6 connector is built from it.

import type { ConnectorStatus } from '../src/blocks/values.ts'

/** A status that a 1.6 charge point can report: all except `Unknown` and `Occupied` (2.x). */
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
