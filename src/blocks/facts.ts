// Facts of a charge point: the rows of tables in which each row is the last word about something. The store reads all
// such tables in the same way, so that a new one needs no query.

import type { Page, PageOf } from './records.ts'
import type { NameOf } from './stored-rows.ts'
import type { storedTables } from './tables.ts'

type Tables = typeof storedTables

/** A table of facts: of one charge point each, with the time when they came. */
export type FactTable = {
  [Name in keyof Tables]: 'chargePointKey' | 'receivedAtMs' extends NameOf<Tables[Name]> ? Name : never
}[keyof Tables]

/** A fact as it is read. */
export type Fact<Name extends FactTable> = Readonly<Omit<Tables[Name]['$inferSelect'], 'chargePointKey'>>

/** The fact, and for one that names a transaction the number that Stator gave it; null: it names none that is known. */
export type ListedFact<Name extends FactTable> = Fact<Name> & { readonly transactionId: number | null }

/** Reads facts by the key of a charge point. */
export interface FactQueries {
  /** Those whose columns are equal to `wanted`, the newest first. */
  factsOf<Name extends FactTable>(
    table: Name,
    chargePointKey: number,
    wanted: Partial<Fact<Name>>,
    page: Page,
  ): Promise<PageOf<ListedFact<Name>>>
  /** Those whose `column` has one of these values. */
  factsAbout<Name extends FactTable, Column extends keyof Fact<Name>>(
    table: Name,
    chargePointKey: number,
    column: Column,
    values: readonly Fact<Name>[Column][],
  ): Promise<readonly Fact<Name>[]>
}
