// One connection on a fake socket: its CALLs are served one at a time and in order, and it never holds more than it may.

import { describe, expect, test } from 'bun:test'
import { Registry } from '../../../actors/registry.ts'
import { Counters } from '../../../src/base/counters.ts'
import { inboxBurstFramesMax, inboxFramesMax, socketBufferBytesMax } from '../../../src/base/limits.ts'
import { Connection, type ReceivedFrame, type Socket } from '../../../src/gateway/connection.ts'
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

function connect(servesAtOnce = false) {
  const socket = new FakeSocket()
  const counters = new Counters()
  const serving: string[] = []
  const logged: string[] = []
  const connection = new Connection(socket, '1.6', {
    counters,
    onFrame: (_connection, direction, text) => logged.push(`${direction} ${text}`),
    serve: (served, frame) => {
      serving.push(frame.text)
      if (servesAtOnce) served.served()
    },
  })
  const begin = (): void => {
    connection.begin(new Registry({ clock: new HandClock() }).connect(hydration(), connection))
  }
  const receive = (...texts: string[]): void => {
    for (const text of texts) connection.receive(frame(text))
  }
  return { socket, counters, serving, logged, connection, begin, receive }
}

function frame(text: string): ReceivedFrame {
  return { text, receivedAtMs: 0 }
}

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
    const { connection, socket, begin, receive } = connect()
    begin()
    // The first is under way, so it does not wait.
    receive(...numbered(inboxFramesMax))
    expect(socket.events).toEqual([])
    receive('one more')
    expect(socket.events).toEqual(['pause'])
    for (let left = inboxFramesMax; left > inboxFramesMax / 2 + 1; left--) connection.served()
    expect(socket.events).toEqual(['pause'])
    connection.served()
    connection.served()
    expect(socket.events).toEqual(['pause', 'resume'])
  })

  test('loses nothing of what still comes after the pause', () => {
    const { connection, socket, serving, begin, receive } = connect()
    begin()
    const frames = numbered(inboxFramesMax * 20)
    receive(...frames)
    expect(socket.events).toEqual(['pause'])
    for (const _ of frames) connection.served()
    expect(serving).toEqual(frames)
    expect(socket.events).toEqual(['pause', 'resume'])
  })

  test('serves thousands that waited, each answered at once, without growing its stack', () => {
    const { connection, serving, begin, receive } = connect(true)
    const frames = numbered(inboxBurstFramesMax)
    receive(...frames)
    begin()
    expect(serving).toEqual(frames)
    expect(connection.isClosed).toBe(false)
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
    connection.closed()
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
