// Secrets of the settings that are kept in files, or that a command prints.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadSettings, type Settings } from '../../../src/base/config.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { secretCharactersReadMax } from '../../../src/base/limits.ts'

const key = 'a key of more than thirty-two characters'

let folder: string
let file: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-secret-sources-'))
  file = join(folder, 'key')
  await writeFile(file, `${key}\n`)
})

afterAll(() => rm(folder, { recursive: true }))

function load(env: Readonly<Record<string, string>>, security: Readonly<Record<string, unknown>> = {}): Settings {
  const text = JSON.stringify({ Security: security })
  return loadSettings({ argv: [], env, readFile: () => text })
}

function refusal(env: Readonly<Record<string, string>>): string {
  try {
    load(env)
  } catch (error) {
    if (error instanceof StatorError && error.code === 'SETTING_INVALID') return error.message
    throw error
  }
  throw new Error('the settings were accepted')
}

describe('a secret setting', () => {
  test('may name the file that has its text, in the environment and in the settings file', () => {
    expect(load({ Security__EncryptionKey: `file:${file}` }).security.encryptionKey).toBe(key)
    expect(load({}, { EncryptionKey: `file:${file}` }).security.encryptionKey).toBe(key)
  })

  test('may name a command that prints its text', () => {
    expect(load({ Security__EncryptionKey: `command:cat '${file}'` }).security.encryptionKey).toBe(key)
    expect(load({ Security__AdminApiKey: `command:printf 'key-of-%s' the-admins` }).security.adminApiKey).toBe(
      'key-of-the-admins',
    )
  })

  test('may do so in each element of a list', () => {
    const { otherEncryptionKeys } = load({
      Security__OtherEncryptionKeys__0: `file:${file}`,
      Security__OtherEncryptionKeys__1: `${key} of now`,
    }).security
    expect(otherEncryptionKeys).toEqual([key, `${key} of now`])
  })

  test('keeps what its text is but for the line end', async () => {
    const spaced = join(folder, 'spaced')
    await writeFile(spaced, ` ${key} \r\n`)
    expect(load({ Security__CredentialSecret: `file:${spaced}` }).security.credentialSecret).toBe(` ${key} `)
  })

  test('is checked as any other, and its text is in no error', async () => {
    const short = join(folder, 'short')
    await writeFile(short, 'too short a key')
    const sentence = refusal({ Security__EncryptionKey: `file:${short}` })
    expect(sentence).toContain('Security.EncryptionKey is a text of length 15 (not shown)')
    expect(sentence).not.toContain('too short a key')
  })

  test('stops the start with one sentence if its file or command fails', async () => {
    const missing = join(folder, 'missing')
    expect(refusal({ Security__EncryptionKey: `file:${missing}` })).toBe(
      `Security.EncryptionKey is file:${missing} (environment variable Security__EncryptionKey): expected the path of a file that this process may read (ENOENT).`,
    )
    expect(refusal({ Security__EncryptionKey: `command:printf '${key}'; exit 3` })).toBe(
      'Security.EncryptionKey is a command (environment variable Security__EncryptionKey): expected a command that prints the secret within 30 s; it failed (exit code 3).',
    )
    const long = join(folder, 'long')
    await writeFile(long, 'x'.repeat(secretCharactersReadMax + 1))
    expect(refusal({ Security__EncryptionKey: `file:${long}` })).toContain('at most 65536 characters')
  })
})

test('a setting that is no secret stays as it is', () => {
  expect(load({ Security__Jwt__Issuer: '', OCPP__CertificatePath: '' }).ocpp.tls).toBeNull()
  expect(load({ Database__DataFolder: 'file:data' }).database.dataFolder).toBe('file:data')
})
