// The WebSocket handshake of a charge point (OCPP-J 1.6 §3.1, 2.0.1 Part 4 §3.1): its identity, whether it may
// connect, and the OCPP version. A refusal is an HTTP response, sent before the upgrade.

import type { Server } from 'bun'
import { authenticateChargePoint } from '../auth/charge-point-auth.ts'
import type { AuthDeps } from '../auth/auth-deps.ts'
import type { Channel } from '../auth/authenticator.ts'
import { profileTooLow } from '../auth/security-profile.ts'
import { handshakeChallenge } from '../auth/challenge.ts'
import type { Attempt, FailedAttempts } from '../auth/failed-attempts.ts'
import { type HandshakeQuirk, handshakeQuirkTable } from '../auth/handshake-quirks.ts'
import type { Clock } from '../base/clock.ts'
import type { Counters, handshakeRefusals } from '../base/counters.ts'
import { type ErrorCode, StatorError, errorFields, errorTable } from '../base/errors.ts'
import {
  attemptWaitMsMax,
  handshakeWaitMsMax,
  identityCharactersMax,
  refusalHoldMsMax,
  retryAfterSeconds,
} from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import type { HandshakeRefusal, SecurityEvent } from '../blocks/records.ts'
import type { SecurityEventType } from '../blocks/security/event-types.ts'
import type { Strictness } from '../ocpp/verdict.ts'
import type { Quirks } from '../ocpp/quirk-profile.ts'
import { type OcppVersion, subprotocols } from '../ocpp/version.ts'
import type { AddressConnections } from './address-connections.ts'
import type { Admission } from './admission.ts'
import type { SocketData } from '../station/station.ts'

/** Where charge points connect: `/ocpp/{identity}`. */
export const ocppPath = '/ocpp'

export interface HandshakeDeps {
  readonly auth: AuthDeps
  /** OCPP version of a lenient charge point that offers no subprotocol; null: no such charge point is accepted. */
  readonly assumedVersion: OcppVersion | null
  /** Why no new connection is accepted: the database does not answer, or the node is stopping. null: they are. */
  readonly closedBecause: () => 'STORE_UNAVAILABLE' | 'SHUTTING_DOWN' | null
  readonly admission: Admission
  readonly attempts: FailedAttempts
  readonly addresses: Pick<AddressConnections, 'isFull'>
  /** Is called with each refusal that names an identity; see `HandshakeRefusals` of the store. */
  readonly noteRefusal: (refusal: HandshakeRefusal) => void
  readonly noteSecurityEvent: (event: SecurityEvent) => void
  readonly quirks: Pick<Quirks, 'note'>
  readonly clock: Clock
  readonly counters: Counters
  readonly log: Logger
}

/** Whether the path is below the OCPP endpoint. Empty segments before `ocpp` are ignored (`//ocpp/CP001`). */
export function isOcppPath(pathname: string): boolean {
  const path = afterEmptySegments(pathname)
  return path === ocppPath || path.startsWith(`${ocppPath}/`)
}

/** The path without its leading empty segments. */
function afterEmptySegments(pathname: string): string {
  let from = 0
  while (pathname[from + 1] === '/') from++
  return from === 0 ? pathname : pathname.slice(from)
}

/**
 * The identity in a URL path: its last segment that is not empty, percent-decoded. (A charge point may append its
 * identity to a URL that already ends with it.)
 *
 * @returns null when there is no identity, it cannot be decoded, has more than 48 characters, or contains a `:` (2.0.1
 *   Part 4 §3.1.1: the identity is the user name of Basic authentication, which may not contain one).
 */
export function identityOf(pathname: string): string | null {
  const segment = afterEmptySegments(pathname)
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

/** The outcome of subprotocol negotiation: the subprotocol as the charge point spelt it, its version, and any quirk. */
export interface Negotiated {
  readonly subprotocol: string | null
  readonly version: OcppVersion | null
  readonly quirk: HandshakeQuirk | null
}

const noneInCommon: Negotiated = { subprotocol: null, version: null, quirk: null }

/**
 * Chooses the first offered subprotocol that Stator knows: a charge point offers them in its order of preference
 * (OCPP-J 1.6 §3.1.2, 2.0.1 and 2.1 Part 4 §3.1.2).
 *
 * A lenient charge point may offer one in another letter case, or with a longer version number (`ocpp2.0.1.1`): it is
 * echoed as it was offered, unless the same version is also offered as it should be. If it offers none, the version is
 * `assumedVersion`.
 */
export function negotiate(
  offered: string | null,
  assumedVersion: OcppVersion | null,
  strictness: Strictness,
): Negotiated {
  const names = (offered ?? '').split(',').flatMap((name) => (name.trim() === '' ? [] : [name.trim()]))
  const isLenient = strictness === 'lenient'
  if (names.length === 0) {
    const isAssumed = isLenient && assumedVersion !== null
    return isAssumed ? { subprotocol: null, version: assumedVersion, quirk: 'subprotocolMissing' } : noneInCommon
  }
  for (const name of names) {
    const [known, version] = subprotocolMeant(name) ?? [null, null]
    if (known === null) continue
    if (names.includes(known)) return { subprotocol: known, version, quirk: null }
    if (isLenient) return { subprotocol: name, version, quirk: 'subprotocolSpelling' }
  }
  return noneInCommon
}

/** The subprotocol that `name` is, or is another spelling of. */
function subprotocolMeant(name: string): [string, OcppVersion] | undefined {
  return Object.entries(subprotocols).find(([known]) => `${name.toLowerCase()}.`.startsWith(`${known}.`))
}

/** The security event of a refusal; 404 also stands for a path that nobody is at. */
const securityEventOf: Partial<Record<ErrorCode, SecurityEventType>> = {
  UNAUTHORIZED: 'HandshakeUnauthorized',
  FORBIDDEN: 'HandshakeForbidden',
  NOT_FOUND: 'HandshakeUnknown',
}

/** An error code that a handshake is refused with. One that the metrics do not know does not compile. */
type RefusalCode = Extract<ErrorCode, (typeof handshakeRefusals)[number]>

/** What the store says when it takes nothing more. */
const busyCodes = ['LOOKUP_QUEUE_FULL', 'STORE_QUEUE_FULL', 'SHUTTING_DOWN'] as const

interface RefusalDetails {
  readonly headers?: Record<string, string>
  /** More than the client is told. */
  readonly reason?: string
}

/**
 * Upgrades the request for `path`, which came by `channel`, and returns undefined; or returns the response that says
 * why it was refused.
 */
export async function handshake(
  request: Request,
  path: string,
  channel: Channel,
  server: Pick<Server<SocketData>, 'upgrade' | 'timeout'>,
  deps: HandshakeDeps,
): Promise<Response | undefined> {
  const identity = identityOf(path)
  const { remoteAddress } = channel
  /** The stored identity, once the charge point was found; null if there is none of that identity. */
  let stored: string | null | undefined
  const note = (status: number, reason: string): void => {
    if (identity === null || stored === null) return
    const who = { identity: stored ?? identity, isKnown: stored !== undefined }
    deps.noteRefusal({ ...who, atMs: deps.clock.nowMs(), status, reason, remoteAddress })
  }
  const refuse = (code: RefusalCode, message: string, { headers = {}, ...fields }: RefusalDetails = {}): Response => {
    deps.counters.handshakesRefused.count(code)
    const who = identity === null ? {} : { identity }
    const { status } = errorTable[code]
    deps.log.info(
      { ...who, path: shownPath(path), remoteAddress, status, code, reason: message, ...fields },
      'A handshake was refused.',
    )
    const reason = fields.reason ?? message
    note(status, reason)
    const type = securityEventOf[code]
    if (type !== undefined) {
      deps.noteSecurityEvent({ type, identity, remoteAddress, atMs: deps.clock.nowMs(), reason })
    }
    return Response.json(errorFields(code, message), { status, headers })
  }
  const notNow = (code: RefusalCode, message: string): Response =>
    refuse(code, message, { headers: { 'Retry-After': String(retryAfterSeconds) } })
  const tooManyHere = (): Response =>
    notNow('TOO_MANY_CONNECTIONS', 'Too many charge points are connected from this address.')

  if (request.headers.get('upgrade')?.toLowerCase() !== 'websocket') {
    return refuse('UPGRADE_REQUIRED', `${ocppPath} speaks WebSocket only.`, { headers: { Upgrade: 'websocket' } })
  }
  const howToConnect = `Connect to ${ocppPath}/{identity}: at most ${identityCharactersMax} characters, no colon.`
  if (identity === null) return refuse('NOT_FOUND', howToConnect)
  const isNotOpen = 'This node takes no new connections at the moment.'
  const closedBefore = deps.closedBecause()
  if (closedBefore !== null) return notNow(closedBefore, isNotOpen)
  if (deps.addresses.isFull(remoteAddress)) return tooManyHere()
  // Bun's default timeout is ten seconds; a handshake may wait longer for its turn and its admission slot.
  server.timeout(request, (2 * (handshakeWaitMsMax + attemptWaitMsMax + refusalHoldMsMax)) / 1_000)
  const attempt: Attempt = {
    address: remoteAddress,
    identity,
    headers: request.headers,
    hasCertificate: channel.hasCertificate,
  }
  if (!(await deps.attempts.turn(attempt))) {
    return notNow('TOO_MANY_ATTEMPTS', 'Credentials were wrong too often from this address.')
  }
  const releaseSlot = await deps.admission.enter()
  if (releaseSlot === null) return notNow('ADMISSION_QUEUE_FULL', 'Too many charge points connect at once.')
  let isUpgraded = false
  try {
    const closedNow = deps.closedBecause()
    if (closedNow !== null) return notNow(closedNow, isNotOpen)
    const verdict = await authenticateChargePoint({ identity, headers: request.headers, channel }, deps.auth)
    if (verdict.kind === 'unknown') stored = null
    else if ('identity' in verdict) stored = verdict.identity
    switch (verdict.kind) {
      case 'unauthorized':
        // A refusal that is held back keeps no admission slot.
        releaseSlot()
        await deps.attempts.failed(attempt)
        return refuse('UNAUTHORIZED', 'Invalid authentication credentials', {
          // The connection ends as well: A00.FR.407 asks for that where a client certificate is not valid.
          headers: { 'WWW-Authenticate': handshakeChallenge(request.headers, deps.auth), Connection: 'close' },
          reason: verdict.reason,
        })
      case 'unknown':
        return refuse('NOT_FOUND', `Charge point '${identity}' not found`)
      case 'notAllowed':
        return refuse('FORBIDDEN', `Charge point '${identity}' is not in Security.AllowedChargePoints`)
      case 'foreignPage':
        return refuse('FORBIDDEN', 'Web pages of other hosts may not connect (Security.AllowedOrigins)', {
          reason: `a web page of ${request.headers.get('origin') ?? 'another host'}`,
        })
      case 'blocked':
        return refuse('FORBIDDEN', `Charge point '${identity}' is blocked`)
      case 'profileTooLow': {
        const { profile, profileMin } = verdict
        return refuse('FORBIDDEN', profileTooLow(identity, profileMin), {
          reason: `security profile ${profile}, and the lowest that it may use is ${profileMin}`,
        })
      }
      case 'accepted': {
        if (verdict.method !== null) deps.attempts.proven(attempt)
        const { strictness } = verdict
        const isPlain = isPlainPath(path)
        if (strictness === 'strict' && !isPlain) {
          const reason = `the charge point is strict: ${handshakeQuirkTable.pathNotPlain}`
          return refuse('NOT_FOUND', howToConnect, { reason })
        }
        const offered = request.headers.get('sec-websocket-protocol')
        const negotiated = negotiate(offered, deps.assumedVersion, strictness)
        if (negotiated.version === null) {
          const reason = `offered: ${offered ?? 'none'}`
          deps.counters.handshakesRefused.count('NO_COMMON_SUBPROTOCOL')
          deps.log.info({ identity, remoteAddress, reason }, 'There is no common subprotocol.')
          note(101, `There is no common subprotocol; ${reason}`)
        }
        const quirks: readonly (HandshakeQuirk | null)[] = [
          ...verdict.quirks,
          isPlain ? null : 'pathNotPlain',
          negotiated.quirk,
        ]
        for (const quirk of quirks) {
          if (quirk === null) continue
          deps.quirks.note(verdict.key, '', quirk)
          deps.log.info({ identity, quirk }, 'The handshake had a quirk.')
        }
        // Others of this address were upgraded while this one waited.
        if (deps.addresses.isFull(remoteAddress)) return tooManyHere()
        isUpgraded = server.upgrade(request, {
          data: {
            identity: verdict.identity,
            chargePointKey: verdict.key,
            authentication: {
              credential: verdict.credential,
              renewed: verdict.renewed,
              profile: verdict.profile,
              certificate: verdict.certificate,
            },
            version: negotiated.version,
            remoteAddress,
            releaseSlot,
          },
          // Without this header Bun accepts the first subprotocol that was offered, even an unknown one.
          headers: { 'Sec-WebSocket-Protocol': negotiated.subprotocol ?? '' },
        })
        return isUpgraded ? undefined : refuse('BAD_REQUEST', 'The WebSocket handshake is malformed.')
      }
    }
  } catch (error) {
    if (!(error instanceof StatorError)) throw error
    if (error.code === 'TOKEN_KEYS_UNAVAILABLE') return notNow(error.code, error.message)
    const code = busyCodes.find((known) => known === error.code) ?? 'STORE_UNAVAILABLE'
    return notNow(code, 'The database cannot be reached.')
  } finally {
    // After the upgrade, the admission slot is released once the charge point's state has been read.
    if (!isUpgraded) releaseSlot()
  }
}

/** No identity has a colon: what follows one in a path may be a password. */
function shownPath(pathname: string): string {
  return pathname.replaceAll(/(:|%3a)[^/]+/gi, '$1***')
}

function isPlainPath(pathname: string): boolean {
  return pathname.split('/').length === 3 && !pathname.endsWith('/')
}
