// The statements that carry out credential rotations: which charge points a node sends a new password next, and what
// became of them. An item is stored as `sending` before its CALL leaves. If its node ends, it becomes `unknown` and is
// never sent again: no charge point gets two passwords from one rotation.

import type { Pool } from 'pg'
import { rotationAgainMs, rotationBurstMs, rotationTextCharactersMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { allCounts } from '../blocks/provisioning/credential-rotation.ts'
import type {
  ClaimedItem,
  EndedRotation,
  ItemResult,
  RotationItemState,
  RotationState,
} from '../blocks/provisioning/credential-rotation.ts'
import { hasRunOut } from './node-leases.ts'
import { isSomethingOpen } from './open-rotations.ts'
import { untilNoDeadlock } from './until-no-deadlock.ts'

/** SQL of the number of items in each state, as JSON; states without items are left out. `id` is the rotation's. */
export function countsOf(id: string): string {
  return `(SELECT COALESCE(json_object_agg(state, items), '{}') FROM (
    SELECT state, count(*) AS items FROM credential_rotation_items WHERE rotation_id = ${id} GROUP BY state) AS counted)`
}

/** $1 is the id of this node. */
const isAlive = `EXISTS (SELECT FROM nodes WHERE id = $1 AND NOT (${hasRunOut}))`

/**
 * Another rotation has the charge point first: that which has begun, else the older one. Where it is unknown which
 * password the charge point has, it must have connected with it before it is sent another: a password replaces an
 * earlier one that is pending.
 */
const isPreceded = `EXISTS (
  SELECT FROM credential_rotation_items o
  WHERE o.charge_point_id = i.charge_point_id AND o.rotation_id <> i.rotation_id
    AND o.state IN ('waiting', 'sending', 'unknown')
    AND CASE o.state
      WHEN 'waiting' THEN o.rotation_id < i.rotation_id
      WHEN 'unknown' THEN o.connection_epoch = c.connection_epoch
      ELSE true
    END)`

// A node locks the rotation while it takes items, so that all nodes together keep its pace: `next_at` is where the next
// item belongs in time. Another node does not wait for it, and takes its items a moment later.
const claim = `
  WITH paced AS MATERIALIZED (
    SELECT id, per_minute, GREATEST(next_at, clock_timestamp() - interval '${rotationBurstMs} ms') AS base
    FROM credential_rotations
    WHERE state = 'running' AND expires_at > $3::timestamptz AND next_at <= clock_timestamp() AND ${isAlive}
    ORDER BY id FOR UPDATE SKIP LOCKED
  ), due AS MATERIALIZED (
    SELECT p.id AS rotation_id, p.base, p.per_minute, taken.* FROM paced p CROSS JOIN LATERAL (
      SELECT i.charge_point_id, c.connection_epoch FROM credential_rotation_items i JOIN charge_points c ON c.id = i.charge_point_id
      WHERE i.rotation_id = p.id AND i.state = 'waiting' AND c.node = $1
        AND (i.not_before IS NULL OR i.not_before <= clock_timestamp()) AND NOT ${isPreceded}
      ORDER BY i.not_before NULLS FIRST, i.charge_point_id
      LIMIT floor(extract(epoch FROM clock_timestamp() - p.base) * p.per_minute / 60)::int + 1
      FOR UPDATE OF i SKIP LOCKED) taken
    LIMIT $2::int
  ), claimed AS (
    UPDATE credential_rotation_items i SET state = 'sending', node = $1, connection_epoch = due.connection_epoch,
      changed_at = $3::timestamptz
    FROM due WHERE i.rotation_id = due.rotation_id AND i.charge_point_id = due.charge_point_id
    RETURNING i.rotation_id, i.charge_point_id
  ), moved_on AS (
    UPDATE credential_rotations r SET next_at = t.base + t.items * interval '1 minute' / t.per_minute
    FROM (SELECT rotation_id, base, per_minute, count(*) AS items FROM due GROUP BY 1, 2, 3) t WHERE r.id = t.rotation_id
  )
  SELECT claimed.rotation_id AS "rotationId", c.id AS key, c.identity, c.strictness
  FROM claimed JOIN charge_points c ON c.id = claimed.charge_point_id`

// A node whose lease had expired for a while may still learn the answer.
const settle = `
  UPDATE credential_rotation_items SET state = $4, status = $5, error_code = $6, error = $7, changed_at = $8::timestamptz
  WHERE rotation_id = $1 AND charge_point_id = $2 AND node = $3 AND state IN ('sending', 'unknown')`

const giveBack = `
  UPDATE credential_rotation_items SET state = 'waiting', node = NULL, changed_at = $4::timestamptz,
    not_before = clock_timestamp() + interval '${rotationAgainMs} ms'
  WHERE rotation_id = $1 AND charge_point_id = $2 AND node = $3 AND state = 'sending'`

// The answer to `claim` was lost, so nothing was sent. A later claim is not affected, should this statement be late.
const forgotten = `
  UPDATE credential_rotation_items i SET state = 'waiting', node = NULL, changed_at = $2::timestamptz
  FROM credential_rotations r
  WHERE r.is_open AND i.rotation_id = r.id AND i.state = 'sending' AND i.node = $1 AND i.changed_at < $2::timestamptz
    AND NOT EXISTS (SELECT FROM unnest($3::int8[], $4::int4[]) AS held(rotation_id, key)
      WHERE held.rotation_id = i.rotation_id AND held.key = i.charge_point_id)`

// The lease of this node must be valid: when the database was unavailable, all leases have expired.
const lostNodes = `
  UPDATE credential_rotation_items i SET state = 'unknown', changed_at = $2::timestamptz,
    error = 'Its node ended before the charge point answered'
  FROM credential_rotations r
  WHERE r.is_open AND i.rotation_id = r.id AND i.state = 'sending' AND ${isAlive}
    AND NOT EXISTS (SELECT FROM nodes WHERE id = i.node AND NOT (${hasRunOut}))`

const expire = `
  UPDATE credential_rotations SET state = 'expired', ended_at = $1::timestamptz
  WHERE state = 'running' AND expires_at <= $1::timestamptz RETURNING id`

// Of a deleted charge point, or of a rotation that ended while the item was given back.
const neverSent = `
  UPDATE credential_rotation_items i SET state = CASE WHEN r.state = 'expired' THEN 'expired' ELSE 'cancelled' END,
    changed_at = $1::timestamptz
  FROM credential_rotations r, charge_points c
  WHERE r.is_open AND i.rotation_id = r.id AND i.state = 'waiting' AND c.id = i.charge_point_id
    AND (r.state <> 'running' OR c.deleted_at IS NOT NULL)
  RETURNING i.state`

// One that was cancelled or has expired stays so. The limit makes PostgreSQL look into the index, one item for each.
const finish = `
  UPDATE credential_rotations r SET is_open = false, ended_at = COALESCE(r.ended_at, $1::timestamptz),
    state = CASE r.state WHEN 'running' THEN 'done' ELSE r.state END
  WHERE r.is_open
    AND (SELECT true FROM credential_rotation_items i
         WHERE i.rotation_id = r.id AND i.state IN ('waiting', 'sending') LIMIT 1) IS NULL
  RETURNING id, state`

const ended = `SELECT id, state, ${countsOf('r.id')} AS counts FROM credential_rotations r WHERE id = ANY($1::int8[])`

/** Runs the statements for the node `nodeId`. */
export function createCredentialRotations(pool: Pick<Pool, 'query'>, nodeId: string) {
  const run = (name: string, text: string, values: unknown[]) =>
    untilNoDeadlock(() => pool.query({ name: `stator_rotation_${name}`, text, values }))
  const time = (ms: number): string => new Date(ms).toISOString()
  const endedOf = async (rows: readonly { readonly id: number }[]): Promise<readonly EndedRotation[]> => {
    if (rows.length === 0) return []
    const found = await run('ended', ended, [rows.map(({ id }) => id)])
    return found.rows.map((row: EndedRotation) => ({ ...row, counts: allCounts(row.counts) }))
  }
  const cut = (text: string | null): string | null =>
    text === null ? null : storableText(text.slice(0, rotationTextCharactersMax))

  return {
    /** Takes up to `room` items whose turn has come: charge points that this node holds. Commits that they are sent. */
    async claim(room: number, nowMs: number): Promise<readonly ClaimedItem[]> {
      return (await run('claim', claim, [nodeId, room, time(nowMs)])).rows
    },

    /** Stores what became of an item. */
    async settle({ rotationId, key }: ClaimedItem, result: ItemResult, nowMs: number): Promise<void> {
      const { state, status, errorCode, error } = result
      await run('settle', settle, [rotationId, key, nodeId, state, cut(status), errorCode, cut(error), time(nowMs)])
    },

    /** Nothing was sent: the item waits again. */
    async giveBack({ rotationId, key }: ClaimedItem, nowMs: number): Promise<void> {
      await run('give_back', giveBack, [rotationId, key, nodeId, time(nowMs)])
    },

    /**
     * Ends what others left: items of nodes whose lease has expired, rotations that have expired, items of deleted
     * charge points. Items of this node that are not among `held` wait again. Returns the rotations that it ended, and
     * the last states that it gave to items.
     */
    async tidy(
      held: readonly ClaimedItem[],
      nowMs: number,
    ): Promise<{ ended: readonly EndedRotation[]; states: readonly RotationItemState[] }> {
      const heldKeys = [held.map(({ rotationId }) => rotationId), held.map(({ key }) => key)]
      await run('forgotten', forgotten, [nodeId, time(nowMs), ...heldKeys])
      const lost = await run('lost_nodes', lostNodes, [nodeId, time(nowMs)])
      const expired = await run('expire', expire, [time(nowMs)])
      const unsent = await run('never_sent', neverSent, [time(nowMs)])
      const states = unsent.rows.map(({ state }: { state: RotationItemState }) => state)
      const unknown = Array.from({ length: lost.rowCount ?? 0 }, () => 'unknown' as const)
      return { ended: await endedOf(expired.rows), states: [...unknown, ...states] }
    },

    /** Ends rotations that have nothing left to send; returns them, and whether anything is left of others. */
    async finish(nowMs: number): Promise<{ ended: readonly EndedRotation[]; isOpen: boolean }> {
      const done = await run('finish', finish, [time(nowMs)])
      const { rows } = await run('is_open', `SELECT ${isSomethingOpen} AS "isOpen"`, [])
      const ofRunning = done.rows.filter(({ state }: { state: RotationState }) => state === 'done')
      return { ended: await endedOf(ofRunning), isOpen: rows[0]?.isOpen === true }
    },
  }
}
