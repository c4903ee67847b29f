// Look-ups that travel together.

import { expect, test } from 'bun:test'
import { lookupKeysBytesMax, lookupKeysMax, lookupWaitingBytesMax, lookupWaitingMax } from '../../../src/base/limits.ts'
import { BatchedLookup } from '../../../src/store/batched-lookup.ts'

interface Trip {
  readonly keys: readonly string[]
  answer(values: Readonly<Record<string, number>>): void
  fail(error: unknown): void
}

function lookupWithTrips(): { readonly lookup: BatchedLookup<string, number>; readonly trips: Trip[] } {
  const trips: Trip[] = []
  const lookup = new BatchedLookup<string, number>(
    (key) => key.toLowerCase(),
    (keys) => {
      const { promise, resolve, reject } = Promise.withResolvers<ReadonlyMap<string, number>>()
      trips.push({ keys, answer: (values) => resolve(new Map(Object.entries(values))), fail: reject })
      return promise
    },
  )
  return { lookup, trips }
}

/** Lets everything that can happen without an answer happen. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('keys that are asked for together go in one round trip, and later ones in the next', async () => {
  const { lookup, trips } = lookupWithTrips()
  const first = [lookup.get('a'), lookup.get('b')]
  await settled()
  const second = [lookup.get('c'), lookup.get('d')]
  await settled()
  expect(trips.map((trip) => trip.keys)).toEqual([['a', 'b']])
  trips[0]?.answer({ a: 1 })
  expect(await Promise.all(first)).toEqual([1, undefined])
  await settled()
  expect(trips.map((trip) => trip.keys)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ])
  trips[1]?.answer({ c: 3, d: 4 })
  expect(await Promise.all(second)).toEqual([3, 4])
})

test('keys of one name are asked for once and share the answer', async () => {
  const { lookup, trips } = lookupWithTrips()
  const answers = Promise.all([lookup.get('Tag'), lookup.get('TAG'), lookup.get('tag')])
  await settled()
  expect(trips.map((trip) => trip.keys)).toEqual([['Tag']])
  trips[0]?.answer({ tag: 7 })
  expect(await answers).toEqual([7, 7, 7])
})

test('a key that is asked for while it is fetched is fetched again: its value may have changed meanwhile', async () => {
  const { lookup, trips } = lookupWithTrips()
  const first = lookup.get('a')
  await settled()
  const second = lookup.get('a')
  trips[0]?.answer({ a: 1 })
  expect(await first).toBe(1)
  await settled()
  trips[1]?.answer({ a: 2 })
  expect(await second).toBe(2)
})

test('one round trip is under way at a time, however many keys wait', async () => {
  const { lookup, trips } = lookupWithTrips()
  const askFor = (from: number, count: number) => Array.from({ length: count }, (_, i) => lookup.get(`k${from + i}`))
  const asked = askFor(0, 2 * lookupKeysMax + 1)
  for (let trip = 0; trip < 4; trip++) {
    await settled()
    expect(trips).toHaveLength(trip + 1)
    // Once two batches have left: the last of those that wait is not forgotten.
    if (trip === 1) asked.push(...askFor(2 * lookupKeysMax + 1, lookupKeysMax))
    trips[trip]?.answer({})
  }
  await Promise.all(asked)
  expect(trips.map(({ keys }) => keys.length)).toEqual([lookupKeysMax, lookupKeysMax, lookupKeysMax, 1])
})

test('a round trip that fails fails only its own keys', async () => {
  const { lookup, trips } = lookupWithTrips()
  const first = lookup.get('a').catch((error: unknown) => error)
  await settled()
  const second = lookup.get('b')
  trips[0]?.fail(new Error('connect ECONNREFUSED'))
  expect(await first).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await settled()
  trips[1]?.answer({ b: 2 })
  expect(await second).toBe(2)
})

test('a round trip has no more keys than allowed', async () => {
  const { lookup, trips } = lookupWithTrips()
  const answers = Array.from({ length: lookupKeysMax + 1 }, (_, i) => lookup.get(`k${i}`))
  await settled()
  trips[0]?.answer({})
  await settled()
  trips[1]?.answer({ [`k${lookupKeysMax}`]: 1 })
  expect((await Promise.all(answers)).at(-1)).toBe(1)
  expect(trips.map((trip) => trip.keys.length)).toEqual([lookupKeysMax, 1])
})

test('above the maximum a look-up is refused at once, and accepted again when there is room', async () => {
  const { lookup, trips } = lookupWithTrips()
  const waiting = Array.from({ length: lookupWaitingMax }, () => lookup.get('same'))
  expect(await lookup.get('other').catch((error: unknown) => error)).toMatchObject({ code: 'LOOKUP_QUEUE_FULL' })
  await settled()
  trips[0]?.answer({ same: 1 })
  await Promise.all(waiting)
  const again = lookup.get('other')
  await settled()
  trips[1]?.answer({ other: 2 })
  expect(await again).toBe(2)
})

test('a round trip has at most so many bytes of keys; a longer key goes alone', async () => {
  const { lookup, trips } = lookupWithTrips()
  const lengths = [0.4, 0.4, 0.4, 2, 0.1, 0.1].map((share) => Math.floor(share * lookupKeysBytesMax))
  const asked = lengths.map((length, n) => lookup.get(String(n).padEnd(length, 'x')))
  for (let trip = 0; trip < 4; trip++) {
    await settled()
    trips[trip]?.answer({})
  }
  await Promise.all(asked)
  expect(trips.map(({ keys }) => keys.map((key) => Number(key[0])))).toEqual([[0, 1], [2], [3], [4, 5]])
})

test('above the limit in bytes a look-up is refused, and accepted again once there is room', async () => {
  const { lookup, trips } = lookupWithTrips()
  const quarter = 'x'.repeat(lookupWaitingBytesMax / 4)
  // The same key four times: it is asked for once, and each that waits holds a text of its own.
  const asked = [quarter, quarter, quarter, quarter].map((key) => lookup.get(key))
  expect(await lookup.get('y').catch((error: unknown) => error)).toMatchObject({ code: 'LOOKUP_QUEUE_FULL' })
  await settled()
  trips[0]?.answer({ [quarter]: 1 })
  expect(await Promise.all(asked)).toEqual([1, 1, 1, 1])
  const again = Promise.all([quarter, quarter, quarter, quarter].map((key) => lookup.get(key)))
  await settled()
  trips[1]?.answer({ [quarter]: 2 })
  expect(await again).toEqual([2, 2, 2, 2])
})
