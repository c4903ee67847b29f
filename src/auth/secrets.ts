// The secrets of an installation: the key of all credential hashes, the key of what is stored encrypted, and the admin
// API key. They come from the settings, or are generated at the first start. They are stored beside the database, never
// in it.

import { randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Settings } from '../base/config.ts'
import { StatorError } from '../base/errors.ts'

export interface Secrets {
  readonly credentialSecret: Uint8Array
  /** Further ones whose hashes count, such as the earlier one while it is replaced. */
  readonly otherCredentialSecrets: readonly Uint8Array[]
  /** Of `Encryption`. */
  readonly encryptionKey: Uint8Array
  /** Further ones that can decrypt. */
  readonly otherEncryptionKeys: readonly Uint8Array[]
  readonly adminApiKey: string
  /** True if the admin key was generated now. It is shown only then. */
  readonly adminApiKeyIsNew: boolean
  /** File of the admin key; null if it comes from the settings. */
  readonly adminApiKeyFile: string | null
}

/**
 * The secrets of this installation: from the settings, else from `secrets/` in the data folder, else generated and
 * stored there (folder mode 0700, files 0600). If several processes start on one folder at the same time, all get the
 * same.
 *
 * @throws {StatorError} `SETTING_INVALID` if the folder cannot be written, or a file in it is damaged.
 */
export async function openSecrets(settings: Pick<Settings, 'database' | 'security'>): Promise<Secrets> {
  const folder = join(settings.database.dataFolder, 'secrets')
  const { credentialSecret, otherCredentialSecrets, encryptionKey, otherEncryptionKeys, adminApiKey } =
    settings.security
  try {
    const credential = credentialSecret ?? (await keptSecret(folder, 'credential-secret', '')).secret
    const encryption = encryptionKey ?? (await keptSecret(folder, 'encryption-key', '')).secret
    const admin = adminApiKey === null ? await keptSecret(folder, 'admin-api-key', 'stator_') : broughtBy(adminApiKey)
    return {
      credentialSecret: Buffer.from(credential, 'utf8'),
      otherCredentialSecrets: otherCredentialSecrets.map((secret) => Buffer.from(secret, 'utf8')),
      encryptionKey: Buffer.from(encryption, 'utf8'),
      otherEncryptionKeys: otherEncryptionKeys.map((key) => Buffer.from(key, 'utf8')),
      adminApiKey: admin.secret,
      adminApiKeyIsNew: admin.isNew,
      adminApiKeyFile: admin.file,
    }
  } catch (error) {
    if (error instanceof StatorError) throw error
    throw new StatorError(
      'SETTING_INVALID',
      `Database.DataFolder is "${settings.database.dataFolder}": expected a folder whose ${folder} this process can ` +
        `read and write (${error instanceof Error ? error.message : String(error)}).`,
      undefined,
      error,
    )
  }
}

interface KeptSecret {
  readonly secret: string
  readonly isNew: boolean
  readonly file: string | null
}

function broughtBy(setting: string): KeptSecret {
  return { secret: setting, isNew: false, file: null }
}

/** Reads the secret of that name, or generates it: `prefix` and 256 random bits. */
async function keptSecret(folder: string, name: string, prefix: string): Promise<KeptSecret> {
  const file = join(folder, name)
  const known = await readSecret(file)
  if (known !== null) return { secret: known, isNew: false, file }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const made = prefix + randomBytes(32).toString('base64url')
  const isNew = await writeOnce(file, made)
  return { secret: (await readSecret(file)) ?? made, isNew, file }
}

async function readSecret(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null
    throw error
  })
  if (text === null) return null
  const secret = text.trim()
  if (secret.length >= secretCharactersMin) return secret
  throw new StatorError(
    'SETTING_INVALID',
    `The file ${file} holds ${secret.length} characters: expected the secret that was made at the first start. ` +
      'Restore it from a backup; or remove it, after which a new one is made (without the old credential-secret, ' +
      'every charge point needs a new password; without the old encryption-key, the private key of the certificate ' +
      'authority cannot be read).',
  )
}

const secretCharactersMin = 32

/**
 * Creates a file atomically; returns false if another process created it first. `link` is atomic and never replaces a
 * file, so no process reads a partial secret or overwrites one.
 */
async function writeOnce(file: string, text: string): Promise<boolean> {
  const draft = `${file}.${process.pid}.${randomBytes(6).toString('hex')}`
  const handle = await open(draft, 'wx', 0o600)
  try {
    await handle.writeFile(`${text}\n`)
    await handle.sync()
    await link(draft, file)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  } finally {
    await handle.close()
    await unlink(draft)
  }
}
