// The tables of what operators do. The store writes them.

import { sql } from 'drizzle-orm'
import { bigint, index, integer, json, pgTable, primaryKey, smallint, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, instant } from '../blocks/column-types.ts'
import type { PrincipalKind } from './audit-entry.ts'

/**
 * The audit log: a chain of entries for each node. Rows are inserted, and deleted by retention; nothing updates them.
 * Each request has two: one before it is served, and one with its outcome. See operators/audit-entry.ts.
 */
export const auditLog = pgTable(
  'audit_log',
  {
    /** Name of the node: host and port. */
    node: text('node').notNull(),
    /** From 1, without gaps. */
    sequence: bigint('sequence', { mode: 'number' }).notNull(),
    /** Of an outcome: the entry of the same node that its request began with. Null: a request begins. */
    outcomeOf: bigint('outcome_of', { mode: 'number' }),
    /** By the clock of the node. */
    atMs: instant('at').notNull(),
    principalKind: text('principal_kind').$type<PrincipalKind>(),
    principal: text('principal'),
    /** Identity of the charge point that the operator acts as. */
    actingAs: text('acting_as'),
    remoteAddress: text('remote_address'),
    requestId: text('request_id'),
    /** The operationId of the API. */
    operation: text('operation'),
    /** Null if there is no charge point, or none of that identity. */
    chargePointKey: integer('charge_point_id'),
    identity: text('identity'),
    /** Parameters and body. Neither secrets nor id tokens stand in it, nor in the next two. */
    request: json('request'),
    before: json('before'),
    after: json('after'),
    /** HTTP status of the answer. */
    status: smallint('status'),
    /** Error code of the answer. */
    code: text('code'),
    /** Digests of the id tokens that the entry is about, with a space between two. */
    idTags: text('id_tags'),
    hash: bytes('hash').notNull(),
  },
  (table) => [
    primaryKey({ name: 'audit_log_pkey', columns: [table.node, table.sequence] }),
    uniqueIndex('audit_log_outcomes')
      .on(table.node, table.outcomeOf)
      .where(sql`outcome_of IS NOT NULL`),
    index('audit_log_by_time')
      .on(table.atMs)
      .where(sql`outcome_of IS NULL`),
    index('audit_log_by_charge_point')
      .on(table.identity, table.atMs)
      .where(sql`identity IS NOT NULL`),
    index('audit_log_by_id_tag').using('gin', sql`string_to_array(id_tags, ' ')`),
  ],
)

/** Where the chain of each node begins: the last entry that retention has deleted, or zero. */
export const auditAnchors = pgTable('audit_anchors', {
  node: text('node').primaryKey(),
  sequence: bigint('sequence', { mode: 'number' }).notNull(),
  hash: bytes('hash').notNull(),
})
