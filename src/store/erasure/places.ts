// Where an id token can stand in the database. `test/unit/store/erasure/places.test.ts` holds that every column of text
// is either here or named there with the reason why not.

import { getTableColumns, getTableName } from 'drizzle-orm'
import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import { connectors } from '../../blocks/availability/tables.ts'
import { chargePointEvents } from '../../blocks/charge-point-tables.ts'
import { settlements } from '../../blocks/authorization/tables.ts'
import { alarms, eventStreamEvents, eventStreams, problems } from '../../blocks/diagnostics/tables.ts'
import { jobEvents, jobs, uploads } from '../../blocks/jobs/tables.ts'
import { variables } from '../../blocks/provisioning/tables.ts'
import { displayMessages, reportedDisplayMessages } from '../../blocks/display/tables.ts'
import { localLists } from '../../blocks/local-list/tables.ts'
import { reservations } from '../../blocks/reservation/tables.ts'
import {
  allowedEnergyTransfers,
  chargingLimits,
  chargingProfiles,
  derControls,
  dynamicSchedules,
  evChargingNeeds,
  evChargingSchedules,
  reportedChargingProfiles,
} from '../../blocks/smart-charging/tables.ts'
import { batterySwaps, transactions } from '../../blocks/transactions/tables.ts'
import { reportedTariffs, stationTariffs, transactionCosts } from '../../blocks/tariff/tables.ts'
import { messageBlocks, messageLog } from '../messages/tables.ts'
import {
  anomalies,
  connectorHistory,
  idTokens,
  meterValues,
  remoteStartPromises,
  securityEvents,
  transactionEvents,
  transactionFacts,
} from '../schema.ts'
import type { TextKind } from './token-text.ts'

/** A table that is scanned. */
export interface Place {
  readonly table: string
  readonly columns: readonly PlaceColumn[]
  /** SQL of when a row was last written; null if it may change at any time without a trace. */
  readonly writtenAt: string | null
  /** Whether its partitions are periods of that time. */
  readonly isByWriting: boolean
}

interface PlaceColumn {
  readonly name: string
  readonly kind: TextKind
  /** `json` or `text`. */
  readonly type: string
}

type ColumnOf<T extends PgTable> = keyof T['_']['columns'] & string

function place<T extends PgTable>(
  table: T,
  writtenAt: string | null,
  kinds: { readonly [Name in ColumnOf<T>]?: TextKind },
  isByWriting = false,
): Place {
  const all: Readonly<Record<string, PgColumn>> = getTableColumns(table)
  const columns = Object.entries<TextKind | undefined>(kinds).flatMap(([key, kind]) => {
    const column = all[key]
    if (column === undefined || kind === undefined) return []
    return [{ name: column.name, kind, type: column.getSQLType() }]
  })
  return { table: getTableName(table), columns, writtenAt, isByWriting }
}

/** In the order in which they are scanned; `ErasurePosition` counts them. */
export const places: readonly Place[] = [
  place(idTokens, null, { parentIdTag: 'idToken' }),
  place(remoteStartPromises, 'promised_at', { start: 'json' }),
  place(transactions, 'COALESCE(updated_at, received_at)', {
    idToken: 'idToken',
    stopIdToken: 'idToken',
    givenCost: 'json',
  }),
  place(variables, 'updated_at', { value: 'value', pendingValue: 'value', characteristics: 'json' }),
  place(connectors, 'updated_at', { info: 'value', vendorErrorCode: 'code' }),
  place(connectorHistory, 'received_at', { vendorErrorCode: 'code' }, true),
  place(problems, 'updated_at', { techInfo: 'value', techCode: 'code' }),
  place(securityEvents, 'received_at', { reason: 'path' }),
  place(anomalies, 'received_at', { detail: 'json' }),
  place(transactionFacts, 'received_at', { payload: 'json', answer: 'json' }),
  place(transactionEvents, 'received_at', { ref: 'ref', payload: 'json', answer: 'json' }),
  place(chargePointEvents, 'received_at', { payload: 'json' }),
  place(meterValues, 'received_at', { meterValue: 'json' }),
  place(messageLog, 'at', { frame: 'frame' }, true),
  // Its frames are compressed (messages/erase-blocks.ts).
  place(messageBlocks, 'written_at', {}),
  place(jobs, 'changed_at', { commands: 'json' }),
  place(jobEvents, 'at', { detail: 'json' }),
  // New places come last: an erasure that is under way remembers how many it has scanned.
  place(localLists, null, { entries: 'json', sentEntries: 'json' }),
  place(chargingProfiles, null, { profile: 'json', inForce: 'json' }),
  place(reportedChargingProfiles, 'received_at', { profile: 'json' }),
  place(chargingLimits, 'received_at', { payload: 'json' }),
  place(evChargingNeeds, 'received_at', { payload: 'json' }),
  place(evChargingSchedules, 'received_at', { payload: 'json' }),
  place(reservations, null, { idToken: 'idToken', groupIdToken: 'idToken', inForce: 'json' }),
  place(alarms, 'updated_at', { actualValue: 'value', endValue: 'value', techInfo: 'value', techCode: 'code' }),
  place(dynamicSchedules, 'received_at', { scheduleUpdate: 'json' }),
  place(allowedEnergyTransfers, 'received_at', { allowed: 'json' }),
  place(derControls, 'received_at', { control: 'json' }),
  place(batterySwaps, 'received_at', { idToken: 'idToken', payload: 'json' }),
  place(eventStreams, 'received_at', { params: 'json' }),
  place(eventStreamEvents, 'received_at', { params: 'json' }),
  place(settlements, 'received_at', { payload: 'json' }),
  place(displayMessages, null, { message: 'json' }),
  place(reportedDisplayMessages, 'received_at', { message: 'json' }),
  place(stationTariffs, null, { tariff: 'json' }),
  place(reportedTariffs, 'received_at', { assignments: 'json' }),
  place(transactionCosts, 'received_at', { detail: 'json' }),
  place(uploads, null, { fileName: 'value' }),
]

/** The table that an operator is told, for the lines of blocks. */
export const tableOfBlocks = getTableName(messageBlocks)
