// The routes of the REST API. Each says who may use it: a route that does not say so does not compile.

import { createRoute, type RouteConfig } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import { operatorOnly, ownChargePoint } from './access.ts'
import type { ApiEnv } from './env.ts'

/**
 * Who may use a route: `anybody`; `operators`; of a path with `{chargePointId}`, operators and that `chargePoint`; or
 * operators and the charge point that what is asked for belongs to, its `owner`, which the handler must check.
 */
export type Access = 'anybody' | 'operators' | 'chargePoint' | 'owner'

const checks: Readonly<Record<Access, readonly MiddlewareHandler<ApiEnv>[]>> = {
  anybody: [],
  operators: [operatorOnly],
  chargePoint: [ownChargePoint],
  owner: [],
}

/** A route as `createRoute` makes it, which refuses with 403 those who may not use it. */
export function routeFor<
  const P extends string,
  const R extends Omit<RouteConfig, 'path' | 'middleware'> & { path: P },
>(access: Access, route: R) {
  return createRoute({ ...route, middleware: [...checks[access]] })
}
