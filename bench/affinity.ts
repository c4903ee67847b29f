// Which core a process runs on (`taskset`, Linux): the server under test gets one core alone, generator and database
// share the other, so that their costs are not mixed.

import { availableParallelism } from 'node:os'

// Read once, before this process is moved to one core.
const cores = availableParallelism()

/** Whether processes can be pinned here. */
export const hasTaskset = Bun.which('taskset') !== null && cores > 1

/** Core of the server under test, and core of everything else; null if processes cannot be pinned. */
export const serverCore: number | null = hasTaskset ? 0 : null
export const otherCore: number | null = hasTaskset ? 1 : null

/** `command`, to be run on `core`. */
export function pinned(core: number, command: readonly string[]): string[] {
  return ['taskset', '-c', String(core), ...command]
}

/** `command`, to be run on all cores, even when this process has been moved to one. */
export function unpinned(command: readonly string[]): string[] {
  return hasTaskset ? ['taskset', '-c', `0-${cores - 1}`, ...command] : [...command]
}

/** Moves this process, all its threads, to `core`. */
export function pinSelf(core: number | null): void {
  if (core !== null)
    Bun.spawnSync(['taskset', '-a', '-c', '-p', String(core), String(process.pid)], { stdout: 'ignore' })
}
