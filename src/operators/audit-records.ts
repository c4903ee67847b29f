// The audit log as the REST API lists it.

import type { Scope } from '../blocks/scope.ts'
import type { PrincipalKind } from './audit-entry.ts'

/**
 * `done`: answered with a status below 400. `refused`: 4xx. `failed`: 5xx. `unknown`: there is no entry about the
 * outcome; the request is being served, or its process ended before that was stored.
 */
export const auditOutcomes = ['done', 'refused', 'failed', 'unknown'] as const

export type AuditOutcomeKind = (typeof auditOutcomes)[number]

/** A request: its two entries as one. */
export interface AuditRecord {
  readonly node: string
  readonly sequence: number
  readonly outcomeSequence: number | null
  readonly atMs: number
  readonly endedAtMs: number | null
  readonly principalKind: PrincipalKind
  readonly principal: string
  readonly actingAs: string | null
  readonly remoteAddress: string
  readonly requestId: string
  readonly operation: string
  readonly chargePointKey: number | null
  readonly identity: string | null
  readonly request: unknown
  readonly before: unknown
  readonly after: unknown
  readonly outcome: AuditOutcomeKind
  readonly status: number | null
  readonly code: string | null
}

export interface AuditFilter {
  /** Only requests about charge points in the scope. */
  readonly scope: Scope
  readonly principal?: string
  readonly identity?: string
  readonly operation?: string
  readonly outcome?: AuditOutcomeKind
  /** Digests of one id tag: see `IdTagDigests`. */
  readonly idTagDigests?: readonly string[]
  readonly fromMs?: number
  readonly toMs?: number
}
