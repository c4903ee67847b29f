// Certificates and signing requests with bytes changed, cut out or put in: each is refused with a sentence or is what it
// was, and none makes Stator fail. STATOR_FUZZ_SEED repeats one round.

import { expect, test } from 'bun:test'
import { readCertificate } from '../../src/auth/certificates/certificate.ts'
import { namesIn } from '../../src/auth/certificates/names.ts'
import { readSigningRequest } from '../../src/auth/signing-request.ts'
import { extensions, make, makeAuthority } from '../support/made-certificates.ts'
import type { Random } from '../support/random.ts'
import { derOf, signingRequest } from '../support/signing-requests.ts'
import { fuzzMsMax, reportCounts, seedsOf, withSeed } from './make/run.ts'

const rounds = 30
const changesPerRound = 200

const root = makeAuthority('Root')
const certificates = [
  make({ subject: 'CP001', issuer: root }),
  make({ subject: 'CP001', issuer: root, extensions: [extensions.otherName('CP001'), extensions.keyUsage(0x80)] }),
  root,
]

/** `der` with some bytes changed, cut out, or put in. */
function changed(random: Random, der: Buffer): Buffer {
  let bytes = Buffer.from(der)
  for (let times = 1 + random.below(3); times > 0; times--) {
    const at = random.below(bytes.length)
    const kind = random.below(4)
    if (kind === 0) bytes[at] = random.below(256)
    else if (kind === 1) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.below(8))])
    else if (kind === 2)
      bytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(1 + random.below(8), at), bytes.subarray(at)])
    else bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
    if (bytes.length === 0) return Buffer.of(0)
  }
  return bytes
}

test(
  'a changed certificate cannot be read, or its key does not say that it was signed so',
  async () => {
    const counts = new Map<string, number>()
    for (const seed of seedsOf(rounds)) {
      await withSeed(seed, async (random) => {
        for (let change = 0; change < changesPerRound; change++) {
          const original = certificates[random.below(certificates.length)]?.der ?? root.der
          const der = changed(random, original)
          let outcome = 'refused'
          try {
            const { x509, facts } = readCertificate(der)
            namesIn(facts)
            const isSigned = x509.verify(readCertificate(root.der).x509.publicKey)
            outcome = der.equals(original) ? 'the same' : isSigned ? 'signed' : 'not signed'
          } catch (error) {
            expect(error).toBeInstanceOf(Error)
          }
          // A changed one that verifies: what follows the certificate is not part of it.
          if (outcome === 'signed') expect(der.subarray(0, original.length).equals(original)).toBe(true)
          counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
        }
      })
    }
    await reportCounts('certificates', Object.fromEntries(counts))
    expect(counts.get('refused') ?? 0).toBeGreaterThan(0)
    expect(counts.get('not signed') ?? 0).toBeGreaterThan(0)
  },
  fuzzMsMax,
)

test(
  'a changed signing request is refused with a sentence, unless what is signed is unchanged',
  async () => {
    const csr = await signingRequest([{ CN: ['CP001'] }])
    const der = derOf(csr)
    const outcomes = new Set<string>()
    for (const seed of seedsOf(rounds)) {
      await withSeed(seed, async (random) => {
        for (let change = 0; change < changesPerRound / 4; change++) {
          const bytes = changed(random, der)
          if (bytes.equals(der)) continue
          const pem = `-----BEGIN CERTIFICATE REQUEST-----\n${bytes.toString('base64')}\n-----END CERTIFICATE REQUEST-----`
          const read = await readSigningRequest(pem)
          // What is signed is as it was; how the signature itself is written may differ.
          if (!('problem' in read)) expect(read.commonNames).toEqual(['CP001'])
          else expect(read.problem).not.toBe('')
          outcomes.add('problem' in read ? 'refused' : 'read')
        }
      })
    }
    expect(outcomes).toContain('refused')
  },
  fuzzMsMax,
)
