// Planted bugs in the cooperation of two processes on one database.

import type { ChangeSet } from '../../src/blocks/decision.ts'
import { isOf, isTransactionPatch } from '../../src/blocks/stored-rows.ts'
import type { Canary } from './canary.ts'
import { DatabaseModel } from './database-model.ts'

/** Treats every connection as the newest of its charge point. */
class UnfencedModel extends DatabaseModel {
  protected override isOutdated(set: ChangeSet): boolean {
    return super.isOutdated({ ...set, epoch: 0 })
  }
}

/** Lets every stop replace the one before it. */
class LastStopModel extends DatabaseModel {
  protected override isOutdated(set: ChangeSet): boolean {
    const changes = set.changes.map((change) =>
      isTransactionPatch(change) && change.patch.closedBy === 'station'
        ? { ...change, patch: { ...change.patch, closedBy: 'operator' as const } }
        : change,
    )
    return super.isOutdated({ ...set, changes })
  }
}

/** Of two beginnings of one transaction, silently drops the later one. */
class DroppingModel extends DatabaseModel {
  protected override isOutdated(set: ChangeSet): boolean {
    return super.isOutdated({ ...set, changes: set.changes.filter((change) => !isOf('transactions', change)) })
  }

  protected override begunTwice(): void {}
}

/** Lets an event that was decided from outdated state move the transaction back. */
class ForgettingModel extends DatabaseModel {
  protected override isOutdated(set: ChangeSet): boolean {
    return super.isOutdated({
      ...set,
      changes: set.changes.filter((change) => !isTransactionPatch(change) || change.patch.closedBy !== undefined),
    })
  }
}

export const nodeCanaries: readonly Canary[] = [
  {
    bug: 'an older connection that moves the state of its charge point',
    planting: { model: () => new UnfencedModel() },
    breaks: 'fenced',
  },
  {
    bug: 'a second stop through another process that replaces the first',
    planting: { model: () => new LastStopModel() },
    breaks: 'historyAsStored',
  },
  {
    bug: 'one of two beginnings of a transaction that is dropped',
    planting: { model: () => new DroppingModel() },
    breaks: 'historyAsStored',
  },
  {
    bug: 'a state that is decided from an older story',
    planting: { model: () => new ForgettingModel() },
    breaks: 'historyAsStored',
  },
  {
    bug: 'a message that is acknowledged though it has to be decided again',
    planting: {
      commit: (commit) => async (set) => {
        const { isOutdated: _, ...outcome } = await commit(set)
        return outcome
      },
    },
    breaks: 'acknowledgedIsStored',
  },
  {
    bug: 'a process that is not notified of the changes of others',
    planting: { fences: () => [] },
    breaks: 'actorAsStored',
  },
]
