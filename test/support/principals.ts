// Principals as the authentication of requests makes them.

import type { ChargePointPrincipal, OperatorPrincipal } from '../../src/operators/principal.ts'
import { adminRights, chargePointPermissions } from '../../src/operators/roles.ts'

/** An operator who may do everything. */
export function anOperator(name = 'admin'): OperatorPrincipal {
  return { kind: 'operator', name, ...adminRights }
}

/** A charge point with its own credentials. */
export function aChargePoint(identity: string, key: number): ChargePointPrincipal {
  return { kind: 'chargePoint', identity, key, permissions: chargePointPermissions, scope: { chargePointKey: key } }
}

/** An operator who may do everything, with the charge points of some groups. */
export function anOperatorOf(groups: readonly number[], name = 'tenant'): OperatorPrincipal {
  return { kind: 'operator', name, permissions: adminRights.permissions, scope: { groups } }
}
