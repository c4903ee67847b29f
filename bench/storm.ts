// A reconnect storm: all stations lose their connection at once and reconnect at once, as after a power cut or the
// restart of a router. Also the memory of an idle, connected station.

import { residentKib } from './cpu.ts'
import type { Fleet } from './generator/fleet.ts'

export interface StormResult {
  readonly stations: number
  /** From the cut until all were connected, authenticated and booted; null if some never were. */
  readonly readyMs: number | null
  /** Memory of the server; 0 if its process is not known. */
  readonly residentKibBefore: number
  readonly residentKibPeak: number
  readonly errors: Readonly<Record<string, number>>
  /** How many were ready when. */
  readonly curve: readonly { readonly atMs: number; readonly ready: number }[]
}

const deadlineMs = 120_000
const curveMs = 100

/** Cuts all connections of a connected fleet and lets all stations reconnect at the same time. */
export async function storm(fleet: Fleet, serverPid: number | null, signal?: AbortSignal): Promise<StormResult> {
  const resident = (): number => (serverPid === null ? 0 : residentKib(serverPid))
  const residentKibBefore = resident()
  const stations = fleet.ledgers.length
  const curve = [{ atMs: 0, ready: 0 }]
  let residentKibPeak = residentKibBefore
  fleet.errors.clear()
  const startedMs = performance.now()
  const look = (): void => {
    curve.push({ atMs: performance.now() - startedMs, ready: fleet.ready })
    residentKibPeak = Math.max(residentKibPeak, resident())
  }
  const timer = setInterval(look, curveMs)
  fleet.cut()
  const readyMs = await fleet.connect({ atOnceMax: stations, deadlineMs, ...(signal === undefined ? {} : { signal }) })
  clearInterval(timer)
  look()
  return { stations, readyMs, residentKibBefore, residentKibPeak, errors: Object.fromEntries(fleet.errors), curve }
}

/** Resident memory once it has stopped falling, in KiB: memory of a burst of work is released with a delay. */
export async function settledResidentKib(pid: number, msMax: number): Promise<number> {
  const startedMs = performance.now()
  let least = residentKib(pid)
  while (performance.now() - startedMs < msMax) {
    await Bun.sleep(500)
    least = Math.min(least, residentKib(pid))
  }
  return least
}
