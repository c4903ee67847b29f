// New passwords for a whole fleet: which charge points are sent one, what the report says, and that every charge point
// can connect with the password that it has; through restarts, at two nodes, and on the embedded database.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { createLogger } from '../../../src/base/log.ts'
import { passwordFleet, PasswordStation, stateOf } from '../../support/password-fleet.ts'
import { fast, Rotations } from '../../support/rotations.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

const logged: string[] = []

let central: TestStator
let rotations: Rotations

beforeAll(async () => {
  central = await TestStator.start({
    settings: { OCPP: { CallTimeout: 1 } },
    hooks: { log: createLogger({ Default: 'Debug' }, { write: (line) => void logged.push(line) }) },
  })
  rotations = new Rotations(central, await central.client())
})

afterAll(() => central.stop())

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
    await rotations.provision(fleet)
    await rotations.connect(fleet.filter(({ habit }) => habit !== 'offline'))
    const answer = await central.api('/api/credential-rotations', {
      body: { chargePointIds: fleet.map(({ identity }) => identity), perMinute: fast },
    })
    expect(answer.status).toBe(202)
    id = Number(answer.body['id'])
    expect(answer.headers.get('Location')).toBe(`/api/credential-rotations/${id}`)
    expect(answer.body).toMatchObject({ createdBy: 'admin', perMinute: fast, state: 'running', endedAt: null })
    await rotations.once(
      'all that are connected',
      id,
      (_, { waiting, sending }) => waiting === offline.length && sending === 0,
    )
  }, 60_000)

  afterAll(() => Promise.all(fleet.map((station) => station.disconnect())))

  test('is sent one new password each, and the report says what became of it', async () => {
    const items = await rotations.items(id)
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
    const refused = await rotations.items(id, '&state=refused')
    expect([...refused.keys()]).toEqual(
      fleet.filter(({ habit }) => stateOf[habit] === 'refused').map((s) => s.identity),
    )
  })

  test('can connect with what it has, and none with a password that it has replaced', async () => {
    for (const station of fleet) await station.settled()
    for (const { habit, password, sent } of fleet)
      if (habit === 'accepts' || habit === 'returns') expect([password]).toEqual(sent)
    // Those that are offline would be sent theirs when they knock.
    await rotations.expectWayIn(fleet.filter(({ habit }) => habit !== 'offline'))
  }, 30_000)

  test('whose missing charge points get theirs when they connect, and then the rotation is done', async () => {
    await rotations.connect(offline)
    expect(await rotations.ended(id)).toMatchObject({ state: 'done', counts: { waiting: 0, sending: 0 } })
    const found = await rotations.items(id)
    for (const { identity, password, sent } of offline)
      expect([identity, found.get(identity)?.error, password]).toEqual([identity, null, ...sent])
    await rotations.expectWayIn(offline)
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
    const answers = JSON.stringify([await rotations.read(id), ...(await rotations.items(id)).values()])
    expect(answers).toContain('no *** here')
    const text = answers + logged.join('')
    expect(text).toContain('A charge point was sent a new password.')
    expect(fleet.flatMap(({ sent }) => sent).filter((password) => text.includes(password))).toEqual([])
  })
})

test('a rotation goes on after a restart, and no charge point is sent two passwords', async () => {
  const fleet = passwordFleet('RESTART', 60, ['accepts', 'accepts', 'silent', 'returns'])
  await rotations.provision(fleet)
  for (const station of fleet) await station.stayConnected(central.ocppUrl)
  const sent = (): number => fleet.filter((station) => station.sent.length > 0).length
  const id = await rotations.of(fleet, { perMinute: 1_200 })
  await until('some to be sent', () => sent() > 10)
  await central.restart()
  expect(sent()).toBeLessThan(fleet.length)
  expect(await rotations.ended(id)).toMatchObject({ state: 'done', counts: { waiting: 0, sending: 0, failed: 0 } })
  const items = await rotations.items(id)
  for (const { identity, habit, sent: passwords } of fleet) {
    expect([identity, passwords.length]).toEqual([identity, 1])
    expect([stateOf[habit], 'unknown']).toContain(items.get(identity)?.state ?? '')
  }
  await Promise.all(fleet.map((station) => station.disconnect()))
  await rotations.expectWayIn(fleet)
}, 60_000)

test('two nodes share a rotation: each sends to the charge points that it holds, and one that moves gets one', async () => {
  const Security = { CredentialSecret: 'the same at both nodes, as it has to be' }
  const first = await TestStator.start({ settings: { Security } })
  const Database = { ConnectionString: first.connectionString }
  const second = await TestStator.start({ settings: { Security, Database } })
  const fleet = passwordFleet('NODES', 40, ['accepts', 'accepts', 'refuses'])
  const rotations = new Rotations(first, await first.client())
  const atSecond = new Rotations(second)
  try {
    await rotations.provision(fleet)
    await rotations.connect(fleet.slice(0, 20))
    await atSecond.connect(fleet.slice(20))
    const startMs = performance.now()
    const id = await atSecond.of(fleet, { perMinute: 1_200 })
    await rotations.once('one to accept', id, (_, { accepted }) => accepted !== 0)
    const taken = await rotations.items(id, '&state=accepted')
    // A charge point that moves while it waits, and one that moves when it has its password.
    const moving = [
      fleet.findLast((s) => s.sent.length === 0 && s.habit === 'accepts'),
      fleet.find((s) => taken.has(s.identity)),
    ]
    for (const station of moving) await station?.connect(first.ocppUrl)
    expect(await rotations.ended(id)).toMatchObject({ state: 'done' })
    expect(performance.now() - startMs).toBeGreaterThan(39 * 50)
    const items = await rotations.items(id)
    for (const { identity, habit, sent } of fleet)
      expect([identity, items.get(identity)?.state, sent.length]).toEqual([identity, stateOf[habit], 1])
    await atSecond.expectWayIn(fleet)
  } finally {
    for (const station of fleet) await station.disconnect()
    await second.stop()
    await first.stop()
  }
}, 60_000)

test('a rotation on the embedded database begins at once, and goes on after a restart', async () => {
  const stator = await TestStator.start({ provider: 'Embedded', settings: { OCPP: { CallTimeout: 1 } } })
  const rotations = new Rotations(stator)
  const [station, late] = [
    new PasswordStation('EMB-0', '1.6', 'accepts'),
    new PasswordStation('EMB-1', '2.0.1', 'accepts'),
  ]
  try {
    await rotations.provision([station, late])
    await station.stayConnected(stator.ocppUrl)
    const id = await rotations.of([station, late])
    await rotations.once('the first one', id, (_, { accepted }) => accepted === 1)
    await stator.restart()
    await late.connect(stator.ocppUrl)
    expect(await rotations.ended(id)).toMatchObject({ state: 'done', counts: { accepted: 2 } })
    for (const each of [station, late]) await each.disconnect()
    expect([station.sent, late.sent].map(({ length }) => length)).toEqual([1, 1])
    await rotations.expectWayIn([station, late])
  } finally {
    await stator.stop()
  }
}, 60_000)
