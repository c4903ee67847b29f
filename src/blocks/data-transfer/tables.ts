// The table of the data transfer block: the vendors whose messages are accepted.

import { json, pgTable, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { TransferAnswer, TransferMessage } from './vendor.ts'

export const transferVendors = pgTable('data_transfer_vendors', {
  vendorId: text('vendor_id').primaryKey(),
  description: text('description'),
  /** The answer to its messages, unless a message has one of its own. */
  answer: json('answer').$type<TransferAnswer>().notNull(),
  /** The messages that are known, each with its answer; null: all messages of the vendor are. */
  messages: json('messages').$type<readonly TransferMessage[]>(),
  changedAtMs: instant('changed_at').notNull(),
})
