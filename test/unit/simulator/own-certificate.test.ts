// The certificate of a simulated charge point: what it requests, and what it accepts.

import { beforeEach, describe, expect, test } from 'bun:test'
import { type CertificateAuthority, openAuthority } from '../../../src/auth/certificate-authority.ts'
import { Encryption } from '../../../src/auth/encryption.ts'
import { readSigningRequest } from '../../../src/auth/signing-request.ts'
import { type Call, CallLost } from '../../../src/simulator/connection.ts'
import { OwnCertificate } from '../../../src/simulator/own-certificate.ts'
import { memoryAuthorityStore } from '../../support/authority-store.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { signingRequest } from '../../support/signing-requests.ts'
import { until } from '../../support/until.ts'

const dayMs = 86_400_000

let clock: HandClock
let sent: string[]
let failures: string[]
let isConnected: boolean
let own: OwnCertificate
let authority: CertificateAuthority

async function newAuthority(): Promise<CertificateAuthority> {
  const settings = { ownAuthority: null, organization: null, validDays: 365, renewalDays: 30 }
  return openAuthority(settings, memoryAuthorityStore(), new Encryption(Buffer.from('a key of the tests')), clock)
}

beforeEach(async () => {
  clock = new HandClock(Date.UTC(2026, 0, 1))
  sent = []
  failures = []
  isConnected = true
  own = new OwnCertificate({
    identity: 'CP001',
    clock,
    organization: () => 'Operator',
    signCertificate: (csr) => ({ action: 'SignCertificate', payload: { csr } }),
    call: async ({ payload }: Call) => {
      sent.push(String(Object(payload).csr))
      if (!isConnected) throw new CallLost('SignCertificate', 'the connection was lost')
      return { status: 'Accepted' }
    },
    failed: (error) => failures.push(error.message),
    first: { cert: 'delivered', key: 'with it' },
  })
  authority = await newAuthority()
})

async function requested(count = 1): Promise<string> {
  own.request()
  await until('the request', () => sent.length === count)
  return sent.at(-1) ?? ''
}

describe('a simulated charge point', () => {
  test('requests a certificate of a new key each time, with its identity and organization', async () => {
    const [first, second] = [await requested(1), await requested(2)]
    expect(await readSigningRequest(first)).toMatchObject({ commonNames: ['CP001'], organizations: ['Operator'] })
    expect(second).not.toBe(first)
  })

  test('sends a request again on the next connection until it is answered', async () => {
    isConnected = false
    const csr = await requested()
    await until('the loss', () => failures.length === 1)
    isConnected = true
    own.resume()
    await until('the second try', () => sent.length === 2)
    own.resume()
    expect(sent).toEqual([csr, csr])
  })

  test('uses a certificate of its key, with the authority above it', async () => {
    const { certificate, serialNumber } = await authority.issue(await requested(), 'CP001')
    expect(own.take(certificate + authority.chain)).toBe(true)
    expect(own.kept?.serialNumber).toBe(serialNumber)
    // It may be sent once more, if the answer was lost.
    expect(own.take(certificate + authority.chain)).toBe(true)
  })

  test('discards everything else (A02.FR.07), and keeps what it has', async () => {
    const csr = await requested()
    const good = await authority.issue(csr, 'CP001')
    expect(own.take(good.certificate)).toBe(true)
    const ofOtherKey = await authority.issue(await signingRequest([{ CN: ['CP001'] }]), 'CP001')
    const ofOtherName = await authority.issue(csr, 'CP002')
    const stranger = await newAuthority()
    for (const chain of [
      '',
      'PEM',
      authority.chain,
      ofOtherKey.certificate + authority.chain,
      ofOtherName.certificate + authority.chain,
      good.certificate + stranger.chain,
    ]) {
      expect(own.take(chain)).toBe(false)
    }
    clock.pass(366 * dayMs)
    expect(own.take(good.certificate)).toBe(false)
    expect(own.kept?.serialNumber).toBe(good.serialNumber)
  })

  test('without a request takes no certificate', async () => {
    const { certificate } = await authority.issue(await signingRequest([{ CN: ['CP001'] }]), 'CP001')
    expect(own.take(certificate)).toBe(false)
    expect(own.kept).toBeNull()
  })

  test('shows a new certificate in its next connection, and keeps the old one until the new one worked', async () => {
    const old = { cert: 'delivered', key: 'with it' }
    expect(own.next()).toEqual(old)
    own.worked()
    expect(own.isInUse).toBe(true)
    const { certificate } = await authority.issue(await requested(), 'CP001')
    const chain = certificate + authority.chain
    own.take(chain)
    const fresh = { cert: chain, key: expect.stringContaining('PRIVATE KEY') }
    expect(own.next()).toEqual(fresh)
    // A connection that fails for another reason changes nothing.
    expect(own.next()).toEqual(fresh)
    own.refused()
    expect(own.next()).toEqual(old)
    own.worked()
    // The next connection tries the new one again.
    expect(own.next()).toEqual(fresh)
    own.worked()
    own.refused()
    expect(own.next()).toEqual(fresh)
  })

  test('whose new certificates are both refused goes back to the one that worked last', async () => {
    own.next()
    own.worked()
    for (const count of [1, 2]) own.take((await authority.issue(await requested(count), 'CP001')).certificate)
    own.next()
    own.refused()
    expect(own.next()).toEqual({ cert: 'delivered', key: 'with it' })
  })
})
