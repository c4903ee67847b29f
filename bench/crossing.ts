// The cost of examining a frame for the main thread, there and in a worker: CPU of this thread for each frame, by the
// bytes of a batch, as medians of several rounds. Run: `bun bench/crossing.ts`. The pool's limits come from it.

import type { FrameTask } from '../src/ocpp/verdict.ts'
import type { OcppVersion } from '../src/ocpp/version.ts'
import { FramePool } from '../src/workers/pool.ts'
import { threadMs } from '../test/support/thread-time.ts'
import { median } from './standard/results.ts'

const rounds = 7
const framesPerRound = 2_048
const batchBytes = [4_096, 8_192, 16_384, 32_768, 65_536, 131_072, 262_144]

const at = (minute: number): string => `2025-12-26T12:${String(minute).padStart(2, '0')}:00Z`

function moments(count: number): object[] {
  return Array.from({ length: count }, (_, minute) => ({
    timestamp: at(minute),
    sampledValue: [
      {
        value: `${5_000 + minute}`,
        context: 'Sample.Periodic',
        measurand: 'Energy.Active.Import.Register',
        unit: 'Wh',
      },
      { value: '16.5', measurand: 'Current.Import', unit: 'A' },
      { value: '230.5', measurand: 'Voltage', unit: 'V' },
    ],
  }))
}

function moments201(count: number): object[] {
  return Array.from({ length: count }, (_, minute) => ({
    timestamp: at(minute),
    sampledValue: [
      { value: 5_000 + minute, measurand: 'Energy.Active.Import.Register', unitOfMeasure: { unit: 'Wh' } },
      { value: 16.5, measurand: 'Current.Import', unitOfMeasure: { unit: 'A' } },
      { value: 230.5, measurand: 'Voltage', unitOfMeasure: { unit: 'V' } },
    ],
  }))
}

function frame(version: OcppVersion, action: string, payload: object): FrameTask {
  const text = JSON.stringify([2, '0b6f3d1e-1f6a-4b7e-9a55-6f8b7e0c1d2a', action, payload])
  return { text, version, strictness: 'lenient', chargePointKey: 7, receivedAtMs: Date.now() }
}

const meterValues = (count: number): FrameTask =>
  frame('1.6', 'MeterValues', { connectorId: 1, transactionId: 12_345, meterValue: moments(count) })

const stopTransaction = (count: number): FrameTask =>
  frame('1.6', 'StopTransaction', {
    transactionId: 12_345,
    meterStop: 9_000,
    timestamp: at(59),
    transactionData: moments(count),
  })

const transactionEvent = (count: number): FrameTask =>
  frame('2.0.1', 'TransactionEvent', {
    eventType: 'Updated',
    timestamp: at(59),
    triggerReason: 'MeterValuePeriodic',
    seqNo: 3,
    transactionInfo: { transactionId: 'BENCH000001-1764', chargingState: 'Charging' },
    meterValue: moments201(count),
  })

const notifyReport = (count: number): FrameTask =>
  frame('2.0.1', 'NotifyReport', {
    requestId: 1,
    generatedAt: at(59),
    seqNo: 0,
    reportData: Array.from({ length: count }, (_, index) => ({
      component: { name: 'SmartChargingCtrlr', evse: { id: 1, connectorId: 1 } },
      variable: { name: `Limit${index}` },
      variableAttribute: [{ type: 'Actual', value: `${index}`, mutability: 'ReadWrite' }],
      variableCharacteristics: { unit: 'A', dataType: 'decimal', supportsMonitoring: false },
    })),
  })

const frames: Readonly<Record<string, FrameTask>> = {
  'MeterValues, 1 moment': meterValues(1),
  'MeterValues, 4 moments': meterValues(4),
  'MeterValues, 12 moments': meterValues(12),
  'StopTransaction, 4 moments': stopTransaction(4),
  'StopTransaction, 12 moments': stopTransaction(12),
  'TransactionEvent, 1 moment': transactionEvent(1),
  'TransactionEvent, 10 moments': transactionEvent(10),
  'NotifyReport, 4 variables': notifyReport(4),
  'NotifyReport, 11 variables': notifyReport(11),
}

/** CPU of this thread in microseconds a frame, for one round of batches, one at a time. */
async function round(examine: (batch: FrameTask[]) => unknown, task: FrameTask, size: number): Promise<number> {
  const batch = Array.from({ length: size }, () => task)
  const beganMs = threadMs()
  let done = 0
  for (; done < framesPerRound; done += size) await examine(batch)
  return ((threadMs() - beganMs) * 1_000) / done
}

const pool = new FramePool({ threads: 1 })
const here = (batch: FrameTask[]): unknown => pool.examineHere(batch)
const there = (batch: FrameTask[]): unknown => pool.examine(batch)
console.log(`${'frame'.padEnd(44)}   here µs   worker / here, for batches of ${batchBytes.join(', ')} bytes`)
for (const [name, task] of Object.entries(frames)) {
  for (let index = 0; index < 2; index++) for (const examine of [here, there]) await round(examine, task, 32)
  const ratios: string[] = []
  const inline: number[] = []
  for (const bytes of batchBytes) {
    const size = Math.max(1, Math.round(bytes / task.text.length))
    const us: { readonly here: number[]; readonly there: number[] } = { here: [], there: [] }
    for (let index = 0; index < rounds; index++) {
      us.here.push(await round(here, task, size))
      us.there.push(await round(there, task, size))
    }
    inline.push(median(us.here))
    ratios.push((median(us.there) / median(us.here)).toFixed(2).padStart(6))
  }
  const label = `${name} (${task.text.length} characters)`
  console.log(`${label.padEnd(44)} ${median(inline).toFixed(1).padStart(9)} ${ratios.join(' ')}`)
}
await pool.close()
