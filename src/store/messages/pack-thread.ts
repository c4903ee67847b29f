// Runs in the packing thread: it compresses and merges blocks of the message log, with a lower priority than the main
// thread, one after the other.

import { parentPort } from 'node:worker_threads'
import { giveWay } from '../../base/give-way.ts'
import { doPackWork, type PackTask } from './pack-work.ts'

giveWay()

const port = parentPort
port?.on('message', (task: PackTask) => {
  try {
    port.postMessage({ result: doPackWork(task) })
  } catch (error) {
    port.postMessage({ reason: String(error) })
  }
})
