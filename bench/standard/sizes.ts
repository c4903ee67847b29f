// The sizes and durations of `bun bench`: for users, and for the tests that keep it working.

import type { ServerName } from './results.ts'

export interface Size {
  /** Stations of the closed loops. */
  readonly stations: number
  readonly rounds: number
  /**
   * Warm-up before the first round: a trivial loop is compiled at once, a whole central system is not. After seven
   * seconds of meter values a sixth of its CPU was still that of the compiler.
   */
  readonly heartbeatWarmUpMs: Readonly<Record<ServerName, number>>
  readonly meterWarmUpMs: Readonly<Record<ServerName, number>>
  readonly warmUpMs: number
  readonly durationMs: number
  readonly halfMs: number
  /** Warm-up of another OCPP version, and of the mixes that are measured once, on a server that is warm already. */
  readonly othersWarmUpMs: number
  /** Duration of each measurement at a fixed rate with few and many stations. */
  readonly fixedMs: number
  /** Stations of each version that send long messages. */
  readonly longStations: number
  readonly longWarmUpMs: number
  readonly longMs: number
  readonly samples: number
  /** How long stations send what is measured in bytes. */
  readonly bytesMs: number
  readonly bareCommits: number
  /** Stations of the storm and of the memory figure. */
  readonly fleet: number
  readonly fleetSettleMs: number
  readonly fewStations: number
  readonly manyStations: number
  readonly fixedRatePerSecond: number
  readonly starts: number
}

export const sizes = {
  standard: {
    stations: 1_000,
    rounds: 3,
    heartbeatWarmUpMs: { floor: 1_500, peer: 0, stator: 8_000 },
    meterWarmUpMs: { floor: 1_000, peer: 4_000, stator: 20_000 },
    warmUpMs: 300,
    durationMs: 1_500,
    halfMs: 5_000,
    othersWarmUpMs: 10_000,
    fixedMs: 1_000,
    longStations: 200,
    longWarmUpMs: 4_000,
    longMs: 2_500,
    samples: 60,
    bytesMs: 8_000,
    bareCommits: 500,
    fleet: 10_000,
    fleetSettleMs: 4_000,
    fewStations: 1_000,
    manyStations: 20_000,
    fixedRatePerSecond: 4_000,
    starts: 3,
  },
  small: {
    stations: 10,
    rounds: 1,
    heartbeatWarmUpMs: { floor: 100, peer: 0, stator: 100 },
    meterWarmUpMs: { floor: 100, peer: 100, stator: 100 },
    warmUpMs: 50,
    durationMs: 300,
    halfMs: 300,
    othersWarmUpMs: 100,
    fixedMs: 300,
    longStations: 10,
    longWarmUpMs: 200,
    longMs: 500,
    samples: 5,
    bytesMs: 300,
    bareCommits: 10,
    fleet: 40,
    fleetSettleMs: 500,
    fewStations: 10,
    manyStations: 40,
    fixedRatePerSecond: 100,
    starts: 1,
  },
} as const satisfies Record<string, Size>

export type SizeName = keyof typeof sizes
