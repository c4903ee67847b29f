// The certificate authority that signs the certificates of charge points: one that Stator makes and keeps in the
// database, its private key encrypted, or one that the operator brings in PEM files.

import { createPrivateKey, randomBytes, type webcrypto, X509Certificate } from 'node:crypto'
import { type Clock, dayMs } from '../base/clock.ts'
import type { CertificateSettings } from '../base/certificate-settings.ts'
import type { StatorError } from '../base/errors.ts'
import { pemCertificates, readSettingFile, settingFileRefused } from '../base/setting-file.ts'
import { authorityYears, certificateBackdateMs } from '../base/limits.ts'
import type { Encryption } from './encryption.ts'
import { parseSigningRequest } from './signing-request.ts'
import { x509 } from './x509.ts'

/** A certificate that was issued. */
export interface IssuedCertificate {
  /** PEM. */
  readonly certificate: string
  /** In hexadecimal digits. */
  readonly serialNumber: string
  readonly validFromMs: number
  readonly validToMs: number
}

/** An authority as it is stored: its certificate as PEM, and its encrypted private key. */
export interface StoredAuthority {
  readonly certificate: string
  readonly privateKey: string
}

/** Where the authority that Stator makes is kept. */
export interface AuthorityStore {
  /** Null before the first is kept. */
  certificateAuthority(): Promise<StoredAuthority | null>
  /** Keeps `made`, unless there is one already, and returns the one that is kept. */
  keepCertificateAuthority(made: StoredAuthority): Promise<StoredAuthority>
  /** Replaces the encrypted private key, unless another node has replaced `earlier` meanwhile. */
  replaceAuthorityKey(earlier: string, privateKey: string): Promise<void>
}

const keyAlgorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const organizationDefault = 'Stator'
const serialBytes = 16

/**
 * The authority of `settings`: read from the operator's files, or from the store, or made and stored. Of several nodes
 * that make one at the same time, all use the one that was stored first. A private key that was encrypted with an
 * earlier key of `encryption` is encrypted again with the present one.
 *
 * @throws {StatorError} `SETTING_INVALID` if the files are no authority; `ENCRYPTION_KEY_DIFFERS` if the private key
 *   was encrypted with an unknown key.
 */
export async function openAuthority(
  settings: CertificateSettings,
  store: AuthorityStore,
  encryption: Encryption,
  clock: Clock,
): Promise<CertificateAuthority> {
  if (settings.ownAuthority !== null) return ownAuthority(settings, settings.ownAuthority, clock)
  const stored = (await store.certificateAuthority()) ?? (await makeAuthority(settings, store, encryption, clock))
  const key = encryption.decrypt(purpose, stored.privateKey)
  if (!encryption.isOfPresentKey(stored.privateKey)) {
    await store.replaceAuthorityKey(stored.privateKey, encryption.encrypt(purpose, key))
  }
  return new CertificateAuthority(stored.certificate, await signingKeyOf(stored.certificate, key), settings, clock)
}

const purpose = 'certificate-authority'

/** Signs certificates of charge points. */
export class CertificateAuthority {
  /** PEM: the certificate that signs. */
  readonly certificate: string
  /** PEM: the certificate that signs, then those above it. */
  readonly chain: string
  /** Organization that requests have to name; null: any. */
  readonly organization: string | null
  readonly subject: string
  readonly validToMs: number
  readonly #issuer: x509.X509Certificate
  readonly #key: SigningKey
  readonly #validMs: number
  readonly #clock: Clock

  constructor(chain: string, key: SigningKey, settings: CertificateSettings, clock: Clock) {
    this.chain = chain
    this.certificate = `${pemCertificates(chain)[0] ?? ''}\n`
    this.organization = settings.organization
    this.#issuer = new x509.X509Certificate(this.certificate)
    this.subject = this.#issuer.subject
    this.validToMs = this.#issuer.notAfter.getTime()
    this.#key = key
    this.#validMs = settings.validDays * dayMs
    this.#clock = clock
  }

  /**
   * Signs the key of `csr`, which `readSigningRequest` has accepted, for the charge point `identity`. Nothing else of
   * the request gets into the certificate. It is valid from a little earlier, for charge points whose clock is behind.
   */
  async issue(csr: string, identity: string): Promise<IssuedCertificate> {
    const { publicKey } = parseSigningRequest(csr)
    const nowMs = this.#clock.nowMs()
    const validFromMs = wholeSecond(Math.max(nowMs - certificateBackdateMs, this.#issuer.notBefore.getTime()))
    const validToMs = wholeSecond(Math.min(nowMs + this.#validMs, this.validToMs))
    const serialNumber = newSerialNumber()
    const { signingKey, signingAlgorithm } = this.#key
    const issued = await x509.X509CertificateGenerator.create({
      subject: nameOf(identity, this.organization),
      issuer: this.#issuer.subjectName,
      publicKey,
      signingKey,
      signingAlgorithm,
      serialNumber,
      notBefore: new Date(validFromMs),
      notAfter: new Date(validToMs),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
        new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth]),
        await x509.SubjectKeyIdentifierExtension.create(publicKey),
        await x509.AuthorityKeyIdentifierExtension.create(this.#issuer.publicKey),
      ],
    })
    return { certificate: pemOf(issued), serialNumber, validFromMs, validToMs }
  }
}

interface SigningKey {
  readonly signingKey: CryptoKey
  readonly signingAlgorithm: webcrypto.EcdsaParams
}

async function makeAuthority(
  { organization }: CertificateSettings,
  store: AuthorityStore,
  encryption: Encryption,
  clock: Clock,
): Promise<StoredAuthority> {
  const keys = await crypto.subtle.generateKey(keyAlgorithm, true, ['sign', 'verify'])
  const notBefore = new Date(wholeSecond(clock.nowMs() - certificateBackdateMs))
  const notAfter = new Date(notBefore)
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + authorityYears)
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: nameOf(`${organization ?? organizationDefault} charge points`, organization),
    keys,
    signingAlgorithm: keyAlgorithm,
    serialNumber: newSerialNumber(),
    notBefore,
    notAfter,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  const pkcs8 = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' }).export({ type: 'pkcs8', format: 'pem' })
  return store.keepCertificateAuthority({
    certificate: pemOf(root),
    privateKey: encryption.encrypt(purpose, String(key)),
  })
}

async function ownAuthority(
  settings: CertificateSettings,
  { certificatePath, keyPath }: NonNullable<CertificateSettings['ownAuthority']>,
  clock: Clock,
): Promise<CertificateAuthority> {
  const read = async (setting: string, path: string): Promise<string> =>
    String(await readSettingFile(`Security.${setting}`, path))
  const refuse = (setting: string, path: string, expected: string, error?: unknown): StatorError =>
    settingFileRefused(`Security.${setting}`, path, expected, error)
  const blocks = pemCertificates(await read('CertificateAuthorityPath', certificatePath))
  const chain = blocks.map((block) => `${block}\n`).join('')
  const keyText = await read('CertificateAuthorityKeyPath', keyPath)
  let certificate: X509Certificate
  try {
    certificate = new X509Certificate(chain)
  } catch (error) {
    throw refuse('CertificateAuthorityPath', certificatePath, 'expected a PEM file with a certificate', error)
  }
  if (!certificate.ca) {
    throw refuse('CertificateAuthorityPath', certificatePath, 'expected a certificate that may sign others (CA:TRUE)')
  }
  if (certificate.validToDate.getTime() <= clock.nowMs()) {
    const expected = `expected a certificate that is valid; it expired on ${certificate.validTo}`
    throw refuse('CertificateAuthorityPath', certificatePath, expected)
  }
  try {
    if (certificate.checkPrivateKey(createPrivateKey(keyText))) {
      return new CertificateAuthority(chain, await signingKeyOf(chain, keyText), settings, clock)
    }
  } catch (error) {
    const expected = 'expected a PEM file with a private key of ECDSA or RSA, without a password'
    throw refuse('CertificateAuthorityKeyPath', keyPath, expected, error)
  }
  const expected = `expected the private key of the certificate in ${certificatePath}; it is that of another`
  throw refuse('CertificateAuthorityKeyPath', keyPath, expected)
}

async function signingKeyOf(chain: string, key: string): Promise<SigningKey> {
  const algorithm = {
    ...new x509.X509Certificate(pemCertificates(chain)[0] ?? '').publicKey.algorithm,
    hash: 'SHA-256',
  }
  const pkcs8 = new Uint8Array(createPrivateKey(key).export({ type: 'pkcs8', format: 'der' }))
  const signingKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign'])
  return { signingKey, signingAlgorithm: { name: algorithm.name, hash: 'SHA-256' } }
}

/** The library would read plain texts as RFC 4514 has them, where quotes and a leading # mean something. */
function nameOf(commonName: string, organization: string | null): x509.Name {
  return new x509.Name([
    { CN: [{ utf8String: commonName }] },
    { O: [{ utf8String: organization ?? organizationDefault }] },
  ])
}

function pemOf(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`
}

/** 128 bits, of which the first is 0 and the next is 1: a positive number that always has 16 bytes. */
function newSerialNumber(): string {
  const bytes = randomBytes(serialBytes)
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40
  return bytes.toString('hex').toUpperCase()
}

/** Certificates have no fractions of a second. */
function wholeSecond(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000
}
