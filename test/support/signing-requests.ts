// Certificate signing requests as charge points make them, good and hostile.

import { x509 } from '../../src/auth/x509.ts'

export const p256 = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const
const rsa = { name: 'RSASSA-PKCS1-v1_5', publicExponent: new Uint8Array([1, 0, 1]) } as const

/** Kinds of keys with which requests can be signed. */
export const keyKinds = {
  'P-256': p256,
  'P-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  'P-521': { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
  'RSA-2048': { ...rsa, modulusLength: 2_048, hash: 'SHA-256' },
  'RSA-PSS': { ...rsa, name: 'RSA-PSS', modulusLength: 2_048, hash: 'SHA-256', saltLength: 32 },
  'RSA-1024': { ...rsa, modulusLength: 1_024, hash: 'SHA-256' },
  'RSA-SHA-1': { ...rsa, modulusLength: 2_048, hash: 'SHA-1' },
  'P-256-SHA-1': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-1' },
} as const

type Subject = ConstructorParameters<typeof x509.Name>[0]

/** A request in PEM. */
export async function signingRequest(
  subject: Subject,
  kind: keyof typeof keyKinds = 'P-256',
  extensions: x509.Extension[] = [],
): Promise<string> {
  const algorithm = keyKinds[kind]
  const keys = (await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as CryptoKeyPair
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: algorithm,
    extensions,
  })
  return request.toString('pem')
}

/** The bytes of a request, and back. */
export function derOf(pem: string): Buffer {
  return Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')
}

export function pemOf(der: Uint8Array, label = 'CERTIFICATE REQUEST'): string {
  const lines = Buffer.from(der)
    .toString('base64')
    .replaceAll(/.{64}(?=.)/g, '$&\n')
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----`
}

/** Requests of `identity` from which no certificate may be made, by what is wrong with them. */
export async function hostileRequests(identity: string): Promise<readonly (readonly [what: string, csr: string])[]> {
  const good = await signingRequest([{ CN: [identity] }])
  const der = derOf(good)
  const flipped = Buffer.from(der)
  // The last byte belongs to the signature, the key stands before it.
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  const otherKey = derOf(await signingRequest([{ CN: [identity] }]))
  const swapped = Buffer.from(der)
  otherKey.copy(swapped, swapped.length - 40, otherKey.length - 40)
  const deep = Buffer.concat([Buffer.alloc(2_000, Buffer.from([0x30, 0x80])), Buffer.alloc(2_000)])
  return [
    ['no PEM', 'csr'],
    ['nothing', ''],
    ['a PEM without content', '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----'],
    [
      'the example of a client library',
      '-----BEGIN CERTIFICATE REQUEST-----\\nMIIB\\n-----END CERTIFICATE REQUEST-----',
    ],
    ['cut in the middle', pemOf(der.subarray(0, der.length / 2))],
    ['cut by a byte', pemOf(der.subarray(0, -1))],
    ['a PEM without its end', good.slice(0, -30)],
    ['two requests', `${good}\n${good}`],
    ['a certificate instead', pemOf(der, 'CERTIFICATE')],
    ['a private key instead', pemOf(der, 'PRIVATE KEY')],
    ['a signature with a wrong bit', pemOf(flipped)],
    ['the signature of another key', pemOf(swapped)],
    ['bytes of any kind', pemOf(Buffer.alloc(3_000, 0xff))],
    ['thousands of nested sequences', pemOf(deep)],
    ['as long as the schema allows', `${'A'.repeat(5_400)}`],
    ['an RSA key of 1,024 bits', await signingRequest([{ CN: [identity] }], 'RSA-1024')],
    ['RSA with SHA-1', await signingRequest([{ CN: [identity] }], 'RSA-SHA-1')],
    ['ECDSA with SHA-1', await signingRequest([{ CN: [identity] }], 'P-256-SHA-1')],
    ['another CN', await signingRequest([{ CN: [`${identity}1`] }])],
    ['two CNs', await signingRequest([{ CN: [identity] }, { CN: ['CP-OTHER'] }])],
    ['two CNs in one part of the name', await signingRequest([{ CN: [identity, 'CP-OTHER'] }])],
    ['no CN', await signingRequest([{ O: ['Operator'] }])],
    ['a CN with NUL', await signingRequest([{ CN: [`${identity}\0.example.com`] }])],
    ['a CN in look-alike letters', await signingRequest([{ CN: [identity.replace('C', 'С')] }])],
    ['a CN with an invisible character', await signingRequest([{ CN: [`\u202e${identity}`] }])],
  ]
}
