// Certificates that an operator has revoked. A charge point cannot connect with one any more, and a connection that
// authenticated with it ends, on whichever node.

import { and, eq, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import type { Pool } from 'pg'
import { storableText } from '../base/storable-text.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import { BatchedLookup } from './batched-lookup.ts'
import { endingConnections, fenced, whatEnded } from './charge-point-changes.ts'
import { revokedEnd } from './connection-history.ts'
import { certificates } from './schema.ts'
import { untilNoDeadlock } from './until-no-deadlock.ts'
import { textArray } from './wire/binary-array.ts'

/**
 * Whether the certificate with a serial number is one that Stator signed and an operator revoked. Handshakes ask, so it
 * is batched, and finds rows by their primary key.
 */
export function createRevokedLookup(pool: Pick<Pool, 'query'>): (serialNumber: string) => Promise<boolean> {
  const revoked = new BatchedLookup<string, true>(storableText, async (serialNumbers) => {
    const { rows } = await pool.query<{ readonly serialNumber: string }>({
      name: 'stator_revoked_certificates',
      text: `SELECT serial_number AS "serialNumber" FROM certificates
             WHERE serial_number = ANY($1::text[]) AND state = 'revoked'`,
      values: [textArray(serialNumbers)],
    })
    return new Map(rows.map(({ serialNumber }) => [serialNumber, true]))
  })
  return async (serialNumber) => (await revoked.get(serialNumber)) === true
}

/** What came of a revocation. */
export interface Revocation {
  /** Whether the last connection of the charge point had authenticated with the certificate: it is over then. */
  readonly endsConnection: boolean
}

/**
 * Revokes a certificate of a charge point, for ever; null if Stator has signed none with that serial number for it.
 *
 * The row of the certificate is locked first, as claims of connections do: a claim either sees the revocation, or has
 * committed before, and its connection is found here.
 */
export function revokeCertificate(
  db: NodePgDatabase,
  chargePointKey: number,
  serialNumber: string,
): Promise<Revocation | null> {
  return untilNoDeadlock(() =>
    db.transaction(async (transaction) => {
      const revoked = await transaction
        .update(certificates)
        .set({ state: 'revoked', revokedAtMs: sql`COALESCE(${certificates.revokedAtMs}, clock_timestamp())` })
        .where(
          and(
            eq(certificates.serialNumber, storableText(serialNumber)),
            eq(certificates.chargePointKey, chargePointKey),
          ),
        )
        .returning({ serialNumber: certificates.serialNumber })
      const [found] = revoked
      if (found === undefined) return null
      const update = transaction
        .update(chargePoints)
        .set(fenced)
        .where(and(eq(chargePoints.key, chargePointKey), eq(chargePoints.connectionCertificate, found.serialNumber)))
      const ended = await endingConnections(transaction, update.returning(whatEnded), revokedEnd)
      return { endsConnection: ended.length > 0 }
    }),
  )
}
