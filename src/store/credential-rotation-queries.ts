// Credential rotations as the REST API creates, lists and cancels them.

import { and, desc, eq, getTableColumns, isNull, type SQL, sql } from 'drizzle-orm'
import { StatorError } from '../base/errors.ts'
import { identitiesNamedMax, rotationItemsMax, rotationsRunningMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import {
  allCounts,
  type CredentialRotationRecord,
  type ItemCounts,
  type NewCredentialRotation,
  type RotationItemRecord,
  type RotationItemState,
} from '../blocks/provisioning/credential-rotation.ts'
import type { ChargePointFilter, Page, PageOf } from '../blocks/records.ts'
import type { Scope } from '../blocks/scope.ts'
import { chargePointsOf } from './charge-point-filter.ts'
import { countsOf } from './credential-rotations.ts'
import { isOfScope } from './in-scope.ts'
import { keyOf, type Order, orderBy } from './keyset.ts'
import { anyOf, keysetPageOf, type ListSource, pageOf } from './paging.ts'
import { credentialRotationItems, credentialRotations } from './schema.ts'

const columns = {
  ...getTableColumns(credentialRotations),
  counts: sql<Partial<ItemCounts>>`${sql.raw(countsOf('credential_rotations.id'))}`,
}

/**
 * A rotation of charge points of which some are in the scope and some are not is nothing for its owner; nor is one of
 * which no item is left: retention deletes items first.
 */
function isWhollyOf(scope: Scope): SQL | undefined {
  const isOurs = isOfScope(scope, sql`i.charge_point_id`)
  if (isOurs === undefined) return undefined
  const items = sql`SELECT FROM credential_rotation_items i WHERE i.rotation_id = ${credentialRotations.id}`
  return sql`EXISTS (${items}) AND NOT EXISTS (${items} AND NOT (${isOurs}))`
}

const byChargePoint: Order = {
  name: 'rotation items',
  direction: 'ASC',
  columns: [{ column: credentialRotationItems.chargePointKey, type: 'int8' }],
}

export function createCredentialRotationQueries(source: ListSource) {
  const { db } = source

  async function credentialRotation(id: number, scope: Scope): Promise<CredentialRotationRecord | null> {
    const isIt = and(eq(credentialRotations.id, id), isWhollyOf(scope))
    const [row] = await db.select(columns).from(credentialRotations).where(isIt)
    return row === undefined ? null : recordOf(row)
  }

  async function keysOfIdentities(identities: readonly string[], scope: Scope): Promise<number[]> {
    const isOurs = isOfScope(scope, sql`c.id`) ?? sql`true`
    const { rows } = await db.execute<{ readonly identity: string; readonly key: number | null }>(sql`
      SELECT v.identity, c.id AS key FROM unnest(${sql.param(identities.map(storableText))}::text[]) AS v(identity)
        LEFT JOIN charge_points c ON c.identity = v.identity AND c.deleted_at IS NULL AND ${isOurs}`)
    const unknown = rows.filter(({ key }) => key === null).map(({ identity }) => identity)
    if (unknown.length > 0) throw unknownIdentities(unknown)
    return rows.flatMap(({ key }) => key ?? [])
  }

  /** Keys of the charge points of `filter`. */
  async function keysOfFilter(filter: ChargePointFilter): Promise<number[]> {
    const { leads, rest } = chargePointsOf(filter)
    if (leads.length === 0) return []
    const keysMax = Math.min(source.rowsMax ?? rotationItemsMax, rotationItemsMax)
    const rows = await db
      .select({ key: chargePoints.key })
      .from(chargePoints)
      .where(and(isNull(chargePoints.deletedAtMs), anyOf(leads), rest))
      .limit(keysMax + 1)
    if (rows.length > keysMax) throw badFilter(`Filter selects more than ${keysMax} charge points; narrow it`)
    return rows.map(({ key }) => key)
  }

  return {
    /**
     * @throws {StatorError} `BAD_REQUEST` if a charge point does not exist, or a filter selects none or too many;
     *   `CONFLICT` if too many rotations run.
     */
    async createCredentialRotation(wanted: NewCredentialRotation): Promise<CredentialRotationRecord> {
      const { scope, chargePoints: whom, createdAtMs, createdBy, perMinute, expiresAtMs } = wanted
      const keys =
        'map' in whom ? await keysOfIdentities([...new Set(whom)], scope) : await keysOfFilter({ ...whom, scope })
      if (keys.length === 0) throw badFilter('Filter selects no charge point')
      const [createdAt, expiresAt] = [createdAtMs, expiresAtMs].map((ms) => new Date(ms).toISOString())
      // One statement: a rotation has its items from the beginning.
      const { rows } = await db.execute<{ readonly id: number }>(sql`
        WITH made AS (
          INSERT INTO credential_rotations (created_at, created_by, per_minute, expires_at)
          SELECT ${createdAt}::timestamptz, ${storableText(createdBy)}, ${perMinute}::int4, ${expiresAt}::timestamptz
          WHERE (SELECT count(*) FROM credential_rotations WHERE state = 'running') < ${rotationsRunningMax}
          RETURNING id
        ), items AS (
          INSERT INTO credential_rotation_items (rotation_id, charge_point_id, changed_at)
          SELECT made.id, v.key, ${createdAt}::timestamptz FROM made, unnest(${sql.param(keys)}::int4[]) AS v(key)
        )
        SELECT id FROM made`)
      const [made] = rows
      if (made === undefined) {
        throw new StatorError(
          'CONFLICT',
          `${rotationsRunningMax} credential rotations run already; wait, or cancel one`,
        )
      }
      const record = await credentialRotation(made.id, scope)
      if (record === null) throw new StatorError('INTERNAL', `Credential rotation ${made.id} was not stored.`)
      return record
    },

    credentialRotation,

    /** Newest first. */
    async listCredentialRotations(scope: Scope, page: Page): Promise<PageOf<CredentialRotationRecord>> {
      const where = isWhollyOf(scope)
      const rows = db
        .select(columns)
        .from(credentialRotations)
        .where(where)
        .orderBy(desc(credentialRotations.id))
        .$dynamic()
      return pageOf(source, page, { table: credentialRotations, where }, rows, recordOf)
    },

    /** In the order in which the charge points were created. */
    async credentialRotationItems(
      id: number,
      state: RotationItemState | undefined,
      page: Page,
    ): Promise<PageOf<RotationItemRecord>> {
      const items = credentialRotationItems
      const where = and(eq(items.rotationId, id), state === undefined ? undefined : eq(items.state, state))
      const { status, errorCode, error, changedAtMs } = items
      const shown = { identity: chargePoints.identity, state: items.state, status, errorCode, error, changedAtMs }
      const found = (which: SQL) =>
        db
          .select({ ...shown, cursor: keyOf(byChargePoint) })
          .from(items)
          .innerJoin(chargePoints, eq(chargePoints.key, items.chargePointKey))
          .where(which)
          .orderBy(...orderBy(byChargePoint))
      const rows = { table: items, where, order: byChargePoint }
      return keysetPageOf<Awaited<ReturnType<typeof found>>[number], RotationItemRecord>(
        source,
        page,
        rows,
        found,
        (row) => row,
      )
    },

    /**
     * Nothing that waits is sent any more. A rotation that has ended stays as it is. Returns it, and whether this ended
     * it; null if there is none.
     */
    async cancelCredentialRotation(
      id: number,
      scope: Scope,
      nowMs: number,
    ): Promise<{ readonly rotation: CredentialRotationRecord; readonly isCancelled: boolean } | null> {
      const now = sql`${new Date(nowMs).toISOString()}::timestamptz`
      const { rows } = await db.execute(sql`
        WITH ended AS (
          UPDATE credential_rotations SET state = 'cancelled', ended_at = ${now}
          WHERE id = ${id} AND state = 'running' AND ${isWhollyOf(scope) ?? sql`true`} RETURNING id
        ), items AS (
          UPDATE credential_rotation_items i SET state = 'cancelled', changed_at = ${now}
          FROM ended WHERE i.rotation_id = ended.id AND i.state = 'waiting'
        )
        SELECT id FROM ended`)
      const rotation = await credentialRotation(id, scope)
      return rotation === null ? null : { rotation, isCancelled: rows.length === 1 }
    },
  }
}

function recordOf(row: typeof credentialRotations.$inferSelect & { readonly counts: Partial<ItemCounts> }) {
  const { nextAtMs: _, isOpen: __, counts, ...rest } = row
  return { ...rest, counts: allCounts(counts) }
}

function unknownIdentities(unknown: readonly string[]): StatorError {
  const named = unknown.slice(0, identitiesNamedMax).map((identity) => `'${identity}'`)
  const more = unknown.length > named.length ? ` and ${unknown.length - named.length} more` : ''
  const issue = `There are no charge points ${named.join(', ')}${more}; nothing was begun`
  return invalid('chargePointIds', issue, { unknown: unknown.length })
}

function badFilter(issue: string): StatorError {
  return invalid('filter', issue)
}

function invalid(field: string, issue: string, more: Readonly<Record<string, unknown>> = {}): StatorError {
  return new StatorError('BAD_REQUEST', 'Invalid request format', { field, issue, ...more })
}
