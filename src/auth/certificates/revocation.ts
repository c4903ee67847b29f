// Certificate revocation lists (RFC 5280 §5): which certificates their authority has taken back.

import { createHash, verify } from 'node:crypto'
import type { Certificate } from './certificate.ts'
import { childrenOf, DerError, elementsOf, expectTag, identifierText, onlyElement, tags, timeMs } from './der.ts'
import type { DerElement } from './der.ts'
import { extensionsIn, keyUsageBits, serialText } from './facts.ts'

/** A revocation list whose signature is that of its authority. */
export interface RevocationList {
  /** Thumbprint of the key of the authority. */
  readonly authorityKey: string
  readonly serials: ReadonlySet<string>
  /** When the authority promised the next one; null: it did not. */
  readonly nextUpdateMs: number | null
}

/** Hash of each signature algorithm of a list or an answer of OCSP; null for Ed25519, which brings its own. */
export const signatureHashes: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
}

/** The revocation lists in use. Without any, nothing is revoked. */
export class RevocationLists {
  readonly #lists: readonly RevocationList[]

  constructor(lists: readonly RevocationList[]) {
    this.#lists = lists
  }

  /** When the first of them is out of date; null if none ever is. */
  get nextUpdateMs(): number | null {
    const times = this.#lists.flatMap(({ nextUpdateMs }) => nextUpdateMs ?? [])
    return times.length === 0 ? null : Math.min(...times)
  }

  /**
   * Why a certificate of `authority` is not certainly in force; null if it is.
   *
   * @param needsList whether it is not, if there are lists and none is of `authority`.
   */
  problemOf(certificate: Certificate, authority: Certificate, needsList = true): string | null {
    if (this.#lists.length === 0) return null
    const key = authorityKeyOf(authority)
    const own = this.#lists.filter(({ authorityKey }) => authorityKey === key)
    if (own.length === 0 && needsList) return 'its issuer has no list in Security.ClientCertificateRevocationList'
    return own.some(({ serials }) => serials.has(certificate.facts.serial)) ? 'it is revoked' : null
  }
}

/**
 * The revocation lists in the content of a file, PEM or DER.
 *
 * @param authorities of which one must have signed each list.
 * @throws {Error} whose message ends the sentence "expected … ;".
 */
export function readRevocationLists(content: Buffer, authorities: readonly Certificate[]): RevocationList[] {
  const blocks = content
    .toString('latin1')
    .matchAll(/-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/g)
    .map(([, base64 = '']) => Buffer.from(base64, 'base64'))
    .toArray()
  return (blocks.length === 0 ? [content] : blocks).map((der) => readList(der, authorities))
}

function readList(der: Buffer, authorities: readonly Certificate[]): RevocationList {
  const [signed, algorithm, signature] = childrenOf(onlyElement(der, tags.sequence))
  const parts = childrenOf(expectTag(signed, tags.sequence))
  // The version is left out in a list of version 1.
  const at = parts[0]?.tag === tags.integer ? 1 : 0
  const issuer = expectTag(parts[at + 1], tags.sequence).bytes
  const rest = parts.slice(at + 3)
  const next = rest[0]?.tag === tags.utcTime || rest[0]?.tag === tags.generalizedTime ? rest.shift() : undefined
  const entries = rest[0]?.tag === tags.sequence ? rest.shift() : undefined
  const critical = [...extensionsIn(rest[0])].flatMap(([id, { isCritical }]) => (isCritical ? [id] : []))
  // Critical extensions narrow what a list is about: a part of the certificates, or changes since another list.
  if (critical.length > 0) throw new DerError(`it has a critical extension (${critical.join(', ')})`)
  const hash = signatureHashes[identifierText(childrenOf(expectTag(algorithm, tags.sequence))[0])]
  if (hash === undefined) throw new DerError('it is signed with an algorithm that Stator does not know')
  const signatureBytes = expectTag(signature, tags.bitString).content.subarray(1)
  const text = expectTag(signed, tags.sequence).bytes
  const authority = authorities.find(
    ({ x509, facts }) =>
      facts.subject.equals(issuer) &&
      (facts.keyUsages === null || facts.keyUsages.has(keyUsageBits.crlSign)) &&
      verify(hash, text, x509.publicKey, signatureBytes),
  )
  if (authority === undefined) throw new DerError('none of the authorities signed it')
  return {
    authorityKey: authorityKeyOf(authority),
    serials: serialsIn(entries),
    nextUpdateMs: next === undefined ? null : timeMs(next),
  }
}

function serialsIn(entries: DerElement | undefined): ReadonlySet<string> {
  const serials = new Set<string>()
  if (entries === undefined) return serials
  for (const entry of elementsOf(entries.content)) {
    const [serial] = elementsOf(expectTag(entry, tags.sequence).content)
    serials.add(serialText(expectTag(serial, tags.integer)))
  }
  return serials
}

/** Thumbprint of the key of an authority. */
export function authorityKeyOf({ x509 }: Certificate): string {
  return createHash('sha256')
    .update(x509.publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex')
}
