// The certificate of a simulated charge point for its own connection: it makes a key, requests a certificate of it,
// checks what it is sent, and shows it in its next TLS handshake. A private key never leaves it.

import { createHash, createPrivateKey, X509Certificate } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { pemCertificates } from '../base/setting-file.ts'
import { type Answer, type Call, CallLost, type TlsIdentity } from './connection.ts'

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

/** What it needs of its charge point. */
export interface CertificateLine {
  readonly identity: string
  readonly clock: Clock
  /** Organization in its requests (CpoName); '' for none. */
  organization(): string
  /** The SignCertificate with a request. */
  signCertificate(csr: string): Call
  call(call: Call): Promise<Answer>
  failed(error: Error): void
  /** The certificate that it was delivered with; null: none. */
  readonly first: TlsIdentity | null
}

interface RequestedKey {
  readonly csr: string
  /** Digest of the public key. */
  readonly publicKey: string
  /** The private key, PEM. */
  readonly key: string
}

/** The certificate that a charge point uses, with the certificates above it. */
export interface KeptCertificate {
  readonly chain: readonly X509Certificate[]
  readonly serialNumber: string
}

/** The key pairs and the certificate of one charge point. */
export class OwnCertificate {
  readonly #line: CertificateLine
  #requested: RequestedKey | null = null
  #isAnswered = true
  #kept: KeptCertificate | null = null
  /** The newest certificate with its key, and the one before it, which is the fallback until the newest has worked. */
  #newest: TlsIdentity | null
  #fallback: TlsIdentity | null = null
  /** The one that the next connection shows, once it is chosen. */
  #shown: TlsIdentity | null = null
  #inUse: TlsIdentity | null = null

  constructor(line: CertificateLine) {
    this.#line = line
    this.#newest = line.first
  }

  /** Whether the last connection that opened showed a certificate. */
  get isInUse(): boolean {
    return this.#inUse !== null
  }

  /** The certificate to connect with; null: none. */
  next(): TlsIdentity | null {
    this.#shown ??= this.#newest
    return this.#shown
  }

  /** Connected. A new certificate that was shown has worked (A02.FR.10): the one before it is discarded. */
  worked(): void {
    this.#inUse = this.#shown
    if (this.#inUse !== null && this.#inUse === this.#newest) this.#fallback = null
    // The next connection tries the newest again.
    this.#shown = null
  }

  /** The central system has refused what was shown: the other certificate is tried next, if there is one. */
  refused(): void {
    this.#shown = this.#shown === this.#newest ? this.#fallback : null
  }

  /** The newest one that was valid; null before the first. */
  get kept(): KeptCertificate | null {
    return this.#kept
  }

  /** Makes a new key and requests a certificate of it (A02.FR.02, A02.FR.03). */
  request(): void {
    void this.#make().then(
      (requested) => {
        this.#requested = requested
        this.#isAnswered = false
        return this.#send()
      },
      (error: Error) => this.#line.failed(error),
    )
  }

  /** Connected again: a request without an answer is sent again. */
  resume(): void {
    if (!this.#isAnswered) void this.#send()
  }

  /** Checks a signed certificate (A02.FR.06), and uses it; false: it is not valid, and discarded (A02.FR.07). */
  take(pem: string): boolean {
    const requested = this.#requested
    const chain = chainIn(pem)
    const [own] = chain
    if (requested === null || own === undefined || digestOf(own.publicKey.export(spki)) !== requested.publicKey) {
      return false
    }
    const nowMs = this.#line.clock.nowMs()
    const isValidNow = own.validFromDate.getTime() <= nowMs && nowMs < own.validToDate.getTime()
    const isWhole = chain.every((one, index) => {
      const issuer = chain[index + 1]
      return issuer === undefined || (issuer.ca && one.checkIssued(issuer) && one.verify(issuer.publicKey))
    })
    if (!isValidNow || !isWhole || !own.subject.split('\n').includes(`CN=${this.#line.identity}`)) return false
    // It may be sent once more, if the answer was lost.
    if (this.#kept?.serialNumber === own.serialNumber) return true
    this.#kept = { chain, serialNumber: own.serialNumber }
    this.#fallback ??= this.#newest
    this.#newest = { cert: pem, key: requested.key }
    this.#shown = null
    return true
  }

  async #send(): Promise<void> {
    const requested = this.#requested
    if (requested === null) return
    try {
      const { status } = await this.#line.call(this.#line.signCertificate(requested.csr))
      this.#isAnswered = true
      if (status !== 'Accepted') this.#line.failed(new Error(`SignCertificate was answered with ${String(status)}.`))
    } catch (error) {
      if (!(error instanceof CallLost)) this.#isAnswered = true
      this.#line.failed(error instanceof Error ? error : new Error(String(error)))
    }
  }

  // The library is loaded at the first request: most simulated charge points never make one.
  async #make(): Promise<RequestedKey> {
    await import('reflect-metadata')
    const { Pkcs10CertificateRequestGenerator } = await import('@peculiar/x509')
    const { identity } = this.#line
    const organization = this.#line.organization()
    const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
    const request = await Pkcs10CertificateRequestGenerator.create({
      name: [{ CN: [identity] }, ...(organization === '' ? [] : [{ O: [organization] }])],
      keys,
      signingAlgorithm: keyAlgorithm,
    })
    const publicKey = digestOf(Buffer.from(await crypto.subtle.exportKey('spki', keys.publicKey)))
    const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
    const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })
    return { csr: request.toString('pem'), publicKey, key: String(key.export({ type: 'pkcs8', format: 'pem' })) }
  }
}

const spki = { type: 'spki', format: 'der' } as const

function digestOf(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('base64url')
}

/** The certificates in a PEM text; none if one of them cannot be read. */
function chainIn(pem: string): readonly X509Certificate[] {
  const texts = pemCertificates(pem)
  try {
    return texts.map((text) => new X509Certificate(text))
  } catch {
    return []
  }
}
