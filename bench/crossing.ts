// Where is a batch of frames examined more cheaply: on the main thread, or in a worker? Run: `bun bench/crossing.ts`.
// Prints microseconds of main-thread time and of wall time per frame, by batch size, as medians of several rounds.

import type { FrameTask } from '../src/ocpp/verdict.ts'
import { FramePool } from '../src/workers/pool.ts'

const rounds = 9
const framesPerRound = 8_192

const text = JSON.stringify([
  2,
  '0b6f3d1e-1f6a-4b7e-9a55-6f8b7e0c1d2a',
  'MeterValues',
  {
    connectorId: 1,
    transactionId: 12_345,
    meterValue: [
      {
        timestamp: '2025-12-26T12:15:00Z',
        sampledValue: [
          {
            value: '5000',
            context: 'Sample.Periodic',
            format: 'Raw',
            measurand: 'Energy.Active.Import.Register',
            unit: 'Wh',
          },
          { value: '16.5', measurand: 'Current.Import', unit: 'A' },
          { value: '230.5', measurand: 'Voltage', unit: 'V' },
        ],
      },
    ],
  },
])
const task: FrameTask = { text, version: '1.6', strictness: 'lenient', chargePointKey: 7, receivedAtMs: Date.now() }

/** Wall microseconds a frame, for one round of batches of `size`, one batch at a time. */
async function round(pool: FramePool, size: number): Promise<number> {
  const batch = Array.from({ length: size }, () => task)
  const began = Bun.nanoseconds()
  for (let done = 0; done < framesPerRound; done += size) await pool.examine(batch)
  return (Bun.nanoseconds() - began) / 1000 / framesPerRound
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN
}

const inline = new FramePool({ threads: 1, inlineFrames: Number.POSITIVE_INFINITY })
const crossing = new FramePool({ threads: 1, inlineFrames: 0 })
console.log('frames a batch   inline µs   worker µs   worker / inline')
for (const size of [1, 2, 4, 8, 16, 32, 64, 256, 512]) {
  const figures = { inline: [] as number[], worker: [] as number[] }
  for (let index = 0; index < rounds; index++) {
    figures.inline.push(await round(inline, size))
    figures.worker.push(await round(crossing, size))
  }
  const [a, b] = [median(figures.inline), median(figures.worker)]
  console.log(
    `${String(size).padStart(14)}${a.toFixed(2).padStart(12)}${b.toFixed(2).padStart(12)}${(b / a).toFixed(1).padStart(18)}`,
  )
}
await Promise.all([inline.close(), crossing.close()])
