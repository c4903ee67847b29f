// An operator closes a transaction while its station, or the database, does something else.

import { expect, test } from 'bun:test'
import { correctTransaction } from '../../../../src/blocks/transactions/route-correct.ts'
import { closeTransaction } from '../../../../src/blocks/transactions/route-close.ts'
import type { About, ChargePointRef } from '../../../../src/feed/feed.ts'
import { StatorError } from '../../../../src/base/errors.ts'
import type { ChangeSet, CommitOutcome } from '../../../../src/blocks/decision.ts'
import type { TransactionRecord } from '../../../../src/blocks/records.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { openTransaction } from '../../../support/known.ts'
import { openRecord as open } from '../../../support/transaction-record.ts'

/** Closes `open`; afterwards the database returns `stored`. */
function close(stored: TransactionRecord | null, commit: (set: ChangeSet) => Promise<CommitOutcome>) {
  const did: string[] = []
  const nobody = (): never => {
    throw new Error('Closing asked for what it has no use for.')
  }
  const live = {
    get: nobody,
    call: nobody,
    noteQuirk: nobody,
    promiseTransaction: nobody,
    withdrawPromise: nobody,
    provisioned: nobody,
    disconnect: ({ identity }: ChargePointRef) => did.push(`${identity} disconnected`),
  }
  const deps = {
    clock: new HandClock(),
    live,
    commit: async (set: ChangeSet, { chargePoint }: About) => {
      const outcome = await commit(set)
      if (!outcome.duplicate) did.push(`${chargePoint.identity} ${JSON.stringify(set.changes[0])}`)
      return outcome
    },
    queries: { transaction: async () => stored },
  }
  return { did, closed: closeTransaction(deps, open, {}, 'm1') }
}

const commits = async ({ answer }: ChangeSet): Promise<CommitOutcome> => ({ duplicate: false, answer })

test('an operator who closes a transaction gets the stored transaction, and the charge point gets the change', async () => {
  const stored: TransactionRecord = { ...open, open: false, closedBy: 'operator', stoppedAtMs: 1 }
  const { did, closed } = close(stored, commits)
  expect(await closed).toBe(stored)
  expect(did).toEqual([expect.stringMatching(/^CP001 .*"stoppedAtMs":\d+.*"closedBy":"operator"/)])
})

test('a transaction that its station stopped a moment before stays stopped by it, and the operator gets an error', async () => {
  const { did, closed } = close({ ...open, open: false, closedBy: 'station', stoppedAtMs: 1 }, commits)
  await expect(closed).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(did).toEqual([expect.stringMatching(/^CP001 .*"stoppedAtMs":\d+.*"closedBy":"operator"/)])
})

test('if it is unknown whether the closing is stored, the charge point is disconnected and read again', async () => {
  const away = new StatorError('STORE_UNAVAILABLE', 'The connection broke.')
  const { did, closed } = close(null, () => Promise.reject(away))
  await expect(closed).rejects.toBe(away)
  expect(did).toEqual(['CP001 disconnected'])
})

const closed: TransactionRecord = {
  ...open,
  open: false,
  closedBy: 'operator',
  stoppedAtMs: openTransaction.startedAtMs + 1_000,
  meterStopWh: 5_000,
}

/** Corrects `closed` to another meter stop; afterwards the database returns `stored`. */
function correct(stored: TransactionRecord, outcome: Partial<CommitOutcome> = {}) {
  const sets: ChangeSet[] = []
  const commit = async (set: ChangeSet): Promise<CommitOutcome> => {
    sets.push(set)
    return { duplicate: false, answer: set.answer, ...outcome }
  }
  const deps = { clock: new HandClock(), commit, queries: { transaction: async () => stored } }
  const change = (from: TransactionRecord) => correctTransaction(deps, from, { meterStop: 5_100 }, 'admin', 'm1')
  return { sets, change }
}

test('each correction of a transaction is a fact of its own, even with the values of an earlier one', async () => {
  const corrected = { ...closed, meterStopWh: 5_100, corrections: 1 }
  const { sets, change } = correct(corrected)
  expect(await change(closed)).toBe(corrected)
  await change({ ...closed, corrections: 2 })
  expect(sets.map(({ fact }) => [fact?.ref, fact?.seqNo])).toEqual([
    ['correct:42', 1],
    ['correct:42', 3],
  ])
  expect(sets[0]?.changes).toEqual([
    {
      table: 'transactionCorrections',
      row: {
        transactionId: 42,
        number: 1,
        operator: 'admin',
        stoppedAtMs: openTransaction.startedAtMs + 1_000,
        meterStopWh: 5_100,
        stopReason: null,
      },
    },
  ])
})

test('a correction that changes nothing is not stored', async () => {
  const { sets, change } = correct(closed)
  const corrected = { ...closed, meterStopWh: 5_100, corrections: 1 }
  expect(await change(corrected)).toBe(corrected)
  expect(sets).toEqual([])
})

test('if two operators correct the same values, one of them gets an error', async () => {
  const { change } = correct(closed, { duplicate: true })
  await expect(change(closed)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: "Transaction '42' was corrected meanwhile: read it again",
  })
})

test('a correction is refused if the station has stopped the transaction', async () => {
  const { sets, change } = correct({ ...closed, closedBy: 'station' })
  await expect(change(closed)).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(sets).toHaveLength(1)
  await expect(change({ ...closed, closedBy: 'station' })).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(sets).toHaveLength(1)
})
