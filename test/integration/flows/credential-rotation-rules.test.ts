// The rules of a credential rotation: its pace, its end, what it refuses, and which charge points wait.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { Client } from 'pg'
import { createLogger } from '../../../src/base/log.ts'
import { rotationIdentitiesMax } from '../../../src/base/limits.ts'
import { flows201 } from '../../fixtures/seed-flows.ts'
import { HandClock } from '../../support/hand-clock.ts'
import type { Habit, PasswordStation } from '../../support/password-fleet.ts'
import { fast, Rotations } from '../../support/rotations.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

type Json = Record<string, unknown>

const logged: string[] = []

let central: TestStator
let rotations: Rotations
let database: Client

beforeAll(async () => {
  central = await TestStator.start({
    settings: { OCPP: { CallTimeout: 1 } },
    hooks: { log: createLogger({ Default: 'Debug' }, { write: (line) => void logged.push(line) }) },
  })
  database = await central.client()
  rotations = new Rotations(central, database)
})

afterAll(() => central.stop())

describe('a rotation', () => {
  const opened: PasswordStation[] = []
  afterEach(() => Promise.all(opened.splice(0).map((station) => station.disconnect())))

  async function stations(prefix: string, ...habits: readonly Habit[]): Promise<PasswordStation[]> {
    const made = await rotations.stations(prefix, ...habits)
    opened.push(...made)
    return made
  }

  test('has stored that it sends before the CALL leaves, and by which node', async () => {
    const [station] = await stations('STORED', 'silent')
    if (station === undefined) throw new Error('One was made.')
    const seen = Promise.withResolvers<unknown>()
    station.onSent = () => {
      const found = database.query(
        `SELECT i.state, i.node = c.node AS "isHolder" FROM credential_rotation_items i
         JOIN charge_points c ON c.id = i.charge_point_id WHERE c.identity = $1`,
        [station.identity],
      )
      seen.resolve(found.then(({ rows }) => rows))
    }
    const id = await rotations.of([station])
    expect(await seen.promise).toEqual([{ state: 'sending', isHolder: true }])
    expect(await rotations.ended(id)).toMatchObject({ state: 'done', counts: { unknown: 1 } })
    expect(station.sent).toHaveLength(1)
  })

  test('keeps its pace', async () => {
    const perMinute = 1_200
    const made = await stations('PACE', ...Array.from({ length: 30 }, () => 'accepts' as const))
    const startMs = performance.now()
    await rotations.ended(await rotations.of(made, { perMinute }))
    expect(performance.now() - startMs).toBeGreaterThan(((made.length - 1) * 60_000) / perMinute)
  })

  test('that is cancelled sends nothing more, and finishes what it has sent', async () => {
    const [silent, offline] = await stations('CANCEL', 'silent', 'offline')
    if (silent === undefined || offline === undefined) throw new Error('Two were made.')
    const id = await rotations.of([silent, offline])
    await until('the CALL', () => silent.sent.length === 1)
    const cancel = { method: 'DELETE' }
    expect(await central.json(`/api/credential-rotations/${id}`, cancel)).toMatchObject({
      state: 'cancelled',
      counts: { sending: 1, cancelled: 1 },
    })
    await offline.connect(central.ocppUrl)
    await rotations.once('the answer', id, (_, { unknown }) => unknown === 1)
    expect(await central.json(`/api/credential-rotations/${id}`, cancel)).toMatchObject({ state: 'cancelled' })
    expect(offline.sent).toEqual([])
    expect((await rotations.items(id)).get(offline.identity)).toMatchObject({ state: 'cancelled', status: null })
    expect(logged.filter((line) => line.includes(`"rotationId":${id},`))).toHaveLength(1)
  })

  test('leaves out a charge point that is deleted meanwhile', async () => {
    const [offline] = await stations('DELETED', 'offline')
    if (offline === undefined) throw new Error('One was made.')
    const id = await rotations.of([offline])
    expect((await central.api(`/api/chargepoints/${offline.identity}`, { method: 'DELETE' })).status).toBe(204)
    expect(await rotations.ended(id)).toMatchObject({ state: 'done', counts: { cancelled: 1 } })
  })

  test('waits for an earlier one of the same charge point', async () => {
    const [station] = await stations('TWICE', 'offline')
    if (station === undefined) throw new Error('One was made.')
    const first = await rotations.of([station])
    const later = await rotations.of([station])
    const states: Promise<Json>[] = []
    station.onSent = () => states.push(rotations.read([later, first][states.length] ?? 0))
    await station.connect(central.ocppUrl)
    expect(await rotations.ended(later)).toMatchObject({ counts: { accepted: 1 } })
    // The later one when the first CALL came, and the first one when the second CALL came.
    expect(await Promise.all(states)).toMatchObject([{ counts: { waiting: 1 } }, { counts: { accepted: 1 } }])
    await rotations.expectWayIn([station])
  })

  test('sends no other password on a connection after which it is unknown which one the charge point has', async () => {
    const [station, other] = await stations('DOUBT', 'silent', 'accepts')
    if (station === undefined || other === undefined) throw new Error('Two were made.')
    expect(await rotations.ended(await rotations.of([station]))).toMatchObject({ counts: { unknown: 1 } })
    const later = await rotations.of([station, other], { perMinute: fast })
    await rotations.once('the other one', later, (_, { accepted }) => accepted === 1)
    expect(station.sent).toHaveLength(1)
    // It had taken the password, and lost its answer.
    station.password = station.sent[0] ?? ''
    station.habit = 'accepts'
    await station.disconnect()
    await station.connect(central.ocppUrl)
    expect(await rotations.ended(later)).toMatchObject({ counts: { accepted: 2 } })
    expect(station.sent).toHaveLength(2)
    await rotations.expectWayIn([station, other])
  })

  test('waits while a charge point may not be sent anything', async () => {
    const raw = await central.bootedRaw('REJECTED', '2.0.1', { registrationStatus: 'Rejected' })
    const id = await rotations.begin({ chargePointIds: ['REJECTED'] })
    const refused = `SELECT FROM credential_rotation_items WHERE rotation_id = $1 AND state = 'waiting' AND not_before IS NOT NULL`
    await until('an attempt', async () => (await database.query(refused, [id])).rowCount === 1)
    expect(raw.inbox).toEqual([])
    await central.json('/api/chargepoints/REJECTED', { method: 'PATCH', body: { registrationStatus: 'Accepted' } })
    await raw.call('BootNotification', flows201.boot)
    const names = { component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }
    const { messageId } = await raw.command('SetVariables')
    raw.answer(messageId, { setVariableResult: [{ ...names, attributeStatus: 'Accepted' }] })
    expect(await rotations.ended(id)).toMatchObject({ state: 'done', counts: { accepted: 1 } })
  })

  test('does not send again what a node had sent that has ended; one whose lease is valid may still be at it', async () => {
    const [station] = await stations('LOST', 'accepts')
    if (station === undefined) throw new Error('One was made.')
    await database.query(
      `INSERT INTO nodes (id, name, started_at, seen_at) VALUES ('other', 'other', now(), 'infinity')`,
    )
    const made = await database.query<{ id: number }>(
      `WITH r AS (INSERT INTO credential_rotations (created_at, created_by, per_minute, expires_at)
         VALUES (now(), 'admin', 6000, now() + interval '1 hour') RETURNING id)
       INSERT INTO credential_rotation_items (rotation_id, charge_point_id, state, node, changed_at)
       SELECT r.id, c.id, 'sending', 'other', now() FROM r, charge_points c WHERE c.identity = $1 RETURNING rotation_id AS id`,
      [station.identity],
    )
    const id = Number(made.rows[0]?.id)
    const probe = await stations('PROBE', 'offline')
    // What is deleted is looked for together with what was lost: once the one is found, so would be the other.
    const other = await rotations.of(probe)
    await central.api('/api/chargepoints/PROBE-0', { method: 'DELETE' })
    await rotations.ended(other)
    expect(await rotations.read(id)).toMatchObject({ counts: { sending: 1 } })
    await database.query(`UPDATE nodes SET seen_at = now() - interval '1 hour' WHERE id = 'other'`)
    expect(await rotations.ended(id)).toMatchObject({ state: 'done', counts: { unknown: 1 } })
    expect(station.sent).toEqual([])
  }, 30_000)

  test('takes a filter, which is what the list of charge points shows', async () => {
    await stations('VENDOR', 'accepts', 'offline')
    const some = await rotations.begin({ filter: { q: 'VENDOR-', connected: true } })
    expect([...(await rotations.items(some)).keys()]).toEqual(['VENDOR-0'])
    const { totalCount } = await central.json('/api/chargepoints?pageSize=1')
    const all = await rotations.begin({ filter: { all: true } })
    expect(await central.json(`/api/credential-rotations/${all}/items?pageSize=1`)).toMatchObject({ totalCount })
    await central.json(`/api/credential-rotations/${all}`, { method: 'DELETE' })
  })

  test.each([
    [{}, 'body'],
    [{ chargePointIds: ['A'], filter: { all: true } }, 'body'],
    [{ chargePointIds: [] }, 'chargePointIds'],
    [{ chargePointIds: Array.from({ length: rotationIdentitiesMax + 1 }, () => 'A') }, 'chargePointIds'],
    [{ filter: {} }, 'filter'],
    [{ filter: { all: true, connected: true } }, 'filter'],
    [{ filter: { all: false } }, 'filter.all'],
    [{ filter: { vendor: 'nobody has this vendor' } }, 'filter'],
    [{ filter: { all: true }, perMinute: 0 }, 'perMinute'],
    [{ filter: { all: true }, expiresInHours: 721 }, 'expiresInHours'],
  ])('is refused for %j', async (body, field) => {
    const answer = await central.api('/api/credential-rotations', { body })
    expect(answer).toMatchObject({ status: 400, body: { details: { field } } })
  })

  test('names the first charge points that do not exist, says how many there are, and begins nothing', async () => {
    const { totalCount } = await central.json('/api/credential-rotations')
    const chargePointIds = Array.from({ length: 15 }, (_, i) => `NOBODY-${i}`)
    const { status, body } = await central.api('/api/credential-rotations', { body: { chargePointIds } })
    expect([status, body['details']]).toEqual([
      400,
      {
        field: 'chargePointIds',
        issue: expect.stringMatching(/'NOBODY-0'.* and 5 more; nothing was begun/),
        unknown: 15,
      },
    ])
    expect(await central.json('/api/credential-rotations')).toMatchObject({ totalCount })
  })

  test('is for operators', async () => {
    await central.provision('OWNER')
    const basic = ['OWNER', passwordDefault] as const
    for (const path of ['', '/1', '/1/items']) {
      expect((await central.api(`/api/credential-rotations${path}`, { basic })).status).toBe(403)
    }
    expect((await central.api('/api/credential-rotations/999999')).status).toBe(404)
  })
})

test('a rotation that expires sends nothing any more', async () => {
  const clock = new HandClock(Date.now())
  const stator = await TestStator.start({ hooks: { clock } })
  try {
    await stator.provision('LATE')
    const rotations = new Rotations(stator)
    const id = await rotations.begin({ chargePointIds: ['LATE'], expiresInHours: 2 })
    clock.pass(2 * 3_600_000 - 1)
    expect(await rotations.read(id)).toMatchObject({ state: 'running' })
    await until('it to expire', async () => {
      clock.pass(1_000)
      return (await rotations.read(id))['state'] === 'expired'
    })
    expect((await rotations.items(id)).get('LATE')).toMatchObject({ state: 'expired' })
  } finally {
    await stator.stop()
  }
})
