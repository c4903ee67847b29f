// SQL of the tables that grow with charge points and id tokens, and of the rare facts: anomalies, security events,
// corrections, certificates, rotations of credentials.

import type { JobState } from '../../actors/job.ts'
import { anomalyKinds } from '../../src/blocks/anomalies.ts'
import { jobKindNames } from '../../src/blocks/job-kinds.ts'
import { securityEventTypes } from '../../src/blocks/security/event-types.ts'
import {
  type FillPart,
  type FillPlan,
  identityOfKey,
  keyOf,
  messageIdOf,
  numbersOf,
  oneOf,
  type RangeStatement,
  share,
  spanMs,
  timeOf,
  tokenOf,
} from './fill-sql.ts'
import { factTables } from './fill-facts.ts'
import { idTokensOf, partOf, partOfSize } from './sizes.ts'

const dayMs = 86_400_000
/** Anomalies are kept for 90 days by default, security events and rotations for 365. */
const anomalySpanMs = 89 * dayMs
const securitySpanMs = 360 * dayMs
const auditSpanMs = 360 * dayMs
/** Connections of a charge point in two years. */
const connectionsEach = 10
const rotations = 20
/** Variables that a charge point has reported. */
const variablesEach = 50
const alarmsEach = 8
/** Id of the node that holds the connected charge points: another one than the one under test. */
const otherNode = 'other-node'

/**
 * Three tenants: one has half of all charge points, one a hundredth, and one the rest. Of 100 charge points that follow
 * each other, those of one tenant are a site of it.
 */
export const tenants = { half: 1, others: 2, hundredth: 3 } as const
const tenantCount = 3
const siteBlock = 100
export const tenantOf = (key: string): string =>
  `CASE WHEN ${key} % 2 = 1 THEN ${tenants.half} WHEN ${key} % 100 = 0 THEN ${tenants.hundredth}
    ELSE ${tenants.others} END`
const siteOf = (block: string, tenant: string): string => `${tenantCount} + ${block} * ${tenantCount} + ${tenant}`

/** Transactions for each of these. */
const transactionsPer = {
  anomaly: 100,
  correction: 500,
  securityEvent: 1_000,
  erasure: 10_000,
  auditEntry: 100,
  job: 100,
  apiKey: 5_000,
} as const
const jobEnds: readonly JobState[] = ['succeeded', 'failed', 'rejected', 'timedOut']
/** Of each there are this many at least. */
const rareMin = 5 * partOfSize

/** A statement of the fill; `needsPassword`: its one parameter is the hash of the password of the charge points. */
export interface FillStatement extends RangeStatement {
  readonly needsPassword?: true
}

/** Ordinals of this part of things of which the first tenth comes first. */
function ordinalsOf(whole: number, part: FillPart): string {
  const [from, to] = part === 'first' ? [1, partOf(whole)] : [partOf(whole) + 1, whole]
  return `generate_series(${from}, ${to})`
}

/** A time in the last `lengthMs`, for each number. */
function lately({ nowMs }: FillPlan, lengthMs: number, number: string, seed: number): string {
  return timeOf(`${nowMs - lengthMs}::int8 + floor(${share(number, seed)} * ${lengthMs})::int8`)
}

/** Everything that does not belong to a range of transactions or messages. */
export function restStatements(plan: FillPlan, part: FillPart): FillStatement[] {
  return [...chargePointStatements(plan, part), ...rareStatements(plan, part)]
}

function chargePointStatements(plan: FillPlan, part: FillPart): FillStatement[] {
  const { chargePoints, nowMs } = plan
  const keys = `${ordinalsOf(chargePoints, part)} AS k`
  const isConnected = (key: string): string => `${share(key, 30)} < 0.9`
  const statuses = ['Available', 'Available', 'Available', 'Charging', 'Finishing', 'Faulted', 'Unavailable']
  const begin = nowMs - spanMs
  const step = Math.floor(spanMs / connectionsEach)
  return [
    {
      table: 'nodes',
      sql: `INSERT INTO nodes (id, name, started_at, seen_at, ledger, reads_salted)
        VALUES ('${otherNode}', 'other:8080', now(), 'infinity', 'transaction_facts', true) ON CONFLICT DO NOTHING`,
    },
    {
      table: 'charge_point_groups',
      sql: `INSERT INTO charge_point_groups (id, parent_id, name) OVERRIDING SYSTEM VALUE
        SELECT tenant, NULL, 'Tenant ' || tenant FROM generate_series(1, ${tenantCount}) tenant
        UNION ALL SELECT ${siteOf('block', 'tenant')}, tenant, 'Site ' || block
        FROM generate_series(0, ${Math.ceil(partEnd(chargePoints, part) / siteBlock) - 1}) block
          CROSS JOIN generate_series(1, ${tenantCount}) tenant
        ON CONFLICT DO NOTHING`,
    },
    {
      table: 'charge_point_groups',
      sql: `SELECT setval(pg_get_serial_sequence('charge_point_groups', 'id'), max(id)) FROM charge_point_groups`,
    },
    {
      table: 'charge_points',
      needsPassword: true,
      sql: `INSERT INTO charge_points (id, identity, password_hash, group_id, location, ocpp_version, vendor, model,
          serial_number, firmware_version, boot_status, status, connected, node, connection_epoch, last_seen_at,
          last_heartbeat_at, last_boot_at, created_at)
        OVERRIDING SYSTEM VALUE
        SELECT k, ${identityOfKey('k')}, $1::bytea, ${siteOf(`((k - 1) / ${siteBlock})`, `(${tenantOf('k')})`)},
          'Street ' || k % 500 || ', City ' || k % 50, '1.6',
          'Vendor ' || k % 5, 'Model ' || k % 20, 'SN' || lpad(k::text, 10, '0'), '1.' || k % 8 || '.0', 'Accepted',
          ${oneOf(statuses, 'k', 31)}, ${isConnected('k')}, CASE WHEN ${isConnected('k')} THEN '${otherNode}' END,
          k * ${connectionsEach}, ${lately(plan, dayMs, 'k', 32)}, ${lately(plan, dayMs, 'k', 32)},
          ${lately(plan, 30 * dayMs, 'k', 33)}, ${timeOf(`${begin}`)}
        FROM ${keys} ORDER BY k`,
    },
    {
      table: 'variables',
      sql: `INSERT INTO variables (charge_point_id, component_name, component_instance, evse_id, connector_id,
          variable_name, variable_instance, attribute_type, value, mutability, persistent, constant, updated_at)
        SELECT k, 'Made' || v % 10 || 'Ctrlr', '', 0, 0, 'Interval' || v, '', 'Actual', v::text, 'ReadWrite', true, false,
          ${timeOf(`${begin}`)}
        FROM ${keys} CROSS JOIN generate_series(1, ${variablesEach}) v ORDER BY k, v`,
    },
    {
      table: 'alarms',
      sql: `INSERT INTO alarms (charge_point_id, subject, began_at, ended_at, component_name, component_instance, evse_id,
          connector_id, variable_name, variable_instance, monitor_id, severity, actual_value, updated_at)
        SELECT k, 'made ' || n, at, CASE WHEN n % 4 > 0 THEN at + interval '1 minute' END, 'EVSE', '', 1, 0, 'Temperature', '',
          1, n % 10, '80', at
        FROM (SELECT k, n, ${lately(plan, 30 * dayMs, 'k', 35)} - n * interval '1 hour' AS at
          FROM ${keys} CROSS JOIN generate_series(1, ${alarmsEach}) n) a ORDER BY at`,
    },
    {
      table: 'charge_points',
      sql: `SELECT setval(pg_get_serial_sequence('charge_points', 'id'), ${chargePoints}),
        setval('connection_epochs', ${(chargePoints + 1) * connectionsEach})`,
    },
    {
      table: 'connectors',
      sql: `INSERT INTO connectors (charge_point_id, evse_id, connector_id, status, status_sent, error_code,
          occurred_at, updated_at, status_since, changed_at)
        SELECT k, evse, 1, ${oneOf(statuses, 'k', 31)}, ${oneOf(statuses, 'k', 31)}, 'NoError', at, at, at, at
        FROM (SELECT k, ${lately(plan, dayMs, 'k', 32)} AS at FROM ${keys}) c CROSS JOIN generate_series(1, 2) evse`,
    },
    {
      table: 'connection_history',
      sql: `INSERT INTO connection_history (charge_point_id, at, epoch, closed, node, closed_by, close_code, reason,
          remote_address)
        SELECT k, ${timeOf(
          `${begin}::int8 + (n - 1) * ${step}::int8 + floor((${share('k * 16 + n', 34)} + kind) * ${step / 2})::int8`,
        )} AS at, (k - 1) * ${connectionsEach} + n, kind = 1, 'other:8080', CASE kind WHEN 1 THEN 'lost' END,
          CASE kind WHEN 1 THEN 1006 END, CASE kind WHEN 1 THEN '' END,
          CASE kind WHEN 0 THEN '10.0.' || k % 250 || '.' || k % 200 END
        FROM ${keys} CROSS JOIN generate_series(1, ${connectionsEach}) n CROSS JOIN generate_series(0, 1) kind
        WHERE NOT (n = ${connectionsEach} AND kind = 1 AND ${isConnected('k')}) ORDER BY at`,
    },
    {
      table: 'certificates',
      sql: `INSERT INTO certificates (serial_number, charge_point_id, csr_digest, certificate, state, valid_from,
          valid_to, signed_at, sent_at, sends, settled_at)
        SELECT upper(md5(k::text)), k, md5('csr' || k), '-----BEGIN CERTIFICATE-----' || chr(10) ||
          (SELECT string_agg(md5(k::text || line) || md5(line || k::text), chr(10)) FROM generate_series(1, 16) line) ||
          chr(10) || '-----END CERTIFICATE-----', CASE WHEN k % 50 = 0 THEN 'rejected' ELSE 'accepted' END, at,
          at + interval '365 days', at, at, 1, at
        FROM (SELECT k, ${lately(plan, securitySpanMs, 'k', 35)} AS at FROM ${keys}) c`,
    },
    {
      table: 'id_tokens',
      sql: `INSERT INTO id_tokens (id_key, id_token, status, created_at)
        SELECT lower(${tokenOf('i')}), ${tokenOf('i')}, CASE WHEN i % 20 = 0 THEN 'Blocked' ELSE 'Accepted' END,
          ${lately(plan, spanMs, 'i', 36)}
        FROM ${ordinalsOf(idTokensOf(plan), part)} AS i`,
    },
    {
      table: 'credential_rotations',
      sql: `INSERT INTO credential_rotations (id, created_at, created_by, per_minute, expires_at, state, ended_at,
          is_open)
        OVERRIDING SYSTEM VALUE
        SELECT r, at, 'operator', 60, at + interval '7 days', 'done', at + interval '1 day', false
        FROM (SELECT r, ${lately(plan, securitySpanMs - dayMs, 'r', 37)} AS at
          FROM ${ordinalsOf(rotations, part)} AS r) rotation`,
    },
    {
      table: 'credential_rotation_items',
      // The first rotation is of all charge points, the others are of one in a hundred.
      sql: `INSERT INTO credential_rotation_items (rotation_id, charge_point_id, state, status, changed_at)
        SELECT r.id, k, CASE WHEN k % 40 = 0 THEN 'refused' ELSE 'accepted' END, 'Accepted', r.ended_at
        FROM credential_rotations r CROSS JOIN generate_series(1, ${partEnd(chargePoints, part)}) k
        WHERE r.id = 1 OR k % 100 = r.id
        ON CONFLICT DO NOTHING`,
    },
    {
      table: 'credential_rotations',
      sql: `SELECT setval(pg_get_serial_sequence('credential_rotations', 'id'), ${rotations})`,
    },
  ]
}

function partEnd(whole: number, part: FillPart): number {
  return part === 'first' ? partOf(whole) : whole
}

function rareStatements(plan: FillPlan, part: FillPart): FillStatement[] {
  const { transactions } = plan
  const every = (count: number) => ({ from: 1, to: Math.max(rareMin, Math.floor(transactions / count)) })
  const key = (seed: number): string => keyOf('g', seed, plan, part)
  const kinds = anomalyKinds.slice(0, 12)
  return [
    {
      table: 'anomalies',
      // The id is of a transaction of the first part.
      sql: `INSERT INTO anomalies (charge_point_id, received_at, digest, kind, transaction, detail, message_id)
        SELECT ${key(40)}, ${lately(plan, anomalySpanMs, 'g', 42)} AS at, hashint8extended(g, 43),
          ${oneOf(kinds, 'g', 44)}, (1 + g % ${partOf(transactions)})::text,
          '{"expected":"1","sent":"2"}'::json, ${messageIdOf('g')}
        FROM ${numbersOf(every(transactionsPer.anomaly), part)} ORDER BY at`,
    },
    {
      table: 'transaction_corrections',
      sql: `INSERT INTO transaction_corrections (transaction_id, number, at, operator, stopped_at_before,
          meter_stop_wh_before, stop_reason_before, stopped_at, meter_stop_wh, stop_reason)
        SELECT g, number, ${lately(plan, spanMs, 'g', 45)}, 'operator',
          ${lately(plan, spanMs, 'g', 46)}, 1000, 'Local', ${lately(plan, spanMs, 'g', 46)}, 1200, 'Local'
        FROM ${numbersOf(every(transactionsPer.correction), part)} CROSS JOIN generate_series(1, 3) number`,
    },
    {
      table: 'audit_log',
      // A request and its outcome. The hashes are none of a real chain: it is listed here, not verified.
      sql: `INSERT INTO audit_log (node, sequence, outcome_of, at, principal_kind, principal, remote_address,
          request_id, operation, charge_point_id, identity, request, status, hash)
        SELECT 'other:8080', g * 2 - 1 + kind, CASE kind WHEN 1 THEN g * 2 - 1 END, at + kind * interval '40 ms',
          CASE kind WHEN 0 THEN 'operator' END, CASE kind WHEN 0 THEN 'operator ' || g % 10 END,
          CASE kind WHEN 0 THEN '10.0.0.1' END, CASE kind WHEN 0 THEN ${messageIdOf('g')} END,
          CASE kind WHEN 0 THEN ${oneOf(['resetChargePoint', 'startTransaction', 'changeChargePoint'], 'g', 60)} END,
          CASE kind WHEN 0 THEN key END, CASE kind WHEN 0 THEN ${identityOfKey('key')} END,
          CASE kind WHEN 0 THEN '{"body":{"type":"Soft"}}'::json END, CASE kind WHEN 1 THEN 200 END,
          decode(md5((g * 2 + kind)::text) || md5(kind::text), 'hex')
        FROM (SELECT g, ${key(57)} AS key, ${lately(plan, auditSpanMs, 'g', 59)} AS at
          FROM ${numbersOf(every(transactionsPer.auditEntry), part)}) n CROSS JOIN generate_series(0, 1) kind
        ORDER BY at, kind`,
    },
    {
      table: 'jobs',
      sql: `WITH made AS (
          INSERT INTO jobs (charge_point_id, kind, state, place, request_id, timeout_seconds, created_at, created_by,
            changed_at, ended_at)
          SELECT ${key(62)}, ${oneOf(jobKindNames, 'g', 63)}, ${oneOf(jobEnds, 'g', 64)}, 2, g, 86400, at, 'operator',
            at + interval '10 minutes', at + interval '10 minutes'
          FROM (SELECT g, ${lately(plan, anomalySpanMs, 'g', 65)} AS at
            FROM ${numbersOf(every(transactionsPer.job), part)}) n ORDER BY at RETURNING *)
        INSERT INTO job_events (job_id, place, at, state, is_end)
        SELECT id, 1, created_at, 'sending', false FROM made UNION ALL SELECT id, 2, changed_at, state, true FROM made`,
    },
    {
      table: 'data_transfer_vendors',
      sql: `INSERT INTO data_transfer_vendors (vendor_id, answer, changed_at)
        VALUES ('com.example', '{"status":"Accepted"}', now()) ON CONFLICT DO NOTHING`,
    },
    {
      table: 'quirk_hits',
      sql: `INSERT INTO quirk_hits (charge_point_id, profile, quirk, count, first_at, last_at)
        SELECT ${key(73)}, 'wallbox', ${oneOf(['extraField', 'timeFormat', 'enumCase'], 'g', 74)}, g, at, at
        FROM (SELECT g, ${lately(plan, anomalySpanMs, 'g', 75)} AS at
          FROM ${numbersOf(every(transactionsPer.job), part)}) n ON CONFLICT DO NOTHING`,
    },
    {
      table: 'reservations',
      sql: `INSERT INTO reservations (charge_point_id, reservation_id, evse_id, id_token, expires_at, status, answered_at,
          created_at, created_by)
        SELECT ${key(67)}, g, 1, 'CARD00000001', at + interval '1 hour', 'Accepted', at, at, 'operator'
        FROM (SELECT g, ${lately(plan, anomalySpanMs, 'g', 68)} AS at
          FROM ${numbersOf(every(transactionsPer.job), part)}) n`,
    },
    {
      table: 'charging_profiles',
      sql: `INSERT INTO charging_profiles (charge_point_id, profile_id, evse_id, stack_level, purpose, profile, status,
          set_at, set_by)
        SELECT ${key(69)}, g, 1, 0, ${oneOf(['TxDefaultProfile', 'TxProfile'], 'g', 70)}, '{"id":1}', 'Accepted', at, 'operator'
        FROM (SELECT g, ${lately(plan, anomalySpanMs, 'g', 71)} AS at
          FROM ${numbersOf(every(transactionsPer.job), part)}) n`,
    },
    ...factTables.map(({ table, columns, values }) => ({
      table,
      sql: `INSERT INTO ${table} (charge_point_id, received_at, ${columns})
        SELECT ${key(72)}, at, ${values}
        FROM (SELECT g, ${lately(plan, anomalySpanMs, 'g', 73)} AS at
          FROM ${numbersOf(every(transactionsPer.job), part)}) n`,
    })),
    {
      table: 'display_messages',
      sql: `INSERT INTO display_messages (charge_point_id, message_id, priority, message, status, set_at, set_by)
        SELECT ${key(72)}, g, 'NormalCycle', '{"id":1}', 'Accepted', at, 'operator'
        FROM (SELECT g, ${lately(plan, anomalySpanMs, 'g', 73)} AS at
          FROM ${numbersOf(every(transactionsPer.job), part)}) n`,
    },
    {
      table: 'station_tariffs',
      sql: `INSERT INTO station_tariffs (charge_point_id, tariff_id, evse_id, transaction_id, tariff, status, set_at,
          set_by)
        SELECT ${key(74)}, 'T' || g, 0, 0, '{"tariffId":"T","currency":"EUR"}', 'Accepted', at, 'operator'
        FROM (SELECT g, ${lately(plan, anomalySpanMs, 'g', 75)} AS at
          FROM ${numbersOf(every(transactionsPer.job), part)}) n`,
    },
    {
      table: 'api_keys',
      sql: `INSERT INTO api_keys (id, name, secret_hash, role, groups, created_at, created_by)
        SELECT lpad(to_hex(g), 16, '0'), 'Key ' || g, decode(md5(g::text), 'hex'), 'viewer',
          ARRAY[${tenants.hundredth}], ${lately(plan, spanMs, 'g', 61)}, 'operator'
        FROM ${numbersOf(every(transactionsPer.apiKey), part)}`,
    },
    {
      table: 'id_token_erasures',
      sql: `INSERT INTO id_token_erasures (pseudonym, state, created_at, created_by, settles_at, ended_at, erased)
        SELECT 'ERASED-' || upper(left(md5(g::text), 12)), 'done', at, 'operator', at + interval '10 minutes',
          at + interval '20 minutes', '{"id_tokens":1,"transactions":12}'::json
        FROM (SELECT g, ${lately(plan, securitySpanMs - dayMs, 'g', 56)} AS at
          FROM ${numbersOf(every(transactionsPer.erasure), part)}) n ORDER BY at`,
    },
    {
      table: 'security_events',
      sql: `INSERT INTO security_events (type, identity, charge_point_id, remote_address, node, first_at, received_at,
          count, reason)
        SELECT ${oneOf(Object.keys(securityEventTypes), 'g', 47)}, ${identityOfKey(key(48))}, ${key(48)}, '10.0.0.1',
          'other:8080', at, at, 1, 'The password is wrong.'
        FROM (SELECT g, ${lately(plan, securitySpanMs, 'g', 50)} AS at
          FROM ${numbersOf(every(transactionsPer.securityEvent), part)}) n ORDER BY at`,
    },
    {
      table: 'charge_point_events',
      sql: `INSERT INTO charge_point_events (charge_point_id, digest, action, message_id, occurred_at, received_at,
          payload)
        SELECT ${key(51)}, hashint8extended(g, 53), 'SecurityEventNotification', ${messageIdOf('-g')}, at, at,
          ('{"type":"' || ${oneOf(['SettingSystemTime', 'ResetOrReboot', 'StartupOfTheDevice'], 'g', 54)} ||
            '","timestamp":"2026-01-01T00:00:00.000Z"}')::json
        FROM (SELECT g, ${lately(plan, securitySpanMs, 'g', 55)} AS at
          FROM ${numbersOf(every(transactionsPer.securityEvent), part)}) n ORDER BY at`,
    },
  ]
}
