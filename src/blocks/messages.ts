// The message table of each version, composed of the rows of the blocks: the 28 messages of OCPP 1.6 Edition 2 and the
// 11 of its security whitepaper, the 64 of 2.0.1, and the 91 of 2.1.

import type { OCPP16, OCPP20, OCPP21 } from 'typed-ocpp'
import * as schemas16 from 'typed-ocpp/dist/ocpp16/schemas.js'
import * as schemas201 from 'typed-ocpp/dist/ocpp20/schemas.js'
import * as schemas21 from 'typed-ocpp/dist/ocpp21/schemas.js'
import type { OcppVersion } from '../ocpp/version.ts'
import { authorization16, authorization201, authorization21 } from './authorization/messages.ts'
import { availability16, availability201, availability21 } from './availability/messages.ts'
import { certificates16, certificates201, certificates21 } from './certificates/messages.ts'
import { dataTransfer16, dataTransfer201, dataTransfer21 } from './data-transfer/messages.ts'
import { diagnostics16, diagnostics201, diagnostics21 } from './diagnostics/messages.ts'
import { display201, display21 } from './display/messages.ts'
import { firmware16, firmware201, firmware21 } from './firmware/messages.ts'
import { localList16, localList201, localList21 } from './local-list/messages.ts'
import { metering16, metering201, metering21 } from './metering/messages.ts'
import { provisioning16, provisioning201, provisioning21 } from './provisioning/messages.ts'
import { remoteControl16, remoteControl201, remoteControl21 } from './remote-control/messages.ts'
import { reservation16, reservation201, reservation21 } from './reservation/messages.ts'
import { security16, security201, security21 } from './security/messages.ts'
import { smartCharging16, smartCharging201, smartCharging21 } from './smart-charging/messages.ts'
import { tariff201, tariff21 } from './tariff/messages.ts'
import { transactions16, transactions201, transactions21 } from './transactions/messages.ts'
import type { MessageRow, MessageTable } from './message-row.ts'
import { tableFor } from './rows.ts'

export const v16 = tableFor<OCPP16.Call>()(schemas16, {
  ...security16,
  ...certificates16,
  ...provisioning16,
  ...authorization16,
  ...localList16,
  ...transactions16,
  ...remoteControl16,
  ...availability16,
  ...reservation16,
  ...metering16,
  ...smartCharging16,
  ...firmware16,
  ...diagnostics16,
  ...dataTransfer16,
})

export const v201 = tableFor<OCPP20.Call>()(schemas201, {
  ...security201,
  ...certificates201,
  ...provisioning201,
  ...authorization201,
  ...localList201,
  ...transactions201,
  ...remoteControl201,
  ...availability201,
  ...reservation201,
  ...tariff201,
  ...metering201,
  ...smartCharging201,
  ...firmware201,
  ...diagnostics201,
  ...display201,
  ...dataTransfer201,
})

export const v21 = tableFor<OCPP21.Call>()(schemas21, {
  ...security21,
  ...certificates21,
  ...provisioning21,
  ...authorization21,
  ...localList21,
  ...transactions21,
  ...remoteControl21,
  ...availability21,
  ...reservation21,
  ...tariff21,
  ...metering21,
  ...smartCharging21,
  ...firmware21,
  ...diagnostics21,
  ...display21,
  ...dataTransfer21,
})

export const tables: Readonly<Record<OcppVersion, MessageTable>> = { '1.6': v16, '2.0.1': v201, '2.1': v21 }

/** The names of all served actions of charge points, of all versions, sorted. */
export const chargePointActions: readonly string[] = [
  ...new Set(
    Object.values(tables).flatMap((table) =>
      Object.keys(table).filter((action) => table[action]?.direction !== 'toChargePoint'),
    ),
  ),
].toSorted()

/** The names of all actions that a central system may send, of all versions, sorted. */
export const centralSystemActions: readonly string[] = [
  ...new Set(
    Object.values(tables).flatMap((table) =>
      Object.keys(table).filter((action) => table[action]?.direction !== 'fromChargePoint'),
    ),
  ),
].toSorted()

/** The row of an action; undefined if the version does not have it. Safe for any text, including `constructor`. */
export function rowOf(version: OcppVersion, action: string): MessageRow | undefined {
  return rows[version].get(action)
}

function mapOf(version: OcppVersion): ReadonlyMap<string, MessageRow> {
  return new Map(Object.entries(tables[version]))
}

// Every message is looked up at least once, so look-ups must be fast.
const rows = { '1.6': mapOf('1.6'), '2.0.1': mapOf('2.0.1'), '2.1': mapOf('2.1') }
