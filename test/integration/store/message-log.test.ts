// The OCPP message log under long frames: neither memory nor the database may pay for what one charge point sends.

import { expect, test } from 'bun:test'
import {
  filteredMessagesMax,
  messageLogBatchBytesMax,
  messageLogBytesMax,
  messageLogLinesMax,
} from '../../../src/base/limits.ts'
import type { MessageFilter } from '../../../src/blocks/records.ts'
import { describeStore, startedWriter } from '../../support/store.ts'
import { HandClock } from '../../support/hand-clock.ts'

describeStore('the message log', (store) => {
  test('writes long frames in statements of a bounded size, a longer frame alone, and all of them at the stop', async () => {
    const { database, queries } = store()
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
    const { rows } = await database.pool.query<{ lines: number; bytes: number }>(
      `SELECT lines, text_bytes AS bytes FROM message_blocks WHERE charge_point_min = $1 AND charge_point_max = $1`,
      [key],
    )
    expect(rows.reduce((lines, block) => lines + block.lines, 0)).toBe(frames.length)
    for (const { lines, bytes } of rows) if (lines > 1) expect(bytes).toBeLessThanOrEqual(messageLogBatchBytesMax)
    expect(rows.filter(({ bytes }) => bytes > messageLogBatchBytesMax).map(({ lines }) => lines)).toEqual([1])
    const { items } = await queries.messageLog({ chargePointKey: key }, { page: 1, pageSize: 500 })
    expect(items.map(({ frame }) => frame)).toEqual(frames.toReversed())
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
    const page = await queries.messageLog({ chargePointKey: key }, { page: 1, pageSize: 1 })
    expect(page.totalCount).toBe(80 - dropped)
  })

  test('finds messages by action, direction, message id and time, whatever white space a frame has', async () => {
    const { database, queries } = store()
    const key = await store().newChargePoint()
    const writer = startedWriter(database, new HandClock())
    const frames = [
      ['fromChargePoint', '[2,"a","Heartbeat",{}]'],
      ['toChargePoint', '[3,"a",{"currentTime":"2026-01-01T00:00:00Z"}]'],
      ['fromChargePoint', ' [ 2 , "b" , "StatusNotification" , {"info":"[2,\\"a\\",\\"Heartbeat\\"]"}]'],
      ['toChargePoint', '[2,"c\\"\\u0041","Reset",{}]'],
      ['fromChargePoint', 'no frame'],
    ] as const
    const atMs = Date.now()
    for (const [n, [direction, frame]] of frames.entries()) {
      writer.appendMessageLog({ chargePointKey: key, atMs: atMs + n, direction, frame })
    }
    await writer.stop()
    const found = async (filter: Omit<MessageFilter, 'chargePointKey'>, pageSize = 10) => {
      const { totalCount, items } = await queries.messageLog({ chargePointKey: key, ...filter }, { page: 1, pageSize })
      return [totalCount, ...items.map(({ frame }) => frames.findIndex((sent) => sent[1] === frame))]
    }
    expect(await found({})).toEqual([5, 4, 3, 2, 1, 0])
    expect(await found({ action: 'Heartbeat' })).toEqual([1, 0])
    expect(await found({ action: 'StatusNotification', direction: 'toChargePoint' })).toEqual([0])
    expect(await found({ messageId: 'a' })).toEqual([2, 1, 0])
    expect(await found({ messageId: 'b' })).toEqual([1, 2])
    expect(await found({ direction: 'fromChargePoint' }, 2)).toEqual([3, 4, 2])
    expect(await found({ direction: 'fromChargePoint', fromMs: atMs + 1, toMs: atMs + 3 })).toEqual([1, 2])
    expect(await found({ fromMs: atMs + 1, toMs: atMs + 2 })).toEqual([2, 2, 1])
    expect(await found({ messageId: "' OR true --" })).toEqual([0])
  })

  test('looks at the newest ones only, on any database, for what stands in the frames', async () => {
    const { database, queries } = store()
    const key = await store().newChargePoint()
    const rows = filteredMessagesMax + 100
    await database.pool.query(
      `INSERT INTO message_log (charge_point_id, at, from_charge_point, frame)
       SELECT $1, now() - n * interval '1 ms', true, '[2,"' || n || '","Heartbeat",{}]' FROM generate_series(1, $2::int) n`,
      [key, rows],
    )
    const list = (messageId: number, page = 1) =>
      queries.messageLog({ chargePointKey: key, messageId: String(messageId) }, { page, pageSize: 1 })
    expect(await list(filteredMessagesMax)).toMatchObject({ totalCount: 1, totalCountAtLeast: true })
    expect(await list(rows)).toEqual({ totalCount: 0, totalCountAtLeast: true, items: [] })
    const refused = list(1, filteredMessagesMax + 1)
    await expect(refused).rejects.toMatchObject({ code: 'BAD_REQUEST', details: { field: 'page' } })
  })
})
