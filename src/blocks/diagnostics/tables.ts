// The table of problems that 2.x charge points report.

import { index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'

/** Current problems of components of 2.x charge points. */
export const problems = pgTable(
  'problems',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    componentName: text('component_name').notNull(),
    componentInstance: text('component_instance').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    techCode: text('tech_code'),
    techInfo: text('tech_info'),
    cause: integer('cause'),
    occurredAtMs: instant('occurred_at').notNull(),
    updatedAtMs: instant('updated_at').notNull(),
  },
  (table) => [
    primaryKey({
      name: 'problems_pkey',
      columns: [table.chargePointKey, table.componentName, table.componentInstance, table.evseId, table.connectorId],
    }),
    // The API shows the newest; a charge point may report any number.
    index('problems_newest').on(table.chargePointKey, table.occurredAtMs),
  ],
)
