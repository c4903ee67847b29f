// Reads the public keys of an issuer over HTTP: its key set (JWKS), which OpenID Connect Discovery finds.

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
  if (named !== issuer) throw new Error(`${url} is about another issuer: expected ${issuer}, spelt exactly so`)
  const keysUrl = member(configuration, 'jwks_uri')
  if (typeof keysUrl !== 'string') throw new Error(`${url} has no jwks_uri`)
  const problem = urlProblem(keysUrl)
  if (problem !== null) throw new Error(`the jwks_uri of ${url} cannot be used: ${problem}`)
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
  const response = await answerOf(url, signal)
  if (response.status !== 200) {
    await response.body?.cancel()
    throw new Error(`${url} answers with status ${response.status}`)
  }
  const text = await textOf(url, response)
  try {
    return JSON.parse(text)
  } catch {
    throw new Error(`the answer of ${url} is not JSON`)
  }
}

/** Redirects are not followed: they would lead to a host that nobody has checked. */
async function answerOf(url: string, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { redirect: 'manual', headers: { Accept: 'application/json' }, signal })
  } catch (error) {
    throw new Error(`${url} does not answer (${error instanceof Error ? error.message : String(error)})`)
  }
}

async function textOf(url: string, response: Response): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    if (bytes > tokenKeysBytesMax) throw new Error(`the answer of ${url} has more than ${tokenKeysBytesMax} bytes`)
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}

function member(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
}
