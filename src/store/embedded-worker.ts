// The thread of the embedded database: PGlite behind a Unix socket. It blocks while a statement runs, which is why it
// has a thread of its own.

import fs from 'node:fs'
import { parentPort, workerData } from 'node:worker_threads'
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'

/** What the thread is given. */
export interface EmbeddedWorkerData {
  readonly folder: string
  readonly socketPath: string
}

/** What the thread reports. After `failed` its database cannot recover, and the thread must be replaced. */
export type EmbeddedWorkerMessage =
  { readonly kind: 'ready' } | { readonly kind: 'failed'; readonly reason: string } | { readonly kind: 'closed' }

const { folder, socketPath }: EmbeddedWorkerData = workerData

// Emscripten sets the mode of every file that it has made, 0666 for some, past the umask of the process. No other file
// of this thread needs access for other users.
const { chmodSync, fchmodSync } = fs
Object.assign(fs, {
  chmodSync: (path: fs.PathLike, mode: fs.Mode) => chmodSync(path, Number(mode) & 0o700),
  fchmodSync: (file: number, mode: fs.Mode) => fchmodSync(file, Number(mode) & 0o700),
})

function post(message: EmbeddedWorkerMessage): void {
  parentPort?.postMessage(message)
}

try {
  const database = await PGlite.create({ dataDir: folder })
  const run = database.execProtocolRawStream.bind(database)
  // Errors of SQL arrive as messages; an exception is the end of the WebAssembly instance, after which the socket
  // server would never answer a query again (electric-sql/pglite issue 1046).
  database.execProtocolRawStream = async (message, options) => {
    try {
      await run(message, options)
    } catch (error) {
      post({ kind: 'failed', reason: String(error) })
      throw error
    }
  }
  // All connections share one session of PGlite, and the server may interleave their messages outside of transactions
  // (the same issue), so there is one connection at a time. The second slot is for a new connection while the last one
  // is still being closed.
  const server = new PGLiteSocketServer({ db: database, path: socketPath, maxConnections: 2 })
  await server.start()
  chmodSync(socketPath, 0o600)
  parentPort?.on('message', async () => {
    await server.stop()
    await database.close()
    post({ kind: 'closed' })
  })
  post({ kind: 'ready' })
} catch (error) {
  post({ kind: 'failed', reason: String(error) })
}
