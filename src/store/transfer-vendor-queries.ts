// The vendors whose DataTransfer messages are accepted.

import { asc, count, eq, sql } from 'drizzle-orm'
import type { Pool } from 'pg'
import type { Clock } from '../base/clock.ts'
import { transferVendorsCheckMs, transferVendorsMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { transferVendors } from '../blocks/data-transfer/tables.ts'
import type { TransferVendor } from '../blocks/data-transfer/vendor.ts'
import type { TransferVendorQueries } from '../blocks/data-transfer/vendor-queries.ts'
import { BatchedLookup } from './batched-lookup.ts'
import { type ListSource, pageOf } from './paging.ts'
import { textArray } from './wire/binary-array.ts'

const vendorsOfIds = `
  SELECT vendor_id AS "vendorId", description, answer, messages
  FROM data_transfer_vendors WHERE vendor_id = ANY($1::text[])`

/**
 * The names of the registered vendors. Most messages name none of them, and are answered without a look-up. What other
 * nodes change counts after `transferVendorsCheckMs`.
 */
export class TransferVendorNames {
  readonly #pool: Pick<Pool, 'query'>
  readonly #clock: Clock
  #names: { readonly all: ReadonlySet<string>; readonly untilMs: number } | null = null
  #reading: Promise<ReadonlySet<string>> | null = null
  /** How often they were changed here: what was read before a change is not kept. */
  #changes = 0

  constructor(pool: Pick<Pool, 'query'>, clock: Clock) {
    this.#pool = pool
    this.#clock = clock
  }

  /** Something was changed here: the names are read again. */
  forget(): void {
    this.#changes++
    this.#names = null
    this.#reading = null
  }

  async has(vendorId: string): Promise<boolean> {
    const names = this.#names
    if (names !== null && this.#clock.nowMs() < names.untilMs) return names.all.has(vendorId)
    return (await (this.#reading ??= this.#read())).has(vendorId)
  }

  async #read(): Promise<ReadonlySet<string>> {
    const change = this.#changes
    const untilMs = this.#clock.nowMs() + transferVendorsCheckMs
    try {
      const { rows } = await this.#pool.query<{ id: string }>({
        name: 'stator_transfer_vendor_names',
        text: 'SELECT vendor_id AS id FROM data_transfer_vendors',
      })
      const all = new Set(rows.map(({ id }) => id))
      if (change === this.#changes) this.#names = { all, untilMs }
      return all
    } finally {
      if (change === this.#changes) this.#reading = null
    }
  }
}

/** The vendor that a message names. Charge points wait for the answer, so it is batched. */
export function createTransferVendorLookup(pool: Pick<Pool, 'query'>, names: Pick<TransferVendorNames, 'has'>) {
  const found = new BatchedLookup<string, TransferVendor>(storableText, async (vendorIds) => {
    const { rows } = await pool.query<TransferVendor>({
      name: 'stator_transfer_vendors',
      text: vendorsOfIds,
      values: [textArray(vendorIds.map(storableText))],
    })
    return new Map(rows.map((vendor) => [vendor.vendorId, vendor]))
  })
  return async (vendorId: string): Promise<TransferVendor | null> =>
    (await names.has(storableText(vendorId))) ? ((await found.get(vendorId)) ?? null) : null
}

const storing = sql`SELECT pg_advisory_xact_lock(20261128, 49)`

/** @param names of this node: what is changed here counts at once. */
export function createTransferVendorQueries(
  source: ListSource,
  names: Pick<TransferVendorNames, 'forget'>,
): TransferVendorQueries {
  const { db } = source
  const { vendorId: id, description: words, answer: status, messages: known } = transferVendors
  const columns = { vendorId: id, description: words, answer: status, messages: known }
  return {
    listTransferVendors(page) {
      const rows = db.select(columns).from(transferVendors).orderBy(asc(transferVendors.vendorId))
      return pageOf(source, page, { table: transferVendors, where: undefined }, rows, (row) => row)
    },

    async storedTransferVendor(vendorId) {
      const [found] = await db.select(columns).from(transferVendors).where(eq(transferVendors.vendorId, vendorId))
      return found ?? null
    },

    async storeTransferVendor({ vendorId, description, answer, messages }, changedAtMs) {
      const stored = { description, answer, messages, changedAtMs }
      const outcome = await db.transaction(async (transaction) => {
        await transaction.execute(storing)
        const isIt = eq(transferVendors.vendorId, vendorId)
        const replaced = await transaction.update(transferVendors).set(stored).where(isIt).returning(columns)
        if (replaced.length > 0) return 'replaced' as const
        const [counted] = await transaction.select({ total: count() }).from(transferVendors)
        if ((counted?.total ?? 0) >= transferVendorsMax) return null
        await transaction.insert(transferVendors).values({ vendorId, ...stored })
        return 'created' as const
      })
      names.forget()
      return outcome
    },

    async deleteTransferVendor(vendorId) {
      const gone = await db.delete(transferVendors).where(eq(transferVendors.vendorId, vendorId)).returning(columns)
      names.forget()
      return gone.length > 0
    },
  }
}
