// The rows of a meter block, read back from its columns.

import type { ConnectorRef, MeterPlace } from '../../src/blocks/decision.ts'
import { meterColumns, type MeterRows } from '../../src/blocks/meter-block.ts'
import { unpackedText } from '../../src/store/meter-text.ts'
import { placedDigest } from '../../src/store/wire/meter-insert.ts'

export interface StoredMeterRow extends ConnectorRef {
  readonly chargePointKey: number
  readonly transactionRef: bigint
  readonly sampledAtMs: number
  readonly digest: bigint
  readonly energyWh: number | null
  readonly meterValue: string
}

const postgresEpochMs = Date.UTC(2000, 0, 1)
const places = new Map<string, number>(meterColumns.map(({ name }, place) => [name, place]))
const decoder = new TextDecoder()

/** A packed text begins with a control character. */
function asSent(text: string): string {
  return text < ' ' ? unpackedText(text) : text
}

/** @param place overrides the place in the block. */
export function meterRowsOf({ block, from, to }: MeterRows, place: MeterPlace | undefined): StoredMeterRow[] {
  const { connector, isOfNoTransaction, place: turn } = place ?? {}
  const rows: StoredMeterRow[] = []
  const column = (name: string): Uint8Array => {
    const bytes = block.columns[places.get(name) ?? -1]
    if (bytes === undefined) throw new RangeError(`A meter block has no column ${name}.`)
    return bytes
  }
  const view = (name: string): DataView => {
    const bytes = column(name)
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  const text = column('meter_value')
  for (let row = from; row < to; row++) {
    const digest = view('digest').getBigInt64(row * 12 + 4)
    const sampledAt = view('sampled_at').getBigInt64(row * 12 + 4)
    const hasArrivalTime = sampledAt === view('received_at').getBigInt64(row * 12 + 4)
    const energyWh = view('energy_wh').getFloat64(row * 12 + 4)
    rows.push({
      chargePointKey: view('charge_point_id').getInt32(row * 8 + 4),
      transactionRef: isOfNoTransaction ? 0n : view('transaction_ref').getBigInt64(row * 12 + 4),
      sampledAtMs: Number(sampledAt / 1000n) + postgresEpochMs,
      evseId: connector?.evseId ?? view('evse_id').getInt16(row * 6 + 4),
      connectorId: connector?.connectorId ?? view('connector_id').getInt16(row * 6 + 4),
      digest: turn === undefined || !hasArrivalTime ? digest : placedDigest(digest, turn, row),
      energyWh: Number.isNaN(energyWh) ? null : energyWh,
      meterValue: asSent(decoder.decode(text.subarray((block.offsets[row] ?? 0) + 4, block.offsets[row + 1] ?? 0))),
    })
  }
  return rows
}
