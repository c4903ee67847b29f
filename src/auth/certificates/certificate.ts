// One certificate with its facts, and whether it is good by itself: strong enough, and valid at a time.

import { X509Certificate } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { ecKeyBitsMin, rsaKeyBitsMin } from '../../base/limits.ts'
import { factsOf } from './facts.ts'
import type { CertificateFacts } from './facts.ts'

export interface Certificate {
  readonly x509: X509Certificate
  readonly facts: CertificateFacts
}

/** Longest subject that a sentence shows, in characters: clients send what they like. */
const subjectCharactersMax = 120

/** Signature algorithms with MD2, MD5 or SHA-1 (A00.FR.504, A00.FR.506). */
const weakSignatures: Readonly<Record<string, string>> = {
  '1.2.840.113549.1.1.2': 'MD2',
  '1.2.840.113549.1.1.4': 'MD5',
  '1.2.840.113549.1.1.5': 'SHA-1',
  '1.2.840.10045.4.1': 'SHA-1',
}

/**
 * A certificate from DER or PEM.
 *
 * @throws {Error} if it is not one.
 */
export function readCertificate(bytes: Uint8Array | string): Certificate {
  const x509 = new X509Certificate(bytes)
  return { x509, facts: factsOf(Buffer.from(x509.raw)) }
}

/** Names a certificate in a sentence: its subject and its SHA-256 thumbprint. */
export function certificateShown(x509: X509Certificate): string {
  const subject = x509.subject.replaceAll(/[\s\p{Cc}]+/gu, ', ')
  const shown = subject.length > subjectCharactersMax ? `${subject.slice(0, subjectCharactersMax)}…` : subject
  return `"${shown}" (SHA-256 ${thumbprintOf(x509.fingerprint256)})`
}

/** A thumbprint as it is compared: hex in lower case, without colons. */
export function thumbprintOf(text: string): string {
  return text.replaceAll(':', '').toLowerCase()
}

/** Why the key or the signature is too weak (A00.FR.502, A00.FR.503, A00.FR.504); null if they are not. */
export function weaknessOf({ x509, facts }: Certificate): string | null {
  const hash = weakSignatures[facts.signatureAlgorithm]
  return keyWeakness(x509.publicKey) ?? (hash === undefined ? null : `it is signed with ${hash}`)
}

/** Why a key is too weak (A00.FR.502, A00.FR.503); null if it is not. */
export function keyWeakness({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): string | null {
  if (type === 'rsa' || type === 'rsa-pss') {
    const bits = details?.modulusLength ?? 0
    return bits < rsaKeyBitsMin ? `its RSA key has ${bits} bits, and needs ${rsaKeyBitsMin}` : null
  }
  if (type === 'ec') {
    // The name of a curve has its size: prime256v1, secp384r1.
    const bits = Number(/\d{3}/.exec(details?.namedCurve ?? '')?.[0] ?? 0)
    return bits < ecKeyBitsMin ? `its EC key has ${bits} bits, and needs ${ecKeyBitsMin}` : null
  }
  return type === 'ed25519' ? null : `its key is of the kind ${type ?? 'unknown'}, and must be RSA or EC`
}

/** Why it is not valid at `nowMs`; null if it is. */
export function periodProblem({ facts }: Certificate, nowMs: number): string | null {
  if (nowMs < facts.notBeforeMs) return `it is not valid before ${new Date(facts.notBeforeMs).toISOString()}`
  if (nowMs > facts.notAfterMs) return `it expired on ${new Date(facts.notAfterMs).toISOString()}`
  return null
}
