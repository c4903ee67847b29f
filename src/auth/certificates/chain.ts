// Path validation (A00.FR.403; RFC 5280 §6): whether a certificate leads to one of the authorities that an operator
// trusts. TLS libraries do that as well, but not for a certificate that a proxy passes on, nor again when the files
// change.

import { chainCertificatesMax, chainSignaturesMax } from '../../base/limits.ts'
import { periodProblem, weaknessOf } from './certificate.ts'
import type { Certificate } from './certificate.ts'
import { keyUsageBits } from './facts.ts'
import type { CertificateFacts } from './facts.ts'
import type { RevocationLists } from './revocation.ts'

/** What certificates are measured against. */
export interface Trust {
  /** The setting with the authorities. */
  readonly setting: string
  /** The certificates of `setting`, and `own`; each is trusted, a root or not. */
  readonly anchors: readonly Certificate[]
  /** Stator's own authority. It needs no revocation list: what it signed is revoked in the database. Null: none. */
  readonly own: Certificate | null
  readonly revoked: RevocationLists
}

const clientAuth = '1.3.6.1.5.5.7.3.2'
const anyPurpose = '2.5.29.37.0'

/**
 * Why `leaf` is not the certificate of a client that `trust` covers; null if it is.
 *
 * @param sent the other certificates that the client sent.
 */
export function chainProblem(
  leaf: Certificate,
  sent: readonly Certificate[],
  trust: Trust,
  nowMs: number,
): string | null {
  const own = periodProblem(leaf, nowMs) ?? weaknessOf(leaf) ?? purposeProblem(leaf.facts)
  if (own !== null) return own
  return new PathSearch(sent.slice(0, chainCertificatesMax), trust, nowMs).from(leaf, [leaf])
}

/** The way from a certificate to an authority that is trusted, or why there is none. */
export interface FoundPath {
  /** Null: there is a path. */
  readonly problem: string | null
  /** The certificate itself first, the authority that is trusted last; empty without a path. */
  readonly path: readonly Certificate[]
  /** There is no path, and a certificate on the way has expired. */
  readonly hasExpired: boolean
}

/** Why no path leads from `certificate` to what `trust` covers, whatever its purpose; null if one does. */
export function pathProblem(
  certificate: Certificate,
  sent: readonly Certificate[],
  trust: Trust,
  nowMs: number,
): string | null {
  return pathFrom(certificate, sent, trust, nowMs).problem
}

/** As `pathProblem`, with the path that was found. */
export function pathFrom(
  certificate: Certificate,
  sent: readonly Certificate[],
  trust: Trust,
  nowMs: number,
): FoundPath {
  const { fingerprint256 } = certificate.x509
  const isAnchor = trust.anchors.some(({ x509 }) => x509.fingerprint256 === fingerprint256)
  const { unknownCritical } = certificate.facts
  const own = periodProblem(certificate, nowMs) ?? weaknessOf(certificate)
  if (own !== null) return { problem: own, path: [], hasExpired: nowMs > certificate.facts.notAfterMs }
  if (isAnchor) return { problem: null, path: [certificate], hasExpired: false }
  if (unknownCritical.length > 0) return { problem: criticalProblem(unknownCritical), path: [], hasExpired: false }
  const search = new PathSearch(sent.slice(0, chainCertificatesMax), trust, nowMs)
  const problem = search.from(certificate, [certificate])
  if (problem !== null) return { problem, path: [], hasExpired: search.hasExpired }
  return { problem, path: search.found, hasExpired: false }
}

/** Why it may not authenticate a TLS client; null if it may. */
export function purposeProblem({ unknownCritical, keyUsages, extendedKeyUsages }: CertificateFacts): string | null {
  if (unknownCritical.length > 0) return criticalProblem(unknownCritical)
  const { digitalSignature, keyAgreement } = keyUsageBits
  if (keyUsages !== null && !keyUsages.has(digitalSignature) && !keyUsages.has(keyAgreement)) {
    return 'its Key Usage does not allow digital signatures'
  }
  if (extendedKeyUsages !== null && !extendedKeyUsages.some((usage) => usage === clientAuth || usage === anyPurpose)) {
    return 'its Extended Key Usage does not allow client authentication'
  }
  return null
}

/** Why it may not issue certificates; null if it may. */
export function authorityProblem(authority: Certificate, nowMs: number): string | null {
  const { isAuthority, keyUsages, unknownCritical } = authority.facts
  if (!isAuthority) return 'it is not the certificate of an authority (basicConstraints)'
  if (keyUsages !== null && !keyUsages.has(keyUsageBits.keyCertSign)) return 'its Key Usage does not allow to issue'
  if (unknownCritical.length > 0) return criticalProblem(unknownCritical)
  return weaknessOf(authority) ?? periodProblem(authority, nowMs)
}

function criticalProblem(ids: readonly string[]): string {
  return `it has a critical extension that Stator does not know (${ids.join(', ')})`
}

class PathSearch {
  readonly #sent: readonly Certificate[]
  readonly #trust: Trust
  readonly #nowMs: number
  /** A client could send certificates that fit each other in many ways. */
  #signaturesLeft = chainSignaturesMax
  /** The path, if there is one. */
  found: readonly Certificate[] = []
  /** Whether a path ended at an authority that has expired. */
  hasExpired = false

  constructor(sent: readonly Certificate[], trust: Trust, nowMs: number) {
    this.#sent = sent
    this.#trust = trust
    this.#nowMs = nowMs
  }

  /** Why no path leads from `certificate`, the last one of `path`, to an anchor. */
  from(certificate: Certificate, path: readonly Certificate[]): string | null {
    const { issuer, subject } = certificate.facts
    const isIssuer = (one: Certificate): boolean => one.facts.subject.equals(issuer) && !path.includes(one)
    const { setting, anchors, own, revoked } = this.#trust
    const trusted = own === null ? '' : ' (nor is it the own authority)'
    let problem = issuer.equals(subject)
      ? 'it is self-signed'
      : `its issuer is not in ${setting}${trusted}, and was not sent`
    for (const authority of anchors.filter(isIssuer)) {
      const found =
        this.#linkProblem(certificate, authority, path) ?? revoked.problemOf(certificate, authority, authority !== own)
      if (found === null) {
        this.found = [...path, authority]
        return null
      }
      problem = found
    }
    if (path.length >= chainCertificatesMax) return 'its chain is too long'
    for (const authority of this.#sent.filter(isIssuer)) {
      const found =
        this.#linkProblem(certificate, authority, path) ??
        this.from(authority, [...path, authority]) ??
        revoked.problemOf(certificate, authority)
      if (found === null) return null
      problem = path.length === 1 && found === 'it is self-signed' ? 'its chain ends at an unknown root' : found
    }
    return problem
  }

  #linkProblem(certificate: Certificate, authority: Certificate, path: readonly Certificate[]): string | null {
    if (this.#signaturesLeft-- <= 0) return 'its chain has too many branches'
    if (!certificate.x509.verify(authority.x509.publicKey)) return 'its signature is not that of its issuer'
    const ofAuthority = authorityProblem(authority, this.#nowMs)
    if (ofAuthority !== null) this.hasExpired ||= this.#nowMs > authority.facts.notAfterMs
    if (ofAuthority !== null) return `its issuer cannot be trusted: ${ofAuthority}`
    const { pathLengthMax } = authority.facts
    // Authorities between this one and the leaf; those that issued themselves do not count (RFC 5280 §4.2.1.9).
    const below = path.slice(1).filter(({ facts }) => !facts.issuer.equals(facts.subject)).length
    return pathLengthMax !== null && below > pathLengthMax ? 'its chain is longer than an issuer allows' : null
  }
}
