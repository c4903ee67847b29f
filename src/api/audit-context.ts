// What a request carries for its audit: see audited.ts.

import type { AuditedChargePoint } from '../operators/audit-entry.ts'
import type { ApiDeps } from './deps.ts'

/** What a handler hands over for the audit log. All of it goes through `auditedText`. */
export interface AuditedChange {
  /** What was stored before; left out if there was nothing. */
  readonly before?: unknown
  /** What is stored now; left out if it is gone. */
  readonly after?: unknown
  /** Id tags by which the entry is found, besides those in `before` and `after`. */
  readonly idTags?: readonly string[]
  /** The charge point, if neither path nor body name it. */
  readonly chargePoint?: AuditedChargePoint
}

/** What the audit of one request needs. */
export interface AuditContext {
  readonly deps: Pick<ApiDeps, 'audit' | 'clock' | 'queries'>
  change: AuditedChange
}
