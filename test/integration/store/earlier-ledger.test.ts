// A deploy with nodes of this version and of the one before on one database: a message is recognised at whichever of
// them it comes again.

import { expect, test } from 'bun:test'
import { earlierNodesHours, resendDays } from '../../../src/base/limits.ts'
import type { ChangeSet, CommitOutcome, TransactionFact } from '../../../src/blocks/decision.ts'
import { commitGroup } from '../../../src/store/commit-group.ts'
import { EarlierLedger, type EarlierLedgerUse } from '../../../src/store/earlier-ledger.ts'
import { eraseIn } from '../../../src/store/erasure/token-text.ts'
import { dropEarlierLedger } from '../../../src/store/partitions.ts'
import { newTransactionId, startFact, startSet } from '../../support/changes.ts'
import { commitAtEarlierNode, storeAtEarlierNode } from '../../support/earlier-node.ts'
import { describeStore, type TestStore } from '../../support/store.ts'
import { until } from '../../support/until.ts'

/** Another message with this fact. */
function message(key: number, fact: Partial<TransactionFact>): ChangeSet {
  const id = newTransactionId()
  return startSet(key, id, { fact: startFact(id, { ref: 'tx:T:Updated:12:00', ...fact }) })
}

async function leased<T>(
  { database }: TestStore,
  work: (client: Awaited<ReturnType<TestStore['database']['lease']>>['client']) => Promise<T>,
): Promise<T> {
  const lease = await database.lease()
  try {
    return await work(lease.client)
  } finally {
    lease.release()
  }
}

const atEarlier = (store: TestStore, set: ChangeSet): Promise<CommitOutcome> =>
  leased(store, (client) => commitAtEarlierNode(client, set))

async function atThis(
  store: TestStore,
  set: ChangeSet,
  use: EarlierLedgerUse,
  expectsNew: boolean,
): Promise<CommitOutcome | undefined> {
  const { outcomes } = await leased(store, (client) => commitGroup(client, [set], [], expectsNew, false, use))
  return outcomes[0]
}

/** Facts of one ref: the second is another one than the first. */
const contents = ['100', '200', '300'] as const

describeStore('the ledger of the version before', (store, provider) => {
  test.each([
    ['written', true],
    ['written', false],
    ['asked', true],
    ['asked', false],
  ] as const)('is where a fact is found that came there first (%s, in one trip: %p)', async (use, expectsNew) => {
    const key = await store().newChargePoint()
    const originals = contents.map((content) => message(key, { content }))
    for (const set of originals) expect((await atEarlier(store(), set)).duplicate).toBe(false)
    for (const { answer, fact } of originals) {
      const again = message(key, { content: fact?.content })
      expect(await atThis(store(), again, use, expectsNew)).toEqual({ duplicate: true, answer })
    }
    const other = message(key, { content: '400' })
    expect(await atThis(store(), other, use, expectsNew)).toEqual({ duplicate: false, answer: other.answer })
    expect(await atThis(store(), message(key, { content: '400' }), use, expectsNew)).toEqual({
      duplicate: true,
      answer: other.answer,
    })
  })

  test.each([true, false])('has what is stored here while it is written, in one trip: %p', async (expectsNew) => {
    const key = await store().newChargePoint()
    // The first content has the key to itself, the others share it.
    for (const content of contents) {
      const original = message(key, { content })
      expect((await atThis(store(), original, 'written', expectsNew))?.duplicate).toBe(false)
      expect(await atEarlier(store(), message(key, { content }))).toEqual({ duplicate: true, answer: original.answer })
      const again = await atThis(store(), message(key, { content }), 'written', expectsNew)
      expect(again).toEqual({ duplicate: true, answer: original.answer })
    }
    // Several of one key in one group are each stored.
    const [one, two] = [message(key, { ref: 'both', content: '1' }), message(key, { ref: 'both', content: '2' })]
    await leased(store(), (client) => commitGroup(client, [one, two], [], expectsNew, false, 'written'))
    for (const { answer, fact } of [one, two]) {
      const again = message(key, { ref: 'both', content: fact?.content })
      expect(await atEarlier(store(), again)).toEqual({ duplicate: true, answer })
    }
  })

  test('recognises what was stored before contents were kept, by the key alone', async () => {
    const key = await store().newChargePoint()
    const original = message(key, { content: undefined })
    await atEarlier(store(), original)
    for (const use of ['written', 'asked'] as const) {
      for (const expectsNew of [true, false]) {
        const again = message(key, { content: '7' })
        expect(await atThis(store(), again, use, expectsNew)).toEqual({ duplicate: true, answer: original.answer })
      }
    }
  })

  test('recognises a start whose id token has been erased', async () => {
    const key = await store().newChargePoint()
    const ref = 'start:1:0:2026-11-27T08:00:00Z:CARD-9'
    const originals = contents.map((content) => message(key, { ref, content }))
    for (const set of originals) await atEarlier(store(), set)
    const token = { key: 'card-9', pseudonym: 'ERASED-1', isWord: false, isOther: () => false }
    const { pool } = store().database
    const { rows } = await pool.query('SELECT ref FROM transaction_events WHERE charge_point_id = $1', [key])
    for (const { ref: stored } of rows) {
      const values = [key, stored, eraseIn(stored, 'ref', token)]
      await pool.query('UPDATE transaction_events SET ref = $3 WHERE charge_point_id = $1 AND ref = $2', values)
    }
    for (const use of ['written', 'asked'] as const) {
      for (const { answer, fact } of originals) {
        const again = message(key, { ref, content: fact?.content })
        expect(await atThis(store(), again, use, use === 'asked')).toEqual({ duplicate: true, answer })
      }
    }
  })

  test('a fact without a time is known on both sides by its place', async () => {
    const key = await store().newChargePoint()
    const placed = (place: number) => ({ content: '9', place, sentAtMs: null, ref: `tx:T:Updated:place ${place}` })
    const [first, second] = [message(key, placed(1)), message(key, placed(2))]
    await atEarlier(store(), first)
    expect((await atThis(store(), second, 'written', true))?.duplicate).toBe(false)
    const firstAgain = await atThis(store(), message(key, placed(1)), 'written', true)
    expect(firstAgain).toEqual({ duplicate: true, answer: first.answer })
    expect(await atEarlier(store(), message(key, placed(2)))).toEqual({ duplicate: true, answer: second.answer })
  })

  test('a commit that was lost and is done again is no duplicate, in whichever state it is', async () => {
    const key = await store().newChargePoint()
    for (const [nth, use] of (['written', 'asked', 'unused'] as const).entries()) {
      const set = message(key, { ref: use, content: String(nth) })
      for (const isAgain of [false, true]) {
        const { outcomes } = await leased(store(), (client) => commitGroup(client, [set], [], true, isAgain, use))
        expect(outcomes).toEqual([{ duplicate: false, answer: set.answer }])
      }
    }
  })

  test.skipIf(provider === 'Embedded')('a fact that a node of either version is storing is waited for', async () => {
    const key = await store().newChargePoint()
    const original = message(key, { content: '100' })
    const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`
    for (const expectsNew of [true, false]) {
      const ref = `at once ${expectsNew}`
      const fact = { ref, content: '100' }
      await leased(store(), async (client) => {
        await client.query('BEGIN')
        await storeAtEarlierNode(client, { ...original, fact: startFact(1, fact) })
        const again = atThis(store(), message(key, fact), 'written', expectsNew)
        await until('the other node to wait', async () => (await store().database.pool.query(waits)).rowCount === 1)
        await client.query('COMMIT')
        expect(await again).toEqual({ duplicate: true, answer: original.answer })
      })
    }
  })

  test('is written for a day after a node of that version was seen, asked for 90 days, and then emptied', async () => {
    const { database } = store()
    const ledger = new EarlierLedger(database)
    const use = async (): Promise<EarlierLedgerUse> => {
      await ledger.look()
      return ledger.use
    }
    const seen = (ago: string) =>
      database.pool.query(`UPDATE earlier_ledger SET seen_at = clock_timestamp() - $1::interval`, [ago])
    const empty = async (): Promise<void> => {
      await leased(store(), async (client) => expect(await dropEarlierLedger(client, resendDays)).toEqual([]))
    }
    const rows = async () => (await database.pool.query('SELECT FROM transaction_events')).rowCount
    expect(ledger.use).toBe('written')
    expect(await use()).toBe('unused')
    await database.pool.query(
      `INSERT INTO nodes (id, name, started_at, seen_at)
       VALUES ('earlier', 'earlier:1', clock_timestamp(), clock_timestamp())`,
    )
    expect(await use()).toBe('written')
    await database.pool.query(`DELETE FROM nodes WHERE id = 'earlier'`)
    expect(await use()).toBe('written')
    await seen(`${earlierNodesHours} h`)
    expect(await use()).toBe('asked')
    await atEarlier(store(), message(await store().newChargePoint(), { content: '1' }))
    await seen(`${resendDays - 1} days`)
    await empty()
    expect(await rows()).toBeGreaterThan(0)
    expect(await use()).toBe('asked')
    await seen(`${resendDays + 1} days`)
    await empty()
    expect(await rows()).toBe(0)
    expect(await use()).toBe('unused')
  })
})
