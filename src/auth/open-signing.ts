// Opens what signs the certificates of charge points, if the settings ask for it.

import type { CertificateSettings } from '../base/certificate-settings.ts'
import { type Clock, dayMs } from '../base/clock.ts'
import type { KnownSigningRequest } from '../blocks/decision.ts'
import type { Encryption } from './encryption.ts'
import type { AuthorityStore } from './certificate-authority.ts'

/** What is read from the database. */
interface SigningQueries extends AuthorityStore {
  certificateHolder(chargePointKey: number): Promise<Pick<KnownSigningRequest, 'serialNumber' | 'madeLately'>>
}

/**
 * What signs certificates; null if nothing does. Its library is loaded only then: that takes a tenth of a second and
 * twenty megabytes.
 */
export async function openSigning(
  settings: CertificateSettings | null,
  queries: SigningQueries,
  encryption: Encryption,
  clock: Clock,
) {
  if (settings === null) return null
  const { openAuthority } = await import('./certificate-authority.ts')
  const { readSigningRequest } = await import('./signing-request.ts')
  const authority = await openAuthority(settings, queries, encryption, clock)
  const { organization } = authority
  return {
    authority,
    renewalMs: settings.renewalDays * dayMs,
    async signingRequest(chargePointKey: number, csr: string): Promise<KnownSigningRequest> {
      const request = await readSigningRequest(csr)
      return { request, organization, ...(await queries.certificateHolder(chargePointKey)) }
    },
  }
}
