// Data of the database as a whole: which secret the credentials in it were hashed with. Processes with different
// secrets would refuse each other's charge points, with "wrong credentials" as the only hint.

import type { Pool } from 'pg'
import { StatorError } from '../base/errors.ts'
import { saltEarlierHashes, type SaltHash } from './credential-hashes.ts'
import { hasRunOut } from './node-leases.ts'

/** The secrets of this process, as fingerprints. */
export interface KnownSecrets {
  /** The one that new hashes are made with first, then those whose hashes match as well. */
  fingerprints(): readonly Uint8Array[]
  readonly saltEarlier: SaltHash
}

/**
 * Makes sure that the credentials in the database were hashed with a secret that this process knows. The first process
 * decides. A process that knows this secret and has another one for new hashes puts that in its place. A database
 * without credentials accepts any secret once no other node uses it.
 *
 * @param nodeId of this process. Its lease has begun, so that of two processes that start together one sees the other.
 * @throws {StatorError} `CREDENTIAL_SECRET_DIFFERS`.
 */
export async function claimCredentialSecret(pool: Pool, secrets: KnownSecrets, nodeId: string): Promise<void> {
  const known = secrets.fingerprints().map((one) => Buffer.from(one))
  const [given] = known
  await pool.query('INSERT INTO installation (id, credential_fingerprint) VALUES (1, $1) ON CONFLICT DO NOTHING', [
    given,
  ])
  // A hash without a salt does not say its secret: it has to be the one that is about to be replaced.
  const { rowCount: isChange } = await pool.query(
    'SELECT FROM installation WHERE credential_fingerprint <> $1 AND credential_fingerprint = ANY($2::bytea[])',
    [given, known],
  )
  if (isChange === 1) await saltEarlierHashes(pool, secrets.saltEarlier)
  const { rowCount } = await pool.query(
    `UPDATE installation SET credential_fingerprint = $1 WHERE credential_fingerprint = ANY($3::bytea[]) OR NOT (
       EXISTS (SELECT FROM charge_points WHERE password_hash IS NOT NULL OR api_key_hash IS NOT NULL)
       OR EXISTS (SELECT FROM api_keys WHERE revoked_at IS NULL)
       OR EXISTS (SELECT FROM nodes WHERE id <> $2 AND NOT (${hasRunOut})))`,
    [given, nodeId, known],
  )
  if (rowCount === 0) {
    throw new StatorError(
      'CREDENTIAL_SECRET_DIFFERS',
      'The passwords and keys in this database are hashed with another secret than the one this process has: expected ' +
        'the secrets/credential-secret of the data folder in which they were made, or its text as Security.CredentialSecret or in Security.OtherCredentialSecrets.',
    )
  }
}
