// Retention: deletes rows that are older than the settings say. In small batches, each in a transaction of its own, so
// that nothing waits for it.

import type { Pool } from 'pg'
import { retentionBatchesMax, retentionRowsMax } from '../base/limits.ts'
import { isExpiredPromise } from './remote-start-promises.ts'

/** SQL: the charge point of the row was deleted before `$2`. */
const isOfDeleted = 'charge_point_id IN (SELECT id FROM charge_points WHERE deleted_at < $2)'

/** Deletes the rows of `table` that were received before `beforeMs`, up to the limit of one run. Returns how many. */
export async function deleteOld(
  pool: Pool,
  table:
    | 'anomalies'
    | 'charge_point_events'
    | 'problem_times'
    | 'security_events'
    | 'transaction_facts_default'
    | 'certificate_requests',
  beforeMs: number,
): Promise<number> {
  return forget(pool, table, 'received_at < $2', [new Date(beforeMs).toISOString()])
}

/** Deletes certificates that ended, or that their charge point did not accept, before `beforeMs`. Returns how many. */
export async function deleteOldCertificates(pool: Pool, beforeMs: number): Promise<number> {
  const condition = `(valid_to < $2 OR state IN ('rejected', 'failed') AND signed_at < $2)`
  return forget(pool, 'certificates', condition, [new Date(beforeMs).toISOString()])
}

/** Deletes promised transactionIds that are not needed any more, up to the limit of one run. Returns how many. */
export async function deleteOldPromises(pool: Pool): Promise<number> {
  return forget(pool, 'remote_start_promises', isExpiredPromise, [])
}

/** Deletes credential rotations that ended before `beforeMs`, up to the limit of one run: first their items. */
export async function deleteOldRotations(pool: Pool, beforeMs: number): Promise<number> {
  const before = [new Date(beforeMs).toISOString()]
  const isOld = 'rotation_id IN (SELECT id FROM credential_rotations WHERE ended_at < $2)'
  const isEmpty = `NOT EXISTS (SELECT FROM credential_rotation_items i WHERE i.rotation_id = credential_rotations.id)`
  await forget(pool, 'credential_rotation_items', isOld, before)
  return forget(pool, 'credential_rotations', `ended_at < $2 AND ${isEmpty}`, before)
}

/** Deletes jobs that ended before `beforeMs`, up to the limit of one run: first their history. Returns how many. */
export async function deleteOldJobs(pool: Pool, beforeMs: number): Promise<number> {
  const before = [new Date(beforeMs).toISOString()]
  const isOfOld = 'job_id IN (SELECT id FROM jobs WHERE ended_at < $2)'
  for (const table of ['upload_chunks', 'uploads', 'job_events']) await forget(pool, table, isOfOld, before)
  const isEmpty = `NOT EXISTS (SELECT FROM job_events e WHERE e.job_id = jobs.id)
    AND NOT EXISTS (SELECT FROM uploads u WHERE u.job_id = jobs.id)`
  return forget(pool, 'jobs', `ended_at < $2 AND ${isEmpty}`, before)
}

/** Deletes files that were uploaded before `beforeMs`, and what is left of uploads that broke off before `leftMs`. */
export async function deleteOldUploads(pool: Pool, beforeMs: number, leftMs: number): Promise<void> {
  const [before, left] = [[new Date(beforeMs).toISOString()], [new Date(leftMs).toISOString()]]
  await forget(pool, 'upload_chunks', 'job_id IN (SELECT job_id FROM uploads WHERE received_at < $2)', before)
  const isEmpty = 'NOT EXISTS (SELECT FROM upload_chunks c WHERE c.job_id = uploads.job_id)'
  await forget(pool, 'uploads', `received_at < $2 AND ${isEmpty}`, before)
  const isLeft = 'job_id IN (SELECT job_id FROM uploads WHERE received_at IS NULL AND begun_at < $2)'
  await forget(pool, 'upload_chunks', isLeft, left)
  // A node of the version before deletes jobs without them.
  const isOrphan = 'received_at IS NULL AND NOT EXISTS (SELECT FROM jobs j WHERE j.id = uploads.job_id)'
  await forget(pool, 'uploads', isOrphan, [])
}

/** Deletes reservations that expired, and ends that were reported, before `beforeMs`. */
export async function deleteOldReservations(pool: Pool, beforeMs: number): Promise<void> {
  const before = [new Date(beforeMs).toISOString()]
  const isOver = `(expires_at < $2 OR created_at < $2 AND (cancelled_at IS NOT NULL OR status <> 'Accepted'))`
  await forget(pool, 'reservations', isOver, before)
  await forget(pool, 'reservation_ends', 'received_at < $2', before)
}

/**
 * Deletes charging profiles that were set, or reported, before `beforeMs`, and of which nothing more is expected: those
 * of transactions, and those that are not in force. Profiles without an end are kept.
 */
export async function deleteOldChargingProfiles(pool: Pool, beforeMs: number): Promise<void> {
  const before = [new Date(beforeMs).toISOString()]
  const isOver = `cleared_at IS NOT NULL OR status IS DISTINCT FROM 'Accepted' OR valid_to < $2 OR purpose = 'TxProfile'`
  await forget(pool, 'charging_profiles', `set_at < $2 AND (${isOver})`, before)
  await forget(pool, 'charging_limits', 'cleared AND received_at < $2', before)
  await forget(pool, 'reported_charging_profiles', `received_at < $2 AND purpose = 'TxProfile'`, before)
}

/** Deletes what only counts for a time after it came: facts that were received before `beforeMs`. */
export async function deleteOldFacts(pool: Pool, beforeMs: number): Promise<void> {
  const before = [new Date(beforeMs).toISOString()]
  for (const table of [
    ...([
      'priority_charging',
      'allowed_energy_transfers',
      'afrr_signals',
      'web_payments',
      'vat_number_checks',
    ] as const),
    ...(['dynamic_schedules', 'whole_reports'] as const),
  ]) {
    await forget(pool, table, 'received_at < $2', before)
  }
}

/** Deletes payments and battery swaps that were reported before `beforeMs`. */
export async function deleteOldPayments(pool: Pool, beforeMs: number): Promise<void> {
  const before = [new Date(beforeMs).toISOString()]
  await forget(pool, 'settlements', 'received_at < $2', before)
  await forget(pool, 'battery_swaps', 'received_at < $2', before)
}

/**
 * Deletes DER controls that came to their end before `beforeMs`, or whose charge point was deleted before, event
 * streams of which nothing was heard since, and what was reported before of others that are not stored.
 */
export async function deleteOldControls(pool: Pool, beforeMs: number): Promise<void> {
  const before = [new Date(beforeMs).toISOString()]
  const isOfNone = (table: string, id: string, events: string): string =>
    `received_at < $2 AND (event <> 'listed' OR ${isOfDeleted}) AND NOT EXISTS (SELECT FROM ${table} t
      WHERE t.charge_point_id = ${events}.charge_point_id AND t.${id} = ${events}.${id})`
  const isEnded = `EXISTS (SELECT FROM der_control_events e WHERE e.charge_point_id = der_controls.charge_point_id
    AND e.control_id = der_controls.control_id AND e.event IN ('superseded', 'cleared')
    AND e.received_at >= der_controls.received_at AND e.received_at < $2)`
  const isClearedWithOthers = `EXISTS (SELECT FROM der_clearings d WHERE d.charge_point_id = der_controls.charge_point_id
    AND d.is_default = der_controls.is_default AND d.control_type IN ('', der_controls.control_type)
    AND d.received_at >= der_controls.received_at AND d.received_at < $2)`
  await forget(pool, 'der_controls', `(${isOfDeleted} OR ${isEnded} OR ${isClearedWithOthers})`, before)
  await forget(pool, 'der_control_events', isOfNone('der_controls', 'control_id', 'der_control_events'), before)
  await forget(pool, 'der_clearings', isOfDeleted, before)
  const isSilent = `NOT EXISTS (SELECT FROM event_stream_events e WHERE e.charge_point_id = event_streams.charge_point_id
    AND e.stream_id = event_streams.stream_id AND e.received_at >= $2)`
  await forget(pool, 'event_streams', `received_at < $2 AND ${isSilent}`, before)
  await forget(pool, 'event_stream_events', isOfNone('event_streams', 'stream_id', 'event_stream_events'), before)
}

/**
 * Deletes display messages and tariffs that were set before `beforeMs`, and of which nothing more is expected: those of
 * transactions, and those that are not in force. Also display messages that were reported last before, and whatever is
 * of charge points that were deleted before.
 */
export async function deleteOldTold(pool: Pool, beforeMs: number): Promise<void> {
  const before = [new Date(beforeMs).toISOString()]
  const isOver = `(cleared_at IS NOT NULL OR status IS DISTINCT FROM 'Accepted')`
  const isOverOnDisplay = `set_at < $2 AND (${isOver} OR ends_at < $2 OR transaction_id IS NOT NULL)`
  await forget(pool, 'display_messages', `(${isOverOnDisplay} OR ${isOfDeleted})`, before)
  await forget(pool, 'reported_display_messages', `(received_at < $2 OR ${isOfDeleted})`, before)
  const isOverTariff = `set_at < $2 AND (${isOver} OR transaction_id <> 0)`
  await forget(pool, 'station_tariffs', `(${isOverTariff} OR ${isOfDeleted})`, before)
  await forget(pool, 'reported_tariffs', isOfDeleted, before)
  await forget(pool, 'prices', isOfDeleted, before)
}

/** Deletes reports in parts to which nothing was added since `beforeMs`; what they reported stays. Returns how many. */
export async function deleteOldReports(pool: Pool, beforeMs: number): Promise<number> {
  return forget(pool, 'device_reports', 'updated_at < $2', [new Date(beforeMs).toISOString()])
}

/**
 * Deletes alarms that ended before `beforeMs`. Open ones stay, except those of charge points that were deleted before:
 * nothing ends them any more. Nor does anything clear the monitors of such charge points.
 */
export async function deleteOldAlarms(pool: Pool, beforeMs: number): Promise<void> {
  const before = [new Date(beforeMs).toISOString()]
  await forget(pool, 'alarms', 'ended_at < $2', before)
  await forget(pool, 'alarms', `ended_at IS NULL AND ${isOfDeleted}`, before)
  await forget(pool, 'monitors', isOfDeleted, before)
}

/** Deletes counts of quirks that were not seen since `beforeMs`. Returns how many. */
export async function deleteOldQuirkHits(pool: Pool, beforeMs: number): Promise<number> {
  return forget(pool, 'quirk_hits', 'last_at < $2', [new Date(beforeMs).toISOString()])
}

/** Deletes erasures of id tokens that were done before `beforeMs`. Returns how many. */
export async function deleteOldErasures(pool: Pool, beforeMs: number): Promise<number> {
  return forget(pool, 'id_token_erasures', 'ended_at < $2', [new Date(beforeMs).toISOString()])
}

/**
 * Deletes the rows of `table` for which `condition` holds; its parameters begin with `$2`. A row that is written at the
 * same time is checked again: its content may be new.
 */
async function forget(pool: Pool, table: string, condition: string, values: readonly string[]): Promise<number> {
  let forgotten = 0
  for (let batch = 0; batch < retentionBatchesMax; batch++) {
    const { rowCount } = await pool.query(
      `DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM ${table} WHERE ${condition} LIMIT $1)) AND ${condition}`,
      [retentionRowsMax, ...values],
    )
    forgotten += rowCount ?? 0
    if ((rowCount ?? 0) < retentionRowsMax) break
  }
  return forgotten
}
