// The table of certificates that charge points have requested.

import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'

/** Requests that were accepted and are not signed yet. A repeated request replaces the first. */
export const certificateRequests = pgTable(
  'certificate_requests',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** Digest of the request. */
    csrDigest: text('csr_digest').notNull(),
    csr: text('csr').notNull(),
    /** The id that the charge point gave the request (2.1); CertificateSigned repeats it. */
    requestId: integer('request_id'),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [primaryKey({ name: 'certificate_requests_pkey', columns: [table.chargePointKey, table.csrDigest] })],
)
