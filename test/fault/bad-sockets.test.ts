// Bad sockets: clients that do not read, half-open connections, and several that claim to be the same charge point.
// Each is detected in time, does not lock out others, and leaves nothing behind.

import { expect, test } from 'bun:test'
import { heapStats } from 'bun:jsc'
import { readdirSync } from 'node:fs'
import { writeTextFrame } from '../../bench/generator/frames.ts'
import { flows16 } from '../fixtures/seed-flows.ts'
import { keepResult } from '../support/fault-results.ts'
import { type RawChargePoint, shakeHandsOnTcp } from '../support/raw-charge-point.ts'
import { passwordDefault, TestStator } from '../support/stator.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { until } from '../support/until.ts'

const file = 'bad-sockets.test.ts'
/** `OCPP.ConnectionTimeout`, in seconds. */
const silentSeconds = 2
/** Longest time until something is detected on a busy machine, in milliseconds. */
const noticedMsMax = 30_000

/** Runs a test with a Stator of its own, and with a proxy that can be frozen. */
async function withCentral(work: (central: TestStator, proxy: TcpProxy) => Promise<void>): Promise<void> {
  const central = await TestStator.start({ settings: { OCPP: { ConnectionTimeout: silentSeconds } } })
  const proxy = await startTcpProxy(central.stator.port)
  try {
    await work(central, proxy)
  } finally {
    await proxy.stop()
    await central.stop()
  }
}

test.concurrent(
  'a charge point that reads nothing is disconnected before its answers fill the memory, and others do not notice',
  () =>
    withCentral(async (central) => {
      const bystander = await central.bootedRaw('CP002')
      await central.provision('CP001')
      const { socket, isClosed } = await shakeHandsOnTcp({
        url: central.ocppUrl,
        identity: 'CP001',
        password: passwordDefault,
      })
      socket.pause()
      const frame = Buffer.alloc(200)
      const length = writeTextFrame(frame, `[2,"${'x'.repeat(36)}","Heartbeat",{}]`)
      const burst = Buffer.concat(Array.from({ length: 500 }, () => frame.subarray(0, length)))
      const startedMs = performance.now()
      let unsent = burst
      await until(
        'the slow reader to be disconnected',
        () => {
          const written = Math.max(0, socket.write(unsent))
          unsent = written < unsent.length ? unsent.subarray(written) : burst
          // Its allowance ends before the buffers on the way are full; without an allowance those would show it.
          const { slowReadersClosed, floodsClosed } = central.stator.counters
          return slowReadersClosed + floodsClosed === 1
        },
        noticedMsMax,
      )
      const noticedMs = performance.now() - startedMs
      expect(await bystander.call('Heartbeat', {})).toHaveProperty('currentTime')
      socket.resume()
      await until('the socket to be closed', isClosed, noticedMsMax)
      keepResult({
        id: '6-slow-reader',
        fault: 'a charge point that asks and never reads',
        file,
        injected: 1,
        audit: null,
        recoveryMs: [noticedMs],
        recovery: 'from its first frame until it was disconnected',
        figures: {},
      })
    }),
  60_000,
)

test.concurrent(
  'a connection that is dead on the way is given up in time, and a new one of the same charge point is served at once',
  () =>
    withCentral(async (central, proxy) => {
      await central.provision('CP001')
      await central.provision('CP002')
      const through = { url: `ws://127.0.0.1:${proxy.port}/ocpp` }
      const [dead, lonely] = [await central.raw('CP001', through), await central.raw('CP002', through)]
      for (const raw of [dead, lonely]) await raw.call('BootNotification', flows16.boot)
      proxy.freeze()
      const frozenMs = performance.now()
      // CP001 reconnects by another way, CP002 stays disconnected.
      const again = await central.raw('CP001')
      expect(await again.call('StatusNotification', flows16.status('Charging'))).toEqual({})
      const servedMs = performance.now() - frozenMs
      expect(central.stator.counters.connectionsReplaced).toBe(1)
      await until(
        'the dead connection to be given up',
        async () => (await central.json('/api/chargepoints/CP002/status'))['status'] === 'Offline',
        noticedMsMax,
      )
      const noticedMs = performance.now() - frozenMs
      expect(await again.call('Heartbeat', {})).toHaveProperty('currentTime')
      keepResult({
        id: '6-half-open',
        fault: `half-open sockets (ConnectionTimeout ${silentSeconds} s)`,
        file,
        injected: 2,
        audit: null,
        recoveryMs: [noticedMs],
        recovery: 'from the moment nothing passed any more until the connection was given up',
        figures: { 'until a new connection of the same charge point was served': `${servedMs.toFixed(0)} ms` },
      })
    }),
  60_000,
)

test.concurrent(
  'ten connections that compete for one identity lock none out: in the end one is served',
  () =>
    withCentral(async (central) => {
      await central.provision('CP001')
      let isOver = false
      let connections = 0
      const fight = async (): Promise<RawChargePoint | null> => {
        for (;;) {
          const raw = await central.raw('CP001')
          connections++
          await raw.call('BootNotification', flows16.boot).catch(() => null)
          if (isOver) return raw
          await until('to be replaced', () => isOver || raw.closing !== null)
          if (raw.closing === null) return raw
        }
      }
      const fighters = Array.from({ length: 10 }, fight)
      await until('many replacements', () => central.stator.counters.connectionsReplaced >= 100, noticedMsMax)
      isOver = true
      const survivors = (await Promise.all(fighters)).filter((raw) => raw !== null && raw.closing === null)
      await until('one to be left', () => survivors.filter((raw) => raw?.closing === null).length === 1)
      const [winner] = survivors.filter((raw) => raw?.closing === null)
      expect(await winner?.call('StatusNotification', flows16.status('Charging'))).toEqual({})
      await central.statusOnce('its status', 'CP001', ({ status }) => status === 'Charging')
      const { connectionsOpened, connectionsClosed, connectionsReplaced } = central.stator.counters
      expect(connectionsOpened - connectionsClosed).toBe(1)
      keepResult({
        id: '6-ten-fight',
        fault: 'ten connections that fought for one identity',
        file,
        injected: connections,
        audit: null,
        recoveryMs: [],
        recovery: '',
        figures: { 'connections replaced': String(connectionsReplaced), 'connections left': '1' },
      })
    }),
  60_000,
)

test(
  'connections that were replaced, cut, or dead leave neither memory nor handles behind',
  () =>
    withCentral(async (central) => {
      const identities = Array.from({ length: 30 }, (_, index) => `CP${index}`)
      for (const identity of identities) await central.provision(identity)
      const round = async (): Promise<void> => {
        const way = await startTcpProxy(central.stator.port)
        const dead = await Promise.all(
          identities.map((identity) => central.raw(identity, { url: `ws://127.0.0.1:${way.port}/ocpp` })),
        )
        for (const raw of dead) raw.sendCall('StatusNotification', flows16.status('Available'))
        way.freeze()
        const replacing = await Promise.all(identities.map((identity) => central.raw(identity)))
        await Promise.all(replacing.map((raw) => raw.call('BootNotification', flows16.boot)))
        for (const raw of replacing) raw.socket.terminate()
        await way.stop()
        await until(
          'all connections to be closed',
          () => {
            const { connectionsOpened, connectionsClosed } = central.stator.counters
            return connectionsOpened === connectionsClosed
          },
          noticedMsMax,
        )
      }
      await round()
      await round()
      const before = leftovers()
      const rounds = 4
      for (let count = 0; count < rounds; count++) await round()
      await until(
        'handles and memory to be given back',
        () => {
          const after = leftovers()
          // Connections of the pools to the database come and go. A connection that leaves a handle would leave 120.
          return after.handles <= before.handles + 10 && after.objects <= before.objects + rounds * identities.length
        },
        noticedMsMax,
      )
      const after = leftovers()
      keepResult({
        id: '6-no-leak',
        fault: 'connections replaced, cut, and dead',
        file,
        injected: rounds * identities.length * 2,
        audit: null,
        recoveryMs: [],
        recovery: '',
        figures: {
          'open handles before and after': `${before.handles} · ${after.handles}`,
          'objects before and after': `${before.objects} · ${after.objects}`,
          'heap before and after': `${before.heapMib.toFixed(1)} · ${after.heapMib.toFixed(1)} MiB`,
        },
      })
    }),
  120_000,
)

interface Leftovers {
  readonly handles: number
  /** On the heap. A connection that stays costs dozens. */
  readonly objects: number
  readonly heapMib: number
}

function leftovers(): Leftovers {
  Bun.gc(true)
  const { objectCount, heapSize } = heapStats()
  return { handles: readdirSync('/proc/self/fd').length, objects: objectCount, heapMib: heapSize / 2 ** 20 }
}
