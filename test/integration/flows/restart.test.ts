// Stator goes away in the middle of a transaction and comes back on the same database: the charge point goes on as if
// nothing had happened, and so does Stator.

import { describe, expect, test } from 'bun:test'
import { hostname } from 'node:os'
import { flows16, flows201, idTag } from '../../fixtures/seed-flows.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'
import { ocppVersions } from '../../../src/ocpp/version.ts'

describe.each(['PostgreSQL', 'Embedded'] as const)('on %s', (provider) => {
  test('a 1.6 transaction goes on with the same transactionId after a restart', async () => {
    const central = await TestStator.start({ provider })
    try {
      await central.addIdTag(idTag)
      const raw = await central.bootedRaw('CP001')
      await raw.call('StatusNotification', flows16.status('Charging'))
      const { transactionId } = await raw.call('StartTransaction', flows16.start)
      await central.restart()
      expect((await raw.closed()).code).toBe(1001)

      expect(await central.json('/api/chargepoints/CP001/status')).toMatchObject({ status: 'Offline' })
      const back = await central.raw('CP001')
      // The actor knows the transaction and the connector before the charge point has said a word.
      await central.statusOnce('the charge point to be back', 'CP001', ({ status }) => status !== 'Offline')
      expect(await central.json('/api/chargepoints/CP001/status')).toMatchObject({
        status: 'Charging',
        connectors: [{ connectorId: 1, status: 'Charging', currentTransaction: transactionId }],
      })
      const command = central.api('/api/chargepoints/CP001/stop-transaction', { body: { transactionId } })
      const { messageId, payload } = await back.command('RemoteStopTransaction')
      expect(payload).toEqual({ transactionId })
      back.answer(messageId, { status: 'Accepted' })
      expect((await command).status).toBe(200)

      expect(await back.call('MeterValues', flows16.meterValues(Number(transactionId)))).toEqual({})
      await back.call('StopTransaction', flows16.stop(Number(transactionId)))
      expect(await central.json(`/api/transactions/${transactionId}`)).toMatchObject({ energyConsumed: 14 })
      const { anomalies } = await central.json('/api/chargepoints/CP001/anomalies')
      expect(anomalies).toEqual([])
    } finally {
      await central.stop()
    }
  })
})

describe('on PostgreSQL', () => {
  test('the history names the process that held a connection by its host and port', async () => {
    const central = await TestStator.start()
    try {
      await central.bootedRaw('CP001')
      await central.restart()
      await central.raw('CP001')
      await central.statusOnce('the charge point to be back', 'CP001', ({ status }) => status !== 'Offline')
      const { history } = await central.json('/api/chargepoints/CP001/history')
      const node = expect.stringMatching(/:\d+$/)
      expect(history).toMatchObject([
        { event: 'opened', node: `${hostname()}:${central.stator.port}` },
        { event: 'closed', node, reason: expect.any(String) },
        { event: 'opened', node },
      ])
    } finally {
      await central.stop()
    }
  })

  test('a 2.0.1 transaction goes on after a restart', async () => {
    const central = await TestStator.start()
    try {
      await central.addIdTag(idTag)
      const raw = await central.bootedRaw('CP001', '2.0.1')
      const id = crypto.randomUUID()
      await raw.call('TransactionEvent', flows201.started(id))
      await central.restart()
      const back = await central.raw('CP001', { subprotocols: ['ocpp2.0.1'] })
      await back.call('TransactionEvent', flows201.updated(id))
      await back.call('TransactionEvent', flows201.ended(id))
      expect(await central.json('/api/transactions')).toMatchObject({
        totalCount: 1,
        transactions: [{ meterStart: 1000, meterStop: 15000, energyConsumed: 14, stopReason: 'Local' }],
      })
      const { anomalies } = await central.json('/api/chargepoints/CP001/anomalies')
      expect(anomalies).toEqual([])
    } finally {
      await central.stop()
    }
  })
})

test.each(ocppVersions)('a simulated %s charge point charges through a restart', async (version) => {
  const central = await TestStator.start()
  try {
    await central.addIdTag(idTag)
    const station = await central.station('CP001', { version })
    station.plugIn(1)
    const started = await station.startTransaction(1, idTag)
    expect(started.authorization.status).toBe('Accepted')
    await central.restart()
    await until('the charge point to be back', () => station.isConnected)
    const [connector] = station.connectors
    if (connector !== undefined) station.sample(connector, 'Periodic')
    await station.stopTransaction(1)
    expect(await central.json('/api/transactions')).toMatchObject({
      totalCount: 1,
      transactions: [{ chargePointId: 'CP001', idTag, stopReason: 'Local' }],
    })
    expect(await central.json('/api/chargepoints/CP001/anomalies')).toMatchObject({ totalCount: 0 })
  } finally {
    await central.stop()
  }
})
