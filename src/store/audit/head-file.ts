// The file in the data folder that holds the head of a node's audit log, as `node:sequence:hash`. Somebody who removes
// the newest entries from the database does not change it.

import { randomUUID } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { StatorError } from '../../base/errors.ts'
import { type AuditHead, headText, readHead } from '../../operators/audit-entry.ts'

const folderName = 'audit-heads'

/** The file of one node. */
export class HeadFile {
  readonly #folder: string
  readonly path: string

  constructor(dataFolder: string, node: string) {
    this.#folder = join(dataFolder, folderName)
    this.path = join(this.#folder, `${node.replaceAll(/[^\w.-]/g, '_')}.txt`)
  }

  /**
   * The head; null if none was written.
   *
   * @throws {StatorError} `SETTING_INVALID` if it cannot be read.
   */
  async read(): Promise<AuditHead | null> {
    const text = await readFile(this.path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null
      throw error
    })
    return text === null ? null : headIn(text, this.path)
  }

  /** Replaces the file. A reader finds the head before or this one; only the user of this process may read it. */
  async write(head: AuditHead): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 })
    const draft = `${this.path}.${randomUUID()}`
    try {
      await writeFile(draft, `${headText(head)}\n`, { mode: 0o600, flag: 'wx' })
      await chmod(draft, 0o600)
      await rename(draft, this.path)
    } catch (error) {
      await rm(draft, { force: true })
      throw error
    }
  }

  /** Removes what a process left that was killed while it wrote. */
  async removeDrafts(): Promise<void> {
    const drafts = `${basename(this.path)}.`
    const names = await readdir(this.#folder).catch(() => [])
    for (const name of names) if (name.startsWith(drafts)) await rm(join(this.#folder, name), { force: true })
  }
}

/**
 * The heads of all nodes that have used the data folder.
 *
 * @throws {StatorError} `SETTING_INVALID` if one cannot be read.
 */
export async function headsIn(dataFolder: string): Promise<readonly AuditHead[]> {
  const folder = join(dataFolder, folderName)
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const files = names.filter((name) => name.endsWith('.txt')).map((name) => join(folder, name))
  return Promise.all(files.map(async (file) => headIn(await readFile(file, 'utf8'), file)))
}

function headIn(text: string, file: string): AuditHead {
  const head = readHead(text.trim())
  if (head !== null) return head
  throw new StatorError('SETTING_INVALID', `The file ${file} is damaged: expected node:sequence:hash in it.`)
}
