// What the writer promises, on every database.

import { expect, test } from 'bun:test'
import { lastSeenFlushMs } from '../../../src/base/limits.ts'
import type { Change, ChangeSet, TransactionFact } from '../../../src/csms/decision.ts'
import type { MeterRows } from '../../../src/csms/meter-block.ts'
import { MeterColumns } from '../../../src/workers/meter-columns.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { arrivalMs, changeSet, describeStore, meterRows, startedWriter } from '../../support/store.ts'
import { until } from '../../support/until.ts'

let ids = 1_000_000

function startFact(transactionId: number, parts: Partial<TransactionFact> = {}): TransactionFact {
  return {
    ref: `start:1/USER123/2026-01-01T00:00:00Z/${transactionId}`,
    seqNo: 0,
    event: 'Started',
    transactionId,
    occurredAtMs: arrivalMs,
    payload: { connectorId: 1, idTag: 'USER123', meterStart: 1000 },
    ...parts,
  }
}

function started(transactionId: number, more: Partial<Extract<Change, { kind: 'transactionStarted' }>> = {}): Change {
  return {
    kind: 'transactionStarted',
    transactionId,
    stationTransactionId: null,
    evseId: 1,
    connectorId: 1,
    idToken: 'USER123',
    idTokenType: null,
    idTokenStatus: 'Accepted',
    startedAtMs: arrivalMs,
    meterStartWh: 1000,
    reservationId: null,
    remoteStartId: null,
    chargingState: null,
    ...more,
  }
}

function connectorStatus(evseId: number, status: 'Available' | 'Charging' | 'Faulted'): Change {
  return {
    kind: 'connectorStatus',
    evseId,
    connectorId: 1,
    status,
    statusSent: status,
    errorCode: 'NoError',
    info: null,
    vendorId: null,
    vendorErrorCode: null,
    occurredAtMs: arrivalMs,
  }
}

function sample(timestamp: string, value: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { timestamp, sampledValue: [{ value, ...more }] }
}

/** The change set of a start that tells `transactionId`. */
function startSet(key: number, transactionId: number, parts: Partial<ChangeSet> = {}): ChangeSet {
  return changeSet(key, {
    answer: { transactionId, idTagInfo: { status: 'Accepted' } },
    fact: startFact(transactionId),
    changes: [started(transactionId)],
    ...parts,
  })
}

describeStore('the writer', (store) => {
  test('a boot, statuses and activities are there once commit resolves', async () => {
    const { queries, writer } = store()
    const identity = `boot-${crypto.randomUUID()}`
    const key = await store().newChargePoint(identity)
    const boot: Change = {
      kind: 'boot',
      status: 'Accepted',
      vendor: 'VendorName',
      model: 'Model-X1000',
      serialNumber: 'SN123456',
      firmwareVersion: '1.2.3',
      iccid: null,
      imsi: null,
    }
    await writer.commit(changeSet(key, { changes: [boot] }))
    await writer.commit(
      changeSet(key, {
        changes: [
          connectorStatus(1, 'Charging'),
          { kind: 'chargePointStatus', status: 'Charging' },
          { kind: 'activity', activity: 'firmware', status: 'Downloading' },
          { kind: 'activity', activity: 'log', status: 'Uploading' },
        ],
      }),
    )
    expect(await queries.chargePoint(identity)).toMatchObject({
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
        writer.commit(changeSet(key, { changes: [connectorStatus(1, status), { kind: 'chargePointStatus', status }] })),
      ),
    )
    expect((await queries.connectorsOf(key)).map((connector) => connector.status)).toEqual(['Charging'])
  })

  test('a start sent twice is stored once and answered twice with the same transactionId', async () => {
    const { queries, writer } = store()
    const identity = `twice-${crypto.randomUUID()}`
    const key = await store().newChargePoint(identity)
    const [first, second] = [ids++, ids++]
    const fact = startFact(first)
    expect(await writer.commit(startSet(key, first, { fact }))).toEqual({
      duplicate: false,
      answer: { transactionId: first, idTagInfo: { status: 'Accepted' } },
    })
    const again = await writer.commit(
      startSet(key, second, { fact: { ...fact, transactionId: second }, receivedAtMs: arrivalMs + 60_000 }),
    )
    expect(again).toEqual({ duplicate: true, answer: { transactionId: first, idTagInfo: { status: 'Accepted' } } })
    expect(await queries.transactionById(second)).toBeNull()
    expect((await queries.listTransactions({ identity }, { page: 1, pageSize: 10 })).totalCount).toBe(1)
  })

  test('two copies of a fact in one group are one, and neither disturbs the others', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const other = await store().newChargePoint()
    const [first, second, third] = [ids++, ids++, ids++]
    const fact = startFact(first)
    const outcomes = await Promise.all([
      writer.commit(startSet(key, first, { fact })),
      writer.commit(startSet(key, second, { fact: { ...fact, transactionId: second } })),
      writer.commit(startSet(other, third, { fact: { ...fact, transactionId: third } })),
      writer.commit(changeSet(other, { changes: [connectorStatus(2, 'Charging')] })),
    ])
    expect(outcomes.map(({ duplicate, answer }) => [duplicate, answer['transactionId']])).toEqual([
      [false, first],
      [true, first],
      [false, third],
      [false, undefined],
    ])
    expect(await queries.transactionById(second)).toBeNull()
    expect(await queries.transactionById(third)).not.toBeNull()
    expect(await queries.connectorsOf(other)).toHaveLength(1)
  })

  test('a known fact among new ones in a group gets its own old answer, and its other changes are dropped', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const [known, fresh] = [ids++, ids++]
    const fact = startFact(known)
    await writer.commit(startSet(key, known, { fact }))
    const payload = { connectorId: 1, meterValue: [sample('2026-01-01T00:01:00Z', '1')] }
    const [old, young] = await Promise.all([
      writer.commit(
        startSet(key, known, {
          fact,
          answer: { transactionId: 4711 },
          receivedAtMs: arrivalMs + 1,
          changes: [connectorStatus(5, 'Faulted')],
          anomalies: [{ kind: 'missingStart', detail: {} }],
          meter: meterRows(key, payload),
        }),
      ),
      writer.commit(startSet(key, fresh)),
    ])
    expect(old).toMatchObject({ duplicate: true, answer: { transactionId: known } })
    expect(young).toMatchObject({ duplicate: false, answer: { transactionId: fresh } })
    expect(await queries.connectorsOf(key)).toEqual([])
    expect((await queries.anomaliesOf(key, { page: 1, pageSize: 10 })).totalCount).toBe(0)
    expect(await meterCount(store().database.pool, key)).toBe(0)
    expect(await queries.transactionById(fresh)).not.toBeNull()
  })

  test('the very same change set again, after an outcome that was lost, is no duplicate and changes nothing', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = ids++
    const set = startSet(key, id, { anomalies: [{ kind: 'unauthorizedStart', detail: { idTag: 'X' } }] })
    const first = await writer.commit(set)
    expect(await writer.commit(set)).toEqual(first)
    expect(first.duplicate).toBe(false)
    expect((await queries.anomaliesOf(key, { page: 1, pageSize: 10 })).totalCount).toBe(1)
  })

  test('a transaction is started, updated and stopped; what an update leaves out stays', async () => {
    const { queries, writer } = store()
    const identity = `life-${crypto.randomUUID()}`
    const key = await store().newChargePoint(identity)
    const id = ids++
    const stationTransactionId = `tx-${id}`
    await writer.commit(
      changeSet(key, {
        changes: [
          started(id, { stationTransactionId, idToken: null, idTokenStatus: null, chargingState: 'EVConnected' }),
        ],
      }),
    )
    await writer.commit(
      changeSet(key, {
        changes: [
          {
            kind: 'transactionUpdated',
            transactionId: id,
            idToken: 'AABB',
            idTokenType: 'ISO14443',
            idTokenStatus: 'Accepted',
          },
          { kind: 'transactionUpdated', transactionId: id, chargingState: 'Charging', evseId: 2 },
        ],
      }),
    )
    expect(await queries.transactionByStationId(key, stationTransactionId)).toEqual({
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
          {
            kind: 'transactionStopped',
            transactionId: id,
            stoppedAtMs: arrivalMs + 7_200_000,
            meterStopWh: 15_000.5,
            reason: 'Local',
            idToken: 'aabb',
            closedBy: 'station',
          },
        ],
      }),
    )
    expect(await queries.transaction(id)).toMatchObject({
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

  test('meter values become rows with typed columns, and keep what was sent', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = ids++
    const full = {
      timestamp: '2026-01-01T00:05:00Z',
      sampledValue: [
        { value: '1250.5', unit: 'Wh' },
        { value: '7.2', measurand: 'Power.Active.Import', unit: 'kW' },
        { value: '31.5', measurand: 'Current.Import', unit: 'A' },
        { value: '229.9', measurand: 'Voltage', unit: 'V' },
        { value: '55', measurand: 'SoC', unit: 'Percent' },
      ],
    }
    const strange = {
      timestamp: '2026-01-01T00:06:00Z',
      sampledValue: [{ value: 'signed \u0000 ✓ \ud800', format: 'SignedData' }],
    }
    await writer.commit(
      changeSet(key, {
        changes: [started(id)],
        meter: meterRows(key, { connectorId: 3, transactionId: id, meterValue: [full, strange] }),
      }),
    )
    const values = await queries.meterValuesOf(id, { page: 1, pageSize: 10 })
    expect(values).toEqual({
      totalCount: 2,
      items: [
        {
          sampledAtMs: Date.parse('2026-01-01T00:05:00Z'),
          receivedAtMs: arrivalMs,
          evseId: 3,
          connectorId: 1,
          energyWh: 1250.5,
          powerW: 7200,
          currentA: 31.5,
          voltageV: 229.9,
          socPercent: 55,
          meterValue: full,
        },
        expect.objectContaining({ energyWh: null, powerW: null, socPercent: null, meterValue: strange }),
      ],
    })
  })

  test('a sample sent again is stored once, another of the same moment beside it', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = ids++
    const payload = (value: string) => ({
      connectorId: 1,
      transactionId: id,
      meterValue: [sample('2026-01-01T00:05:00Z', value)],
    })
    await writer.commit(changeSet(key, { changes: [started(id)], meter: meterRows(key, payload('1')) }))
    await Promise.all([
      writer.commit(changeSet(key, { meter: meterRows(key, payload('1')) })),
      writer.commit(changeSet(key, { meter: meterRows(key, payload('2')) })),
      writer.commit(changeSet(key, { meter: meterRows(key, payload('2')) })),
    ])
    expect((await queries.meterValuesOf(id, { page: 1, pageSize: 10 })).totalCount).toBe(2)
  })

  test('meter values of one block reach their own transactions, however the group cuts and orders the block', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const transactions = [ids++, ids++, ids++]
    const columns = new MeterColumns()
    const ranges = transactions.map((transactionId, i) => {
      const meterValue = Array.from({ length: i + 1 }, (_, n) => sample(`2026-01-01T00:0${n}:00Z`, String(100 * i + n)))
      const payload = { connectorId: 1, transactionId, meterValue }
      return columns.add(payload, payload, { chargePointKey: key, receivedAtMs: arrivalMs })
    })
    const block = columns.finish()
    const rows = (i: number): MeterRows => ({ block, from: ranges[i]?.from ?? 0, to: ranges[i]?.to ?? 0 })
    const commit = (i: number, parts: Partial<ChangeSet> = {}) =>
      writer.commit(changeSet(key, { changes: [started(transactions[i] ?? 0)], meter: rows(i), ...parts }))
    await Promise.all([commit(2), commit(0), commit(1, { meterConnector: { evseId: 9, connectorId: 2 } })])
    const stored = await Promise.all(transactions.map((id) => queries.meterValuesOf(id, { page: 1, pageSize: 10 })))
    expect(stored.map(({ items }) => items.map((row) => [row.energyWh, row.evseId, row.connectorId]))).toEqual([
      [[0, 1, 1]],
      [
        [100, 9, 2],
        [101, 9, 2],
      ],
      [
        [200, 1, 1],
        [201, 1, 1],
        [202, 1, 1],
      ],
    ])
  })

  test('meter values of any age find a place, and the samples of a 2.x transaction are found by its own id', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = ids++
    const stationTransactionId = crypto.randomUUID()
    const times = ['1970-01-01T00:00:00Z', '2026-01-01T00:00:00Z', '2099-12-31T23:59:59Z']
    const payload = {
      transactionInfo: { transactionId: stationTransactionId },
      evse: { id: 1 },
      meterValue: times.map((time) => sample(time, '1')),
    }
    await writer.commit(
      changeSet(key, { changes: [started(id, { stationTransactionId })], meter: meterRows(key, payload) }),
    )
    const { items } = await queries.meterValuesOf(id, { page: 1, pageSize: 10 })
    expect(items.map((row) => row.sampledAtMs)).toEqual(times.map((time) => Date.parse(time)))
  })

  test('a notification sent again is one line of history, a boot is always another', async () => {
    const { database, writer } = store()
    const key = await store().newChargePoint()
    const event = (action: string, occurredAtMs: number | null, payload = { status: 'Available' }): Change => ({
      kind: 'chargePointEvent',
      action,
      occurredAtMs,
      payload,
    })
    const boot: Change = {
      kind: 'boot',
      status: 'Accepted',
      vendor: 'V',
      model: 'M',
      serialNumber: null,
      firmwareVersion: null,
      iccid: null,
      imsi: null,
    }
    const events = async (action: string): Promise<number> =>
      (
        await database.pool.query('SELECT FROM charge_point_events WHERE charge_point_id = $1 AND action = $2', [
          key,
          action,
        ])
      ).rowCount ?? 0

    await writer.commit(changeSet(key, { changes: [event('StatusNotification', arrivalMs)] }))
    await writer.commit(changeSet(key, { changes: [event('StatusNotification', arrivalMs)], epoch: 2 }))
    await writer.commit(changeSet(key, { changes: [event('StatusNotification', arrivalMs + 1000)] }))
    expect(await events('StatusNotification')).toBe(2)

    await writer.commit(changeSet(key, { changes: [event('DataTransfer', null)], messageId: 'a' }))
    await writer.commit(
      changeSet(key, { changes: [event('DataTransfer', null)], messageId: 'a', receivedAtMs: arrivalMs + 9 }),
    )
    await writer.commit(changeSet(key, { changes: [event('DataTransfer', null)], messageId: 'a', epoch: 2 }))
    await writer.commit(changeSet(key, { changes: [event('DataTransfer', null)], messageId: 'b' }))
    expect(await events('DataTransfer')).toBe(3)

    for (const receivedAtMs of [arrivalMs, arrivalMs + 10_000]) {
      await writer.commit(
        changeSet(key, { changes: [boot, event('BootNotification', null)], messageId: 'same', receivedAtMs }),
      )
    }
    expect(await events('BootNotification')).toBe(2)
  })

  test('variables of the device model are kept by component and variable, the last report winning', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const variable = (variableName: string, value: string): Change => ({
      kind: 'variable',
      componentName: 'OCPPCommCtrlr',
      componentInstance: '',
      evseId: 0,
      connectorId: 0,
      variableName,
      variableInstance: '',
      attributeType: 'Actual',
      value,
      mutability: 'ReadWrite',
      persistent: true,
      constant: false,
      characteristics: { dataType: 'integer', supportsMonitoring: false },
    })
    await writer.commit(changeSet(key, { changes: [variable('HeartbeatInterval', '300'), variable('A', '1')] }))
    await writer.commit(
      changeSet(key, { changes: [variable('HeartbeatInterval', '600'), variable('HeartbeatInterval', '900')] }),
    )
    const { totalCount, items } = await queries.variablesOf(key, { page: 1, pageSize: 10 })
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
      updatedAtMs: arrivalMs,
    })
  })

  test('what no text or number of PostgreSQL can hold is stored as near as can be', async () => {
    const { queries, writer } = store()
    const key = await store().newChargePoint()
    const id = ids++
    const odd = `nul \u0000 half \ud800 end`
    const long = 'x'.repeat(40_000)
    const set = startSet(key, id, {
      fact: startFact(id, { ref: `start:${odd}${long}`, seqNo: 1e19, occurredAtMs: Number.NaN, payload: { odd } }),
      answer: { odd },
      messageId: odd,
      changes: [
        started(id, {
          idToken: `${odd}${long}`,
          evseId: 1e12,
          connectorId: Number.NaN,
          reservationId: -1e30,
          stationTransactionId: `${odd}${long}`,
          startedAtMs: 9e15,
        }),
        { ...connectorStatus(1, 'Faulted'), kind: 'connectorStatus', info: odd } as Change,
        { kind: 'chargePointEvent', action: 'DataTransfer', occurredAtMs: -9e15, payload: { odd, long } },
        {
          kind: 'variable',
          componentName: long,
          componentInstance: odd,
          evseId: 0,
          connectorId: 0,
          variableName: long,
          variableInstance: odd,
          attributeType: 'Actual',
          value: odd,
          mutability: null,
          persistent: false,
          constant: false,
          characteristics: null,
        },
      ],
      anomalies: [{ kind: 'quirk', transaction: odd, detail: { odd } }],
    })
    expect(await writer.commit(set)).toEqual({ duplicate: false, answer: { odd } })
    expect(await writer.commit({ ...set, messageId: 'resend' })).toMatchObject({ duplicate: true })
    const clean = 'nul \ufffd half \ufffd end'
    expect(await queries.transactionById(id)).toMatchObject({ evseId: 2_147_483_647, connectorId: 0 })
    expect((await queries.transactionByStationId(key, `${odd}${long}`))?.transactionId).toBe(id)
    expect((await queries.connectorsOf(key))[0]?.info).toBe(clean)
    expect((await queries.anomaliesOf(key, { page: 1, pageSize: 1 })).items[0]?.detail).toEqual({ odd })
  })

  test('a change set that cannot be stored is refused alone; those of the same group are committed', async () => {
    const { queries, writer } = store()
    const keys = await Promise.all(Array.from({ length: 9 }, () => store().newChargePoint()))
    const refusedBefore = writer.stats.refused
    const outcomes = await Promise.allSettled(
      keys.map((key, i) => {
        const changes: Change[] = [connectorStatus(1, 'Charging')]
        // A fraction that no JSON text can hold makes the row unwritable.
        if (i === 4) changes.push({ kind: 'chargePointEvent', action: 'X', occurredAtMs: null, payload: { big: 1n } })
        const id = ids++
        return writer.commit(startSet(key, id, { changes: [...changes, started(id)] }))
      }),
    )
    expect(outcomes.map((outcome) => outcome.status)).toEqual(keys.map((_, i) => (i === 4 ? 'rejected' : 'fulfilled')))
    expect(outcomes[4]).toMatchObject({ reason: { code: 'INTERNAL' } })
    expect(writer.stats.refused).toBe(refusedBefore + 1)
    const stored = await Promise.all(keys.map((key) => queries.connectorsOf(key)))
    expect(stored.map((connectors) => connectors.length)).toEqual(keys.map((_, i) => (i === 4 ? 0 : 1)))
    expect(await queries.openTransactionsOf(keys[4] ?? 0)).toEqual([])
  })

  test('a statement that PostgreSQL itself refuses is undone as a whole, ledger included', async () => {
    const { database, queries, writer } = store()
    const [key, other] = [await store().newChargePoint(), await store().newChargePoint()]
    const [bad, good] = [ids++, ids++]
    await database.pool.query(`ALTER TABLE connectors ADD CONSTRAINT no_${bad} CHECK (charge_point_id <> ${key})`)
    const fact = startFact(bad)
    const set = startSet(key, bad, { fact, changes: [started(bad), connectorStatus(1, 'Charging')] })
    const [refused, stored] = await Promise.allSettled([
      writer.commit(set),
      writer.commit(startSet(other, good, { changes: [started(good), connectorStatus(1, 'Charging')] })),
    ])
    expect(refused).toMatchObject({ status: 'rejected', reason: { code: 'INTERNAL' } })
    expect(stored).toMatchObject({ status: 'fulfilled' })
    expect(await queries.transactionById(bad)).toBeNull()
    await database.pool.query(`ALTER TABLE connectors DROP CONSTRAINT no_${bad}`)
    // Nothing of it was stored, so it is no retransmission when it comes again.
    expect(await writer.commit({ ...set, messageId: 'again', receivedAtMs: arrivalMs + 5 })).toMatchObject({
      duplicate: false,
    })
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
      const { lastSeenAtMs, lastHeartbeatAtMs } = (await queries.chargePoint(of)) ?? {}
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
    await until('the lines', async () => (await queries.messageLog(key, { page: 1, pageSize: 10 })).totalCount === 3)
    const { items } = await queries.messageLog(key, { page: 1, pageSize: 2 })
    expect(items.map((line) => [line.direction, line.frame])).toEqual([
      ['fromChargePoint', '[2,"2","Heartbeat",{}]'],
      ['toChargePoint', '[3,"1",{"odd":"\ufffd"}]'],
    ])
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
    expect((await queries.chargePoint(identity))?.lastSeenAtMs).toBe(arrivalMs)
    expect((await queries.messageLog(key, { page: 1, pageSize: 1 })).totalCount).toBe(1)
    expect(writer.commit(changeSet(key))).rejects.toMatchObject({ code: 'SHUTTING_DOWN' })
  })
})

interface Pool {
  query<Row>(text: string, values: unknown[]): Promise<{ readonly rows: readonly Row[] }>
}

async function meterCount(pool: Pool, key: number): Promise<number> {
  const text = 'SELECT count(*)::int AS count FROM meter_values WHERE charge_point_id = $1'
  return (await pool.query<{ count: number }>(text, [key])).rows[0]?.count ?? -1
}
