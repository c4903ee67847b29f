// The contract certificate of an EV (2.0.1 C07): what to ask about it, and what it means for the answer of Authorize.

import type { OCPP20, OCPP21 } from 'typed-ocpp'
import type { ContractAnswer, ContractQuestion } from '../certificate-questions.ts'
import type { Known } from '../decision.ts'

type AuthorizeRequest = OCPP20.AuthorizeRequest | OCPP21.AuthorizeRequest

type IdTokenInfo = OCPP20.AuthorizeResponse['idTokenInfo']

/** What an Authorize presents of a contract; null: nothing, as nearly all of them. */
export function contractIn(payload: AuthorizeRequest): ContractQuestion | null {
  const { idToken, certificate, iso15118CertificateHashData: hashData } = payload
  if (certificate === undefined && hashData === undefined) return null
  return {
    kind: 'contract',
    contractId: idToken.idToken,
    certificates: certificate ?? null,
    hashData: (hashData ?? []).slice(0, hashDataMax).map(({ responderURL, ...one }) => ({
      source: 'OCSP',
      hashData: one,
      urls: [responderURL],
    })),
  }
}

/** Limit of the schema: what a lenient charge point sends beyond it is not asked about. */
const hashDataMax = 4

/** idToken statuses with which a contract does not count any more (C07.FR.13). */
const cancelled: ReadonlySet<IdTokenInfo['status']> = new Set(['Blocked', 'Expired', 'Invalid', 'Unknown'])

/** What the answer says when the certificate is not good (C07.FR.15, FR.16, FR.17). */
const refusals = {
  expired: ['CertificateExpired', 'Expired'],
  revoked: ['CertificateRevoked', 'Invalid'],
  unverified: ['CertChainError', 'Invalid'],
} as const satisfies Record<Exclude<ContractAnswer['status'], 'valid'>, readonly [string, IdTokenInfo['status']]>

/**
 * The members of the answer, from the info of the id token by itself. Certificate and id token must both be good.
 */
export function withContract(
  idTokenInfo: IdTokenInfo,
  { certificates: found }: Pick<Known, 'certificates'>,
): Pick<OCPP20.AuthorizeResponse, 'idTokenInfo' | 'certificateStatus'> {
  const status = found?.kind === 'contract' ? found.status : 'unverified'
  if (status === 'valid') {
    // C07.FR.13 and FR.14.
    return { idTokenInfo, certificateStatus: cancelled.has(idTokenInfo.status) ? 'ContractCancelled' : 'Accepted' }
  }
  const [certificateStatus, tokenStatus] = refusals[status]
  return { idTokenInfo: { status: tokenStatus }, certificateStatus }
}

/** Why the certificate is not good, for the operator; null if it is. */
export function contractProblem({ certificates: found }: Pick<Known, 'certificates'>): string | null {
  return found?.kind === 'contract' ? found.reason : null
}
