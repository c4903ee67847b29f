// The secrets of an installation: made once, kept for their owner only, never replaced.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSecrets } from '../../../src/auth/secrets.ts'
import type { Secrets } from '../../../src/auth/secrets.ts'
import { settingsFrom } from '../../../src/base/config.ts'

let root = ''

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'stator-secrets-'))
})

afterAll(() => rm(root, { recursive: true }))

function open(folder: string, security: Readonly<Record<string, unknown>> = {}): Promise<Secrets> {
  return openSecrets(settingsFrom({ Database: { DataFolder: join(root, folder) }, Security: security }))
}

test('the first start makes all secrets, the second finds them', async () => {
  const first = await open('twice')
  expect(first.adminApiKey).toMatch(/^stator_[\w-]{43}$/)
  expect(first.adminApiKeyIsNew).toBe(true)
  expect(first.adminApiKeyFile).toBe(join(root, 'twice', 'secrets', 'admin-api-key'))
  expect(first.credentialSecret.length).toBe(43)
  expect(first.encryptionKey.length).toBe(43)
  expect(first.encryptionKey).not.toEqual(first.credentialSecret)
  expect(await open('twice')).toEqual({ ...first, adminApiKeyIsNew: false })
})

test('two installations have different secrets', async () => {
  const [one, two] = await Promise.all([open('one'), open('two')])
  expect(one.adminApiKey).not.toBe(two.adminApiKey)
  expect(one.credentialSecret).not.toEqual(two.credentialSecret)
})

test('folder and files are for their owner only, and no drafts stay behind', async () => {
  await open('modes')
  const folder = join(root, 'modes', 'secrets')
  expect((await stat(folder)).mode & 0o777).toBe(0o700)
  const files = await readdir(folder)
  expect(files.sort()).toEqual(['admin-api-key', 'credential-secret', 'encryption-key'])
  for (const file of files) expect((await stat(join(folder, file))).mode & 0o777).toBe(0o600)
})

test('of many that start together one makes the secrets and all have the same', async () => {
  const all = await Promise.all(Array.from({ length: 16 }, () => open('together')))
  expect(new Set(all.map((secrets) => secrets.adminApiKey)).size).toBe(1)
  expect(new Set(all.map((secrets) => Buffer.from(secrets.credentialSecret).toString())).size).toBe(1)
  expect(all.filter((secrets) => secrets.adminApiKeyIsNew)).toHaveLength(1)
})

test('secrets from the settings are used as they are and written nowhere', async () => {
  const security = {
    AdminApiKey: 'my-own-admin-key',
    CredentialSecret: 'x'.repeat(32),
    EncryptionKey: 'y'.repeat(32),
  }
  expect(await open('brought', security)).toEqual({
    credentialSecret: Buffer.from('x'.repeat(32)),
    otherCredentialSecrets: [],
    otherEncryptionKeys: [],
    encryptionKey: Buffer.from('y'.repeat(32)),
    adminApiKey: 'my-own-admin-key',
    adminApiKeyIsNew: false,
    adminApiKeyFile: null,
  })
  await expect(stat(join(root, 'brought'))).rejects.toThrow('ENOENT')
})

test('a damaged secret stops the start instead of being made anew', async () => {
  const folder = join(root, 'damaged', 'secrets')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'credential-secret'), 'cut')
  await expect(open('damaged')).rejects.toThrow(
    `The file ${join(folder, 'credential-secret')} holds 3 characters: expected the secret that was made at the first start.`,
  )
})

test('a data folder that cannot be written stops the start with its name', async () => {
  await writeFile(join(root, 'a-file'), '')
  await expect(open('a-file')).rejects.toMatchObject({
    code: 'SETTING_INVALID',
    message: expect.stringContaining(`Database.DataFolder is "${join(root, 'a-file')}": expected a folder whose `),
  })
})
