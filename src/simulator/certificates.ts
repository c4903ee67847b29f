// The CA certificates that a simulated charge point has been given. It stores and lists them, and does not check them:
// any text in PEM format is accepted. Hash data are made from the text, so that a certificate is found by the hash data
// that were reported.

import type { Station } from './station.ts'

export interface CertificateHashData {
  hashAlgorithm: 'SHA256' | 'SHA384' | 'SHA512'
  issuerNameHash: string
  issuerKeyHash: string
  serialNumber: string
}

interface Installed<Use extends string> {
  readonly use: Use
  readonly hashData: CertificateHashData
}

function sha256(text: string): string {
  return new Bun.CryptoHasher('sha256').update(text).digest('hex')
}

/** Certificates by their use. */
export class Certificates<Use extends string> {
  #installed: Installed<Use>[] = []

  /** False if `pem` is not a certificate in PEM. */
  install(use: Use, pem: string): boolean {
    if (!looksLikePem(pem)) return false
    const hash = sha256(pem)
    const hashData: CertificateHashData = {
      hashAlgorithm: 'SHA256',
      issuerNameHash: hash,
      issuerKeyHash: sha256(hash),
      serialNumber: hash.slice(0, 16),
    }
    this.#installed = [...this.#installed.filter((other) => other.hashData.issuerNameHash !== hash), { use, hashData }]
    return true
  }

  /** False when no such certificate is installed. */
  delete(hashData: CertificateHashData): boolean {
    const before = this.#installed.length
    this.#installed = this.#installed.filter(
      (other) =>
        other.hashData.serialNumber !== hashData.serialNumber ||
        other.hashData.issuerNameHash !== hashData.issuerNameHash,
    )
    return this.#installed.length < before
  }

  /** Those of the given uses; of every use when none is given. */
  list(uses: readonly string[] = []): readonly Installed<Use>[] {
    return this.#installed.filter(({ use }) => uses.length === 0 || uses.includes(use))
  }
}

/** Whether there is a certificate in PEM format. */
export function looksLikePem(text: string): boolean {
  return /-----BEGIN CERTIFICATE-----[\s\S]+-----END CERTIFICATE-----/.test(text)
}

/** Answers CertificateSigned: a certificate that is new is used once the answer has been sent. */
export function takeCertificate(station: Pick<Station, 'ownCertificate' | 'certificateChanged'>, chain: string) {
  const before = station.ownCertificate.kept
  if (!station.ownCertificate.take(chain)) return { answer: { status: 'Rejected' } } as const
  const isNew = station.ownCertificate.kept !== before
  const afterwards = (): void => station.certificateChanged()
  return { answer: { status: 'Accepted' }, ...(isNew ? { afterwards } : {}) } as const
}
