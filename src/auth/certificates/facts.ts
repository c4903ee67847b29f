// What a certificate says about itself, read from its DER: the names, and what path validation needs (RFC 5280).

import { childrenOf, DerError, elementsOf, expectTag, identifierText, onlyElement, tags, timeMs } from './der.ts'
import type { DerElement } from './der.ts'

/** The facts of one certificate. Nothing here is verified. */
export interface CertificateFacts {
  /** Hex, without leading zeros. */
  readonly serial: string
  /** DER, compared byte by byte. */
  readonly subject: Buffer
  readonly issuer: Buffer
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** Object identifier of the algorithm that it is signed with. */
  readonly signatureAlgorithm: string
  /** The commonNames of the subject; null for each in an encoding that is not plain text. */
  readonly commonNames: readonly (string | null)[]
  /** The organizations of the subject, as far as they are plain text. */
  readonly organizations: readonly string[]
  /** Subject alternative names: dNSName, URI, and otherName if it is text. */
  readonly altNames: readonly string[]
  readonly isAuthority: boolean
  /** How many further authorities may stand below it; null: any number. */
  readonly pathLengthMax: number | null
  /** The bits of Key Usage by their number; null without the extension. */
  readonly keyUsages: ReadonlySet<number> | null
  /** Object identifiers of Extended Key Usage; null without the extension. */
  readonly extendedKeyUsages: readonly string[] | null
  /** Critical extensions that Stator does not know: a certificate with one is not valid for it. */
  readonly unknownCritical: readonly string[]
}

/** Bits of Key Usage (RFC 5280 §4.2.1.3). */
export const keyUsageBits = { digitalSignature: 0, keyAgreement: 4, keyCertSign: 5, crlSign: 6 } as const

const commonName = '2.5.4.3'
const organization = '2.5.4.10'
const extensionIds = {
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  extendedKeyUsage: '2.5.29.37',
} as const
const known = new Set<string>(Object.values(extensionIds))

/**
 * The facts of a certificate in DER.
 *
 * @throws {DerError} if it is not one.
 */
export function factsOf(der: Buffer): CertificateFacts {
  const [signed, algorithm] = childrenOf(onlyElement(der, tags.sequence))
  const parts = childrenOf(expectTag(signed, tags.sequence))
  // The version is [0], and left out in a certificate of version 1.
  const at = parts[0]?.tag === 0xa0 ? 1 : 0
  const [serial, , issuer, validity, subject] = parts.slice(at)
  const [notBefore, notAfter] = childrenOf(expectTag(validity, tags.sequence))
  if (notBefore === undefined || notAfter === undefined) throw new DerError('no validity')
  const extensions = extensionsIn(parts.slice(at + 6).find(({ tag }) => tag === 0xa3))
  const content = (id: string): Buffer | undefined => extensions.get(id)?.value
  const { isAuthority, pathLengthMax } = basicConstraints(content(extensionIds.basicConstraints))
  return {
    serial: serialText(expectTag(serial, tags.integer)),
    subject: expectTag(subject, tags.sequence).bytes,
    issuer: expectTag(issuer, tags.sequence).bytes,
    notBeforeMs: timeMs(notBefore),
    notAfterMs: timeMs(notAfter),
    signatureAlgorithm: identifierText(childrenOf(expectTag(algorithm, tags.sequence))[0]),
    commonNames: valuesOf(expectTag(subject, tags.sequence), commonName),
    organizations: valuesOf(expectTag(subject, tags.sequence), organization).flatMap((text) => text ?? []),
    altNames: altNamesOf(content(extensionIds.subjectAltName)),
    isAuthority,
    pathLengthMax,
    keyUsages: keyUsagesOf(content(extensionIds.keyUsage)),
    extendedKeyUsages: extendedKeyUsagesOf(content(extensionIds.extendedKeyUsage)),
    unknownCritical: [...extensions].flatMap(([id, { isCritical }]) => (isCritical && !known.has(id) ? [id] : [])),
  }
}

/** A serial number in hex, without leading zeros. */
export function serialText({ content }: DerElement): string {
  return content.toString('hex').replace(/^0+(?=.)/, '')
}

interface Extension {
  readonly isCritical: boolean
  readonly value: Buffer
}

/** The extensions of a certificate ([3]) or of a revocation list ([0]), by object identifier. */
export function extensionsIn(wrapped: DerElement | undefined): ReadonlyMap<string, Extension> {
  const extensions = new Map<string, Extension>()
  if (wrapped === undefined) return extensions
  for (const extension of childrenOf(onlyElement(wrapped.content, tags.sequence))) {
    const [id, second, third] = childrenOf(expectTag(extension, tags.sequence))
    const name = identifierText(id)
    if (extensions.has(name)) throw new DerError(`the extension ${name} twice`)
    const isCritical = second?.tag === tags.boolean && second.content[0] !== 0
    const value = expectTag(second?.tag === tags.boolean ? third : second, tags.octetString)
    extensions.set(name, { isCritical, value: value.content })
  }
  return extensions
}

/** The values of an attribute of a name; null for each in an encoding that is not plain text. */
function valuesOf(subject: DerElement, attributeType: string): (string | null)[] {
  return childrenOf(subject).flatMap((set) =>
    childrenOf(expectTag(set, tags.set)).flatMap((attribute) => {
      const [type, value] = childrenOf(expectTag(attribute, tags.sequence))
      return identifierText(type) === attributeType ? [plainText(value)] : []
    }),
  )
}

const plainTags: readonly number[] = [tags.utf8String, tags.printableString, tags.ia5String]

/** A text in one of the usual encodings; null if it is in another, is not valid in it, or has control characters. */
function plainText(element: DerElement | undefined): string | null {
  if (element === undefined || !plainTags.includes(element.tag)) return null
  return textOf(element.content, element.tag === tags.utf8String)
}

function textOf(content: Buffer, isUtf8: boolean): string | null {
  const text = content.toString('utf8')
  const isExact = Buffer.from(text, 'utf8').equals(content) && (isUtf8 || /^[\x20-\x7e]*$/.test(text))
  return isExact && text !== '' && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text) ? text : null
}

function altNamesOf(extension: Buffer | undefined): string[] {
  if (extension === undefined) return []
  return childrenOf(onlyElement(extension, tags.sequence)).flatMap((name) => {
    // [2] dNSName and [6] URI are IA5 texts; [0] otherName is a type and a value under [0].
    if (name.tag === 0x82 || name.tag === 0x86) return textOf(name.content, false) ?? []
    if (name.tag !== 0xa0) return []
    const value = childrenOf(name)[1]
    return value?.tag === 0xa0 ? (plainText([...elementsOf(value.content)][0]) ?? []) : []
  })
}

function basicConstraints(extension: Buffer | undefined): { isAuthority: boolean; pathLengthMax: number | null } {
  if (extension === undefined) return { isAuthority: false, pathLengthMax: null }
  const parts = childrenOf(onlyElement(extension, tags.sequence))
  const isAuthority = parts[0]?.tag === tags.boolean && parts[0].content[0] !== 0
  const length = parts.find(({ tag }) => tag === tags.integer)
  return { isAuthority, pathLengthMax: length === undefined ? null : Number(`0x${length.content.toString('hex')}`) }
}

function keyUsagesOf(extension: Buffer | undefined): ReadonlySet<number> | null {
  if (extension === undefined) return null
  // The first byte of a bit string is the number of unused bits at its end.
  const bits = onlyElement(extension, tags.bitString).content.subarray(1)
  const all = [...bits].flatMap((byte, index) =>
    [...Array(8).keys()].map((bit) => ({ byte, bit, at: index * 8 + bit })),
  )
  return new Set(all.flatMap(({ byte, bit, at }) => ((byte & (0x80 >> bit)) !== 0 ? [at] : [])))
}

function extendedKeyUsagesOf(extension: Buffer | undefined): string[] | null {
  if (extension === undefined) return null
  return childrenOf(onlyElement(extension, tags.sequence)).map(identifierText)
}
