// An id token is erased from every table, on every database: in small steps that another node continues, past rows that
// others hold, and with what was under way.

import { expect, test } from 'bun:test'
import { StatorError } from '../../../src/base/errors.ts'
import { erasureSettleMs, erasureTurnMs } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { ErasureRecord } from '../../../src/blocks/authorization/erasure.ts'
import type { Database } from '../../../src/store/database.ts'
import { Eraser } from '../../../src/store/erasure/eraser.ts'
import { merge, type MergeTask } from '../../../src/store/messages/merge.ts'
import { Merger } from '../../../src/store/messages/merger.ts'
import { createErasures } from '../../../src/store/queries.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { describeStore } from '../../support/store.ts'
import { type BlockLine, storeBlock, storedLines } from '../../support/message-lines.ts'
import { until } from '../../support/until.ts'
import { rowsWith } from '../../support/whole-database.ts'

const reversed = (text: string): string => [...text].reverse().join('')
const seal = { seal: reversed, open: reversed }
const minuteMs = 60_000

/** Nodes that erase, and the time, which passes by itself. */
function erasing(database: Database, nodes = 1, startMs = Date.now()) {
  const clock = new HandClock(startMs)
  const erasures = createErasures(database, seal)
  const forgotten: string[] = []
  const erasers = Array.from({ length: nodes }, () => {
    const forget = (idToken: string): void => void forgotten.push(idToken)
    return new Eraser({ pool: database.upkeepPool, seal, clock, log: silentLogger, forget })
  })
  for (const eraser of erasers) eraser.begin()
  const once = (id: number, holds: (record: ErasureRecord) => boolean): Promise<ErasureRecord> =>
    until('the erasure to go on', async () => {
      clock.pass(erasureTurnMs)
      const record = await erasures.erasure(id)
      return record !== null && holds(record) ? record : null
    })
  return {
    clock,
    erasures,
    forgotten,
    erase: (idToken: string) => erasures.eraseIdToken({ idToken, createdAtMs: clock.nowMs(), createdBy: 'test' }),
    once,
    done: (id: number) => {
      clock.pass(erasureSettleMs)
      return once(id, ({ state }) => state === 'done')
    },
    end: () => Promise.all(erasers.map((eraser) => eraser.end())),
  }
}

/** A row with the token in every place, and rows about `other`, which stay. */
async function fill({ pool }: Database, key: number, token: string, other: string): Promise<void> {
  const escaped = [...token].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
  const payload = `{ "idTag" : "${token}", "other":"${other}", "n":1.50 }`
  const insert = (table: string, columns: string, values: string, ...given: readonly unknown[]) =>
    pool.query(`INSERT INTO ${table} (${columns}) VALUES (${values})`, [...given])
  await insert('id_tokens', 'id_key, id_token, status', `$1, $2, 'Accepted'`, token.toLowerCase(), token)
  await insert(
    'id_tokens',
    'id_key, id_token, status, parent_id_tag',
    `$1, $2, 'Accepted', $3`,
    other.toLowerCase(),
    other,
    token.toLowerCase(),
  )
  const transaction =
    'id, charge_point_id, evse_id, connector_id, id_token, stop_id_token, started_at, stopped_at, received_at'
  const ended = '$1, $2, 1, 1, $3, $4, now(), now(), now()'
  await insert('transactions', transaction, ended, key * 10, key, token, token.toUpperCase())
  await insert('transactions', transaction, ended, key * 10 + 1, key, `${token}_77`, null)
  await insert('transactions', transaction, ended, key * 10 + 2, key, other, token)
  await insert(
    'remote_start_promises',
    'charge_point_id, transaction_id, start, promised_at',
    '$1, $2, $3, now()',
    key,
    key * 10,
    `{"idToken":"${token}"}`,
  )
  const variable =
    'charge_point_id, component_name, component_instance, evse_id, connector_id, variable_name, variable_instance, attribute_type, value, persistent, constant, characteristics, updated_at'
  await insert('variables', variable, `$1, 'A', '', 0, 0, 'B', '', 'Actual', $2, false, false, NULL, now()`, key, token)
  await insert('variables', variable, `$1, 'A', '', 0, 0, 'C', '', 'Actual', $2, false, false, NULL, now()`, key, other)
  await insert(
    'connectors',
    'charge_point_id, evse_id, connector_id, status, status_sent, info, occurred_at, updated_at',
    `$1, 1, 1, 'Available', 'Available', $2, now(), now()`,
    key,
    token,
  )
  await insert(
    'problems',
    'charge_point_id, component_name, component_instance, evse_id, connector_id, tech_info, occurred_at, updated_at',
    `$1, 'A', '', 0, 0, $2, now(), now()`,
    key,
    token,
  )
  await insert(
    'security_events',
    'type, remote_address, node, first_at, received_at, count, reason',
    `'RequestUnauthorized', '::1', 'n', now(), now(), 1, $1`,
    `GET /api/id-tags/${encodeURIComponent(token)}`,
  )
  await insert(
    'anomalies',
    'charge_point_id, received_at, digest, kind, detail, message_id',
    `$1, now(), 1, 'stopByOtherCard', $2, ''`,
    key,
    `{"idTag":"${token}","stopIdTag":"${other}"}`,
  )
  for (const sentAt of ['1970-01-01', '2026-01-01', new Date().toISOString()]) {
    await insert(
      'transaction_facts',
      'charge_point_id, sent_at, digest, received_at, message_id, payload, answer',
      '$1, $2, 7, now(), $3, $4, $5',
      key,
      sentAt,
      'message',
      payload,
      `{"idTagInfo":{"parentIdTag":"${escaped}"}}`,
    )
  }
  await insert(
    'transaction_events',
    'charge_point_id, ref, seq_no, event, message_id, occurred_at, received_at, payload, answer',
    `$1, $2, 0, 'Started', 'm', now(), now(), $3, '{}'`,
    key,
    `start:1:0:2026:${token}`,
    payload,
  )
  await insert(
    'charge_point_events',
    'charge_point_id, digest, action, message_id, received_at, payload',
    `$1, 1, 'DataTransfer', 'm', now(), $2`,
    key,
    `{"data":${JSON.stringify(payload)}}`,
  )
  await insert(
    'meter_values',
    'charge_point_id, transaction_ref, sampled_at, evse_id, connector_id, digest, received_at, meter_value',
    '$1, 0, now(), 1, 1, 1, now(), $2',
    key,
    `{"sampledValue":[{"value":"${other}","customData":{"card":"${token}"}}]}`,
  )
  await log({ pool }, key, '2020-01-01', `[2,"${other}","Authorize",${payload}]`)
  const list = Array.from({ length: 5_000 }, (_, i) => ({ idTag: i === 2_500 ? token : `${other}${i}` }))
  await log({ pool }, key, 'now', JSON.stringify([2, 'm', 'SendLocalList', { localAuthorizationList: list }]))
  await log({ pool }, key, 'now', `[2,"m","Authorize",{"idTag":"${token}`)
  await log({ pool }, key, 'now', `[2,"m","Authorize",{"idTag":"${escaped}"}]`)
  const frames = [`[2,"${other}","Authorize",${payload}]`, `[2,"m","Authorize",{"idTag":"${escaped}"}]`, '[2,"é"]']
  await logBlock({ pool }, key, ...frames, `[2,"m","Authorize",{"idTag":"${other}"}]`)
}

/** As this version stores lines. */
async function logBlock({ pool }: Pick<Database, 'pool'>, key: number, ...frames: readonly string[]): Promise<void> {
  const line = { chargePointKey: key, atMs: Date.now(), direction: 'fromChargePoint' } as const
  await storeBlock(
    pool,
    frames.map((frame) => ({ ...line, frame })),
  )
}

async function log({ pool }: Pick<Database, 'pool'>, key: number, at: string, frame: string): Promise<void> {
  await pool.query(
    `INSERT INTO message_log (charge_point_id, at, from_charge_point, frame) VALUES ($1, $2::timestamptz, true, $3)`,
    [key, at, frame],
  )
}

describeStore('an erasure', (store, provider) => {
  test('replaces the id token in every table, and nothing else', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    const other = 'TOK-1b'
    await fill(database, key, 'Tok-1', other)
    const before = await rowsWith(database.pool, other)
    const { erase, once, done, end, forgotten } = erasing(database)
    const { id, pseudonym } = await erase('tok-1')
    expect(pseudonym).toMatch(/^ERASED-[2-9A-HJ-NP-Z]{12}$/)
    expect(forgotten.every((idToken) => idToken === 'tok-1')).toBe(true)
    await once(id, ({ state }) => state === 'settling')
    const { erased, endedAtMs } = await done(id)
    await end()
    expect(endedAtMs).not.toBeNull()
    expect(erased).toEqual({
      id_tokens: 2,
      transactions: 4,
      remote_start_promises: 1,
      variables: 1,
      connectors: 1,
      problems: 1,
      security_events: 1,
      anomalies: 1,
      transaction_facts: 3,
      transaction_events: 1,
      charge_point_events: 1,
      meter_values: 1,
      message_log: 6,
    })
    const left = await rowsWith(database.pool, 'Tok-1', '\\u0054\\u006f\\u006b', reversed('tok-1'))
    expect(left.filter((row) => !row.toLowerCase().includes(other.toLowerCase()))).toEqual([])
    expect(left.map((row) => row.replaceAll(new RegExp(`${other}\\d*`, 'gi'), '')).join('\n')).not.toMatch(/tok-1/i)
    const others = (rows: readonly string[]): number =>
      rows.join('\n').toLowerCase().split(other.toLowerCase()).length - 1
    expect(others(await rowsWith(database.pool, other))).toBe(others(before))
    const { rows } = await database.pool.query('SELECT payload::text AS payload FROM transaction_facts LIMIT 1')
    expect(rows[0]).toEqual({ payload: `{ "idTag" : "${pseudonym}", "other":"${other}", "n":1.50 }` })
    const tokens = await database.pool.query('SELECT id_token, id_token IS NULL FROM transactions ORDER BY id')
    expect(tokens.rows.map((row) => row.id_token)).toEqual([pseudonym, `${pseudonym}_77`, other])
  })

  test('leaves the id token with a suffix where that is another one', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    await database.pool.query(`INSERT INTO id_tokens (id_key, id_token, status) VALUES ('co_1', 'CO_1', 'Accepted')`)
    await log(database, key, 'now', '[2,"m","Authorize",{"idTag":"CO_1"}]')
    await log(database, key, 'now', '[2,"m","Authorize",{"idTag":"CO_2"}]')
    const { erase, done, end } = erasing(database)
    const { id, pseudonym } = await erase('CO')
    await done(id)
    await end()
    const { rows } = await database.pool.query(
      'SELECT frame FROM message_log WHERE charge_point_id = $1 ORDER BY frame',
      [key],
    )
    expect(rows.map(({ frame }) => JSON.parse(frame)[3].idTag)).toEqual(['CO_1', `${pseudonym}_2`])
  })

  test('finds the id token in blocks of the message log, also when they are merged meanwhile', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    const linesOf = async (): Promise<BlockLine[]> =>
      (await storedLines(database.pool)).filter(({ chargePointKey }) => chargePointKey === key)
    for (let block = 0; block < 40; block++)
      await logBlock(database, key, '[2,"a","Heartbeat",{}]', `[2,"b","Authorize",{"idTag":"block-1","n":${block}}]`)
    const before = await linesOf()
    const { erase, clock, once, done, end } = erasing(database)
    // The token is erased after the blocks were read, and before they are replaced.
    let isErased = false
    const packer = {
      merge: async (task: MergeTask) => {
        const { id } = isErased ? { id: 0 } : await erase('BLOCK-1')
        if (!isErased) await once(id, ({ state }) => state === 'settling')
        isErased = true
        return merge(task)
      },
    }
    const late = new HandClock(clock.nowMs() + 3 * 86_400_000)
    await new Merger({ database, clock: late, packer }).run()
    await new Merger({ database, clock: late, packer }).run()
    await logBlock(database, key, '[2,"late","Authorize",{"idTag":"Block-1"}]')
    const { items } = await createErasures(database, seal).listErasures({ page: 1, pageSize: 1 })
    const [{ id, pseudonym } = { id: 0, pseudonym: '' }] = items
    const { erased } = await done(id)
    await end()
    expect(erased).toEqual({ message_log: 41 })
    expect(await rowsWith(database.pool, 'block-1')).toEqual([])
    const after = await linesOf()
    expect(after.slice(0, -1)).toEqual(
      before.map((line) => ({ ...line, frame: line.frame.replace('block-1', pseudonym) })),
    )
  })

  test('covers what arrives until it is settled, and nothing after it', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    const { erase, once, done, end } = erasing(database)
    const { id } = await erase('LATE-1')
    await once(id, ({ state }) => state === 'settling')
    await log(database, key, 'now', '[2,"m","Authorize",{"idTag":"late-1"}]')
    await done(id)
    expect(await rowsWith(database.pool, 'late-1')).toEqual([])
    await log(database, key, 'now', '[2,"m","Authorize",{"idTag":"late-1"}]')
    await end()
    expect(await rowsWith(database.pool, 'late-1')).toHaveLength(1)
  })

  test('goes on at another node where one ended, and counts each row once', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    for (let i = 0; i < 2_000; i++) {
      if (i % 100 === 0) await log(database, key, 'now', `[2,"m","Authorize",{"idTag":"MOVE-1","i":${i}}]`)
    }
    const first = erasing(database)
    const { id } = await first.erase('MOVE-1')
    first.clock.pass(erasureTurnMs)
    await first.end()
    const second = erasing(database, 2, first.clock.nowMs())
    const { erased } = await second.done(id)
    await second.end()
    expect(erased).toEqual({ message_log: 20 })
    expect(await rowsWith(database.pool, 'MOVE-1')).toEqual([])
  })

  test('leaves the rows of others as they are', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    await log(database, key, 'now', '[2,"ABX","Authorize",{"idTag":"ABXC","data":"an ABX card"}]')
    const { erase, done, end } = erasing(database)
    const { id } = await erase('ABX')
    const { erased } = await done(id)
    await end()
    expect(erased).toEqual({})
    expect(await rowsWith(database.pool, '[2,"ABX","Authorize",{"idTag":"ABXC","data":"an ABX card"}]')).toBeArray()
    const { rowCount } = await database.pool.query(`SELECT FROM message_log WHERE frame LIKE '%an ABX card%'`)
    expect(rowCount).toBe(1)
  })

  test('is refused while a transaction of the id token is open, with any suffix', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    await database.pool.query(
      `INSERT INTO transactions (id, charge_point_id, evse_id, connector_id, id_token, started_at, received_at)
       VALUES (900001, $1, 1, 1, 'Open-1', now(), now()), (900002, $1, 2, 1, 'OPEN-1_77', now(), now())`,
      [key],
    )
    const { erase, erasures, end } = erasing(database)
    const refused = await erase('open-1').catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'CONFLICT', details: { transactionIds: [900_001, 900_002] } })
    expect(String(refused)).not.toMatch(/open-1/i)
    await database.pool.query('UPDATE transactions SET stopped_at = now() WHERE id >= 900001')
    const { pseudonym } = await erase('open-1')
    await end()
    const { items } = await erasures.listErasures({ page: 1, pageSize: 1 })
    expect(items).toMatchObject([{ pseudonym, state: 'running', erased: { transactions: 1 } }])
  })

  test('has the pseudonym of another one of the same id token that is not done, also at the same time', async () => {
    const { erase, done, end } = erasing(store().database)
    const [one, two, other] = await Promise.all([erase('Twice-1'), erase('TWICE-1'), erase('TWICE-12')])
    expect(two.id).not.toBe(one.id)
    expect(two.pseudonym).toBe(one.pseudonym)
    expect(other.pseudonym).not.toBe(one.pseudonym)
    for (const { id } of [one, two, other]) await done(id)
    const later = await erase('Twice-1')
    expect(later.pseudonym).not.toBe(one.pseudonym)
    await done(later.id)
    await end()
  })

  test('is left to other nodes by one that cannot decrypt the id token', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    await log(database, key, 'now', '[2,"m","Authorize",{"idTag":"SEALED-1"}]')
    const clock = new HandClock(Date.now())
    const logged: unknown[] = []
    const open = (): string => {
      throw new StatorError('ENCRYPTION_KEY_DIFFERS', 'Another key.')
    }
    const warnings = { ...silentLogger, warn: (...line: readonly unknown[]) => void logged.push(line.at(-1)) }
    const deps = { pool: database.upkeepPool, clock, log: warnings, forget: () => {} }
    const blind = new Eraser({ ...deps, seal: { ...seal, open } })
    const { erase, done, end } = erasing(database)
    const { id } = await erase('SEALED-1')
    blind.begin()
    await until('the node to say so', () => logged.length > 0)
    await blind.end()
    await done(id)
    await end()
    expect([...new Set(logged)]).toEqual(['This node cannot go on with the erasure of an id token.'])
    expect(await rowsWith(database.pool, 'SEALED-1')).toEqual([])
  })

  test.skipIf(provider === 'Embedded')('waits for a row that is locked, and holds nobody up', async () => {
    const { database, newChargePoint } = store()
    const key = await newChargePoint()
    await log(database, key, 'now', '[2,"m","Authorize",{"idTag":"LOCKED-1"}]')
    const { client, release } = await database.lease()
    await client.query('BEGIN')
    await client.query(`UPDATE message_log SET frame = frame || ' ' WHERE frame LIKE '%LOCKED-1%'`)
    const { erase, clock, erasures, done, end, forgotten } = erasing(database)
    const { id } = await erase('LOCKED-1')
    // It tries again and again: each time it forgets the token of this erasure, and of those of other tests.
    await until('many steps', () => {
      clock.pass(minuteMs)
      return forgotten.filter((idToken) => idToken === 'LOCKED-1').length > 40
    })
    expect(await erasures.erasure(id)).toMatchObject({ state: 'running' })
    await client.query('COMMIT')
    release()
    await done(id)
    await end()
    expect(await rowsWith(database.pool, 'LOCKED-1')).toEqual([])
  })
})
