// Authorization of routes. An operator may use all; a charge point, with its own credentials, only its own resources.

import type { Context, MiddlewareHandler } from 'hono'
import type { Attempt } from '../auth/failed-attempts.ts'
import { mayAccess } from '../auth/operator-auth.ts'
import { basicCredentials, keyCredentials } from '../auth/presented.ts'
import { StatorError } from '../base/errors.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiEnv, channelOf } from './env.ts'

/**
 * Middleware that requires valid credentials, and stores their principal in the context. Wrong ones are refused with
 * 401; with 429, and later, if they come too often.
 */
export function authenticated(
  deps: Pick<ApiDeps, 'attempts' | 'authenticate' | 'challenge' | 'clock' | 'noteSecurityEvent'>,
): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const { headers } = c.req.raw
    const channel = channelOf(c)
    const address = channel.remoteAddress
    const attempts = attemptsOf(headers, address)
    for (const attempt of attempts) if (!(await deps.attempts.turn(attempt))) throw tooManyAttempts()
    const principal = await deps.authenticate(headers, channel)
    if (principal === null || typeof principal === 'string') {
      const reason = `${c.req.method} ${c.req.path}${principal === null ? '' : `: ${principal}`}`
      const atMs = deps.clock.nowMs()
      const identity = attempts.find((attempt) => attempt.identity !== null)?.identity ?? null
      deps.noteSecurityEvent({ type: 'RequestUnauthorized', identity, remoteAddress: address, atMs, reason })
      const areTooMany = await Promise.all(attempts.map((attempt) => deps.attempts.failed(attempt)))
      if (areTooMany.includes(true)) throw tooManyAttempts()
      c.header('WWW-Authenticate', deps.challenge(headers))
      throw new StatorError('UNAUTHORIZED', 'Invalid authentication credentials')
    }
    for (const attempt of attempts) deps.attempts.proven(attempt)
    c.set('principal', principal)
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
