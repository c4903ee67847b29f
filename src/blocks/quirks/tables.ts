// The tables of quirk profiles, and of how often quirks were seen.

import { bigint, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import type { QuirkProfile } from '../../ocpp/quirk-profile.ts'
import { instant } from '../column-types.ts'

/** Profiles that operators have imported. Those that come with Stator are files (`quirks/`). */
export const quirkProfiles = pgTable('quirk_profiles', {
  name: text('name').primaryKey(),
  profile: json('profile').$type<QuirkProfile>().notNull(),
  changedAtMs: instant('changed_at').notNull(),
})

/** How often a charge point has shown a quirk, by the profile that applied. */
export const quirkHits = pgTable(
  'quirk_hits',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** Name of the profile; '' for none. */
    profile: text('profile').notNull(),
    /** A code of `quirkTable` or `commandQuirkTable`. */
    quirk: text('quirk').notNull(),
    count: bigint('count', { mode: 'number' }).notNull(),
    firstAtMs: instant('first_at').notNull(),
    lastAtMs: instant('last_at').notNull(),
  },
  (table) => [primaryKey({ name: 'quirk_hits_pkey', columns: [table.chargePointKey, table.quirk, table.profile] })],
)
