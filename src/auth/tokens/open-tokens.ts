// Opens what checks bearer tokens, by the settings of `Security.Jwt`.

import type { Clock } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import type { JwtSettings } from '../../base/jwt-settings.ts'
import type { Logger } from '../../base/log.ts'
import { fetchIssuerKeys, fetchKeySet } from './fetch-keys.ts'
import { readKeyFile } from './key-file.ts'
import { keySetOf } from './key-set.ts'
import { TokenKeys } from './token-keys.ts'
import { TokenVerifier } from './token-verifier.ts'

/** Checks bearer tokens, until it is stopped. */
export interface OpenTokens {
  readonly verifier: TokenVerifier
  /** Whether the keys could be read when they were last asked for. */
  areKeysAvailable(): boolean
  stop(): Promise<void>
}

/**
 * Starts to read the keys of `settings`. Keys in a file must be readable now; an issuer may be away.
 *
 * @throws {StatorError} `SETTING_INVALID` if the file has no usable keys.
 */
export async function openTokens(
  settings: JwtSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): Promise<OpenTokens> {
  const { keys: source, algorithms } = settings
  const setting = settingOf[source.kind]
  const read = async (signal: AbortSignal) => keySetOf(await readFrom(settings, signal), algorithms)
  const ofFile = source.kind === 'file' ? await read(new AbortController().signal).catch(refusal(source.path)) : null
  const keys = new TokenKeys({ read, setting, clock, log }, ofFile)
  keys.start()
  return {
    verifier: new TokenVerifier(settings, keys, clock),
    areKeysAvailable: () => keys.areAvailable,
    stop: () => keys.stop(),
  }
}

const settingOf = {
  discovery: 'Security.Jwt.Issuer',
  url: 'Security.Jwt.JwksUrl',
  file: 'Security.Jwt.KeyFile',
} as const

function readFrom({ keys, issuer }: JwtSettings, signal: AbortSignal): Promise<unknown> {
  switch (keys.kind) {
    case 'discovery':
      return fetchIssuerKeys(issuer, signal)
    case 'url':
      return fetchKeySet(keys.url, signal)
    case 'file':
      return readKeyFile(keys.path)
  }
}

function refusal(path: string): (error: unknown) => never {
  return (error) => {
    const reason = error instanceof Error ? error.message : String(error)
    const expected = 'expected the path of a file with public keys, a JWKS or PEM'
    throw new StatorError(
      'SETTING_INVALID',
      `Security.Jwt.KeyFile is "${path}": ${expected} (${reason}).`,
      undefined,
      error,
    )
  }
}
