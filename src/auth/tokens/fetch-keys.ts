// Reads the public keys of an issuer over HTTP: its key set (JWKS), which OpenID Connect Discovery finds.

import { boundedFetch, shownUrl } from '../../base/bounded-fetch.ts'
import { urlProblem } from '../../base/jwt-settings.ts'
import { tokenKeysBytesMax, tokenKeysFetchMsMax } from '../../base/limits.ts'

/**
 * The key set of `issuer`, as it is: from the `jwks_uri` of its `/.well-known/openid-configuration`.
 *
 * @throws {Error} a sentence about what is wrong.
 */
export async function fetchIssuerKeys(issuer: string, signal: AbortSignal): Promise<unknown> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`
  const configuration = await fetchJson(url, signal)
  const named = member(configuration, 'issuer')
  // An answer of another issuer may have been put there by that one (OpenID Connect Discovery §4.3).
  if (named !== issuer)
    throw new Error(`${shownUrl(url)} is about another issuer: expected ${issuer}, spelt exactly so`)
  const keysUrl = member(configuration, 'jwks_uri')
  if (typeof keysUrl !== 'string') throw new Error(`${shownUrl(url)} has no jwks_uri`)
  const problem = urlProblem(keysUrl)
  if (problem !== null) throw new Error(`the jwks_uri of ${shownUrl(url)} cannot be used: ${problem}`)
  return fetchKeySet(keysUrl, signal)
}

/**
 * The key set at `url`, as it is.
 *
 * @throws {Error} a sentence about what is wrong.
 */
export function fetchKeySet(url: string, signal: AbortSignal): Promise<unknown> {
  return fetchJson(url, signal)
}

async function fetchJson(url: string, stopped: AbortSignal): Promise<unknown> {
  const signal = AbortSignal.any([stopped, AbortSignal.timeout(tokenKeysFetchMsMax)])
  const { status, body } = await boundedFetch(
    url,
    { headers: { Accept: 'application/json' } },
    tokenKeysBytesMax,
    signal,
  )
  if (status !== 200) throw new Error(`${shownUrl(url)} answers with status ${status}`)
  try {
    return JSON.parse(body.toString('utf8'))
  } catch {
    throw new Error(`the answer of ${shownUrl(url)} is not JSON`)
  }
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
