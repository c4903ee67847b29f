// A server under test as a process of its own, pinned to one core where `taskset` exists.

import { hasTaskset, pinned, unpinned } from '../affinity.ts'
import { firstOf } from '../output-lines.ts'

/** A running server under test. */
export interface ServerProcess {
  readonly pid: number
  /** `ws://…`, to which a charge point appends its identity. */
  readonly url: string
  /** From the start of the process until it announced itself, in milliseconds. */
  readonly startMs: number
  /** The code it ends with, once it has ended. */
  readonly exited: Promise<number>
  /** SIGTERM, then the end of the process. */
  stop(): Promise<void>
}

export interface Launch {
  readonly name: string
  readonly command: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Core to run on; null is all of them. */
  readonly core: number | null
  /** The URL that a line of its output announces; null for any other line. */
  readonly announced: (line: string) => string | null
}

const startMsMax = 90_000
const stopMsMax = 15_000

/**
 * Starts a server and waits until it announces where it listens.
 *
 * @throws {Error} with the output of the server, if it ends before that or takes longer than a minute and a half.
 */
export async function launch({ name, command, env, core, announced }: Launch): Promise<ServerProcess> {
  const startedMs = performance.now()
  const child = Bun.spawn(core !== null && hasTaskset ? pinned(core, command) : unpinned(command), {
    env: { ...process.env, ...env },
    // In a process group of its own: Ctrl-C reaches only the bench, which then stops its servers in order.
    detached: true,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'inherit',
  })
  const tooSlow = setTimeout(() => child.kill('SIGKILL'), startMsMax)
  const url = await firstOf(child.stdout, announced)
  clearTimeout(tooSlow)
  if (url === null) throw new Error(`${name} did not start: it ended with code ${await child.exited}.`)
  return {
    pid: child.pid,
    url,
    startMs: performance.now() - startedMs,
    exited: child.exited,
    async stop() {
      child.kill('SIGTERM')
      const impatient = setTimeout(() => child.kill('SIGKILL'), stopMsMax)
      await child.exited
      clearTimeout(impatient)
    },
  }
}
