// Planted bugs: each wraps a real part, and each has to be found. If one is not, the simulation is blind to it.

import type { ChangeSet, TransactionFact } from '../../src/blocks/decision.ts'
import type { OpenPromise } from '../../src/blocks/records.ts'
import { isOf } from '../../src/blocks/stored-rows.ts'
import type { Canary } from './canary.ts'
import { DatabaseModel } from './database-model.ts'

/** A ledger that takes a retransmission with a new message id for another message. */
class ForgetfulModel extends DatabaseModel {
  protected override factKey(set: ChangeSet, fact: TransactionFact): string {
    return `${super.factKey(set, fact)}\0${set.messageId}`
  }
}

/** A database that now and then reports a commit that it did not make. */
class LossyModel extends DatabaseModel {
  override commit(...group: Parameters<DatabaseModel['commit']>): ReturnType<DatabaseModel['commit']> {
    const [sets] = group
    const isLost = sets.length > 0 && sets.every(({ messageId }) => messageId.endsWith('7'))
    if (!isLost) return super.commit(...group)
    return {
      outcomes: sets.map(({ answer }) => ({ duplicate: false, answer })),
      duplicates: 0,
      outdated: 0,
      meterRows: 0,
      hadStored: false,
    }
  }
}

/** A database that keeps no promised transactionIds. */
class PromisingModel extends DatabaseModel {
  protected override promisesOf(): readonly OpenPromise[] {
    return []
  }
}

export const canaries: readonly Canary[] = [
  {
    bug: 'a pipeline that answers before the commit',
    planting: {
      commit: (commit) => (set) => {
        commit(set).catch(() => {})
        return Promise.resolve({ duplicate: false, answer: set.answer })
      },
    },
    breaks: 'acknowledgedIsStored',
  },
  {
    bug: 'a store that forgets the business key of a fact',
    planting: { model: () => new ForgetfulModel() },
    breaks: 'storedOnce',
  },
  {
    bug: 'an actor that moves before the commit',
    planting: {
      commit: (commit, node) => (set) => {
        const live = [...node.registry].find(({ chargePointKey }) => chargePointKey === set.chargePointKey)?.live
        for (const change of set.changes) {
          if (isOf('connectors', change)) live?.apply([change])
        }
        return commit(set)
      },
    },
    breaks: 'actorAsStored',
  },
  {
    bug: 'a store that loses a commit in ten',
    planting: { model: () => new LossyModel() },
    breaks: 'acknowledgedIsStored',
  },
  {
    bug: 'a store that forgets what a remote start has promised',
    planting: { model: () => new PromisingModel() },
    breaks: 'promiseKept',
  },
  {
    bug: 'meter values that are left out of the commit',
    planting: { commit: (commit) => (set) => commit({ ...set, meter: null }) },
    breaks: 'acknowledgedIsStored',
  },
  {
    bug: 'a gateway that lets a frame overtake the one before it',
    planting: {
      receive: (receive) => {
        const held = new Map<object, string>()
        return (socket, text) => {
          const earlier = held.get(socket)
          if (earlier !== undefined) {
            held.delete(socket)
            receive(socket, text)
            receive(socket, earlier)
          } else if (text.includes('"SecurityEventNotification"')) held.set(socket, text)
          else receive(socket, text)
        }
      },
    },
    breaks: 'inOrder',
  },
  {
    bug: 'a gateway that loses a frame in ten',
    planting: {
      receive: (receive) => (socket, text) => {
        if (!text.includes('4","')) receive(socket, text)
      },
    },
    breaks: 'answered',
  },
  {
    bug: 'a node that does not find out who has died',
    planting: { leases: (leases) => ({ ...leases, sweep: () => Promise.resolve(0) }) },
    breaks: 'presence',
  },
  {
    bug: 'a node that does not correct what it could not report to the database',
    planting: { leases: (leases) => ({ ...leases, release: () => Promise.resolve() }) },
    breaks: 'presence',
  },
  {
    bug: 'a node that does not get back what was swept',
    planting: {
      leases: (leases) => ({ ...leases, confirm: () => Promise.resolve({ regained: [], overtaken: [] }) }),
    },
    breaks: 'presence',
  },
]
