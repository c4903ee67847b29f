// Simulated charge points of both versions against a whole Stator: commands through REST, offline times, many at once.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { tables } from '../../../src/blocks/messages.ts'
import { exampleCommands } from '../../fixtures/commands.ts'
import { idTag, remoteStartBody } from '../../fixtures/seed-flows.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'
import { ocppVersions } from '../../../src/ocpp/version.ts'

let central: TestStator

beforeAll(async () => {
  central = await TestStator.start()
  await central.addIdTag(idTag)
  await central.addIdTag('BLOCKED', { status: 'Blocked' })
})

afterAll(() => central.stop())

describe.each(ocppVersions)('a simulated charge point of OCPP %s', (version) => {
  const name = (suffix: string): string => `SIM-${version}-${suffix}`

  test('shows its status, model and firmware once it has booted', async () => {
    await central.station(name('status'), { version, connectors: 2, model: 'X1000', firmwareVersion: '1.2.3' })
    const status = await central.statusOnce(
      'both connectors to be known',
      name('status'),
      ({ connectors }) => (connectors as unknown[]).length === 2,
    )
    expect(status).toMatchObject({
      status: 'Available',
      lastHeartbeat: null,
      connectors: [
        { connectorId: 1, status: 'Available', currentTransaction: null },
        { connectorId: 2, status: 'Available', currentTransaction: null },
      ],
      firmwareVersion: '1.2.3',
      model: 'X1000',
    })
  })

  test('shows a heartbeat at once', async () => {
    const station = await central.station(name('heart'), { version })
    await station.call({ action: 'Heartbeat', payload: {} })
    const { lastHeartbeat } = await central.json(`/api/chargepoints/${name('heart')}/status`)
    expect(Math.abs(Date.parse(String(lastHeartbeat)) - Date.now())).toBeLessThan(5_000)
  })

  test('starts and stops remotely, under the transactionId that the start was answered with', async () => {
    await central.station(name('remote'), { version, connectors: 2 })
    const path = `/api/chargepoints/${name('remote')}`
    const answer = await central.json(`${path}/start-transaction`, { body: remoteStartBody })
    expect(answer).toEqual({
      status: 'Accepted',
      transactionId: expect.any(Number),
      message: 'Remote start request sent successfully',
    })
    const { transactionId } = answer
    await until(
      'the transaction to begin',
      async () => (await central.api(`/api/transactions/${transactionId}`)).status === 200,
    )
    expect(await central.json(`/api/transactions/${transactionId}`)).toMatchObject({
      chargePointId: name('remote'),
      idTag,
    })
    const busy = await central.json(`${path}/start-transaction`, { body: { connectorId: 1, idTag } })
    expect(busy).toMatchObject({ status: 'Rejected' })
    expect(busy).not.toHaveProperty('transactionId')

    expect(await central.json(`${path}/stop-transaction`, { body: { transactionId } })).toEqual({
      status: 'Accepted',
      message: 'Remote stop request sent successfully',
    })
    const stopped = await until('the transaction to end', async () => {
      const transaction = await central.json(`/api/transactions/${transactionId}`)
      return transaction['stopTime'] === null ? null : transaction
    })
    expect(stopped).toMatchObject({ stopReason: 'Remote' })
    expect((await central.api(`${path}/stop-transaction`, { body: { transactionId } })).status).toBe(409)
    expect((await central.api(`${path}/stop-transaction`, { body: { transactionId: 999_999_999 } })).status).toBe(404)
  })

  test('begins under a new id what somebody else starts after a remote start was rejected', async () => {
    const station = await central.station(name('rejected'), { version })
    station.setStatus(1, 'Faulted')
    const path = `/api/chargepoints/${name('rejected')}`
    const answer = await central.json(`${path}/start-transaction`, { body: { connectorId: 1, idTag } })
    expect(answer).toMatchObject({ status: 'Rejected' })
    station.setStatus(1, 'Available')
    const { authorization } = await station.startTransaction(1, idTag)
    expect(authorization.status).toBe('Accepted')
  })

  test('resets and comes back', async () => {
    let boots = 0
    await central.station(name('reset'), { version, observe: ({ kind }) => void (kind === 'booted' && boots++) })
    for (const type of ['Soft', 'Hard']) {
      const before = boots
      const answer = await central.json(`/api/chargepoints/${name('reset')}/reset`, { body: { type } })
      expect(answer).toEqual({ status: 'Accepted', message: 'Reset command sent successfully' })
      await until('the charge point to be back', () => boots > before)
    }
  })

  test('updates its firmware, reports every step, and shows the new version', async () => {
    await central.station(name('firmware'), { version })
    const path = `/api/chargepoints/${name('firmware')}`
    const answer = await central.json(`${path}/update-firmware`, {
      body: {
        location: 'https://firmware.example.com/firmware-v1.2.3.bin',
        retrieveDate: '2025-12-27T00:00:00Z',
        retries: 3,
        retryInterval: 300,
      },
    })
    expect(answer).toEqual({ status: 'Accepted', message: 'Firmware update scheduled' })
    const after = await until('the update to be installed', async () => {
      const chargePoint = await central.json(path)
      return chargePoint['firmwareStatus'] === 'Installed' ? chargePoint : null
    })
    expect(after).toMatchObject({ firmwareVersion: '1.2.3' })
  })

  test('shows and changes its configuration', async () => {
    const station = await central.station(name('config'), { version })
    const path = `/api/chargepoints/${name('config')}/configuration`
    const key = version === '1.6' ? 'HeartbeatInterval' : 'OCPPCommCtrlr.HeartbeatInterval'
    const before = await central.json(`${path}?key=${key}`)
    expect(before).toMatchObject({ configurationKey: [{ key, readonly: false, value: '300' }] })
    const answer = await central.json(path, { body: { key, value: '600' } })
    expect(answer).toEqual({ status: 'Accepted', message: 'Configuration updated successfully' })
    expect(station.settings.seconds('HeartbeatInterval')).toBe(600)
    expect(await central.json(`${path}?key=${key}`)).toMatchObject({ configurationKey: [{ key, value: '600' }] })
  })

  test('gets the status of a blocked id tag, whose start is still stored', async () => {
    const station = await central.station(name('blocked'), { version })
    expect((await station.authorize('BLOCKED')).status).toBe('Blocked')
    const { authorization } = await station.startTransaction(1, 'BLOCKED')
    expect(authorization.status).toBe('Blocked')
    await until('the transaction to be over', async () => {
      const { transactions } = await central.json(`/api/transactions?chargePointId=${name('blocked')}`)
      const [transaction] = transactions as Record<string, unknown>[]
      return transaction?.['stopReason'] === 'DeAuthorized'
    })
  })

  test('delivers what happened while it was offline', async () => {
    const station = await central.station(name('offline'), { version })
    station.plugIn(1)
    station.disconnect()
    await central.statusOnce('the charge point to be offline', name('offline'), ({ status }) => status === 'Offline')
    const started = station.startTransaction(1, idTag)
    const [connector] = station.connectors
    if (connector !== undefined) station.sample(connector, 'Periodic')
    const stopped = station.stopTransaction(1)
    station.reconnect()
    await Promise.all([started, stopped])
    const history = await central.json(`/api/transactions?chargePointId=${name('offline')}`)
    expect(history).toMatchObject({ totalCount: 1, transactions: [{ stopReason: 'Local', idTag }] })
  })

  test('takes and answers every command of its version through POST …/calls', async () => {
    const station = await central.station(name('calls'), { version, connectors: 2 })
    const toChargePoint = Object.entries(tables[version]).filter(([, row]) => row.direction !== 'fromChargePoint')
    const commands = exampleCommands(version)
    for (const [action] of toChargePoint) {
      await until('the charge point to be there', () => station.isConnected && station.isAccepted)
      const answer = await until(`${action} to find the charge point connected`, async () => {
        const given = await central.api(`/api/chargepoints/${name('calls')}/calls`, {
          body: { action, payload: commands[action] },
        })
        // A command before this one may have made it reboot.
        return given.status === 409 ? null : given
      })
      expect({ action, status: answer.status, body: answer.body }).toMatchObject({
        action,
        status: 200,
        body: { action, payload: expect.any(Object) },
      })
    }
  }, 30_000)

  test('a command that it does not know for this version is refused before it is sent', async () => {
    await central.station(name('unknown'), { version })
    const call = (body: object): ReturnType<TestStator['api']> =>
      central.api(`/api/chargepoints/${name('unknown')}/calls`, { body })
    for (const action of ['Dance', 'BootNotification', 'constructor']) {
      expect({ action, status: (await call({ action, payload: {} })).status }).toEqual({ action, status: 400 })
    }
    const broken = await call({ action: 'Reset', payload: { type: 'Sideways' } })
    expect(broken).toMatchObject({ status: 400, body: { error: 'BadRequest', details: { field: expect.any(String) } } })
  })
})

test('a command is 404 for nobody, 409 for who is offline, 504 for who is silent, 502 for who refuses', async () => {
  const reset = (identity: string): ReturnType<TestStator['api']> =>
    central.api(`/api/chargepoints/${identity}/reset`, { body: { type: 'Soft' } })
  expect(await reset('CP999')).toMatchObject({
    status: 404,
    body: { error: 'NotFound', code: 'NOT_FOUND', message: "Charge point 'CP999' not found" },
  })
  await central.provision('OFFLINE')
  expect(await reset('OFFLINE')).toMatchObject({ status: 409, body: { error: 'Conflict' } })

  const raw = await central.bootedRaw('SILENT')
  const silent = central.api('/api/chargepoints/SILENT/calls', {
    body: { action: 'Reset', payload: { type: 'Soft' }, timeout: 1 },
  })
  await raw.command('Reset')
  expect(await silent).toMatchObject({ status: 504, body: { error: 'GatewayTimeout' } })

  const refused = reset('SILENT')
  const { messageId } = await raw.command('Reset')
  raw.send(JSON.stringify([4, messageId, 'NotSupported', 'Not this one.', { why: 'because' }]))
  expect(await refused).toMatchObject({ status: 502, body: { error: 'BadGateway' } })
  expect(JSON.stringify((await refused).body)).toContain('NotSupported')
  await raw.close()
})

test('commands to one charge point go out one at a time and do not wait for its own CALLs', async () => {
  const raw = await central.bootedRaw('ONEATATIME')
  const calls = ['Soft', 'Hard'].map((type) => central.api('/api/chargepoints/ONEATATIME/reset', { body: { type } }))
  const first = await raw.command('Reset')
  expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
  expect(raw.inbox.length).toBe(0)
  raw.answer(first.messageId, { status: 'Accepted' })
  const second = await raw.command('Reset')
  raw.answer(second.messageId, { status: 'Rejected' })
  const statuses = (await Promise.all(calls)).map(({ body }) => body['status'])
  expect(statuses.toSorted()).toEqual(['Accepted', 'Rejected'])
  await raw.close()
})

test('an answer that comes too late is counted and hurts nobody', async () => {
  const raw = await central.bootedRaw('LATE')
  const late = central.api('/api/chargepoints/LATE/calls', {
    body: { action: 'ClearCache', payload: {}, timeout: 1 },
  })
  const { messageId } = await raw.command('ClearCache')
  expect((await late).status).toBe(504)
  raw.answer(messageId, { status: 'Accepted' })
  const next = central.api('/api/chargepoints/LATE/calls', { body: { action: 'ClearCache', payload: {} } })
  const { messageId: nextId } = await raw.command('ClearCache')
  raw.answer(nextId, { status: 'Rejected' })
  expect((await next).body).toMatchObject({ payload: { status: 'Rejected' } })
  await raw.close()
})

test('the message log shows both directions, newest first', async () => {
  const raw = await central.bootedRaw('LOGGED')
  await raw.call('Heartbeat', {}, 'beat-1')
  // The total is counted by a query of its own, which may see lines that the list does not have yet.
  const messages = await until('the answer to be in the log', async () => {
    const log = await central.json('/api/chargepoints/LOGGED/messages')
    const listed = log['messages'] as Record<string, unknown>[]
    return listed.length === 4 ? listed : null
  })
  expect(messages.map(({ direction }) => direction)).toEqual([
    'toChargePoint',
    'fromChargePoint',
    'toChargePoint',
    'fromChargePoint',
  ])
  expect(JSON.stringify(messages[1])).toContain('beat-1')
  await raw.close()
})

test('fifty charge points boot, charge and stop at once, and every transaction is complete', async () => {
  const stations = await Promise.all(
    Array.from({ length: 50 }, (_, index) =>
      central.station(`MANY${index}`, { version: index % 2 === 0 ? '1.6' : '2.0.1' }),
    ),
  )
  await Promise.all(
    stations.map(async (station) => {
      station.plugIn(1)
      const { authorization } = await station.startTransaction(1, idTag)
      expect(authorization.status).toBe('Accepted')
      const [connector] = station.connectors
      for (let sample = 0; sample < 5; sample++) if (connector !== undefined) station.sample(connector, 'Periodic')
      await station.stopTransaction(1, 'Local', idTag)
    }),
  )
  for (const { identity } of stations) {
    const history = await central.json(`/api/transactions?chargePointId=${identity}`)
    expect(history).toMatchObject({ totalCount: 1, transactions: [{ idTag, stopReason: 'Local' }] })
  }
}, 30_000)
