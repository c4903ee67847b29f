// The registers in the columns of a transaction, at its start and its stop. All code reads them with these functions.

import type { RegisterReading } from '../../ocpp/verdict.ts'
import type { StoredRow } from '../stored-rows.ts'

type Row = StoredRow<'transactions'>

/** The columns of the register of the start. A row that begins a transaction may leave out the register. */
export type RegisterOfStart = Readonly<Pick<Row, 'startedAtMs'> & Partial<Pick<Row, 'meterStartWh'>>>

/** The registers of start and stop, in Wh, and how the transaction ended. */
export interface TransactionRegisters extends Readonly<
  Pick<Row, 'meterStartWh' | 'meterStopWh' | 'registerFellFromWh' | 'closedBy'>
> {
  readonly open: boolean
}

/** The register of the start; undefined if it is unknown. */
export function readingAtStart({ startedAtMs, meterStartWh }: RegisterOfStart): RegisterReading | undefined {
  return meterStartWh === null || meterStartWh === undefined ? undefined : { wh: meterStartWh, atMs: startedAtMs }
}

/** The registers of start and stop, in Wh; null if unknown. */
export function endRegistersOf({ meterStartWh, meterStopWh }: Readonly<Pick<Row, 'meterStartWh' | 'meterStopWh'>>): {
  readonly startWh: number | null
  readonly stopWh: number | null
} {
  return { startWh: meterStartWh, stopWh: meterStopWh }
}
