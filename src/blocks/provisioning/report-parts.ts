// Reports that come in parts (2.0.1 B07, B08, N02): which parts have come, and which are missing. A part has a number,
// `seqNo`, from 0; `tbc` says whether others follow. Parts may come twice, and in any order.

import { reportRangesMax } from '../../base/limits.ts'

/** What a whole report of can be had: what is not in it is gone. */
export type WholeReportKind = 'monitors' | 'chargingProfiles' | 'derControls' | 'displayMessages'

/** What a report is about: the device model, a customer, or what whole reports are about. */
export type ReportKind = 'variables' | 'customerInformation' | WholeReportKind

/** Whether what a whole report of this kind lacks is gone. */
export function isOfWhole(kind: ReportKind): kind is WholeReportKind {
  return kind !== 'variables' && kind !== 'customerInformation'
}

/** What is said about a whole report: everything was asked for, there is nothing, or all parts have come. */
export type WholeReportWord = 'asked' | 'empty' | 'complete'

/** Parts from the first number to the last, both included. */
export type PartRange = readonly [first: number, last: number]

/** A report, as far as it has come. */
export interface KnownReport {
  readonly kind: ReportKind
  readonly requestId: number
  readonly parts: readonly PartRange[]
  readonly lastSeqNo: number | null
  readonly generatedAtMs: number
  readonly beganAtMs: number
}

/** One part, as its message says. */
export interface ReportPart {
  readonly kind: ReportKind
  readonly requestId: number
  readonly seqNo: number
  readonly tbc: boolean
  readonly generatedAtMs: number
  readonly receivedAtMs: number
}

/**
 * The report with one more part. A part that has come already, and was generated later than all others, begins the
 * report anew: some charge points are asked with the same request id again.
 */
export function withPart(known: KnownReport | null, part: ReportPart): KnownReport {
  const { kind, requestId, seqNo, tbc, generatedAtMs, receivedAtMs } = part
  const isAgain = known !== null && hasPart(known.parts, seqNo) && generatedAtMs > known.generatedAtMs
  if (known === null || isAgain) {
    const lastSeqNo = tbc ? null : seqNo
    return { kind, requestId, parts: [[seqNo, seqNo]], lastSeqNo, generatedAtMs, beganAtMs: receivedAtMs }
  }
  return {
    ...known,
    parts: rangesWith(known.parts, seqNo),
    lastSeqNo: tbc ? known.lastSeqNo : seqNo,
    generatedAtMs: Math.max(known.generatedAtMs, generatedAtMs),
  }
}

function hasPart(parts: readonly PartRange[], seqNo: number): boolean {
  return parts.some(([first, last]) => first <= seqNo && seqNo <= last)
}

/** A part that would make too many ranges is left out: it counts as missing. */
function rangesWith(parts: readonly PartRange[], seqNo: number): readonly PartRange[] {
  if (hasPart(parts, seqNo)) return parts
  const merged: [number, number][] = []
  for (const [first, last] of [...parts, [seqNo, seqNo] as const].toSorted(([a], [b]) => a - b)) {
    const before = merged.at(-1)
    if (before !== undefined && first <= before[1] + 1) before[1] = Math.max(before[1], last)
    else merged.push([first, last])
  }
  return merged.length > reportRangesMax ? parts : merged
}

/** The parts that have not come, up to the last one that is known of. */
export function missingParts({ parts, lastSeqNo }: Pick<KnownReport, 'parts' | 'lastSeqNo'>): readonly PartRange[] {
  const missing: PartRange[] = []
  let next = 0
  for (const [first, last] of parts) {
    if (first > next) missing.push([next, first - 1])
    next = last + 1
  }
  if (lastSeqNo !== null && next <= lastSeqNo) missing.push([next, lastSeqNo])
  return missing
}

/** Whether every part has come, the last one included. */
export function isWhole(report: Pick<KnownReport, 'parts' | 'lastSeqNo'>): boolean {
  return report.lastSeqNo !== null && missingParts(report).length === 0
}

/** What a report says about its job. */
export type ReportStatus = 'Receiving' | 'PartsMissing' | 'Complete'

/** How far a report is: more parts follow, the last one has come but not all before it, or all have come. */
export function reportStatus(report: Pick<KnownReport, 'parts' | 'lastSeqNo'>): ReportStatus {
  if (report.lastSeqNo === null) return 'Receiving'
  return isWhole(report) ? 'Complete' : 'PartsMissing'
}
