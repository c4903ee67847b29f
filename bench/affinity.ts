// Which core a process runs on (`taskset`, Linux): the server under test gets one for itself, generator and database share
// the other, so that neither's cost hides in the other's.

import { availableParallelism } from 'node:os'

/** Whether processes can be pinned here. */
export const hasTaskset = Bun.which('taskset') !== null && availableParallelism() > 1

/** Core of the server under test, and core of everything else; null where processes cannot be pinned. */
export const serverCore: number | null = hasTaskset ? 0 : null
export const otherCore: number | null = hasTaskset ? 1 : null

/** `command`, to be run on `core`. */
export function pinned(core: number, command: readonly string[]): string[] {
  return ['taskset', '-c', String(core), ...command]
}

/** Moves this process, all its threads, to `core`. */
export function pinSelf(core: number | null): void {
  if (core !== null)
    Bun.spawnSync(['taskset', '-a', '-c', '-p', String(core), String(process.pid)], { stdout: 'ignore' })
}
