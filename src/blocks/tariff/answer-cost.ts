// What the answer to a TransactionEvent tells of the cost (2.0.1 I02, I03, I06; 2.1 also E16), and what is stored of
// it. A transaction without a price and without a cost that an operator has given passes through here untouched.

import type { OCPP21 } from 'typed-ocpp'
import type { ByVersion } from '../../ocpp/version.ts'
import type { Change, KnownTransaction, Payload } from '../decision.ts'
import type { NewRow } from '../stored-rows.ts'
import { costBy, type Usage } from './cost.ts'
import type { GivenCost } from './cost-records.ts'

/** An event of a transaction, as far as the cost depends on it. */
export interface CostCase {
  readonly transactionId: number
  /** As it was known before the event. */
  readonly transaction: Pick<KnownTransaction, 'price' | 'givenCost' | 'costToldMs'>
  /** `late`: something newer has come before; it changes and tells nothing. */
  readonly moment: 'running' | 'ended' | 'late'
  readonly usage: () => Usage
}

/** What is told and stored. */
export interface CostOutcome {
  readonly answer: Payload
  readonly changes: readonly Change[]
}

const nothing: CostOutcome = { answer: {}, changes: [] }

/** What a version can say in the answer to a TransactionEvent. */
interface Vocabulary {
  /** Whether `totalCost` is the cost so far while the transaction goes on: in 2.0.1 it is sent at the end only. */
  readonly hasRunningCost: boolean
  readonly hasLimit: boolean
  readonly hasMessage: boolean
}

export const costVocabulary: ByVersion<Vocabulary> = {
  '1.6': { hasRunningCost: false, hasLimit: false, hasMessage: false },
  '2.0.1': { hasRunningCost: false, hasLimit: false, hasMessage: true },
  '2.1': { hasRunningCost: true, hasLimit: true, hasMessage: true },
}

/** The cost in an answer: of an operator, if one was given, else by the price of the transaction. */
export function costOutcome(version: keyof typeof costVocabulary, about: CostCase): CostOutcome {
  const { transaction, moment } = about
  const given = transaction.givenCost ?? null
  if (moment === 'late' || (given === null && (transaction.price ?? null) === null)) return nothing
  const words = costVocabulary[version]
  const isEnd = moment === 'ended'
  const cost = isEnd || words.hasRunningCost ? costOf(about, given, isEnd) : null
  const news = given === null || given.atMs === transaction.costToldMs ? {} : newsIn(given, words)
  const isGivenTold = Object.keys(news).length > 0 || cost?.isGiven === true
  const toldMs = given !== null && isGivenTold && given.atMs !== transaction.costToldMs ? given.atMs : null
  return {
    answer: cost === null ? news : { totalCost: cost.row.totalCost, ...news },
    changes: [
      ...(cost !== null && isEnd ? [{ table: 'transactionCosts' as const, row: cost.row }] : []),
      ...(toldMs === null ? [] : [costTold(about.transactionId, toldMs)]),
    ],
  }
}

function costTold(transactionId: number, costToldMs: number): Change {
  return { table: 'transactions', transactionId, patch: { costToldMs } }
}

interface Cost {
  readonly isGiven: boolean
  readonly row: NewRow<'transactionCosts'> & { readonly totalCost: number }
}

/** What an operator gave as the cost so far is not the cost in the end. */
function costOf({ transactionId, transaction, usage }: CostCase, given: GivenCost | null, isEnd: boolean): Cost | null {
  const row = { transactionId, source: 'told' as const }
  if (given !== null && given.totalCost !== null && (given.isFinal || !isEnd)) {
    const { totalCost, by, atMs } = given
    return { isGiven: true, row: { ...row, totalCost, currency: null, detail: { givenBy: by, givenAtMs: atMs } } }
  }
  const { price } = transaction
  if (price === null || price === undefined) return null
  const used = usage()
  const totalCost = costBy(price, used)
  if (totalCost === null) return null
  return { isGiven: false, row: { ...row, totalCost, currency: price.currency, detail: { price, ...used } } }
}

/** What is told once. */
function newsIn({ transactionLimit, message }: GivenCost, { hasLimit, hasMessage }: Vocabulary): Payload {
  return {
    ...(hasLimit && transactionLimit !== undefined ? { transactionLimit } : {}),
    ...(hasMessage && message !== undefined ? { updatedPersonalMessage: message } : {}),
  }
}

type CostDetails = NonNullable<OCPP21.TransactionEventRequest['costDetails']>

/** What the charge point itself has computed (2.1). Of several the last one counts. */
export function reportedCost(transactionId: number, details: CostDetails): Change {
  const { total, currency } = details.totalCost
  const totalCost = details.failureToCalculate === true ? null : (total.inclTax ?? total.exclTax ?? null)
  const row = { transactionId, source: 'station' as const, totalCost, currency, detail: { ...details } }
  return { table: 'transactionCosts', row }
}
