// OCSP (RFC 6960): the request about a certificate, and what an answer says. An answer counts only if one whom the
// issuer of the certificate has allowed to has signed it, the issuer leads to an authority that the operator trusts,
// and it is fresh. Pure.

import {
  BasicOCSPResponse,
  CertID,
  id_kp_OCSPSigning,
  id_pkix_ocsp_basic,
  OCSPRequest,
  OCSPResponse,
  OCSPResponseStatus,
  Request,
  type SingleResponse,
  TBSRequest,
} from '@peculiar/asn1-ocsp'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { createHash, verify } from 'node:crypto'
import { chainCertificatesMax, statusAgeMsMax, statusClockSkewMs } from '../../base/limits.ts'
import type { StatusAnswer } from '../../blocks/certificate-questions.ts'
import type { CertificateHashData } from '../../blocks/certificates/records.ts'
import { type Certificate, periodProblem, readCertificate, weaknessOf } from '../certificates/certificate.ts'
import { pathProblem, type Trust } from '../certificates/chain.ts'
import { childrenOf, onlyElement, tags } from '../certificates/der.ts'
import { signatureHashes } from '../certificates/revocation.ts'

/** What answers are judged by. */
export interface StatusTrust {
  readonly trust: Trust
  /** Certificates that came with the question. They are not trusted, but may be between an issuer and `trust`. */
  readonly sent: readonly Certificate[]
  readonly nowMs: number
}

const hashes: Readonly<Record<string, { readonly id: string; readonly name: string; readonly bytes: number }>> = {
  SHA256: { id: '2.16.840.1.101.3.4.2.1', name: 'sha256', bytes: 32 },
  SHA384: { id: '2.16.840.1.101.3.4.2.2', name: 'sha384', bytes: 48 },
  SHA512: { id: '2.16.840.1.101.3.4.2.3', name: 'sha512', bytes: 64 },
}

/** Longest serial number of a certificate, in bytes (RFC 5280 §4.1.2.2). */
const serialBytesMax = 20

/** The hash data of `certificate`, which `issuer` has issued. */
export function hashDataOf(certificate: Certificate, issuer: Certificate): CertificateHashData {
  const { nameHash, keyHash } = hashesOf(issuer, 'sha256')
  return {
    hashAlgorithm: 'SHA256',
    issuerNameHash: nameHash.toString('hex'),
    issuerKeyHash: keyHash.toString('hex'),
    serialNumber: certificate.facts.serial,
  }
}

/** Hash data as bytes; null if it cannot be any: charge points write what they like. */
export function bytesOf(hashData: CertificateHashData): HashBytes | null {
  const hash = hashes[hashData.hashAlgorithm]
  const nameHash = hexBytes(hashData.issuerNameHash)
  const keyHash = hexBytes(hashData.issuerKeyHash)
  const serial = hexBytes(hashData.serialNumber)
  if (hash === undefined || nameHash?.length !== hash.bytes || keyHash?.length !== hash.bytes) return null
  if (serial === null || serial.length === 0 || serial.length > serialBytesMax) return null
  return { id: hash.id, name: hash.name, nameHash, keyHash, serial: positive(serial) }
}

export interface HashBytes {
  /** Object identifier of the hash, and its name in node:crypto. */
  readonly id: string
  readonly name: string
  readonly nameHash: Buffer
  readonly keyHash: Buffer
  /** As the content of an INTEGER. */
  readonly serial: Buffer
}

/** The request about one certificate, in DER. It has no nonce: responders that answer many from a cache refuse it. */
export function ocspRequest({ id, nameHash, keyHash, serial }: HashBytes): Buffer {
  const reqCert = new CertID({
    hashAlgorithm: new AlgorithmIdentifier({ algorithm: id, parameters: null }),
    issuerNameHash: new OctetString(nameHash),
    issuerKeyHash: new OctetString(keyHash),
    serialNumber: new Uint8Array(serial).buffer,
  })
  const tbsRequest = new TBSRequest({ requestList: [new Request({ reqCert })] })
  return Buffer.from(AsnConvert.serialize(new OCSPRequest({ tbsRequest })))
}

/** What the bytes that a responder answered say about a certificate. It never throws. */
export function readOcspAnswer(der: Buffer, asked: HashBytes, by: StatusTrust): StatusAnswer {
  try {
    return statusIn(der, asked, by)
  } catch (error) {
    const reason = error instanceof Refused ? error.message : 'the answer is no OCSPResponse in DER'
    return { status: 'Failed', reason }
  }
}

/** An answer that does not count: why, as a sentence about the answer. */
class Refused extends Error {}

function statusIn(der: Buffer, asked: HashBytes, by: StatusTrust): StatusAnswer {
  const { responseStatus, responseBytes } = AsnConvert.parse(der, OCSPResponse)
  if (responseStatus !== OCSPResponseStatus.successful) {
    throw new Refused(`the responder answered ${OCSPResponseStatus[responseStatus] ?? responseStatus}`)
  }
  if (responseBytes?.responseType !== id_pkix_ocsp_basic) throw new Refused('the answer has an unknown type')
  const basic = AsnConvert.parse(responseBytes.response, BasicOCSPResponse)
  const about = basic.tbsResponseData.responses
    .filter(({ certID }) => isAbout(certID, asked))
    .toSorted((one, other) => other.thisUpdate.getTime() - one.thisUpdate.getTime())[0]
  if (about === undefined) throw new Refused('the answer is about another certificate')
  const problem = signatureProblem(basic, asked, by) ?? ageProblem(about, by.nowMs)
  if (problem !== null) throw new Refused(problem)
  const { revoked, good } = about.certStatus
  const status = revoked !== undefined ? 'Revoked' : good !== undefined ? 'Good' : 'Unknown'
  return { status, nextUpdateMs: about.nextUpdate?.getTime() ?? null, ocspResult: der.toString('base64') }
}

function isAbout(certId: CertID, asked: HashBytes): boolean {
  return (
    certId.hashAlgorithm.algorithm === asked.id &&
    asked.nameHash.equals(new Uint8Array(certId.issuerNameHash.buffer)) &&
    asked.keyHash.equals(new Uint8Array(certId.issuerKeyHash.buffer)) &&
    asked.serial.equals(positive(Buffer.from(certId.serialNumber)))
  )
}

/** Why the answer is too old, or from the future; null if it is neither. */
function ageProblem({ thisUpdate, nextUpdate }: SingleResponse, nowMs: number): string | null {
  if (thisUpdate.getTime() > nowMs + statusClockSkewMs) return 'the answer is from the future'
  const untilMs = nextUpdate === undefined ? thisUpdate.getTime() + statusAgeMsMax : nextUpdate.getTime()
  return untilMs < nowMs - statusClockSkewMs ? 'the answer is stale' : null
}

/** Why nobody whom the issuer has allowed to has signed the answer; null if one has (RFC 6960 §4.2.2.2). */
function signatureProblem(
  basic: BasicOCSPResponse,
  asked: HashBytes,
  { trust, sent, nowMs }: StatusTrust,
): string | null {
  const hash = signatureHashes[basic.signatureAlgorithm.algorithm]
  if (hash === undefined) return 'the answer is signed with an algorithm that Stator does not know'
  const text = new Uint8Array(basic.tbsResponseDataRaw ?? new ArrayBuffer(0))
  const signature = new Uint8Array(basic.signature)
  const isSigner = ({ x509 }: Certificate): boolean => verify(hash, text, x509.publicKey, signature)
  const own = (basic.certs ?? [])
    .slice(0, chainCertificatesMax)
    .map((certificate) => readCertificate(Buffer.from(AsnConvert.serialize(certificate))))
  const others = [...own, ...sent]
  let problem = 'the issuer of the certificate is not known'
  for (const issuer of issuersAmong([...trust.anchors, ...others], asked)) {
    const untrusted = pathProblem(issuer, others, trust, nowMs)
    if (untrusted !== null) {
      problem = `the issuer of the certificate is not trusted: ${untrusted}`
      continue
    }
    if (isSigner(issuer) || own.some((one) => isDelegate(one, issuer, nowMs) && isSigner(one))) return null
    problem = 'the signature of the answer is wrong, or of one who may not answer'
  }
  return problem
}

/** Those that may have issued the certificate with this hash data. */
export function issuersAmong(known: readonly Certificate[], asked: HashBytes): readonly Certificate[] {
  return known.filter((one) => {
    const { nameHash, keyHash } = hashesOf(one, asked.name)
    return one.facts.isAuthority && nameHash.equals(asked.nameHash) && keyHash.equals(asked.keyHash)
  })
}

function isDelegate(certificate: Certificate, issuer: Certificate, nowMs: number): boolean {
  const { extendedKeyUsages, unknownCritical } = certificate.facts
  return (
    extendedKeyUsages?.includes(id_kp_OCSPSigning) === true &&
    unknownCritical.length === 0 &&
    certificate.facts.issuer.equals(issuer.facts.subject) &&
    certificate.x509.verify(issuer.x509.publicKey) &&
    periodProblem(certificate, nowMs) === null &&
    weaknessOf(certificate) === null
  )
}

function hashesOf({ facts, x509 }: Certificate, hash: string): { readonly nameHash: Buffer; readonly keyHash: Buffer } {
  const [, key] = childrenOf(onlyElement(x509.publicKey.export({ type: 'spki', format: 'der' }), tags.sequence))
  // The first byte of a bit string is the number of unused bits at its end, and not hashed.
  const keyBits = key?.content.subarray(1) ?? Buffer.alloc(0)
  return {
    nameHash: createHash(hash).update(facts.subject).digest(),
    keyHash: createHash(hash).update(keyBits).digest(),
  }
}

function hexBytes(text: string): Buffer | null {
  if (!/^[0-9a-f]+$/i.test(text)) return null
  return Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex')
}

/** A number as the content of a positive INTEGER, as short as possible. */
function positive(bytes: Buffer): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start++
  const digits = bytes.subarray(start)
  return (digits[0] ?? 0) >= 128 ? Buffer.concat([Uint8Array.of(0), digits]) : digits
}
