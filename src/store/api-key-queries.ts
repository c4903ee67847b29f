// API keys of operators, as the REST API lists and changes them.

import { and, count, desc, eq, getTableColumns, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import { StatorError } from '../base/errors.ts'
import { apiKeysMax, revokedApiKeysMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { withDefined } from '../base/with-defined.ts'
import { groups } from '../blocks/charge-point-tables.ts'
import type { Scope } from '../blocks/scope.ts'
import { apiKeys, apiKeyUses, roles } from '../operators/access-tables.ts'
import type { ApiKeyChange, ApiKeyFilter, ApiKeyRecord, KeyUse, NewApiKey } from '../operators/records.ts'
import { builtInRole } from '../operators/roles.ts'
import { lockedGroups } from './charge-point-groups.ts'
import type { ListSource } from './paging.ts'
import { databaseError } from './store-error.ts'

const { secretHash: _, ...keyColumns } = getTableColumns(apiKeys)

const columns = {
  ...keyColumns,
  usedAtMs: apiKeyUses.atMs,
  usedFrom: apiKeyUses.remoteAddress,
}

/** A lock of the transactions that create keys: they count them. */
const creating = sql`SELECT pg_advisory_xact_lock(20261128, 16)`

const uniqueViolation = '23505'

/** Keys that are wholly for the sender's own: whose groups are all among those of the scope. */
function isWithin(scope: Scope): SQL | undefined {
  if (scope === 'all') return undefined
  if ('chargePointKey' in scope) return sql`false`
  return sql`${apiKeys.groups} <@ ${sql.param(scope.groups)}::int4[]`
}

function isOfFilter({ scope, state, nowMs }: ApiKeyFilter): SQL | undefined {
  const now = sql`${new Date(nowMs).toISOString()}::timestamptz`
  const isState = {
    active: sql`${apiKeys.revokedAtMs} IS NULL AND (${apiKeys.expiresAtMs} IS NULL OR ${apiKeys.expiresAtMs} > ${now})`,
    expired: sql`${apiKeys.revokedAtMs} IS NULL AND ${apiKeys.expiresAtMs} <= ${now}`,
    revoked: sql`${apiKeys.revokedAtMs} IS NOT NULL`,
  }
  return and(isWithin(scope), state === undefined ? undefined : isState[state])
}

export function createApiKeyQueries({ db }: Pick<ListSource, 'db'>) {
  async function apiKeyRecord(id: string, scope: Scope): Promise<ApiKeyRecord | null> {
    const [row] = await db
      .select(columns)
      .from(apiKeys)
      .leftJoin(apiKeyUses, eq(apiKeyUses.keyId, apiKeys.id))
      .where(and(eq(apiKeys.id, storableText(id)), isWithin(scope)))
    return row === undefined ? null : recordOf(row)
  }

  return {
    /** Newest first: how many there are, and those after the first `skip`. Their number is bounded. */
    async listApiKeys(
      filter: ApiKeyFilter,
      skip: number,
      take: number,
    ): Promise<{ readonly totalCount: number; readonly items: readonly ApiKeyRecord[] }> {
      const where = isOfFilter(filter)
      const [[counted], rows] = await Promise.all([
        db.select({ total: count() }).from(apiKeys).where(where),
        take === 0
          ? []
          : db
              .select(columns)
              .from(apiKeys)
              .leftJoin(apiKeyUses, eq(apiKeyUses.keyId, apiKeys.id))
              .where(where)
              .orderBy(desc(apiKeys.createdAtMs), desc(apiKeys.id))
              .limit(take)
              .offset(skip),
      ])
      return { totalCount: counted?.total ?? 0, items: rows.map(recordOf) }
    },

    apiKeyRecord,

    /** The last uses of keys, by id: of those of the settings, too. */
    async keyUses(ids: readonly string[]): Promise<ReadonlyMap<string, KeyUse>> {
      const rows = await db
        .select()
        .from(apiKeyUses)
        .where(inArray(apiKeyUses.keyId, [...ids]))
      return new Map(rows.map(({ keyId, ...use }) => [keyId, use]))
    },

    /** Which of these groups exist. */
    async knownGroups(keys: readonly number[]): Promise<readonly number[]> {
      const rows = await db
        .select({ key: groups.key })
        .from(groups)
        .where(inArray(groups.key, [...keys]))
      return rows.map(({ key }) => key)
    },

    /**
     * @throws {StatorError} `CONFLICT` if a key that is not revoked has the name, there are too many, or the role or a
     *   group was deleted meanwhile.
     */
    async createApiKey(key: NewApiKey): Promise<ApiKeyRecord> {
      const { groups: of, ...rest } = key
      const values = { ...rest, createdBy: storableText(key.createdBy), groups: of === null ? null : [...of] }
      await db
        .transaction(async (transaction) => {
          await transaction.execute(creating)
          const isOpen = isNull(apiKeys.revokedAtMs)
          const [open] = await transaction.select({ total: count() }).from(apiKeys).where(isOpen)
          if ((open?.total ?? 0) >= apiKeysMax) {
            throw new StatorError(
              'CONFLICT',
              `There are ${apiKeysMax} API keys; revoke one, an expired one for example`,
            )
          }
          await requireRole(transaction, key.role)
          await requireGroups(transaction, of)
          await transaction.insert(apiKeys).values(values)
          const forgotten = sql`SELECT id FROM api_keys WHERE revoked_at IS NOT NULL
            ORDER BY revoked_at DESC, id OFFSET ${revokedApiKeysMax}`
          await transaction.execute(sql`WITH forgotten AS MATERIALIZED (${forgotten}), unused AS (
              DELETE FROM api_key_uses WHERE key_id IN (SELECT id FROM forgotten))
            DELETE FROM api_keys WHERE id IN (SELECT id FROM forgotten)`)
        })
        .catch((error: unknown) => {
          throw nameConflict(error, key.name)
        })
      const record = await apiKeyRecord(key.id, 'all')
      if (record === null) throw new StatorError('INTERNAL', `API key ${key.id} was not stored.`)
      return record
    },

    /**
     * Changes a key as it was read: null if it is another by now, or revoked.
     *
     * @throws {StatorError} `CONFLICT` if another key has the name, or the role or a group was deleted meanwhile.
     */
    async changeApiKey(before: ApiKeyRecord, change: ApiKeyChange): Promise<ApiKeyRecord | null> {
      const { groups: of, ...rest } = change
      const set = { ...withDefined(rest), ...(of === undefined ? {} : { groups: of === null ? null : [...of] }) }
      const changed = await db
        .transaction(async (transaction) => {
          if (change.role !== undefined) await requireRole(transaction, change.role)
          if (of !== undefined) await requireGroups(transaction, of)
          const isAsRead = and(
            eq(apiKeys.id, before.id),
            isNull(apiKeys.revokedAtMs),
            eq(apiKeys.role, before.role),
            sql`${apiKeys.groups} IS NOT DISTINCT FROM ${before.groups === null ? null : sql.param(before.groups)}::int4[]`,
          )
          return transaction.update(apiKeys).set(set).where(isAsRead).returning({ id: apiKeys.id })
        })
        .catch((error: unknown) => {
          throw nameConflict(error, change.name ?? before.name)
        })
      return changed.length === 0 ? null : apiKeyRecord(before.id, 'all')
    },

    /** Whether the key is revoked now; one that was revoked before stays as it is. */
    async revokeApiKey(id: string, scope: Scope, by: string, atMs: number): Promise<boolean> {
      const revoked = await db
        .update(apiKeys)
        .set({
          revokedAtMs: sql`COALESCE(${apiKeys.revokedAtMs}, ${new Date(atMs).toISOString()}::timestamptz)`,
          revokedBy: sql`COALESCE(${apiKeys.revokedBy}, ${storableText(by)})`,
        })
        .where(and(eq(apiKeys.id, storableText(id)), isWithin(scope)))
        .returning({ id: apiKeys.id })
      return revoked.length > 0
    },
  }
}

type Transaction = Parameters<Parameters<ListSource['db']['transaction']>[0]>[0]

/** Keeps the role from being deleted until the transaction ends. */
async function requireRole(transaction: Transaction, name: string): Promise<void> {
  if (builtInRole(name) !== null) return
  const found = await transaction.select({ name: roles.name }).from(roles).where(eq(roles.name, name)).for('share')
  if (found.length === 0) throw new StatorError('CONFLICT', `The role '${name}' was deleted meanwhile`)
}

/** Keeps the groups from being deleted until the transaction ends. */
async function requireGroups(transaction: Transaction, keys: readonly number[] | null): Promise<void> {
  if (keys === null) return
  const found = await lockedGroups(transaction, keys, 'all')
  const gone = keys.find((key) => !found.has(key))
  if (gone !== undefined) throw new StatorError('CONFLICT', `The group ${gone} was deleted meanwhile`)
}

function nameConflict(error: unknown, name: string): unknown {
  if (databaseError(error)?.code !== uniqueViolation) return error
  return new StatorError('CONFLICT', `An API key with the name '${name}' exists already`, undefined, error)
}

type Row = Omit<ApiKeyRecord, 'lastUse'> & { readonly usedAtMs: number | null; readonly usedFrom: string | null }

function recordOf({ usedAtMs, usedFrom, ...key }: Row): ApiKeyRecord {
  const lastUse = usedAtMs === null ? null : { atMs: usedAtMs, remoteAddress: usedFrom ?? '' }
  return { ...key, lastUse }
}
