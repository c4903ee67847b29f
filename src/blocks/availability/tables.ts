// The table of connectors.

import { integer, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { ConnectorStatus } from '../values.ts'

export const connectors = pgTable(
  'connectors',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    status: text('status').$type<ConnectorStatus>().notNull(),
    statusSent: text('status_sent').notNull(),
    errorCode: text('error_code'),
    info: text('info'),
    vendorId: text('vendor_id'),
    vendorErrorCode: text('vendor_error_code'),
    /** By the charge point's clock. */
    occurredAtMs: instant('occurred_at').notNull(),
    updatedAtMs: instant('updated_at').notNull(),
    /** Since when it has had its status; repeated reports do not change it. Null for rows from before this column. */
    statusSinceMs: instant('status_since'),
    /** `received_at` of its newest row in `connector_history`; null while it has none. */
    changedAtMs: instant('changed_at'),
  },
  (table) => [
    primaryKey({ name: 'connectors_pkey', columns: [table.chargePointKey, table.evseId, table.connectorId] }),
  ],
)
