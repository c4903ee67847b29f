// Which certificates of clients count (A00.FR.403, A00.FR.407), by their path to an authority, period, key and revocation.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuthority } from '../../../../src/auth/certificate-authority.ts'
import { ClientCertificates } from '../../../../src/auth/certificates/client-certificates.ts'
import { namesIn } from '../../../../src/auth/certificates/names.ts'
import { Encryption } from '../../../../src/auth/encryption.ts'
import { systemClock } from '../../../../src/base/clock.ts'
import type { ClientCertificateSettings } from '../../../../src/base/client-certificate-settings.ts'
import { StatorError } from '../../../../src/base/errors.ts'
import {
  extensions,
  make,
  makeAuthority,
  makeRevocationList,
  revocationListPem,
} from '../../../support/made-certificates.ts'
import { memoryAuthorityStore } from '../../../support/authority-store.ts'
import { signingRequest } from '../../../support/signing-requests.ts'
import type { Made, Wanted } from '../../../support/made-certificates.ts'

const dayMs = 86_400_000
const root = makeAuthority('Root')
const rsaRoot = makeAuthority('RSA root', { kind: 'rsa' })
const middle = makeAuthority('Middle', { issuer: root })
const stranger = makeAuthority('Stranger')
const revoked = make({ subject: 'CP001', issuer: root })

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-certificates-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function load(files: {
  readonly authority: string
  readonly lists?: readonly (string | Uint8Array)[]
}): Promise<ClientCertificates> {
  const authorityPath = join(folder, `${crypto.randomUUID()}.pem`)
  await writeFile(authorityPath, files.authority)
  const revocationListPaths = await Promise.all(
    (files.lists ?? []).map(async (list) => {
      const path = join(folder, `${crypto.randomUUID()}.crl`)
      await writeFile(path, list)
      return path
    }),
  )
  const settings: ClientCertificateSettings = {
    isValidated: true,
    authorityPath,
    isByThumbprintsAlone: false,
    revocationListPaths,
    thumbprints: [],
    organizations: [],
    proxyHeader: null,
  }
  return ClientCertificates.load(settings)
}

async function problem(
  sent: readonly Made[],
  { anchors = [root, rsaRoot], lists = [] as (string | Uint8Array)[] } = {},
): Promise<string | null> {
  const rules = await load({ authority: anchors.map(({ certificate }) => certificate).join('\n'), lists })
  const judged = rules.judge(
    sent.map(({ der }) => der),
    Date.now(),
  )
  if (judged === null || typeof judged === 'string') throw new Error(String(judged))
  return judged.chainProblem
}

function client(more: Partial<Wanted> = {}): Made {
  return make({ subject: 'CP001', issuer: root, ...more })
}

type Case = readonly [what: string, sent: () => Made[], expected: string]

const good: Case[] = (
  [
    ['EC, straight from the root', () => [client()]],
    ['RSA', () => [client({ kind: 'rsa', issuer: rsaRoot })]],
    ['RSA under an EC root', () => [client({ kind: 'rsa' })]],
    ['below an authority that the client sent', () => [client({ issuer: middle }), middle]],
    ['with the root sent as well', () => [client({ issuer: middle }), middle, root]],
    ['with other certificates sent first', () => [client({ issuer: middle }), stranger, middle]],
    ['for client authentication', () => [client({ extensions: [extensions.extendedKeyUsage('1.3.6.1.5.5.7.3.2')] })]],
    ['for signatures', () => [client({ extensions: [extensions.keyUsage(0x80)] })]],
    ['with an alternative name', () => [client({ extensions: [extensions.altName(0x82, 'cp001')] })]],
  ] as const
).map(([what, sent]) => [what, sent, ''])

describe('a certificate that counts', () => {
  test.each(good)('%s', async (_what, sent) => {
    expect(await problem(sent())).toBeNull()
  })

  test('an intermediate authority may be trusted without its root', async () => {
    expect(await problem([client({ issuer: middle })], { anchors: [middle] })).toBeNull()
    expect(await problem([client()], { anchors: [middle] })).toContain('its issuer is not in')
  })

  test('a path of exactly the length that an authority allows', async () => {
    const short = makeAuthority('Short', { extensions: [extensions.authority(1)] })
    const below = makeAuthority('Below', { issuer: short })
    expect(await problem([client({ issuer: below }), below], { anchors: [short] })).toBeNull()
  })
})

const own = make({ subject: 'CP001' })
const tooLow = makeAuthority('No path', { issuer: root, extensions: [extensions.authority(0)] })
const noAuthority = make({ subject: 'Plain', issuer: root })
const noSigner = makeAuthority('No signer', {
  issuer: root,
  extensions: [extensions.authority(), extensions.keyUsage(0x80)],
})
const old = makeAuthority('Old', { issuer: root, toMs: Date.now() - dayMs / 2 })
const named = makeAuthority('Named', {
  issuer: root,
  extensions: [extensions.authority(), extensions.nameConstraints()],
})
const impostor = makeAuthority('Root')
const weakMiddle = makeAuthority('Weak', { issuer: root, kind: 'rsa1024' })
const below = makeAuthority('Below', { issuer: tooLow })

const bad: Case[] = [
  ['self-signed', () => [own], 'it is self-signed'],
  ['of an unknown authority', () => [client({ issuer: stranger })], 'its issuer is not in'],
  ['of an unknown authority that was sent', () => [client({ issuer: stranger }), stranger], 'ends at an unknown root'],
  ['of an authority that has the name of a trusted one', () => [client({ issuer: impostor })], 'its signature is not'],
  ['the same, with the impostor sent', () => [client({ issuer: impostor }), impostor], 'its signature is not'],
  ['below an authority that was not sent', () => [client({ issuer: middle })], 'and was not sent'],
  ['expired', () => [client({ toMs: Date.now() - 1_000 })], 'it expired on '],
  ['not valid yet', () => [client({ fromMs: Date.now() + 60_000 })], 'it is not valid before '],
  [
    'issued by a certificate of no authority',
    () => [client({ issuer: noAuthority }), noAuthority],
    'not the certificate of',
  ],
  [
    'issued by a certificate that may not issue',
    () => [client({ issuer: noSigner }), noSigner],
    'does not allow to issue',
  ],
  ['below an expired authority', () => [client({ issuer: old }), old], 'cannot be trusted: it expired'],
  ['deeper than allowed', () => [client({ issuer: below }), below, tooLow], 'longer than an issuer allows'],
  ['below name constraints', () => [client({ issuer: named }), named], 'a critical extension'],
  ['with RSA of 1,024 bits', () => [client({ kind: 'rsa1024' })], 'its RSA key has 1024 bits, and needs 2048'],
  ['below such a key', () => [client({ issuer: weakMiddle }), weakMiddle], 'its RSA key has 1024 bits'],
  ['signed with SHA-1', () => [client({ hash: 'sha1', issuer: rsaRoot })], 'it is signed with SHA-1'],
  [
    'for servers only',
    () => [client({ extensions: [extensions.extendedKeyUsage('1.3.6.1.5.5.7.3.1')] })],
    'does not allow client authentication',
  ],
  ['for encryption only', () => [client({ extensions: [extensions.keyUsage(0x20)] })], 'digital signatures'],
  [
    'with an unknown critical extension',
    () => [client({ extensions: [['1.2.3.4', true, Buffer.of(5, 0)]] })],
    '1.2.3.4',
  ],
]

describe('a certificate that does not', () => {
  test.each(bad)('%s', async (_what, sent, expected) => {
    expect(await problem(sent())).toContain(expected)
  })

  test('a client that sends a maze of authorities is refused after a few signatures', async () => {
    const deep = makeAuthority('Maze')
    const maze = Array.from({ length: 8 }, () => makeAuthority('Maze', { issuer: deep, keyOf: deep }))
    expect(await problem([client({ issuer: deep }), ...maze])).toBe('its chain has too many branches')
  })

  test('bytes that are no certificate', async () => {
    const rules = await load({ authority: root.certificate })
    expect(rules.judge([Buffer.from('hello')], Date.now())).toBe('the client certificate cannot be read')
    expect(rules.judge([], Date.now())).toBeNull()
  })
})

describe('revocation lists (A00.FR.702)', () => {
  test.each([
    ['DER', (der: Buffer) => der],
    ['PEM', (der: Buffer) => revocationListPem(der)],
  ])('a revoked certificate is refused, others are not (%s)', async (_form, written) => {
    const lists = [written(makeRevocationList(root, [revoked]))]
    expect(await problem([revoked], { lists })).toBe('it is revoked')
    expect(await problem([client()], { lists })).toBeNull()
  })

  test('a revoked authority on the way is refused', async () => {
    const lists = [makeRevocationList(root, [middle]), makeRevocationList(rsaRoot, [])]
    expect(await problem([client({ issuer: middle }), middle], { lists })).toBe('it is revoked')
    // One that is trusted by itself needs no issuer that vouches for it.
    const both = [makeRevocationList(root, [middle]), makeRevocationList(middle, [])]
    const anchors = [root, middle]
    expect(await problem([client({ issuer: middle })], { anchors, lists: both })).toBeNull()
  })

  test('with a list, every issuer on the way needs one', async () => {
    const lists = [makeRevocationList(root, [])]
    expect(await problem([client({ issuer: rsaRoot })], { lists })).toContain('has no list')
  })

  test('a list out of date still counts, with a warning', async () => {
    const rules = await load({
      authority: root.certificate,
      lists: [makeRevocationList(root, [revoked], { nextMs: Date.now() - 60_000 })],
    })
    expect(rules.judge([revoked.der], Date.now())).toMatchObject({ chainProblem: 'it is revoked' })
    expect(rules.warnings(Date.now())).toEqual([expect.stringContaining('is out of date since')])
  })

  test('a list of 50,000 certificates is read in moderate time', async () => {
    const many = Array.from({ length: 50_000 }, (_, at) => ({
      serial: Buffer.from(`5${String(at).padStart(7, '0')}`, 'hex'),
    }))
    const lists = [makeRevocationList(root, [...many, revoked])]
    expect(await problem([revoked], { lists })).toBe('it is revoked')
  })

  test.each([
    ['of another authority', () => makeRevocationList(stranger, [revoked]), 'none of the authorities signed it'],
    [
      'for a part of the certificates',
      () => makeRevocationList(root, [], { critical: '2.5.29.28' }),
      'critical extension (2.5.29.28)',
    ],
    [
      'that only has changes',
      () => makeRevocationList(root, [], { critical: '2.5.29.27' }),
      'critical extension (2.5.29.27)',
    ],
    ['that is cut', () => makeRevocationList(root, [revoked]).subarray(0, 60), 'is longer than its parent'],
    ['that is none', () => Buffer.from('hello'), 'revocation lists, PEM or DER'],
  ])('a list %s stops the start', async (_what, list, expected) => {
    const loading = load({ authority: root.certificate, lists: [list()] })
    const error: unknown = await loading.catch((reason: unknown) => reason)
    if (!(error instanceof StatorError)) throw new Error('it was accepted')
    expect(error.message).toContain(expected)
  })

  test('a list with one byte changed stops the start', async () => {
    const list = makeRevocationList(root, [revoked])
    const at = list.indexOf(revoked.serial) + 3
    list.writeUInt8(list.readUInt8(at) ^ 1, at)
    expect(load({ authority: root.certificate, lists: [list] })).rejects.toThrow('signed it')
  })
})

test('certificates that Stator signs itself count under the identity that they were signed for', async () => {
  const settings = { ownAuthority: null, organization: null, validDays: 365, renewalDays: 30 }
  const encryption = new Encryption(Buffer.from('a key of the tests, 32 characters or more'))
  const authority = await openAuthority(settings, memoryAuthorityStore(), encryption, systemClock)
  const { certificate } = await authority.issue(await signingRequest([{ CN: ['CP001'] }]), 'CP001')
  const rules = await load({ authority: root.certificate })
  const judged = () => {
    const found = rules.judge([certificate], Date.now())
    if (found === null || typeof found === 'string') throw new Error(String(found))
    return found
  }
  expect(judged().chainProblem).toContain('its issuer is not in Security.ClientCertificateAuthority')
  rules.trustOwn(authority.certificate)
  expect(judged().chainProblem).toBeNull()
  expect(namesIn(judged().facts)).toEqual(['CP001'])
  // It is still trusted when the files have been read again.
  await rules.reload()
  expect(judged().chainProblem).toBeNull()
})

describe('the own authority', () => {
  const problemBelow = async (sent: Made, own: Made, lists: (string | Uint8Array)[] = [], anchors = [root]) => {
    const rules = await load({ authority: anchors.map(({ certificate }) => certificate).join(''), lists })
    rules.trustOwn(own.certificate)
    const judged = rules.judge([sent.der], Date.now())
    if (judged === null || typeof judged === 'string') throw new Error(String(judged))
    return judged.chainProblem
  }

  test('counts beside the others; what is above it does not', async () => {
    const own = makeAuthority('Own', { issuer: stranger })
    expect(await problemBelow(client({ issuer: own }), own)).toBeNull()
    expect(await problemBelow(client(), own)).toBeNull()
    expect(await problemBelow(client({ issuer: stranger }), own)).toContain('nor is it the own authority')
  })

  test('needs no revocation list, and one that there is counts', async () => {
    const own = makeAuthority('Own')
    const [taken, good] = [client({ issuer: own }), client({ issuer: own })]
    const ofRoot = makeRevocationList(root, [])
    expect(await problemBelow(good, own, [ofRoot])).toBeNull()
    const lists = [ofRoot, makeRevocationList(own, [taken])]
    expect(await problemBelow(good, own, lists, [root, own])).toBeNull()
    expect(await problemBelow(taken, own, lists, [root, own])).toBe('it is revoked')
  })

  test('without its certificate nothing counts: no file is no list of thumbprints', async () => {
    const rules = await ClientCertificates.load({
      isValidated: true,
      authorityPath: null,
      isByThumbprintsAlone: false,
      revocationListPaths: [],
      thumbprints: [],
      organizations: [],
      proxyHeader: null,
    })
    expect(rules.judge([client().der], Date.now())).toMatchObject({
      chainProblem: expect.stringContaining('its issuer'),
    })
    rules.trustOwn(root.certificate)
    expect(rules.judge([client().der], Date.now())).toMatchObject({ chainProblem: null })
    expect(rules.expiries.authorityMs).toBeGreaterThan(0)
  })
})

const hasOpenssl = Bun.which('openssl') !== null

test.skipIf(!hasOpenssl)('openssl verify agrees in each other case (skipped where there is none)', async () => {
  const path = (name: string): string => join(folder, name)
  await writeFile(path('anchors.pem'), root.certificate + rsaRoot.certificate)
  const verdicts = [...good, ...bad].map(async ([what, make, expected], at) => {
    const [own = root, ...others] = make()
    await writeFile(path(`own-${at}.pem`), own.certificate)
    await writeFile(path(`others-${at}.pem`), others.map(({ certificate }) => certificate).join('') || root.certificate)
    const trust = ['-no-CApath', '-no-CAstore', '-CAfile', path('anchors.pem'), '-untrusted', path(`others-${at}.pem`)]
    const flags = ['-purpose', 'sslclient', '-auth_level', '2']
    const run = Bun.spawn(['openssl', 'verify', ...trust, ...flags, path(`own-${at}.pem`)], {
      stdout: 'ignore',
      stderr: 'ignore',
    })
    return { what, isGood: (await run.exited) === 0, expected: expected === '' }
  })
  const differing = (await Promise.all(verdicts)).filter(({ isGood, expected }) => isGood !== expected)
  // openssl knows name constraints, Stator refuses them.
  expect(differing.map(({ what }) => what)).toEqual(['below name constraints'])
})

test.each([
  ['a certificate of no authority', make({ subject: 'CP001' }).certificate, 'is not one (basicConstraints)'],
  ['no certificate', 'hello', 'a PEM file with certificates of authorities'],
  ['a damaged certificate', root.certificate.replace('MII', 'M!I').replace('\nMI', '\nXX'), 'damaged'],
])('an authority file with %s stops the start', async (_what, authority, expected) => {
  expect(load({ authority })).rejects.toThrow(expected)
})
