// One station on a fake socket: its CALLs are served one at a time and in order, and it never holds more than it may.

import { describe, expect, test } from 'bun:test'
import { Counters } from '../../../src/base/counters.ts'
import {
  allowanceBytesMax,
  allowanceBytesPerSecond,
  floodMsMax,
  framesPerSecondDefault,
  inboxBurstFramesMax,
  inboxBytesMax,
  inboxFramesMax,
  readAheadBytesMax,
  receivedBytesMax,
  socketBufferBytesMax,
  turnBytesMax,
} from '../../../src/base/limits.ts'
import type { FrameTask } from '../../../src/ocpp/verdict.ts'
import { Turns } from '../../../src/station/allowance.ts'
import { Dispatcher, type ExaminedPart, type FrameExaminer } from '../../../src/station/dispatcher.ts'
import { Intake } from '../../../src/station/intake.ts'
import { Registry } from '../../../src/station/registry.ts'
import { FakeSocket } from '../../support/fake-socket.ts'
import { idleStore, inlineExaminer, openStation, stationDeps } from '../../support/fake-station.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { hydration } from '../../support/hydration.ts'

/** Where a frame of `turnBytesMax` characters is the share of a turn, and one of a quarter of it is a small one. */
const smallFrame = turnBytesMax / 4

const dropped = { kind: 'dropped', reason: 'A test wants it so.' } as const

/** A station whose frames are served at once, or when the test says so (`served`). */
function connect(servesAtOnce = false, clock = new HandClock()) {
  const socket = new FakeSocket()
  const counters = new Counters()
  const intake = new Intake()
  let deferred: (() => void)[] = []
  const serving: string[] = []
  /** When frames count as received. */
  const receivedAtMs: number[] = []
  const logged: string[] = []
  let end = (): void => {}
  const later = (task: FrameTask): Promise<ExaminedPart> =>
    new Promise((resolve) => {
      end = () => resolve({ tasks: [task], verdicts: [dropped], meter: null })
    })
  const examiner: FrameExaminer = {
    ...inlineExaminer,
    batchesMax: Number.POSITIVE_INFINITY,
    examineAtOnce: (task) => {
      serving.push(task.text)
      receivedAtMs.push(task.receivedAtMs)
      return servesAtOnce ? { verdict: dropped, meter: null } : null
    },
    examine: (tasks) => Promise.all(tasks.map(later)),
    examineLong: later,
  }
  const registry = new Registry({ clock })
  const deps = stationDeps(clock, registry, {
    counters,
    intake,
    turns: new Turns((callback) => deferred.push(callback)),
    messageBytesMax,
    messageLog: true,
    store: {
      ...idleStore,
      appendMessageLog: ({ direction, frame }) => direction === 'toChargePoint' && logged.push(`${direction} ${frame}`),
    },
    examiner,
    dispatcher: new Dispatcher(examiner, (callback) => callback()),
  })
  const station = openStation(socket, deps)
  const begin = (): void => {
    registry.connect(hydration(), station)
    station.begin()
  }
  const receive = (...texts: string[]): void => {
    for (const text of texts) station.receive(text)
  }
  /** The CALL under way has been served. */
  const served = async (): Promise<void> => {
    end()
    await new Promise((resolve) => setImmediate(resolve))
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
    receivedAtMs,
    logged,
    station,
    begin,
    receive,
    served,
    nextTurn,
    exhaust,
  }
}

const messageBytesMax = 1_048_576

/** An answer to nobody, of so many characters. */
function answerOf(characters: number): string {
  return '[3,"who?",'.padEnd(characters)
}

function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `frame ${index}`)
}

describe('the inbox', () => {
  test('serves one CALL at a time, in the order in which they came', async () => {
    const { serving, begin, receive, served } = connect()
    begin()
    receive('a', 'b', 'c')
    expect(serving).toEqual(['a'])
    await served()
    expect(serving).toEqual(['a', 'b'])
    await served()
    await served()
    expect(serving).toEqual(['a', 'b', 'c'])
    receive('d')
    expect(serving).toEqual(['a', 'b', 'c', 'd'])
  })

  test('keeps frames that arrive before the charge point has been read from the database', () => {
    const { serving, begin, receive } = connect()
    receive('a', 'b')
    expect(serving).toEqual([])
    begin()
    expect(serving).toEqual(['a'])
  })

  test('pauses the socket once when it is full, and resumes it once when half of it is served', async () => {
    const { socket, begin, receive, nextTurn, served } = connect()
    begin()
    // The first is under way, so it does not wait.
    receive(...numbered(inboxFramesMax))
    expect(socket.events).toEqual([])
    receive('one more')
    expect(socket.events).toEqual(['pause'])
    for (let left = inboxFramesMax; left > inboxFramesMax / 2 + 1; left--) {
      await served()
      nextTurn()
    }
    expect(socket.events).toEqual(['pause'])
    await served()
    nextTurn()
    expect(socket.events).toEqual(['pause', 'resume'])
  })

  test('loses no frame that still arrives after the pause', async () => {
    const { socket, serving, begin, receive, nextTurn, served } = connect()
    begin()
    const frames = numbered(inboxFramesMax * 20)
    receive(...frames)
    expect(socket.events).toEqual(['pause'])
    for (const _ of frames) {
      await served()
      nextTurn()
    }
    expect(serving).toEqual(frames)
    expect(socket.events).toEqual(['pause', 'resume'])
  })

  test('serves thousands that waited, each answered at once, without growing its stack', () => {
    const { station, clock, serving, begin, receive, nextTurn } = connect(true)
    const frames = numbered(inboxBurstFramesMax)
    receive(...frames)
    begin()
    while (serving.length < frames.length) if (!nextTurn()) clock.pass(100)
    expect(serving).toEqual(frames)
    expect(station.isClosed).toBe(false)
  })

  test('pauses the socket when it holds too many bytes in few frames', async () => {
    const { socket, serving, begin, receive, nextTurn, served } = connect()
    begin()
    receive('a', 'x'.repeat(inboxBytesMax - 1))
    expect(socket.events).toEqual([])
    receive('b')
    expect(socket.events).toEqual(['pause'])
    await served()
    nextTurn()
    expect(serving).toHaveLength(2)
    expect(socket.events).toEqual(['pause', 'resume'])
  })

  test('closes the connection when it would hold more bytes than the socket can have read ahead', () => {
    const { station, socket, begin, receive } = connect()
    begin()
    const large = 'x'.repeat(messageBytesMax)
    receive('a', large, large, 'x'.repeat(readAheadBytesMax + inboxBytesMax))
    expect(station.isClosed).toBe(false)
    receive('b')
    expect(socket.events.at(-1)).toStartWith('close 1008')
  })

  test('closes the connection rather than drop a frame that it cannot hold', async () => {
    const { station, socket, serving, begin, receive, served } = connect()
    begin()
    receive(...numbered(inboxBurstFramesMax + 1))
    expect(station.isClosed).toBe(false)
    receive('one too many')
    expect(station.isClosed).toBe(true)
    expect(socket.events).toEqual(['pause', 'close 1008 Too many messages at once: wait for the answers.'])
    await served()
    expect(serving).toEqual(['frame 0'])
  })
})

describe('a charge point that sends too much', () => {
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
    const rate = (serving.length * (allowanceBytesPerSecond / framesPerSecondDefault)) / seconds
    expect(rate).toBeGreaterThan(0)
    expect(rate).toBeLessThan(1.2 * allowanceBytesPerSecond)
  })

  test('is read again once it has allowance, also when the last waiting frame used it up', () => {
    const { socket, clock, serving, begin, receive, exhaust, nextTurn } = connect(true)
    begin()
    exhaust()
    receive('x'.repeat(inboxBytesMax - 1), 'y'.repeat(inboxBytesMax - 1))
    expect(socket.events).toEqual(['pause'])
    while (clock.alarms > 0 || nextTurn()) clock.pass(1)
    expect(serving).toHaveLength(2)
    expect(socket.events).toEqual(['pause', 'resume'])
  })

  test('and waits for its answers is throttled, and never closed', () => {
    const { station, clock, serving, begin, receive, exhaust, nextTurn } = connect(true)
    begin()
    exhaust()
    const endMs = clock.nowMs() + 2 * floodMsMax
    while (clock.nowMs() < endMs) {
      const before = serving.length
      receive('x'.repeat(turnBytesMax))
      while (serving.length === before) if (!nextTurn()) clock.pass(1)
    }
    expect(station.isClosed).toBe(false)
    expect(serving.length * turnBytesMax).toBeLessThan((1.1 * 2 * floodMsMax * allowanceBytesPerSecond) / 1_000)
  })

  test('without waiting is closed when it has had no allowance for too long', () => {
    const { station, socket, clock, begin, receive, exhaust, nextTurn, counters } = connect(true)
    begin()
    exhaust()
    const sendMore = (ms: number): void => {
      for (const endMs = clock.nowMs() + ms; clock.nowMs() < endMs && !station.isClosed; clock.pass(10)) {
        if (socket.events.at(-1) !== 'pause') receive(...numbered(2 * inboxFramesMax))
        nextTurn()
      }
    }
    sendMore(floodMsMax - 100)
    expect(station.isClosed).toBe(false)
    sendMore(1_000)
    expect(socket.events.at(-1)).toBe('close 1008 Too many messages for too long: send no more than needed.')
    expect(counters.floodsClosed).toBe(1)
  })

  test('now and then, with a rest between, is never closed', () => {
    const { station, clock, serving, begin, receive, exhaust, nextTurn } = connect(true)
    begin()
    for (let bursts = 0; bursts < 5; bursts++) {
      exhaust()
      receive(...numbered(2 * inboxFramesMax))
      while (serving.length < 2 * inboxFramesMax) if (!nextTurn()) clock.pass(1)
      clock.pass(floodMsMax)
    }
    expect(station.isClosed).toBe(false)
  })

  test('of answers is throttled and closed like one of CALLs', () => {
    const { station, socket, clock, begin, receive } = connect()
    begin()
    receive(answerOf(2 * allowanceBytesMax))
    expect(socket.events).toEqual(['pause'])
    clock.pass((1_000 * allowanceBytesMax) / allowanceBytesPerSecond)
    expect(socket.events).toEqual(['pause'])
    clock.pass(1_000)
    expect(socket.events).toEqual(['pause', 'resume'])
    for (let ms = 0; ms < floodMsMax + 1_000 && !station.isClosed; ms += 100) {
      receive(answerOf(allowanceBytesMax))
      clock.pass(100)
    }
    expect(socket.events.at(-1)).toStartWith('close 1008')
  })

  test('when all connections together hold too much, is not read until they hold less', async () => {
    const { socket, intake, begin, receive, served } = connect()
    begin()
    intake.add(receivedBytesMax)
    receive('a', 'b')
    expect(socket.events).toEqual(['pause'])
    await served()
    await served()
    expect(socket.events).toEqual(['pause'])
    intake.remove(receivedBytesMax)
    expect(socket.events).toEqual(['pause', 'resume'])
    expect(intake.bytes).toBe(0)
  })
})

describe('what is sent', () => {
  test('goes to the socket and to the message log, and is counted', () => {
    const { station, socket, counters, logged } = connect()
    station.send('[3,"1",{}]')
    expect(socket.sent).toEqual(['[3,"1",{}]'])
    expect(logged).toEqual(['toChargePoint [3,"1",{}]'])
    expect(counters.framesSent).toBe(1)
  })

  test('may wait in the socket for a while', () => {
    const { station, socket, counters } = connect()
    socket.sendStatus = -1
    socket.bufferedBytes = socketBufferBytesMax
    station.send('[3,"1",{}]')
    expect(station.bufferedBytes).toBe(socketBufferBytesMax)
    expect(station.isClosed).toBe(false)
    expect(counters.framesSent).toBe(1)
  })

  test.each([
    ['whose socket drops a frame', 0, 0],
    ['that leaves too much unread', -1, socketBufferBytesMax + 1],
  ])('to a reader %s ends the connection, and is not counted as sent', async (_how, sendStatus, bufferedBytes) => {
    const { station, socket, counters, serving, logged, begin, receive, served } = connect()
    begin()
    receive('a', 'b')
    Object.assign(socket, { sendStatus, bufferedBytes })
    station.send('[3,"1",{}]')
    expect(station.isClosed).toBe(true)
    expect(socket.events).toEqual(['terminate'])
    expect(counters).toMatchObject({ slowReadersClosed: 1, framesSent: 0 })
    expect(logged).toEqual([])
    station.send('[3,"2",{}]')
    await served()
    expect(serving).toEqual(['a'])
    expect(counters.slowReadersClosed).toBe(1)
  })
})

describe('the end of a connection', async () => {
  test('begins nothing new, and does not send the answer to the CALL under way', async () => {
    const { station, socket, serving, begin, receive, served } = connect()
    begin()
    receive('a', 'b')
    station.close(1001, 'Stopping.')
    station.close(1000, 'Again.')
    receive('c')
    station.send('[3,"1",{}]')
    await served()
    expect(serving).toEqual(['a'])
    expect(socket.sent).toEqual([])
    expect(socket.events).toEqual(['close 1001 Stopping.'])
  })

  test('does not resume a paused socket that is closed', async () => {
    const { station, socket, begin, receive, served } = connect()
    begin()
    receive(...numbered(inboxFramesMax + 1))
    station.ended('lost', 1006, '')
    await served()
    expect(socket.events).toEqual(['pause'])
  })

  test('after a drain, comes when the CALL under way has been answered', async () => {
    const { station, socket, serving, begin, receive, served } = connect()
    begin()
    receive('a', 'b')
    station.drain()
    receive('c')
    let isIdle = false
    const idle = station.idle().then(() => {
      isIdle = true
    })
    await Promise.resolve()
    expect(isIdle).toBe(false)
    station.send('[3,"a",{}]')
    await served()
    await idle
    expect(socket.sent).toEqual(['[3,"a",{}]'])
    expect(serving).toEqual(['a'])
  })

  test('need not be waited for when nothing is under way', async () => {
    const { station, begin } = connect()
    begin()
    await station.idle()
    station.drain()
    await station.idle()
  })
})

describe('the order of frames', () => {
  const meterValues = (count: number): string => `[2,"a","MeterValues",${'{"timestamp":1},'.repeat(count)}]`

  /** When frames of `counts` meter values, which come at `atMs`, count as received. */
  const received = (atMs: readonly number[], counts = atMs.map(() => 1)): readonly number[] => {
    const clock = new HandClock(atMs[0])
    const { receive, receivedAtMs, begin, nextTurn } = connect(true, clock)
    begin()
    for (const [i, ms] of atMs.entries()) {
      // A clock may be set back.
      clock.pass(ms - clock.nowMs())
      receive(meterValues(counts[i] ?? 1))
      nextTurn()
    }
    return receivedAtMs
  }

  test('frames of one millisecond count as received one after another, with room for the meter values of each', () => {
    const [first = 0, second = 0, third = 0] = received([5_000, 5_000, 5_000], [1, 1_500, 1])
    expect(first).toBe(5_000)
    expect(second - first).toBeWithin(0.001, 0.01)
    expect(third - second).toBeWithin(1.5, 2)
  })

  test('a frame of another millisecond counts as received when it was', () => {
    const [, second, third] = received([5_000, 5_001, 5_000])
    expect(second).toBe(5_001)
    expect(third).toBeGreaterThan(5_001)
  })

  test('a clock that is set back does not keep frames in what was the future', () => {
    const [, second, third] = received([5_000_000, 5_000, 5_000])
    expect(second).toBe(5_000)
    expect(third).toBeGreaterThan(5_000)
  })
})
