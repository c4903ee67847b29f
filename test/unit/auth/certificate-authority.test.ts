// The certificate authority: made once and kept encrypted, or brought by the operator; and the certificates it signs.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAuthority } from '../../../src/auth/certificate-authority.ts'
import { Encryption } from '../../../src/auth/encryption.ts'
import { x509 } from '../../../src/auth/x509.ts'
import { systemClock } from '../../../src/base/clock.ts'
import type { CertificateSettings } from '../../../src/base/certificate-settings.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { memoryAuthorityStore } from '../../support/authority-store.ts'
import { p256, signingRequest } from '../../support/signing-requests.ts'

const settings: CertificateSettings = { ownAuthority: null, organization: null, validDays: 365, renewalDays: 30 }
const encryption = new Encryption(Buffer.from('a key of the tests, 32 characters or more'))
const dayMs = 86_400_000

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'nothing was thrown',
    (error: unknown) => (error instanceof StatorError ? `${error.code}: ${error.message}` : String(error)),
  )
}

describe('the authority that Stator makes', () => {
  test('is self-signed, may sign certificates but no further authorities, and its key is not stored readably', async () => {
    const store = memoryAuthorityStore()
    const authority = await openAuthority({ ...settings, organization: 'Operator' }, store, encryption, systemClock)
    const root = new X509Certificate(authority.certificate)
    expect([root.ca, root.verify(root.publicKey), root.checkIssued(root)]).toEqual([true, true, true])
    expect(root.subject).toContain('O=Operator')
    const constraints = new x509.X509Certificate(authority.certificate).getExtension(x509.BasicConstraintsExtension)
    expect(constraints).toMatchObject({ ca: true, pathLength: 0, critical: true })
    expect(store.kept?.privateKey).toStartWith(`v1.${encryption.keyId}.`)
    expect(JSON.stringify(store.kept)).not.toContain('PRIVATE KEY')
  })

  test('is the same after a restart, and of several nodes that start together all have one', async () => {
    const store = memoryAuthorityStore()
    const open = () => openAuthority(settings, store, encryption, systemClock)
    const all = await Promise.all([open(), open(), open()])
    const later = await open()
    expect(new Set([...all, later].map(({ certificate }) => certificate)).size).toBe(1)
    const issued = await later.issue(await signingRequest([{ CN: ['CP001'] }]), 'CP001')
    const root = new X509Certificate(all[0]?.certificate ?? '')
    expect(new X509Certificate(issued.certificate).verify(root.publicKey)).toBe(true)
  })

  test('cannot be opened with another encryption key', async () => {
    const store = memoryAuthorityStore()
    await openAuthority(settings, store, encryption, systemClock)
    const other = new Encryption(Buffer.from('another key of the tests, 32 or more'))
    expect(await codeOf(openAuthority(settings, store, other, systemClock))).toStartWith('ENCRYPTION_KEY_DIFFERS')
  })

  test('moves to the next encryption key at a start that knows both, and stays the same', async () => {
    const store = memoryAuthorityStore()
    const made = await openAuthority(settings, store, encryption, systemClock)
    const next = Buffer.from('the next key of the tests, 32 or more')
    const both = new Encryption(next, [Buffer.from('a key of the tests, 32 characters or more')])
    await openAuthority(settings, store, both, systemClock)
    const after = await openAuthority(settings, store, new Encryption(next), systemClock)
    expect(after.certificate).toBe(made.certificate)
    expect(await codeOf(openAuthority(settings, store, encryption, systemClock))).toStartWith('ENCRYPTION_KEY_DIFFERS')
  })
})

describe('a certificate', () => {
  test('is for the identity, of the organization, and for clients only, whatever its request asks for', async () => {
    const authority = await openAuthority(settings, memoryAuthorityStore(), encryption, systemClock)
    const csr = await signingRequest([{ CN: ['SN-7'] }, { O: ['Somebody'] }], 'P-256', [
      new x509.BasicConstraintsExtension(true, 3, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'csms.example.com' }]),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
    ])
    for (const identity of ['CP, 001="x"', '#0c0141', 'CP001+O=Other', 'Säule 7', '\\']) {
      const named = new x509.X509Certificate((await authority.issue(csr, identity)).certificate)
      expect(named.subjectName.getField('CN')).toEqual([identity])
    }
    const read = new x509.X509Certificate((await authority.issue(csr, 'CP001')).certificate)
    expect(read.subjectName.getField('O')).toEqual(['Stator'])
    expect(read.getExtension(x509.BasicConstraintsExtension)?.ca).toBe(false)
    expect(read.getExtension(x509.SubjectAlternativeNameExtension)).toBeNull()
    expect(read.getExtension(x509.ExtendedKeyUsageExtension)?.usages).toEqual([x509.ExtendedKeyUsage.clientAuth])
    expect(read.getExtension(x509.KeyUsagesExtension)?.usages).toBe(x509.KeyUsageFlags.digitalSignature)
    const root = new x509.X509Certificate(authority.certificate)
    expect(read.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId).toBe(
      root.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId,
    )
    const request = new x509.Pkcs10CertificateRequest(csr)
    expect(Buffer.from(read.publicKey.rawData)).toEqual(Buffer.from(request.publicKey.rawData))
  })

  test('has a serial number of 128 bits of its own (A00.FR.508)', async () => {
    const authority = await openAuthority(settings, memoryAuthorityStore(), encryption, systemClock)
    const csr = await signingRequest([{ CN: ['CP001'] }])
    const issued = await Promise.all(Array.from({ length: 50 }, () => authority.issue(csr, 'CP001')))
    expect(new Set(issued.map(({ serialNumber }) => serialNumber)).size).toBe(50)
    for (const { serialNumber, certificate } of issued) {
      expect(serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/)
      expect(new X509Certificate(certificate).serialNumber).toBe(serialNumber)
    }
  })

  test('is valid for as long as the settings say, but not longer than the authority', async () => {
    const store = memoryAuthorityStore()
    const csr = await signingRequest([{ CN: ['CP001'] }])
    const authority = await openAuthority({ ...settings, validDays: 10 }, store, encryption, systemClock)
    const { certificate, validFromMs, validToMs } = await authority.issue(csr, 'CP001')
    const read = new X509Certificate(certificate)
    expect([read.validFromDate.getTime(), read.validToDate.getTime()]).toEqual([validFromMs, validToMs])
    expect(Math.abs(validToMs - Date.now() - 10 * dayMs)).toBeLessThan(60_000)
    expect(validFromMs).toBeLessThan(Date.now())
    const late = { ...systemClock, nowMs: () => Date.now() + 19.9 * 365.25 * dayMs }
    const atTheEnd = await openAuthority(settings, store, encryption, late)
    const root = new X509Certificate(authority.certificate)
    expect((await atTheEnd.issue(csr, 'CP001')).validToMs).toBe(root.validToDate.getTime())
  })
})

describe('the authority that the operator brings', () => {
  let folder: string
  const path = (name: string): string => join(folder, name)
  const opened = (certificate: string, key: string) =>
    openAuthority(
      { ...settings, ownAuthority: { certificatePath: path(certificate), keyPath: path(key) } },
      memoryAuthorityStore(),
      encryption,
      systemClock,
    )

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stator-authority-'))
    for (const [name, ca, notAfter] of [
      ['own', true, Date.now() + 300 * dayMs],
      ['leaf', false, Date.now() + 300 * dayMs],
      ['expired', true, Date.now() - dayMs],
    ] as const) {
      const keys = await crypto.subtle.generateKey(p256, true, ['sign', 'verify'])
      const certificate = await x509.X509CertificateGenerator.createSelfSigned({
        name: 'CN=Own authority',
        keys,
        signingAlgorithm: p256,
        serialNumber: '01',
        notBefore: new Date(Date.now() - 400 * dayMs),
        notAfter: new Date(notAfter),
        extensions: [new x509.BasicConstraintsExtension(ca, undefined, true)],
      })
      await writeFile(path(`${name}.pem`), certificate.toString('pem'))
      const pkcs8 = await crypto.subtle.exportKey('pkcs8', keys.privateKey)
      await writeFile(path(`${name}.key`), x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'))
    }
    await writeFile(path('empty'), 'nothing')
  })

  afterAll(() => rm(folder, { recursive: true }))

  test('signs, and no certificate is valid for longer than it is', async () => {
    const authority = await opened('own.pem', 'own.key')
    const { certificate, validToMs } = await authority.issue(await signingRequest([{ CN: ['CP001'] }]), 'CP001')
    const root = new X509Certificate(authority.certificate)
    expect(new X509Certificate(certificate).verify(root.publicKey)).toBe(true)
    expect(validToMs).toBe(root.validToDate.getTime())
  })

  test.each([
    ['missing.pem', 'own.key', 'Security.CertificateAuthorityPath'],
    ['empty', 'own.key', 'a PEM file with a certificate'],
    ['leaf.pem', 'leaf.key', 'CA:TRUE'],
    ['expired.pem', 'expired.key', 'it expired on'],
    ['own.pem', 'leaf.key', 'it is that of another'],
    ['own.pem', 'empty', 'a PEM file with a private key'],
  ])('is refused in one sentence: %s with %s', async (certificate, key, expected) => {
    const sentence = await codeOf(opened(certificate, key))
    expect(sentence).toStartWith('SETTING_INVALID: Security.CertificateAuthority')
    expect(sentence).toContain(expected)
  })
})
