// New passwords for many charge points: which of them are sent one, what the report says, and that every charge point
// can connect with the password that it has.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test'
import type { Client } from 'pg'
import { createLogger } from '../../../src/base/log.ts'
import { rotationIdentitiesMax } from '../../../src/base/limits.ts'
import { flows201 } from '../../fixtures/seed-flows.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { type Habit, passwordFleet, PasswordStation, stateOf } from '../../support/password-fleet.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

const fast = 6_000
const logged: string[] = []

let central: TestStator
let database: Client

beforeAll(async () => {
  central = await TestStator.start({
    settings: { OCPP: { CallTimeout: 1 } },
    hooks: { log: createLogger({ Default: 'Debug' }, { write: (line) => void logged.push(line) }) },
  })
  database = await central.client()
})

afterAll(() => central.stop())

type Json = Record<string, unknown>

/** Creates these charge points with the password that all have at first. */
async function provision(stations: readonly PasswordStation[], stator = central): Promise<void> {
  const seed = `SEED-${crypto.randomUUID().slice(0, 8)}`
  await stator.provision(seed)
  await database.query(
    `INSERT INTO charge_points (identity, password_hash)
     SELECT v.identity, s.password_hash FROM unnest($1::text[]) AS v(identity), charge_points s WHERE s.identity = $2`,
    [stations.map(({ identity }) => identity), seed],
  )
}

async function connectAll(stations: readonly PasswordStation[], stator = central): Promise<void> {
  for (let from = 0; from < stations.length; from += 25) {
    await Promise.all(stations.slice(from, from + 25).map((station) => station.connect(stator.ocppUrl)))
  }
}

async function begin(body: Json, stator = central): Promise<number> {
  const { id } = await stator.json('/api/credential-rotations', { body: { perMinute: fast, ...body } }, 202)
  return Number(id)
}

function rotate(stations: readonly PasswordStation[], more: Json = {}, stator = central): Promise<number> {
  return begin({ chargePointIds: stations.map(({ identity }) => identity), ...more }, stator)
}

/** The rotation, once `holds`. */
function rotationOnce(what: string, id: number, holds: (rotation: Json, counts: Json) => boolean, stator = central) {
  return until(
    what,
    async () => {
      const rotation = await stator.json(`/api/credential-rotations/${id}`)
      return holds(rotation, rotation['counts'] as Json) ? rotation : null
    },
    30_000,
  )
}

function ended(id: number, stator = central): Promise<Json> {
  return rotationOnce(`rotation ${id} to end`, id, ({ state }) => state !== 'running', stator)
}

interface Item {
  readonly chargePointId: string
  readonly state: string
  readonly status: string | null
  readonly errorCode: string | null
  readonly error: string | null
}

async function itemsOf(id: number, query = '', stator = central): Promise<Map<string, Item>> {
  const { items } = await stator.json(`/api/credential-rotations/${id}/items?pageSize=500${query}`)
  return new Map((items as Item[]).map((item) => [item.chargePointId, item]))
}

/** That each can connect with the password that it has, and those that took a new one not with the old. */
async function expectWayIn(stations: readonly PasswordStation[], stator = central): Promise<void> {
  for (const station of stations) {
    expect([station.identity, await station.knock(stator.ocppUrl)]).toEqual([station.identity, 101])
    if (station.password === passwordDefault) continue
    expect([station.identity, await station.knock(stator.ocppUrl, passwordDefault)]).toEqual([station.identity, 401])
  }
}

describe('a fleet of 200 charge points', () => {
  const fleet = passwordFleet('FLEET', 200, [
    'accepts',
    'accepts',
    'accepts',
    'refuses',
    'fails',
    'silent',
    'reboots',
    'returns',
    'offline',
  ])
  const offline = fleet.filter(({ habit }) => habit === 'offline')
  let id: number

  beforeAll(async () => {
    await provision(fleet)
    await connectAll(fleet.filter(({ habit }) => habit !== 'offline'))
    const answer = await central.api('/api/credential-rotations', {
      body: { chargePointIds: fleet.map(({ identity }) => identity), perMinute: fast },
    })
    expect(answer.status).toBe(202)
    id = Number(answer.body['id'])
    expect(answer.headers.get('Location')).toBe(`/api/credential-rotations/${id}`)
    expect(answer.body).toMatchObject({ createdBy: 'admin', perMinute: fast, state: 'running', endedAt: null })
    await rotationOnce(
      'all that are connected',
      id,
      (_, { waiting, sending }) => waiting === offline.length && sending === 0,
    )
  }, 60_000)

  afterAll(() => Promise.all(fleet.map((station) => station.disconnect())))

  test('is sent one new password each, and the report says what became of it', async () => {
    const items = await itemsOf(id)
    for (const { identity, habit, sent } of fleet) {
      const item = items.get(identity)
      expect([identity, habit, item?.state]).toEqual([identity, habit, stateOf[habit]])
      expect([identity, sent.length]).toEqual([identity, habit === 'offline' ? 0 : 1])
    }
    const of = (habit: string) => items.get(fleet.find((station) => station.habit === habit)?.identity ?? '')
    expect(of('accepts')).toMatchObject({ status: 'Accepted', errorCode: null, error: null })
    expect(of('refuses')).toMatchObject({ status: 'Rejected', errorCode: null })
    expect(of('reboots')).toMatchObject({ status: 'RebootRequired' })
    expect(of('fails')).toMatchObject({ status: null, errorCode: 'CALL_ERROR' })
    expect(of('silent')).toMatchObject({ status: null, errorCode: 'CALL_TIMEOUT' })
    expect(of('returns')).toMatchObject({ status: null, errorCode: 'NOT_CONNECTED' })
    const refused = await itemsOf(id, '&state=refused')
    expect([...refused.keys()]).toEqual(
      fleet.filter(({ habit }) => stateOf[habit] === 'refused').map((s) => s.identity),
    )
  })

  test('can connect with what it has, and none with a password that it has replaced', async () => {
    for (const station of fleet) await station.settled()
    for (const { habit, password, sent } of fleet)
      if (habit === 'accepts' || habit === 'returns') expect([password]).toEqual(sent)
    await expectWayIn(fleet)
  }, 30_000)

  test('whose missing charge points get theirs when they connect, and then the rotation is done', async () => {
    await connectAll(offline)
    expect(await ended(id)).toMatchObject({ state: 'done', counts: { waiting: 0, sending: 0 } })
    for (const { password, sent } of offline) expect([password]).toEqual(sent)
    await expectWayIn(offline)
    const listed = await central.json('/api/credential-rotations?pageSize=1')
    expect(listed).toMatchObject({ totalCount: 1, credentialRotations: [{ id, state: 'done' }] })
    expect(logged.filter((line) => line.includes('A credential rotation has ended.'))).toHaveLength(1)
  }, 30_000)

  test('is counted by state in the metrics', async () => {
    const { text } = (await central.api('/metrics')).body
    const accepted = fleet.filter(({ habit }) => habit === 'accepts' || habit === 'offline').length
    expect(text).toContain(`stator_credential_rotations_total{state="accepted"} ${accepted}`)
    expect(text).toContain('stator_credential_rotations_total{state="failed"} 0')
  })

  test('has its passwords in no log line and in no answer, also if a charge point repeats one', async () => {
    const answers = JSON.stringify([
      await central.json(`/api/credential-rotations/${id}`),
      ...(await itemsOf(id)).values(),
    ])
    expect(answers).toContain('no *** here')
    const text = answers + logged.join('')
    expect(text).toContain('A charge point was sent a new password.')
    expect(fleet.flatMap(({ sent }) => sent).filter((password) => text.includes(password))).toEqual([])
  })
})

describe('a rotation', () => {
  const opened: PasswordStation[] = []
  afterEach(() => Promise.all(opened.splice(0).map((station) => station.disconnect())))

  /** Fresh charge points, connected unless they are offline. */
  async function stations(prefix: string, ...habits: readonly Habit[]): Promise<PasswordStation[]> {
    const made = habits.map((habit, i) => new PasswordStation(`${prefix}-${i}`, i % 2 === 0 ? '1.6' : '2.0.1', habit))
    opened.push(...made)
    await provision(made)
    await connectAll(made.filter(({ habit }) => habit !== 'offline'))
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
    const id = await rotate([station])
    expect(await seen.promise).toEqual([{ state: 'sending', isHolder: true }])
    expect(await ended(id)).toMatchObject({ state: 'done', counts: { unknown: 1 } })
    expect(station.sent).toHaveLength(1)
  })

  test('keeps its pace', async () => {
    const perMinute = 1_200
    const made = await stations('PACE', ...Array.from({ length: 30 }, () => 'accepts' as const))
    const startMs = performance.now()
    await ended(await rotate(made, { perMinute }))
    expect(performance.now() - startMs).toBeGreaterThan(((made.length - 1) * 60_000) / perMinute)
  })

  test('that is cancelled sends nothing more, and finishes what it has sent', async () => {
    const [silent, offline] = await stations('CANCEL', 'silent', 'offline')
    if (silent === undefined || offline === undefined) throw new Error('Two were made.')
    const id = await rotate([silent, offline])
    await until('the CALL', () => silent.sent.length === 1)
    const cancel = { method: 'DELETE' }
    expect(await central.json(`/api/credential-rotations/${id}`, cancel)).toMatchObject({
      state: 'cancelled',
      counts: { sending: 1, cancelled: 1 },
    })
    await offline.connect(central.ocppUrl)
    await rotationOnce('the answer', id, (_, { unknown }) => unknown === 1)
    expect(await central.json(`/api/credential-rotations/${id}`, cancel)).toMatchObject({ state: 'cancelled' })
    expect(offline.sent).toEqual([])
    expect((await itemsOf(id)).get(offline.identity)).toMatchObject({ state: 'cancelled', status: null })
    expect(logged.filter((line) => line.includes(`"rotationId":${id},`))).toHaveLength(1)
  })

  test('leaves out a charge point that is deleted meanwhile', async () => {
    const [offline] = await stations('DELETED', 'offline')
    if (offline === undefined) throw new Error('One was made.')
    const id = await rotate([offline])
    expect((await central.api(`/api/chargepoints/${offline.identity}`, { method: 'DELETE' })).status).toBe(204)
    expect(await ended(id)).toMatchObject({ state: 'done', counts: { cancelled: 1 } })
  })

  test('waits for an earlier one of the same charge point', async () => {
    const [station] = await stations('TWICE', 'offline')
    if (station === undefined) throw new Error('One was made.')
    const first = await rotate([station])
    const later = await rotate([station])
    const states: Promise<Json>[] = []
    station.onSent = () => states.push(central.json(`/api/credential-rotations/${[later, first][states.length]}`))
    await station.connect(central.ocppUrl)
    expect(await ended(later)).toMatchObject({ counts: { accepted: 1 } })
    // The later one when the first CALL came, and the first one when the second CALL came.
    expect(await Promise.all(states)).toMatchObject([{ counts: { waiting: 1 } }, { counts: { accepted: 1 } }])
    await expectWayIn([station])
  })

  test('sends no other password on a connection after which it is unknown which one the charge point has', async () => {
    const [station, other] = await stations('DOUBT', 'silent', 'accepts')
    if (station === undefined || other === undefined) throw new Error('Two were made.')
    expect(await ended(await rotate([station]))).toMatchObject({ counts: { unknown: 1 } })
    const later = await rotate([station, other], { perMinute: fast })
    await rotationOnce('the other one', later, (_, { accepted }) => accepted === 1)
    expect(station.sent).toHaveLength(1)
    // It had taken the password, and lost its answer.
    station.password = station.sent[0] ?? ''
    station.habit = 'accepts'
    await station.disconnect()
    await station.connect(central.ocppUrl)
    expect(await ended(later)).toMatchObject({ counts: { accepted: 2 } })
    expect(station.sent).toHaveLength(2)
    await expectWayIn([station, other])
  })

  test('waits while a charge point may not be sent anything', async () => {
    const raw = await central.bootedRaw('REJECTED', '2.0.1', { registrationStatus: 'Rejected' })
    const id = await begin({ chargePointIds: ['REJECTED'] })
    const refused = `SELECT FROM credential_rotation_items WHERE rotation_id = $1 AND state = 'waiting' AND not_before IS NOT NULL`
    await until('an attempt', async () => (await database.query(refused, [id])).rowCount === 1)
    expect(raw.inbox).toEqual([])
    await central.json('/api/chargepoints/REJECTED', { method: 'PATCH', body: { registrationStatus: 'Accepted' } })
    await raw.call('BootNotification', flows201.boot)
    const names = { component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }
    const { messageId } = await raw.command('SetVariables')
    raw.answer(messageId, { setVariableResult: [{ ...names, attributeStatus: 'Accepted' }] })
    expect(await ended(id)).toMatchObject({ state: 'done', counts: { accepted: 1 } })
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
    const other = await rotate(probe)
    await central.api('/api/chargepoints/PROBE-0', { method: 'DELETE' })
    await ended(other)
    expect(await central.json(`/api/credential-rotations/${id}`)).toMatchObject({ counts: { sending: 1 } })
    await database.query(`UPDATE nodes SET seen_at = now() - interval '1 hour' WHERE id = 'other'`)
    expect(await ended(id)).toMatchObject({ state: 'done', counts: { unknown: 1 } })
    expect(station.sent).toEqual([])
  }, 30_000)

  test('takes a filter, which is what the list of charge points shows', async () => {
    await stations('VENDOR', 'accepts', 'offline')
    const some = await begin({ filter: { q: 'VENDOR-', connected: true } })
    expect([...(await itemsOf(some)).keys()]).toEqual(['VENDOR-0'])
    const { totalCount } = await central.json('/api/chargepoints?pageSize=1')
    const all = await begin({ filter: { all: true } })
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
    const id = await begin({ chargePointIds: ['LATE'], expiresInHours: 2 }, stator)
    clock.pass(2 * 3_600_000 - 1)
    expect(await stator.json(`/api/credential-rotations/${id}`)).toMatchObject({ state: 'running' })
    await until('it to expire', async () => {
      clock.pass(1_000)
      return (await stator.json(`/api/credential-rotations/${id}`))['state'] === 'expired'
    })
    expect((await itemsOf(id, '', stator)).get('LATE')).toMatchObject({ state: 'expired' })
  } finally {
    await stator.stop()
  }
})

test('a rotation goes on after a restart, and no charge point is sent two passwords', async () => {
  const fleet = passwordFleet('RESTART', 60, ['accepts', 'accepts', 'silent', 'returns'])
  await provision(fleet)
  for (const station of fleet) await station.stayConnected(central.ocppUrl)
  const sent = (): number => fleet.filter((station) => station.sent.length > 0).length
  const id = await rotate(fleet, { perMinute: 1_200 })
  await until('some to be sent', () => sent() > 10)
  await central.restart()
  expect(sent()).toBeLessThan(fleet.length)
  expect(await ended(id)).toMatchObject({ state: 'done', counts: { waiting: 0, sending: 0, failed: 0 } })
  const items = await itemsOf(id)
  for (const { identity, habit, sent: passwords } of fleet) {
    expect([identity, passwords.length]).toEqual([identity, 1])
    expect([stateOf[habit], 'unknown']).toContain(items.get(identity)?.state ?? '')
  }
  await Promise.all(fleet.map((station) => station.disconnect()))
  await expectWayIn(fleet)
}, 60_000)

test('two nodes share a rotation: each sends to the charge points that it holds, and one that moves gets one', async () => {
  const Security = { CredentialSecret: 'the same at both nodes, as it has to be' }
  const first = await TestStator.start({ settings: { Security } })
  const Database = { ConnectionString: first.connectionString }
  const second = await TestStator.start({ settings: { Security, Database } })
  const fleet = passwordFleet('NODES', 40, ['accepts', 'accepts', 'refuses'])
  const own = database
  database = await first.client()
  try {
    await provision(fleet, first)
    await connectAll(fleet.slice(0, 20), first)
    await connectAll(fleet.slice(20), second)
    const startMs = performance.now()
    const id = await rotate(fleet, { perMinute: 1_200 }, second)
    await until('some to be sent', () => fleet.some(({ sent }) => sent.length > 0))
    // A charge point that moves while it waits, and one that moves when it has its password.
    const moving = [
      fleet.findLast((s) => s.sent.length === 0 && s.habit === 'accepts'),
      fleet.find((s) => s.sent.length > 0),
    ]
    for (const station of moving) await station?.connect(first.ocppUrl)
    expect(await ended(id, first)).toMatchObject({ state: 'done' })
    expect(performance.now() - startMs).toBeGreaterThan(39 * 50)
    const items = await itemsOf(id, '', first)
    for (const { identity, habit, sent } of fleet)
      expect([identity, items.get(identity)?.state, sent.length]).toEqual([identity, stateOf[habit], 1])
    await expectWayIn(fleet, second)
  } finally {
    database = own
    for (const station of fleet) await station.disconnect()
    await second.stop()
    await first.stop()
  }
}, 60_000)

test('a rotation on the embedded database begins at once, and goes on after a restart', async () => {
  const stator = await TestStator.start({ provider: 'Embedded', settings: { OCPP: { CallTimeout: 1 } } })
  const [station, late] = [
    new PasswordStation('EMB-0', '1.6', 'accepts'),
    new PasswordStation('EMB-1', '2.0.1', 'accepts'),
  ]
  try {
    for (const { identity } of [station, late]) await stator.provision(identity)
    await station.stayConnected(stator.ocppUrl)
    const id = await rotate([station, late], {}, stator)
    await rotationOnce('the first one', id, (_, { accepted }) => accepted === 1, stator)
    await stator.restart()
    await late.connect(stator.ocppUrl)
    expect(await ended(id, stator)).toMatchObject({ state: 'done', counts: { accepted: 2 } })
    for (const each of [station, late]) await each.disconnect()
    expect([station.sent, late.sent].map(({ length }) => length)).toEqual([1, 1])
    await expectWayIn([station, late], stator)
  } finally {
    await stator.stop()
  }
}, 60_000)
