// What is stored of prices and costs. Amounts include taxes; the currency is that of the charge point (the variable
// Currency of TariffCostCtrlr).

import type { Payload } from '../values.ts'

/** A price, as a transaction keeps it from its begin on. */
export interface Price {
  /** ISO 4217. */
  readonly currency: string
  readonly perKwh: number
  readonly perMinute: number
  readonly perSession: number
}

/** Whose price it is. */
export type PriceOwner = 'chargePoint' | 'group' | 'default'

/** A price as it is stored. */
export interface PriceRecord extends Price {
  readonly owner: PriceOwner
  readonly changedAtMs: number
  readonly changedBy: string
}

/** Of what a price is: of one charge point, of a group with all groups below it, or of all. */
export type PriceSubject = { readonly chargePointKey: number } | { readonly groupKey: number } | 'all'

/** What an operator says that a transaction costs, and what its charge point is to be told with that. */
export interface GivenCost {
  /** So far, or in the end; null: the operator says nothing about it. */
  readonly totalCost: number | null
  /** Whether it is the cost in the end. */
  readonly isFinal: boolean
  /** TransactionLimitType of 2.1. */
  readonly transactionLimit?: Payload | undefined
  /** MessageContentType (I06). */
  readonly message?: Payload | undefined
  /** When it was given; it also names it. */
  readonly atMs: number
  readonly by: string
}

/** `told`: the charge point was told at the end. `station`: it has computed it itself. */
export type CostSource = 'told' | 'station'

/** What a transaction costs, by one source. */
export interface CostRecord {
  readonly source: CostSource
  readonly totalCost: number | null
  readonly currency: string | null
  readonly detail: Payload | null
  readonly receivedAtMs: number
}

/** All that is stored about the cost of a transaction. */
export interface TransactionCostRecord {
  readonly price: Price | null
  readonly given: GivenCost | null
  /** `atMs` of the given cost that was in an answer last. */
  readonly toldMs: number | null
  readonly costs: readonly CostRecord[]
}

/** A tariff that a charge point has (TariffAssignmentType of 2.1). */
export interface TariffAssignment {
  readonly tariffId: string
  readonly tariffKind: string
  readonly validFrom?: string
  readonly evseIds?: readonly number[]
  readonly idTokens?: readonly string[]
}

/** Reads and stores prices and costs. */
export interface CostQueries {
  /** The price of this subject itself; null: it has none. */
  price(subject: PriceSubject): Promise<PriceRecord | null>
  /** The price that applies to a charge point: its own, of its group or the nearest one above it, or the default. */
  priceOfChargePoint(chargePointKey: number): Promise<PriceRecord | null>
  storePrice(subject: PriceSubject, price: Price, changedBy: string, nowMs: number): Promise<void>
  /** False: there was none. */
  deletePrice(subject: PriceSubject): Promise<boolean>
  transactionCost(transactionId: number): Promise<TransactionCostRecord>
}
