// An OCSP responder over HTTP, honest or not. It signs with node:crypto, and knows the certificates that a test tells
// it about.

import {
  BasicOCSPResponse,
  CertStatus,
  id_pkix_ocsp_basic,
  KeyHash,
  OCSPRequest,
  OCSPResponse,
  OCSPResponseStatus,
  ResponderID,
  ResponseBytes,
  ResponseData,
  RevokedInfo,
  SingleResponse,
} from '@peculiar/asn1-ocsp'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier, Certificate } from '@peculiar/asn1-x509'
import { sign } from 'node:crypto'
import type { Made } from './made-certificates.ts'

/** How the responder answers about a certificate. */
export interface Word {
  readonly status: 'good' | 'revoked' | 'unknown'
  readonly thisUpdateMs?: number
  /** Null: it promises no newer answer. */
  readonly nextUpdateMs?: number | null
  /** Signed by this one instead of the responder. */
  readonly signedBy?: Made
  /** The answer is about this serial number instead. */
  readonly aboutSerial?: Buffer
  /** Bytes of the answer, instead of a right one. */
  readonly bytes?: Uint8Array
  readonly httpStatus?: number
  /** Members of the answer beside its signature: certificates that it carries. */
  readonly carries?: readonly Made[]
}

const ecdsaWithSha256 = '1.2.840.10045.4.3.2'
const hourMs = 3_600_000

export interface Responder {
  /** `http://127.0.0.1:<port>`, and the same as `Security.Iso15118.OcspResponders` has it. */
  readonly url: string
  readonly host: string
  /** How often it was asked. */
  readonly asked: number
  /** What it says about the certificate with this serial number. */
  say(certificate: Pick<Made, 'serial'>, word: Word): void
  /** From now on nothing is answered; or again. */
  hold(isHeld: boolean): void
  /** A file at `/<name>`, such as a revocation list. */
  serve(name: string, content: Uint8Array): void
  stop(): Promise<void>
}

/** Starts a responder that signs as `signer`: the issuer of the certificates, or one whom it has allowed to. */
export function startResponder(signer: Made, carries: readonly Made[] = []): Responder {
  const words = new Map<string, Word>()
  const files = new Map<string, Uint8Array>()
  const held: (() => void)[] = []
  let isHeld = false
  let asked = 0
  const server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    async fetch(request) {
      asked++
      if (isHeld) await new Promise<void>((resolve) => held.push(resolve))
      const file = files.get(new URL(request.url).pathname.slice(1))
      if (file !== undefined) return new Response(file)
      const [one] = AsnConvert.parse(await request.arrayBuffer(), OCSPRequest).tbsRequest.requestList
      if (one === undefined) return new Response(null, { status: 400 })
      const serial = Buffer.from(one.reqCert.serialNumber).toString('hex')
      const word: Word = words.get(serial) ?? { status: 'unknown' }
      const body = word.bytes ?? answer(one.reqCert, word, signer, word.carries ?? carries)
      return new Response(body, { status: word.httpStatus ?? 200 })
    },
  })
  const { port } = server
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    get asked() {
      return asked
    },
    say: ({ serial }, word) => void words.set(serial.toString('hex'), word),
    hold(wanted) {
      isHeld = wanted
      for (const release of held.splice(0)) release()
    },
    serve: (name, content) => void files.set(name, content),
    stop: () => server.stop(true),
  }
}

function answer(certID: SingleResponse['certID'], word: Word, signer: Made, carries: readonly Made[]): Uint8Array {
  const { thisUpdateMs = Date.now() - 60_000, nextUpdateMs = Date.now() + hourMs, signedBy = signer } = word
  if (word.aboutSerial !== undefined) certID.serialNumber = new Uint8Array(word.aboutSerial).buffer
  const thisUpdate = new Date(thisUpdateMs)
  const single = new SingleResponse({ certID, certStatus: statusOf(word), thisUpdate })
  if (nextUpdateMs !== null) single.nextUpdate = new Date(nextUpdateMs)
  const tbsResponseData = new ResponseData({
    responderID: new ResponderID({ byKey: new KeyHash(Buffer.alloc(20)) }),
    producedAt: thisUpdate,
    responses: [single],
  })
  const text = new Uint8Array(AsnConvert.serialize(tbsResponseData))
  const basic = new BasicOCSPResponse({
    tbsResponseData,
    signatureAlgorithm: new AlgorithmIdentifier({ algorithm: ecdsaWithSha256 }),
    signature: new Uint8Array(sign('sha256', text, signedBy.privateKey)).buffer,
  })
  if (carries.length > 0) basic.certs = carries.map(({ der }) => AsnConvert.parse(der, Certificate))
  const response = new OctetString(AsnConvert.serialize(basic))
  return new Uint8Array(
    AsnConvert.serialize(
      new OCSPResponse({
        responseStatus: OCSPResponseStatus.successful,
        responseBytes: new ResponseBytes({ responseType: id_pkix_ocsp_basic, response }),
      }),
    ),
  )
}

function statusOf({ status }: Word): CertStatus {
  if (status === 'good') return new CertStatus({ good: null })
  if (status === 'unknown') return new CertStatus({ unknown: null })
  return new CertStatus({ revoked: new RevokedInfo({ revocationTime: new Date(Date.now() - hourMs) }) })
}
