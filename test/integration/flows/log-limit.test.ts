// A whole Stator under a charge point that makes it write: the log stays short, and says that it does.

import { expect, test } from 'bun:test'
import { logLinesAtOnceMax, logLinesPerSecondMax } from '../../../src/base/limits.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { TestStator } from '../../support/stator.ts'

test('a charge point that sends garbage and reconnects gets no more than its share of the log', async () => {
  const { log, lines } = collectedLog('Information')
  const clock = new HandClock()
  const central = await TestStator.start({ hooks: { log, clock } })
  try {
    await central.provision('LOUD', { strictness: 'lenient' })
    for (let connection = 0; connection < 3; connection++) {
      const raw = await central.raw('LOUD')
      for (let frame = 0; frame < 100; frame++) raw.send('garbage')
      const heartbeat = raw.sendCall('Heartbeat', {})
      expect((await raw.next())[1]).toBe(heartbeat)
      await raw.close()
    }
    const about = lines.filter((line) => line.includes('"identity":"LOUD"'))
    expect(about.length).toBeGreaterThan(10)
    expect(about.length).toBeLessThanOrEqual(logLinesAtOnceMax + logLinesPerSecondMax)
    expect(central.stator.counters.logLinesSuppressed).toBeGreaterThan(200)
  } finally {
    await central.stop()
  }
  const summary = lines.map((line) => JSON.parse(line)).find((line) => line.identity === 'LOUD' && line.count > 0)
  expect(summary).toMatchObject({
    count: central.stator.counters.logLinesSuppressed,
    level: 'Warning',
    category: 'OCPP',
  })
})
