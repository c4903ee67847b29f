// Web pages of other hosts: which requests they may not send, and which pages may read the answers (CORS).

import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'
import { isAllowedOrigin, isForeignRequest } from '../auth/origin.ts'
import { StatorError } from '../base/errors.ts'
import { corsSeconds } from '../base/limits.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiEnv, remoteAddressOf } from './env.ts'
import { methods } from './methods.ts'
import { shownPath } from './shown-path.ts'

/**
 * Middleware that lets pages of `Security.AllowedOrigins` read answers, and answers their preflights. Other pages get
 * neither. A page sends its key itself: credentials that a browser remembers are never asked for.
 */
export function allowedPages({ allowedOrigins }: Pick<ApiDeps, 'allowedOrigins'>): MiddlewareHandler<ApiEnv> {
  const isAllowed = (origin: string | undefined): origin is string =>
    origin !== undefined && isAllowedOrigin(origin, allowedOrigins)
  const allow = cors({
    origin: (origin) => (isAllowed(origin) ? (allowedOrigins.includes('*') ? '*' : origin) : null),
    allowMethods: [...methods],
    allowHeaders: ['Authorization', 'Content-Type', 'X-API-Key', 'X-Charge-Point-Id', 'X-Request-Id'],
    exposeHeaders: ['Content-Disposition', 'Retry-After', 'X-Request-Id'],
    maxAge: corsSeconds,
  })
  return async (c, next) => {
    // OPTIONS is no method of any route.
    const isServed = c.req.method !== 'OPTIONS' || c.req.header('Access-Control-Request-Method') !== undefined
    if (isServed && isAllowed(c.req.header('Origin'))) return allow(c, next)
    await next()
    if (allowedOrigins.length > 0) c.header('Vary', 'Origin', { append: true })
  }
}

/** Middleware that refuses what a foreign page may have made a browser send; see `isForeignRequest`. */
export function notForeign({
  allowedOrigins,
  clock,
  noteSecurityEvent,
}: Pick<ApiDeps, 'allowedOrigins' | 'clock' | 'noteSecurityEvent'>): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    if (isForeignRequest(c.req.raw, allowedOrigins)) {
      const from = c.req.header('Origin') ?? 'another host'
      noteSecurityEvent({
        type: 'RequestForbidden',
        identity: null,
        remoteAddress: remoteAddressOf(c),
        atMs: clock.nowMs(),
        reason: `${c.req.method} ${shownPath(c.req.path)} by a web page of ${from}`,
      })
      throw new StatorError('FORBIDDEN', 'Web pages of other hosts may not send this (Security.AllowedOrigins)')
    }
    await next()
  }
}
