// What is stored of the problems that 2.x charge points report.

import { index, integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'

/** Problems that components of 2.x charge points have at the moment. */
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
    // The newest are shown, however many a charge point makes up.
    index('problems_newest').on(table.chargePointKey, table.occurredAtMs),
  ],
)
