// Authenticates REST requests, and says what their sender may do.

import { timingSafeEqual } from 'node:crypto'
import { StatorError } from '../base/errors.ts'
import type { CredentialRecord } from '../blocks/records.ts'
import type { AuthenticationMethod } from '../base/config.ts'
import type { ChargePointPrincipal, OperatorPrincipal, Principal } from '../operators/principal.ts'
import { chargePointPermissions } from '../operators/roles.ts'
import type { AuthDeps } from './auth-deps.ts'
import type { Channel } from './authenticator.ts'
import { isAllowed } from './charge-point-auth.ts'
import { provePassword } from './password-forms.ts'
import { basicCredentials, bearerToken, keyCredentials } from './presented.ts'
import type { BasicCredentials } from './presented.ts'
import { profileOf, profileTooLow } from './security-profile.ts'

/** How a request came. */
export type RestChannel = Pick<Channel, 'isEncrypted' | 'remoteAddress'>

/**
 * The principal of a request with these headers; null if the credentials are missing or wrong, a reason (for
 * the security events) if a bearer token is worthless, or an API key of an operator has expired or is revoked.
 *
 * X-API-Key alone authenticates an operator. With X-Charge-Point-Id the principal is that charge point, even if the key
 * is an operator's: least privilege. It may do what both of them may, and the operator must be one for this charge
 * point. `Security.RequireAuthentication` = false applies to the OCPP endpoint only; REST
 * requests always need credentials.
 *
 * A bearer token is an operator's or a charge point's, as its claims say.
 *
 * @throws {StatorError} `FORBIDDEN` if the credentials are those of a charge point that is blocked, or that must use a
 *   higher security profile than this request has; `TOKEN_KEYS_UNAVAILABLE`; errors of the store, such as
 *   `STORE_UNAVAILABLE`.
 */
export async function authenticateRequest(
  headers: Headers,
  channel: RestChannel,
  deps: AuthDeps,
): Promise<Principal | string | null> {
  const byKey = await principalByKey(headers, channel, deps)
  if (byKey !== null && typeof byKey !== 'string') return byKey
  const basic = basicCredentials(headers)
  if (basic !== null) return (await chargePointByPassword(basic, channel, deps)) ?? byKey
  const token = bearerToken(headers)
  return token === null ? byKey : ((await byToken(token, channel, deps)) ?? byKey)
}

/** The same, by what the database says of operators now: nothing is remembered. */
export function authenticateNow(headers: Headers, channel: RestChannel, deps: AuthDeps) {
  return authenticateRequest(headers, channel, { ...deps, operators: deps.operatorsNow })
}

/** Whether a request with these headers has the bearer token `Security.MetricsToken`, which opens GET /metrics only. */
export function isScraper(headers: Headers, { metricsTokenDigest, credentials }: AuthDeps): boolean {
  const token = bearerToken(headers)
  return token !== null && metricsTokenDigest !== null && timingSafeEqual(credentials.digest(token), metricsTokenDigest)
}

async function principalByKey(
  headers: Headers,
  channel: RestChannel,
  deps: AuthDeps,
): Promise<Principal | string | null> {
  const key = keyCredentials(headers)
  if (key === null) return null
  const { apiKey, chargePointId } = key
  return chargePointId === null
    ? deps.operators.byKey(apiKey, channel.remoteAddress)
    : chargePointByKey(apiKey, chargePointId, channel, deps)
}

async function chargePointByKey(
  apiKey: string,
  identity: string,
  channel: RestChannel,
  deps: AuthDeps,
): Promise<Principal | string | null> {
  const { credentials, operators, security, store } = deps
  if (!security.authenticationMethods.includes('ApiKey') || !isAllowed(identity, security.allowedChargePoints))
    return null
  const record = await store.lookup(identity)
  if (record === null) return null
  if (credentials.matches(apiKey, record.apiKeyHash)) return itself(record, 'ApiKey', channel)
  const operator = await operators.byKey(apiKey, channel.remoteAddress)
  if (operator === null || typeof operator === 'string') return operator
  return isFor(operator, record) ? actingAs(record, operator) : null
}

/** Whether a charge point is in the scope of an operator. */
function isFor({ scope }: OperatorPrincipal, { key, groupKey }: CredentialRecord): boolean {
  if (scope === 'all') return true
  if ('chargePointKey' in scope) return scope.chargePointKey === key
  return groupKey !== null && scope.groups.includes(groupKey)
}

function actingAs(record: CredentialRecord, { name, permissions }: OperatorPrincipal): ChargePointPrincipal {
  const ofBoth = chargePointPermissions.intersection(permissions)
  return { ...chargePointPrincipal(record), permissions: ofBoth, operator: name }
}

async function chargePointByPassword(
  basic: BasicCredentials,
  channel: RestChannel,
  deps: AuthDeps,
): Promise<Principal | null> {
  const { credentials, security, store } = deps
  const identity = basic.userName
  if (!security.authenticationMethods.includes('Basic') || !isAllowed(identity, security.allowedChargePoints))
    return null
  const record = await store.lookup(identity)
  if (record === null || provePassword(basic.password, record, credentials) === null) return null
  return itself(record, 'Basic', channel)
}

async function byToken(
  token: string,
  channel: RestChannel,
  { tokens, operators, security, store }: AuthDeps,
): Promise<Principal | string | null> {
  const owner = tokens === null ? null : await tokens.ownerOf(token)
  if (owner === null || typeof owner === 'string') return owner
  if (owner.kind === 'operator') return operators.byToken(owner)
  const { identity } = owner
  if (!security.authenticationMethods.includes('Jwt') || !isAllowed(identity, security.allowedChargePoints)) return null
  const record = await store.lookup(identity)
  if (record?.identity !== identity) return 'the token is that of an unknown charge point'
  return itself(record, 'Jwt', channel)
}

/**
 * The charge point that has proven who it is by `method`.
 *
 * @throws {StatorError} `FORBIDDEN` if its right credentials open nothing: see `authenticateRequest`.
 */
function itself(record: CredentialRecord, method: AuthenticationMethod, channel: RestChannel): Principal {
  const { identity, isBlocked, profileMin } = record
  if (isBlocked) throw new StatorError('FORBIDDEN', `Charge point '${identity}' is blocked`)
  if (profileOf(method, channel) < profileMin) throw new StatorError('FORBIDDEN', profileTooLow(identity, profileMin))
  return chargePointPrincipal(record)
}

function chargePointPrincipal({ identity, key }: CredentialRecord): ChargePointPrincipal {
  return { kind: 'chargePoint', identity, key, permissions: chargePointPermissions, scope: { chargePointKey: key } }
}
