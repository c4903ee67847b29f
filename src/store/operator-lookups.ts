// What the credentials of operators allow: read when a request comes, batched, in one round trip.

import type { Pool } from 'pg'
import { storableText } from '../base/storable-text.ts'
import type { NamedRights, StoredKey } from '../operators/records.ts'
import { BatchedLookup } from './batched-lookup.ts'
import { groupsOfPaths, groupsWithin } from './groups-within.ts'
import { storeError } from './store-error.ts'
import { int4Array, textArray } from './wire/binary-array.ts'

const readKeys = `
  SELECT k.id, k.name, k.secret_hash AS "secretHash", k.role, r.permissions AS "rolePermissions",
    k.expires_at AS "expiresAtMs", k.revoked_at IS NOT NULL AS "isRevoked",
    CASE WHEN k.groups IS NULL THEN NULL ELSE ${groupsWithin('k.groups')} END AS groups
  FROM api_keys k LEFT JOIN roles r ON r.name = k.role WHERE k.id = ANY($1::text[])`

const readRoles = `SELECT name, permissions FROM roles WHERE name = ANY($1::text[])`

const readGroups = `SELECT ${groupsWithin(`$1::int4[] || ${groupsOfPaths('$2::text[]')}`)} AS groups`

const groupKeyMax = 2_147_483_647

export function createOperatorLookups(pool: Pick<Pool, 'query'>) {
  const keys = new BatchedLookup<string, StoredKey>(
    (id) => id,
    async (ids) => {
      const values = [textArray(ids)]
      const { rows } = await pool.query<StoredKey>({ name: 'stator_api_keys', text: readKeys, values })
      return new Map(rows.map((row) => [row.id, row]))
    },
  )
  return {
    /** The API key with this id, revoked or not; null: there is none. */
    async apiKey(id: string): Promise<StoredKey | null> {
      return (await keys.get(id)) ?? null
    },

    /**
     * What roles and groups are, by the names in a token.
     *
     * @param groups keys of groups as digits, or paths such as `tenant/site`.
     */
    async namedRights(roles: readonly string[], groups: readonly string[]): Promise<NamedRights> {
      const keysOf = groups.filter((word) => /^\d{1,10}$/.test(word)).map(Number)
      const paths = groups.filter((word) => !/^\d+$/.test(word)).map(storableText)
      try {
        const [ofRoles, ofGroups] = await Promise.all([
          roles.length === 0 ? null : pool.query(readRoles, [textArray(roles)]),
          groups.length === 0
            ? null
            : pool.query(readGroups, [int4Array(keysOf.filter((key) => key <= groupKeyMax)), textArray(paths)]),
        ])
        return {
          roles: new Map((ofRoles?.rows ?? []).map(({ name, permissions }) => [name, permissions])),
          groups: ofGroups?.rows[0]?.groups ?? [],
        }
      } catch (error) {
        throw storeError(error)
      }
    },
  }
}
