// Security events in a flood: little is written, and what is not kept apart is counted.

import { expect, spyOn, test } from 'bun:test'
import { securityEventsFlushMs, securityEventsWaitingMax } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { SecurityEvents } from '../../../src/store/security-events.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { describeStore } from '../../support/store.ts'

const atMs = Date.parse('2026-01-01T00:00:00Z')

describeStore('security events', (store) => {
  test('of a flood are one statement for each interval, and none is lost from the count', async () => {
    const { database, queries } = store()
    const clock = new HandClock()
    const events = new SecurityEvents({ database, clock, log: silentLogger, node: 'csms-1:8080' })
    const type = 'HandshakeUnauthorized'
    const sent = spyOn(database.upkeepPool, 'query')
    const note = (identity: string, at: number): void =>
      events.note({ type, identity, remoteAddress: '192.0.2.1', atMs: at, reason: 'wrong password' })
    for (let at = 0; at < 2_000; at++) note('SAME', atMs + at)
    for (let other = 0; other < securityEventsWaitingMax + 9; other++) note(`FLOOD-${other}`, atMs + 5_000)
    expect(events.waiting).toBeLessThanOrEqual(securityEventsWaitingMax + 1)
    expect(sent).toHaveBeenCalledTimes(0)
    clock.pass(securityEventsFlushMs)
    await events.stop()
    expect(sent).toHaveBeenCalledTimes(1)
    sent.mockRestore()
    const page = { page: 1, pageSize: 1_000 }
    const { items } = await queries.listSecurityEvents({ scope: 'all', type }, page)
    expect(items.reduce((sum, { count }) => sum + count, 0)).toBe(2_000 + securityEventsWaitingMax + 9)
    expect(items.find(({ identity }) => identity === null)).toMatchObject({ count: 10, remoteAddress: '' })
    const same = await queries.listSecurityEvents(
      { scope: 'all', identity: 'SAME', fromMs: atMs, toMs: atMs + 1_000 },
      page,
    )
    expect(same.items).toEqual([])
    const reported = await queries.listSecurityEvents({ scope: 'all', type, toMs: atMs + 2_000 }, page)
    expect(reported.items).toMatchObject([
      { identity: 'SAME', count: 2_000, firstAtMs: atMs, receivedAtMs: atMs + 1_999 },
    ])
  })
})
