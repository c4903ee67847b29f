// What the lists and look-ups of the store promise, on every database.

import { describe, expect, test } from 'bun:test'
import { createHash } from 'node:crypto'
import { transactionIdBlock } from '../../../src/base/limits.ts'
import { TransactionIds } from '../../../src/store/transaction-ids.ts'
import {
  boot,
  connectorStatus,
  newTransactionId,
  transactionStarted,
  transactionStopped,
} from '../../support/changes.ts'
import { goneEnd } from '../../support/connection-end.ts'
import { arrivalMs, changeSet, describeStore } from '../../support/store.ts'
import { Credentials } from '../../../src/auth/credentials.ts'
import { claimCredentialSecret } from '../../../src/store/installation.ts'

const page = { page: 1, pageSize: 10 }
const hash = (secret: string): Uint8Array => createHash('sha256').update(secret).digest()

describeStore('the store', (store) => {
  describe('charge points', () => {
    test('one that is created can be read, listed, changed and deleted', async () => {
      const { queries } = store()
      const identity = `CP-${crypto.randomUUID()}`
      expect(await queries.chargePoint(identity, 'all')).toBeNull()
      const input = {
        passwordHash: hash('secretpassword'),
        location: 'Building A, Floor 1',
        strictness: 'strict',
      } as const
      const created = await queries.createChargePoint(identity, input, 'all')
      expect(created).toMatchObject({
        identity,
        status: 'Offline',
        connected: false,
        location: 'Building A, Floor 1',
        ocppVersion: null,
        strictness: 'strict',
        registrationStatus: 'Accepted',
        bootStatus: null,
        lastSeenAtMs: null,
        hasPassword: true,
        hasApiKey: false,
      })
      expect(Math.abs(created.createdAtMs - Date.now())).toBeLessThan(60_000)
      expect(await queries.chargePoint(identity, 'all')).toEqual(created)

      const changed = await queries.updateChargePoint(
        identity,
        { registrationStatus: 'Rejected', location: null },
        'all',
      )
      expect(changed).toEqual({ ...created, registrationStatus: 'Rejected', location: null })
      expect(await queries.updateChargePoint(identity, {}, 'all')).toEqual(changed)

      expect(await queries.deleteChargePoint(identity, 'all')).toBe(created.key)
      expect(await queries.chargePoint(identity, 'all')).toBeNull()
      expect(await queries.credentials(identity)).toBeNull()
      expect(await queries.deleteChargePoint(identity, 'all')).toBeNull()
      expect(await queries.updateChargePoint(identity, { location: 'X' }, 'all')).toBeNull()
    })

    test('an identity exists once, in whatever letter case; after deletion it can be created anew', async () => {
      const { queries } = store()
      const identity = `Cp-${crypto.randomUUID()}`
      const first = await queries.createChargePoint(identity, {}, 'all')
      await expect(queries.createChargePoint(identity, {}, 'all')).rejects.toMatchObject({ code: 'CONFLICT' })
      await expect(queries.createChargePoint(identity.toUpperCase(), {}, 'all')).rejects.toMatchObject({
        code: 'CONFLICT',
        message: expect.stringContaining(`'${identity}' exists already`),
      })
      await queries.deleteChargePoint(identity, 'all')
      const second = await queries.createChargePoint(identity, {}, 'all')
      expect(second.key).not.toBe(first.key)
      await queries.deleteChargePoint(identity, 'all')
      await queries.createChargePoint(identity, {}, 'all')
    })

    test('one with an open transaction is not deleted; its transactions stay when it is', async () => {
      const { queries, writer } = store()
      const identity = `CP-${crypto.randomUUID()}`
      const { key } = await queries.createChargePoint(identity, {}, 'all')
      const id = newTransactionId()
      await writer.commit(changeSet(key, { changes: [transactionStarted(id, { startedAtMs: arrivalMs })] }))
      expect(queries.deleteChargePoint(identity, 'all')).rejects.toMatchObject({ code: 'CONFLICT' })
      await writer.commit(changeSet(key, { changes: [transactionStopped(id, { closedBy: 'operator' })] }))
      expect(await queries.deleteChargePoint(identity, 'all')).toBe(key)
      expect(await queries.transaction(id, 'all')).toMatchObject({ identity, closedBy: 'operator' })
      expect((await queries.listTransactions({ scope: 'all', identity }, page)).totalCount).toBe(1)
    })

    test('lists are filtered by status, ordered by identity and cut to pages', async () => {
      const { queries, writer } = store()
      const prefix = `list-${crypto.randomUUID()}`
      const keys: number[] = []
      for (const name of ['c', 'a', 'b'])
        keys.push((await queries.createChargePoint(`${prefix}-${name}`, {}, 'all')).key)
      const [c = 0, a = 0] = keys
      for (const key of [c, a]) {
        await queries.connect(key, { version: '1.6', node: 'n', atMs: arrivalMs })
        await writer.commit(changeSet(key, { changes: [{ table: 'chargePoints', patch: { status: 'Charging' } }] }))
      }
      const all = { scope: 'all', page: 1, pageSize: 500 } as const
      const listed = async (status?: 'Offline' | 'Charging' | 'Available') =>
        (await queries.listChargePoints({ ...all, ...(status === undefined ? {} : { status }) })).items
          .filter((item) => item.identity.startsWith(prefix))
          .map((item) => [item.identity.at(-1), item.status])
      expect(await listed()).toEqual([
        ['a', 'Charging'],
        ['b', 'Offline'],
        ['c', 'Charging'],
      ])
      expect(await listed('Charging')).toEqual([
        ['a', 'Charging'],
        ['c', 'Charging'],
      ])
      expect(await listed('Offline')).toEqual([['b', 'Offline']])
      expect(await listed('Available')).toEqual([])
      const charging = await queries.listChargePoints({ scope: 'all', status: 'Charging', page: 2, pageSize: 1 })
      expect(charging.totalCount).toBe(2)
      expect(charging.items.map((item) => item.identity)).toEqual([`${prefix}-c`])
      expect(await queries.listChargePoints({ scope: 'all', status: 'Charging', page: 9, pageSize: 1 })).toEqual({
        totalCount: 2,
        items: [],
      })
    })

    test('a text that PostgreSQL cannot hold finds nothing and breaks nothing', async () => {
      const { queries } = store()
      const odd = 'CP\u0000\ud800'
      expect(await queries.chargePoint(odd, 'all')).toBeNull()
      expect(await queries.credentials(odd)).toBeNull()
      expect(await queries.idToken(odd, false)).toBeNull()
      expect(await queries.transactionsByStationId(1, odd)).toEqual([])
      expect(await queries.idTokenRecord(odd)).toBeNull()
      expect(await queries.listTransactions({ scope: 'all', identity: odd, idToken: odd }, page)).toEqual({
        totalCount: 0,
        items: [],
      })
    })
  })

  describe('connections', () => {
    test('credentials are found for many at once, and not for strangers', async () => {
      const { queries } = store()
      const identity = `CP-${crypto.randomUUID()}`
      const hashes = { passwordHash: hash('p'), apiKeyHash: hash('k') }
      const { key } = await queries.createChargePoint(identity, hashes, 'all')
      const [known, unknown, again] = await Promise.all([
        queries.credentials(identity),
        queries.credentials('nobody'),
        queries.credentials(identity),
      ])
      expect(known).toMatchObject({ key, identity })
      expect(Buffer.from(known?.passwordHash ?? []).equals(hash('p'))).toBe(true)
      expect(Buffer.from(known?.apiKeyHash ?? []).equals(hash('k'))).toBe(true)
      expect(unknown).toBeNull()
      expect(again).toEqual(known)
    })

    test('an identity in another letter case finds its charge point', async () => {
      const { queries } = store()
      const name = `Säule-${crypto.randomUUID().slice(0, 8)}-A`
      const { key } = await queries.createChargePoint(name, {}, 'all')
      expect((await queries.credentials(name))?.key).toBe(key)
      const ascii = `Box-${crypto.randomUUID().slice(0, 8)}-A`
      const first = await queries.createChargePoint(ascii, {}, 'all')
      expect((await queries.credentials(ascii.toUpperCase()))?.key).toBe(first.key)
    })

    test('a connection hydrates with connectors and open transactions under an epoch of its own', async () => {
      const { queries, writer } = store()
      const identity = `CP-${crypto.randomUUID()}`
      const { key } = await queries.createChargePoint(identity, { strictness: 'strict' }, 'all')
      const [open, closed] = [newTransactionId(), newTransactionId()]
      const untimedFacts = { count: 2, last: { '2/1': { place: 2, content: '-5' } } }
      await writer.commit(
        changeSet(key, {
          changes: [
            boot(),
            { table: 'chargePoints', patch: { untimedFacts } },
            connectorStatus(2, 'Charging'),
            transactionStarted(open, {
              startedAtMs: arrivalMs + 123,
              chargingState: 'Charging',
              meterStartWh: 12.5,
              stationTransactionId: 'abc',
            }),
            transactionStarted(closed, { startedAtMs: arrivalMs }),
            transactionStopped(closed),
          ],
        }),
      )
      const hydration = await queries.connect(key, { version: '2.0.1', node: 'node-1', atMs: arrivalMs })
      expect(hydration).toEqual({
        chargePoint: {
          key,
          identity,
          version: '2.0.1',
          ...{ vendor: 'VendorName', model: 'Model-X1000', firmwareVersion: null, quirkProfile: null },
          ...{ strictness: 'strict', registrationStatus: 'Accepted', timeZone: null },
          bootStatus: 'Accepted',
          lastBootAtMs: expect.any(Number),
        },
        epoch: expect.any(Number),
        connectors: [{ evseId: 2, connectorId: 1, status: 'Charging' }],
        openTransactions: [
          {
            transactionId: open,
            chargePointKey: key,
            evseId: 1,
            connectorId: 1,
            stationTransactionId: 'abc',
            idToken: 'USER123',
            startedAtMs: arrivalMs + 123,
            meterStartWh: 12.5,
            open: true,
            closedBy: null,
            stopIdToken: null,
            stoppedAtMs: null,
            price: null,
            givenCost: null,
            costToldMs: null,
            story: {
              use: 1,
              isStartReported: true,
              lastEventAtMs: arrivalMs + 123,
              lastSeqNo: null,
              firstReceivedAtMs: expect.any(Number),
              lastReceivedAtMs: expect.any(Number),
              stoppedAtMs: null,
            },
            chargingState: 'Charging',
          },
        ],
        untimedFacts,
        promises: [],
      })
      expect(await queries.chargePoint(identity, 'all')).toMatchObject({
        connected: true,
        ocppVersion: '2.0.1',
        lastSeenAtMs: arrivalMs,
      })
    })

    test('every connection has a greater epoch, those that come at once too, and only the last one can disconnect', async () => {
      const { queries } = store()
      const identity = `CP-${crypto.randomUUID()}`
      const { key } = await queries.createChargePoint(identity, {}, 'all')
      const claim = { version: '1.6', node: 'n', atMs: arrivalMs } as const
      const epochs = (await Promise.all([1, 2, 3].map(() => queries.connect(key, claim)))).map(({ epoch }) => epoch)
      const last = (await queries.connect(key, claim)).epoch
      expect(new Set([...epochs, last]).size).toBe(4)
      expect(epochs).toEqual(epochs.toSorted((a, b) => a - b))
      expect(last).toBeGreaterThan(Math.max(...epochs))
      await Promise.all(epochs.map((epoch) => queries.disconnect(key, epoch, goneEnd)))
      expect((await queries.chargePoint(identity, 'all'))?.connected).toBe(true)
      await queries.disconnect(key, last, goneEnd)
      expect((await queries.chargePoint(identity, 'all'))?.connected).toBe(false)
    })

    test('a deleted charge point cannot connect', async () => {
      const { queries } = store()
      const identity = `CP-${crypto.randomUUID()}`
      const { key } = await queries.createChargePoint(identity, {}, 'all')
      await queries.deleteChargePoint(identity, 'all')
      expect(queries.connect(key, { version: '1.6', node: 'n', atMs: arrivalMs })).rejects.toMatchObject({
        code: 'NOT_FOUND',
      })
    })

    test('credentials that were hashed with another secret stop the start', async () => {
      const { database, queries } = store()
      const [one, other] = [Buffer.from('one'), Buffer.from('other')]
      const claim = (...secrets: [Buffer, ...Buffer[]]) =>
        claimCredentialSecret(database.pool, new Credentials(secrets[0], secrets.slice(1)), 'node')
      await queries.createChargePoint(crypto.randomUUID(), { passwordHash: new Credentials(one).hash('x') }, 'all')
      await claim(one)
      await claim(one)
      await expect(claim(other)).rejects.toMatchObject({ code: 'CREDENTIAL_SECRET_DIFFERS' })
      // The secret is changed by a process that knows both; afterwards the new one alone will do.
      await claim(other, one)
      await claim(other)
      await claim(one, other)
      await claim(other, one)
      await expect(claim(one)).rejects.toMatchObject({ code: 'CREDENTIAL_SECRET_DIFFERS' })
    })
  })

  describe('id tokens', () => {
    test('one that is created is found in any letter case, changed and deleted', async () => {
      const { queries } = store()
      const idToken = `User-${crypto.randomUUID().slice(0, 8)}`
      const created = await queries.createIdToken(idToken, { expiryDateMs: arrivalMs, parentIdTag: 'PARENT' })
      expect(created).toMatchObject({
        idToken,
        type: null,
        status: 'Accepted',
        expiryDateMs: arrivalMs,
        parentIdTag: 'PARENT',
      })
      expect(queries.createIdToken(idToken.toUpperCase(), {})).rejects.toMatchObject({ code: 'CONFLICT' })
      expect(await queries.idToken(idToken.toUpperCase(), true)).toEqual({
        idToken,
        type: null,
        status: 'Accepted',
        expiryDateMs: arrivalMs,
        parentIdTag: 'PARENT',
        tariff: null,
        personalMessage: null,
      })
      expect(
        await queries.updateIdToken(idToken.toLowerCase(), { status: 'Blocked', expiryDateMs: null, type: 'RFID' }),
      ).toEqual({
        ...created,
        status: 'Blocked',
        expiryDateMs: null,
        type: 'RFID',
      })
      expect(await queries.idTokenRecord(idToken.toLowerCase())).toMatchObject({ idToken, status: 'Blocked' })
      expect(await queries.deleteIdToken(idToken.toUpperCase())).toBe(true)
      expect(await queries.idToken(idToken, false)).toBeNull()
      expect(await queries.deleteIdToken(idToken)).toBe(false)
      expect(await queries.updateIdToken(idToken, { status: 'Accepted' })).toBeNull()
    })

    test('many look-ups at once give each its own answer', async () => {
      const { queries } = store()
      const prefix = crypto.randomUUID().slice(0, 8)
      await Promise.all(Array.from({ length: 20 }, (_, i) => queries.createIdToken(`${prefix}-${i}`, {})))
      const found = await Promise.all(Array.from({ length: 40 }, (_, i) => queries.idToken(`${prefix}-${i}`, false)))
      expect(found.map((token) => token?.idToken)).toEqual(
        Array.from({ length: 40 }, (_, i) => (i < 20 ? `${prefix}-${i}` : undefined)),
      )
    })

    test('lists are filtered by status, ordered and cut to pages', async () => {
      const { queries } = store()
      await queries.createIdToken('zz-blocked-2', { status: 'Blocked' })
      await queries.createIdToken('ZZ-blocked-1', { status: 'Blocked' })
      await queries.createIdToken('zz-expired', { status: 'Expired' })
      const blocked = await queries.listIdTokens({ status: 'Blocked', ...page })
      expect(blocked.items.map((token) => token.idToken)).toEqual(['ZZ-blocked-1', 'zz-blocked-2'])
      const all = await queries.listIdTokens({ page: 1, pageSize: 1 })
      expect(all.items).toHaveLength(1)
      expect(all.totalCount).toBeGreaterThanOrEqual(3)
    })
  })

  describe('transactions', () => {
    test('lists are newest first and filtered by charge point, id tag, time and state', async () => {
      const { queries, writer } = store()
      const identity = `CP-${crypto.randomUUID()}`
      const { key } = await queries.createChargePoint(identity, {}, 'all')
      const token = `Tag-${crypto.randomUUID()}`
      const hour = 3_600_000
      const own = [newTransactionId(), newTransactionId(), newTransactionId(), newTransactionId()]
      const [first = 0, second = 0, third = 0, fourth = 0] = own
      await writer.commit(
        changeSet(key, {
          changes: [
            transactionStarted(first, { startedAtMs: arrivalMs, idToken: token }),
            transactionStarted(second, { startedAtMs: arrivalMs + hour, idToken: token.toUpperCase() }),
            transactionStarted(third, { startedAtMs: arrivalMs + 2 * hour }),
            transactionStarted(fourth, { startedAtMs: arrivalMs + 2 * hour }),
            transactionStopped(first),
          ],
        }),
      )
      const listed = async (filter: Parameters<typeof queries.listTransactions>[0]) =>
        (await queries.listTransactions(filter, page)).items.map((item) => item.transactionId)
      expect(await listed({ scope: 'all', identity })).toEqual([fourth, third, second, first])
      expect(await listed({ scope: 'all', idToken: token.toLowerCase() })).toEqual([second, first])
      expect(await listed({ scope: 'all', identity, startedFromMs: arrivalMs + hour })).toEqual([fourth, third, second])
      expect(await listed({ scope: 'all', identity, startedToMs: arrivalMs + hour })).toEqual([second, first])
      expect(await listed({ scope: 'all', identity, open: true })).toEqual([fourth, third, second])
      expect(await listed({ scope: 'all', identity, open: false })).toEqual([first])
      expect(await queries.listTransactions({ scope: 'all', identity }, { page: 2, pageSize: 3 })).toMatchObject({
        totalCount: 4,
        items: [{ transactionId: first, identity }],
      })
      expect((await queries.openTransactionsOf(key)).map((item) => item.transactionId)).toEqual([fourth, third, second])
    })

    test('the newest is the one that was first heard of last, whatever its number and its start time', async () => {
      const { queries, writer } = store()
      const { key, identity } = await queries.createChargePoint(`CP-${crypto.randomUUID()}`, {}, 'all')
      const idToken = `Tag-${crypto.randomUUID()}`
      // The first two have numbers of another node's block. The clock of the charge point is set back between the first and the others.
      const [last, first, second] = [newTransactionId(), newTransactionId(), newTransactionId()]
      const ahead = { startedAtMs: arrivalMs + 31_536_000_000, idToken }
      await writer.commit(changeSet(key, { changes: [transactionStarted(first, ahead)] }))
      for (const [index, id] of [second, last].entries()) {
        const receivedAtMs = arrivalMs + (index + 1) * 1_000
        const started = transactionStarted(id, { startedAtMs: receivedAtMs, idToken })
        await writer.commit(changeSet(key, { receivedAtMs, changes: [started] }))
      }
      const newestFirst = [last, second, first]
      for (const filter of [{ identity }, { idToken }, { identity, open: true }, { idToken, open: true }]) {
        const listed = await queries.listTransactions({ scope: 'all', ...filter }, page)
        expect(listed.items.map(({ transactionId }) => transactionId)).toEqual(newestFirst)
        const next = await queries.listTransactions({ scope: 'all', ...filter }, { page: 2, pageSize: 2 })
        expect(next.items.map(({ transactionId }) => transactionId)).toEqual([first])
      }
      const idsOf = (known: readonly { readonly transactionId: number }[]) =>
        known.map(({ transactionId }) => transactionId)
      expect(idsOf(await queries.openTransactionsOf(key))).toEqual(newestFirst)
      const hydration = await queries.connect(key, { version: '1.6', node: 'n', atMs: arrivalMs })
      expect(idsOf(hydration.openTransactions)).toEqual(newestFirst)
      const before = await queries.beforeStart(key, { evseId: 1, idToken, isPriced: true })
      expect(idsOf(before.openOfIdToken)).toEqual(newestFirst)
    })

    test('a transaction that does not exist has no record and no meter values', async () => {
      const { queries } = store()
      expect(await queries.transaction(1, 'all')).toBeNull()
      expect(await queries.transactionById(1)).toBeNull()
      expect(await queries.meterValuesOf(1, page)).toEqual({ totalCount: 0, items: [] })
    })

    test('transactionIds come from blocks, are never the same, and fit an int32', async () => {
      const { database } = store()
      const [one, two] = [new TransactionIds(database), new TransactionIds(database)]
      const drawn: number[] = []
      for (let i = 0; i < transactionIdBlock * 1.5; i++) drawn.push(await one.next(), await two.next())
      const together = await Promise.all(Array.from({ length: 50 }, () => new TransactionIds(database).next()))
      const all = [...drawn, ...together]
      expect(new Set(all).size).toBe(all.length)
      expect(all.every((id) => Number.isInteger(id) && id > 0 && id < 2 ** 31)).toBe(true)
    })

    test('after the first, a transactionId is at hand without waiting', async () => {
      const ids = new TransactionIds(store().database)
      const first = await ids.next()
      const second = ids.next()
      expect(typeof second).toBe('number')
      expect(second).toBeGreaterThan(first)
    })
  })

  describe('every filter of a list', () => {
    test('runs on an index, its order included, once the tables are large', async () => {
      const { pool } = store().database
      await pool.query(`INSERT INTO charge_points (identity, status, connected)
      SELECT 'CP' || n, CASE WHEN n % 50 = 0 THEN 'Faulted' ELSE 'Available' END, n % 10 > 0 FROM generate_series(1, 5000) n`)
      // An empty partition would be read as a whole: there are rows for each, the default one included.
      await pool.query(`INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, id_token, started_at, stopped_at, received_at)
      SELECT n + n / 100 % 2 * 100000000, n % 5000, 1, 1, 'Tag' || n % 1000, now() - n * interval '1 minute', CASE WHEN n % 100 > 0 THEN now() END, now()
      FROM generate_series(1, 20000) n`)
      await pool.query(`INSERT INTO id_tokens (id_key, id_token, status)
      SELECT 'tag' || n, 'Tag' || n, CASE WHEN n % 50 = 0 THEN 'Blocked' ELSE 'Accepted' END FROM generate_series(1, 5000) n`)
      await pool.query(`INSERT INTO message_log (charge_point_id, at, from_charge_point, frame)
      SELECT n % 500, now() + (n % 9) * interval '1 day', true, '[]' FROM generate_series(1, 20000) n`)
      await pool.query(`INSERT INTO charge_point_events
        (charge_point_id, digest, action, message_id, received_at, payload)
      SELECT n % 100, n, CASE WHEN n % 50 > 4 THEN 'StatusNotification' ELSE 'BootNotification' END, 'm', now() - n * interval '1 minute', '{}'
      FROM generate_series(1, 20000) n`)
      await pool.query(`INSERT INTO meter_values
      SELECT n % 100, n % 1000, CASE WHEN n % 9 = 0 THEN '2099-01-01' ELSE now() + (n % 140 - 40) * interval '1 day' END,
        1, 1, n, now(), 1, 1, 1, 1, 1, '{}' FROM generate_series(1, 20000) n`)
      await pool.query('ANALYZE')
      const queries = {
        charge_points_identity_alike: `SELECT * FROM charge_points
          WHERE lower(identity) = ANY(ARRAY(SELECT lower(i) FROM unnest(ARRAY['cp7', 'cp8']) i)) AND deleted_at IS NULL`,
        charge_points_identity: `SELECT * FROM charge_points WHERE identity = 'CP7' AND deleted_at IS NULL`,
        charge_points_status: `SELECT * FROM charge_points WHERE deleted_at IS NULL AND connected = true AND status = 'Faulted'
        ORDER BY identity LIMIT 20`,
        transactions_0_by_arrival: 'SELECT * FROM transactions ORDER BY received_at DESC, id DESC LIMIT 3',
        transactions_0_of_charge_point_by_arrival: `SELECT * FROM transactions WHERE charge_point_id = 1
        ORDER BY received_at DESC, id DESC LIMIT 3`,
        transactions_0_started: `SELECT * FROM transactions WHERE started_at >= now() - interval '1 day'
        ORDER BY started_at DESC, id DESC LIMIT 20`,
        transactions_0_of_id_token_by_arrival: `SELECT * FROM transactions WHERE left(lower(id_token), 64) = 'tag7'
        ORDER BY received_at DESC, id DESC LIMIT 3`,
        transactions_0_open_of_charge_point_by_arrival: `SELECT * FROM transactions WHERE charge_point_id = 100 AND stopped_at IS NULL
        ORDER BY received_at DESC, id DESC LIMIT 64`,
        id_tokens_status: `SELECT * FROM id_tokens WHERE status = 'Blocked' ORDER BY id_key LIMIT 20`,
        message_log: 'SELECT * FROM message_log WHERE charge_point_id = 1 ORDER BY at DESC, id DESC LIMIT 3',
        charge_point_events_page: `SELECT * FROM charge_point_events WHERE charge_point_id = 1
        ORDER BY received_at DESC, digest DESC LIMIT 3`,
        'charge_point_events_page ': `SELECT * FROM charge_point_events WHERE charge_point_id = 1 AND action = 'BootNotification'
        ORDER BY received_at DESC, digest DESC LIMIT 3`,
        'meter_values_\\w+ meter_values_1': `SELECT * FROM meter_values WHERE charge_point_id = 1 AND transaction_ref = 0
          AND evse_id = 1 AND sampled_at >= now() - interval '1 day' ORDER BY sampled_at, evse_id, connector_id, digest LIMIT 3`,
        meter_values:
          'SELECT * FROM meter_values WHERE charge_point_id = 1 AND transaction_ref = 1 ORDER BY sampled_at LIMIT 3',
      }
      for (const [index, query] of Object.entries(queries)) {
        const plan = (await pool.query<{ 'QUERY PLAN': string }>(`EXPLAIN ${query}`)).rows
          .map((row) => row['QUERY PLAN'])
          .join('\n')
        expect(plan).toMatch(new RegExp(`Index (Only )?Scan.*(using|on) ${index}`))
        expect(plan).not.toContain('Seq Scan')
        expect(plan).not.toMatch(/\bSort \s*\(cost/)
      }
    })
  })
})
