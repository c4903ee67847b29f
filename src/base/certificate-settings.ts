// The settings of the certificates that Stator signs for charge points (`Security.CertificateAuthority`).

import type { SettingsDocument } from './settings-schema.ts'
import { from, invalid } from './settings-sources.ts'
import type { FoundSettings } from './settings-sources.ts'

/** How certificates of charge points are signed. */
export interface CertificateSettings {
  /** PEM files of the operator's own authority; null: Stator makes one and keeps it in the database. */
  readonly ownAuthority: { readonly certificatePath: string; readonly keyPath: string } | null
  /** Organization in certificates, which requests have to name too; null: they may name any. */
  readonly organization: string | null
  readonly validDays: number
  /** How long before its end a certificate is renewed; 0: never. */
  readonly renewalDays: number
}

const organizationCharactersMax = 64

/**
 * The settings of signed certificates; null if none are signed.
 *
 * @throws {StatorError} `SETTING_INVALID` if they contradict each other.
 */
export function certificateSettings(
  security: SettingsDocument['Security'],
  found: FoundSettings,
): CertificateSettings | null {
  const { CertificateAuthorityPath: certificatePath, CertificateAuthorityKeyPath: keyPath } = security
  const { CertificateOrganization: organization } = security
  if ((certificatePath === '') !== (keyPath === '')) {
    const [set, missing] =
      keyPath === ''
        ? (['CertificateAuthorityPath', 'CertificateAuthorityKeyPath'] as const)
        : (['CertificateAuthorityKeyPath', 'CertificateAuthorityPath'] as const)
    throw invalid(
      `Security.${missing} is empty while Security.${set} is set${from(`Security.${set}`, found)}: expected both or neither.`,
    )
  }
  if (organization.length > organizationCharactersMax) {
    throw invalid(
      `Security.CertificateOrganization${from('Security.CertificateOrganization', found)} has ${organization.length} ` +
        `characters: expected at most ${organizationCharactersMax}, as X.509 allows.`,
    )
  }
  if (security.CertificateAuthority === 'None') {
    const set = (['CertificateAuthorityPath', 'CertificateOrganization'] as const).find((name) => security[name] !== '')
    if (set === undefined) return null
    throw invalid(
      `Security.${set} is set${from(`Security.${set}`, found)} while Security.CertificateAuthority is "None": expected Local with it.`,
    )
  }
  return {
    ownAuthority: certificatePath === '' ? null : { certificatePath, keyPath },
    organization: organization || null,
    validDays: security.CertificateDays,
    renewalDays: security.CertificateRenewalDays,
  }
}
