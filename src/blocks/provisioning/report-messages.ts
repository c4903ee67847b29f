// The messages of reports in parts, NotifyReport and NotifyMonitoringReport: what to look up, and the row that says how
// far the report has come.

import type { Change, Known, Needs } from '../decision.ts'
import { timeMs } from '../notification.ts'
import { isCount } from './answer-values.ts'
import { type KnownReport, type ReportKind, type ReportStatus, reportStatus, withPart } from './report-parts.ts'

interface PartMessage {
  readonly requestId: number
  readonly seqNo: number
  readonly generatedAt: string
  readonly tbc?: boolean
}

/** What has to be looked up for a part of a report. */
export function reportNeeds(kind: ReportKind, { requestId }: PartMessage): Needs {
  return isCount(requestId) ? { report: { kind, requestId } } : {}
}

/** The change of a report by one of its parts, and how far it is then. A number that OCPP does not allow is ignored. */
export function reportOf(
  kind: ReportKind,
  { requestId, seqNo, generatedAt, tbc = false }: PartMessage,
  { receivedAtMs, report }: Known,
): { readonly changes: readonly Change[]; readonly status: ReportStatus } {
  if (!isCount(requestId) || !isCount(seqNo)) return { changes: [], status: 'Receiving' }
  const generatedAtMs = timeMs(generatedAt, receivedAtMs)
  const part = { kind, requestId, seqNo, tbc, generatedAtMs, receivedAtMs }
  const row: KnownReport = withPart(report, part)
  return { changes: [{ table: 'deviceReports', row }], status: reportStatus(row) }
}
