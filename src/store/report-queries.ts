// Reports in parts: how far they have come.

import { desc, eq } from 'drizzle-orm'
import type { Pool } from 'pg'
import { reportsShownMax } from '../base/limits.ts'
import type { ReportRecord } from '../blocks/provisioning/records.ts'
import type { KnownReport, ReportKind } from '../blocks/provisioning/report-parts.ts'
import { deviceReports } from '../blocks/provisioning/tables.ts'
import { BatchedLookup } from './batched-lookup.ts'
import { ms } from './known-transaction.ts'
import type { ListSource } from './paging.ts'
import { int4Array, textArray } from './wire/binary-array.ts'

interface Asked {
  readonly chargePointKey: number
  readonly kind: ReportKind
  readonly requestId: number
}

const reportsOfRequests = `
  SELECT r.charge_point_id AS "chargePointKey", r.kind, r.request_id AS "requestId", r.parts,
    r.last_seq_no AS "lastSeqNo", ${ms('r.generated_at')} AS "generatedAtMs", ${ms('r.began_at')} AS "beganAtMs"
  FROM unnest($1::int4[], $2::text[], $3::int4[]) AS v(charge_point_id, kind, request_id)
    JOIN device_reports r USING (charge_point_id, kind, request_id)`

/** The report that a message is a part of. Charge points wait for the answer, so it is batched. */
export function createReportLookup(pool: Pick<Pool, 'query'>) {
  const nameOf = ({ chargePointKey, kind, requestId }: Asked): string => `${chargePointKey}/${kind}/${requestId}`
  const found = new BatchedLookup<Asked, KnownReport>(nameOf, async (asked) => {
    const { rows } = await pool.query<Asked & KnownReport>({
      name: 'stator_reports_of_requests',
      text: reportsOfRequests,
      values: [
        int4Array(asked.map(({ chargePointKey }) => chargePointKey)),
        textArray(asked.map(({ kind }) => kind)),
        int4Array(asked.map(({ requestId }) => requestId)),
      ],
    })
    return new Map(rows.map(({ chargePointKey, ...report }) => [nameOf({ chargePointKey, ...report }), report]))
  })
  return async (chargePointKey: number, kind: ReportKind, requestId: number): Promise<KnownReport | null> =>
    (await found.get({ chargePointKey, kind, requestId })) ?? null
}

export function createReportQueries({ db }: ListSource) {
  return {
    /** The reports of a charge point, those that were added to last first. */
    async reportsOf(chargePointKey: number): Promise<readonly ReportRecord[]> {
      const { chargePointKey: key, ...columns } = {
        chargePointKey: deviceReports.chargePointKey,
        kind: deviceReports.kind,
        requestId: deviceReports.requestId,
        parts: deviceReports.parts,
        lastSeqNo: deviceReports.lastSeqNo,
        generatedAtMs: deviceReports.generatedAtMs,
        beganAtMs: deviceReports.beganAtMs,
        updatedAtMs: deviceReports.updatedAtMs,
      }
      return db
        .select(columns)
        .from(deviceReports)
        .where(eq(key, chargePointKey))
        .orderBy(desc(deviceReports.updatedAtMs), desc(deviceReports.requestId))
        .limit(reportsShownMax)
    },
  }
}
