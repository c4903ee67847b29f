// Whose certificate it is (A00.FR.405): the name in it must be that of the charge point.

import type { CertificateFacts } from './facts.ts'

/**
 * The names in a certificate: its commonName and its alternative names. A reason (text) if the commonName is not one
 * plain text: what an authority meant by two of them, or by control characters, is anybody's guess.
 */
export function namesIn({ commonNames, altNames }: CertificateFacts): readonly string[] | string {
  if (commonNames.length > 1) return 'its subject has more than one commonName'
  const [name] = commonNames
  if (name === null) return 'its commonName is not plain text'
  return name === undefined ? altNames : [name, ...altNames]
}

/** How a certificate names a charge point: `otherCase` differs in the case of the letters A to Z only. */
export type NameMatch = 'exact' | 'otherCase' | 'none'

/**
 * Whether one of `names` is that of the charge point.
 *
 * Two identities never differ in letter case only, so a certificate may spell an identity in another case. Names that
 * an operator set (`certificateName`) count letter by letter: those of two charge points may differ in case only.
 */
export function matchName(
  names: readonly string[],
  { identity, certificateName }: { readonly identity: string; readonly certificateName: string | null },
): NameMatch {
  if (names.includes(certificateName ?? identity)) return 'exact'
  if (certificateName !== null) return 'none'
  const folded = lowerCaseAscii(identity)
  return names.some((name) => lowerCaseAscii(name) === folded) ? 'otherCase' : 'none'
}

/** Letters outside of ASCII are left alone: the Kelvin sign, for one, becomes a k in lower case. */
export function lowerCaseAscii(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}
