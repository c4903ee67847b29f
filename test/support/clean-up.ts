// Folders and processes of one test, which are gone after it.

import { afterEach } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { StartedProcess, type StartedProcessOptions } from './started-process.ts'
import { embeddedFolder } from './store.ts'

/** Makes what is removed, or killed, after the test that asked for it. */
export interface CleanUp {
  /** Also does `task` after this test; the last one that was added is done first. */
  add(task: () => Promise<unknown> | void): void
  /** An empty folder. */
  newFolder(): Promise<string>
  /** A data folder in which the embedded database has its tables already. */
  madeFolder(): Promise<string>
  /** Starts `bun start`, or another program, on 127.0.0.1. */
  run(env: Readonly<Record<string, string>>, options?: StartedProcessOptions): StartedProcess
}

/** Call it once, at the top of a file of tests. */
export function cleanUpAfterEach(): CleanUp {
  const tasks: (() => Promise<unknown> | void)[] = []
  afterEach(async () => {
    for (const task of tasks.splice(0).toReversed()) await task()
  })
  return {
    add: (task) => void tasks.push(task),
    newFolder: async () => {
      const folder = await mkdtemp(join(tmpdir(), 'stator-test-'))
      tasks.push(() => rm(folder, { recursive: true, force: true }))
      return folder
    },
    madeFolder: async () => {
      const { dataFolder, remove } = await embeddedFolder()
      tasks.push(remove)
      return dataFolder
    },
    run: (env, options) => {
      const process = new StartedProcess({ OCPP__ServerEndpoint: '127.0.0.1', ...env }, options)
      tasks.push(async () => {
        process.signal('SIGKILL')
        await process.exit()
      })
      return process
    },
  }
}
