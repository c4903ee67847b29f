// From requests to certificates in charge points: what runs at once, what is tried again, and what is given up.

import { beforeEach, expect, test } from 'bun:test'
import { noTreatment } from '../../support/known.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { certificatesAtOnceMax, certificateSweepMs, renewalCheckMs } from '../../../src/base/limits.ts'
import type { ChargePointRef } from '../../../src/feed/feed.ts'
import { CertificateDelivery, type CertificateDeliveryDeps } from '../../../src/station/certificate-delivery.ts'
import { committedByOperator } from '../../support/fake-station.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { until } from '../../support/until.ts'

type Store = CertificateDeliveryDeps['store']
type Live = CertificateDeliveryDeps['live']
type Answer = Awaited<ReturnType<Live['call']>>

const unavailable = new StatorError('STORE_UNAVAILABLE', 'The database is away.')
const accepted: Answer = { kind: 'result', payload: { status: 'Accepted' }, problems: [], quirks: [] }

let clock: HandClock
let requests: Map<number, string[]>
let signed: Map<number, string[]>
/** Charge points with a certificate that was sent too often. */
let unanswered: Set<number>
let done: string[]
let told: string[]
let mayBeSent: boolean
let answer: (identity: string) => Promise<Answer>
let issue: (csr: string) => Promise<string>
let isStoreAway: boolean
let calls: string[]
let renewals: ChargePointRef[]
let log: ReturnType<typeof collectedLog>

const cp = (key: number): ChargePointRef => ({ key, identity: `CP${key}` })

beforeEach(() => {
  clock = new HandClock()
  requests = new Map()
  signed = new Map()
  unanswered = new Set()
  done = []
  told = []
  mayBeSent = true
  answer = async () => accepted
  issue = async (csr) => `certificate of ${csr}`
  isStoreAway = false
  calls = []
  renewals = []
  log = collectedLog('Information')
})

const store: Store = {
  chargePointsWithCertificates: async () => {
    if (isStoreAway) throw unavailable
    return [...new Set([...requests.keys(), ...signed.keys(), ...unanswered])].map(cp)
  },
  certificateRequestsOf: async (key) => {
    if (isStoreAway) throw unavailable
    return (requests.get(key) ?? []).map((csr) => ({ csrDigest: csr, csr, requestId: null, receivedAtMs: 0 }))
  },
  storeCertificate: async (key, _task, { certificate }) => {
    requests.delete(key)
    signed.set(key, [...(signed.get(key) ?? []), certificate])
  },
  dropCertificateRequest: async (key, { csr }) => {
    requests.delete(key)
    done.push(`dropped ${csr}`)
  },
  takeCertificatesToSend: async (key) => {
    const taken = signed.get(key) ?? []
    signed.delete(key)
    const toSend = taken.map((certificate) => ({ serialNumber: certificate, certificate, requestId: null }))
    return { toSend, failed: unanswered.delete(key) ? 1 : 0 }
  },
  settleCertificate: async (serialNumber, state) => {
    done.push(`${state} ${serialNumber}`)
  },
  certificateChainCharactersMax: async () => null,
  takeRenewals: async () => renewals.splice(0),
}

function started(): CertificateDelivery {
  const delivery = new CertificateDelivery({
    store,
    authority: {
      chain: ' and authority',
      issue: async (csr) => ({ certificate: await issue(csr), serialNumber: csr, validFromMs: 0, validToMs: 1 }),
    },
    live: {
      get: () => ({
        version: '1.6',
        bootStatus: 'Accepted',
        mayBeSent: () => mayBeSent,
        lastSeenAtMs: 0,
        lastHeartbeatAtMs: null,
        treatment: noTreatment,
      }),
      call: async ({ identity }, action, payload) => {
        calls.push(`${identity} ${action} ${Object.values(payload).join(' ')}`)
        return answer(identity)
      },
    },
    onAnswered: async ({ identity }, state) => void told.push(`${identity} ${state}`),
    nodeId: 'node',
    renewalMs: 1,
    clock,
    log: log.log,
  })
  delivery.start()
  return delivery
}

/** The charge point has requested a certificate, and that is committed. */
function commit(delivery: CertificateDelivery, key: number, csr: string): void {
  requests.set(key, [...(requests.get(key) ?? []), csr])
  delivery.take(committedByOperator(cp(key), { table: 'certificateRequests', row: { csrDigest: csr, csr } }))
}

test('a committed request is signed and sent at once, and the answer is stored', async () => {
  const delivery = started()
  commit(delivery, 1, 'A')
  await until('the end', () => done.length === 1)
  expect(calls).toEqual(['CP1 CertificateSigned certificate of A and authority'])
  expect(done).toEqual(['accepted certificate of A'])
})

test('other commits cause nothing', async () => {
  const delivery = started()
  requests.set(1, ['A'])
  delivery.take(committedByOperator(cp(1), { table: 'chargePoints', patch: { firmwareStatus: 'Idle' } }))
  await delivery.end()
  expect([calls, done]).toEqual([[], []])
})

test('what was left by a crash is found by the sweep', async () => {
  requests.set(1, ['A'])
  signed.set(2, ['B'])
  started()
  clock.pass(certificateSweepMs)
  await until('both', () => done.length === 2)
  expect(done.toSorted()).toEqual(['accepted B', 'accepted certificate of A'])
  // What waits for the answer is told before the certificate is settled.
  expect(told.toSorted()).toEqual(['CP1 accepted', 'CP2 accepted'])
})

test('charge points that do not answer do not keep others from their certificates', async () => {
  const delivery = started()
  const silent = certificatesAtOnceMax * 3
  answer = (identity) => (identity === 'CP99' ? Promise.resolve(accepted) : new Promise(() => {}))
  for (let key = 1; key <= silent; key++) commit(delivery, key, `A${key}`)
  commit(delivery, 99, 'B')
  await until('the certificate of the one that answers', () => done.length === 1)
  expect(done).toEqual(['accepted certificate of B'])
  expect(calls).toHaveLength(silent + 1)
})

test('no more are signed at once than the limit says', async () => {
  const delivery = started()
  const releases: (() => void)[] = []
  issue = (csr) => new Promise((resolve) => releases.push(() => resolve(csr)))
  const count = certificatesAtOnceMax + 2
  for (let key = 1; key <= count; key++) commit(delivery, key, `A${key}`)
  await until('the first ones', () => releases.length === certificatesAtOnceMax)
  releases.splice(0).forEach((release) => release())
  await until('the others', () => releases.length === 2)
  releases.splice(0).forEach((release) => release())
  await until('all', () => done.length === count)
})

test('a second request of a charge point waits for the first', async () => {
  const delivery = started()
  const first = Promise.withResolvers<Answer>()
  answer = () => first.promise
  commit(delivery, 1, 'A')
  await until('the first CALL', () => calls.length === 1)
  commit(delivery, 1, 'B')
  first.resolve(accepted)
  await until('both', () => done.length === 2)
  expect(done).toEqual(['accepted certificate of A', 'accepted certificate of B'])
})

test('a request that cannot be signed is given up, and logged', async () => {
  const delivery = started()
  issue = () => Promise.reject(new TypeError('no key of any kind'))
  commit(delivery, 1, 'A')
  await until('the end', () => done.length === 1)
  expect(done).toEqual(['dropped A'])
  expect(log.lines.join('')).toContain('its request is given up')
  expect(told).toEqual(['CP1 failed'])
})

test('what waits for a certificate is told that it was never answered', async () => {
  unanswered.add(1)
  started()
  clock.pass(certificateSweepMs)
  await until('the end', () => told.length === 1)
  expect([told, calls]).toEqual([['CP1 failed'], []])
  expect(log.lines.join('')).toContain('never answered')
})

test('while the database is away nothing is lost: the next sweep goes on', async () => {
  const delivery = started()
  isStoreAway = true
  commit(delivery, 1, 'A')
  await until('the warning', () => log.lines.length > 0)
  clock.pass(certificateSweepMs)
  await until('the second warning', () => log.lines.length > 1)
  isStoreAway = false
  await until('a further sweep', () => clock.alarms === 2)
  clock.pass(certificateSweepMs)
  await until('the end', () => done.length === 1)
  expect(done).toEqual(['accepted certificate of A'])
})

test('a certificate is kept until the boot of its charge point is accepted', async () => {
  const delivery = started()
  mayBeSent = false
  commit(delivery, 1, 'A')
  await until('the signature', () => signed.size === 1)
  await until('a sweep', () => clock.alarms === 2)
  mayBeSent = true
  clock.pass(certificateSweepMs)
  await until('the end', () => done.length === 1)
  expect(calls).toHaveLength(1)
})

test('one that is not answered in time is not settled', async () => {
  const delivery = started()
  answer = () => Promise.reject(new StatorError('CALL_TIMEOUT', 'There was no answer.'))
  commit(delivery, 1, 'A')
  await until('the line', () => log.lines.length === 1)
  await delivery.end()
  expect(done).toEqual([])
})

test('charge points whose certificates end soon are asked to renew them', async () => {
  started()
  renewals = [cp(1), cp(2)]
  clock.pass(renewalCheckMs)
  await until('both', () => calls.length === 2)
  expect(calls.toSorted()).toEqual([
    'CP1 ExtendedTriggerMessage SignChargePointCertificate',
    'CP2 ExtendedTriggerMessage SignChargePointCertificate',
  ])
})

test('the end waits for what is under way, and takes no more', async () => {
  const delivery = started()
  const slow = Promise.withResolvers<Answer>()
  answer = () => slow.promise
  commit(delivery, 1, 'A')
  await until('the CALL', () => calls.length === 1)
  const end = delivery.end()
  commit(delivery, 2, 'B')
  slow.resolve(accepted)
  await end
  expect(done).toEqual(['accepted certificate of A'])
  expect(clock.alarms).toBe(0)
})
