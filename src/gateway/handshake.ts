// The WebSocket handshake of a charge point (OCPP-J 1.6 §3.1, 2.0.1 Part 4 §3.1): who it is, whether it may connect, and
// which version is spoken. Whatever is refused is refused before the upgrade, as an HTTP answer.

import type { Server } from 'bun'
import { authenticateChargePoint } from '../auth/charge-point-auth.ts'
import type { AuthDeps } from '../auth/auth-deps.ts'
import type { Counters } from '../base/counters.ts'
import { StatorError } from '../base/errors.ts'
import { identityCharactersMax, retryAfterSeconds } from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { type OcppVersion, subprotocols } from '../ocpp/version.ts'
import type { SocketData } from './connection.ts'

/** Where charge points connect: `/ocpp/{identity}`. */
export const ocppPath = '/ocpp'

export interface HandshakeDeps {
  readonly auth: AuthDeps
  /** OCPP version of a charge point that offers no subprotocol; null: it is turned away. */
  readonly assumedVersion: OcppVersion | null
  /** Whether newcomers can be taken in: the database answers, and the node is not stopping. */
  readonly isOpen: () => boolean
  readonly counters: Counters
  readonly log: Logger
}

/** Whether the request is meant for the OCPP endpoint. */
export function isOcppPath(pathname: string): boolean {
  return pathname === ocppPath || pathname.startsWith(`${ocppPath}/`)
}

/**
 * The identity that a URL path names: its last segment, percent-decoded; empty segments do not count, and a charge point
 * that appends its identity once more to a URL that has it already still means itself.
 *
 * @returns null when there is none, it is not decodable, has more than 48 characters, or has a `:` (2.0.1 Part 4 §3.1.1:
 * the identity is the user name of Basic authentication, which may not contain one).
 */
export function identityOf(pathname: string): string | null {
  const segment = pathname
    .slice(ocppPath.length)
    .split('/')
    .findLast((part) => part !== '')
  if (segment === undefined) return null
  try {
    const identity = decodeURIComponent(segment)
    const isValid = identity.length <= identityCharactersMax && !/[:\p{Cc}]/u.test(identity)
    return isValid ? identity : null
  } catch {
    return null
  }
}

/** A subprotocol as the charge point spelt it, and the version it stands for. */
export interface Agreement {
  readonly subprotocol: string | null
  readonly version: OcppVersion | null
}

/**
 * The best subprotocol that both sides speak. Some charge points append a patch number (`ocpp2.0.1.1`): it is taken as
 * the version it extends, and echoed as it was offered.
 */
export function agree(offered: string | null, assumedVersion: OcppVersion | null): Agreement {
  const names = (offered ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
  if (names.length === 0) return { subprotocol: null, version: assumedVersion }
  for (const [known, version] of Object.entries(subprotocols)) {
    const match = names.find((name) => name.toLowerCase() === known || name.toLowerCase().startsWith(`${known}.`))
    if (match !== undefined) return { subprotocol: match, version }
  }
  return { subprotocol: null, version: null }
}

/** Upgrades the request, or answers why not; undefined once it is upgraded. */
export async function handshake(
  request: Request,
  server: Server<SocketData>,
  deps: HandshakeDeps,
): Promise<Response | undefined> {
  const refuse = (status: number, error: string, message: string, headers: Record<string, string> = {}): Response => {
    deps.counters.handshakesRefused++
    deps.log.info({ path: new URL(request.url).pathname, status, reason: message }, 'A handshake was refused.')
    return Response.json({ error, message }, { status, headers })
  }
  const notNow = (message: string): Response =>
    refuse(503, 'ServiceUnavailable', message, { 'Retry-After': String(retryAfterSeconds) })

  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    return refuse(426, 'UpgradeRequired', `${ocppPath} speaks WebSocket only.`, { Upgrade: 'websocket' })
  }
  const identity = identityOf(new URL(request.url).pathname)
  if (identity === null) {
    return refuse(
      404,
      'NotFound',
      `Connect to ${ocppPath}/{identity}: at most ${identityCharactersMax} characters, no colon.`,
    )
  }
  if (!deps.isOpen()) return notNow('This node takes no new connections at the moment.')
  try {
    const verdict = await authenticateChargePoint({ identity, headers: request.headers }, deps.auth)
    switch (verdict.kind) {
      case 'unauthorized':
        return refuse(401, 'Unauthorized', 'Invalid authentication credentials', {
          'WWW-Authenticate': 'Basic realm="OCPP"',
        })
      case 'unknown':
        return refuse(404, 'NotFound', `Charge point '${identity}' not found`)
      case 'notAllowed':
        return refuse(403, 'Forbidden', `Charge point '${identity}' is not in Security.AllowedChargePoints`)
      case 'accepted': {
        for (const quirk of verdict.quirks) deps.log.info({ identity, quirk }, 'The handshake had a quirk.')
        const agreement = agree(request.headers.get('sec-websocket-protocol'), deps.assumedVersion)
        const isUpgraded = server.upgrade(request, {
          data: {
            identity: verdict.identity,
            chargePointKey: verdict.key,
            version: agreement.version,
            remoteAddress: server.requestIP(request)?.address ?? '',
          },
          // Left out, Bun would agree to the first that was offered, whatever it is.
          headers: { 'Sec-WebSocket-Protocol': agreement.subprotocol ?? '' },
        })
        return isUpgraded ? undefined : refuse(400, 'BadRequest', 'The WebSocket handshake is malformed.')
      }
    }
  } catch (error) {
    if (error instanceof StatorError) return notNow('The database cannot be reached.')
    throw error
  }
}
