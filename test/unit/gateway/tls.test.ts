// Certificates as operators bring them, made here by openssl, opened, and served to a client that checks them.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TlsSettings } from '../../../src/base/config.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { loadTls } from '../../../src/gateway/tls.ts'

let folder = ''

function openssl(...args: string[]): void {
  const run = Bun.spawnSync(['openssl', ...args], { cwd: folder, stderr: 'pipe' })
  if (!run.success) throw new Error(`openssl ${args.join(' ')}: ${run.stderr.toString()}`)
}

// A root that signs an RSA and an EC certificate for localhost: what a charge point would check.
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-tls-'))
  await writeFile(join(folder, 'san'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n')
  openssl(...'req -x509 -newkey rsa:2048 -nodes -keyout root.key -out root.pem -days 2 -subj /CN=Root'.split(' '))
  const keys = { rsa: 'rsa:2048', ec: 'ec -pkeyopt ec_paramgen_curve:P-256' }
  for (const [name, kind] of Object.entries(keys)) {
    openssl(...`req -newkey ${kind} -nodes -keyout ${name}.key -out ${name}.csr -subj /CN=${name}`.split(' '))
    openssl(
      ...`x509 -req -in ${name}.csr -CA root.pem -CAkey root.key -days 2 -extfile san -out ${name}.pem`.split(' '),
    )
    const pfx = `pkcs12 -export -in ${name}.pem -inkey ${name}.key -certfile root.pem -passout pass:secret`
    openssl(...`${pfx} -out ${name}-aes.pfx`.split(' '))
    openssl(...`${pfx} -legacy -out ${name}-rc2.p12`.split(' '))
    openssl(...`${pfx} -legacy -descert -out ${name}-3des.p12`.split(' '))
  }
  openssl(...'pkcs12 -export -in rsa.pem -inkey rsa.key -passout pass: -out no-password.pfx'.split(' '))
  openssl(...'pkcs12 -export -in rsa.pem -nokeys -passout pass:secret -out no-key.pfx'.split(' '))
  openssl(...'pkcs8 -topk8 -in rsa.key -passout pass:secret -out locked.key'.split(' '))
  const text = async (...names: string[]) =>
    (await Promise.all(names.map((name) => Bun.file(join(folder, name)).text()))).join('')
  await writeFile(join(folder, 'both.pem'), await text('root.pem', 'rsa.key', 'rsa.pem'))
  await writeFile(join(folder, 'chain.pem'), await text('rsa.pem', 'root.pem'))
  await writeFile(
    join(folder, 'damaged.pem'),
    (await text('rsa.pem', 'rsa.key')).replace(/CERTIFICATE-----\nMII/, '$&!'),
  )
  await writeFile(join(folder, 'cut.pfx'), (await Bun.file(join(folder, 'rsa-aes.pfx')).bytes()).subarray(0, 900))
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
    ['PFX with RC2, RSA', 'rsa-rc2.p12', 'secret', null],
    ['PFX with RC2, EC', 'ec-rc2.p12', 'secret', null],
    ['PFX with 3DES, RSA', 'rsa-3des.p12', 'secret', null],
    ['PFX with an empty password', 'no-password.pfx', null, null],
    ['PEM with the key beside it, in any order', 'both.pem', null, null],
    ['PEM with the key in its own file', 'chain.pem', null, 'rsa.key'],
    ['PEM with a key under a password', 'chain.pem', 'secret', 'locked.key'],
    ['PEM with an EC key', 'ec.pem', null, 'ec.key'],
  ])('%s', async (_name, certificate, password, key) => {
    const tls = await loadTls(settings(certificate, password, key))
    const server = Bun.serve({ port: 0, hostname: '127.0.0.1', tls, fetch: () => new Response('served') })
    try {
      const ca = await Bun.file(join(folder, 'root.pem')).text()
      const response = await fetch(`https://localhost:${server.port}/`, { tls: { ca } })
      expect(await response.text()).toBe('served')
    } finally {
      await server.stop(true)
    }
  })
})

test('the certificate of the key comes first, and tells its subject and its end', async () => {
  const tls = await loadTls(settings('both.pem'))
  expect(tls.subject).toBe('CN=rsa')
  expect(tls.cert.match(/BEGIN CERTIFICATE/g)).toHaveLength(2)
  expect(tls.cert).toStartWith((await Bun.file(join(folder, 'rsa.pem')).text()).trim())
  expect(Math.round((tls.expiresAtMs - Date.now()) / 86_400_000)).toBe(2)
})

test('a PFX file gives its certificates back byte by byte', async () => {
  for (const name of ['rsa', 'ec']) {
    const tls = await loadTls(settings(`${name}-aes.pfx`, 'secret'))
    expect(tls.cert).toBe(await loadTls(settings(`${name}-rc2.p12`, 'secret')).then((other) => other.cert))
    for (const file of [`${name}.pem`, 'root.pem']) {
      expect(tls.cert).toContain((await Bun.file(join(folder, file)).text()).trim())
    }
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
    ['rsa.key', null, null, 'OCPP.CertificatePath is "/rsa.key": expected a PEM file with a certificate.'],
    ['rsa.pem', null, 'root.pem', 'OCPP.CertificateKeyPath is "/root.pem": expected a PEM private key.'],
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
      'damaged.pem',
      null,
      null,
      'OCPP.CertificatePath is "/damaged.pem": expected a PEM file; a certificate in it is damaged.',
    ],
  ])('%s with password %p and key %p', async (certificate, password, key, sentence) => {
    expect(await refusal(settings(certificate, password, key))).toStartWith(sentence)
  })
})
