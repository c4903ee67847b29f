// The tables of certificates that charge points have requested, and of those that they have installed.

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

/** Certificates in charge points, as they last reported them. */
export const installedCertificates = pgTable(
  'installed_certificates',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** In the words of 2.x. */
    certificateType: text('certificate_type').notNull(),
    hashAlgorithm: text('hash_algorithm').notNull(),
    issuerNameHash: text('issuer_name_hash').notNull(),
    issuerKeyHash: text('issuer_key_hash').notNull(),
    serialNumber: text('serial_number').notNull(),
    receivedAtMs: instant('reported_at').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'installed_certificates_pkey',
      columns: [
        table.chargePointKey,
        table.certificateType,
        table.hashAlgorithm,
        table.issuerNameHash,
        table.issuerKeyHash,
        table.serialNumber,
      ],
    }),
  ],
)
