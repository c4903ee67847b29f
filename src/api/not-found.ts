// The response to a request that no route serves: 405 with `Allow` if the path has other methods, else 404.

import type { Context, Hono } from 'hono'
import { StatorError } from '../base/errors.ts'
import type { ApiEnv } from './env.ts'
import { notFound } from './errors.ts'
import { methods } from './methods.ts'

/** The error for a request that no route of `app` serves. Sets the header `Allow` if only its method is wrong. */
export function unserved(app: Hono<ApiEnv>, c: Context<ApiEnv>): StatorError {
  const { method, path } = c.req
  const allowed = methodsOf(app, path)
  if (allowed.length === 0) return notFound('Endpoint', `${method} ${path}`)
  const list = allowed.join(', ')
  c.header('Allow', list)
  return new StatorError('METHOD_NOT_ALLOWED', `${method} is not a method of ${path}; its methods are ${list}`)
}

/** The methods of `path`: those that have a handler. Middleware is registered for all methods. */
function methodsOf({ router }: Hono<ApiEnv>, path: string): string[] {
  const served = methods.filter((method) => {
    const [handlers] = router.match(method, path)
    return handlers.some(([[, route]]) => route.method !== 'ALL')
  })
  // HEAD is served by the route for GET.
  return served.flatMap((method) => (method === 'GET' ? ['GET', 'HEAD'] : [method]))
}
