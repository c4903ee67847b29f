// Authorization of routes. An operator may use all; a charge point, with its own credentials, only its own resources.

import type { Context, MiddlewareHandler } from 'hono'
import { mayAccess } from '../auth/operator-auth.ts'
import { basicCredentials } from '../auth/presented.ts'
import { StatorError } from '../base/errors.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiEnv, remoteAddressOf } from './env.ts'

/**
 * Middleware that requires valid credentials, and stores their principal in the context. Wrong ones are refused with
 * 401; with 429, and later, if they come too often.
 */
export function authenticated(
  deps: Pick<ApiDeps, 'attempts' | 'authenticate' | 'challenge' | 'clock' | 'noteSecurityEvent'>,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { headers } = c.req.raw
    const address = remoteAddressOf(c)
    const identity = headers.get('x-charge-point-id') ?? basicCredentials(headers)?.userName ?? null
    const attempt = { address, identity, headers }
    if (!(await deps.attempts.turn(attempt))) throw tooManyAttempts()
    const principal = await deps.authenticate(headers)
    if (principal === null || typeof principal === 'string') {
      const reason = `${c.req.method} ${c.req.path}${principal === null ? '' : `: ${principal}`}`
      const atMs = deps.clock.nowMs()
      deps.noteSecurityEvent({ type: 'RequestUnauthorized', identity, remoteAddress: address, atMs, reason })
      if (await deps.attempts.failed(attempt)) throw tooManyAttempts()
      c.header('WWW-Authenticate', deps.challenge(headers))
      throw new StatorError('UNAUTHORIZED', 'Invalid authentication credentials')
    }
    deps.attempts.proven(attempt)
    c.set('principal', principal)
    await next()
  }
}

function tooManyAttempts(): StatorError {
  return new StatorError('TOO_MANY_ATTEMPTS', 'Credentials were wrong too often from this address')
}

/** For routes that only operators may use. */
export const operatorOnly: MiddlewareHandler<ApiEnv> = async (c, next) => {
  if (c.get('principal').kind !== 'operator') throw forbidden()
  await next()
}

/** For routes under /api/chargepoints/{chargePointId} that the charge point itself may use too. */
export const ownChargePoint: MiddlewareHandler<ApiEnv> = async (c, next) => {
  requireAccess(c, c.req.param('chargePointId') ?? '')
  await next()
}

/** @throws {StatorError} `FORBIDDEN` unless the sender may read and command the charge point `identity`. */
export function requireAccess(c: Context<ApiEnv>, identity: string): void {
  if (!mayAccess(c.get('principal'), identity)) throw forbidden()
}

/**
 * Like `requireAccess`, for what is stored of one charge point: `key` is the one it belongs to. A charge point that was
 * created again under the identity of a deleted one does not own what its predecessor left.
 *
 * @throws {StatorError} `FORBIDDEN`.
 */
export function requireOwn(c: Context<ApiEnv>, key: number): void {
  const own = ownKey(c)
  if (own !== undefined && own !== key) throw forbidden()
}

/** The key of the charge point that sends the request; undefined for an operator. */
export function ownKey(c: Context<ApiEnv>): number | undefined {
  const principal = c.get('principal')
  return principal.kind === 'operator' ? undefined : principal.key
}

function forbidden(): StatorError {
  return new StatorError('FORBIDDEN', 'Insufficient permissions for the requested operation')
}
