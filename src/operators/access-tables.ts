// The tables of who may use the API: keys of operators, and the roles that operators have made.

import { sql } from 'drizzle-orm'
import { index, integer, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, instant } from '../blocks/column-types.ts'

/** API keys. A revoked one stays, so that its name can be looked up. */
export const apiKeys = pgTable(
  'api_keys',
  {
    /** 16 hexadecimal digits; part of the text of the key. */
    id: text('id').primaryKey(),
    name: text('name').notNull(),
    /** Keyed hash of the whole text of the key, with a salt. */
    secretHash: bytes('secret_hash').notNull(),
    role: text('role').notNull(),
    /** Keys of groups, which include all groups below them; null: all charge points. */
    groups: integer('groups').array(),
    /** Null: never. */
    expiresAtMs: instant('expires_at'),
    createdAtMs: instant('created_at').notNull(),
    createdBy: text('created_by').notNull(),
    revokedAtMs: instant('revoked_at'),
    revokedBy: text('revoked_by'),
  },
  (table) => [
    uniqueIndex('api_keys_name')
      .on(table.name)
      .where(sql`revoked_at IS NULL`),
    index('api_keys_page').on(table.createdAtMs, table.id),
  ],
)

/** Last use of each API key, those of the settings included. A table of its own: it is written every few seconds. */
export const apiKeyUses = pgTable('api_key_uses', {
  keyId: text('key_id').primaryKey(),
  atMs: instant('at').notNull(),
  remoteAddress: text('remote_address').notNull(),
})

/** Roles that operators have made; others are in roles.ts. */
export const roles = pgTable('roles', {
  name: text('name').primaryKey(),
  description: text('description'),
  /** As `permissionTable` has them. Others, which an earlier or later version knows, allow nothing. */
  permissions: text('permissions').array().notNull(),
  createdAtMs: instant('created_at').notNull(),
  createdBy: text('created_by').notNull(),
})
