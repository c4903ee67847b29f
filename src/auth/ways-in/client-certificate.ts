// Client certificates (security profile 3): the charge point proved in the TLS handshake that it has the key.

import { thumbprintOf, certificateShown } from '../certificates/certificate.ts'
import { matchName, namesIn } from '../certificates/names.ts'
import type { Authenticator, PresentedCertificate } from '../authenticator.ts'

/** Which client certificates count, of those whose path to an authority is right. */
export interface CountedCertificates {
  /** SHA-1 or SHA-256, hex in lower case, of the only ones; empty: there is no such list. */
  readonly thumbprints: ReadonlySet<string>
  /** One of these must be the organization in the subject (A00.FR.404); empty: any. */
  readonly organizations: readonly string[]
}

/**
 * Client certificates.
 *
 * @param isRevoked whether the certificate with a serial number was revoked by an operator.
 */
export function clientCertificateAuthenticator(
  { thumbprints, organizations }: CountedCertificates,
  isRevoked: (serialNumber: string) => Promise<boolean>,
): Authenticator {
  return {
    method: 'ClientCertificate',
    async read({ identity, channel: { certificate } }) {
      if (certificate === null || typeof certificate === 'string') return certificate
      const { leaf, facts, chainProblem } = certificate
      const shown = `the client certificate ${certificateShown(leaf)}`
      if (chainProblem !== null) return `${shown} is refused: ${chainProblem}`
      const isListed = [leaf.fingerprint, leaf.fingerprint256].some((each) => thumbprints.has(thumbprintOf(each)))
      if (thumbprints.size > 0 && !isListed) {
        return `${shown} is refused: it is not in Security.AllowedCertificateThumbprints`
      }
      if (organizations.length > 0 && !organizations.some((each) => facts.organizations.includes(each))) {
        return `${shown} is refused: its organization is not in Security.ClientCertificateOrganizations`
      }
      if (await isRevoked(serialNumberOf(certificate))) return `${shown} is refused: an operator has revoked it`
      const names = namesIn(facts)
      if (typeof names === 'string') return `${shown} is refused: ${names}`
      const otherName = `${shown} is that of another charge point: its names are ${JSON.stringify(names.slice(0, 4))}`
      return {
        name: null,
        prove(record) {
          const match = matchName(names, record)
          if (match === 'none') return otherName
          const isCaseTold = match === 'exact' || identity !== record.identity
          return { quirks: isCaseTold ? [] : ['identityCase'], credential: null, renewed: null }
        },
        firstUse() {
          const isOwn = matchName(names, { identity, certificateName: null }) === 'exact'
          return isOwn ? { passwordHash: null, apiKeyHash: null } : otherName
        },
      }
    },
  }
}

/** The serial number of a certificate, as those that Stator signed are stored. */
export function serialNumberOf({ facts }: PresentedCertificate): string {
  return facts.serial.toUpperCase()
}
