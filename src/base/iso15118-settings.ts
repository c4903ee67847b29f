// The settings of ISO 15118 (`Security.Iso15118`): whom contract certificates and the status of certificates are
// verified by, and who issues contract certificates.

import { urlProblem } from './jwt-settings.ts'
import type { SettingsDocument } from './settings-schema.ts'
import { type FoundSettings, from, invalid, shown } from './settings-sources.ts'

export interface Iso15118Settings {
  /** PEM; null: nothing can be verified. */
  readonly rootsPath: string | null
  /** Hosts that may be asked for the status of a certificate: in small letters, with a port if it is unusual. */
  readonly responders: readonly string[]
  /** How long an answer is remembered at most, and how many are. */
  readonly cacheMs: number
  readonly cacheEntriesMax: number
  readonly timeoutMs: number
  /** Who issues contract certificates; null: nobody. */
  readonly provider: { readonly url: string; readonly token: string | null } | null
}

/** @throws {StatorError} `SETTING_INVALID` if they contradict each other. */
export function iso15118Settings(security: SettingsDocument['Security'], found: FoundSettings): Iso15118Settings {
  const { Roots, OcspResponders, OcspCacheMinutes, OcspCacheEntries, Timeout, Provider, ProviderToken } =
    security.Iso15118
  const [responders, provider] = ['Security.Iso15118.OcspResponders', 'Security.Iso15118.Provider']
  if (OcspResponders.length > 0 && Roots === '') {
    const expected = 'expected Security.Iso15118.Roots with it, which says whose answers count'
    throw invalid(`${responders} is set${from(responders, found)}: ${expected}.`)
  }
  if (Provider === '' && ProviderToken !== '') {
    const token = 'Security.Iso15118.ProviderToken'
    throw invalid(`${token} is set${from(token, found)} while ${provider} is empty: expected both or neither.`)
  }
  const problem = Provider === '' ? null : urlProblem(Provider)
  if (problem !== null) throw invalid(`${provider} is ${shown(Provider)}${from(provider, found)}: ${problem}.`)
  return {
    rootsPath: Roots || null,
    responders: OcspResponders.map((host) => host.toLowerCase()),
    cacheMs: OcspCacheMinutes * 60_000,
    cacheEntriesMax: OcspCacheEntries,
    timeoutMs: Timeout * 1_000,
    provider: Provider === '' ? null : { url: Provider, token: ProviderToken || null },
  }
}
