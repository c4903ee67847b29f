// Alarms of 2.x charge points: the newest ones that an event may be about, and lists for the REST API.

import { and, eq, getTableColumns, gte, inArray, isNotNull, isNull, lte, type SQL } from 'drizzle-orm'
import type { Pool } from 'pg'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { AlarmFilter, AlarmRecord, AlarmState, AlarmSubject } from '../blocks/diagnostics/records.ts'
import { alarms } from '../blocks/diagnostics/tables.ts'
import type { Page, PageOf } from '../blocks/records.ts'
import { openAlarmsMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { BatchedLookup } from './batched-lookup.ts'
import { filteredKeys } from './identity-keys.ts'
import { keyOf, type Order, orderBy } from './keyset.ts'
import { ms } from './known-transaction.ts'
import { isNamed } from './named.ts'
import { filteredPageOf, keysetPageOf, type ListSource, withoutCursors } from './paging.ts'
import { notOfDeleted, scopeOfList } from './scoped-rows.ts'
import { int4Array, textArray } from './wire/binary-array.ts'

interface Asked extends AlarmSubject {
  readonly chargePointKey: number
}

const newestAlarm = `'beganAtMs', ${ms('a.began_at')}, 'endedAtMs', ${ms('a.ended_at')}, 'componentName', a.component_name,
  'componentInstance', a.component_instance, 'evseId', a.evse_id, 'connectorId', a.connector_id,
  'variableName', a.variable_name, 'variableInstance', a.variable_instance, 'monitorId', a.monitor_id,
  'severity', a.severity, 'eventNotificationType', a.event_notification_type, 'actualValue', a.actual_value,
  'endValue', a.end_value, 'techCode', a.tech_code, 'techInfo', a.tech_info,
  'stationTransactionId', a.station_transaction_id`

const alarmsAbout = `
  WITH v AS (SELECT * FROM unnest($1::int4[], $2::text[], $3::int4[]) AS v(charge_point_id, subject, monitor_id)),
  open AS MATERIALIZED (SELECT c.charge_point_id, (SELECT count(*) FROM (SELECT FROM alarms a
      WHERE a.charge_point_id = c.charge_point_id AND a.ended_at IS NULL LIMIT ${openAlarmsMax}) o) AS alarms
    FROM (SELECT DISTINCT charge_point_id FROM v) c)
  SELECT v.charge_point_id AS "chargePointKey", v.subject, v.monitor_id AS "monitorId", (
      SELECT json_build_object(${newestAlarm}) FROM alarms a
      WHERE a.charge_point_id = v.charge_point_id AND a.subject = v.subject ORDER BY a.began_at DESC LIMIT 1) AS newest,
    (SELECT m.severity FROM monitors m
      WHERE m.charge_point_id = v.charge_point_id AND m.monitor_id = v.monitor_id) AS severity,
    open.alarms AS "openOfChargePoint"
  FROM v JOIN open USING (charge_point_id)`

/** What is known about the subjects of events. Charge points wait for the answer, so it is batched. */
export function createAlarmLookup(pool: Pick<Pool, 'query'>) {
  const nameOf = ({ chargePointKey, subject }: Asked): string => `${chargePointKey}/${subject}`
  const found = new BatchedLookup<Asked, AlarmState>(nameOf, async (asked) => {
    const { rows } = await pool.query<Asked & AlarmState>({
      name: 'stator_alarms_about',
      text: alarmsAbout,
      values: [
        int4Array(asked.map(({ chargePointKey }) => chargePointKey)),
        textArray(asked.map(({ subject }) => subject)),
        int4Array(asked.map(({ monitorId }) => monitorId)),
      ],
    })
    return new Map(
      rows.map((row) => [
        nameOf(row),
        { newest: row.newest, severity: row.severity, openOfChargePoint: row.openOfChargePoint },
      ]),
    )
  })
  return async (
    chargePointKey: number,
    subjects: readonly AlarmSubject[],
  ): Promise<ReadonlyMap<string, AlarmState>> => {
    const states = await Promise.all(subjects.map((one) => found.get({ chargePointKey, ...one })))
    return new Map(subjects.map(({ subject }, at) => [subject, states[at] ?? noAlarm] as const))
  }
}

const noAlarm: AlarmState = { newest: null, severity: null, openOfChargePoint: 0 }

export function createAlarmQueries(source: ListSource) {
  const { db } = source
  return {
    /** Those that began last first; not those of deleted charge points. */
    async listAlarms(filter: AlarmFilter, page: Page): Promise<PageOf<AlarmRecord>> {
      const [keys, isThere] = await Promise.all([filteredKeys(source, filter), notOfDeleted(source)])
      const { isOpen, fromMs, toMs, severityMax } = filter
      const whetherOpen = isOpen === true ? isNull(alarms.endedAtMs) : isNotNull(alarms.endedAtMs)
      const lead = and(
        keys === null
          ? (await scopeOfList(source, filter.scope))(alarms.chargePointKey)
          : inArray(alarms.chargePointKey, [...keys]),
        isOpen === undefined ? undefined : whetherOpen,
        fromMs === undefined ? undefined : gte(alarms.beganAtMs, fromMs),
        toMs === undefined ? undefined : lte(alarms.beganAtMs, toMs),
      )
      const rest = and(
        severityMax === undefined ? undefined : lte(alarms.severity, severityMax),
        hasName(alarms.componentName, filter.component),
        hasName(alarms.variableName, filter.variable),
        isThere(alarms.chargePointKey),
      )
      const { chargePointKey: _, subject: __, ...columns } = getTableColumns(alarms)
      const found = (where: SQL | undefined) =>
        db
          .select({ cursor: keyOf(newestFirst), identity: chargePoints.identity, ...columns })
          .from(alarms)
          .innerJoin(chargePoints, eq(chargePoints.key, alarms.chargePointKey))
          .where(where)
          .orderBy(...orderBy(newestFirst))
          .$dynamic()
      if (source.rowsMax === null) {
        const rows = { table: alarms, where: and(lead, rest), order: newestFirst }
        return keysetPageOf(source, page, rows, found, (row) => row)
      }
      if (page.after !== undefined) throw withoutCursors()
      const order = orderBy(newestFirst)
      const filtered = { table: alarms, leads: [lead], leadOrder: order, rest, order }
      return filteredPageOf(source, page, filtered, found, ({ cursor: _, ...row }) => row)
    },
  }
}

const newestFirst: Order = {
  name: 'alarms',
  direction: 'DESC',
  columns: [
    { column: alarms.beganAtMs, type: 'timestamptz' },
    { column: alarms.chargePointKey, type: 'int8' },
    { column: alarms.subject, type: 'text' },
  ],
}

function hasName(column: typeof alarms.componentName | typeof alarms.variableName, name: string | undefined) {
  return name === undefined ? undefined : isNamed(column, storableText(name))
}
