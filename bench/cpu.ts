// The cost of processes, from /proc (Linux): CPU time of a process, of each of its threads, and of a process with its
// descendants, such as PostgreSQL; resident memory; and how busy a core was.

import { readdirSync, readFileSync } from 'node:fs'

/** CPU times in /proc are in ticks of 10 ms: `USER_HZ` is 100 on every Linux that Bun runs on. */
const msPerTick = 10

/** CPU time so far, in milliseconds, user and system together. */
export interface CpuTimes {
  readonly totalMs: number
  /** By thread, first the main one; a thread that has ended is in `totalMs` only. */
  readonly threads: readonly ThreadTime[]
}

export interface ThreadTime {
  readonly id: number
  readonly name: string
  readonly isMain: boolean
  readonly ms: number
}

function read(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return null
  }
}

interface Stat {
  readonly name: string
  readonly parent: number
  readonly ownMs: number
  readonly withEndedChildrenMs: number
}

/**
 * `/proc/…/stat`: the name is in parentheses and may contain spaces, so fields are counted from the last parenthesis.
 */
function statOf(path: string): Stat | null {
  const text = read(path)
  if (text === null) return null
  const end = text.lastIndexOf(')')
  const fields = text.slice(end + 2).split(' ')
  const ticks = (index: number): number => Number(fields[index]) * msPerTick
  const ownMs = ticks(11) + ticks(12)
  return {
    name: text.slice(text.indexOf('(') + 1, end),
    parent: Number(fields[1]),
    ownMs,
    withEndedChildrenMs: ownMs + ticks(13) + ticks(14),
  }
}

/** Null when there is no such process, or no /proc. */
export function cpuOf(pid: number): CpuTimes | null {
  const whole = statOf(`/proc/${pid}/stat`)
  if (whole === null) return null
  const threads: ThreadTime[] = []
  for (const id of list(`/proc/${pid}/task`)) {
    const stat = statOf(`/proc/${pid}/task/${id}/stat`)
    // Nanoseconds on the CPU, if the kernel counts them: more precise than ticks.
    const ns = read(`/proc/${pid}/task/${id}/schedstat`)?.split(' ')[0]
    if (stat === null) continue
    threads.push({
      id: Number(id),
      name: stat.name,
      isMain: Number(id) === pid,
      ms: ns === undefined ? stat.ownMs : Number(ns) / 1e6,
    })
  }
  return { totalMs: whole.ownMs, threads: threads.toSorted((a, b) => Number(b.isMain) - Number(a.isMain)) }
}

/** CPU milliseconds of a process and all its descendants, those that have ended included. */
export function familyCpuMs(pid: number): number {
  const children = new Map<number, number[]>()
  for (const entry of list('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    const stat = statOf(`/proc/${entry}/stat`)
    if (stat === null) continue
    children.set(stat.parent, [...(children.get(stat.parent) ?? []), Number(entry)])
  }
  const sum = (parent: number): number =>
    (statOf(`/proc/${parent}/stat`)?.withEndedChildrenMs ?? 0) +
    (children.get(parent) ?? []).reduce((total, child) => total + sum(child), 0)
  return sum(pid)
}

/** Resident memory of a process in KiB; 0 when it cannot be read. */
export function residentKib(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`) ?? '')
  return Number(match?.[1] ?? 0)
}

/** Milliseconds that a core has spent at work and idle since the machine started; null when unknown. */
export function coreTimes(core: number): { readonly busyMs: number; readonly idleMs: number } | null {
  const line = read('/proc/stat')
    ?.split('\n')
    .find((text) => text.startsWith(`cpu${core} `))
  if (line === undefined) return null
  const [user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, softIrq = 0, stolen = 0] = line
    .split(/\s+/)
    .slice(1)
    .map((ticks) => Number(ticks) * msPerTick)
  return { busyMs: user + nice + system + irq + softIrq + stolen, idleMs: idle + waiting }
}

function list(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
