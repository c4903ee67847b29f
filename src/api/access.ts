// Who sends a request, and whether they may use a route.

import type { Context, MiddlewareHandler } from 'hono'
import type { Attempt } from '../auth/failed-attempts.ts'
import { basicCredentials, keyCredentials } from '../auth/presented.ts'
import { StatorError } from '../base/errors.ts'
import type { Scope } from '../blocks/scope.ts'
import { isForAll, type Permission } from '../operators/permissions.ts'
import type { Rights } from '../operators/principal.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiEnv, channelOf } from './env.ts'
import { isRead } from './methods.ts'
import { shownPath } from './shown-path.ts'

/**
 * Middleware that requires valid credentials, and stores their principal in the context. Wrong ones are refused with
 * 401; with 429, and later, if they come too often.
 */
export function authenticated(
  deps: Pick<ApiDeps, 'attempts' | 'authenticate' | 'authenticateNow' | 'challenge' | 'clock' | 'noteSecurityEvent'>,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { headers } = c.req.raw
    const channel = channelOf(c)
    const address = channel.remoteAddress
    const attempts = attemptsOf(headers, address)
    const prove = async (authenticate: ApiDeps['authenticate']): Promise<void> => {
      const principal = await authenticate(headers, channel)
      if (principal === null || typeof principal === 'string') {
        const reason = `${c.req.method} ${shownPath(c.req.path)}${principal === null ? '' : `: ${principal}`}`
        const atMs = deps.clock.nowMs()
        const identity = attempts.find((attempt) => attempt.identity !== null)?.identity ?? null
        deps.noteSecurityEvent({ type: 'RequestUnauthorized', identity, remoteAddress: address, atMs, reason })
        const areTooMany = await Promise.all(attempts.map((attempt) => deps.attempts.failed(attempt)))
        if (areTooMany.includes(true)) throw tooManyAttempts()
        c.header('WWW-Authenticate', deps.challenge(headers))
        throw new StatorError('UNAUTHORIZED', 'Invalid authentication credentials')
      }
      c.set('principal', principal)
    }
    for (const attempt of attempts) if (!(await deps.attempts.turn(attempt))) throw tooManyAttempts()
    await prove(deps.authenticate)
    for (const attempt of attempts) deps.attempts.proven(attempt)
    c.set('authenticateNow', () => prove(deps.authenticateNow))
    await next()
  }
}

/**
 * What the credentials of a request are compared with: a request may have a key and a password. Headers that name an
 * identity without credentials for it do not count, or a guesser would choose what its attempts count under.
 */
function attemptsOf(headers: Headers, address: string): readonly Attempt[] {
  const key = keyCredentials(headers)
  const basic = basicCredentials(headers)
  const identities = new Set([
    ...(key === null ? [] : [key.chargePointId]),
    ...(basic === null ? [] : [basic.userName]),
  ])
  return [...(identities.size === 0 ? [null] : identities)].map((identity) => ({ address, identity, headers }))
}

function tooManyAttempts(): StatorError {
  return new StatorError('TOO_MANY_ATTEMPTS', 'Credentials were wrong too often from this address')
}

/**
 * Middleware of a route that needs `permission`. What changes something goes by the rights that its sender has now,
 * after its body has arrived: else a key that is revoked could make another one in the last moment, or hold a request
 * back for it. What it could not do a moment ago it may not do either: the audit log has left out the body.
 */
export function permitted(permission: Permission): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    requirePermission(c.get('principal'), permission)
    if (!isRead(c.req.method)) {
      await c.get('authenticateNow')()
      requirePermission(c.get('principal'), permission)
    }
    await next()
  }
}

/** Whether somebody with these rights may use what takes `permission`. */
export function mayUse({ permissions, scope }: Rights, permission: Permission): boolean {
  return permissions.has(permission) && (scope === 'all' || !isForAll(permission))
}

/** @throws {StatorError} `FORBIDDEN` with what is missing. */
function requirePermission(rights: Rights, permission: Permission): void {
  if (mayUse(rights, permission)) return
  if (!rights.permissions.has(permission)) throw forbidden(`the permission ${permission} is missing`, permission)
  throw forbidden(`${permission} takes the scope of all charge points`, 'a scope of all charge points')
}

/** Which charge points the sender of a request may see and command. */
export function scopeOf(c: Context<ApiEnv>): Scope {
  return c.get('principal').scope
}

function forbidden(why: string, missing: string): StatorError {
  return new StatorError('FORBIDDEN', `Insufficient permissions for the requested operation: ${why}`, { missing })
}
