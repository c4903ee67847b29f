// A queue that keeps the order, and never more than it may.

import { describe, expect, test } from 'bun:test'
import { BoundedQueue } from '../../../src/base/bounded-queue.ts'

describe('a bounded queue', () => {
  test('gives back in the order in which it was given', () => {
    const queue = new BoundedQueue<string>(3)
    for (const item of ['a', 'b', 'c']) queue.push(item)
    expect([queue.shift(), queue.shift(), queue.shift()]).toEqual(['a', 'b', 'c'])
  })

  test('refuses items above its maximum, keeps the rest, and accepts again once there is room', () => {
    const queue = new BoundedQueue<number>(2)
    expect([queue.push(1), queue.push(2), queue.push(3)]).toEqual([true, true, false])
    expect(queue.isFull).toBe(true)
    expect(queue.shift()).toBe(1)
    expect(queue.isFull).toBe(false)
    expect(queue.push(4)).toBe(true)
    expect(queue.drain()).toEqual([2, 4])
  })

  test('has nothing to give when it is empty', () => {
    const queue = new BoundedQueue<number>(1)
    expect(queue.shift()).toBeUndefined()
    expect(queue.take(5)).toEqual([])
    expect(queue.drain()).toEqual([])
    expect(queue.size).toBe(0)
  })

  test('gives several of the oldest at once, or as many as there are', () => {
    const queue = new BoundedQueue<number>(5)
    for (const item of [1, 2, 3, 4, 5]) queue.push(item)
    expect(queue.take(2)).toEqual([1, 2])
    expect(queue.size).toBe(3)
    expect(queue.take(9)).toEqual([3, 4, 5])
    expect(queue.size).toBe(0)
  })

  test('does as a list would, however long it lives', () => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    let state = seed
    const below = (end: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return (state >>> 8) % end
    }
    const itemsMax = 5_000
    const queue = new BoundedQueue<number>(itemsMax)
    const list: number[] = []
    for (let step = 0; step < 20_000; step++) {
      // Mostly growing at first and mostly shrinking later, so that the queue is long, and cut, and empty.
      if (below(20_000) > step * 0.9) {
        const isTaken = list.length < itemsMax
        if (isTaken) list.push(step)
        expect({ seed, step, isTaken: queue.push(step) }).toEqual({ seed, step, isTaken })
      } else {
        const count = below(4)
        expect({ seed, step, taken: queue.take(count) }).toEqual({ seed, step, taken: list.splice(0, count) })
      }
      expect({ seed, step, size: queue.size }).toEqual({ seed, step, size: list.length })
    }
    expect({ seed, rest: queue.drain() }).toEqual({ seed, rest: list })
  })

  describe('with a bound in bytes', () => {
    const texts = (bytesMax: number) => new BoundedQueue<string>(5, { bytesMax, bytesOf: (text) => text.length })

    test('refuses items above the bound, and accepts again once there is room', () => {
      const queue = texts(10)
      expect([queue.push('12345'), queue.push('123456'), queue.push('12345')]).toEqual([true, false, true])
      expect({ bytes: queue.bytes, isFull: queue.isFull }).toEqual({ bytes: 10, isFull: true })
      expect(queue.push('')).toBe(true)
      queue.shift()
      expect({ bytes: queue.bytes, isFull: queue.isFull }).toEqual({ bytes: 5, isFull: false })
      expect(queue.push('1234')).toBe(true)
      expect(queue.drain()).toEqual(['12345', '', '1234'])
      expect(queue.bytes).toBe(0)
    })

    test('keeps its maximum in number as well', () => {
      const queue = texts(100)
      for (const text of ['a', 'b', 'c', 'd', 'e']) queue.push(text)
      expect({ isFull: queue.isFull, isTaken: queue.push('') }).toEqual({ isFull: true, isTaken: false })
    })

    test('refuses an item that is larger than the whole bound, even when it is empty', () => {
      const queue = texts(10)
      expect(queue.push('12345678901')).toBe(false)
      expect(queue.size).toBe(0)
    })

    test('accepts the rest of what it has accepted above every bound, and counts it', () => {
      const queue = texts(10)
      queue.push('1234567890')
      queue.pushAccepted('12345')
      expect({ bytes: queue.bytes, isTaken: queue.push('1') }).toEqual({ bytes: 15, isTaken: false })
      queue.shift()
      expect({ bytes: queue.bytes, isTaken: queue.push('12345') }).toEqual({ bytes: 5, isTaken: true })
    })

    test('gives as many as are asked for in bytes, and one at least', () => {
      const queue = texts(100)
      for (const text of ['12345678', '1', '12', '123', '12']) queue.push(text)
      expect(queue.take(9, 5)).toEqual(['12345678'])
      expect(queue.take(9, 6)).toEqual(['1', '12', '123'])
      expect(queue.bytes).toBe(2)
      expect(queue.peek()).toBe('12')
    })
  })
})
