// The thread of one export: it reads the rows, and makes bytes of them. It has the next ones ready before it is asked.

import { parentPort, workerData } from 'node:worker_threads'
import { storeError } from '../store/store-error.ts'
import { snapshotSession } from '../store/export/snapshot.ts'
import { giveWay } from '../workers/give-way.ts'
import type { ExportThreadAnswer, ExportThreadData } from './byte-source.ts'
import { exportBytes } from './export-bytes.ts'

giveWay()

const { connectionString, request }: ExportThreadData = workerData

async function* bytesOfAll(): AsyncGenerator<Uint8Array> {
  const session = await snapshotSession(connectionString)
  try {
    yield* exportBytes(session, request)
  } finally {
    session.end()
  }
}

const bytes = bytesOfAll()

async function nextAnswer(): Promise<ExportThreadAnswer> {
  try {
    const { done, value } = await bytes.next()
    if (done === true) return { kind: 'end' }
    // It is handed over to the other thread, so it must be a piece of memory of its own.
    return { kind: 'bytes', bytes: value.slice() }
  } catch (error) {
    const { code, message, details } = storeError(error)
    return { kind: 'failed', code, message, details }
  }
}

let ahead = nextAnswer()

parentPort?.on('message', async () => {
  const answer = await ahead
  if (answer.kind === 'bytes') {
    parentPort?.postMessage(answer, [answer.bytes.buffer])
    ahead = nextAnswer()
  } else parentPort?.postMessage(answer)
})
