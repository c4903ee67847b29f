// Keys and certificates of a charging station: requested from the central system, or made by an authority of the
// operator.

import { createPublicKey, X509Certificate } from 'node:crypto'
import { Matcher } from './match.ts'
import type { Play } from './play.ts'
import { type CertificateWithKey, Skipped, type WantedCertificate } from './site.ts'

const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const dayMs = 86_400_000

/** The library for X.509, and first the polyfill that a package inside of it needs. */
async function library() {
  await import('reflect-metadata')
  return import('@peculiar/x509')
}

function pemOf(der: Uint8Array, label: string): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----`
}

/** The certificate of a new certificate authority, in PEM. */
export async function makeAuthority(name: string): Promise<string> {
  const { BasicConstraintsExtension, KeyUsageFlags, KeyUsagesExtension, X509CertificateGenerator } = await library()
  const nowMs = Date.now()
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [name] }],
    notBefore: new Date(nowMs - dayMs),
    notAfter: new Date(nowMs + 365 * dayMs),
    keys: await crypto.subtle.generateKey(p256, true, ['sign', 'verify']),
    signingAlgorithm: p256,
    extensions: [
      new BasicConstraintsExtension(true, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign, true),
    ],
  })
  return certificate.toString('pem')
}

/** All in PEM. */
export interface OwnKey {
  readonly csr: string
  readonly key: string
  readonly publicKey: string
}

/** A new key, and a request for a certificate in this name. */
export async function newKey(commonName: string): Promise<OwnKey> {
  const { Pkcs10CertificateRequestGenerator } = await library()
  const keys = await crypto.subtle.generateKey(p256, true, ['sign', 'verify'])
  const name = [{ CN: [commonName] }, { O: ['Stator'] }]
  const request = await Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: p256 })
  const exported = async (format: 'pkcs8' | 'spki', key: CryptoKey, label: string): Promise<string> =>
    pemOf(new Uint8Array(await crypto.subtle.exportKey(format, key)), label)
  return {
    csr: request.toString('pem'),
    key: await exported('pkcs8', keys.privateKey, 'PRIVATE KEY'),
    publicKey: await exported('spki', keys.publicKey, 'PUBLIC KEY'),
  }
}

const pemOfCertificate = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g

/** A chain in PEM: the certificate of this key in this name, signed by the authority, and nothing around it. */
export function chainFor({ publicKey }: OwnKey, commonName: string, authority: string): Matcher {
  return new Matcher(`a certificate of ${commonName} for its key, and its authority`, (value) => {
    if (typeof value !== 'string') return false
    const texts = value.match(pemOfCertificate) ?? []
    if (texts.length < 2 || texts.join('\n') !== value.trim()) return false
    const [own, issuer] = texts.map((text) => new X509Certificate(text))
    const root = new X509Certificate(authority)
    return (
      own !== undefined &&
      own.subject.split('\n').includes(`CN=${commonName}`) &&
      own.publicKey.equals(createPublicKey(publicKey)) &&
      own.verify(root.publicKey) &&
      issuer?.fingerprint256 === root.fingerprint256
    )
  })
}

/** A client certificate that an authority of the operator has signed, unless `change` makes it another one. */
export function clientCertificate(play: Play, change: Partial<WantedCertificate> = {}): Promise<CertificateWithKey> {
  return play.own('a client certificate', async () =>
    (await play.site('tls')).clientCertificate({ commonName: play.identity, ...change }),
  )
}

/** The certificate of the central system's own authority, as PEM. */
export function authorityOf(play: Play): Promise<string> {
  return play.own('the certificate authority', async () => {
    const { rest } = (await play.site('tls')).operator
    if (rest === null) throw new Skipped('It needs the REST API of Stator: give --api-key.')
    return String((await rest({ path: '/api/certificate-authority', method: 'GET' })).body)
  })
}
