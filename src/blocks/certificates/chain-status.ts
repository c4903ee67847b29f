// GetCertificateChainStatus (2.1 M06): a charge point asks whether the certificates of a chain are revoked.

import type { OCPP21 } from 'typed-ocpp'
import { isoTime } from '../../base/clock.ts'
import type { StatusQuestion } from '../certificate-questions.ts'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'

type Asked = OCPP21.GetCertificateChainStatusRequest['certificateStatusRequests'][number]

type HashData = Asked['certificateHashData']

/**
 * The status of each certificate, as its responder or its revocation list says it. A lenient charge point may name
 * none, or leave out what names it; the schema of the answer wants at least one.
 */
export const certificateChainStatus: Handler<OCPP21.GetCertificateChainStatusRequest> = {
  needs: (payload) => ({ certificates: { kind: 'status', about: questionsOf(payload) } }),
  decide: (payload, known) => {
    const found = known.certificates?.kind === 'status' ? known.certificates.about : []
    return {
      ...notification(known),
      answer: {
        certificateStatus: questionsOf(payload).map(({ hashData, source }, at) => {
          const one = found[at]
          const nextUpdateMs = one === undefined || one.status === 'Failed' ? null : one.nextUpdateMs
          return {
            certificateHashData: hashData,
            source,
            status: one?.status ?? 'Failed',
            nextUpdate: isoTime(nextUpdateMs ?? known.nowMs),
          }
        }),
      },
    }
  },
}

function questionsOf({ certificateStatusRequests: asked }: OCPP21.GetCertificateChainStatusRequest): QuestionOf21[] {
  const requests: readonly AskedLeniently[] = asked.length === 0 ? [{}] : asked.slice(0, certificatesMax)
  return requests.map(({ certificateHashData, source, urls = [] }) => ({
    source: sources.find((word) => word === source) ?? 'OCSP',
    hashData: repeated(certificateHashData ?? {}),
    urls: urls.slice(0, urlsMax),
  }))
}

interface QuestionOf21 extends StatusQuestion {
  readonly hashData: HashData
}

/** As a lenient charge point may send it. */
interface AskedLeniently {
  readonly certificateHashData?: Partial<HashData>
  readonly source?: Asked['source']
  readonly urls?: readonly string[]
}

const sources: readonly Asked['source'][] = ['OCSP', 'CRL']
const hashAlgorithms: readonly HashData['hashAlgorithm'][] = ['SHA256', 'SHA384', 'SHA512']

// Limits of the schema: what a lenient charge point sends beyond them is not repeated.
const certificatesMax = 4
const urlsMax = 5
const hashCharactersMax = 128
const serialNumberCharactersMax = 40

function repeated({
  hashAlgorithm,
  issuerNameHash = '',
  issuerKeyHash = '',
  serialNumber = '',
}: Partial<HashData>): HashData {
  return {
    hashAlgorithm: hashAlgorithms.find((word) => word === hashAlgorithm) ?? 'SHA256',
    issuerNameHash: issuerNameHash.slice(0, hashCharactersMax),
    issuerKeyHash: issuerKeyHash.slice(0, hashCharactersMax),
    serialNumber: serialNumber.slice(0, serialNumberCharactersMax),
  }
}
