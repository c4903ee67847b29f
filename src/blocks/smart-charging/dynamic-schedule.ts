// PullDynamicScheduleUpdate (2.1 K28): a charge point asks for the new limits of a dynamic charging profile.

import type { OCPP21 } from 'typed-ocpp'
import type { Handler } from '../decision.ts'

/**
 * Stator computes no dynamic schedules. After Rejected the charge point keeps the limits that it has. An operator
 * changes them with UpdateDynamicSchedule.
 */
export const pullDynamicScheduleUpdate: Handler<OCPP21.PullDynamicScheduleUpdateRequest> = {
  decide: () => ({ answer: { status: 'Rejected' }, changes: [], anomalies: [] }),
}
