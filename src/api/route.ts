// The routes of the REST API. Each says what it takes to use it: a route that does not say so does not compile.

import { createRoute, type RouteConfig } from '@hono/zod-openapi'
import type { MiddlewareHandler } from 'hono'
import type { Permission } from '../operators/permissions.ts'
import { permitted } from './access.ts'
import { audited } from './audited.ts'
import type { ApiEnv } from './env.ts'

/** Who may use a route: those who have this permission, for the charge points in their scope; or `anybody`. */
export type Policy = Permission | 'anybody'

/**
 * A route as `createRoute` makes it. It refuses with 403 those who lack the permission, and is audited if it may change
 * something. The document names the permission as `x-permission`. The handler keeps to the scope of the sender: see
 * `scopeOf`.
 */
export function routeFor<
  const P extends string,
  const R extends Omit<RouteConfig, 'path' | 'middleware'> & { path: P },
>(policy: Policy, route: R) {
  const permission = policy === 'anybody' ? null : policy
  const check = permission === null ? [] : [permitted(permission)]
  const middleware: MiddlewareHandler<ApiEnv>[] = [...audited(route, permission), ...check]
  return createRoute({ ...route, middleware, ...(policy === 'anybody' ? {} : { 'x-permission': policy }) })
}
