// The load generator against small servers, some of which misbehave on purpose: through the engine and through Bun's
// sockets it does the same.

import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { sentMessages } from '../../../bench/audit/sent-messages.ts'
import { type BenchVersion, Fleet, type FleetOptions } from '../../../bench/generator/fleet.ts'
import { type SocketKind, socketKinds } from '../../../bench/generator/sockets.ts'
import { targetOf } from '../../../bench/generator/wire.ts'
import { measure } from '../../../bench/measure.ts'
import { until, within } from '../../support/until.ts'

const unknownPids = { serverPid: null, databasePid: null }
const versions: readonly BenchVersion[] = ['1.6', '2.0.1']
/** Messages of a transaction of one sample, and of one of seventy. */
const transactionsOf70 = 3 + 72

/** A server of the test's own making: `answer` gets every frame, and a way to answer or to hang up. */
function misbehaving(
  sockets: SocketKind,
  answer: (frame: [number, string, string, unknown], reply: (frame: unknown[]) => void, hangUp: () => void) => void,
  options: Partial<FleetOptions> = {},
) {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request, self) => {
      const headers = { 'Sec-WebSocket-Protocol': request.headers.get('sec-websocket-protocol') ?? '' }
      return self.upgrade(request, { headers }) ? undefined : new Response()
    },
    websocket: {
      message: (socket, message) =>
        answer(
          JSON.parse(String(message)),
          (frame) => void socket.send(JSON.stringify(frame)),
          () => socket.terminate(),
        ),
    },
  })
  const fleet = new Fleet({
    target: { ...targetOf(`ws://127.0.0.1:${server.port}/ocpp`), sockets },
    version: '1.6',
    stations: 1,
    identityPrefix: 'CP',
    password: null,
    boots: false,
    answerMsMax: 1_000,
    ...options,
  })
  return { fleet, stop: () => (fleet.close(), server.stop(true)) }
}

test.skipIf(Bun.which('cc') === null)('where there is a C compiler stations speak through the engine', () => {
  expect(targetOf('ws://127.0.0.1:1/ocpp').sockets).toBe('engine')
  expect(targetOf('wss://127.0.0.1:1/ocpp').sockets).toBe('bun')
  expect(targetOf('ws://csms.example/ocpp').sockets).toBe('bun')
})

test.skipIf(Bun.which('cc') === null)('an engine that a process loads again is the same one, begun anew', async () => {
  const module = join(import.meta.dir, '../../../bench/generator/engine.ts')
  const script = `
    const closed = []
    const server = Bun.listen({ hostname: '127.0.0.1', port: 0, socket: { data() {}, close() { closed.push(1) } } })
    const load = async (query) => (await import(${JSON.stringify(module)} + query)).engine()
    const first = await load('?first')
    await new Promise((socketOpened) =>
      first.dial('127.0.0.1', server.port, null, { socketOpened, socketData() {}, socketGone() {}, runEnded() {} }),
    )
    await load('?second')
    while (closed.length < 1) await new Promise((resolve) => setImmediate(resolve))
    console.log('closed:', closed.length)
    process.exit()`
  const child = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', stderr: 'inherit' })
  expect(await new Response(child.stdout).text()).toBe('closed: 1\n')
})

test('without a C compiler stations speak through Bun', async () => {
  const module = join(import.meta.dir, '../../../bench/generator/sockets.ts')
  const local = "{ host: '127.0.0.1', isTls: false }"
  const script = `console.log((await import(${JSON.stringify(module)})).socketKindFor(${local}))`
  const child = Bun.spawn([process.execPath, '-e', script], { env: { PATH: import.meta.dir }, stdout: 'pipe' })
  expect((await child.stdout.text()).trim()).toBe('bun')
})

describe.each(versions)('in OCPP %s', (version) => {
  test.each(socketKinds)('stations send through %p exactly what their ledger contains', async (sockets) => {
    const heard: string[] = []
    const { promise: stopped, resolve: whenStopped } = Promise.withResolvers<void>()
    const answer = { transactionId: 7, idTagInfo: { status: 'Accepted' } }
    const { fleet, stop } = misbehaving(
      sockets,
      ([, id, action, payload], reply) => {
        heard.push(`${action} ${JSON.stringify(payload)}`)
        reply([3, id, answer])
        if (heard.length === transactionsOf70) whenStopped()
      },
      { version },
    )
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('meter', 70)
    fleet.begin({ kind: 'closed' })
    await within('two transactions', stopped)
    await fleet.settle(5_000)
    const sent = fleet.ledgers.flatMap((ledger) => sentMessages(ledger, fleet.dialect))
    const counted = fleet.recorder.takeSlice()
    await stop()
    const acknowledged = sent.filter(({ isAcknowledged }) => isAcknowledged)
    expect(acknowledged.map(({ message }) => `${message.action} ${message.payload}`)).toEqual(heard)
    expect(counted.messages).toBe(heard.length)
  })
})

describe.each(socketKinds)('through %p a server that misbehaves', (sockets) => {
  test('cannot hide a stall: the open loop counts from when each message was due', async () => {
    const held: (() => void)[] = []
    let isStalled = true
    const { fleet, stop } = misbehaving(sockets, ([, id], reply) => {
      const answer = (): void => reply([3, id, { currentTime: '2026-01-01T00:00:00Z' }])
      if (isStalled) held.push(answer)
      else answer()
    })
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('heartbeat', 1)
    setTimeout(() => {
      isStalled = false
      for (const answer of held) answer()
    }, 400)
    const { messages, latencyMs } = await measure(fleet, {
      ...unknownPids,
      loop: { kind: 'open', ratePerSecond: 200 },
      warmUpMs: 0,
      durationMs: 500,
    })
    await stop()
    // Asked only after each answer it would have shown one slow message; due were eighty in those 400 ms.
    expect(messages).toBeGreaterThan(60)
    expect(latencyMs?.p50).toBeGreaterThan(100)
  })

  test('that cuts the connection gets the message again, under another id', async () => {
    const samples: { id: string; payload: string }[] = []
    const { promise: stopped, resolve: whenStopped } = Promise.withResolvers<void>()
    const { fleet, stop } = misbehaving(sockets, ([, id, action, ...rest], reply, hangUp) => {
      if (action === 'StartTransaction') reply([3, id, { transactionId: 1, idTagInfo: { status: 'Accepted' } }])
      else if (action === 'MeterValues') {
        samples.push({ id, payload: JSON.stringify(rest) })
        if (samples.length === 1) hangUp()
        else reply([3, id, {}])
      } else whenStopped()
    })
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('meter', 5)
    fleet.begin({ kind: 'closed' })
    await within('the StopTransaction', stopped)
    await stop()
    expect(samples).toHaveLength(2)
    expect(samples[1]?.payload).toBe(samples[0]?.payload ?? '')
    expect(samples[1]?.id).not.toBe(samples[0]?.id)
    expect(fleet.ledgers[0]?.chargings[0]).toMatchObject({ samplesAcknowledged: 1 })
    expect([...fleet.errors.keys()]).toEqual(['A connection was lost: the connection was cut'])
  })

  test('that does not answer is hung up on', async () => {
    const { fleet, stop } = misbehaving(sockets, () => undefined)
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('heartbeat', 1)
    fleet.begin({ kind: 'closed' })
    await until('the station to hang up', () => fleet.errors.size > 0)
    await stop()
    expect([...fleet.errors.keys()]).toEqual(['A connection was lost: no answer within 1000 ms'])
  })

  test('that answers with a CALLERROR is counted, and its facts are not expected', async () => {
    const { fleet, stop } = misbehaving(sockets, ([, id], reply) => reply([4, id, 'InternalError', 'broken', {}]))
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('meter', 2)
    const { messages, errors } = await measure(fleet, {
      ...unknownPids,
      loop: { kind: 'closed' },
      warmUpMs: 0,
      durationMs: 100,
    })
    await stop()
    expect(messages).toBe(0)
    expect(errors['MeterValues was refused: InternalError broken']).toBeGreaterThan(0)
    expect(fleet.ledgers[0]?.chargings.some(({ samplesAcknowledged }) => samplesAcknowledged > 0)).toBe(false)
  })

  test('that sends CALLs of its own, and spaces in its answers, does not disturb the load', async () => {
    const refusals: unknown[] = []
    const { fleet, stop } = misbehaving(sockets, (frame, reply) => {
      if (frame[0] !== 2) {
        refusals.push(frame)
        return
      }
      reply([2, 'from-server', 'GetConfiguration', {}])
      reply([3, frame[1], { currentTime: '2026-01-01T00:00:00Z' }])
    })
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('heartbeat', 1)
    const { messages } = await measure(fleet, {
      ...unknownPids,
      loop: { kind: 'closed' },
      warmUpMs: 0,
      durationMs: 100,
    })
    await stop()
    expect(messages).toBeGreaterThan(5)
    expect(refusals[0]).toEqual([4, 'from-server', 'NotSupported', 'The load generator takes no CALLs.', {}])
  })

  test('that refuses one sample gets those that follow, and the ledger says which it was', async () => {
    let samples = 0
    const { promise: stopped, resolve: whenStopped } = Promise.withResolvers<void>()
    const { fleet, stop } = misbehaving(sockets, ([, id, action], reply) => {
      const isRefused = action === 'MeterValues' && ++samples === 4
      reply(isRefused ? [4, id, 'InternalError', 'once', {}] : [3, id, { transactionId: 7 }])
      // After the first transaction, of one sample.
      if (action === 'StopTransaction' && samples > 1) whenStopped()
    })
    await fleet.connect({ deadlineMs: 5_000 })
    fleet.play('meter', 6)
    fleet.begin({ kind: 'closed' })
    await within('the StopTransaction', stopped)
    await fleet.settle(5_000)
    await stop()
    expect(fleet.ledgers[0]?.chargings[1]).toMatchObject({
      samplesSent: 6,
      samplesAcknowledged: 5,
      samplesRefused: [2],
      isEndAcknowledged: true,
    })
    expect([...fleet.errors.keys()]).toEqual(['MeterValues was refused: InternalError once'])
  })
})
