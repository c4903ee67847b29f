// Settings of the certificates that Stator signs. What stops a start is in config.test.ts.

import { describe, expect, test } from 'bun:test'
import { settingsFrom } from '../../../src/base/config.ts'

describe('certificates of charge points', () => {
  test('are not signed unless the settings say so', () => {
    expect(settingsFrom({}).security.certificates).toBeNull()
  })

  test('are signed by an authority that Stator makes, or by one that the operator brings', () => {
    const signed = { ownAuthority: null, organization: null, validDays: 365, renewalDays: 30 }
    expect(settingsFrom({ Security: { CertificateAuthority: 'Local' } }).security.certificates).toEqual(signed)
    const Security = {
      CertificateAuthority: 'local',
      CertificateAuthorityPath: 'ca.pem',
      CertificateAuthorityKeyPath: 'ca.key',
      CertificateOrganization: 'Operator',
      CertificateDays: 90,
      CertificateRenewalDays: 0,
    }
    expect(settingsFrom({ Security }).security.certificates).toEqual({
      ownAuthority: { certificatePath: 'ca.pem', keyPath: 'ca.key' },
      organization: 'Operator',
      validDays: 90,
      renewalDays: 0,
    })
  })
})
