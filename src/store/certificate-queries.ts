// Certificates of charge points: requests that wait for their signature, certificates that wait to be sent, and what
// charge points reported. A certificate is stored before it is sent, so that a crash loses none.

import { and, asc, desc, eq, lt, ne, type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { certificateResendMs, certificateSendsMax, installedCertificatesMax, renewalPauseMs } from '../base/limits.ts'
import { certificateRequests, installedCertificates } from '../blocks/certificates/tables.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type {
  CertificateFilter,
  CertificateRecord,
  InstalledCertificateRecord,
  RevokedCertificate,
  SentCertificate,
} from '../blocks/certificates/records.ts'
import type { Page, PageOf } from '../blocks/records.ts'
import { revokeCertificate } from './certificate-revocation.ts'
import { keyOf, type Order, orderBy } from './keyset.ts'
import { keysetPageOf, type ListSource } from './paging.ts'
import { scopeOfList } from './scoped-rows.ts'
import { certificateAuthority, certificates, sentCertificates } from './schema.ts'

const hourMs = 3_600_000
const authorityId = 1

const after = (ms: number): SQL => sql`clock_timestamp() - ${ms} * interval '1 ms'`

/** A certificate `c` of a charge point `p` is sent again if its answer did not come: on a later connection at once. */
const isDue = sql`(c.state = 'signed' OR c.state = 'sent'
  AND (c.sent_epoch IS DISTINCT FROM p.connection_epoch OR c.sent_at < ${after(certificateResendMs)}))`

/** The new state of a certificate that was sent; only an accepted one is sent again after it was settled. */
function unlessAccepted(state: 'accepted' | 'rejected' | 'failed'): SQL {
  return sql`CASE WHEN settled_at IS NULL THEN ${state}::text ELSE 'accepted' END`
}

interface Ref {
  readonly key: number
  readonly identity: string
}

type CertificateRow = typeof certificates.$inferSelect

/** What a certificate is shown with: of its charge point, too. */
const shownColumns = {
  identity: chargePoints.identity,
  isInUse: sql<boolean>`(${chargePoints.connected}
    AND ${chargePoints.connectionCertificate} IS NOT DISTINCT FROM ${certificates.serialNumber})`,
  certificate: certificates,
}

const byExpiry: Order = {
  name: 'certificates',
  direction: 'ASC',
  columns: [
    { column: certificates.validToMs, type: 'timestamptz' },
    { column: certificates.serialNumber, type: 'text' },
  ],
}

export function createCertificateQueries(source: ListSource) {
  const { db } = source
  return {
    ...authorityQueries(db),
    ...signingQueries(db),
    ...sendingQueries(db),

    /** Those that expire first come first. */
    async listCertificates(filter: CertificateFilter, page: Page): Promise<PageOf<CertificateRecord>> {
      const { expiresBeforeMs, scope, state } = filter
      const where = and(
        (await scopeOfList(source, scope))(certificates.chargePointKey),
        expiresBeforeMs === undefined ? undefined : lt(certificates.validToMs, expiresBeforeMs),
        state === undefined ? undefined : eq(certificates.state, state),
      )
      const found = (which: SQL | undefined) =>
        db
          .select({ ...shownColumns, cursor: keyOf(byExpiry) })
          .from(certificates)
          .innerJoin(chargePoints, eq(chargePoints.key, certificates.chargePointKey))
          .where(which)
          .orderBy(...orderBy(byExpiry))
          .$dynamic()
      const rows = { table: certificates, where, order: byExpiry }
      return keysetPageOf<Awaited<ReturnType<typeof found>>[number], CertificateRecord>(
        source,
        page,
        rows,
        found,
        recordOf,
      )
    },

    /** Newest first. */
    async certificatesOf({ key }: Ref): Promise<readonly CertificateRecord[]> {
      const rows = await db
        .select(shownColumns)
        .from(certificates)
        .innerJoin(chargePoints, eq(chargePoints.key, certificates.chargePointKey))
        .where(eq(certificates.chargePointKey, key))
        .orderBy(desc(certificates.validToMs), desc(certificates.signedAtMs))
        .limit(installedCertificatesMax)
      return rows.map(recordOf)
    },

    /** See `revokeCertificate` of `certificate-revocation.ts`. */
    async revokeCertificate(chargePointKey: number, serialNumber: string): Promise<RevokedCertificate | null> {
      const revocation = await revokeCertificate(db, chargePointKey, serialNumber)
      if (revocation === null) return null
      const [row] = await db
        .select(shownColumns)
        .from(certificates)
        .innerJoin(chargePoints, eq(chargePoints.key, certificates.chargePointKey))
        .where(eq(certificates.serialNumber, serialNumber))
      return row === undefined ? null : { ...revocation, certificate: recordOf(row) }
    },

    /** The certificates that the charge point last reported, with what is known of them. */
    async installedCertificatesOf(chargePointKey: number): Promise<readonly InstalledCertificateRecord[]> {
      const isSent = and(
        eq(sentCertificates.chargePointKey, installedCertificates.chargePointKey),
        eq(sentCertificates.serialNumber, sql`ltrim(upper(${installedCertificates.serialNumber}), '0')`),
      )
      const rows = await db
        .select({
          installed: installedCertificates,
          subject: sentCertificates.subject,
          validToMs: sentCertificates.validToMs,
        })
        .from(installedCertificates)
        .leftJoin(sentCertificates, isSent)
        .where(eq(installedCertificates.chargePointKey, chargePointKey))
        .orderBy(asc(installedCertificates.certificateType), asc(installedCertificates.serialNumber))
      return rows.map(
        ({ installed: { chargePointKey: _, receivedAtMs: reportedAtMs, ...installed }, subject, validToMs }) => ({
          ...installed,
          reportedAtMs,
          subject,
          validToMs,
        }),
      )
    },

    /** What a CA certificate is that an operator sends to a charge point. */
    async noteSentCertificate(chargePointKey: number, sent: SentCertificate, atMs: number): Promise<void> {
      const { serialNumber, ...rest } = sent
      await db
        .insert(sentCertificates)
        .values({ chargePointKey, serialNumber, ...rest, sentAtMs: atMs })
        .onConflictDoUpdate({
          target: [sentCertificates.chargePointKey, sentCertificates.serialNumber],
          set: { ...rest, sentAtMs: atMs },
        })
    },
  }
}

function authorityQueries(db: NodePgDatabase) {
  async function stored() {
    const [row] = await db.select().from(certificateAuthority).where(eq(certificateAuthority.id, authorityId))
    return row === undefined ? null : { certificate: row.certificate, privateKey: row.privateKey }
  }
  return {
    certificateAuthority: stored,

    async keepCertificateAuthority(made: { readonly certificate: string; readonly privateKey: string }) {
      await db
        .insert(certificateAuthority)
        .values({ id: authorityId, ...made })
        .onConflictDoNothing()
      return (await stored()) ?? made
    },

    async replaceAuthorityKey(earlier: string, privateKey: string) {
      const isEarlier = and(eq(certificateAuthority.id, authorityId), eq(certificateAuthority.privateKey, earlier))
      await db.update(certificateAuthority).set({ privateKey }).where(isEarlier)
    },
  }
}

/** A request, as it is signed. */
interface SigningTask {
  readonly csrDigest: string
  readonly csr: string
  readonly requestId: number | null
  readonly receivedAtMs: number
}

/** A signed certificate, and the id of the request that it answers, if that had one. */
interface CertificateToSend {
  readonly serialNumber: string
  readonly certificate: string
  readonly requestId: number | null
}

function signingQueries(db: NodePgDatabase) {
  return {
    /** What a decision about a request needs of its charge point. */
    async certificateHolder(
      chargePointKey: number,
    ): Promise<{ readonly serialNumber: string | null; readonly madeLately: number }> {
      const lately = sql<number>`(SELECT count(*)::int4 FROM ${certificates} WHERE ${certificates.chargePointKey} =
        ${chargePoints.key} AND ${certificates.signedAtMs} > ${after(hourMs)})`
      const [row] = await db
        .select({ serialNumber: chargePoints.serialNumber, madeLately: lately })
        .from(chargePoints)
        .where(eq(chargePoints.key, chargePointKey))
      return row ?? { serialNumber: null, madeLately: 0 }
    },

    /** The oldest first. */
    async certificateRequestsOf(chargePointKey: number): Promise<readonly SigningTask[]> {
      return db
        .select({
          csrDigest: certificateRequests.csrDigest,
          csr: certificateRequests.csr,
          requestId: certificateRequests.requestId,
          receivedAtMs: certificateRequests.receivedAtMs,
        })
        .from(certificateRequests)
        .where(eq(certificateRequests.chargePointKey, chargePointKey))
        .orderBy(asc(certificateRequests.receivedAtMs))
    },

    /** No certificate can be made of the request. */
    async dropCertificateRequest(chargePointKey: number, { csrDigest }: SigningTask): Promise<void> {
      await db
        .delete(certificateRequests)
        .where(
          and(eq(certificateRequests.chargePointKey, chargePointKey), eq(certificateRequests.csrDigest, csrDigest)),
        )
    },

    /**
     * Stores a signed certificate in place of its request. Nothing is stored if the request was repeated meanwhile, or
     * another node has signed it. If there is a certificate for the same request under way, that one counts. One
     * that had been accepted before, and is valid for half of its time or more, is sent again. It answers the newest
     * request.
     */
    async storeCertificate(
      chargePointKey: number,
      { csrDigest, requestId, receivedAtMs }: SigningTask,
      issued: Pick<CertificateRow, 'serialNumber' | 'certificate' | 'validFromMs' | 'validToMs'>,
      atMs: number,
    ): Promise<void> {
      const { serialNumber, certificate, validFromMs, validToMs } = issued
      const time = (ms: number): SQL => sql`${new Date(ms).toISOString()}::timestamptz`
      const isOver = sql`(c.state = 'accepted' AND c.settled_at < ${time(receivedAtMs)})`
      await db.execute(sql`
        WITH taken AS (
          DELETE FROM certificate_requests
          WHERE charge_point_id = ${chargePointKey} AND csr_digest = ${csrDigest} AND received_at = ${time(receivedAtMs)}
          RETURNING 1
        ), same AS (
          SELECT serial_number FROM certificates
          WHERE charge_point_id = ${chargePointKey} AND csr_digest = ${csrDigest} AND EXISTS (SELECT FROM taken)
            AND (state IN ('signed', 'sent')
              OR state = 'accepted' AND ${time(atMs)} < valid_from + (valid_to - valid_from) / 2)
          ORDER BY signed_at DESC LIMIT 1
        ), again AS (
          UPDATE certificates c SET request_id = ${requestId},
            state = CASE WHEN ${isOver} THEN 'signed' ELSE c.state END, sends = CASE WHEN ${isOver} THEN 0 ELSE c.sends END
          WHERE c.serial_number = (SELECT serial_number FROM same)
        )
        INSERT INTO certificates
          (serial_number, charge_point_id, csr_digest, request_id, certificate, state, valid_from, valid_to, signed_at)
        SELECT ${serialNumber}, ${chargePointKey}, ${csrDigest}, ${requestId}::int4, ${certificate}, 'signed',
          ${time(validFromMs)}, ${time(validToMs)}, ${time(atMs)}
        FROM taken WHERE NOT EXISTS (SELECT FROM same)`)
    },
  }
}

function sendingQueries(db: NodePgDatabase) {
  return {
    /** Charge points that are connected to this node and have something to be signed or sent. */
    async chargePointsWithCertificates(nodeId: string, rowsMax: number): Promise<readonly Ref[]> {
      const { rows } = await db.execute<{ readonly id: number; readonly identity: string }>(sql`
        SELECT p.id, p.identity FROM certificate_requests r JOIN charge_points p ON p.id = r.charge_point_id
        WHERE p.node = ${nodeId} AND p.connected
        UNION
        SELECT p.id, p.identity FROM certificates c JOIN charge_points p ON p.id = c.charge_point_id
        WHERE c.state IN ('signed', 'sent') AND ${isDue} AND p.node = ${nodeId} AND p.connected
        LIMIT ${rowsMax}`)
      return rows.map(({ id, identity }) => ({ key: id, identity }))
    },

    /**
     * Marks the certificates of a charge point that are due as sent, and returns them, the oldest first. One that was
     * sent `certificateSendsMax` times has failed.
     */
    async takeCertificatesToSend(
      chargePointKey: number,
    ): Promise<{ readonly toSend: readonly CertificateToSend[]; readonly failed: number }> {
      const { rows } = await db.execute<{
        readonly serial_number: string
        /** Null: this one has failed. */
        readonly certificate: string | null
        readonly request_id: number | null
      }>(sql`
        WITH failed AS (
          UPDATE certificates c SET state = ${unlessAccepted('failed')}, settled_at = clock_timestamp(),
            reason = 'The charge point did not answer CertificateSigned.'
          FROM charge_points p WHERE p.id = ${chargePointKey} AND c.charge_point_id = p.id
            AND c.state IN ('signed', 'sent') AND ${isDue} AND c.sends >= ${certificateSendsMax}
          RETURNING c.serial_number, c.signed_at
        ), sent AS (
          UPDATE certificates c SET state = 'sent', sent_at = clock_timestamp(), sent_epoch = p.connection_epoch,
            sends = c.sends + 1
          FROM charge_points p WHERE p.id = ${chargePointKey} AND c.charge_point_id = p.id
            AND c.state IN ('signed', 'sent') AND ${isDue} AND c.sends < ${certificateSendsMax}
          RETURNING c.serial_number, c.certificate, c.request_id, c.signed_at
        )
        SELECT serial_number, certificate, request_id, signed_at FROM sent
        UNION ALL SELECT serial_number, NULL, NULL, signed_at FROM failed ORDER BY signed_at`)
      const toSend = rows.flatMap(({ serial_number: serialNumber, certificate, request_id: requestId }) =>
        certificate === null ? [] : [{ serialNumber, certificate, requestId }],
      )
      return { toSend, failed: rows.length - toSend.length }
    },

    /**
     * Stores what the charge point said about a certificate. One that it had accepted, and got again because it
     * repeated its request, stays accepted; one that was revoked meanwhile stays revoked.
     */
    async settleCertificate(
      serialNumber: string,
      state: 'accepted' | 'rejected' | 'failed',
      reason: string | null,
      atMs: number,
    ): Promise<void> {
      await db
        .update(certificates)
        .set({ state: unlessAccepted(state), reason, settledAtMs: atMs })
        .where(and(eq(certificates.serialNumber, serialNumber), ne(certificates.state, 'revoked')))
    },

    /** Longest certificate chain that the charge point takes, as its 2.x device model says; null: not known. */
    async certificateChainCharactersMax(chargePointKey: number): Promise<number | null> {
      const { rows } = await db.execute<{ readonly value: string | null }>(sql`
        SELECT value FROM variables WHERE charge_point_id = ${chargePointKey} AND component_name = 'SecurityCtrlr'
          AND variable_name = 'MaxCertificateChainSize' AND attribute_type = 'Actual' LIMIT 1`)
      const characters = Number(rows[0]?.value ?? '')
      return Number.isInteger(characters) && characters > 0 ? characters : null
    },

    /**
     * Charge points that are connected to this node and whose newest accepted certificate ends within `withinMs`, or
     * within half of its validity if that is less; those that expire first come first. They are marked as asked, and
     * not found again for `renewalPauseMs`.
     */
    async takeRenewals(nodeId: string, withinMs: number, rowsMax: number): Promise<readonly Ref[]> {
      const { rows } = await db.execute<{ readonly id: number; readonly identity: string }>(sql`
        WITH due AS (
          SELECT c.serial_number, p.id, p.identity FROM certificates c JOIN charge_points p ON p.id = c.charge_point_id
          WHERE c.state = 'accepted' AND p.node = ${nodeId} AND p.connected
            AND c.valid_to < clock_timestamp() + ${withinMs} * interval '1 ms'
            AND c.valid_to < clock_timestamp() + (c.valid_to - c.valid_from) / 2
            AND (c.renewal_asked_at IS NULL OR c.renewal_asked_at < ${after(renewalPauseMs)})
            AND NOT EXISTS (SELECT FROM certificates n WHERE n.charge_point_id = c.charge_point_id
              AND (n.valid_to, n.serial_number) > (c.valid_to, c.serial_number) AND n.state IN ('signed', 'sent', 'accepted'))
          ORDER BY c.valid_to LIMIT ${rowsMax}
        ), asked AS (
          UPDATE certificates c SET renewal_asked_at = clock_timestamp() FROM due
          WHERE c.serial_number = due.serial_number RETURNING due.id, due.identity
        )
        SELECT id, identity FROM asked`)
      return rows.map(({ id, identity }) => ({ key: id, identity }))
    },
  }
}

interface ShownRow {
  readonly identity: string
  readonly isInUse: boolean
  readonly certificate: CertificateRow
}

function recordOf({ identity, isInUse, certificate }: ShownRow): CertificateRecord {
  const { chargePointKey: _, csrDigest: __, requestId: ___, sends: ____, sentEpoch: _____, ...shown } = certificate
  return { identity, isInUse, ...shown }
}
