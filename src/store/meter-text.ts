// The meter value of a row as it was sent. A row has it either as JSON, or packed (workers/meter-packer.ts). Rows that
// are read are unpacked here: 2 µs a row. In a condition, SQL says `meter_value_of(meter_value, packed)`, which takes
// PostgreSQL five times that (drizzle/0045_packed_meter_values.sql).

import type { Payload } from '../blocks/values.ts'
import { frequentWords, seldomWords } from '../ocpp/meter-words.ts'

/** The two columns, of which one is null. */
export interface MeterTextRow {
  readonly meterValue: Payload | null
  readonly packed: string | null
}

const words = new Map([...frequentWords, ...seldomWords].map(({ code, word }) => [code, word]))
const anyCode = /\x1f.|[\x01-\x1e]/g

/** The JSON text that was packed. */
export function unpackedText(packed: string): string {
  return `{${packed.replace(anyCode, (code) => words.get(code) ?? code)}`.replaceAll('{,', '{')
}

/** The meter value as the charge point sent it. */
export function meterValueOf({ meterValue, packed }: MeterTextRow): Payload {
  if (packed === null) return meterValue ?? {}
  const sent: Payload = JSON.parse(unpackedText(packed))
  return sent
}
