// Blocks of the message log while they are merged, by one node or several, and while an id token is erased from them:
// each line is found once, at any time.

import { expect, test } from 'bun:test'
import { dayMs } from '../../../src/base/clock.ts'
import { runsOfEndedDayMax } from '../../../src/base/limits.ts'
import type { MessageFilter, MessageLogLine, MessageLogRecord } from '../../../src/blocks/records.ts'
import type { Database } from '../../../src/store/database.ts'
import { messageLines } from '../../../src/store/export/messages.ts'
import { pagedSession } from '../../../src/store/export/paged.ts'
import type { Key } from '../../../src/store/export/session.ts'
import { merge, type MergeTask } from '../../../src/store/messages/merge.ts'
import { Merger } from '../../../src/store/messages/merger.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { type BlockLine, randomLines, storeBlock, storedLines } from '../../support/message-lines.ts'
import { describeStore, type TestStore } from '../../support/store.ts'

let nextDay = Date.UTC(2026, 0, 1)

/** A day that no other test uses. */
function newDay(): number {
  nextDay += dayMs
  return nextDay
}

const inline = { merge: async (task: MergeTask) => merge(task) }

/** What a node does that looks at a day after its end. */
function mergerOf(
  database: Database,
  day: number,
  more: Partial<ConstructorParameters<typeof Merger>[0]> = {},
): Merger {
  return new Merger({ database, clock: new HandClock(day + 3 * dayMs), packer: inline, ...more })
}

async function linesOf({ database }: TestStore, day: number): Promise<BlockLine[]> {
  return (await storedLines(database.pool)).filter(({ atMs }) => atMs >= day && atMs < day + dayMs)
}

async function blocksOf({ database }: TestStore, day: number) {
  const { rows } = await database.pool.query<{ level: number; run: number; bytes: number }>(
    `SELECT level, run, text_bytes AS bytes FROM message_blocks WHERE from_at >= $1 AND from_at < $2`,
    [new Date(day).toISOString(), new Date(day + dayMs).toISOString()],
  )
  return rows
}

/** All that is listed, oldest first. */
async function listed({ queries }: TestStore, filter: MessageFilter, pageSize = 500): Promise<MessageLogRecord[]> {
  const found: MessageLogRecord[] = []
  for (let page = 1; ; page++) {
    const { items, totalCount } = await queries.messageLog(filter, { page, pageSize })
    found.push(...items)
    if (items.length < pageSize) {
      expect(totalCount).toBe(found.length)
      return found.toReversed()
    }
  }
}

async function exported(
  { database }: TestStore,
  filter: MessageFilter,
  after: Key | null = null,
  rowsMax: number | null = null,
) {
  const found: { record: MessageLogRecord; key: Key }[] = []
  for await (const piece of messageLines(pagedSession(database.restPool), filter, { after, rowsMax }))
    found.push(...piece)
  return found
}

const of = (lines: readonly BlockLine[], chargePointKey: number): BlockLine[] =>
  lines.filter((line) => line.chargePointKey === chargePointKey)

async function storeDay({ database }: TestStore, day: number, blocks: number, lines: number): Promise<void> {
  // Their times overlap, as those of several nodes do.
  for (let block = 0; block < blocks; block++)
    await storeBlock(database.upkeepPool, randomLines(lines, day + 10 + block * (lines >> 1)))
}

describeStore('blocks of the message log', (store, provider) => {
  test('have the same lines after they are merged, in every list and export', async () => {
    const day = newDay()
    await storeDay(store(), day, 10, 400)
    const before = await linesOf(store(), day)
    expect(before).toHaveLength(4_000)
    const period = { fromMs: day, toMs: day + dayMs - 1 }
    for (const isMerged of [false, true]) {
      if (isMerged) await mergerOf(store().database, day).run()
      expect(new Set((await blocksOf(store(), day)).map(({ level }) => level > 0))).toEqual(new Set([isMerged]))
      expect(await linesOf(store(), day)).toEqual(before)
      for (const chargePointKey of [1, 17, 50]) {
        const filter = { chargePointKey, ...period }
        const wanted = of(before, chargePointKey)
        expect(await listed(store(), filter)).toEqual(wanted)
        expect((await exported(store(), filter)).map(({ record }) => record)).toEqual(wanted)
        const inbound = { ...filter, direction: 'fromChargePoint' } as const
        const some = wanted.filter(({ direction }) => direction === 'fromChargePoint')
        expect(await listed(store(), inbound, 50)).toEqual(some)
        expect((await exported(store(), inbound)).map(({ record }) => record)).toEqual(some)
        const middle = { chargePointKey, fromMs: day + 1_000, toMs: day + 2_000 }
        expect(await listed(store(), middle)).toEqual(
          wanted.filter(({ atMs }) => atMs >= middle.fromMs && atMs <= middle.toMs),
        )
      }
    }
  })

  test('are exported from where another export has ended', async () => {
    const day = newDay()
    await storeDay(store(), day, 30, 200)
    const filter = { chargePointKey: 7, fromMs: day, toMs: day + dayMs }
    const whole = await exported(store(), filter)
    const found = await exported(store(), filter, null, 31)
    await mergerOf(store().database, day).run()
    for (let part = found; part.length > 0; found.push(...part))
      part = await exported(store(), filter, found.at(-1)?.key, 31)
    expect(found).toEqual(whole)
  })

  test('are merged in steps, and a node goes on where another one has failed', async () => {
    const day = newDay()
    const { database } = store()
    // Runs that were merged one by one.
    for (let run = 0; run < runsOfEndedDayMax + 4; run++) {
      await storeBlock(database.upkeepPool, randomLines(300, day + run * 200))
      await mergerOf(database, day).run()
    }
    for (let run = 0; run < 3; run++) await storeBlock(database.upkeepPool, randomLines(300, day + run * 300))
    const before = await linesOf(store(), day)
    let steps = 0
    const failing = {
      merge: async (task: MergeTask) => {
        if (++steps === 3) throw new Error('The node is killed.')
        return merge(task)
      },
    }
    await expect(mergerOf(database, day, { packer: failing, stepBytes: 9_000 }).run()).rejects.toThrow('killed')
    expect(await linesOf(store(), day)).toEqual(before)
    await mergerOf(database, day, { stepBytes: 9_000 }).run()
    expect(await linesOf(store(), day)).toEqual(before)
    const blocks = await blocksOf(store(), day)
    expect(blocks.every(({ level }) => level > 0)).toBe(true)
    expect(new Set(blocks.map(({ run }) => run)).size).toBeLessThanOrEqual(runsOfEndedDayMax)
  })

  test('that somebody else changes meanwhile are left as they are', async () => {
    const day = newDay()
    const { database } = store()
    await storeDay(store(), day, 3, 100)
    const before = await linesOf(store(), day)
    const disturbed = {
      merge: async (task: MergeTask) => {
        await mergerOf(database, day).run()
        return merge(task)
      },
    }
    // The other one needs no lock here: it is not refused by this one.
    const withoutLock = { ...database, isSingleConnection: true }
    await new Merger({ database: withoutLock, clock: new HandClock(day + 3 * dayMs), packer: disturbed }).run()
    expect(await linesOf(store(), day)).toEqual(before)
  })

  test('are complete in every list that is read while they are merged', async () => {
    const day = newDay()
    await storeDay(store(), day, 30, 100)
    const wanted = of(await linesOf(store(), day), 9)
    const merging = (async () => {
      for (let turn = 0; turn < 5; turn++) {
        await mergerOf(store().database, day, { stepBytes: 20_000 }).run()
        await storeBlock(
          store().database.upkeepPool,
          randomLines(100, day + dayMs / 2).map((line) => ({ ...line, chargePointKey: 60 })),
        )
      }
    })()
    let isOver = false
    void merging.then(() => (isOver = true))
    do {
      expect(await listed(store(), { chargePointKey: 9, fromMs: day, toMs: day + dayMs - 1 })).toEqual(wanted)
    } while (!isOver)
    await merging
  })

  test.skipIf(provider === 'Embedded')('are merged by one node at a time', async () => {
    const day = newDay()
    await storeDay(store(), day, 10, 100)
    const before = await linesOf(store(), day)
    let [running, most] = [0, 0]
    const counting = {
      merge: async (task: MergeTask) => {
        most = Math.max(most, ++running)
        await store().database.pool.query('SELECT 1')
        running--
        return merge(task)
      },
    }
    const nodes = Array.from({ length: 3 }, () =>
      mergerOf(store().database, day, { packer: counting, stepBytes: 9_000 }),
    )
    await Promise.all(nodes.map((node) => node.run()))
    expect(most).toBe(1)
    expect(await linesOf(store(), day)).toEqual(before)
  })

  test('stand in one list and export with the rows of an earlier version', async () => {
    const day = newDay()
    const { database } = store()
    const key = await store().newChargePoint()
    const line = (n: number): MessageLogLine => ({
      chargePointKey: key,
      atMs: day + n,
      direction: n % 2 === 0 ? 'fromChargePoint' : 'toChargePoint',
      frame: n % 2 === 0 ? `[2,"${n}","Heartbeat",{}]` : `[3,"${n - 1}",{}]`,
    })
    const numbers = Array.from({ length: 900 }, (_, n) => n)
    const isEarlier = (n: number): boolean => n < 300 || n % 3 === 0
    for (const n of numbers.filter(isEarlier)) {
      const { atMs, direction, frame } = line(n)
      await database.upkeepPool.query(
        'INSERT INTO message_log (charge_point_id, at, from_charge_point, frame) VALUES ($1, $2, $3, $4)',
        [key, new Date(atMs).toISOString(), direction === 'fromChargePoint', frame],
      )
    }
    await storeBlock(database.upkeepPool, numbers.filter((n) => !isEarlier(n)).map(line))
    const frames = numbers.map((n) => line(n).frame)
    const filter = { chargePointKey: key, fromMs: day }
    expect((await listed(store(), filter, 70)).map(({ frame }) => frame)).toEqual(frames)
    const whole = await exported(store(), filter)
    expect(whole.map(({ record }) => record.frame)).toEqual(frames)
    expect((await exported(store(), filter, whole[449]?.key, 100)).map(({ record }) => record.frame)).toEqual(
      frames.slice(450, 550),
    )
    expect((await listed(store(), { ...filter, action: 'Heartbeat' }, 70)).map(({ frame }) => frame)).toEqual(
      frames.filter((frame) => frame.includes('Heartbeat')),
    )
    expect((await listed(store(), { ...filter, messageId: '500' })).map(({ frame }) => frame)).toEqual(
      frames.slice(500, 502),
    )
  })
})
