// RSA certificates for tests, made on the spot without any program beside this one: keys by node:crypto (in pure JavaScript
// they take seconds), certificates and PFX files by node-forge.

import { generateKeyPairSync, randomBytes } from 'node:crypto'
import forge from 'node-forge'

/** A certificate and its key, both PEM. */
export interface KeyedCertificate {
  readonly certificate: string
  /** PKCS#8, without a password. */
  readonly key: string
}

const { asn1, md, pki, pkcs12 } = forge

/** An authority that signs itself, valid for `days`. */
export function makeRoot(commonName: string, days: number): KeyedCertificate {
  return issue(commonName, days, null, [{ name: 'basicConstraints', cA: true, critical: true }])
}

const local = [
  { type: 2, value: 'localhost' },
  { type: 7, ip: '127.0.0.1' },
]

/** A certificate for localhost and 127.0.0.1, or for `altNames`, signed by `root`, valid for `days`. */
export function makeServer(
  commonName: string,
  days: number,
  root: KeyedCertificate,
  altNames: readonly object[] = local,
): KeyedCertificate {
  return issue(commonName, days, root, [{ name: 'subjectAltName', altNames }])
}

/**
 * A PFX file with `certificates` (PEM, that of the key first) and `key`, which may be missing.
 *
 * @param cipher what the key is under; the certificates lie open beside it.
 */
export function makePfx(
  certificates: readonly string[],
  key: string | null,
  password: string,
  cipher: 'aes256' | '3des',
): Uint8Array {
  const content = pkcs12.toPkcs12Asn1(
    key === null ? null : pki.privateKeyFromPem(key),
    certificates.map((certificate) => pki.certificateFromPem(certificate)),
    password,
    { algorithm: cipher },
  )
  return Buffer.from(asn1.toDer(content).getBytes(), 'latin1')
}

function issue(
  commonName: string,
  days: number,
  issuer: KeyedCertificate | null,
  extensions: object[],
): KeyedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const subject = [{ name: 'commonName', value: commonName }]
  const certificate = pki.createCertificate()
  certificate.publicKey = pki.publicKeyFromPem(publicKey)
  // A serial number is positive: its first byte stays below 128.
  certificate.serialNumber = `01${randomBytes(15).toString('hex')}`
  certificate.validity.notBefore = new Date()
  certificate.validity.notAfter = new Date(Date.now() + days * 86_400_000)
  certificate.setSubject(subject)
  certificate.setIssuer(issuer === null ? subject : pki.certificateFromPem(issuer.certificate).subject.attributes)
  certificate.setExtensions(extensions)
  certificate.sign(pki.privateKeyFromPem(issuer?.key ?? privateKey), md.sha256.create())
  // PEM ends its lines with LF here, as openssl and node:crypto write it.
  return { certificate: pki.certificateToPem(certificate).replaceAll('\r', ''), key: privateKey }
}
