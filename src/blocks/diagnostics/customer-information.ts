// What a charge point of 2.x knows of a customer (2.0.1 N09), and that it forgets it (N10): the command, as a job, and
// the parts of the report. They are stored as the charge point sent them; their text is joined when it is read.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, statusOf } from '../command.ts'
import type { Handler, Payload } from '../decision.ts'
import type { JobKind } from '../jobs/job.ts'
import { jobNeeds, withJob } from '../jobs/reported.ts'
import { notification } from '../notification.ts'
import { reportNeeds, reportOf } from '../provisioning/report-messages.ts'
import { reportStatuses } from '../provisioning/report-jobs.ts'
import {
  type KnownReport,
  reportStatus,
  missingParts,
  type ReportStatus,
  withPart,
} from '../provisioning/report-parts.ts'
import type { PartRange } from '../provisioning/report-parts.ts'

/** Who it is about: exactly one of these (N09.FR.04, errata 2023-06). */
export type Customer =
  | { readonly idTag: string; readonly type: string | null }
  | { readonly customerIdentifier: string }
  | { readonly customerCertificate: Payload }

export interface CustomerRequest {
  readonly customer: Customer
  /** Whether it reports what it knows, and whether it forgets that: at least one of the two. */
  readonly report: boolean
  readonly clear: boolean
  readonly requestId: number
}

/** CustomerInformation; null: 1.6 has none. */
export function customerInformationCommand(version: OcppVersion, request: CustomerRequest): Command | null {
  return commands[version](request)
}

const commands = since2<(request: CustomerRequest) => Command | null>(
  () => null,
  ({ customer, report, clear, requestId }) => ({
    action: 'CustomerInformation',
    payload: { requestId, report, clear, ...referenceTo(customer) },
    fields: {
      '/idToken/idToken': 'idTag',
      '/idToken/type': 'idTagType',
      '/customerIdentifier': 'customerIdentifier',
      '/customerCertificate': 'customerCertificate',
    },
  }),
)

function referenceTo(customer: Customer): Payload {
  if (!('idTag' in customer)) return { ...customer }
  return { idToken: { idToken: customer.idTag, type: customer.type ?? 'Central' } }
}

export const customerInformation: JobKind = {
  kind: 'customerInformation',
  isRead: false,
  answered(_version, answer, { report }) {
    const status = statusOf(answer)
    switch (status) {
      case null:
        return null
      case 'Accepted': {
        const does = report === true ? 'reports what it knows of the customer' : 'forgets the customer, and will say so'
        return { type: 'accepted', status, message: `The charge point ${does}` }
      }
      default: {
        const message = `The charge point answered the request for customer information with ${status}`
        return { type: 'refused', status, message }
      }
    }
  },
  reports: reportStatuses,
}

/** 2.0.1 N09, N10: a part of the report, and what that means for the job that asked for it. */
export const notifyCustomerInformation: Handler<
  OCPP20.NotifyCustomerInformationRequest | OCPP21.NotifyCustomerInformationRequest
> = {
  needs: (payload) => ({ ...jobNeeds(payload), ...reportNeeds('customerInformation', payload) }),
  decide: (payload, known) => {
    const { changes, status } = reportOf('customerInformation', payload, known)
    const stored = notification(known, payload.generatedAt, ...changes)
    return withJob(stored, known, [customerInformation], { status, requestId: payload.requestId })
  },
}

/** A part as it was stored, in the order of arrival. */
export interface CustomerInformationPart {
  readonly seqNo: number
  readonly tbc: boolean
  readonly data: string
}

/** The parts together. */
export interface CustomerReport {
  readonly status: ReportStatus
  readonly text: string
  readonly missing: readonly PartRange[]
}

/** The text of the parts that have come, in their order. Of two with one number the later one counts. */
export function joinedParts(parts: readonly CustomerInformationPart[]): CustomerReport {
  const byNumber = new Map(parts.map(({ seqNo, data }) => [seqNo, data]))
  const text = [...byNumber]
    .toSorted(([a], [b]) => a - b)
    .map(([, data]) => data)
    .join('')
  const names = { kind: 'customerInformation', requestId: 0, generatedAtMs: 0, receivedAtMs: 0 } as const
  let report: KnownReport | null = null
  for (const { seqNo, tbc } of parts) report = withPart(report, { ...names, seqNo, tbc })
  if (report === null) return { status: 'Receiving', text, missing: [] }
  return { status: reportStatus(report), text, missing: missingParts(report) }
}
