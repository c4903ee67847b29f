// The vendors whose DataTransfer messages are accepted.

import { asc, count, eq, sql } from 'drizzle-orm'
import type { Pool } from 'pg'
import { transferVendorsMax } from '../base/limits.ts'
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

/** The vendor that a message names. Charge points wait for the answer, so it is batched. */
export function createTransferVendorLookup(pool: Pick<Pool, 'query'>) {
  const found = new BatchedLookup<string, TransferVendor>(storableText, async (vendorIds) => {
    const { rows } = await pool.query<TransferVendor>({
      name: 'stator_transfer_vendors',
      text: vendorsOfIds,
      values: [textArray(vendorIds.map(storableText))],
    })
    return new Map(rows.map((vendor) => [vendor.vendorId, vendor]))
  })
  return async (vendorId: string): Promise<TransferVendor | null> => (await found.get(vendorId)) ?? null
}

const storing = sql`SELECT pg_advisory_xact_lock(20261128, 49)`

export function createTransferVendorQueries(source: ListSource): Omit<TransferVendorQueries, 'transferVendor'> {
  const { db } = source
  const { vendorId: id, description: words, answer: status, messages: known } = transferVendors
  const columns = { vendorId: id, description: words, answer: status, messages: known }
  return {
    listTransferVendors(page) {
      const rows = db.select(columns).from(transferVendors).orderBy(asc(transferVendors.vendorId))
      return pageOf(source, page, { table: transferVendors, where: undefined }, rows, (row) => row)
    },

    storeTransferVendor({ vendorId, description, answer, messages }, changedAtMs) {
      const stored = { description, answer, messages, changedAtMs }
      return db.transaction(async (transaction) => {
        await transaction.execute(storing)
        const isIt = eq(transferVendors.vendorId, vendorId)
        const replaced = await transaction.update(transferVendors).set(stored).where(isIt).returning(columns)
        if (replaced.length > 0) return 'replaced'
        const [counted] = await transaction.select({ total: count() }).from(transferVendors)
        if ((counted?.total ?? 0) >= transferVendorsMax) return null
        await transaction.insert(transferVendors).values({ vendorId, ...stored })
        return 'created'
      })
    },

    async deleteTransferVendor(vendorId) {
      const gone = await db.delete(transferVendors).where(eq(transferVendors.vendorId, vendorId)).returning(columns)
      return gone.length > 0
    },
  }
}
