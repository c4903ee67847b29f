// The table of local authorization lists: what operators want, what was sent, and what charge points report.

import { integer, json, pgTable, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { LocalListEntry } from './local-list.ts'

export const localLists = pgTable('local_lists', {
  chargePointKey: integer('charge_point_id').primaryKey(),
  entries: json('entries').$type<readonly LocalListEntry[]>().notNull(),
  changedAtMs: instant('changed_at').notNull(),
  changedBy: text('changed_by').notNull(),
  /** The version of the last message that was to be sent; 0: none. */
  sentVersion: integer('sent_version').notNull().default(0),
  sentEntries: json('sent_entries').$type<readonly LocalListEntry[]>(),
  sentAtMs: instant('sent_at'),
  /** The requestId of the job that sends it. */
  sentRequestId: integer('sent_request_id'),
  /** What GetLocalListVersion was last answered with. */
  reportedVersion: integer('reported_version'),
  reportedAtMs: instant('reported_at'),
})
