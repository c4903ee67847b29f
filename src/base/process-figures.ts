// What the system says about this process, for GET /metrics.

import { readdir, readFile } from 'node:fs/promises'

/** When this process started, in seconds since the epoch. */
export const startedAtSeconds = Math.round(Date.now() / 1_000 - process.uptime())

/** CPU time of this process, in seconds. */
export function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

/** Open files of this process, sockets included; NaN where the system does not say (it has no /proc). */
export async function openFiles(): Promise<number> {
  try {
    // One of them is the folder that is being read.
    return (await readdir('/proc/self/fd')).length - 1
  } catch {
    return Number.NaN
  }
}

/** How many files this process may have open; NaN where the system does not say. */
export async function openFilesMax(): Promise<number> {
  const limits = await readFile('/proc/self/limits', 'utf8').catch(() => '')
  const limit = /^Max open files\s+(\S+)/m.exec(limits)?.[1]
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit)
}
