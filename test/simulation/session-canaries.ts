// Planted bugs in the processing of odd sessions and times: registers that fall, cards of the start that come after the
// end, and times without a zone.

import type { Decision, KnownTransaction } from '../../src/blocks/decision.ts'
import type { Hydration } from '../../src/blocks/records.ts'
import type { Canary } from './canary.ts'
import { isTransactionPatch } from '../../src/blocks/stored-rows.ts'
import { DatabaseModel } from './database-model.ts'
import { deciding, remembering } from './plant.ts'

/** Looks up no neighbours of a late register. */
class NeighbourlessModel extends DatabaseModel {
  override registersNextTo(): null {
    return null
  }
}

/** Loses a register with its connection. */
class RegisterlessModel extends DatabaseModel {
  override lastRegister(): null {
    return null
  }
}

/** Reads a charge point without its time zone. */
class ZonelessModel extends DatabaseModel {
  override hydration(key: number, nowMs: number): Hydration | null {
    const found = super.hydration(key, nowMs)
    return found === null ? null : { ...found, chargePoint: { ...found.chargePoint, timeZone: null } }
  }
}

/** The stored fall of a register is lost; the anomaly is not. */
function withoutFalls({ changes, ...decision }: Decision): Decision {
  const left = changes.filter((change) => !isTransactionPatch(change) || change.patch.registerFellFromWh === undefined)
  return { ...decision, changes: left }
}

function withoutNotes({ anomalies, ...decision }: Decision): Decision {
  return { ...decision, anomalies: anomalies.filter(({ kind }) => kind !== 'registerFell') }
}

function withoutCardOnceStopped(transaction: KnownTransaction): KnownTransaction {
  return transaction.stopIdToken ? { ...transaction, idToken: null } : transaction
}

export const sessionCanaries: readonly Canary[] = [
  {
    bug: 'a register that falls and is forgotten',
    planting: { decide: deciding(withoutFalls) },
    breaks: 'fallIsSeen',
  },
  {
    bug: 'a register that falls without a word',
    planting: { decide: deciding(withoutNotes) },
    breaks: 'fallIsSeen',
  },
  {
    bug: 'a register that comes late and is held against nothing',
    planting: { model: () => new NeighbourlessModel() },
    breaks: 'fallIsSeen',
  },
  {
    bug: 'a register that is forgotten with its connection',
    planting: { model: () => new RegisterlessModel() },
    breaks: 'fallIsSeen',
  },
  {
    bug: 'a card of the start that comes after the end and is held against nothing',
    planting: { decide: remembering((transaction) => ({ ...transaction, stopIdToken: null })) },
    breaks: 'otherCardIsNoted',
  },
  {
    bug: 'a card of the start that is compared with that of the stop each time it is reported',
    planting: { decide: remembering(withoutCardOnceStopped) },
    breaks: 'otherCardIsNoted',
  },
  {
    bug: 'a charge point that is known without its time zone',
    planting: { model: () => new ZonelessModel() },
    breaks: 'localTimeIsRead',
  },
  {
    bug: 'a process that forgets the time zone when something else has been changed',
    planting: { fences: (found) => found.map((fence) => ({ ...fence, timeZone: null })) },
    breaks: 'localTimeIsRead',
  },
]
