// The registers that a transaction itself has, of its start and of its stop: what else is to be read of a transaction
// by its columns goes through here.

import type { RegisterReading } from '../../ocpp/verdict.ts'
import type { StoredRow } from '../stored-rows.ts'

type Row = StoredRow<'transactions'>

/** What tells the register of the start. Rows that begin a transaction may leave it out. */
export type RegisterOfStart = Readonly<Pick<Row, 'startedAtMs'> & Partial<Pick<Row, 'meterStartWh'>>>

/** The registers of both ends, in Wh, and how the transaction came to its end. */
export interface TransactionRegisters extends Readonly<
  Pick<Row, 'meterStartWh' | 'meterStopWh' | 'registerFellFromWh' | 'closedBy'>
> {
  readonly open: boolean
}

/** The register of the start; undefined when it is not known. */
export function readingAtStart({ startedAtMs, meterStartWh }: RegisterOfStart): RegisterReading | undefined {
  return meterStartWh === null || meterStartWh === undefined ? undefined : { wh: meterStartWh, atMs: startedAtMs }
}

/** The registers of both ends, in Wh; null where they are not known. */
export function endRegistersOf({ meterStartWh, meterStopWh }: Readonly<Pick<Row, 'meterStartWh' | 'meterStopWh'>>): {
  readonly startWh: number | null
  readonly stopWh: number | null
} {
  return { startWh: meterStartWh, stopWh: meterStopWh }
}
