// Cards that stop a session of another card: each is noted once, whichever of the two is reported first.

import type { DatabaseModel } from './database-model.ts'
import { haveCardsInCommon } from './sessions.ts'
import { type Histories, isOfOperator } from './reported.ts'

/** The first problem with the cards that stopped transactions; null if there is none. */
export function stopCardProblem(model: DatabaseModel, histories: Histories): string | null {
  // Uses of one id are noted under one name.
  const expected = new Map<string, { readonly min: number; readonly max: number }>()
  for (const [transactionId, history] of histories) {
    const row = model.transactions.get(transactionId)
    const session = history.find(({ part }) => part !== null)?.part?.session
    const isStopped = history.some(({ fact }) => fact.event === 'Ended' && !isOfOperator(fact))
    if (row === undefined || session === undefined || !isStopped) continue
    const { idTag, stopIdTag, truth } = session
    if (stopIdTag !== null && row.stopIdToken !== stopIdTag) {
      return `Transaction ${transactionId} was stopped by ${stopIdTag}; stored is ${row.stopIdToken}.`
    }
    if (stopIdTag !== null && row.idToken !== idTag) {
      return `Transaction ${transactionId} was begun by ${idTag}; stored is ${row.idToken}.`
    }
    const name = nameOf(row.chargePointKey, row.stationTransactionId ?? String(transactionId))
    const { min, max } = expected.get(name) ?? { min: 0, max: 0 }
    const count = haveCardsInCommon(session) ? 0 : 1
    // Two processes may decide about the two cards at the same time, without knowing of each other.
    expected.set(name, { min: min + (truth.isReportedThroughTwo ? 0 : count), max: max + count })
  }
  const noted = Map.groupBy(
    [...model.anomalies.values()].filter(({ kind }) => kind === 'stopByOtherCard'),
    ({ chargePointKey, transaction }) => nameOf(chargePointKey, transaction ?? ''),
  )
  for (const [name, { min, max }] of expected) {
    const found = noted.get(name)?.length ?? 0
    if (found < min || found > max) return `${name}: a stop by another card is noted ${found} times; expected ${max}.`
  }
  return null
}

function nameOf(chargePointKey: number, transaction: string): string {
  return `CP${chargePointKey}, ${transaction}`
}
