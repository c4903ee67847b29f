// Starts and watches the embedded database. One process has a data folder exclusively. The operating system releases
// the lock when that process ends, however it ends.

import { Database as SqliteFile } from 'bun:sqlite'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, StatorError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { EmbeddedWorkerData, EmbeddedWorkerMessage } from './embedded-worker.ts'

/** `pg` makes the name of the socket from the port. */
const port = 5432
const socketName = `.s.PGSQL.${port}`
// sun_path holds 108 bytes on Linux and 104 on macOS, with a zero at the end.
const socketPathBytesMax = 103
const restartDelayMs = 500

export interface EmbeddedServer {
  /** Folder of the socket, which `pg` accepts as the host. */
  readonly host: string
  readonly port: number
  /** Drops the running database and reopens its files. */
  restart(): void
  /** Writes everything down and stops. */
  stop(): Promise<void>
}

/**
 * Starts the embedded database on `dataFolder`, which is created (mode 0700) if it does not exist. A thread that fails
 * later is replaced; connections break meanwhile.
 *
 * @throws {StatorError} `DATA_FOLDER_IN_USE`, or `DATABASE_UNREACHABLE` when the files cannot be opened.
 */
export async function startEmbedded(dataFolder: string, log: Logger): Promise<EmbeddedServer> {
  const folder = resolve(dataFolder)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const unlock = lockFolder(folder)
  let socketFolder = folder
  if (Buffer.byteLength(join(folder, socketName)) > socketPathBytesMax)
    socketFolder = mkdtempSync(join(tmpdir(), 'stator-'))
  const data: EmbeddedWorkerData = { folder: join(folder, 'postgres'), socketPath: join(socketFolder, socketName) }

  let worker: Worker
  let isStopping = false
  const cleanUp = (): void => {
    rmSync(socketFolder === folder ? data.socketPath : socketFolder, { recursive: true, force: true })
    unlock()
  }
  const run = async (): Promise<void> => {
    worker = await startWorker(data)
    worker.once('exit', () => {
      if (!isStopping) void restart()
    })
  }
  const restart = async (): Promise<void> => {
    const code: ErrorCode = 'STORE_UNAVAILABLE'
    log.error({ code }, 'The embedded database failed; it is started again.')
    while (!isStopping) {
      try {
        await run()
        return log.warn('The embedded database runs again.')
      } catch (error) {
        log.error({ code, error }, 'The embedded database does not start.')
        await Bun.sleep(restartDelayMs)
      }
    }
  }
  try {
    await run()
  } catch (error) {
    cleanUp()
    throw error
  }
  return {
    host: socketFolder,
    port,
    restart: () => void worker.terminate(),
    async stop() {
      isStopping = true
      await stopWorker(worker)
      cleanUp()
    },
  }
}

// SQLite has file locks that work the same on all systems and end with their process. The file is empty.
function lockFolder(folder: string): () => void {
  const file = new SqliteFile(join(folder, 'embedded.lock'))
  try {
    file.run('PRAGMA journal_mode = OFF')
    file.run('BEGIN EXCLUSIVE')
  } catch (error) {
    file.close()
    throw new StatorError(
      'DATA_FOLDER_IN_USE',
      `Another process has its embedded database in '${folder}'; stop it, or set Database.DataFolder to a folder of your own.`,
      { setting: 'Database.DataFolder' },
      error,
    )
  }
  return () => file.close()
}

async function startWorker(data: EmbeddedWorkerData): Promise<Worker> {
  // A socket file of a killed process would keep the new one from listening. The lock proves that no process listens on
  // it.
  rmSync(data.socketPath, { force: true })
  const worker = new Worker(new URL('./embedded-worker.ts', import.meta.url), { workerData: data })
  const first = await firstMessage(worker)
  if (first.kind === 'ready') {
    worker.on('message', (message: EmbeddedWorkerMessage) => {
      if (message.kind === 'failed') void worker.terminate()
    })
    return worker
  }
  await worker.terminate()
  const reason = first.kind === 'failed' ? first.reason : 'it closed by itself'
  throw new StatorError('DATABASE_UNREACHABLE', `The embedded database in '${data.folder}' does not open: ${reason}`)
}

function firstMessage(worker: Worker): Promise<EmbeddedWorkerMessage> {
  return new Promise((resolve) => {
    worker.once('message', resolve)
    worker.once('error', (error) => resolve({ kind: 'failed', reason: String(error) }))
    worker.once('exit', (code) => resolve({ kind: 'failed', reason: `its thread ended with code ${code}` }))
  })
}

async function stopWorker(worker: Worker): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    worker.on('message', (message: EmbeddedWorkerMessage) => {
      if (message.kind !== 'ready') resolve()
    })
    worker.once('exit', () => resolve())
  })
  worker.postMessage('close')
  await closed
  await worker.terminate()
}
