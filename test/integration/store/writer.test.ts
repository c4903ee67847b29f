// What the writer promises beside facts and meter values, on every database.

import { expect, test } from 'bun:test'
import { lastSeenFlushMs, plansKeptMsMin } from '../../../src/base/limits.ts'
import type { RowChange } from '../../../src/blocks/stored-rows.ts'
import type { Lease } from '../../../src/store/database.ts'
import {
  boot,
  chargePointEvent,
  chargePointPatch,
  connectorStatus,
  newTransactionId,
  transactionStarted,
  transactionStopped,
  transactionUpdated,
  variable,
} from '../../support/changes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { arrivalMs, changeSet, describeStore, startedWriter } from '../../support/store.ts'
import { until } from '../../support/until.ts'

describeStore('the writer', (store) => {
  test('a boot, statuses and activities are there once commit resolves', async () => {
    const { queries, writer } = store()
    const identity = `boot-${crypto.randomUUID()}`
    const key = await store().newChargePoint(identity)
    const reported = { serialNumber: 'SN123456', firmwareVersion: '1.2.3' }
    await writer.commit(changeSet(key, { changes: [boot(reported)] }))
    await writer.commit(
      changeSet(key, {
        changes: [
          connectorStatus(1, 'Charging'),
          chargePointPatch({ status: 'Charging' }),
          chargePointPatch({ firmwareStatus: 'Downloading' }),
          chargePointPatch({ logStatus: 'Uploading' }),
        ],
      }),
    )
    expect(await queries.chargePoint(identity, 'all')).toMatchObject({
      vendor: 'VendorName',
      model: 'Model-X1000',
      serialNumber: 'SN123456',
      firmwareVersion: '1.2.3',
      bootStatus: 'Accepted',
      lastBootAtMs: arrivalMs,
      firmwareStatus: 'Downloading',
      logStatus: 'Uploading',
      diagnosticsStatus: null,
    })
    expect(await queries.connectorsOf(key)).toEqual([
      {
        evseId: 1,
        connectorId: 1,
        status: 'Charging',
        statusSent: 'Charging',
        errorCode: 'NoError',
        info: null,
        vendorId: null,
        vendorErrorCode: null,
        sinceMs: arrivalMs,
        updatedAtMs: arrivalMs,
      },
    ])
  })

  test('changes of one transaction to the same row are applied in order, the last one winning', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const statuses = ['Available', 'Faulted', 'Charging'] as const
    await Promise.all(
      statuses.map((status) =>
        writer.commit(changeSet(key, { changes: [connectorStatus(1, status), chargePointPatch({ status })] })),
      ),
    )
    expect((await queries.connectorsOf(key)).map((connector) => connector.status)).toEqual(['Charging'])
  })

  test('a transaction is started, updated and stopped; what an update leaves out stays', async () => {
    const { queries, writer } = store()
    const identity = `life-${crypto.randomUUID()}`
    const key = await store().newChargePoint(identity)
    const id = newTransactionId()
    const stationTransactionId = `tx-${id}`
    await writer.commit(
      changeSet(key, {
        changes: [
          transactionStarted(id, {
            stationTransactionId,
            idToken: null,
            idTokenStatus: null,
            chargingState: 'EVConnected',
          }),
        ],
      }),
    )
    await writer.commit(
      changeSet(key, {
        changes: [
          transactionUpdated(id, { idToken: 'AABB', idTokenType: 'ISO14443', idTokenStatus: 'Accepted' }),
          transactionUpdated(id, { chargingState: 'Charging', evseId: 2 }),
        ],
      }),
    )
    expect((await queries.transactionsByStationId(key, stationTransactionId))[0]).toMatchObject({
      transactionId: id,
      chargePointKey: key,
      stationTransactionId,
      evseId: 2,
      connectorId: 1,
      idToken: 'AABB',
      startedAtMs: arrivalMs,
      meterStartWh: 1000,
      open: true,
      closedBy: null,
    })
    await writer.commit(
      changeSet(key, {
        changes: [
          transactionStopped(id, {
            stoppedAtMs: arrivalMs + 7_200_000,
            meterStopWh: 15_000.5,
            stopReason: 'Local',
            stopIdToken: 'aabb',
          }),
        ],
      }),
    )
    expect(await queries.transaction(id, 'all')).toMatchObject({
      identity,
      idToken: 'AABB',
      idTokenType: 'ISO14443',
      chargingState: 'Charging',
      stoppedAtMs: arrivalMs + 7_200_000,
      meterStopWh: 15_000.5,
      stopReason: 'Local',
      stopIdToken: 'aabb',
      closedBy: 'station',
      open: false,
    })
    expect(await queries.openTransactionsOf(key)).toEqual([])
  })

  test('a notification sent again is one line of history, a boot is always another', async () => {
    const { database, writer } = store()
    const key = await store().newChargePoint()
    const events = async (action: string): Promise<number> =>
      (
        await database.pool.query('SELECT FROM charge_point_events WHERE charge_point_id = $1 AND action = $2', [
          key,
          action,
        ])
      ).rowCount ?? 0

    await writer.commit(changeSet(key, { changes: [chargePointEvent('StatusNotification', arrivalMs)] }))
    await writer.commit(changeSet(key, { changes: [chargePointEvent('StatusNotification', arrivalMs)], epoch: 2 }))
    await writer.commit(changeSet(key, { changes: [chargePointEvent('StatusNotification', arrivalMs + 1000)] }))
    expect(await events('StatusNotification')).toBe(2)

    await writer.commit(changeSet(key, { changes: [chargePointEvent('DataTransfer', null)], messageId: 'a' }))
    await writer.commit(
      changeSet(key, {
        changes: [chargePointEvent('DataTransfer', null)],
        messageId: 'a',
        receivedAtMs: arrivalMs + 9,
      }),
    )
    await writer.commit(changeSet(key, { changes: [chargePointEvent('DataTransfer', null)], messageId: 'a', epoch: 2 }))
    await writer.commit(changeSet(key, { changes: [chargePointEvent('DataTransfer', null)], messageId: 'b' }))
    expect(await events('DataTransfer')).toBe(3)

    for (const receivedAtMs of [arrivalMs, arrivalMs + 10_000]) {
      await writer.commit(
        changeSet(key, {
          changes: [boot(), chargePointEvent('BootNotification', null)],
          messageId: 'same',
          receivedAtMs,
        }),
      )
    }
    expect(await events('BootNotification')).toBe(2)
  })

  test('variables that differ only far behind in their names are two', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const long = 'V'.repeat(200)
    await writer.commit(changeSet(key, { changes: [variable(`${long}1`, '1'), variable(`${long}2`, '2')] }))
    await writer.commit(changeSet(key, { changes: [variable(`${long}1`, '3')] }))
    const { items } = await queries.variablesOf({ chargePointKey: key }, { page: 1, pageSize: 10 })
    expect(items.map(({ value }) => value).toSorted()).toEqual(['2', '3'])
  })

  test('variables of the device model are kept by component and variable, the last report winning', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    await writer.commit(changeSet(key, { changes: [variable('HeartbeatInterval', '300'), variable('A', '1')] }))
    await writer.commit(
      changeSet(key, { changes: [variable('HeartbeatInterval', '600'), variable('HeartbeatInterval', '900')] }),
    )
    const { totalCount, items } = await queries.variablesOf({ chargePointKey: key }, { page: 1, pageSize: 10 })
    expect(totalCount).toBe(2)
    expect(items[1]).toEqual({
      componentName: 'OCPPCommCtrlr',
      componentInstance: '',
      evseId: 0,
      connectorId: 0,
      variableName: 'HeartbeatInterval',
      variableInstance: '',
      attributeType: 'Actual',
      value: '900',
      mutability: 'ReadWrite',
      persistent: true,
      constant: false,
      characteristics: { dataType: 'integer', supportsMonitoring: false },
      pendingValue: null,
      isReported: true,
      generatedAtMs: null,
      updatedAtMs: arrivalMs,
    })
  })

  test('an answer changes a value of a variable only; one that waits for a reboot waits until it is told', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const told = (tells: 'value' | 'acceptedValue' | 'pendingValue', value: string): RowChange<'variables'> => {
      const change = variable('A', value, { mutability: null, isReported: false })
      const { value: _, ...row } = change.row
      return tells === 'pendingValue'
        ? { ...change, row: { ...row, pendingValue: value }, tells }
        : { ...change, tells }
    }
    const commit = (...changes: readonly RowChange<'variables'>[]) => writer.commit(changeSet(key, { changes }))
    const shown = async () => {
      const { items } = await queries.variablesOf({ chargePointKey: key }, { page: 1, pageSize: 10 })
      return items.map(({ value, pendingValue, mutability, isReported }) => [
        value,
        pendingValue,
        mutability,
        isReported,
      ])
    }
    await commit(told('value', '1'))
    expect(await shown()).toEqual([['1', null, null, false]])
    // A report and an answer in one transaction: both count.
    await commit(variable('A', '2'), told('pendingValue', '3'))
    expect(await shown()).toEqual([['2', '3', 'ReadWrite', true]])
    await commit(told('value', '2'))
    await commit(variable('A', '2'))
    expect(await shown()).toEqual([['2', '3', 'ReadWrite', true]])
    await commit(variable('A', '3'))
    expect(await shown()).toEqual([['3', null, 'ReadWrite', true]])
    await commit(told('pendingValue', '4'))
    await commit(told('acceptedValue', '5'))
    expect(await shown()).toEqual([['5', null, 'ReadWrite', true]])
    // A report after an answer in one transaction: it is the newer one.
    await commit(told('acceptedValue', '8'), variable('A', '9'))
    expect(await shown()).toEqual([['9', null, 'ReadWrite', true]])
    await commit(told('value', '8'), told('pendingValue', '10'), variable('A', '9'))
    expect(await shown()).toEqual([['9', '10', 'ReadWrite', true]])
    await commit(variable('A', '', { mutability: 'WriteOnly', value: null }))
    await commit(told('acceptedValue', '6'), told('pendingValue', '7'))
    expect(await shown()).toEqual([[null, null, 'WriteOnly', true]])
  })

  test('everything that waits together is committed together', async () => {
    const { writer, queries } = store()
    const key = await store().newChargePoint()
    const before = writer.stats
    const evses = Array.from({ length: 500 }, (_, i) => i + 1)
    await Promise.all(
      evses.map((evseId) => writer.commit(changeSet(key, { changes: [connectorStatus(evseId, 'Available')] }))),
    )
    expect(await queries.connectorsOf(key)).toHaveLength(500)
    expect(writer.stats.changeSets - before.changeSets).toBe(500)
    expect(writer.stats.transactions - before.transactions).toBeLessThan(5)
  })

  test('last-seen times and heartbeats are written in their turn, and never go back', async () => {
    const { database, queries } = store()
    const clock = new HandClock()
    const writer = startedWriter(database, clock)
    const [identity, other] = [`seen-${crypto.randomUUID()}`, `seen-${crypto.randomUUID()}`]
    const [key, otherKey] = [await store().newChargePoint(identity), await store().newChargePoint(other)]
    const times = async (of: string) => {
      const { lastSeenAtMs, lastHeartbeatAtMs } = (await queries.chargePoint(of, 'all')) ?? {}
      return { lastSeenAtMs, lastHeartbeatAtMs }
    }
    writer.markSeen(key, arrivalMs, true)
    writer.markSeen(key, arrivalMs + 1000, false)
    expect(await times(identity)).toEqual({ lastSeenAtMs: null, lastHeartbeatAtMs: null })
    clock.pass(lastSeenFlushMs)
    await until('the last-seen time', async () => (await times(identity)).lastSeenAtMs === arrivalMs + 1000)
    expect((await times(identity)).lastHeartbeatAtMs).toBe(arrivalMs)

    writer.markSeen(key, arrivalMs - 5000, true)
    writer.markSeen(otherKey, arrivalMs, false)
    clock.pass(lastSeenFlushMs)
    await until('the next round', async () => (await times(other)).lastSeenAtMs === arrivalMs)
    expect(await times(identity)).toEqual({ lastSeenAtMs: arrivalMs + 1000, lastHeartbeatAtMs: arrivalMs })
    expect((await times(other)).lastHeartbeatAtMs).toBeNull()
    await writer.stop()
  })

  test('frames are logged, newest first, both directions', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const frames = ['[2,"1","Heartbeat",{}]', '[3,"1",{"odd":"\u0000"}]', '[2,"2","Heartbeat",{}]']
    for (const [i, frame] of frames.entries()) {
      const direction = i === 1 ? 'toChargePoint' : 'fromChargePoint'
      writer.appendMessageLog({ chargePointKey: key, atMs: Date.now(), direction, frame })
    }
    await until(
      'the lines',
      async () => (await queries.messageLog({ chargePointKey: key }, { page: 1, pageSize: 10 })).totalCount === 3,
    )
    const { items } = await queries.messageLog({ chargePointKey: key }, { page: 1, pageSize: 2 })
    expect(items.map((line) => [line.direction, line.frame])).toEqual([
      ['fromChargePoint', '[2,"2","Heartbeat",{}]'],
      ['toChargePoint', '[3,"1",{"odd":"\u0000"}]'],
    ])
  })

  test('lets PostgreSQL plan its statements again once its plans are two seconds old', async () => {
    const { database } = store()
    const key = await store().newChargePoint()
    const leases: Lease[] = []
    const lease = async (): Promise<Lease> => {
      const taken = await database.lease()
      leases.push(taken)
      return taken
    }
    const clock = new HandClock()
    const writer = startedWriter({ ...database, lease }, clock)
    const discarded = async (): Promise<number> => {
      const client = leases.at(-1)?.client
      if (client === undefined) throw new Error('The writer has no connection.')
      const found = await client.query(`SELECT FROM pg_prepared_statements WHERE statement = 'DISCARD PLANS'`)
      return found.rows.length
    }
    const patch = (): ReturnType<typeof changeSet> =>
      changeSet(key, { changes: [chargePointPatch({ status: 'Available' })] })
    try {
      await writer.commit(patch())
      if (!database.isSingleConnection) expect(await discarded()).toBe(0)
      clock.pass(plansKeptMsMin)
      await writer.commit(patch())
      expect(await discarded()).toBe(1)
    } finally {
      await writer.stop()
    }
  })

  test('stop commits what waits, writes last-seen times and the log, and takes nothing in afterwards', async () => {
    const { database, queries } = store()
    const identity = `stop-${crypto.randomUUID()}`
    const key = await store().newChargePoint(identity)
    const writer = startedWriter(database)
    const outcomes = Array.from({ length: 20 }, (_, i) =>
      writer.commit(changeSet(key, { changes: [connectorStatus(i, 'Available')] })),
    )
    writer.markSeen(key, arrivalMs, false)
    writer.appendMessageLog({ chargePointKey: key, atMs: Date.now(), direction: 'fromChargePoint', frame: '[]' })
    await writer.stop()
    await Promise.all(outcomes)
    expect(await queries.connectorsOf(key)).toHaveLength(20)
    expect((await queries.chargePoint(identity, 'all'))?.lastSeenAtMs).toBe(arrivalMs)
    expect((await queries.messageLog({ chargePointKey: key }, { page: 1, pageSize: 1 })).totalCount).toBe(1)
    expect(writer.commit(changeSet(key))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' })
  })
})
