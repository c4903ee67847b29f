// An operator closes a transaction while its station, or the database, does something else.

import { expect, test } from 'bun:test'
import { closeTransaction } from '../../../src/api/close-transaction.ts'
import type { ChargePointRef } from '../../../src/api/deps.ts'
import { StatorError } from '../../../src/base/errors.ts'
import type { ActorEvent, ChangeSet, CommitOutcome } from '../../../src/csms/decision.ts'
import type { TransactionRecord } from '../../../src/csms/records.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { openTransaction } from '../../support/known.ts'

const open: TransactionRecord = {
  ...openTransaction,
  identity: 'CP001',
  idTokenType: null,
  idTokenStatus: null,
  stoppedAtMs: null,
  meterStopWh: null,
  stopReason: null,
  stopIdToken: null,
  reservationId: null,
  remoteStartId: null,
  chargingState: null,
}

/** Closes `open`; then it is read as `stored`. */
function close(stored: TransactionRecord | null, commit: (set: ChangeSet) => Promise<CommitOutcome>) {
  const did: string[] = []
  const nobody = (): never => {
    throw new Error('Closing asked for what it has no use for.')
  }
  const live = {
    get: nobody,
    call: nobody,
    promiseTransaction: nobody,
    withdrawPromise: nobody,
    provisioned: nobody,
    apply: ({ identity }: ChargePointRef, events: readonly ActorEvent[]) => did.push(`${identity} ${events[0]?.type}`),
    disconnect: ({ identity }: ChargePointRef) => did.push(`${identity} disconnected`),
  }
  const deps = { clock: new HandClock(), live, commit, queries: { transaction: async () => stored } }
  return { did, closed: closeTransaction(deps, open, {}, 'm1') }
}

const commits = async ({ answer }: ChangeSet): Promise<CommitOutcome> => ({ duplicate: false, answer })

test('an operator who closes a transaction gets it as it is stored then, and its charge point moves', async () => {
  const stored: TransactionRecord = { ...open, open: false, closedBy: 'operator', stoppedAtMs: 1 }
  const { did, closed } = close(stored, commits)
  expect(await closed).toBe(stored)
  expect(did).toEqual(['CP001 transactionStopped'])
})

test('a transaction that its station stopped a moment before stays stopped by it, and the operator is told', async () => {
  const { did, closed } = close({ ...open, open: false, closedBy: 'station', stoppedAtMs: 1 }, commits)
  await expect(closed).rejects.toMatchObject({ code: 'CONFLICT' })
  expect(did).toEqual(['CP001 transactionStopped'])
})

test('when nobody knows whether the closing is stored, the charge point is read anew', async () => {
  const away = new StatorError('STORE_UNAVAILABLE', 'The connection broke.')
  const { did, closed } = close(null, () => Promise.reject(away))
  await expect(closed).rejects.toBe(away)
  expect(did).toEqual(['CP001 disconnected'])
})
