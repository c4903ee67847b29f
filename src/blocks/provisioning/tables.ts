// The tables of the device model: what charge points say that they have, and how far their reports have come.

import { sql } from 'drizzle-orm'
import { boolean, index, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { Payload } from '../values.ts'
import type { PartRange, ReportKind, WholeReportKind, WholeReportWord } from './report-parts.ts'

/** The device model of 2.x, and the configuration keys of 1.6, as charge points last told them. */
export const variables = pgTable(
  'variables',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    componentName: text('component_name').notNull(),
    componentInstance: text('component_instance').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    variableName: text('variable_name').notNull(),
    variableInstance: text('variable_instance').notNull(),
    attributeType: text('attribute_type').notNull(),
    value: text('value'),
    /** What it has accepted with RebootRequired, and has not told as its value since; null: nothing. */
    pendingValue: text('pending_value'),
    mutability: text('mutability'),
    persistent: boolean('persistent').notNull(),
    constant: boolean('constant').notNull(),
    characteristics: json('characteristics').$type<Payload>(),
    /** Whether a report told it; false: only answers about this variable did. */
    isReported: boolean('is_reported').notNull().default(true),
    /** When the report was generated, by the clock of the charge point; null: it was not in a report that says so. */
    generatedAtMs: instant('generated_at'),
    updatedAtMs: instant('updated_at').notNull(),
  },
  (table) => [
    // The variables of one name, over all charge points. Names are case insensitive.
    index('variables_by_name')
      .on(sql`lower(variable_name)`, table.chargePointKey)
      .concurrently(),
    primaryKey({
      name: 'variables_pkey',
      columns: [
        table.chargePointKey,
        table.componentName,
        table.componentInstance,
        table.evseId,
        table.connectorId,
        table.variableName,
        table.variableInstance,
        table.attributeType,
      ],
    }),
  ],
)

/** Reports in parts: NotifyReport and NotifyMonitoringReport. */
export const deviceReports = pgTable(
  'device_reports',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    kind: text('kind').$type<ReportKind>().notNull(),
    requestId: integer('request_id').notNull(),
    /** The parts that have come, as ranges of their numbers. */
    parts: json('parts').$type<readonly PartRange[]>().notNull(),
    /** Number of the last part; null: it has not come. */
    lastSeqNo: integer('last_seq_no'),
    /** When the newest part was generated, by the clock of the charge point. */
    generatedAtMs: instant('generated_at').notNull(),
    /** When the first part arrived. */
    beganAtMs: instant('began_at').notNull(),
    /** When the last one arrived. */
    updatedAtMs: instant('updated_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'device_reports_pkey', columns: [table.chargePointKey, table.kind, table.requestId] }),
    // The API shows the newest; old ones are deleted.
    index('device_reports_newest').on(table.chargePointKey, table.updatedAtMs),
    index('device_reports_age').on(table.updatedAtMs),
  ],
)

/** Reports about everything of a kind, as far as it is said of them. */
export const wholeReports = pgTable(
  'whole_reports',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    kind: text('kind').$type<WholeReportKind>().notNull(),
    requestId: integer('request_id').notNull(),
    word: text('word').$type<WholeReportWord>().notNull(),
    /** When the first part arrived; null: it has none. */
    beganAtMs: instant('began_at'),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'whole_reports_pkey',
      columns: [table.chargePointKey, table.kind, table.requestId, table.word],
    }),
    index('whole_reports_received').using('brin', table.receivedAtMs),
  ],
)
