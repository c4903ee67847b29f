// Back pressure of one direction: a slow reader pauses the sender, and what waits is bounded.

import { expect, test } from 'bun:test'
import { relayBytesMax } from '../../../../src/base/limits.ts'
import { Flow } from '../../../../src/gateway/front/flow.ts'

/** A sink that takes as many bytes as it has room for, and a source that knows whether it is read. */
class Pipe {
  readonly taken: number[] = []
  room = 0
  isEnded = false
  isPaused = false

  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
  }
  write(bytes: Uint8Array): number {
    const count = Math.min(this.room, bytes.length)
    this.taken.push(...bytes.subarray(0, count))
    this.room -= count
    return count
  }
  end(): void {
    this.isEnded = true
  }
}

test('bytes arrive whole and in order, whatever the sink takes at once', () => {
  const pipe = new Pipe()
  const flow = new Flow(pipe)
  flow.connect(pipe)
  const sent = Array.from({ length: 200 }, (_, at) => at)
  for (let at = 0; at < sent.length; at += 10) {
    flow.take(Uint8Array.from(sent.slice(at, at + 10)))
    if (at % 30 === 0) {
      pipe.room += 7
      flow.drain()
    }
  }
  expect(pipe.isPaused).toBeTrue()
  flow.finish()
  expect(pipe.isEnded).toBeFalse()
  pipe.room = 1_000
  flow.drain()
  expect(pipe.taken).toEqual(sent)
  expect(pipe.isEnded).toBeTrue()
  expect(flow.waitingBytes).toBe(0)
})

test('the sender is paused while bytes wait, and read again once they are gone', () => {
  const pipe = new Pipe()
  const flow = new Flow(pipe)
  flow.connect(pipe)
  pipe.room = 4
  expect(flow.take(Uint8Array.of(1, 2, 3, 4))).toBeTrue()
  expect(pipe.isPaused).toBeFalse()
  flow.take(Uint8Array.of(5, 6))
  expect(pipe.isPaused).toBeTrue()
  pipe.room = 1
  flow.drain()
  expect(pipe.isPaused).toBeTrue()
  pipe.room = 1
  flow.drain()
  expect(pipe.isPaused).toBeFalse()
  expect(pipe.taken).toEqual([1, 2, 3, 4, 5, 6])
})

test('bytes that come before the sink wait for it', () => {
  const pipe = new Pipe()
  const flow = new Flow(pipe)
  flow.take(Uint8Array.of(1))
  flow.take(Uint8Array.of(2))
  expect(pipe.isPaused).toBeTrue()
  pipe.room = 9
  flow.connect(pipe)
  expect(pipe.taken).toEqual([1, 2])
  expect(pipe.isPaused).toBeFalse()
})

test('more than the maximum closes the connection', () => {
  const flow = new Flow(new Pipe())
  expect(flow.take(new Uint8Array(relayBytesMax))).toBeTrue()
  expect(flow.take(new Uint8Array(1))).toBeFalse()
})

test('a closed sink takes nothing', () => {
  const pipe = new Pipe()
  const flow = new Flow(pipe)
  flow.connect({ write: () => -1, end: () => {} })
  expect(flow.take(Uint8Array.of(1, 2))).toBeTrue()
  expect(flow.waitingBytes).toBe(2)
})

test('an end without bytes ends the sink once', () => {
  let ends = 0
  const flow = new Flow(new Pipe())
  flow.connect({ write: () => 0, end: () => void ends++ })
  flow.finish()
  flow.finish()
  expect(ends).toBe(1)
})
