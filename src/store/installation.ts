// Data of the database as a whole: which secret the credentials in it were hashed with. Processes with different
// secrets would refuse each other's charge points, with "wrong credentials" as the only hint.

import type { Pool } from 'pg'
import { StatorError } from '../base/errors.ts'
import { hasRunOut } from './node-leases.ts'

/**
 * Makes sure that the credentials in the database were hashed with the secret of this `fingerprint`. The first process
 * decides. A database without credentials accepts another secret once no other node uses it.
 *
 * @param nodeId of this process. Its lease has begun, so that of two processes that start together one sees the other.
 * @throws {StatorError} `CREDENTIAL_SECRET_DIFFERS`.
 */
export async function claimCredentialSecret(pool: Pool, fingerprint: Uint8Array, nodeId: string): Promise<void> {
  const given = Buffer.from(fingerprint)
  await pool.query('INSERT INTO installation (id, credential_fingerprint) VALUES (1, $1) ON CONFLICT DO NOTHING', [
    given,
  ])
  const { rowCount } = await pool.query(
    `UPDATE installation SET credential_fingerprint = $1 WHERE credential_fingerprint = $1 OR NOT (
       EXISTS (SELECT FROM charge_points WHERE password_hash IS NOT NULL OR api_key_hash IS NOT NULL)
       OR EXISTS (SELECT FROM nodes WHERE id <> $2 AND NOT (${hasRunOut})))`,
    [given, nodeId],
  )
  if (rowCount === 0) {
    throw new StatorError(
      'CREDENTIAL_SECRET_DIFFERS',
      'The passwords and keys in this database are hashed with another secret than the one this process has: expected ' +
        'the secrets/credential-secret of the data folder in which they were made, or Security.CredentialSecret with its text.',
    )
  }
}
