// The limits that operators set for dynamic charging profiles.

import type { Pool } from 'pg'
import { storableText } from '../base/storable-text.ts'
import type { DynamicScheduleQueries, DynamicScheduleRecord } from '../blocks/smart-charging/dynamic-schedule.ts'
import type { Payload } from '../blocks/values.ts'
import { BatchedLookup } from './batched-lookup.ts'
import type { Database } from './database.ts'
import { ms } from './known-transaction.ts'
import { int4Array } from './wire/binary-array.ts'

const store = `
  INSERT INTO dynamic_schedules (charge_point_id, profile_id, schedule_update, status, set_by, received_at)
  VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (charge_point_id, profile_id) DO UPDATE SET schedule_update = EXCLUDED.schedule_update,
    status = EXCLUDED.status, set_by = EXCLUDED.set_by, received_at = EXCLUDED.received_at`

const page = `
  SELECT profile_id AS "profileId", schedule_update AS "scheduleUpdate", status, set_by AS "setBy",
    ${ms('received_at')} AS "setAtMs"
  FROM dynamic_schedules WHERE charge_point_id = $1 AND ($2::int4 IS NULL OR profile_id > $2)
  ORDER BY profile_id LIMIT $3`

const asked = `
  SELECT d.charge_point_id AS "chargePointKey", d.profile_id AS "profileId", d.schedule_update AS "scheduleUpdate"
  FROM unnest($1::int4[], $2::int4[]) AS v(charge_point_id, profile_id)
  JOIN dynamic_schedules d USING (charge_point_id, profile_id)`

export function createDynamicScheduleQueries({ restPool: pool }: Pick<Database, 'restPool'>): DynamicScheduleQueries {
  return {
    async storeDynamicSchedule({ chargePointKey, profileId, scheduleUpdate, setAtMs, setBy }, status) {
      const json = storableText(JSON.stringify(scheduleUpdate))
      const answer = status === null ? null : storableText(status)
      const at = new Date(setAtMs).toISOString()
      const values = [chargePointKey, profileId, json, answer, storableText(setBy), at]
      await pool.query({ name: 'stator_dynamic_schedule_store', text: store, values })
    },

    async dynamicSchedulesOf(chargePointKey, after, rowsMax) {
      const values = [chargePointKey, after, rowsMax]
      return (await pool.query<DynamicScheduleRecord>({ name: 'stator_dynamic_schedule_page', text: page, values }))
        .rows
    },
  }
}

interface Asked {
  readonly chargePointKey: number
  readonly profileId: number
}

/** What charge points ask for. They wait for the answer, so it is batched. */
export function createDynamicScheduleLookup(pool: Pick<Pool, 'query'>) {
  const nameOf = ({ chargePointKey, profileId }: Asked): string => `${chargePointKey}/${profileId}`
  const found = new BatchedLookup<Asked, Payload>(nameOf, async (wanted) => {
    const { rows } = await pool.query<Asked & { readonly scheduleUpdate: Payload }>({
      name: 'stator_dynamic_schedules_asked',
      text: asked,
      values: [
        int4Array(wanted.map(({ chargePointKey }) => chargePointKey)),
        int4Array(wanted.map(({ profileId }) => profileId)),
      ],
    })
    return new Map(rows.map((row) => [nameOf(row), row.scheduleUpdate]))
  })
  return async (chargePointKey: number, profileId: number): Promise<Payload | null> =>
    (await found.get({ chargePointKey, profileId })) ?? null
}
