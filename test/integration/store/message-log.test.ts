// The OCPP message log under long frames: neither memory nor the database may pay for what one charge point sends.

import { expect, test } from 'bun:test'
import { messageLogBatchBytesMax, messageLogBytesMax, messageLogLinesMax } from '../../../src/base/limits.ts'
import { describeStore, startedWriter } from '../../support/store.ts'
import { HandClock } from '../../support/hand-clock.ts'

describeStore('the message log', (store) => {
  test('writes long frames in statements of a bounded size, a longer frame alone, and all of them at the stop', async () => {
    const { database } = store()
    const key = await store().newChargePoint()
    const writer = startedWriter(database, new HandClock())
    const frames = [
      ...Array.from({ length: 50 }, (_, n) => String(n).padEnd(65_536, 'x')),
      'long'.padEnd(2 * messageLogBatchBytesMax, 'x'),
      ...Array.from({ length: 40 }, (_, n) => `short ${n}`),
    ]
    for (const frame of frames) {
      writer.appendMessageLog({ chargePointKey: key, atMs: Date.now(), direction: 'fromChargePoint', frame })
    }
    await writer.stop()
    expect(writer.stats).toMatchObject({ messageLogLines: frames.length, messageLogLinesDropped: 0 })
    const statements = await database.pool.query<{ lines: number; bytes: number; longest: number }>(
      `SELECT count(*)::int AS lines, sum(length(frame))::int AS bytes, max(length(frame))::int AS longest
       FROM message_log WHERE charge_point_id = $1 GROUP BY xmin`,
      [key],
    )
    expect(statements.rows.reduce((lines, statement) => lines + statement.lines, 0)).toBe(frames.length)
    for (const { lines, bytes, longest } of statements.rows) {
      if (longest > messageLogBatchBytesMax) expect(lines).toBe(1)
      else expect(bytes).toBeLessThanOrEqual(messageLogBatchBytesMax)
    }
  })

  test('drops and counts what goes past its bound in bytes, and keeps what came before', async () => {
    const { database, queries } = store()
    const key = await store().newChargePoint()
    const writer = startedWriter(database, new HandClock())
    const frame = 'x'.repeat(messageLogBytesMax / 64)
    // In one turn of the event loop, so that nothing is written meanwhile but for the first statement.
    for (let line = 0; line < 80; line++) {
      writer.appendMessageLog({ chargePointKey: key, atMs: Date.now(), direction: 'fromChargePoint', frame })
    }
    const { messageLogLinesDropped: dropped, messageLogLinesWaiting: waiting } = writer.stats
    expect(80).toBeLessThan(messageLogLinesMax)
    expect(dropped).toBeGreaterThan(10)
    expect(dropped).toBeLessThanOrEqual(16)
    expect(waiting).toBeGreaterThan(40)
    expect(waiting).toBeLessThanOrEqual(80 - dropped)
    await writer.stop()
    expect(writer.stats.messageLogLinesWaiting).toBe(0)
    const page = await queries.messageLog(key, { page: 1, pageSize: 1 })
    expect(page.totalCount).toBe(80 - dropped)
  })
})
