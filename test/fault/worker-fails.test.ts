// A worker thread of a running Stator crashes, throws or is stuck at a frame: the thread is replaced, only that frame
// is refused, and the other charge points of its batch get their answers.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { taskMsMax } from '../../src/base/limits.ts'
import { flows16 } from '../fixtures/seed-flows.ts'
import { keepResult } from '../support/fault-results.ts'
import { HandClock } from '../support/hand-clock.ts'
import type { RawChargePoint } from '../support/raw-charge-point.ts'
import { TestStator } from '../support/stator.ts'
import { whenStuck } from '../support/stuck-thread.ts'

const stations = 8
const bystandersMsMax = 60_000
/** Moved when a thread is stuck. */
const clock = new HandClock()
let central: TestStator
let raws: RawChargePoint[]

beforeAll(async () => {
  central = await TestStator.start({
    hooks: {
      examination: {
        workerUrl: new URL('../fixtures/dying-worker.ts', import.meta.url),
        // Everything is sent to the worker.
        crossingBytesMin: 0,
        paysToCross: () => true,
        clock,
      },
    },
  })
  raws = await Promise.all(Array.from({ length: stations }, (_, index) => central.bootedRaw(`CP${index}`)))
})

afterAll(() => central.stop())
afterAll(whenStuck(() => clock.pass(taskMsMax)))

test.each([
  ['dies', 'KILL'],
  ['throws', 'THROW'],
  ['is stuck', 'HANG'],
] as const)(
  'a worker that %s is replaced, and only the frame at which it does is refused',
  async (what, word) => {
    const [poisoned, ...bystanders] = raws
    const startedMs = performance.now()
    const poison = poisoned?.sendCall('DataTransfer', { vendorId: word }) ?? ''
    const answers = bystanders.map((raw, index) => {
      const status = { ...flows16.status('Charging'), info: `${word} ${index}`.replace(word, what) }
      const messageId = raw.sendCall('StatusNotification', status)
      return raw.answerTo(messageId, bystandersMsMax).then((frame) => expect(frame).toEqual([3, messageId, {}]))
    })
    await Promise.all(answers)
    expect((await poisoned?.answerTo(poison, bystandersMsMax))?.slice(0, 3)).toEqual([4, poison, 'InternalError'])
    const recoveredMs = performance.now() - startedMs
    // The charge point of that frame continues, and so do all others.
    for (const raw of raws) expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
    keepResult({
      id: `4-worker-${word.toLowerCase()}`,
      fault: `a worker thread ${what} at a frame`,
      file: 'worker-fails.test.ts',
      injected: 1,
      audit: null,
      recoveryMs: [recoveredMs],
      recovery: `from the frame until it was refused and ${bystanders.length} frames sent with it were answered`,
      figures: {},
    })
  },
  120_000,
)
