// The statements of the writer for whole reports: what is not in one is gone. They run after the rows of the report are
// stored, and whenever the last of what they need is told: that everything was asked for, and that all has come.

import type { RowOf, WithoutNulls } from '../blocks/stored-rows.ts'
import { wholeReports } from '../blocks/provisioning/tables.ts'
import { bindRows, statement } from './statement.ts'
import { columnsOf, upsert } from './table-statement.ts'
import type { BoundStatement } from './wire/bind-messages.ts'

type WholeReportRow = Readonly<WithoutNulls<RowOf<typeof wholeReports>>>

const upsertWholeReports = upsert('upsert_whole_reports', wholeReports)

/**
 * SQL: the whole reports among `rows`, each with a time: what is in the report was stored later, and so was what the
 * charge point has been told since it was asked.
 */
const wholeOf = (rows: string, kind: string): string => `(
  SELECT v.charge_point_id, max(LEAST(a.received_at, COALESCE(e.began_at, e.received_at))) AS since
  FROM ${rows}
  JOIN whole_reports a USING (charge_point_id, kind, request_id)
  JOIN whole_reports e USING (charge_point_id, kind, request_id)
  WHERE v.kind = '${kind}' AND a.word = 'asked' AND e.word IN ('empty', 'complete')
  GROUP BY v.charge_point_id) AS w`

const keys = columnsOf(wholeReports, ['chargePointKey', 'kind', 'requestId'])

const forgetMonitors = statement<WholeReportRow>(
  'forget_unreported_monitors',
  keys,
  (_, rows) => `DELETE FROM monitors m USING ${wholeOf(rows, 'monitors')}
    WHERE m.charge_point_id = w.charge_point_id AND m.updated_at < w.since`,
)

const forgetReportedProfiles = statement<WholeReportRow>(
  'forget_unreported_profiles',
  keys,
  (_, rows) => `DELETE FROM reported_charging_profiles r USING ${wholeOf(rows, 'chargingProfiles')}
    WHERE r.charge_point_id = w.charge_point_id AND r.received_at < w.since`,
)

// Profiles that were over before are not in a report, either.
const clearSetProfiles = statement<WholeReportRow>(
  'clear_unreported_profiles',
  keys,
  (_, rows) => `UPDATE charging_profiles p SET cleared_at = w.since FROM ${wholeOf(rows, 'chargingProfiles')}
    WHERE p.charge_point_id = w.charge_point_id AND p.set_at < w.since AND p.status = 'Accepted'
      AND p.cleared_at IS NULL AND (p.valid_to IS NULL OR p.valid_to > w.since)
      AND NOT EXISTS (SELECT FROM reported_charging_profiles r
        WHERE r.charge_point_id = p.charge_point_id AND r.profile_id = p.profile_id)
      AND NOT EXISTS (SELECT FROM transactions t WHERE t.id = p.transaction_id AND t.stopped_at IS NOT NULL)`,
)

const clearControls = statement<WholeReportRow>(
  'clear_unreported_der_controls',
  keys,
  (_, rows) => `INSERT INTO der_control_events (charge_point_id, control_id, event, received_at)
    SELECT c.charge_point_id, c.control_id, 'cleared', w.since
    FROM ${wholeOf(rows, 'derControls')} JOIN der_controls c ON c.charge_point_id = w.charge_point_id
    WHERE c.received_at < w.since AND NOT EXISTS (SELECT FROM der_control_events e
      WHERE e.charge_point_id = c.charge_point_id AND e.control_id = c.control_id
        AND e.event IN ('superseded', 'cleared') AND e.received_at >= c.received_at)
    ON CONFLICT (charge_point_id, control_id, event) DO UPDATE SET received_at = EXCLUDED.received_at`,
)

const forgetReportedMessages = statement<WholeReportRow>(
  'forget_unreported_messages',
  keys,
  (_, rows) => `DELETE FROM reported_display_messages r USING ${wholeOf(rows, 'displayMessages')}
    WHERE r.charge_point_id = w.charge_point_id AND r.received_at < w.since`,
)

// Messages that were over before are not in a report, either.
const clearSetMessages = statement<WholeReportRow>(
  'clear_unreported_messages',
  keys,
  (_, rows) => `UPDATE display_messages m SET cleared_at = w.since FROM ${wholeOf(rows, 'displayMessages')}
    WHERE m.charge_point_id = w.charge_point_id AND m.set_at < w.since AND m.status = 'Accepted'
      AND m.cleared_at IS NULL AND (m.ends_at IS NULL OR m.ends_at > w.since)
      AND NOT EXISTS (SELECT FROM reported_display_messages r
        WHERE r.charge_point_id = m.charge_point_id AND r.message_id = m.message_id)
      AND NOT EXISTS (SELECT FROM transactions t WHERE t.id = m.transaction_id AND t.stopped_at IS NOT NULL)`,
)

const goneByReports = [
  forgetMonitors,
  forgetReportedProfiles,
  clearSetProfiles,
  clearControls,
  forgetReportedMessages,
  clearSetMessages,
]

/** The statements that store these rows, and delete what is gone by them. */
export function storeWholeReports(rows: readonly WholeReportRow[]): readonly BoundStatement[] {
  const reports = [...new Map(rows.map((row) => [`${row.chargePointKey}/${row.kind}/${row.requestId}`, row])).values()]
  return [...bindRows(upsertWholeReports, rows), ...goneByReports.flatMap((one) => bindRows(one, reports))]
}
