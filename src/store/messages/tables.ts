// The tables of the message log, as drizzle sees them: that of this version and that of earlier ones. Their partitions
// are in the migrations only.

import { sql } from 'drizzle-orm'
import { bigint, boolean, index, integer, pgSequence, pgTable, text } from 'drizzle-orm/pg-core'
import { bytes, instant } from '../../blocks/column-types.ts'

export const messageLogIds = pgSequence('message_log_ids', { startWith: 1 })

/**
 * Numbers of the blocks of the message log. The ids of lines are made of them (messages/block.ts), and are greater than
 * those of `message_log`.
 */
export const messageBlockIds = pgSequence('message_block_ids', { startWith: 268_435_456 })

/**
 * The message log: many lines in one row, compressed (messages/block.ts). Partitioned by day, so that deleting old days
 * costs nothing; the lines of a block are of one day.
 */
export const messageBlocks = pgTable(
  'message_blocks',
  {
    id: bigint('id', { mode: 'number' })
      .notNull()
      .default(sql`nextval('message_block_ids')`),
    /** Of its lines: the first and the last time, the least and the greatest key, how many, and bytes of their text. */
    fromMs: instant('from_at').notNull(),
    toMs: instant('to_at').notNull(),
    keyMin: integer('charge_point_min').notNull(),
    keyMax: integer('charge_point_max').notNull(),
    lines: integer('lines').notNull(),
    textBytes: integer('text_bytes').notNull(),
    /** How often its lines were merged; 0: as they were logged. */
    level: integer('level').notNull(),
    /** Blocks with one number were made by one merge: none of them has a line of a charge point before another one. */
    run: bigint('run', { mode: 'number' }).notNull(),
    writtenAtMs: instant('written_at')
      .notNull()
      .default(sql`now()`),
    /** Everything of the lines but their text. */
    head: bytes('head').notNull(),
    body: bytes('body').notNull(),
  },
  (table) => [
    index('message_blocks_id').on(table.id),
    index('message_blocks_charge_points').using(
      'gist',
      sql`int4range("charge_point_min", "charge_point_max", '[]'::text)`,
    ),
  ],
)

/**
 * Frames as they were on the wire, of earlier versions: nothing is written to it any more. Its days end as those of
 * `message_blocks` do.
 */
export const messageLog = pgTable(
  'message_log',
  {
    id: bigint('id', { mode: 'number' })
      .notNull()
      .default(sql`nextval('message_log_ids')`),
    chargePointKey: integer('charge_point_id').notNull(),
    atMs: instant('at').notNull(),
    fromChargePoint: boolean('from_charge_point').notNull(),
    frame: text('frame').notNull(),
  },
  (table) => [index('message_log_charge_point').on(table.chargePointKey, table.atMs, table.id)],
)
