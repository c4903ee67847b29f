// Local authorization lists.

import type { LocalListQueries, LocalListRecord } from '../blocks/local-list/local-list.ts'
import { localListSync } from '../blocks/local-list/job.ts'
import { storableText } from '../base/storable-text.ts'
import type { Database } from './database.ts'
import { ms } from './known-transaction.ts'

// A job that ended is deleted some day: then only what the charge point reports says what it has.
const read = `
  SELECT l.entries, ${ms('l.changed_at')} AS "changedAtMs", l.changed_by AS "changedBy",
    l.sent_version AS "sentVersion", l.sent_entries AS "sentEntries", ${ms('l.sent_at')} AS "sentAtMs",
    j.id AS "sentJobId", j.state AS "sentState", l.reported_version AS "reportedVersion",
    ${ms('l.reported_at')} AS "reportedAtMs"
  FROM local_lists l LEFT JOIN LATERAL (
    SELECT id, state FROM jobs j WHERE j.charge_point_id = l.charge_point_id AND j.request_id = l.sent_request_id
      AND j.kind = '${localListSync.kind}' ORDER BY id DESC LIMIT 1) j ON true
  WHERE l.charge_point_id = $1`

const store = `
  INSERT INTO local_lists (charge_point_id, entries, changed_by, changed_at) VALUES ($1, $2, $3, $4)
  ON CONFLICT (charge_point_id) DO UPDATE
    SET entries = EXCLUDED.entries, changed_by = EXCLUDED.changed_by, changed_at = EXCLUDED.changed_at`

const note = `
  UPDATE local_lists SET sent_version = $3, sent_request_id = $4, sent_entries = $5, sent_at = $6
  WHERE charge_point_id = $1 AND sent_version = $2`

const report = `UPDATE local_lists SET reported_version = $2, reported_at = $3 WHERE charge_point_id = $1`

const time = (atMs: number): string => new Date(atMs).toISOString()

export function createLocalListQueries({ restPool: pool }: Pick<Database, 'restPool'>): LocalListQueries {
  const run = (name: string, text: string, values: unknown[]) =>
    pool.query<LocalListRecord>({ name: `stator_local_list_${name}`, text, values })
  return {
    async localList(chargePointKey) {
      return (await run('read', read, [chargePointKey])).rows[0] ?? null
    },

    async storeLocalList(chargePointKey, entries, changedBy, nowMs) {
      const values = [chargePointKey, storableText(JSON.stringify(entries)), storableText(changedBy), time(nowMs)]
      await run('store', store, values)
    },

    async noteSentLocalList(chargePointKey, sentVersion, { version, requestId, entries, atMs }) {
      const values = [chargePointKey, sentVersion, version, requestId, JSON.stringify(entries), time(atMs)]
      return ((await run('note', note, values)).rowCount ?? 0) > 0
    },

    async noteLocalListVersion(chargePointKey, version, nowMs) {
      await run('report', report, [chargePointKey, version, time(nowMs)])
    },
  }
}
