// One connection on a fake socket: its CALLs are served one at a time and in order, and it never holds more than it may.

import { describe, expect, test } from 'bun:test'
import { Registry } from '../../../actors/registry.ts'
import { Counters } from '../../../src/base/counters.ts'
import {
  allowanceBytesMax,
  allowanceBytesPerSecond,
  floodMsMax,
  frameBytesMin,
  inboxBurstFramesMax,
  inboxBytesMax,
  inboxFramesMax,
  readAheadBytesMax,
  receivedBytesMax,
  socketBufferBytesMax,
  turnBytesMax,
} from '../../../src/base/limits.ts'
import { Allowances, Turns } from '../../../src/gateway/allowance.ts'
import { Connection, type Socket } from '../../../src/gateway/connection.ts'
import { Intake } from '../../../src/gateway/intake.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { hydration } from '../../support/hydration.ts'

/** A socket that notes what is done with it. */
class FakeSocket implements Socket {
  readonly data = {
    identity: 'CP001',
    chargePointKey: 7,
    version: '1.6',
    remoteAddress: '192.0.2.1',
    leave: () => {},
  } as const
  readonly sent: string[] = []
  /** What happened to the socket, in order. */
  readonly events: string[] = []
  /** What the next sends return: bytes written, -1 when they wait in the socket, 0 when they were dropped. */
  sendStatus = 1
  bufferedBytes = 0

  sendText(text: string): number {
    if (this.sendStatus !== 0) this.sent.push(text)
    return this.sendStatus
  }

  getBufferedAmount(): number {
    return this.bufferedBytes
  }

  pause(): void {
    this.events.push('pause')
  }

  resume(): void {
    this.events.push('resume')
  }

  close(code?: number, reason?: string): void {
    this.events.push(`close ${code} ${reason}`)
  }

  terminate(): void {
    this.events.push('terminate')
  }
}

/** Where a frame of `turnBytesMax` characters is the share of a turn, and one of a quarter of it is a small one. */
const smallFrame = turnBytesMax / 4

function connect(servesAtOnce = false) {
  const socket = new FakeSocket()
  const counters = new Counters()
  const clock = new HandClock()
  const intake = new Intake()
  let floods = 0
  let deferred: (() => void)[] = []
  const serving: string[] = []
  const logged: string[] = []
  const turns = new Turns((callback) => deferred.push(callback))
  const allowance = new Allowances(clock).opened(socket.data.identity)
  const connection = new Connection(socket, '1.6', allowance, {
    counters,
    clock,
    turns,
    intake,
    messageBytesMax,
    onFlood: () => floods++,
    onFrame: (_connection, direction, text) => logged.push(`${direction} ${text}`),
    serve: (served, frame) => {
      serving.push(frame.text)
      if (servesAtOnce) served.served()
    },
  })
  const begin = (): void => {
    connection.begin(new Registry({ clock }).connect(hydration(), connection))
  }
  const receive = (...texts: string[]): void => {
    for (const text of texts) connection.receive({ text, receivedAtMs: clock.nowMs() })
  }
  /** Ends the turn of the event loop; answers whether anything was put off to the next. */
  const nextTurn = (): boolean => {
    const due = deferred
    deferred = []
    for (const callback of due) callback()
    return due.length > 0
  }
  /** Takes everything that the charge point may send without waiting. */
  const exhaust = (): void => {
    for (let spent = 0; spent < allowanceBytesMax; spent += turnBytesMax) {
      receive('x'.repeat(turnBytesMax))
      connection.served()
      nextTurn()
    }
    serving.length = 0
    socket.events.length = 0
  }
  return {
    socket,
    counters,
    clock,
    intake,
    serving,
    logged,
    connection,
    begin,
    receive,
    nextTurn,
    exhaust,
    floods: () => floods,
  }
}

const messageBytesMax = 1_048_576

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `frame ${index}`)
}

describe('the inbox', () => {
  test('serves one CALL at a time, in the order in which they came', () => {
    const { connection, serving, begin, receive } = connect()
    begin()
    receive('a', 'b', 'c')
    expect(serving).toEqual(['a'])
    connection.served()
    expect(serving).toEqual(['a', 'b'])
    connection.served()
    connection.served()
    expect(serving).toEqual(['a', 'b', 'c'])
    receive('d')
    expect(serving).toEqual(['a', 'b', 'c', 'd'])
  })

  test('keeps what comes before the charge point has been read from the database', () => {
    const { serving, begin, receive } = connect()
    receive('a', 'b')
    expect(serving).toEqual([])
    begin()
    expect(serving).toEqual(['a'])
  })

  test('pauses the socket once when it is full, and resumes it once when half of it is served', () => {
    const { connection, socket, begin, receive, nextTurn } = connect()
    begin()
    // The first is under way, so it does not wait.
    receive(...numbered(inboxFramesMax))
    expect(socket.events).toEqual([])
    receive('one more')
    expect(socket.events).toEqual(['pause'])
    for (let left = inboxFramesMax; left > inboxFramesMax / 2 + 1; left--) {
      connection.served()
      nextTurn()
    }
    expect(socket.events).toEqual(['pause'])
    connection.served()
    nextTurn()
    expect(socket.events).toEqual(['pause', 'resume'])
  })

  test('loses nothing of what still comes after the pause', () => {
    const { connection, socket, serving, begin, receive, nextTurn } = connect()
    begin()
    const frames = numbered(inboxFramesMax * 20)
    receive(...frames)
    expect(socket.events).toEqual(['pause'])
    for (const _ of frames) {
      connection.served()
      nextTurn()
    }
    expect(serving).toEqual(frames)
    expect(socket.events).toEqual(['pause', 'resume'])
  })

  test('serves thousands that waited, each answered at once, without growing its stack', () => {
    const { connection, clock, serving, begin, receive, nextTurn } = connect(true)
    const frames = numbered(inboxBurstFramesMax)
    receive(...frames)
    begin()
    while (serving.length < frames.length) if (!nextTurn()) clock.pass(100)
    expect(serving).toEqual(frames)
    expect(connection.isClosed).toBe(false)
  })

  test('pauses the socket when it holds too many bytes, be it few frames', () => {
    const { connection, socket, serving, begin, receive, nextTurn } = connect()
    begin()
    receive('a', 'x'.repeat(inboxBytesMax - 1))
    expect(socket.events).toEqual([])
    receive('b')
    expect(socket.events).toEqual(['pause'])
    connection.served()
    nextTurn()
    expect(serving).toHaveLength(2)
    expect(socket.events).toEqual(['pause', 'resume'])
  })

  test('closes the connection when it would hold more bytes than the socket can have read ahead', () => {
    const { connection, socket, begin, receive } = connect()
    begin()
    const large = 'x'.repeat(messageBytesMax)
    receive('a', large, large, 'x'.repeat(readAheadBytesMax + inboxBytesMax))
    expect(connection.isClosed).toBe(false)
    receive('b')
    expect(socket.events.at(-1)).toStartWith('close 1008')
  })

  test('closes the connection rather than drop a frame that it cannot hold', () => {
    const { connection, socket, serving, begin, receive } = connect()
    begin()
    receive(...numbered(inboxBurstFramesMax + 1))
    expect(connection.isClosed).toBe(false)
    receive('one too many')
    expect(connection.isClosed).toBe(true)
    expect(socket.events).toEqual(['pause', 'close 1008 Too many messages at once: wait for the answers.'])
    connection.served()
    expect(serving).toEqual(['frame 0'])
  })
})

describe('a charge point that sends much', () => {
  test('lets the others have their turn after a few frames', () => {
    const { serving, begin, receive, nextTurn } = connect(true)
    begin()
    receive(...Array.from({ length: 10 }, (_, index) => String(index).repeat(smallFrame)))
    expect(serving).toHaveLength(4)
    nextTurn()
    expect(serving).toHaveLength(8)
    nextTurn()
    expect(serving.map((text) => text[0])).toEqual([...'0123456789'])
  })

  test('is served at the rate of its allowance once that is used up', () => {
    const { clock, serving, begin, receive, exhaust, nextTurn } = connect(true)
    begin()
    exhaust()
    receive(...numbered(inboxFramesMax))
    expect(serving).toEqual([])
    const seconds = 0.05
    for (let ms = 0; ms < seconds * 1_000; ms++) {
      clock.pass(1)
      nextTurn()
    }
    const rate = (serving.length * frameBytesMin) / seconds
    expect(rate).toBeGreaterThan(0)
    expect(rate).toBeLessThan(1.2 * allowanceBytesPerSecond)
  })

  test('and waits for its answers is slowed, and never closed', () => {
    const { connection, clock, serving, begin, receive, exhaust, nextTurn } = connect(true)
    begin()
    exhaust()
    const endMs = clock.nowMs() + 2 * floodMsMax
    while (clock.nowMs() < endMs) {
      const before = serving.length
      receive('x'.repeat(turnBytesMax))
      while (serving.length === before) if (!nextTurn()) clock.pass(1)
    }
    expect(connection.isClosed).toBe(false)
    expect(serving.length * turnBytesMax).toBeLessThan((1.1 * 2 * floodMsMax * allowanceBytesPerSecond) / 1_000)
  })

  test('without waiting is closed when it has had no allowance for too long', () => {
    const { connection, socket, clock, begin, receive, exhaust, nextTurn, floods } = connect(true)
    begin()
    exhaust()
    const sendMore = (ms: number): void => {
      for (const endMs = clock.nowMs() + ms; clock.nowMs() < endMs && !connection.isClosed; clock.pass(10)) {
        if (socket.events.at(-1) !== 'pause') receive(...numbered(2 * inboxFramesMax))
        nextTurn()
      }
    }
    sendMore(floodMsMax - 100)
    expect(connection.isClosed).toBe(false)
    sendMore(1_000)
    expect(socket.events.at(-1)).toBe('close 1008 Too many messages for too long: send no more than needed.')
    expect(floods()).toBe(1)
  })

  test('now and then, with a rest between, is never closed', () => {
    const { connection, clock, serving, begin, receive, exhaust, nextTurn } = connect(true)
    begin()
    for (let bursts = 0; bursts < 5; bursts++) {
      exhaust()
      receive(...numbered(2 * inboxFramesMax))
      while (serving.length < 2 * inboxFramesMax) if (!nextTurn()) clock.pass(1)
      clock.pass(floodMsMax)
    }
    expect(connection.isClosed).toBe(false)
  })

  test('of answers is slowed and closed like one of CALLs', () => {
    const { connection, socket, clock, begin } = connect()
    begin()
    connection.receivedAnswer(2 * allowanceBytesMax, clock.nowMs())
    expect(socket.events).toEqual(['pause'])
    clock.pass((1_000 * allowanceBytesMax) / allowanceBytesPerSecond)
    expect(socket.events).toEqual(['pause'])
    clock.pass(1_000)
    expect(socket.events).toEqual(['pause', 'resume'])
    for (let ms = 0; ms < floodMsMax + 1_000 && !connection.isClosed; ms += 100) {
      connection.receivedAnswer(allowanceBytesMax, clock.nowMs())
      clock.pass(100)
    }
    expect(socket.events.at(-1)).toStartWith('close 1008')
  })

  test('when all connections together hold too much, is not read until they hold less', () => {
    const { connection, socket, intake, begin, receive } = connect()
    begin()
    intake.add(receivedBytesMax)
    receive('a', 'b')
    expect(socket.events).toEqual(['pause'])
    connection.served()
    connection.served()
    expect(socket.events).toEqual(['pause'])
    intake.remove(receivedBytesMax)
    expect(socket.events).toEqual(['pause', 'resume'])
    expect(intake.bytes).toBe(0)
  })
})

describe('what is sent', () => {
  test('goes to the socket and to the message log, and is counted', () => {
    const { connection, socket, counters, logged } = connect()
    connection.send('[3,"1",{}]')
    expect(socket.sent).toEqual(['[3,"1",{}]'])
    expect(logged).toEqual(['toChargePoint [3,"1",{}]'])
    expect(counters.framesSent).toBe(1)
  })

  test('may wait in the socket for a while', () => {
    const { connection, socket, counters } = connect()
    socket.sendStatus = -1
    socket.bufferedBytes = socketBufferBytesMax
    connection.send('[3,"1",{}]')
    expect(connection.bufferedBytes).toBe(socketBufferBytesMax)
    expect(connection.isClosed).toBe(false)
    expect(counters.framesSent).toBe(1)
  })

  test.each([
    ['whose socket drops a frame', 0, 0],
    ['that leaves too much unread', -1, socketBufferBytesMax + 1],
  ])('to a reader %s ends the connection, and is not counted as sent', (_how, sendStatus, bufferedBytes) => {
    const { connection, socket, counters, serving, logged, begin, receive } = connect()
    begin()
    receive('a', 'b')
    Object.assign(socket, { sendStatus, bufferedBytes })
    connection.send('[3,"1",{}]')
    expect(connection.isClosed).toBe(true)
    expect(socket.events).toEqual(['terminate'])
    expect(counters).toMatchObject({ slowReadersClosed: 1, framesSent: 0 })
    expect(logged).toEqual([])
    connection.send('[3,"2",{}]')
    connection.served()
    expect(serving).toEqual(['a'])
    expect(counters.slowReadersClosed).toBe(1)
  })
})

describe('the end of a connection', () => {
  test('begins nothing new, and sends the answer to what is under way nowhere', () => {
    const { connection, socket, serving, begin, receive } = connect()
    begin()
    receive('a', 'b')
    connection.close(1001, 'Stopping.')
    connection.close(1000, 'Again.')
    receive('c')
    connection.send('[3,"1",{}]')
    connection.served()
    expect(serving).toEqual(['a'])
    expect(socket.sent).toEqual([])
    expect(socket.events).toEqual(['close 1001 Stopping.'])
  })

  test('does not touch a paused socket that is gone', () => {
    const { connection, socket, begin, receive } = connect()
    begin()
    receive(...numbered(inboxFramesMax + 1))
    connection.closed('lost', 1006, '')
    connection.served()
    expect(socket.events).toEqual(['pause'])
  })

  test('after a drain, comes when the CALL under way has been answered', async () => {
    const { connection, socket, serving, begin, receive } = connect()
    begin()
    receive('a', 'b')
    connection.drain()
    receive('c')
    let isIdle = false
    const idle = connection.idle().then(() => {
      isIdle = true
    })
    await Promise.resolve()
    expect(isIdle).toBe(false)
    connection.send('[3,"a",{}]')
    connection.served()
    await idle
    expect(socket.sent).toEqual(['[3,"a",{}]'])
    expect(serving).toEqual(['a'])
  })

  test('need not be waited for when nothing is under way', async () => {
    const { connection, begin } = connect()
    begin()
    await connection.idle()
    connection.drain()
    await connection.idle()
  })
})

describe('the order of frames', () => {
  const meterValues = (count: number): string => `[2,"a","MeterValues",${'{"timestamp":1},'.repeat(count)}]`

  test('frames of one millisecond count as received one after another, with room for the meter values of each', () => {
    const { connection } = connect()
    const frames = [1, 1_500, 1].map((count) => ({ text: meterValues(count), receivedAtMs: 5_000 }))
    const [first = 0, second = 0, third = 0] = frames.map((frame) => connection.inOrder(frame))
    expect(first).toBe(5_000)
    expect(second - first).toBeWithin(0.001, 0.01)
    expect(third - second).toBeWithin(1.5, 2)
  })

  test('a frame of another millisecond counts as received when it was', () => {
    const { connection } = connect()
    const frame = { text: meterValues(1), receivedAtMs: 5_000 }
    connection.inOrder(frame)
    expect(connection.inOrder({ ...frame, receivedAtMs: 5_001 })).toBe(5_001)
    expect(connection.inOrder({ ...frame, receivedAtMs: 5_000 })).toBeGreaterThan(5_001)
  })

  test('a clock that is set back does not keep frames in what was the future', () => {
    const { connection } = connect()
    const frame = { text: meterValues(1), receivedAtMs: 5_000_000 }
    connection.inOrder(frame)
    expect(connection.inOrder({ ...frame, receivedAtMs: 5_000 })).toBe(5_000)
    expect(connection.inOrder({ ...frame, receivedAtMs: 5_000 })).toBeGreaterThan(5_000)
  })
})
