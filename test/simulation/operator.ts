// Operators: they send commands to charge points and change their settings, as through the REST API.

import type { Payload, RegistrationStatus } from '../../src/blocks/decision.ts'
import type { TransactionRecord } from '../../src/blocks/records.ts'
import { remoteStart, startCommand, stopCommand } from '../../src/blocks/remote-control/commands.ts'
import { callQueueCallsMax } from '../../src/base/limits.ts'
import type { StoredTransaction } from './database-model.ts'
import type { Watch } from './invariants.ts'
import type { SimulatedNode } from './node.ts'
import type { Commanding } from './plan.ts'
import { pickBy } from '../support/random.ts'
import type { SimulatedDatabaseServer } from './simulated-database.ts'
import { idTags } from './sessions.ts'
import type { SimulatedStation } from './station.ts'

const registrations: readonly RegistrationStatus[] = ['Accepted', 'Accepted', 'Pending', 'Rejected']

/** The actions of operators on one charge point. */
export async function command(
  what: Commanding,
  pick: number,
  { identity, key, habits }: SimulatedStation,
  node: SimulatedNode,
  database: SimulatedDatabaseServer,
  watch: Watch,
): Promise<void> {
  const { model } = database
  const read = async (choose: () => StoredTransaction | undefined): Promise<TransactionRecord | null> => {
    let row: StoredTransaction | undefined
    const isRead = await database.run(node, () => {
      row = choose()
    })
    return isRead && row !== undefined ? recordOf(row, identity, model.correctionsOf(row.id).length) : null
  }
  const chargePoint = { key, identity }
  switch (what) {
    case 'call':
      await node.command(chargePoint, ...readCall(habits.version))
      return
    case 'trigger': {
      const requestedMessage = pick < 0.5 ? 'StatusNotification' : 'Heartbeat'
      await node.command(chargePoint, 'TriggerMessage', { requestedMessage })
      return
    }
    case 'burst': {
      const calls = Array.from({ length: callQueueCallsMax + 5 }, () =>
        node.command(chargePoint, ...readCall(habits.version)),
      )
      await Promise.all(calls)
      return
    }
    case 'start': {
      const transactionId = await node.nextTransactionId().catch(() => null)
      const isBooted = node.live.get(chargePoint)?.bootStatus !== 'Pending'
      if (transactionId === null || !isBooted) return
      const start = { connectorId: 1, idTag: pickBy(pick, idTags), idTokenType: 'ISO14443', transactionId }
      const expected = remoteStart(habits.version, start)
      const isPromised = await node.live.promiseTransaction(chargePoint, expected, transactionId).then(
        () => true,
        () => false,
      )
      if (!isPromised) return
      const { action, payload } = startCommand(habits.version, start)
      const answer = await node.command(chargePoint, action, payload)
      if (answer !== null && answer.status !== 'Accepted')
        await node.live.withdrawPromise(chargePoint, transactionId).catch(() => {})
      return
    }
    case 'stop': {
      const open = model.openTransactionsOf(key).at(-1)
      if (open === undefined) return
      const { action, payload } = stopCommand(habits.version, { ...open, transactionId: open.id })
      await node.command(chargePoint, action, payload)
      return
    }
    case 'close': {
      const open = await read(() => model.openTransactionsOf(key).at(-1))
      if (open !== null) await node.close(open, () => read(() => model.transactions.get(open.transactionId)))
      return
    }
    case 'correct': {
      const isClosed = (row: StoredTransaction): boolean => row.chargePointKey === key && row.closedBy === 'operator'
      const closed = await read(() => [...model.transactions.values()].filter(isClosed).at(-1))
      if (closed === null) return
      const meterStop = (closed.meterStartWh ?? 0) + Math.round(pick * 3)
      await node.correct(closed, meterStop, () => read(() => model.transactions.get(closed.transactionId)))
      return
    }
    case 'provision': {
      const ended = watch.changes(key, node)
      await node.oneAfterAnother(identity, () => provision(pickBy(pick, registrations), identity, key, node, database))
      ended()
      return
    }
    case 'disconnect':
      node.live.disconnect(chargePoint, 'An operator wants it so.')
  }
}

async function provision(
  registrationStatus: RegistrationStatus,
  identity: string,
  key: number,
  node: SimulatedNode,
  database: SimulatedDatabaseServer,
): Promise<void> {
  const update = (): void => {
    const row = database.model.chargePoints.get(key)
    if (row === undefined) return
    row.registrationStatus = registrationStatus
    database.model.fences.set(key)
  }
  // An operator retries after the error that the database cannot be reached.
  while (!(await database.run(node, update))) {
    await new Promise<void>((resolve) => node.after(1_000, resolve))
  }
  node.live.provisioned({ key, identity }, { registrationStatus })
}

function readCall(version: '1.6' | '2.0.1'): [action: string, payload: Payload] {
  return version === '1.6'
    ? ['GetConfiguration', {}]
    : [
        'GetVariables',
        { getVariableData: [{ component: { name: 'OCPPCommCtrlr' }, variable: { name: 'ActiveNetworkProfile' } }] },
      ]
}

function recordOf(row: StoredTransaction, identity: string, corrections: number): TransactionRecord {
  const { id: transactionId, stoppedAtMs, ...rest } = row
  const energy = { consumedWh: null, source: null, soFarWh: null }
  const open = stoppedAtMs === null
  return { ...rest, transactionId, identity, energy, lastRegisterWh: null, stoppedAtMs, open, corrections }
}
