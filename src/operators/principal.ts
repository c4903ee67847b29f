// Who sends a request to the REST API, and what that sender may do.

import type { Scope } from '../blocks/scope.ts'
import type { Permission } from './permissions.ts'

/** What the sender of a request may do, and to which charge points. */
export interface Rights {
  readonly permissions: ReadonlySet<Permission>
  readonly scope: Scope
}

/** An operator, by the name of the API key or the subject of the token. */
export interface OperatorPrincipal extends Rights {
  readonly kind: 'operator'
  readonly name: string
  /** The API key that was used; left out: a token. */
  readonly key?: { readonly id: string; readonly expiresAtMs: number | null }
}

/**
 * A charge point with its own credentials, or an operator who acts as one (`X-Charge-Point-Id`): `operator` is the name
 * of the operator then.
 */
export interface ChargePointPrincipal extends Rights {
  readonly kind: 'chargePoint'
  readonly identity: string
  readonly key: number
  readonly operator?: string
}

export type Principal = OperatorPrincipal | ChargePointPrincipal

/** The name of a principal in logs and lists: of an operator who acts as a charge point, that of the operator. */
export function nameOf(principal: Principal): string {
  if (principal.kind === 'operator') return principal.name
  return principal.operator ?? principal.identity
}
