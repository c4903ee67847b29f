// WebSocket frames by hand: what the generator writes a server understands, and what a server writes is read however TCP cuts it.

import { describe, expect, test } from 'bun:test'
import {
  FrameReader,
  type FrameSink,
  frameCharactersMax,
  headerBytesMax,
  writePongFrame,
  writeTextFrame,
} from '../../../../bench/generator/frames.ts'

class Sink implements FrameSink {
  readonly seen: string[] = []
  text(bytes: Buffer, from: number, to: number): void {
    this.seen.push(`text ${bytes.toString('utf8', from, to)}`)
  }
  ping(payload: string): void {
    this.seen.push(`ping ${payload}`)
  }
  close(code: number): void {
    this.seen.push(`close ${code}`)
  }
}

/** A frame as a server sends it: without a mask. */
function served(opcode: number, payload: Buffer, isLast = true): Buffer {
  const header = [(isLast ? 0x80 : 0) | opcode]
  if (payload.length < 126) header.push(payload.length)
  else if (payload.length <= 0xffff) header.push(126, payload.length >> 8, payload.length & 0xff)
  else header.push(127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (payload.length >> shift) & 0xff))
  return Buffer.concat([Buffer.from(header), payload])
}

const frames = [
  served(1, Buffer.from('{"a":"ä"}')),
  served(9, Buffer.from('beat')),
  served(1, Buffer.from('x'.repeat(300))),
  served(1, Buffer.from('first '), false),
  served(0, Buffer.from('second '), false),
  served(0, Buffer.from('third')),
  served(1, Buffer.from('y'.repeat(70_000))),
  served(8, Buffer.from([0x03, 0xe9, 0x62, 0x79, 0x65])),
]
const expected = [
  'text {"a":"ä"}',
  'ping beat',
  `text ${'x'.repeat(300)}`,
  'text first second third',
  `text ${'y'.repeat(70_000)}`,
  'close 1001',
]

describe('what a server sends', () => {
  test.each([1, 2, 3, 7, 130, 1_000_000])('is read the same in chunks of %p bytes', (size) => {
    const all = Buffer.concat(frames)
    const sink = new Sink()
    const reader = new FrameReader()
    for (let at = 0; at < all.length; at += size) reader.read(all.subarray(at, at + size), sink)
    expect(sink.seen).toEqual(expected)
  })

  test('may close without a code', () => {
    const sink = new Sink()
    new FrameReader().read(served(8, Buffer.alloc(0)), sink)
    expect(sink.seen).toEqual(['close 1005'])
  })
})

describe('what the generator sends', () => {
  test.each([0, 125, 126, 127, 65_535])('is a masked frame of %p characters that a server takes', async (length) => {
    const { promise, resolve } = Promise.withResolvers<string>()
    using server = Bun.serve({
      port: 0,
      fetch: (request, self) => (self.upgrade(request) ? undefined : new Response()),
      websocket: { maxPayloadLength: 100_000, message: (_, message) => resolve(String(message)) },
    })
    const text = 'z'.repeat(length)
    const frame = Buffer.alloc(frameCharactersMax + headerBytesMax)
    const size = writeTextFrame(frame, text)
    const socket = await Bun.connect({ hostname: '127.0.0.1', port: server.port ?? 0, socket: { data() {} } })
    socket.write(
      'GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    )
    for (let at = 0; at < size;) {
      const written = socket.write(frame.subarray(at, size))
      at += Math.max(0, written)
      if (at < size) await Bun.sleep(1)
    }
    expect(await promise).toBe(text)
    socket.terminate()
  })

  test('answers a ping with its payload', () => {
    const frame = Buffer.alloc(64)
    expect(frame.subarray(0, writePongFrame(frame, 'beat')).toString('hex')).toBe('8a840000000062656174')
  })

  test('is never longer than its length field can say', () => {
    expect(() => writeTextFrame(Buffer.alloc(100_000), 'z'.repeat(65_536))).toThrow('longer than 65535')
  })
})
