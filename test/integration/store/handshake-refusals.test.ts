// The last refused handshake of each charge point: however many knock, little is written, and only about charge points.

import { expect, spyOn, test } from 'bun:test'
import { refusalReasonCharactersMax, refusalsFlushMs, refusalsWaitingMax } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { HandshakeRefusal } from '../../../src/blocks/records.ts'
import { HandshakeRefusals } from '../../../src/store/handshake-refusals.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { describeStore, type TestStore } from '../../support/store.ts'

const atMs = Date.parse('2026-01-01T00:00:00Z')

function refusalOf(identity: string, more: Partial<HandshakeRefusal> = {}): HandshakeRefusal {
  const reason = 'wrong credentials'
  return { identity, isKnown: true, atMs, status: 401, reason, remoteAddress: '192.0.2.1', ...more }
}

function refusalsOf({ database }: TestStore) {
  const clock = new HandClock()
  return { clock, refusals: new HandshakeRefusals({ database, clock, log: silentLogger, node: 'csms-1:8080' }) }
}

describeStore('refused handshakes', (store) => {
  test('leave the last one of each charge point, whatever came before it', async () => {
    const { queries } = store()
    const key = await store().newChargePoint('REFUSED')
    const { refusals } = refusalsOf(store())
    refusals.note(refusalOf('REFUSED', { atMs: atMs - 1_000, isKnown: false, reason: 'no credentials' }))
    refusals.note(refusalOf('REFUSED'))
    await refusals.stop()
    const lastRefusal = {
      atMs,
      status: 401,
      reason: 'wrong credentials',
      remoteAddress: '192.0.2.1',
      node: 'csms-1:8080',
    }
    expect(await queries.connectivityOf(key)).toEqual({ lastDisconnect: null, lastRefusal })

    const older = refusalsOf(store()).refusals
    older.note(refusalOf('REFUSED', { atMs: atMs - 1, status: 503 }))
    await older.stop()
    expect((await queries.connectivityOf(key)).lastRefusal).toEqual(lastRefusal)
  })

  test('of identities that do not exist store nothing', async () => {
    const { refusals } = refusalsOf(store())
    refusals.note(refusalOf('NOBODY-1', { isKnown: false }))
    await refusals.stop()
    const { rows } = await store().database.pool.query(
      'SELECT FROM handshake_refusals r LEFT JOIN charge_points c ON c.id = r.charge_point_id WHERE c.id IS NULL',
    )
    expect(rows).toEqual([])
  })

  test('in a storm are one statement for each interval, and strangers take no room from charge points', async () => {
    const key = await store().newChargePoint('IN-THE-STORM')
    const { database, queries } = store()
    const { clock, refusals } = refusalsOf(store())
    const sent = spyOn(database.upkeepPool, 'query')
    const before = sent.mock.calls.length
    for (let n = 0; n < 20_000; n++) refusals.note(refusalOf(`STRANGER-${n}`, { isKnown: false }))
    expect(refusals.waiting).toBe(refusalsWaitingMax)
    for (let n = 0; n < 1_000; n++) refusals.note(refusalOf('IN-THE-STORM', { atMs: atMs + n }))
    expect(refusals.waiting).toBe(refusalsWaitingMax + 1)
    clock.pass(refusalsFlushMs)
    expect(refusals.waiting).toBe(0)
    await refusals.stop()
    const named = (call: unknown) => JSON.stringify(call).includes('stator_store_refusals')
    expect(sent.mock.calls.slice(before).filter(named)).toHaveLength(1)
    sent.mockRestore()
    expect((await queries.connectivityOf(key)).lastRefusal?.atMs).toBe(atMs + 999)
  })

  test('with a long reason, or one that no database takes, are stored with the beginning of it', async () => {
    const key = await store().newChargePoint('LONG-REASON')
    const { refusals } = refusalsOf(store())
    refusals.note(refusalOf('LONG-REASON', { reason: `offered: \0${'x'.repeat(10_000)}` }))
    await refusals.stop()
    const { lastRefusal } = await store().queries.connectivityOf(key)
    expect(lastRefusal?.reason).toStartWith('offered: \uFFFDxxx')
    expect(lastRefusal?.reason).toHaveLength(refusalReasonCharactersMax)
  })
})
