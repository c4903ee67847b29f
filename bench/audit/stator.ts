// The audit of Stator: everything that was acknowledged is looked up in the tables that must contain it.

import type { Client } from 'pg'
import { transactionRef } from '../../src/blocks/meter-block.ts'
import { type Charging, endOf, sampleOf } from '../generator/charging.ts'
import type { Dialect } from '../generator/dialect.ts'
import { meterValue16 } from '../generator/dialect-16.ts'
import { dialect201, meterValue201 } from '../generator/dialect-201.ts'
import type { Ledger } from '../generator/mixes.ts'
import { Comparison, type Findings, sumOf } from './comparison.ts'
import { canonical, samplesOf, sentMessages } from './sent-messages.ts'

export interface AuditScope {
  readonly ledgers: readonly Ledger[]
  readonly dialect: Dialect
  /** Rows that were received before belong to other runs. */
  readonly since: Date
}

/** Compares the messages of these stations with the rows that Stator has stored. */
export async function auditStator(client: Client, scope: AuditScope): Promise<Findings> {
  return sumOf([
    await auditMeterValues(client, scope),
    await auditTransactionEvents(client, scope),
    await auditTransactions(client, scope),
    await auditEvents(client, scope),
  ])
}

const ms = (column: string): string => `(extract(epoch FROM ${column}) * 1000)::float8`

/** Rows of a table with the identity first, for the stations of the scope. */
async function rowsOf<Row extends unknown[]>(
  client: Client,
  { ledgers, since }: AuditScope,
  table: string,
  columns: readonly string[],
): Promise<Row[]> {
  const { rows } = await client.query<Row>({
    rowMode: 'array',
    text: `SELECT c.identity, ${columns.join(', ')} FROM ${table} t JOIN charge_points c ON c.id = t.charge_point_id
           WHERE c.identity = ANY($1) AND t.received_at >= $2`,
    values: [ledgers.map(({ identity }) => identity), since],
  })
  return rows
}

function refOf(charging: Charging, dialect: Dialect): bigint {
  return transactionRef(dialect === dialect201 ? charging.stationTransactionId : charging.transactionId)
}

async function auditMeterValues(client: Client, scope: AuditScope): Promise<Findings> {
  const { dialect } = scope
  const comparison = new Comparison('The sample')
  const meterValue = dialect === dialect201 ? meterValue201 : meterValue16
  for (const { identity, chargings } of scope.ledgers) {
    for (const charging of chargings) {
      for (const { index, isAcknowledged } of samplesOf(charging)) {
        const { sampledAtMs, energyWh, currentA, voltageV } = sampleOf(charging, index)
        const content = [1, 1, energyWh, null, currentA, voltageV, null, meterValue(charging, index)]
        comparison.expect({
          key: `${identity} ${refOf(charging, dialect)} ${sampledAtMs}`,
          contents: [JSON.stringify(content)],
          isAcknowledged,
        })
      }
    }
  }
  type Row = [string, string, number, ...(number | null)[], string]
  const rows = await rowsOf<Row>(client, scope, 'meter_values', [
    't.transaction_ref::text',
    ms('t.sampled_at'),
    't.evse_id',
    't.connector_id',
    't.energy_wh',
    't.power_w',
    't.current_a',
    't.voltage_v',
    't.soc_percent',
    'meter_value_of(t.meter_value, t.packed)::text',
  ])
  for (const [identity, ref, sampledAtMs, ...rest] of rows) {
    const json = rest.pop()
    const content = [...rest, canonical(String(json))]
    comparison.find(`${identity} ${ref} ${sampledAtMs}`, JSON.stringify(content))
  }
  return comparison.findings
}

/**
 * The ledger of facts: starts and stops of 1.6, every TransactionEvent of 2.0.1. Meter values are in their own table.
 */
async function auditTransactionEvents(client: Client, scope: AuditScope): Promise<Findings> {
  const comparison = new Comparison('The transaction event')
  for (const ledger of scope.ledgers) {
    for (const { message, isAcknowledged } of sentMessages(ledger, scope.dialect)) {
      if (!isTransactionEvent(message.action)) continue
      const payload = withoutMeterValues(message.payload)
      comparison.expect({ key: `${ledger.identity} ${payload}`, contents: [''], isAcknowledged })
    }
  }
  const rows = await rowsOf<[string, string]>(client, scope, 'transaction_facts', ['t.payload::text'])
  for (const [identity, payload] of rows) comparison.find(`${identity} ${withoutMeterValues(payload)}`, '')
  return comparison.findings
}

function isTransactionEvent(action: string): boolean {
  return action === 'StartTransaction' || action === 'StopTransaction' || action === 'TransactionEvent'
}

function withoutMeterValues(json: string): string {
  const { meterValue: _, transactionData: __, ...payload } = JSON.parse(json) as Record<string, unknown>
  return JSON.stringify(payload)
}

async function auditTransactions(client: Client, scope: AuditScope): Promise<Findings> {
  const comparison = new Comparison('The transaction')
  const is201 = scope.dialect === dialect201
  for (const { identity, chargings } of scope.ledgers) {
    for (const charging of chargings) {
      const { endedAtMs, meterStopWh } = endOf(charging)
      // In 2.0.1 the mixes send no register with the start.
      const start = [charging.idTag, is201 ? null : charging.meterStartWh]
      const open = JSON.stringify([...start, null, null])
      const closed = JSON.stringify([...start, endedAtMs, is201 ? lastRegisterWh(charging) : meterStopWh])
      comparison.expect({
        key: `${identity} ${is201 ? charging.stationTransactionId : charging.startedAtMs}`,
        contents: charging.isEndAcknowledged ? [closed] : charging.isEndSent ? [open, closed] : [open],
        isAcknowledged: charging.isStartAcknowledged,
      })
    }
  }
  const rows = await rowsOf<[string, string, ...unknown[]]>(client, scope, 'transactions', [
    is201 ? 't.station_transaction_id' : ms('t.started_at'),
    't.id_token',
    't.meter_start_wh',
    ms('t.stopped_at'),
    't.meter_stop_wh',
  ])
  for (const [identity, key, ...content] of rows) comparison.find(`${identity} ${key}`, JSON.stringify(content))
  return comparison.findings
}

/** In 2.0.1 the register of a stop is that of the samples which came with it. */
function lastRegisterWh(charging: Charging): number | null {
  return charging.samplesWithEnd ? sampleOf(charging, charging.samplesSent - 1).energyWh : null
}

/** Boots and statuses. A repeated boot is another boot; its payload has no time. */
async function auditEvents(client: Client, scope: AuditScope): Promise<Findings> {
  const comparison = new Comparison('The event')
  for (const { identity, facts } of scope.ledgers) {
    for (const { message, isAcknowledged } of facts)
      comparison.expect({ key: `${identity} ${message.action} ${message.payload}`, contents: [''], isAcknowledged })
  }
  const rows = await rowsOf<[string, string, string]>(client, scope, 'charge_point_events', [
    't.action',
    't.payload::text',
  ])
  for (const [identity, action, payload] of rows) comparison.find(`${identity} ${action} ${canonical(payload)}`, '')
  return comparison.findings
}
