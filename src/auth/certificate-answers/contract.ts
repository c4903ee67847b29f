// Whether the contract certificate of an EV is good (2.0.1 C07): its chain leads to an authority that the operator
// trusts, it names the contract, and none of the certificates on the way has expired or is revoked. Others that were
// sent do not count.

import { pemCertificates } from '../../base/setting-file.ts'
import { chainCertificatesMax } from '../../base/limits.ts'
import type {
  ContractAnswer,
  ContractQuestion,
  StatusAnswer,
  StatusQuestion,
} from '../../blocks/certificate-questions.ts'
import { type Certificate, readCertificate } from '../certificates/certificate.ts'
import { pathFrom, type Trust } from '../certificates/chain.ts'
import { hashDataOf } from './ocsp.ts'
import type { CertificateStatuses } from './statuses.ts'

export interface ContractDeps {
  readonly trust: Trust
  readonly statuses: CertificateStatuses
  readonly nowMs: number
  readonly signal: AbortSignal
}

/** Judges what a charge point presents. With certificates and hash data, both must be good. It never rejects. */
export async function judgeContract(question: ContractQuestion, deps: ContractDeps): Promise<ContractAnswer> {
  try {
    return await judged(question, deps)
  } catch {
    return unverified('a certificate cannot be read')
  }
}

async function judged(question: ContractQuestion, deps: ContractDeps): Promise<ContractAnswer> {
  const { trust, statuses, nowMs, signal } = deps
  if (trust.anchors.length === 0) return unverified('Security.Iso15118.Roots is empty')
  const chain = question.certificates === null ? [] : chainIn(question.certificates)
  if (chain === null) return unverified('the certificates cannot be read')
  const [leaf, ...above] = chain
  if (leaf === undefined && question.hashData.length === 0) {
    return unverified('neither a certificate nor hash data was sent')
  }
  const found = leaf === undefined ? null : pathFrom(leaf, above, trust, nowMs)
  if (leaf !== undefined && found !== null) {
    if (found.hasExpired) return answer('expired', `a certificate has expired: ${found.problem}`)
    const problem = found.problem ?? nameProblem(leaf, question.contractId)
    if (problem !== null) return unverified(`the certificate is refused: ${problem}`)
  }
  if (statuses.isOff) {
    if (leaf === undefined) return unverified('Security.Iso15118.OcspResponders is empty, and only hash data was sent')
    return answer('valid', null)
  }
  const asked = [...question.hashData, ...questionsAbout(found?.path ?? [])]
  return ofStatuses(await Promise.all(asked.map((one) => statuses.ask(one, above, signal))))
}

function ofStatuses(found: readonly StatusAnswer[]): ContractAnswer {
  if (found.some(({ status }) => status === 'Revoked')) return answer('revoked', 'a certificate is revoked')
  for (const one of found) {
    if (one.status === 'Failed') return unverified(one.reason)
    if (one.status === 'Unknown') return unverified('the responder does not know a certificate')
  }
  return answer('valid', null)
}

function answer(status: ContractAnswer['status'], reason: string | null): ContractAnswer {
  return { kind: 'contract', status, reason }
}

function unverified(reason: string): ContractAnswer {
  return answer('unverified', reason)
}

/** The certificates of a PEM text; null if there is none, or one is damaged, or has a key that cannot be read. */
function chainIn(pem: string): readonly Certificate[] | null {
  // Some charge points escape the line ends twice.
  const blocks = pemCertificates(pem.replaceAll('\\r', '').replaceAll('\\n', '\n'))
  if (blocks.length === 0 || blocks.length > chainCertificatesMax) return null
  try {
    const chain = blocks.map((block) => readCertificate(block))
    // The key is read when it is asked for, which throws for a kind or a curve that nobody knows.
    return chain.every(({ x509 }) => x509.publicKey.type === 'public') ? chain : null
  } catch {
    return null
  }
}

/**
 * Why the certificate is not that of the contract. An eMAID may be written with hyphens, in small letters, and without
 * its check digit, the 15th character.
 */
function nameProblem({ facts }: Certificate, contractId: string): string | null {
  const plain = (text: string): string => text.replaceAll('-', '').toUpperCase().slice(0, contractCharacters)
  const names = facts.commonNames.flatMap((name) => name ?? [])
  return names.some((name) => plain(name) === plain(contractId)) ? null : 'it is that of another contract'
}

const contractCharacters = 14

/** What to ask about each certificate of a path, but for the authority at its end, which is trusted. */
function questionsAbout(path: readonly Certificate[]): StatusQuestion[] {
  return path.slice(1).flatMap((issuer, at) => {
    const certificate = path[at]
    if (certificate === undefined) return []
    return [{ source: 'OCSP', hashData: hashDataOf(certificate, issuer), urls: respondersOf(certificate) }]
  })
}

/** The OCSP responders that a certificate names (Authority Information Access, RFC 5280 §4.2.2.1). */
function respondersOf({ x509 }: Certificate): readonly string[] {
  const lines = (x509.infoAccess ?? '').split('\n')
  return lines.flatMap((line) => /^OCSP - URI:(\S+)$/.exec(line)?.[1] ?? [])
}
