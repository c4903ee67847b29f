// The results of one `bun bench`. Every part may be missing: an interrupted run has only the parts until then.

import { readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { hasTaskset } from '../affinity.ts'
import type { Findings } from '../audit/comparison.ts'
import type { Percentiles } from '../generator/latency.ts'
import { type SocketKind, socketKindFor } from '../generator/sockets.ts'
import type { Measurement } from '../measure.ts'
import type { StormResult } from '../storm.ts'

export type ServerName = 'floor' | 'peer' | 'stator'

/** What is compared: the servers, and Stator in another version or with other settings than its defaults. */
export type SideName = ServerName | 'stator201' | 'statorNoLog' | 'statorUnpinned'

export const sideLabels: Readonly<Record<SideName, string>> = {
  floor: 'floor',
  peer: 'peer',
  stator: 'Stator',
  stator201: 'Stator, OCPP 2.0.1',
  statorNoLog: 'Stator, message log off',
  statorUnpinned: 'Stator on all cores',
}

export type Rounds = Partial<Record<SideName, Measurement[]>>

/** The sides that were measured, by label. */
export function roundsOf(rounds: Rounds): [label: string, measurements: Measurement[]][] {
  const names = Object.keys(sideLabels).filter((name): name is SideName => Object.hasOwn(sideLabels, name))
  return names.flatMap((name): [string, Measurement[]][] => {
    const measured = rounds[name]
    return measured === undefined ? [] : [[sideLabels[name], measured]]
  })
}

export interface StandardResults {
  readonly startedAt: string
  readonly machine: Machine
  isComplete: boolean
  /** The error that ended the run. */
  failure: string | null
  /** Closed loop. */
  readonly heartbeat: Rounds
  readonly meter: Rounds
  /** Open loop, Stator alone, at half of its rate in the closed loop. */
  readonly half: Measurement[]
  /** The same without the message log. */
  readonly halfNoLog: Measurement[]
  /** Heartbeats at a fixed rate while other stations send long messages in a closed loop; on all cores. */
  readonly longMessages: Readonly<Record<LongSide, LongRound[]>>
  /** One-row INSERTs, one after the other, on the database of the run while it was not used otherwise. */
  readonly bareCommitMs: Percentiles[]
  readonly batches: Partial<Record<'peer' | 'stator', BatchSizes>>
  readonly audits: Record<string, Findings>
  /** What a meter sample of each version takes on disk. */
  readonly bytes: Partial<Record<'1.6' | '2.0.1', BytesResult>>
  readonly others: Measurement[]
  /** Few and many stations at the same rate, open loop. */
  readonly few: Measurement[]
  readonly many: Measurement[]
  memory: MemoryResult | null
  storm: StormResult | null
  readonly startMs: { readonly PostgreSQL: number[]; readonly Embedded: number[] }
}

export interface MemoryResult {
  readonly stations: number
  readonly residentKibBefore: number
  readonly residentKibAfter: number
}

/** Stator with its workers, and without any. */
export type LongSide = 'workers' | 'noWorkers'

export interface LongRound {
  /** The figures of the stations that only send heartbeats. */
  readonly others: Measurement
  /** Messages a second of those that send long ones, long and short. */
  readonly messagesPerSecond: number
}

/** Bytes on disk for each message with a meter value, by table. */
export interface BytesResult {
  readonly messages: number
  readonly tables: readonly {
    readonly table: string
    /** Without its indexes. */
    readonly bytes: number
    readonly indexBytes: number
  }[]
}

/** Meter rows of one commit. */
export interface BatchSizes {
  readonly commits: number
  readonly mean: number
  readonly p50: number
  readonly p99: number
  readonly max: number
  /** Commits by size: `upTo` rows, but more than the bucket before. */
  readonly histogram: readonly { readonly upTo: number; readonly commits: number }[]
}

export interface Machine {
  readonly cpu: string
  readonly cores: number
  readonly memoryGib: number
  readonly kernel: string
  readonly bun: string
  readonly node: string
  readonly isPinned: boolean
  /** The kind of socket of the generator's stations. */
  readonly generator: SocketKind
  readonly filesMax: number
}

export function emptyResults(): StandardResults {
  return {
    startedAt: new Date().toISOString(),
    machine: machine(),
    isComplete: false,
    failure: null,
    heartbeat: {},
    meter: {},
    half: [],
    halfNoLog: [],
    longMessages: { workers: [], noWorkers: [] },
    bareCommitMs: [],
    batches: {},
    audits: {},
    bytes: {},
    others: [],
    few: [],
    many: [],
    memory: null,
    storm: null,
    startMs: { PostgreSQL: [], Embedded: [] },
  }
}

/** The machine and its software. */
export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: `${process.platform} ${release()}`,
    bun: Bun.version,
    node: Bun.which('node') === null ? 'none' : Bun.spawnSync(['node', '--version']).stdout.toString().trim(),
    isPinned: hasTaskset,
    generator: socketKindFor({ host: '127.0.0.1', isTls: false }),
    filesMax: filesMax(),
  }
}

const filesMaxWhereUnknown = 1_024

/** Files, sockets included, that a process may have open here. */
export function filesMax(): number {
  return knownFilesMax() ?? filesMaxWhereUnknown
}

/** As `filesMax`; null if the system does not say it. */
export function knownFilesMax(): number | null {
  try {
    const match = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))
    return match?.[1] === undefined ? null : Number(match[1])
  } catch {
    return null
  }
}

/** The median of these values; NaN if there are none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2
}

/** Why a run is incomplete; null if it is complete. */
export function shortfall({ isComplete, failure }: StandardResults): string | null {
  if (failure !== null) return `The run broke off: ${failure} This is what it had until then.`
  return isComplete ? null : 'The run was interrupted; this is what it had until then.'
}
