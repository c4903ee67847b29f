// The table of the 2.x device model.

import { boolean, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant } from '../column-types.ts'
import type { Payload } from '../values.ts'

/** The 2.x device model, as reported. */
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
    mutability: text('mutability'),
    persistent: boolean('persistent').notNull(),
    constant: boolean('constant').notNull(),
    characteristics: json('characteristics').$type<Payload>(),
    updatedAtMs: instant('updated_at').notNull(),
  },
  (table) => [
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
