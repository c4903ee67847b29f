// Asks for the status of certificates: OCSP responders and revocation lists, at hosts that the operator allows. What
// they say is verified, and remembered for a while. Nothing here waits for long, and no responder is asked by many at
// once.

import { boundedFetch } from '../../base/bounded-fetch.ts'
import type { Clock } from '../../base/clock.ts'
import {
  ocspAnswerBytesMax,
  revocationListBytesMax,
  revocationListsKeptMax,
  statusBytesKeptMax,
  statusFailureMs,
  statusRequestsPerHostMax,
} from '../../base/limits.ts'
import type { Iso15118Settings } from '../../base/iso15118-settings.ts'
import type { StatusAnswer, StatusQuestion } from '../../blocks/certificate-questions.ts'
import type { Certificate } from '../certificates/certificate.ts'
import type { Trust } from '../certificates/chain.ts'
import { authorityKeyOf, readRevocationLists, type RevocationList } from '../certificates/revocation.ts'
import { bytesOf, type HashBytes, issuersAmong, ocspRequest, readOcspAnswer } from './ocsp.ts'
import { Kept } from './kept.ts'

export interface StatusesDeps {
  readonly settings: Pick<Iso15118Settings, 'responders' | 'cacheMs' | 'cacheEntriesMax'>
  readonly trust: Trust
  readonly clock: Clock
}

/** One question, while it is asked. */
interface Asking {
  readonly question: StatusQuestion
  readonly hash: HashBytes
  readonly sent: readonly Certificate[]
  readonly signal: AbortSignal
}

/** Finds the status of certificates. */
export class CertificateStatuses {
  readonly #deps: StatusesDeps
  readonly #answers: Kept<StatusAnswer>
  readonly #lists: Kept<RevocationList>
  /** What is being asked: a second question that could have no other answer waits for the same one. */
  readonly #underWay = new Map<string, { readonly answer: Promise<StatusAnswer>; readonly signal: AbortSignal }>()
  /** Revocation lists that are being read, by their URLs. */
  readonly #reading = new Map<string, Promise<RevocationList>>()
  /** Why a URL could not be read, for some seconds: while a responder is away, not every driver waits for it. */
  readonly #failures: Kept<string>
  readonly #perHost = new Map<string, number>()

  constructor(deps: StatusesDeps) {
    this.#deps = deps
    const { clock, settings } = deps
    this.#answers = new Kept(clock, settings.cacheEntriesMax, statusBytesKeptMax)
    this.#failures = new Kept(clock, settings.cacheEntriesMax, statusBytesKeptMax)
    this.#lists = new Kept(clock, revocationListsKeptMax, revocationListsKeptMax * revocationListBytesMax)
  }

  /** Whether nobody is asked at all. */
  get isOff(): boolean {
    return this.#deps.settings.responders.length === 0
  }

  /**
   * The status of one certificate. It resolves, at the latest soon after `signal`, and never rejects.
   *
   * @param sent certificates that came with the question.
   */
  async ask(question: StatusQuestion, sent: readonly Certificate[], signal: AbortSignal): Promise<StatusAnswer> {
    const hash = bytesOf(question.hashData)
    if (hash === null) return failed('the hash data of the certificate cannot be read')
    const { source, hashData, urls } = question
    const parts = [source, hash.id, hashData.issuerNameHash, hashData.issuerKeyHash, hash.serial.toString('hex')]
    const key = parts.join(' ').toLowerCase()
    const known = this.#answers.get(key)
    if (known !== undefined) return known
    // Another URL may answer otherwise, and other certificates may lead to an authority that is trusted.
    const asked = [key, ...urls, ...sent.map(({ x509 }) => x509.fingerprint256)].join(' ')
    const underWay = this.#underWay.get(asked)
    if (underWay !== undefined) {
      const answer = await underWay.answer
      // The time of the one who asked may be over, and not that of this one.
      const isLate = answer.status === 'Failed' && underWay.signal.aborted && !signal.aborted
      return isLate ? this.ask(question, sent, signal) : answer
    }
    const asking = this.#askAll({ question, hash, sent, signal }).finally(() => this.#underWay.delete(asked))
    this.#underWay.set(asked, { answer: asking, signal })
    const answer = await asking
    if (answer.status === 'Good' || answer.status === 'Revoked') this.#keep(key, answer)
    return answer
  }

  #keep(key: string, answer: Exclude<StatusAnswer, { status: 'Failed' }>): void {
    const untilMs = this.#deps.clock.nowMs() + this.#deps.settings.cacheMs
    const endMs = answer.nextUpdateMs === null ? untilMs : Math.min(untilMs, answer.nextUpdateMs)
    this.#answers.keep(key, answer, endMs, key.length + answer.ocspResult.length)
  }

  #keepFailure(key: string, reason: string): void {
    this.#failures.keep(key, reason, this.#deps.clock.nowMs() + statusFailureMs, key.length + reason.length)
  }

  /** One URL after the other, until there is an answer. */
  async #askAll(asking: Asking): Promise<StatusAnswer> {
    let answer: StatusAnswer = failed('there is no URL to ask')
    for (const [at, url] of asking.question.urls.entries()) {
      if (asking.signal.aborted) return failed('there was no answer in time')
      answer = await this.#askOne(asking, url, at === 0)
      if (answer.status !== 'Failed') return answer
    }
    return answer
  }

  /** @param isFirst nobody was waited for before, so that this URL has the whole time. */
  async #askOne(asking: Asking, text: string, isFirst: boolean): Promise<StatusAnswer> {
    const url = allowedUrl(text, this.#deps.settings.responders)
    if (url === null) return failed('its host is not in Security.Iso15118.OcspResponders')
    const { host, href } = url
    const { source } = asking.question
    const failure = this.#failures.get(`${source} ${href}`)
    if (failure !== undefined) return failed(failure)
    const atOnce = this.#perHost.get(host) ?? 0
    if (atOnce >= statusRequestsPerHostMax) return failed(`${host} is being asked by too many at once`)
    this.#perHost.set(host, atOnce + 1)
    try {
      return await (source === 'CRL' ? this.#askList(asking, url) : this.#askResponder(asking, url))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      if (isFirst || !asking.signal.aborted) this.#keepFailure(`${source} ${href}`, reason)
      return failed(reason)
    } finally {
      const left = (this.#perHost.get(host) ?? 1) - 1
      if (left > 0) this.#perHost.set(host, left)
      else this.#perHost.delete(host)
    }
  }

  /** @throws {Error} the responder cannot be read. */
  async #askResponder({ hash, sent, signal }: Asking, { href }: URL): Promise<StatusAnswer> {
    const headers = { 'Content-Type': 'application/ocsp-request', Accept: 'application/ocsp-response' }
    const request = { method: 'POST', headers, body: new Uint8Array(ocspRequest(hash)) }
    const { status, body } = await boundedFetch(href, request, ocspAnswerBytesMax, signal)
    if (status !== 200) throw new Error(`${href} answers with status ${status}`)
    const { trust, clock } = this.#deps
    return readOcspAnswer(body, hash, { trust, sent, nowMs: clock.nowMs() })
  }

  /** @throws {Error} the list cannot be read. */
  async #askList({ hash, signal }: Asking, { href }: URL): Promise<StatusAnswer> {
    const { trust } = this.#deps
    const issuer = issuersAmong(trust.anchors, hash)[0]
    if (issuer === undefined) return failed('the issuer of the certificate is not in Security.Iso15118.Roots')
    const list = this.#lists.get(href) ?? (await this.#listAt(href, signal))
    if (list.authorityKey !== authorityKeyOf(issuer)) return failed(`${href} is the list of another authority`)
    const serial = hash.serial.toString('hex').replace(/^0+(?=.)/, '')
    return { status: list.serials.has(serial) ? 'Revoked' : 'Good', nextUpdateMs: list.nextUpdateMs, ocspResult: '' }
  }

  /** Many that need a list at once wait for one reading of it, which takes a while. */
  #listAt(href: string, signal: AbortSignal): Promise<RevocationList> {
    const underWay = this.#reading.get(href)
    if (underWay !== undefined) return underWay
    const reading = this.#readList(href, signal).finally(() => this.#reading.delete(href))
    this.#reading.set(href, reading)
    return reading
  }

  async #readList(href: string, signal: AbortSignal): Promise<RevocationList> {
    const { trust, clock, settings } = this.#deps
    const { status, body } = await boundedFetch(href, {}, revocationListBytesMax, signal)
    if (status !== 200) throw new Error(`${href} answers with status ${status}`)
    const [list] = readRevocationLists(body, trust.anchors)
    if (list === undefined) throw new Error(`${href} has no revocation list`)
    const { nextUpdateMs } = list
    const nowMs = clock.nowMs()
    if (nextUpdateMs === null || nextUpdateMs < nowMs) throw new Error(`${href} is out of date`)
    this.#lists.keep(href, list, Math.min(nowMs + settings.cacheMs, nextUpdateMs), body.length)
    return list
  }
}

function failed(reason: string): StatusAnswer {
  return { status: 'Failed', reason }
}

/**
 * The URL of a certificate or a charge point, if the operator allows its host: any other could be one inside of the
 * operator's network.
 */
function allowedUrl(text: string, hosts: readonly string[]): URL | null {
  const url = URL.parse(text)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.password !== '') {
    return null
  }
  return hosts.includes(url.host) ? url : null
}
