// Reports about everything of a kind: what a charge point does not report in one, it does not have any more. Such a
// report is asked for without criteria, and all its parts have come, or its answer says that there is nothing.

import type { Learned } from '../message-row.ts'
import type { RowChange } from '../stored-rows.ts'
import type { Payload } from '../values.ts'
import { isCount } from './answer-values.ts'
import type { WholeReportKind } from './report-parts.ts'

/**
 * What the answer to a request for a report tells.
 *
 * @param criteria the members of the request that leave something out of the report.
 * @param isNothing whether the answer says that there is nothing to report.
 */
export function reportAsked(
  kind: WholeReportKind,
  criteria: readonly string[],
  isNothing: (status: unknown) => boolean,
): Learned {
  return (request, { status }) => {
    const { requestId } = request
    if (!isCount(requestId) || criteria.some((name) => isGiven(request, name))) return []
    const isEmpty = isNothing(status)
    if (status !== 'Accepted' && !isEmpty) return []
    const row = { kind, requestId, word: 'asked' as const }
    const asked: RowChange = { table: 'wholeReports', row }
    return isEmpty ? [asked, { table: 'wholeReports', row: { ...row, word: 'empty' } }] : [asked]
  }
}

function isGiven(request: Payload, name: string): boolean {
  const value = request[name]
  return value !== undefined && !(typeof value === 'object' && value !== null && Object.keys(value).length === 0)
}

/** All parts of the report have come, the first one at `beganAtMs`. */
export function reportComplete(kind: WholeReportKind, requestId: number, beganAtMs: number): RowChange<'wholeReports'> {
  return { table: 'wholeReports', row: { kind, requestId, word: 'complete', beganAtMs } }
}
