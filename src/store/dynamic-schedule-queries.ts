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
  INSERT INTO dynamic_schedules (charge_point_id, profile_id, schedule_update, set_by, received_at)
  VALUES ($1, $2, $3, $4, $5)
  ON CONFLICT (charge_point_id, profile_id) DO UPDATE SET schedule_update = EXCLUDED.schedule_update,
    status = NULL, set_by = EXCLUDED.set_by, received_at = EXCLUDED.received_at`

// Others may have been set while the answer was under way.
const answer = `
  UPDATE dynamic_schedules SET status = $4 WHERE charge_point_id = $1 AND profile_id = $2 AND received_at = $3`

const page = `
  SELECT profile_id AS "profileId", schedule_update AS "scheduleUpdate", status, set_by AS "setBy",
    ${ms('received_at')} AS "setAtMs"
  FROM dynamic_schedules WHERE charge_point_id = $1 AND ($2::int4 IS NULL OR profile_id > $2)
  ORDER BY profile_id LIMIT $3`

// Not those that the charge point has refused, nor those of a profile that was set again or cleared since.
const asked = `
  SELECT d.charge_point_id AS "chargePointKey", d.profile_id AS "profileId", d.schedule_update AS "scheduleUpdate"
  FROM unnest($1::int4[], $2::int4[]) AS v(charge_point_id, profile_id)
  JOIN dynamic_schedules d USING (charge_point_id, profile_id)
  LEFT JOIN charging_profiles p ON p.charge_point_id = d.charge_point_id AND p.profile_id = d.profile_id
  WHERE (d.status IS NULL OR d.status = 'Accepted')
    AND (p.profile_id IS NULL OR p.cleared_at IS NULL AND d.received_at >= p.set_at)`

export function createDynamicScheduleQueries({ restPool: pool }: Pick<Database, 'restPool'>): DynamicScheduleQueries {
  return {
    async storeDynamicSchedule({ chargePointKey, profileId, scheduleUpdate, setAtMs, setBy }) {
      const json = storableText(JSON.stringify(scheduleUpdate))
      const values = [chargePointKey, profileId, json, storableText(setBy), new Date(setAtMs).toISOString()]
      await pool.query({ name: 'stator_dynamic_schedule_store', text: store, values })
    },

    async answerDynamicSchedule({ chargePointKey, profileId, setAtMs }, status) {
      const values = [chargePointKey, profileId, new Date(setAtMs).toISOString(), storableText(status)]
      await pool.query({ name: 'stator_dynamic_schedule_answer', text: answer, values })
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
