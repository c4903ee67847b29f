// The messages of reports in parts, NotifyReport and NotifyMonitoringReport: what to look up, and the row that says how
// far the report has come.

import type { Change, Known, Needs } from '../decision.ts'
import { timeMs } from '../notification.ts'
import { isCount } from './answer-values.ts'
import {
  type KnownReport,
  type ReportKind,
  type ReportStatus,
  reportStatus,
  type WholeReportKind,
  withPart,
  isOfWhole,
} from './report-parts.ts'
import { reportComplete } from './whole-report.ts'

interface PartMessage {
  readonly requestId: number
  readonly seqNo: number
  readonly generatedAt: string
  readonly tbc?: boolean
}

/** What has to be looked up for a part of a report. */
export function reportNeeds(kind: ReportKind, { requestId }: Pick<PartMessage, 'requestId'>): Needs {
  return isCount(requestId) ? { report: { kind, requestId } } : {}
}

/** The change of a report by one of its parts, and how far it is then. A number that OCPP does not allow is ignored. */
export function reportOf(
  kind: ReportKind,
  { requestId, seqNo, generatedAt, tbc = false }: PartMessage,
  { receivedAtMs, report }: Pick<Known, 'receivedAtMs' | 'report'>,
): { readonly changes: readonly Change[]; readonly status: ReportStatus } {
  if (!isCount(requestId) || !isCount(seqNo)) return { changes: [], status: 'Receiving' }
  const generatedAtMs = timeMs(generatedAt, receivedAtMs)
  const part = { kind, requestId, seqNo, tbc, generatedAtMs, receivedAtMs }
  const row: KnownReport = withPart(report, part)
  const status = reportStatus(row)
  const complete = status === 'Complete' && isOfWhole(kind) ? [reportComplete(kind, requestId, row.beganAtMs)] : []
  return { changes: [{ table: 'deviceReports', row }, ...complete], status }
}

/**
 * As `reportOf`, for messages without a number: their parts come in their order. One that ends a report again is a
 * resend. A part of which not all is stored (`isCut`) leaves a gap: the report is not whole. So does any part after one
 * was refused, which may have been of this report.
 */
export function nextPartOf(
  kind: WholeReportKind,
  { requestId, tbc = false }: { readonly requestId: number; readonly tbc?: boolean | undefined },
  isCut: boolean,
  known: Known,
): readonly Change[] {
  const { report, receivedAtMs } = known
  const isOver = report !== null && report.lastSeqNo !== null
  if (!isCount(requestId) || (isOver && !tbc)) return []
  const before = isOver ? null : report
  const seqNo = (before?.parts.at(-1)?.[1] ?? -1) + (isCut || known.wasRefusedBefore ? 2 : 1)
  const generatedAt = new Date(receivedAtMs).toISOString()
  return reportOf(kind, { requestId, seqNo, generatedAt, tbc }, { receivedAtMs, report: before }).changes
}
