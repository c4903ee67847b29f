// One measurement: a connected fleet sends for a while; the answers, their latency, and the cost for each process.

import { availableParallelism } from 'node:os'
import { otherCore, serverCore } from './affinity.ts'
import { coreTimes, cpuOf, familyCpuMs, residentKib, type ThreadTime } from './cpu.ts'
import type { Fleet } from './generator/fleet.ts'
import type { Percentiles } from './generator/latency.ts'
import type { SocketKind } from './generator/sockets.ts'
import type { MixName } from './generator/mixes.ts'
import type { Loop } from './generator/schedule.ts'

export interface MeasureOptions {
  readonly loop: Loop
  readonly warmUpMs: number
  readonly durationMs: number
  /** Process of the server under test, if it is known. */
  readonly serverPid: number | null
  /** The postmaster, if it is known. */
  readonly databasePid: number | null
  /**
   * Whether the server has a core to itself, so that generator and database have the other; true if processes can be
   * pinned.
   */
  readonly serverHasCore?: boolean
  /** Length of a slice, in milliseconds (1,000). */
  readonly sliceMs?: number
  /** Ends the measurement early. If it ends in the warm-up, `seconds` is 0 and the figures mean nothing. */
  readonly signal?: AbortSignal
  /** Called after every slice. */
  readonly onSlice?: (slice: Slice) => void
}

/** The figures of a short part of a measurement. */
export interface Slice {
  readonly atMs: number
  readonly messagesPerSecond: number
  readonly latencyMs: Percentiles | null
  readonly serverCpuShare: number
  readonly serverResidentKib: number
}

export interface ThreadShare {
  readonly name: string
  readonly isMain: boolean
  readonly cpuMs: number
}

export interface Measurement {
  readonly mix: MixName
  readonly loop: Loop
  readonly stations: number
  readonly seconds: number
  readonly messages: number
  readonly byAction: Readonly<Record<string, number>>
  readonly messagesPerSecond: number
  readonly latencyMs: Percentiles | null
  readonly server: {
    readonly cpuMs: number
    readonly threads: readonly ThreadShare[]
    readonly residentKib: number
  } | null
  readonly database: { readonly cpuMs: number } | null
  readonly generator: {
    readonly cpuMs: number
    /** The kind of socket of its stations. */
    readonly sockets: SocketKind
    readonly lagMs: Percentiles | null
  }
  /** Share of the time that the cores were busy, from 0 to 1; null if unknown. */
  readonly serverCoreBusy: number | null
  readonly otherCoreBusy: number | null
  /** Share of a core that other processes took, on the core where they took most; null if unknown. */
  readonly strangersShare: number | null
  readonly bottleneck: Bottleneck
  /**
   * Why the figures describe the generator and not the server, as part of a sentence; null if they are valid for the
   * server.
   */
  readonly invalid: string | null
  /** Whether all answers that were outstanding at the end still came. */
  readonly isSettled: boolean
  readonly errors: Readonly<Record<string, number>>
  readonly slices: readonly Slice[]
}

/** The bottleneck: the figures say nothing about the other parts. */
export type Bottleneck = 'server' | 'generator' | 'generator and database' | 'nobody'

/** From this share on a core counts as full. */
const fullShare = 0.93
const sliceMsDefault = 1_000
const settleMsMax = 30_000
/** The same for a measurement that was ended early. */
const settleEarlyMsMax = 5_000
/** Generator lag, 99th percentile, above which open-loop latencies describe the generator more than the server. */
export const generatorLagMsMax = 20

/** Share of a core above which other processes make a figure doubtful; the kernel's own work stays below it. */
export const strangersShareMax = 0.1

/** Lets a fleet with a script send: warm-up, measurement, and the last answers. */
export async function measure(fleet: Fleet, options: MeasureOptions): Promise<Measurement> {
  const { loop, warmUpMs, durationMs, sliceMs = sliceMsDefault, serverHasCore = serverCore !== null, signal } = options
  fleet.errors.clear()
  fleet.begin(loop)
  await pause(warmUpMs, signal)

  fleet.recorder.reset()
  const databaseMsBefore = databaseMs(options)
  const before = snapshot(options)
  const slices: Slice[] = []
  let last = before
  while (last.atMs - before.atMs < durationMs && signal?.aborted !== true) {
    await pause(Math.min(sliceMs, durationMs - (last.atMs - before.atMs)), signal)
    const now = snapshot(options)
    const slice = sliceBetween(last, now, before.atMs, fleet)
    slices.push(slice)
    options.onSlice?.(slice)
    last = now
  }
  const databaseMsAfter = databaseMs(options)
  const { recorder } = fleet
  const byAction = recorder.byAction
  const isSettled = await fleet.settle(signal?.aborted === true ? settleEarlyMsMax : settleMsMax)

  const seconds = (last.atMs - before.atMs) / 1_000
  const messages = Object.values(byAction).reduce((sum, count) => sum + count, 0)
  const latencyMs = recorder.latencyMs
  const lagMs = recorder.lagMs
  const generatorCpuMs = last.generatorMs - before.generatorMs
  const serverCoreBusy = busyShare(before.serverCore, last.serverCore)
  const otherCoreBusy = busyShare(before.otherCore, last.otherCore)
  const server: Measurement['server'] =
    before.server === null || last.server === null
      ? null
      : {
          cpuMs: last.server.totalMs - before.server.totalMs,
          threads: threadShares(before.server.threads, last.server.threads),
          residentKib: last.residentKib,
        }
  const database: Measurement['database'] =
    databaseMsBefore === null || databaseMsAfter === null ? null : { cpuMs: databaseMsAfter - databaseMsBefore }
  const shares = {
    serverShare: serverHasCore ? (server?.cpuMs ?? 0) / seconds / 1_000 : mainThreadShare(before, last),
    generatorShare: generatorCpuMs / seconds / 1_000,
    databaseShare: serverHasCore ? (database?.cpuMs ?? 0) / seconds / 1_000 : 0,
    lagMs: lagMs?.p99 ?? 0,
  }
  return {
    mix: fleet.mix,
    loop,
    stations: fleet.ledgers.length,
    seconds,
    messages,
    byAction,
    messagesPerSecond: messages / seconds,
    latencyMs,
    server,
    database,
    generator: { cpuMs: generatorCpuMs, lagMs, sockets: fleet.sockets },
    serverCoreBusy,
    otherCoreBusy,
    strangersShare: serverHasCore
      ? strangersShare(
          [serverCoreBusy, server?.cpuMs ?? null],
          [otherCoreBusy, database === null ? generatorCpuMs : generatorCpuMs + database.cpuMs],
          seconds,
        )
      : null,
    bottleneck: bottleneckOf(shares),
    invalid: invalidity({ ...shares, coreShare: serverHasCore ? otherCoreBusy : null }),
    isSettled,
    errors: Object.fromEntries(fleet.errors),
    slices,
  }
}

/** Resolves after `ms`, or when the signal is given. */
function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve()
    const end = (): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal?.addEventListener('abort', end)
  })
}

/** The bottleneck, by the share of a core that each part took. */
export function bottleneckOf(shares: {
  readonly serverShare: number
  readonly generatorShare: number
  readonly databaseShare: number
  readonly lagMs: number
}): Bottleneck {
  if (shares.serverShare >= fullShare) return 'server'
  if (shares.generatorShare >= fullShare || shares.lagMs > generatorLagMsMax) return 'generator'
  return shares.generatorShare + shares.databaseShare >= fullShare ? 'generator and database' : 'nobody'
}

/** Why a measurement says nothing about the server: its generator, or the core of its generator, was full. */
export function invalidity(shares: {
  readonly generatorShare: number
  readonly databaseShare: number
  /** How busy the generator's core was; null if unknown, or if the server also uses it. */
  readonly coreShare: number | null
  readonly lagMs: number
}): string | null {
  const { generatorShare, databaseShare, coreShare, lagMs } = shares
  if (generatorShare >= fullShare) return `the generator was full (${percent(generatorShare)} of a core)`
  if (lagMs > generatorLagMsMax) return `the generator sent late (p99 ${lagMs.toFixed(0)} ms)`
  if (coreShare !== null && coreShare >= fullShare)
    return (
      `the generator's core was full (generator ${percent(generatorShare)}, database ${percent(databaseShare)}, ` +
      `in all ${percent(coreShare)})`
    )
  return null
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

type CoreUse = readonly [busyShare: number | null, cpuMsOfOurs: number | null]

function strangersShare(server: CoreUse, other: CoreUse, seconds: number): number | null {
  const shares = [server, other].flatMap(([busy, ours]) =>
    busy === null || ours === null ? [] : [Math.max(0, busy - ours / seconds / 1_000)],
  )
  return shares.length === 0 ? null : Math.max(...shares)
}

/** CPU of server, database, or both, in microseconds for each of `count` messages; null if it is not known. */
export function cpuUsPerMessage(
  { server, database }: Measurement,
  whose: 'server' | 'database' | 'both',
  count: number,
): number | null {
  const parts = whose === 'both' ? [server, database] : [whose === 'server' ? server : database]
  let cpuMs = 0
  for (const part of parts) {
    if (part === null) return null
    cpuMs += part.cpuMs
  }
  return (cpuMs * 1_000) / count
}

/** The pids of a server and of its database, if they are known. */
export type Pids = Pick<MeasureOptions, 'serverPid' | 'databasePid'>

interface Snapshot {
  readonly atMs: number
  readonly server: ReturnType<typeof cpuOf>
  readonly residentKib: number
  readonly generatorMs: number
  readonly serverCore: ReturnType<typeof coreTimes>
  readonly otherCore: ReturnType<typeof coreTimes>
}

// Reads every process of the machine, so only at both ends of a measurement.
function databaseMs({ databasePid }: MeasureOptions): number | null {
  return databasePid === null ? null : familyCpuMs(databasePid)
}

function snapshot({ serverPid }: MeasureOptions): Snapshot {
  const { user, system } = process.cpuUsage()
  return {
    server: serverPid === null ? null : cpuOf(serverPid),
    residentKib: serverPid === null ? 0 : residentKib(serverPid),
    generatorMs: (user + system) / 1_000,
    serverCore: serverCore === null ? null : coreTimes(serverCore),
    otherCore: otherCore === null ? null : coreTimes(otherCore),
    atMs: performance.now(),
  }
}

function sliceBetween(from: Snapshot, to: Snapshot, startedMs: number, fleet: Fleet): Slice {
  const { messages, latencyMs } = fleet.recorder.takeSlice()
  const ms = to.atMs - from.atMs
  return {
    atMs: to.atMs - startedMs,
    messagesPerSecond: (messages * 1_000) / ms,
    latencyMs,
    serverCpuShare: ((to.server?.totalMs ?? 0) - (from.server?.totalMs ?? 0)) / ms,
    serverResidentKib: to.residentKib,
  }
}

function mainThreadShare(from: Snapshot, to: Snapshot): number {
  if (from.server === null || to.server === null) return 0
  const main = threadShares(from.server.threads, to.server.threads).find((thread) => thread.isMain)
  return (main?.cpuMs ?? 0) / (to.atMs - from.atMs)
}

function threadShares(before: readonly ThreadTime[], after: readonly ThreadTime[]): ThreadShare[] {
  const earlier = new Map(before.map((thread) => [thread.id, thread.ms]))
  return after
    .map(({ id, name, isMain, ms }) => ({ name, isMain, cpuMs: ms - (earlier.get(id) ?? 0) }))
    .filter((thread) => thread.isMain || thread.cpuMs >= 1)
    .toSorted((a, b) => Number(b.isMain) - Number(a.isMain) || b.cpuMs - a.cpuMs)
}

function busyShare(from: ReturnType<typeof coreTimes>, to: ReturnType<typeof coreTimes>): number | null {
  if (from === null || to === null || availableParallelism() < 2) return null
  const busyMs = to.busyMs - from.busyMs
  const wholeMs = busyMs + to.idleMs - from.idleMs
  return wholeMs <= 0 ? null : busyMs / wholeMs
}
