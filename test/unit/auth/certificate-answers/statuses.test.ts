// The status of certificates, from a responder that may be honest, away, or lie. It answers over HTTP on this machine.

import { afterAll, afterEach, beforeEach, describe, expect, test } from 'bun:test'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { bytesOf, ocspRequest, readOcspAnswer } from '../../../../src/auth/certificate-answers/ocsp.ts'
import { CertificateStatuses } from '../../../../src/auth/certificate-answers/statuses.ts'
import { readCertificate } from '../../../../src/auth/certificates/certificate.ts'
import { RevocationLists } from '../../../../src/auth/certificates/revocation.ts'
import { revocationListBytesMax, statusFailureMs, statusRequestsPerHostMax } from '../../../../src/base/limits.ts'
import type { StatusQuestion } from '../../../../src/blocks/certificate-questions.ts'
import { hashDataFor, makeContract, makeContractAuthorities, makeDelegate } from '../../../support/contract-chain.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { type Made, makeRevocationList } from '../../../support/made-certificates.ts'
import { type Responder, startResponder, type Word } from '../../../support/ocsp-responder.ts'
import { until } from '../../../support/until.ts'

const hourMs = 3_600_000
const { root, authority } = makeContractAuthorities()
const delegate = makeDelegate(authority)
const stranger = makeContractAuthorities('Other')

const responder = startResponder(authority, [authority])
afterAll(() => responder.stop())
let contract: Made
let clock: HandClock
const never = new AbortController().signal

beforeEach(() => {
  contract = makeContract(authority, responder.url)
  clock = new HandClock(Date.now())
})
afterEach(() => responder.hold(false))

function trusting(...anchors: readonly Made[]) {
  const read = anchors.map(({ der }) => readCertificate(der))
  return { setting: 'Security.Iso15118.Roots', anchors: read, own: null, revoked: new RevocationLists([]) }
}

function statuses(more: { readonly responders?: readonly string[]; readonly cacheEntriesMax?: number } = {}) {
  const settings = { responders: [responder.host], cacheMs: hourMs, cacheEntriesMax: 10, ...more }
  return new CertificateStatuses({ settings, trust: trusting(root), clock })
}

function about(certificate: Made, url: string = responder.url): StatusQuestion {
  return { source: 'OCSP', hashData: hashDataFor(certificate, authority), urls: [url] }
}

const ask = (of: CertificateStatuses, question = about(contract), signal = never) => of.ask(question, [], signal)

/** Why the answer does not count. */
async function reasonFor(word: Word): Promise<string> {
  responder.say(contract, word)
  const answer = await ask(statuses())
  return answer.status === 'Failed' ? answer.reason : answer.status
}

describe('the status of a certificate', () => {
  test.each([
    ['good', 'Good'],
    ['revoked', 'Revoked'],
    ['unknown', 'Unknown'],
  ] as const)('is what its issuer says: %s', async (said, status) => {
    const nextUpdateMs = Math.floor(Date.now() / 1_000) * 1_000 + hourMs
    responder.say(contract, { status: said, nextUpdateMs })
    expect(await ask(statuses())).toEqual({ status, nextUpdateMs, ocspResult: expect.stringMatching(/^MI/) })
  })

  test('may be said by one whom its issuer has allowed to', async () => {
    responder.say(contract, { status: 'good', signedBy: delegate, carries: [delegate, authority] })
    expect(await ask(statuses())).toMatchObject({ status: 'Good' })
  })

  test('counts if the answer promises no newer one, for a day', async () => {
    responder.say(contract, { status: 'good', nextUpdateMs: null })
    expect(await ask(statuses())).toMatchObject({ status: 'Good', nextUpdateMs: null })
    expect(await reasonFor({ status: 'good', nextUpdateMs: null, thisUpdateMs: Date.now() - 25 * hourMs })).toBe(
      'the answer is stale',
    )
  })

  const wrong: readonly (readonly [what: string, word: () => Word, reason: string])[] = [
    ['is signed by another', () => ({ status: 'good', signedBy: stranger.authority }), 'the signature of the answer'],
    [
      'is signed by a certificate of the issuer that may not answer',
      () => ({ status: 'good', signedBy: contract, carries: [contract, authority] }),
      'the signature of the answer is wrong, or of one who may not answer',
    ],
    [
      'is signed by a delegate of another authority',
      () => {
        const other = makeDelegate(stranger.authority)
        return { status: 'good', signedBy: other, carries: [other, authority] }
      },
      'the signature of the answer',
    ],
    [
      'is signed by a delegate that has expired',
      () => {
        const expired = makeDelegate(authority, { toMs: Date.now() - hourMs })
        return { status: 'good', signedBy: expired, carries: [expired, authority] }
      },
      'the signature of the answer',
    ],
    [
      'carries no certificate of the issuer',
      () => ({ status: 'good', carries: [] }),
      'the issuer of the certificate is',
    ],
    ['is stale', () => ({ status: 'good', nextUpdateMs: Date.now() - hourMs }), 'the answer is stale'],
    [
      'is from the future',
      () => ({ status: 'good', thisUpdateMs: Date.now() + hourMs }),
      'the answer is from the future',
    ],
    [
      'is about another',
      () => ({ status: 'good', aboutSerial: Buffer.from('0102', 'hex') }),
      'about another certificate',
    ],
    ['is no OCSP', () => ({ status: 'good', bytes: Buffer.from('hello') }), 'the answer is no OCSPResponse in DER'],
    ['refuses', () => ({ status: 'good', bytes: Uint8Array.of(0x30, 3, 10, 1, 6) }), 'answered unauthorized'],
    ['is an error of HTTP', () => ({ status: 'good', httpStatus: 503 }), 'answers with status 503'],
    ['is too long', () => ({ status: 'good', bytes: new Uint8Array(100_000) }), 'has more than 16384 bytes'],
  ]
  test.each(wrong)('does not count if the answer %s', async (_, word, reason) => {
    expect(await reasonFor(word())).toContain(reason)
  })

  test('does not count if the issuer leads to no authority of the settings', async () => {
    const other = makeContract(stranger.authority, responder.url)
    const question = { ...about(contract), hashData: hashDataFor(other, stranger.authority) }
    responder.say(other, { status: 'good', signedBy: stranger.authority, carries: [stranger.authority, stranger.root] })
    expect(await ask(statuses(), question)).toEqual({
      status: 'Failed',
      reason: 'the issuer of the certificate is not trusted: its chain ends at an unknown root',
    })
  })

  test('is not asked of a host that the settings do not name, nor of another port or scheme', async () => {
    const before = responder.asked
    const { port } = new URL(responder.url)
    const urls = [
      `http://localhost:${port}`,
      'http://127.0.0.1:1',
      `http://127.0.0.1:1@127.0.0.1:${port}`,
      `ftp://127.0.0.1:${port}`,
      'file:///etc/passwd',
      'no URL',
    ]
    for (const url of urls) {
      expect(await ask(statuses(), about(contract, url))).toMatchObject({ reason: expect.stringContaining('its host') })
    }
    expect(responder.asked).toBe(before)
  })

  test.each(['', 'xyz', '00', 'ab'.repeat(40)])(
    'is not asked with hash data that cannot be any: "%s"',
    async (text) => {
      const question = { ...about(contract), hashData: { ...hashDataFor(contract, authority), issuerKeyHash: text } }
      expect(await ask(statuses(), question)).toMatchObject({ reason: expect.stringContaining('cannot be read') })
    },
  )

  test('finds the certificate by hash data in capitals, with leading zeros', async () => {
    responder.say(contract, { status: 'good' })
    const { issuerNameHash, serialNumber, ...rest } = hashDataFor(contract, authority)
    const hashData = { ...rest, issuerNameHash: issuerNameHash.toUpperCase(), serialNumber: `00${serialNumber}` }
    expect(await ask(statuses(), { ...about(contract), hashData })).toMatchObject({ status: 'Good' })
  })
})

describe('a responder', () => {
  test('is asked once, while its answer is valid', async () => {
    responder.say(contract, { status: 'good', nextUpdateMs: Date.now() + hourMs / 2 })
    const of = statuses()
    const before = responder.asked
    await ask(of)
    await ask(of)
    expect(responder.asked - before).toBe(1)
    clock.pass(hourMs / 2 + 60_000)
    await ask(of)
    expect(responder.asked - before).toBe(2)
  })

  test('is asked again about a certificate that it does not know yet', async () => {
    const of = statuses()
    expect(await ask(of)).toMatchObject({ status: 'Unknown' })
    responder.say(contract, { status: 'good' })
    expect(await ask(of)).toMatchObject({ status: 'Good' })
  })

  test('is asked once by many at the same time', async () => {
    responder.say(contract, { status: 'revoked' })
    const of = statuses()
    const before = responder.asked
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(of)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(['Revoked']))
    expect(responder.asked - before).toBe(1)
  })

  test('is asked by itself for one who sent other certificates', async () => {
    responder.say(contract, { status: 'good', carries: [] })
    const of = statuses()
    const before = responder.asked
    const answers = await Promise.all([
      of.ask(about(contract), [], never),
      of.ask(about(contract), [readCertificate(authority.der)], never),
    ])
    expect(answers.map(({ status }) => status)).toEqual(['Failed', 'Good'])
    expect(responder.asked - before).toBe(2)
  })

  test('is asked again for those whose time is not over, when that of the first one is', async () => {
    responder.hold(true)
    responder.say(contract, { status: 'good' })
    const of = statuses({ responders: [responder.host, '127.0.0.1:1'] })
    const question = { ...about(contract), urls: ['http://127.0.0.1:1', responder.url] }
    const first = new AbortController()
    const before = responder.asked
    const answers = Promise.all([first.signal, never, never].map((signal) => ask(of, question, signal)))
    await until('the first request', () => responder.asked - before === 1)
    first.abort(new Error('no answer within 5 ms'))
    await until('the second request', () => responder.asked - before === 2)
    responder.hold(false)
    expect((await answers).map(({ status }) => status)).toEqual(['Failed', 'Good', 'Good'])
    expect(responder.asked - before).toBe(2)
  })

  test('that hangs is waited for until the time-out, and not asked by more than a limit', async () => {
    responder.hold(true)
    const of = statuses({ cacheEntriesMax: 0 })
    const controller = new AbortController()
    const before = responder.asked
    const hanging = Array.from({ length: statusRequestsPerHostMax }, (_, at) =>
      ask(of, about(makeContract(authority, null), `${responder.url}/${at}`), controller.signal),
    )
    await until('all requests have arrived', () => responder.asked - before === statusRequestsPerHostMax)
    expect(await ask(of)).toMatchObject({ reason: expect.stringContaining('by too many at once') })
    controller.abort(new Error('no answer within 5 ms'))
    for (const answer of await Promise.all(hanging)) expect(answer.status).toBe('Failed')
    responder.hold(false)
    responder.say(contract, { status: 'good' })
    expect(await ask(of)).toMatchObject({ status: 'Good' })
  })

  test('that is away makes the next URL count', async () => {
    responder.say(contract, { status: 'good' })
    const of = statuses({ responders: [responder.host, '127.0.0.1:1'] })
    expect(await ask(of, about(contract, 'http://127.0.0.1:1'))).toMatchObject({
      reason: expect.stringContaining('does not answer'),
    })
    const question = { ...about(contract), urls: ['http://127.0.0.1:1', responder.url] }
    expect(await ask(of, question)).toMatchObject({ status: 'Good' })
  })

  test('that is away is not waited for by the next ones, for some seconds', async () => {
    responder.hold(true)
    const of = statuses()
    const controller = new AbortController()
    const before = responder.asked
    const waiting = ask(of, about(contract), controller.signal)
    await until('the request has arrived', () => responder.asked - before === 1)
    controller.abort(new Error('no answer within 5 ms'))
    const answer = await waiting
    expect(answer).toMatchObject({ status: 'Failed', reason: expect.stringContaining('no answer within 5 ms') })
    expect(await ask(of, about(makeContract(authority, null)))).toEqual(answer)
    responder.hold(false)
    responder.say(contract, { status: 'good' })
    clock.pass(statusFailureMs)
    expect(await ask(of)).toMatchObject({ status: 'Good' })
    expect(responder.asked - before).toBe(2)
  })

  test('that had little time left is asked again at once', async () => {
    responder.hold(true)
    const of = statuses({ responders: [responder.host, '127.0.0.1:1'] })
    const question = { ...about(contract), urls: ['http://127.0.0.1:1', responder.url] }
    const controller = new AbortController()
    const before = responder.asked
    const waiting = ask(of, question, controller.signal)
    await until('the request has arrived', () => responder.asked - before === 1)
    controller.abort(new Error('no answer within 5 ms'))
    expect(await waiting).toMatchObject({ status: 'Failed' })
    responder.hold(false)
    responder.say(contract, { status: 'good' })
    expect(await ask(of, question)).toMatchObject({ status: 'Good' })
  })

  test('that redirects is not followed', async () => {
    const other: Responder = startResponder(authority)
    const redirecting = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => Response.redirect(other.url) })
    try {
      const of = statuses({ responders: [`127.0.0.1:${redirecting.port}`] })
      const answer = await ask(of, about(contract, `http://127.0.0.1:${redirecting.port}`))
      expect(answer).toMatchObject({ reason: expect.stringContaining('answers with status 30') })
      expect(other.asked).toBe(0)
    } finally {
      await redirecting.stop(true)
      await other.stop()
    }
  })
})

describe('a revocation list', () => {
  const ofRoot = (certificate: Made): StatusQuestion => ({
    source: 'CRL',
    hashData: hashDataFor(certificate, root),
    urls: [`${responder.url}/root.crl`],
  })

  test('says which certificates of an authority of the settings are revoked', async () => {
    responder.serve('root.crl', makeRevocationList(root, [authority]))
    const of = statuses()
    const before = responder.asked
    expect(await ask(of, ofRoot(authority))).toMatchObject({ status: 'Revoked', ocspResult: '' })
    expect(await ask(of, ofRoot(contract))).toMatchObject({ status: 'Good' })
    expect(responder.asked - before).toBe(1)
  })

  test('is read once by many at the same time', async () => {
    responder.serve('root.crl', makeRevocationList(root, [authority]))
    const of = statuses()
    const before = responder.asked
    const answers = await Promise.all([authority, contract, delegate].map((one) => ask(of, ofRoot(one))))
    expect(answers.map(({ status }) => status)).toEqual(['Revoked', 'Good', 'Good'])
    expect(responder.asked - before).toBe(1)
  })

  test('that cannot be used is not read again for some seconds', async () => {
    responder.serve('root.crl', makeRevocationList(root, [], { nextMs: Date.now() - hourMs }))
    const of = statuses()
    const before = responder.asked
    const answer = await ask(of, ofRoot(authority))
    expect(await ask(of, ofRoot(contract))).toEqual(answer)
    expect(responder.asked - before).toBe(1)
    responder.serve('root.crl', makeRevocationList(root, []))
    clock.pass(statusFailureMs)
    expect(await ask(of, ofRoot(authority))).toMatchObject({ status: 'Good' })
  })

  test.each([
    ['is out of date', () => makeRevocationList(root, [], { nextMs: Date.now() - hourMs }), 'is out of date'],
    ['is of another authority', () => makeRevocationList(stranger.root, []), 'none of the authorities signed it'],
    ['is too long', () => Buffer.alloc(revocationListBytesMax + 1), 'has more than'],
  ] as const)('does not count if it %s', async (_, list, reason) => {
    responder.serve('root.crl', list())
    expect(await ask(statuses(), ofRoot(authority))).toMatchObject({ reason: expect.stringContaining(reason) })
  })
})

const hasOpenssl = Bun.which('openssl') !== null

test.skipIf(!hasOpenssl)('requests and answers are those of openssl, if it is installed', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stator-ocsp-'))
  try {
    const file = (name: string, content: string | Uint8Array): string => {
      writeFileSync(join(folder, name), content)
      return join(folder, name)
    }
    const hash = bytesOf(hashDataFor(contract, authority))
    if (hash === null) throw new Error('the hash data cannot be read')
    const serial = contract.serial.toString('hex').toUpperCase()
    const ca = file('ca.pem', authority.certificate)
    const responderPem = file('responder.pem', delegate.certificate)
    const key = file('responder.key', delegate.key)
    for (const [mark, status] of [
      ['V\t351231235959Z\t\t', 'Good'],
      ['R\t351231235959Z\t260101000000Z\t', 'Revoked'],
    ]) {
      const index = file('index.txt', `${mark}${serial}\tunknown\t/CN=contract\n`)
      const request = file('request.der', ocspRequest(hash))
      const out = join(folder, 'answer.der')
      const args = ['-index', index, '-CA', ca, '-rsigner', responderPem, '-rkey', key, '-reqin', request]
      const { exitCode, stderr } = Bun.spawnSync(['openssl', 'ocsp', ...args, '-respout', out, '-ndays', '1'])
      expect([exitCode, stderr.toString()]).toEqual([0, expect.any(String)])
      const by = { trust: trusting(authority), sent: [], nowMs: Date.now() }
      expect(readOcspAnswer(readFileSync(out), hash, by)).toMatchObject({ status })
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
})
