// The thread of an export: it reads the rows, and makes bytes of them. It has the next ones ready before it is asked,
// and makes one export after the other.

import { parentPort } from 'node:worker_threads'
import { snapshotSession } from '../store/export/snapshot.ts'
import { storeError } from '../store/store-error.ts'
import { giveWay } from '../base/give-way.ts'
import type { ExportThreadAnswer, ExportThreadQuestion } from './byte-source.ts'
import type { ExportRequest } from '../blocks/exports.ts'
import { exportBytes } from './export-bytes.ts'

giveWay()

async function* bytesOfAll(connectionString: string, request: ExportRequest): AsyncGenerator<Uint8Array> {
  const session = await snapshotSession(connectionString)
  try {
    yield* exportBytes(session, request)
  } finally {
    session.end()
  }
}

async function nextAnswer(bytes: AsyncGenerator<Uint8Array>): Promise<ExportThreadAnswer> {
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

let bytes: AsyncGenerator<Uint8Array> | null = null
let ahead: Promise<ExportThreadAnswer> = Promise.resolve({ kind: 'end' })

parentPort?.on('message', async (question: ExportThreadQuestion) => {
  if (question.kind === 'begin') {
    bytes = bytesOfAll(question.connectionString, question.request)
    ahead = nextAnswer(bytes)
    return
  }
  const answer = await ahead
  if (answer.kind === 'bytes' && bytes !== null) {
    parentPort?.postMessage(answer, [answer.bytes.buffer])
    ahead = nextAnswer(bytes)
  } else parentPort?.postMessage(answer)
})
