// SENDs (2.1), through `serve` to a real database of each kind. `flows/stored-messages.test.ts` sends
// them through sockets.

import { expect, test } from 'bun:test'
import { systemClock } from '../../../src/base/clock.ts'
import { tables } from '../../../src/blocks/messages.ts'
import type { ChargePointEventRecord } from '../../../src/blocks/records.ts'
import { Registry } from '../../../src/station/registry.ts'
import { serve } from '../../../src/station/serve.ts'
import { fixtures21 } from '../../fixtures/v21.ts'
import { FakeSocket } from '../../support/fake-socket.ts'
import { idleStore, openStation, stationDeps } from '../../support/fake-station.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint } from '../../support/known.ts'
import { describeStore, newestEpoch, type TestStore } from '../../support/store.ts'

const storedSends = Object.entries(tables['2.1']).filter(([, row]) => row.kind === 'send')

/** A booted charge point of 2.1, whose messages the store commits. */
async function connected({ newChargePoint, queries, writer }: TestStore) {
  const key = await newChargePoint()
  const registry = new Registry({ clock: systemClock })
  const commit = writer.commit.bind(writer)
  const deps = stationDeps(systemClock, registry, { store: { ...idleStore, commit } })
  const connection = (epoch: number) => {
    const socket = new FakeSocket({ version: '2.1', chargePointKey: key })
    const read = hydration({ chargePoint: { ...chargePoint, key, version: '2.1' }, epoch })
    const station = registry.connect(read, openStation(socket, deps))
    const receive = async (...frame: readonly unknown[]): Promise<void> => {
      const receivedAtMs = systemClock.nowMs()
      await serve(station, { text: JSON.stringify(frame), receivedAtMs }, receivedAtMs, deps)
    }
    return { receive, socket }
  }
  const events = async (action: string): Promise<readonly ChargePointEventRecord[]> =>
    (await queries.listEvents({ chargePointKey: key, action }, { page: 1, pageSize: 50 })).items
  return { connection, counters: deps.counters, events }
}

function validPayload(action: string): Readonly<Record<string, unknown>> {
  const payload = Object.entries(fixtures21).find(([name]) => name === action)?.[1].valid[0]
  if (payload === undefined) throw new Error(`${action} has no fixture`)
  return payload
}

describeStore('a SEND', (store) => {
  test.each(storedSends)('%s is stored once as an event, and not answered', async (action) => {
    const { connection, events } = await connected(store())
    const payload = validPayload(action)
    const { receive, socket } = connection(newestEpoch)
    await receive(6, 'm1', action, payload)
    await receive(6, 'm1', action, payload)
    // What a charge point kept while it was offline, it may send again through its next connection.
    const next = connection(newestEpoch + 1)
    await next.receive(6, 'm2', action, payload)
    expect(await events(action)).toMatchObject([{ action, messageId: 'm1', payload }])
    expect([...socket.sent, ...next.socket.sent]).toEqual([])
  })

  test.each(storedSends)('%s with other content is another event', async (action) => {
    const { connection, events } = await connected(store())
    const { receive } = connection(newestEpoch)
    await receive(6, 'm1', action, validPayload(action))
    await receive(6, 'm2', action, { ...validPayload(action), customData: { vendorId: 'com.example' } })
    expect(await events(action)).toHaveLength(2)
  })

  test.each(storedSends)('%s that is malformed is dropped, counted and not answered', async (action) => {
    const { connection, counters, events } = await connected(store())
    const { receive, socket } = connection(newestEpoch)
    await receive(6, 'm1', action, [])
    await receive(6, null, action, {})
    await receive(6, 'm1', `${action}s`, {})
    expect(counters).toMatchObject({ framesDropped: 3 })
    expect(counters.framesRefused.total).toBe(0)
    expect(socket.sent).toEqual([])
    expect(await events(action)).toEqual([])
  })

  test.each(storedSends)('%s that comes as a CALL is refused and not stored', async (action) => {
    const { connection, events } = await connected(store())
    const { receive, socket } = connection(newestEpoch)
    await receive(2, 'm1', action, validPayload(action))
    expect(socket.sent.map((text) => JSON.parse(text).slice(0, 3))).toEqual([[4, 'm1', 'MessageTypeNotSupported']])
    expect(await events(action)).toEqual([])
  })
})
