// Every column that can hold an id token is searched by an erasure: a new column of text is either a place, or is named
// here with the reason why not.

import { expect, test } from 'bun:test'
import { getTableColumns, getTableName, is } from 'drizzle-orm'
import { PgTable } from 'drizzle-orm/pg-core'
import { chargePoints } from '../../../../src/blocks/charge-point-tables.ts'
import { transferVendors } from '../../../../src/blocks/data-transfer/tables.ts'
import * as quirkTables from '../../../../src/blocks/quirks/tables.ts'
import { storedTables } from '../../../../src/blocks/tables.ts'
import { places } from '../../../../src/store/erasure/places.ts'
import * as operatorTables from '../../../../src/operators/audit-tables.ts'
import * as messageTables from '../../../../src/store/messages/tables.ts'
import * as storeTables from '../../../../src/store/schema.ts'

const ofTheChargePoint = 'the charge point and its settings'
const ofOperators = 'names, states and reasons of operators and of Stator'
const ofCertificates = 'certificates'
const names = 'names of messages, components and statuses of OCPP'
const ids = 'numbers and names of messages, transactions and nodes'

/** Columns of text in which no id token stands. */
const elsewhere: Readonly<Record<string, string>> = {
  charge_points: ofTheChargePoint,
  nodes: ids,
  credential_rotations: ofOperators,
  credential_rotation_items: ofOperators,
  'connector_history.status': names,
  'connector_history.error_code': names,
  connection_history: ofOperators,
  handshake_refusals: ofOperators,
  'id_tokens.id_key': 'deleted when the erasure begins',
  'id_tokens.id_token': 'deleted when the erasure begins',
  'id_tokens.type': names,
  'id_tokens.status': names,
  id_token_erasures: 'the id token is encrypted, and goes with the end of the erasure',
  'transaction_facts.message_id': ids,
  'transaction_events.message_id': ids,
  'transaction_events.event': names,
  problem_times: names,
  'meter_values.packed': 'numbers, times, and words of OCPP: anything else is in meter_value',
  'anomalies.kind': names,
  'anomalies.transaction': ids,
  'anomalies.message_id': ids,
  'jobs.kind': names,
  'jobs.state': names,
  'jobs.status': names,
  'jobs.error_code': names,
  'jobs.error': ofOperators,
  'jobs.node': ids,
  'jobs.created_by': ofOperators,
  'job_events.state': names,
  'job_events.status': names,
  'job_events.error_code': names,
  'job_events.error': ofOperators,
  'job_events.message_id': ids,
  'job_events.moved_by': ofOperators,
  'charging_profiles.purpose': names,
  'charging_profiles.status': names,
  'charging_profiles.set_by': ofOperators,
  'reported_charging_profiles.source': names,
  'reported_charging_profiles.purpose': names,
  'reported_charging_profiles.station_transaction_id': ids,
  'charging_limits.source': names,
  'local_lists.changed_by': ofOperators,
  'id_tokens.tariff': 'deleted when the erasure begins',
  'id_tokens.personal_message': 'deleted when the erasure begins',
  'display_messages.priority': names,
  'display_messages.status': names,
  'display_messages.set_by': ofOperators,
  'reported_display_messages.priority': names,
  'reported_display_messages.station_transaction_id': ids,
  'station_tariffs.tariff_id': ids,
  'station_tariffs.status': names,
  'station_tariffs.set_by': ofOperators,
  'transaction_costs.source': names,
  'transaction_costs.currency': names,
  'transactions.price': 'numbers and a currency',
  prices: ofOperators,
  'reservations.connector_type': names,
  'reservations.status': names,
  'reservations.created_by': ofOperators,
  'reservation_ends.ended': names,
  'priority_charging.station_transaction_id': ids,
  'allowed_energy_transfers.station_transaction_id': ids,
  'afrr_signals.status': names,
  'der_controls.control_id': ids,
  'der_controls.control_type': names,
  der_control_events: ids,
  der_clearings: names,
  'battery_swaps.event': names,
  'battery_swaps.id_token_type': names,
  'event_stream_events.event': names,
  'settlements.psp_ref': ids,
  'settlements.status': names,
  'settlements.station_transaction_id': ids,
  vat_number_checks: 'VAT numbers of companies',
  data_transfer_vendors: ofOperators,
  quirk_profiles: ofOperators,
  quirk_hits: names,
  certificate_authority: ofCertificates,
  certificates: ofCertificates,
  installed_certificates: ofCertificates,
  sent_certificates: ofCertificates,
  certificate_requests: ofCertificates,
  'charge_point_events.action': names,
  'charge_point_events.message_id': ids,
  'security_events.type': names,
  'security_events.identity': ids,
  'security_events.remote_address': ids,
  'security_events.node': ids,
  'transactions.station_transaction_id': ids,
  'transactions.id_token_type': names,
  'transactions.id_token_status': names,
  'transactions.charging_state': names,
  'transactions.stop_reason': names,
  'transactions.closed_by': names,
  transaction_corrections: ofOperators,
  audit_log: 'has digests of id tokens only',
  audit_anchors: ids,
  'connectors.status': names,
  'connectors.status_sent': names,
  'connectors.error_code': names,
  'connectors.vendor_id': names,
  'problems.component_name': names,
  'problems.component_instance': names,
  device_reports: 'numbers of the parts of reports',
  whole_reports: names,
  monitors: names,
  'alarms.subject': names,
  'alarms.component_name': names,
  'alarms.component_instance': names,
  'alarms.variable_name': names,
  'alarms.variable_instance': names,
  'alarms.event_notification_type': names,
  'alarms.station_transaction_id': ids,
  'variables.component_name': names,
  'variables.component_instance': names,
  'variables.variable_name': names,
  'variables.variable_instance': names,
  'variables.attribute_type': names,
  'variables.mutability': names,
}

test('every column of text is searched, or holds no id token', () => {
  const tables: readonly unknown[] = [
    chargePoints,
    ...Object.values(storedTables),
    ...Object.values(operatorTables),
    ...Object.values(storeTables),
    ...Object.values(messageTables),
    ...Object.values(quirkTables),
    transferVendors,
  ]
  const searched = new Set(places.flatMap(({ table, columns }) => columns.map(({ name }) => `${table}.${name}`)))
  const known = (table: string, column: string): boolean =>
    searched.has(`${table}.${column}`) || `${table}.${column}` in elsewhere || table in elsewhere
  const forgotten = tables
    .filter((table): table is PgTable => is(table, PgTable))
    .flatMap((table) =>
      Object.values(getTableColumns(table))
        .filter((column) => ['text', 'json', 'jsonb'].includes(column.getSQLType()))
        .map(({ name }) => [getTableName(table), name] as const),
    )
    .filter(([table, column]) => !known(table, column))
  expect(forgotten).toEqual([])
})

test('what is searched has a known type', () => {
  const types = new Set(places.flatMap(({ columns }) => columns.map(({ type }) => type)))
  expect([...types].toSorted()).toEqual(['json', 'text'])
})
