// The settings of client certificates, and the combinations of them that would let anybody in, or nobody.

import type { SettingsDocument } from './settings-schema.ts'
import { invalid } from './settings-sources.ts'

export interface ClientCertificateSettings {
  /** Whether authority, period of validity and revocation are checked. */
  readonly isValidated: boolean
  /** PEM; null: none. */
  readonly authorityPath: string | null
  /** Whether no authority says which certificates count, neither one of `authorityPath` nor Stator's own. */
  readonly isByThumbprintsAlone: boolean
  readonly revocationListPaths: readonly string[]
  /** SHA-1 or SHA-256, hex in lower case without colons; empty: no such list. */
  readonly thumbprints: readonly string[]
  /** One of them must be the organization in a certificate; empty: any. */
  readonly organizations: readonly string[]
  /** Header in which a trusted proxy passes a certificate on; null: none. */
  readonly proxyHeader: string | null
}

/**
 * The settings of client certificates; null if they are not asked for.
 *
 * @param from where a setting came from, as ` (appsettings.json)`.
 * @throws {StatorError} `SETTING_INVALID` for a combination that cannot work or would not be safe.
 */
export function clientCertificateSettings(
  { OCPP: ocpp, Security: security }: SettingsDocument,
  from: (dotted: string) => string,
): ClientCertificateSettings | null {
  const { AuthenticationMethod: methods, AllowedCertificateThumbprints: thumbprints } = security
  const { ClientCertificateAuthority: authority, ClientCertificateRevocationList: lists } = security
  const hasAuthority = authority !== '' || security.CertificateAuthority !== 'None'
  const refuse = (setting: string, is: string, expected: string): Error =>
    invalid(`Security.${setting} ${is}${from(`Security.${setting}`)}: expected ${expected}.`)

  if (lists.length > 0 && authority === '') {
    throw refuse('ClientCertificateRevocationList', 'is set', 'Security.ClientCertificateAuthority, which signs it')
  }
  if (security.ProxyCertificateHeader !== '' && security.TrustedProxies.length === 0) {
    throw refuse('ProxyCertificateHeader', 'is set', 'the addresses of the proxies in Security.TrustedProxies')
  }
  if (lists.length > 0 && !security.ValidateClientCertificate) {
    throw refuse('ClientCertificateRevocationList', 'is set', 'Security.ValidateClientCertificate to be true with it')
  }
  const asking = askingSetting(security)
  const given = givenSetting(security)
  if (asking === null && given === null && security.ProxyCertificateHeader !== '') {
    throw refuse('ProxyCertificateHeader', 'is set', 'ClientCertificate in Security.AuthenticationMethod with it')
  }
  if (asking === null && given === null) return null
  if (asking === null && !methods.includes('Any')) {
    throw refuse(
      'AuthenticationMethod',
      `has no ClientCertificate while Security.${given} is set`,
      'ClientCertificate or Any in it',
    )
  }
  const [setting, is] = asking ?? [given ?? '', 'is set']
  if (!ocpp.EnableSSL && security.TrustedProxies.length === 0) {
    throw refuse(setting, is, 'TLS (OCPP.EnableSSL), or a proxy that ends it (Security.TrustedProxies)')
  }
  if (!ocpp.EnableSSL && security.ProxyCertificateHeader === '') {
    throw refuse(setting, is, 'Security.ProxyCertificateHeader, in which the proxy passes certificates on')
  }
  if (!hasAuthority && thumbprints.length === 0) {
    throw refuse(
      setting,
      is,
      'Security.ClientCertificateAuthority, Security.CertificateAuthority = Local or ' +
        'Security.AllowedCertificateThumbprints, which say whose certificates count',
    )
  }
  if (!security.ValidateClientCertificate && thumbprints.length === 0) {
    throw refuse(
      'ValidateClientCertificate',
      'is false',
      'Security.AllowedCertificateThumbprints with it, since any self-made certificate would do otherwise',
    )
  }
  if (security.RequireClientCertificate && !security.RequireAuthentication) {
    throw refuse(
      'RequireClientCertificate',
      'is true while Security.RequireAuthentication is false',
      'one or the other',
    )
  }
  return {
    isValidated: security.ValidateClientCertificate,
    authorityPath: authority || null,
    isByThumbprintsAlone: !hasAuthority,
    revocationListPaths: lists,
    thumbprints: thumbprints.map((text) => text.replaceAll(':', '').toLowerCase()),
    organizations: security.ClientCertificateOrganizations,
    proxyHeader: security.ProxyCertificateHeader || null,
  }
}

/** The setting that asks for certificates explicitly, and how it does. */
function askingSetting(security: SettingsDocument['Security']): readonly [setting: string, is: string] | null {
  if (security.RequireClientCertificate) return ['RequireClientCertificate', 'is true']
  return security.AuthenticationMethod.includes('ClientCertificate')
    ? ['AuthenticationMethod', 'has "ClientCertificate"']
    : null
}

/** The setting that says which certificates count. */
function givenSetting(security: SettingsDocument['Security']): string | null {
  if (security.ClientCertificateAuthority !== '') return 'ClientCertificateAuthority'
  return security.AllowedCertificateThumbprints.length > 0 ? 'AllowedCertificateThumbprints' : null
}
