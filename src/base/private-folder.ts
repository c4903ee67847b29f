// Restricts the data folder to the user that Stator runs as: it contains secrets and, with the embedded database, all
// data. Files that Stator did not create are not changed; the mode of the folder itself protects them.

import { chmodSync, lstatSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StatorError } from './errors.ts'

/** Names of what Stator creates in its data folder. */
const ownNames = ['secrets', 'audit-heads', 'postgres', 'embedded.lock', '.s.PGSQL.5432'] as const

const folderMode = 0o700
const fileMode = 0o600
const permissionBits = 0o777
const stickyBit = 0o1000

/** Sets the umask: files that this process creates, also through libraries, are private to its user. */
export function makeFilesPrivate(): void {
  process.umask(0o077)
}

/**
 * Sets private modes on the data folder (0700), and on the folders (0700) and files (0600) that Stator created in it.
 * Symbolic links are not followed. A folder that does not exist yet is created later.
 *
 * @throws {StatorError} `DATA_FOLDER_NOT_PRIVATE` if a mode cannot be changed, or the folder cannot be read, is a file,
 *   or is shared, like /tmp.
 */
export function keepPrivate(folder: string, changeMode: (path: string, mode: number) => void = chmodSync): void {
  const stats = readable(folder, () => statSync(folder, { throwIfNoEntry: false }))
  if (stats === undefined) return
  if (!stats.isDirectory()) throw refusal(folder, 'it is a file')
  if ((stats.mode & stickyBit) !== 0) throw refusal(folder, `${folder} is a folder for everybody (sticky bit)`)
  const close = (path: string, isFolder: boolean, mode: number): void => {
    const wanted = isFolder ? folderMode : fileMode
    if ((mode & permissionBits) === wanted) return
    try {
      changeMode(path, wanted)
    } catch (error) {
      if (isGone(error)) return
      const octal = (mode & permissionBits).toString(8).padStart(4, '0')
      throw refusal(folder, `the mode of ${path} is ${octal} and cannot be changed (${reasonOf(error)})`, error)
    }
  }
  // The folder before its content: from then on no other user can replace a file by a link.
  const closeAll = (path: string): void => {
    const found = readable(folder, () => lstatSync(path, { throwIfNoEntry: false }))
    if (found === undefined || found.isSymbolicLink()) return
    close(path, found.isDirectory(), found.mode)
    if (!found.isDirectory()) return
    for (const name of readable(folder, () => readdirSync(path))) closeAll(join(path, name))
  }
  close(folder, true, stats.mode)
  for (const name of ownNames) closeAll(join(folder, name))
}

/** What `read` finds in `folder`, or the refusal if this user may not look there. */
function readable<T>(folder: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw refusal(folder, `it cannot be read (${reasonOf(error)})`, error)
  }
}

function refusal(folder: string, why: string, cause?: unknown): StatorError {
  return new StatorError(
    'DATA_FOLDER_NOT_PRIVATE',
    `Database.DataFolder is "${folder}": ${why}. Expected a folder that belongs to the user Stator runs as, and to nobody else.`,
    { setting: 'Database.DataFolder' },
    cause,
  )
}

function isGone(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
