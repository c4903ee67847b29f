// What charge points have reported of customers. The parts are events of the charge point, as it sent them: an event is
// of a job if it names its request, and came since the job was made.

import type { Pool } from 'pg'
import { customerLateMsMax } from '../base/limits.ts'
import type { CustomerInformationPart } from '../blocks/diagnostics/customer-information.ts'

const ofJob = `
  FROM jobs j JOIN charge_point_events e ON e.charge_point_id = j.charge_point_id
    AND e.action = 'NotifyCustomerInformation' AND e.received_at >= j.created_at
    AND e.received_at <= COALESCE(j.ended_at, 'infinity'::timestamptz) + interval '${customerLateMsMax} milliseconds'
  WHERE j.id = $1 AND e.payload->>'requestId' = j.request_id::text`

// A text as long as the schema allows, whatever a lenient charge point sends.
const parts = `
  SELECT (e.payload->>'seqNo')::int8 AS "seqNo", COALESCE(e.payload->>'tbc' = 'true', false) AS tbc,
    left(COALESCE(e.payload->>'data', ''), 512) AS data
  ${ofJob} AND e.payload->>'seqNo' ~ '^[0-9]{1,9}$' ORDER BY e.received_at LIMIT $2`

const forget = `
  DELETE FROM charge_point_events d USING (SELECT e.charge_point_id, e.digest ${ofJob}) f
  WHERE d.charge_point_id = f.charge_point_id AND d.digest = f.digest`

export function createCustomerQueries(pool: Pick<Pool, 'query'>) {
  return {
    /** In the order of arrival. */
    async customerParts(jobId: number, partsMax: number): Promise<readonly CustomerInformationPart[]> {
      return (await pool.query({ name: 'stator_customer_parts', text: parts, values: [jobId, partsMax] })).rows
    },

    /** Returns how many there were. */
    async deleteCustomerParts(jobId: number): Promise<number> {
      return (await pool.query({ name: 'stator_forget_customer_parts', text: forget, values: [jobId] })).rowCount ?? 0
    },
  }
}
