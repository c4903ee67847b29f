// Certificates and revocation lists for tests, right ones and wrong ones: every byte can be chosen. Signed by node:crypto.

import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from 'node:crypto'
import type { KeyObject } from 'node:crypto'

function tlv(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents)
  if (content.length < 128) return Buffer.concat([Buffer.from([tag, content.length]), content])
  const size = [24, 16, 8, 0].map((shift) => (content.length >>> shift) & 255)
  const used = size.slice(size.findIndex((byte) => byte > 0))
  return Buffer.concat([Buffer.from([tag, 0x80 + used.length, ...used]), content])
}

const sequence = (...contents: readonly Uint8Array[]): Buffer => tlv(0x30, ...contents)
const integer = (bytes: Uint8Array): Buffer => tlv(2, bytes)
const small = (value: number): Buffer => integer(Uint8Array.of(value))

function identifier(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second, ...rest].flatMap((arc) => {
    const septets = [arc & 127]
    for (let left = arc >> 7; left > 0; left >>= 7) septets.unshift((left & 127) | 128)
    return septets
  })
  return tlv(6, Uint8Array.from(bytes))
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replaceAll(/[-:T]|\.\d+/g, '')
  return tlv(0x18, Buffer.from(digits))
}

/** One attribute of a subject: object identifier, tag of the text, and its bytes. */
export type Attribute = readonly [type: string, tag: number, text: string | Uint8Array]

const organization = '2.5.4.10'
/** Object identifier of commonName. */
export const commonName = '2.5.4.3'

function nameOf(attributes: readonly Attribute[]): Buffer {
  return sequence(
    ...attributes.map(([type, tag, text]) => tlv(0x31, sequence(identifier(type), tlv(tag, Buffer.from(text))))),
  )
}

/** An extension: object identifier, whether it is critical, and its content. */
export type Extension = readonly [id: string, isCritical: boolean, content: Uint8Array]

/** Extensions that tests use. */
export const extensions = {
  authority: (pathLengthMax?: number): Extension => [
    '2.5.29.19',
    true,
    sequence(tlv(1, Uint8Array.of(255)), ...(pathLengthMax === undefined ? [] : [small(pathLengthMax)])),
  ],
  /** The bits of its first byte: 0x80 digitalSignature, 0x04 keyCertSign, 0x02 cRLSign. */
  keyUsage: (bits: number): Extension => ['2.5.29.15', true, tlv(3, Uint8Array.of(0, bits))],
  extendedKeyUsage: (...ids: readonly string[]): Extension => ['2.5.29.37', false, sequence(...ids.map(identifier))],
  /** dNSName is 0x82, URI 0x86. */
  altName: (tag: number, text: string): Extension => ['2.5.29.17', false, sequence(tlv(tag, Buffer.from(text)))],
  otherName: (text: string): Extension => [
    '2.5.29.17',
    false,
    sequence(tlv(0xa0, identifier('1.3.6.1.4.1.311.20.2.3'), tlv(0xa0, tlv(0x0c, Buffer.from(text))))),
  ],
  /** Authority Information Access with an OCSP responder. */
  ocspResponder: (url: string): Extension => [
    '1.3.6.1.5.5.7.1.1',
    false,
    sequence(sequence(identifier('1.3.6.1.5.5.7.48.1'), tlv(0x86, Buffer.from(url)))),
  ],
  nameConstraints: (): Extension => ['2.5.29.30', true, sequence()],
} as const

export interface Made {
  readonly der: Buffer
  /** PEM. */
  readonly certificate: string
  /** PEM, PKCS#8. */
  readonly key: string
  readonly serial: Buffer
  readonly privateKey: KeyObject
  readonly name: Buffer
}

export interface Wanted {
  /** commonName, or all attributes. */
  readonly subject: string | readonly Attribute[]
  /** Null: it signs itself. */
  readonly issuer?: Made | null
  readonly kind?: 'ec' | 'rsa' | 'rsa1024'
  readonly fromMs?: number
  readonly toMs?: number
  readonly extensions?: readonly Extension[]
  readonly hash?: 'sha256' | 'sha1'
  /** Has the key of this one; null: a key of its own. */
  readonly keyOf?: Made | null
}

const dayMs = 86_400_000

function keyPairOf(kind: 'ec' | 'rsa' | 'rsa1024') {
  return kind === 'ec'
    ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
    : generateKeyPairSync('rsa', { modulusLength: kind === 'rsa' ? 2_048 : 1_024 })
}

function signed(content: Buffer, key: KeyObject, hash: 'sha256' | 'sha1'): Buffer {
  return sequence(content, algorithmOf(key, hash), tlv(3, Uint8Array.of(0), sign(hash, content, key)))
}

function algorithmOf(key: KeyObject, hash: 'sha256' | 'sha1'): Buffer {
  if (key.asymmetricKeyType === 'ec') return sequence(identifier(`1.2.840.10045.4.${hash === 'sha1' ? '1' : '3.2'}`))
  return sequence(identifier(`1.2.840.113549.1.1.${hash === 'sha1' ? '5' : '11'}`), tlv(5))
}

function pem(label: string, der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/** A certificate as it is wanted; a right one for a client unless said otherwise. */
export function make(wanted: Wanted): Made {
  const { subject, issuer = null, kind = 'ec', hash = 'sha256', keyOf = null } = wanted
  const { fromMs = Date.now() - dayMs, toMs = Date.now() + dayMs, extensions: list = [] } = wanted
  const { publicKey, privateKey } =
    keyOf === null ? keyPairOf(kind) : { publicKey: createPublicKey(keyOf.privateKey), privateKey: keyOf.privateKey }
  const attributes: readonly Attribute[] =
    typeof subject === 'string'
      ? [
          [organization, 0x0c, 'Operator'],
          [commonName, 0x0c, subject],
        ]
      : subject
  const name = nameOf(attributes)
  const signer = issuer?.privateKey ?? privateKey
  // A serial number is positive: its first byte stays below 128, and is not zero.
  const serial = Buffer.concat([Uint8Array.of(0x5a), randomBytes(8)])
  const content = sequence(
    tlv(0xa0, small(2)),
    integer(serial),
    algorithmOf(signer, hash),
    issuer?.name ?? name,
    sequence(time(fromMs), time(toMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    ...(list.length === 0 ? [] : [tlv(0xa3, sequence(...list.map(extensionBytes)))]),
  )
  const der = signed(content, signer, hash)
  const key = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  return { der, certificate: pem('CERTIFICATE', der), key, serial, privateKey, name }
}

function extensionBytes([id, isCritical, content]: Extension): Buffer {
  return sequence(identifier(id), ...(isCritical ? [tlv(1, Uint8Array.of(255))] : []), tlv(4, content))
}

/** An authority; it signs itself unless `issuer` does. */
export function makeAuthority(name: string, more: Partial<Wanted> = {}): Made {
  return make({ subject: name, extensions: [extensions.authority(), extensions.keyUsage(0x06)], ...more })
}

/** The certificate of a server at localhost and 127.0.0.1. */
export function makeLocalhost(issuer: Made, more: Partial<Wanted> = {}): Made {
  const altNames = sequence(tlv(0x82, Buffer.from('localhost')), tlv(0x87, Uint8Array.of(127, 0, 0, 1)))
  return make({ subject: 'localhost', issuer, extensions: [['2.5.29.17', false, altNames]], ...more })
}

/** A revocation list in DER, signed by `issuer`. */
export function makeRevocationList(
  issuer: Made,
  revoked: readonly Pick<Made, 'serial'>[],
  { nextMs = Date.now() + dayMs, critical = null }: { nextMs?: number | null; critical?: string | null } = {},
): Buffer {
  const entries = revoked.map(({ serial }) => sequence(integer(serial), time(Date.now() - dayMs)))
  const extension = critical === null ? [] : [tlv(0xa0, sequence(extensionBytes([critical, true, small(1)])))]
  const content = sequence(
    small(1),
    algorithmOf(issuer.privateKey, 'sha256'),
    issuer.name,
    time(Date.now() - dayMs),
    ...(nextMs === null ? [] : [time(nextMs)]),
    ...(entries.length === 0 ? [] : [sequence(...entries)]),
    ...extension,
  )
  return signed(content, issuer.privateKey, 'sha256')
}

/** The same list as PEM. */
export function revocationListPem(der: Uint8Array): string {
  return pem('X509 CRL', der)
}

export function thumbprints({ der }: Pick<Made, 'der'>): { readonly sha1: string; readonly sha256: string } {
  const of = (hash: string): string => createHash(hash).update(der).digest('hex')
  return { sha1: of('sha1'), sha256: of('sha256') }
}
