// The certificates of a contract, as ISO 15118 has them: a root (MO), an authority below it, and that of the contract.

import { readCertificate } from '../../src/auth/certificates/certificate.ts'
import { hashDataOf } from '../../src/auth/certificate-answers/ocsp.ts'
import { commonName, extensions, type Made, make, makeAuthority, type Wanted } from './made-certificates.ts'

export const contractId = 'DE-8AA-C12345678-0'

/** A root, and an authority that it signed. */
export function makeContractAuthorities(name = 'MO'): { readonly root: Made; readonly authority: Made } {
  const root = makeAuthority(`${name} root`)
  return { root, authority: makeAuthority(`${name} sub-CA`, { issuer: root }) }
}

/** A certificate of the contract `contractId`, whose responder is at `url`. */
export function makeContract(authority: Made, url: string | null, more: Partial<Wanted> = {}): Made {
  const responder = url === null ? [] : [extensions.ocspResponder(url)]
  return make({
    subject: [[commonName, 0x0c, contractId.replaceAll('-', '')]],
    issuer: authority,
    extensions: [extensions.keyUsage(0x80), ...responder],
    ...more,
  })
}

/** A certificate that may answer OCSP for `authority`. */
export function makeDelegate(authority: Made, more: Partial<Wanted> = {}): Made {
  return make({
    subject: 'OCSP responder',
    issuer: authority,
    extensions: [extensions.keyUsage(0x80), extensions.extendedKeyUsage('1.3.6.1.5.5.7.3.9')],
    ...more,
  })
}

/** The hash data of a certificate, as a charge point sends it. */
export function hashDataFor(certificate: Made, issuer: Made) {
  const { issuerNameHash, issuerKeyHash, serialNumber } = hashDataOf(
    readCertificate(certificate.der),
    readCertificate(issuer.der),
  )
  return { hashAlgorithm: 'SHA256' as const, issuerNameHash, issuerKeyHash, serialNumber }
}
