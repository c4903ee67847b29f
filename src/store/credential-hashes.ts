// Stored hashes of passwords and API keys that an earlier version made, without a salt. They are salted in place, which
// needs no password, once no node of that version uses the database.

import type { Pool } from 'pg'
import type { Clock } from '../base/clock.ts'
import { hashesSaltedAtOnce, maintenanceMs, saltHashesAfterMs } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { hasRunOut } from './node-leases.ts'
import { repeat } from './repeat.ts'
import { bytesArray, int4Array } from './wire/binary-array.ts'

/** The salted form of `unsalted`, which was made with the secret of `fingerprint`; null if that secret is not known. */
export type SaltHash = (unsalted: Uint8Array, fingerprint: Uint8Array) => Uint8Array | null

interface HashRow {
  readonly id: number
  readonly password: Uint8Array | null
  readonly pending: Uint8Array | null
  readonly apiKey: Uint8Array | null
}

const unsaltedBytes = 32

const readUnsalted = `
  SELECT id, password_hash AS password, pending_password_hash AS pending, api_key_hash AS "apiKey" FROM charge_points
  WHERE id > $1 AND ${unsaltedBytes} IN (octet_length(password_hash), octet_length(pending_password_hash), octet_length(api_key_hash))
  ORDER BY id LIMIT ${hashesSaltedAtOnce}`

// A hash that was changed meanwhile stays as it is.
const storeSalted = `
  UPDATE charge_points c SET
    password_hash = CASE WHEN c.password_hash = v.password THEN v.salted_password ELSE c.password_hash END,
    pending_password_hash = CASE WHEN c.pending_password_hash = v.pending THEN v.salted_pending ELSE c.pending_password_hash END,
    api_key_hash = CASE WHEN c.api_key_hash = v.api_key THEN v.salted_api_key ELSE c.api_key_hash END
  FROM unnest($1::int4[], $2::bytea[], $3::bytea[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[])
    AS v(id, password, pending, api_key, salted_password, salted_pending, salted_api_key)
  WHERE c.id = v.id`

/** Salts all hashes that have no salt; they were made with the secret of the installation. */
export async function saltEarlierHashes(pool: Pick<Pool, 'query'>, salt: SaltHash): Promise<void> {
  const made = await pool.query<{ readonly fingerprint: Uint8Array }>(
    'SELECT credential_fingerprint AS fingerprint FROM installation',
  )
  const fingerprint = made.rows[0]?.fingerprint
  if (fingerprint === undefined) return
  const saltedOf = (hash: Uint8Array | null): Uint8Array | null =>
    hash?.length === unsaltedBytes ? (salt(hash, fingerprint) ?? hash) : hash
  let after = 0
  while (true) {
    const { rows } = await pool.query<HashRow>(readUnsalted, [after])
    const last = rows.at(-1)
    if (last === undefined) return
    await pool.query(storeSalted, [
      int4Array(rows.map(({ id }) => id)),
      bytesArray(rows.map(({ password }) => password)),
      bytesArray(rows.map(({ pending }) => pending)),
      bytesArray(rows.map(({ apiKey }) => apiKey)),
      bytesArray(rows.map(({ password }) => saltedOf(password))),
      bytesArray(rows.map(({ pending }) => saltedOf(pending))),
      bytesArray(rows.map(({ apiKey }) => saltedOf(apiKey))),
    ])
    after = last.id
  }
}

// A node of the earlier version would refuse the charge points whose hashes have a salt.
const isEarlierNodeAlive = `SELECT EXISTS (SELECT FROM nodes WHERE NOT reads_salted AND NOT (${hasRunOut})) AS "isAlive"`

/**
 * Salts after `saltHashesAfterMs` and then every `maintenanceMs`, unless an earlier version is in use; the returned
 * function ends it. An upgrade that goes wrong is taken back within minutes: until then the earlier version, started
 * again, lets the charge points in.
 */
export function keepSalted(
  pool: Pick<Pool, 'query'>,
  salt: SaltHash,
  clock: Clock,
  log: Pick<Logger, 'warn'>,
): () => Promise<void> {
  const turns = repeat(
    clock,
    maintenanceMs,
    async () => {
      const { rows } = await pool.query<{ readonly isAlive: boolean }>(isEarlierNodeAlive)
      if (rows[0]?.isAlive === false) await saltEarlierHashes(pool, salt)
    },
    (error) => log.warn({ error }, 'Earlier hashes of credentials could not be salted; the next turn tries again.'),
  )
  turns.begin(saltHashesAfterMs)
  return () => turns.end()
}
