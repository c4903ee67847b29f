// Several connections of one charge point at once: the newest is the one that counts, whatever the older ones are busy with.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Client } from 'pg'
import { flows16 } from '../../fixtures/seed-flows.ts'
import { TestStator } from '../../support/stator.ts'
import { TableLocks } from '../../support/table-locks.ts'
import { until } from '../../support/until.ts'

let central: TestStator
let locks: TableLocks
let database: Client

beforeAll(async () => {
  central = await TestStator.start()
  locks = new TableLocks(await central.client())
  database = await central.client()
})

afterAll(() => central.stop())

const securityEvent = { type: 'FirmwareUpdated', timestamp: '2025-12-26T12:00:00Z' }

/** Begins a message that is not committed before the returned function is called. */
async function holdUp(send: () => string): Promise<{ messageId: string; letGo: () => Promise<unknown> }> {
  await locks.hold('charge_point_events', 'reads wait')
  const messageId = send()
  await locks.statementsThatWait(1)
  return { messageId, letGo: () => locks.letGo() }
}

test('of many connections at once one stays, and the charge point is offline once that one is gone', async () => {
  await central.provision('CROWDED')
  const raws = await Promise.all(Array.from({ length: 10 }, () => central.raw('CROWDED')))
  const [last] = await until('all but one to be closed', () => {
    const open = raws.filter(({ closing }) => closing === null)
    return open.length === 1 ? open : null
  })
  expect(await last?.call('BootNotification', flows16.boot)).toMatchObject({ status: 'Accepted' })
  await last?.call('StatusNotification', flows16.status('Available'))
  expect(await central.json('/api/chargepoints/CROWDED/status')).toMatchObject({ status: 'Available' })
  await last?.close()
  await central.statusOnce('the charge point to be offline', 'CROWDED', ({ status }) => status === 'Offline')
})

test('what the old connection was busy with is finished, though its answer goes nowhere', async () => {
  const older = await central.bootedRaw('BUSY')
  const { letGo } = await holdUp(() => older.sendCall('StatusNotification', flows16.status('Charging')))
  const newer = await central.raw('BUSY')
  await older.closed()
  await letGo()
  expect(await newer.call('Heartbeat', {})).toHaveProperty('currentTime')
  expect(await central.json('/api/chargepoints/BUSY/status')).toMatchObject({
    connectors: [{ connectorId: 1, status: 'Charging' }],
  })
  await newer.close()
})

test('a third connection while the second waits for the first: only the third counts', async () => {
  const first = await central.bootedRaw('THIRD')
  const { letGo } = await holdUp(() => first.sendCall('SecurityEventNotification', securityEvent))
  const second = await central.raw('THIRD')
  const third = await central.raw('THIRD')
  await second.closed()
  const beat = third.sendCall('Heartbeat', {})
  await letGo()
  expect((await third.answerTo(beat))[0]).toBe(3)
  const command = central.api('/api/chargepoints/THIRD/reset', { body: { type: 'Soft' } })
  const { messageId } = await third.command('Reset')
  third.answer(messageId, { status: 'Accepted' })
  expect((await command).status).toBe(200)
  await third.close()
  await central.statusOnce('the charge point to be offline', 'THIRD', ({ status }) => status === 'Offline')
})

test('a connection that is gone before its charge point was read leaves the charge point offline', async () => {
  await central.provision('HASTY')
  // So the handshake is completed; the claim of the connection has to wait.
  await locks.hold('charge_points', 'reads go on')
  const hasty = await central.raw('HASTY')
  await locks.statementsThatWait(1)
  await hasty.close()
  await locks.letGo()
  await until('the connection to have been claimed and given back', async () => {
    const { rows } = await database.query(
      `SELECT connected, connection_epoch FROM charge_points WHERE identity = 'HASTY'`,
    )
    return rows[0].connection_epoch !== null && rows[0].connection_epoch !== '0' && rows[0].connected === false
  })
  expect(await central.json('/api/chargepoints/HASTY/status')).toMatchObject({ status: 'Offline' })
})

test('a charge point that comes back while its last message is being committed starts from what that message said', async () => {
  const status = (connectorId: number, text: string): object => ({
    ...flows16.status(text),
    connectorId,
    timestamp: undefined,
  })
  const older = await central.bootedRaw('BACKSOON')
  const { letGo } = await holdUp(() => older.sendCall('StatusNotification', status(1, 'Faulted')))
  await older.close()
  const newer = await central.raw('BACKSOON')
  const beat = newer.sendCall('Heartbeat', {})
  // Enough turns for a gateway that does not wait to have begun the new connection.
  for (let turn = 0; turn < 50 && newer.inbox.length === 0; turn++) await central.api('/health/live')
  await letGo()
  await newer.answerTo(beat)
  await newer.call('StatusNotification', status(2, 'Available'))
  expect(await central.json('/api/chargepoints/BACKSOON/status')).toMatchObject({ status: 'Faulted' })
  await newer.close()
})
