// What the fill writes into the tables of facts of 2.1: columns and values, for the number `g` and the time `at`.

interface FilledFacts {
  readonly table: string
  readonly columns: string
  readonly values: string
}

const stationId = `'tx-' || g`

export const factTables: readonly FilledFacts[] = [
  { table: 'priority_charging', columns: 'station_transaction_id, active', values: `${stationId}, true` },
  {
    table: 'allowed_energy_transfers',
    columns: 'station_transaction_id, allowed',
    values: `${stationId}, '["DC","DC_BPT"]'`,
  },
  { table: 'afrr_signals', columns: 'signal_at, signal, status', values: `at, 1, 'Accepted'` },
  {
    table: 'dynamic_schedules',
    columns: 'profile_id, schedule_update, status, set_by',
    values: `g, '{"limit":16}', 'Accepted', 'operator'`,
  },
  {
    table: 'der_controls',
    columns: 'control_id, control_type, is_default, is_reported, control',
    values: `'control-' || g, CASE g % 2 WHEN 0 THEN 'VoltVar' ELSE 'VoltWatt' END, false, false, '{"priority":0}'`,
  },
  { table: 'der_control_events', columns: 'control_id, event, occurred_at', values: `'control-' || g, 'started', at` },
  {
    table: 'battery_swaps',
    columns: 'request_id, event, id_token, payload',
    values: `g, 'BatteryIn', 'CARD00000001', '{"batteryData":[]}'`,
  },
  { table: 'event_streams', columns: 'stream_id, monitor_id, params', values: `g, 1, '{"interval":60}'` },
  { table: 'event_stream_events', columns: 'stream_id, event, pending', values: `g, 'notified', 0` },
  {
    table: 'settlements',
    columns: 'psp_ref, settled_at, status, station_transaction_id, amount, payload',
    values: `'PSP-' || g, at, 'Settled', ${stationId}, 12.5, '{"status":"Settled"}'`,
  },
  { table: 'web_payments', columns: 'evse_id, timeout_seconds', values: '1, 300' },
  {
    table: 'vat_number_checks',
    columns: 'vat_number, evse_id, status',
    values: `'NL' || g, 1, 'Rejected'`,
  },
]
