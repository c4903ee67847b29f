import { describe, expect, test } from 'bun:test'
import { followerBytesMax, followerEntriesMax } from '../../../src/base/limits.ts'
import { commitAndPublish, type Committed, Feed, type Gap, isGap } from '../../../src/feed/feed.ts'
import { silentLogger } from '../../../src/base/log.ts'

const chargePoint = { key: 1, identity: 'CP001' }

function committed(messageId: string, bytes = 0): Committed {
  const set = { chargePointKey: 1, messageId, bytes, epoch: 1, receivedAtMs: 0, answer: {}, changes: [], anomalies: [] }
  return { chargePoint, set: { ...set, meter: null }, isDuplicate: false, action: 'StatusNotification' }
}

function nameOf(entry: Committed | Gap): string {
  return isGap(entry) ? `${entry.missed} missed` : entry.set.messageId
}

describe('a subscriber', () => {
  test('is called at once with each change set, in the order in which they were committed', () => {
    const feed = new Feed(silentLogger)
    const reported: string[] = []
    feed.subscribe('one', (entry) => reported.push(`one ${entry.set.messageId}`))
    feed.subscribe('other', (entry) => reported.push(`other ${entry.set.messageId}`))
    for (const id of ['a', 'b']) {
      feed.publish(committed(id))
      reported.push('published')
    }
    expect(reported).toEqual(['one a', 'other a', 'published', 'one b', 'other b', 'published'])
  })

  test('that fails affects neither the others nor the commit', () => {
    const errors: unknown[] = []
    const feed = new Feed({ ...silentLogger, error: (...line) => void errors.push(line[0]) })
    const reported: string[] = []
    feed.subscribe('broken', () => {
      throw new Error('broken')
    })
    feed.subscribe('whole', (entry) => reported.push(entry.set.messageId))
    feed.publish(committed('a'))
    expect(reported).toEqual(['a'])
    expect(errors).toMatchObject([{ identity: 'CP001', messageId: 'a', reason: 'broken' }])
  })
})

describe('a follower', () => {
  test('reads what was committed since it began, at its own pace, until it is ended', async () => {
    const feed = new Feed(silentLogger)
    feed.publish(committed('before'))
    const follower = feed.follow()
    feed.publish(committed('a'))
    const read: string[] = []
    for await (const entry of follower) {
      read.push(nameOf(entry))
      if (read.length === 1) queueMicrotask(() => feed.publish(committed('b')))
      if (read.length === 2) follower.end()
    }
    feed.publish(committed('after'))
    expect(read).toEqual(['a', 'b'])
  })

  test('reads only the entries that it asked for', async () => {
    const feed = new Feed(silentLogger)
    const follower = feed.follow(({ set }) => set.messageId !== 'b')
    for (const id of ['a', 'b', 'c']) feed.publish(committed(id))
    follower.end()
    expect((await Array.fromAsync(follower)).map(nameOf)).toEqual(['a', 'c'])
  })

  test('that is slow misses entries and gets their number; nothing waits for it', async () => {
    const feed = new Feed(silentLogger)
    const slow = feed.follow()
    for (let id = 0; id <= followerEntriesMax; id++) feed.publish(committed(`m${id}`))
    feed.publish(committed('last'))
    slow.end()
    expect((await Array.fromAsync(slow)).map(nameOf)).toEqual([`${followerEntriesMax + 1} missed`, 'last'])
  })

  test('holds no more bytes than it may', async () => {
    const feed = new Feed(silentLogger)
    const slow = feed.follow()
    for (const id of ['a', 'b', 'c']) feed.publish(committed(id, followerBytesMax / 2))
    slow.end()
    expect((await Array.fromAsync(slow)).map(nameOf)).toEqual(['3 missed'])
  })
})

describe('what is committed by hand', () => {
  const { set } = committed('by hand')
  const about = { chargePoint, action: null }

  async function published(outcome: { duplicate: boolean; isOutdated?: true } | Error): Promise<readonly Committed[]> {
    const feed = new Feed(silentLogger)
    const reported: Committed[] = []
    feed.subscribe('test', (entry) => reported.push(entry))
    const commit = async () => {
      if (outcome instanceof Error) throw outcome
      return { answer: {}, ...outcome }
    }
    await commitAndPublish({ commit }, feed, set, about).catch(() => undefined)
    return reported
  }

  test('is published once it is committed, also if it had been committed before', async () => {
    expect(await published({ duplicate: false })).toEqual([{ ...about, set, isDuplicate: false }])
    expect(await published({ duplicate: true })).toEqual([{ ...about, set, isDuplicate: true }])
  })

  test('is not published if it was not committed', async () => {
    expect(await published(new Error('away'))).toEqual([])
    expect(await published({ duplicate: false, isOutdated: true })).toEqual([])
  })
})
