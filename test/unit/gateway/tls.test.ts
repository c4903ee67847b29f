// Certificates as operators bring them, opened, and served to a client that checks them.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createPrivateKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsSettings } from '../../../src/base/config.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { loadTls } from '../../../src/gateway/tls.ts'
import { ecCertificate, ecKey, ecPfx, ecRoot } from '../../fixtures/ec-certificates.ts'
import { makePfx, makeRoot, makeServer } from '../../support/certificates.ts'
import { makeAuthority, makeLocalhost } from '../../support/made-certificates.ts'

let folder = ''

// RSA certificates made here, EC ones that were made before: roots, and what they signed for localhost.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-tls-'))
  const root = makeRoot('RSA root', 2)
  const rsa = makeServer('rsa', 2, root)
  const chain = [rsa.certificate, root.certificate]
  const aes = makePfx(chain, rsa.key, 'secret', 'aes256')
  const weak = makeLocalhost(makeAuthority('Root'), { kind: 'rsa1024' })
  const files = {
    'roots.pem': root.certificate + ecRoot,
    'rsa-root.pem': root.certificate,
    'rsa.pem': rsa.certificate,
    'rsa.key': rsa.key,
    'rsa-aes.pfx': aes,
    'rsa-3des.p12': makePfx(chain, rsa.key, 'secret', '3des'),
    'no-password.pfx': makePfx(chain, rsa.key, '', 'aes256'),
    'no-key.pfx': makePfx(chain, null, 'secret', 'aes256'),
    'cut.pfx': aes.subarray(0, 900),
    'locked.key': createPrivateKey(rsa.key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'secret',
    }),
    'both.pem': root.certificate + rsa.key + rsa.certificate,
    'chain.pem': chain.join(''),
    'damaged.pem': (rsa.certificate + rsa.key).replace(/CERTIFICATE-----\nMII/, '$&!'),
    'text.pem': 'no certificate yet',
    'ec-root.pem': ecRoot,
    'ec.pem': ecCertificate,
    'weak.pem': weak.certificate + weak.key,
    'ec.key': ecKey,
    'ec-aes.pfx': Buffer.from(ecPfx.aes, 'base64'),
    'ec-rc2.p12': Buffer.from(ecPfx.rc2, 'base64'),
    'ec-3des.p12': Buffer.from(ecPfx.tripleDes, 'base64'),
  }
  await Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(folder, name), content)))
})

afterAll(() => rm(folder, { recursive: true }))

function settings(certificate: string, password: string | null = null, key: string | null = null): TlsSettings {
  return {
    certificatePath: join(folder, certificate),
    keyPath: key === null ? null : join(folder, key),
    password,
  }
}

async function refusal(of: TlsSettings): Promise<string> {
  const error: unknown = await loadTls(of).then(
    () => new Error('the certificate was accepted'),
    (reason: unknown) => reason,
  )
  if (error instanceof StatorError && error.code === 'SETTING_INVALID') return error.message.replaceAll(folder, '')
  throw error
}

describe('a file that a client trusts once it is served', () => {
  test.each([
    ['PFX with AES-256, RSA', 'rsa-aes.pfx', 'secret', null],
    ['PFX with AES-256, EC', 'ec-aes.pfx', 'secret', null],
    ['PFX with RC2, EC', 'ec-rc2.p12', 'secret', null],
    ['PFX with 3DES, RSA', 'rsa-3des.p12', 'secret', null],
    ['PFX with 3DES, EC', 'ec-3des.p12', 'secret', null],
    ['PFX with an empty password', 'no-password.pfx', null, null],
    ['PEM with the key beside it, in any order', 'both.pem', null, null],
    ['PEM with the key in its own file', 'chain.pem', null, 'rsa.key'],
    ['PEM with a key under a password', 'chain.pem', 'secret', 'locked.key'],
    ['PEM with an EC key', 'ec.pem', null, 'ec.key'],
  ])('%s', async (_name, certificate, password, key) => {
    const tls = await loadTls(settings(certificate, password, key))
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', tls, fetch: () => new Response('served') })
    try {
      const ca = await Bun.file(join(folder, 'roots.pem')).text()
      const response = await fetch(`https://localhost:${server.port}/`, { tls: { ca } })
      expect(await response.text()).toBe('served')
    } finally {
      await server.stop(true)
    }
  })
})

test('the certificate of the key comes first, with its subject and its expiry', async () => {
  const tls = await loadTls(settings('both.pem'))
  expect(tls.subject).toBe('CN=rsa')
  expect(tls.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
  expect(tls.cert).toStartWith((await Bun.file(join(folder, 'rsa.pem')).text()).trim())
  expect(Math.round((tls.expiresAtMs - Date.now()) / 86_400_000)).toBe(2)
})

test.each([
  ['rsa', ['rsa-aes.pfx', 'rsa-3des.p12']],
  ['ec', ['ec-aes.pfx', 'ec-rc2.p12', 'ec-3des.p12']],
])('PFX files of any kind give the certificates back byte by byte (%s)', async (name, files) => {
  const text = (file: string): Promise<string> => Bun.file(join(folder, file)).text()
  for (const file of files) {
    const tls = await loadTls(settings(file, 'secret'))
    expect(tls.cert).toBe((await text(`${name}.pem`)) + (await text(`${name}-root.pem`)))
  }
})

describe('what stops the start', () => {
  test.each([
    [
      'rsa-aes.pfx',
      'wrong',
      null,
      'OCPP.CertificatePath is "/rsa-aes.pfx": it cannot be opened with OCPP.CertificatePassword (not shown): PKCS#12 MAC could not be verified. Invalid password; expected a PEM or PFX file and its password.',
    ],
    [
      'rsa-aes.pfx',
      null,
      null,
      'OCPP.CertificatePath is "/rsa-aes.pfx": it cannot be opened with OCPP.CertificatePassword (which is empty): PKCS#12 MAC could not be verified. Invalid password; expected a PEM or PFX file and its password.',
    ],
    [
      'cut.pfx',
      'secret',
      null,
      'OCPP.CertificatePath is "/cut.pfx": it cannot be opened with OCPP.CertificatePassword (not shown): ',
    ],
    [
      'no-key.pfx',
      'secret',
      null,
      'OCPP.CertificatePath is "/no-key.pfx": it cannot be opened with OCPP.CertificatePassword (not shown): it holds no certificate with its private key; ',
    ],
    [
      'rsa-aes.pfx',
      'secret',
      'rsa.key',
      'OCPP.CertificateKeyPath is "/rsa.key": expected nothing, because a .pfx file holds its key.',
    ],
    [
      'none.pem',
      null,
      null,
      'OCPP.CertificatePath is "/none.pem": expected a file that this process may read (ENOENT).',
    ],
    [
      'rsa.pem',
      null,
      'none.key',
      'OCPP.CertificateKeyPath is "/none.key": expected a file that this process may read (ENOENT).',
    ],
    [
      'rsa.pem',
      null,
      null,
      'OCPP.CertificatePath is "/rsa.pem": expected a private key beside the certificate, or OCPP.CertificateKeyPath.',
    ],
    [
      'text.pem',
      null,
      'rsa.key',
      'OCPP.CertificatePath is "/text.pem": expected a PEM file with a certificate, or a PFX file.',
    ],
    ['rsa.key', null, null, 'OCPP.CertificatePath is "/rsa.key": expected a PEM file with a certificate.'],
    ['rsa.pem', null, 'rsa-root.pem', 'OCPP.CertificateKeyPath is "/rsa-root.pem": expected a PEM private key.'],
    [
      'rsa.pem',
      null,
      'ec.key',
      'OCPP.CertificateKeyPath is "/ec.key": expected the private key of the certificate in /rsa.pem; it is that of another.',
    ],
    [
      'rsa.pem',
      'wrong',
      'locked.key',
      'OCPP.CertificateKeyPath is "/locked.key": its private key cannot be opened with OCPP.CertificatePassword (not shown): expected the right password and an RSA or EC key.',
    ],
    [
      'rsa.pem',
      null,
      'locked.key',
      'OCPP.CertificateKeyPath is "/locked.key": its private key cannot be opened with OCPP.CertificatePassword (which is empty): expected the right password and an RSA or EC key.',
    ],
    [
      'weak.pem',
      null,
      null,
      'OCPP.CertificatePath is "/weak.pem": expected a certificate with a stronger key; its RSA key has 1024 bits, and needs 2048.',
    ],
    [
      'damaged.pem',
      null,
      null,
      'OCPP.CertificatePath is "/damaged.pem": expected a PEM file; a certificate in it is damaged.',
    ],
  ])('%s with password %p and key %p', async (certificate, password, key, sentence) => {
    expect(await refusal(settings(certificate, password, key))).toStartWith(sentence)
  })
})
