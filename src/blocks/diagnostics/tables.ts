// The tables of problems, monitors, alarms and event streams of 2.x charge points.

import { sql } from 'drizzle-orm'
import { bigint, boolean, doublePrecision, index, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { instant, nameStart } from '../column-types.ts'
import type { Payload } from '../values.ts'
import type { StreamEvent } from './stream-state.ts'

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

/** Monitors of variables, as charge points report them, or as they were set. */
export const monitors = pgTable(
  'monitors',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** The id that the charge point gave it. */
    monitorId: integer('monitor_id').notNull(),
    componentName: text('component_name').notNull(),
    componentInstance: text('component_instance').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    variableName: text('variable_name').notNull(),
    variableInstance: text('variable_instance').notNull(),
    type: text('type').notNull(),
    value: doublePrecision('value').notNull(),
    severity: integer('severity').notNull(),
    /** Whether it is active during transactions only. */
    isOfTransaction: boolean('is_of_transaction').notNull(),
    eventNotificationType: text('event_notification_type'),
    /** When the report was generated, by the clock of the charge point; null: it was set, and not reported since. */
    generatedAtMs: instant('generated_at'),
    updatedAtMs: instant('updated_at').notNull(),
  },
  (table) => [primaryKey({ name: 'monitors_pkey', columns: [table.chargePointKey, table.monitorId] })],
)

/** Alarms: from the event that says that something is wrong to the one that says that it is over. */
export const alarms = pgTable(
  'alarms',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** What it is about: monitor, component and variable. */
    subject: text('subject').notNull(),
    /** By the clock of the charge point. */
    beganAtMs: instant('began_at').notNull(),
    /** Null: it is open. */
    endedAtMs: instant('ended_at'),
    componentName: text('component_name').notNull(),
    componentInstance: text('component_instance').notNull(),
    evseId: integer('evse_id').notNull(),
    connectorId: integer('connector_id').notNull(),
    variableName: text('variable_name').notNull(),
    variableInstance: text('variable_instance').notNull(),
    monitorId: integer('monitor_id'),
    /** From 0, the most severe, to 9; null: it is not known. */
    severity: integer('severity'),
    eventNotificationType: text('event_notification_type'),
    actualValue: text('actual_value'),
    endValue: text('end_value'),
    techCode: text('tech_code'),
    techInfo: text('tech_info'),
    stationTransactionId: text('station_transaction_id'),
    updatedAtMs: instant('updated_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'alarms_pkey', columns: [table.chargePointKey, table.subject, table.beganAtMs] }),
    index('alarms_newest').on(table.beganAtMs, table.chargePointKey, table.subject),
    index('alarms_of_charge_point').on(table.chargePointKey, table.beganAtMs, table.subject),
    index('alarms_open')
      .on(table.beganAtMs, table.chargePointKey, table.subject)
      .where(sql`ended_at IS NULL`),
    index('alarms_of_component')
      .on(nameStart(table.componentName), table.beganAtMs, table.chargePointKey, table.subject)
      .concurrently(),
    index('alarms_of_variable')
      .on(nameStart(table.variableName), table.beganAtMs, table.chargePointKey, table.subject)
      .concurrently(),
    index('alarms_open_of_charge_point')
      .on(table.chargePointKey)
      .concurrently()
      .where(sql`ended_at IS NULL`),
    index('alarms_ended')
      .on(table.endedAtMs)
      .where(sql`ended_at IS NOT NULL`),
  ],
)

/** Periodic event streams that charge points have opened (2.1 N11), or listed (N12). */
export const eventStreams = pgTable(
  'event_streams',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    /** The id that the charge point gave it. */
    streamId: bigint('stream_id', { mode: 'number' }).notNull(),
    monitorId: bigint('monitor_id', { mode: 'number' }),
    /** PeriodicEventStreamParamsType. */
    params: json('params').$type<Payload>().notNull(),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [primaryKey({ name: 'event_streams_pkey', columns: [table.chargePointKey, table.streamId] })],
)

/** What became of event streams, also of those that Stator does not know: the last event of each kind. */
export const eventStreamEvents = pgTable(
  'event_stream_events',
  {
    chargePointKey: integer('charge_point_id').notNull(),
    streamId: bigint('stream_id', { mode: 'number' }).notNull(),
    event: text('event').$type<StreamEvent>().notNull(),
    /** The new parameters, if it was adjusted. */
    params: json('params').$type<Payload>(),
    /** How many values the charge point still had to send, if it sent some. */
    pending: bigint('pending', { mode: 'number' }),
    receivedAtMs: instant('received_at').notNull(),
  },
  (table) => [
    primaryKey({ name: 'event_stream_events_pkey', columns: [table.chargePointKey, table.streamId, table.event] }),
    index('event_stream_events_received').using('brin', table.receivedAtMs),
  ],
)
