// Keys and certificates of a charging station: requested from Stator, or made by an authority of the operator.

import { createPublicKey, X509Certificate } from 'node:crypto'
import { x509 } from '../../../src/auth/x509.ts'
import { make, type Made, type Wanted } from '../../support/made-certificates.ts'
import { p256, pemOf } from '../../support/signing-requests.ts'
import { adminApiKey } from '../../support/stator.ts'
import { Matcher } from './match.ts'
import type { Play } from './play.ts'

/** All in PEM. */
export interface OwnKey {
  readonly csr: string
  readonly key: string
  readonly publicKey: string
}

/** A new key, and a request for a certificate in this name. */
export async function newKey(commonName: string): Promise<OwnKey> {
  const keys = await crypto.subtle.generateKey(p256, true, ['sign', 'verify'])
  const name = [{ CN: [commonName] }, { O: ['Stator'] }]
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: p256 })
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

/** A client certificate that an authority of the operator has signed; `change` makes it another one. */
export function clientCertificate(play: Play, change: (root: Made) => Partial<Wanted> = () => ({})) {
  return play.own('a client certificate', async () => {
    const { root } = await play.central('tls')
    const { certificate: cert, key } = make({ subject: play.identity, issuer: root, ...change(root) })
    return { cert, key }
  })
}

/** The certificate of Stator's own authority, as PEM. */
export function authorityOf(play: Play): Promise<string> {
  return play.own('the certificate authority', async () => {
    const { stator } = await play.central('tls')
    const headers = { 'X-API-Key': adminApiKey }
    const tls = { rejectUnauthorized: false }
    return (await fetch(`${stator.url}/api/certificate-authority`, { headers, tls })).text()
  })
}
