// Cards that stop what another one began: each is noted once, whichever of the two is told first.

import type { DatabaseModel } from './database-model.ts'
import { haveCardsInCommon } from './sessions.ts'
import { type Histories, isOfOperator } from './told.ts'

/** What does not hold of the cards that stopped transactions; null when all does. */
export function stopCardProblem(model: DatabaseModel, histories: Histories): string | null {
  // Uses of one id are noted under one name.
  const expected = new Map<string, number>()
  for (const [transactionId, history] of histories) {
    const row = model.transactions.get(transactionId)
    const session = history.find(({ part }) => part !== null)?.part?.session
    const isStopped = history.some(({ fact }) => fact.event === 'Ended' && !isOfOperator(fact))
    if (row === undefined || session === undefined || !isStopped) continue
    const { idTag, stopIdTag } = session
    if (stopIdTag !== null && row.stopIdToken !== stopIdTag) {
      return `Transaction ${transactionId} was stopped by ${stopIdTag}; stored is ${row.stopIdToken}.`
    }
    if (stopIdTag !== null && row.idToken !== idTag) {
      return `Transaction ${transactionId} was begun by ${idTag}; stored is ${row.idToken}.`
    }
    const name = nameOf(row.chargePointKey, row.stationTransactionId ?? String(transactionId))
    expected.set(name, (expected.get(name) ?? 0) + (haveCardsInCommon(session) ? 0 : 1))
  }
  const noted = Map.groupBy(
    [...model.anomalies.values()].filter(({ kind }) => kind === 'stopByOtherCard'),
    ({ chargePointKey, transaction }) => nameOf(chargePointKey, transaction ?? ''),
  )
  for (const [name, count] of expected) {
    const found = noted.get(name)?.length ?? 0
    if (found !== count) return `${name}: a stop by another card is noted ${found} times; expected ${count}.`
  }
  return null
}

function nameOf(chargePointKey: number, transaction: string): string {
  return `CP${chargePointKey}, ${transaction}`
}
