// Dynamic charging profiles (2.1 K28): a charge point asks for the new limits of one, and what operators set of them.

import type { OCPP21 } from 'typed-ocpp'
import { integerMax } from '../../base/limits.ts'
import type { Handler } from '../decision.ts'
import type { Payload } from '../values.ts'

/** PullDynamicScheduleUpdate is answered with what an operator set; without that the charge point keeps its limits. */
export const pullDynamicScheduleUpdate: Handler<OCPP21.PullDynamicScheduleUpdateRequest> = {
  // No operator sets one for an id that is beyond those of Stator.
  needs: ({ chargingProfileId: id }) =>
    Number.isInteger(id) && id >= 0 && id <= integerMax ? { dynamicSchedule: id } : {},
  decide: (_, { dynamicSchedule }) => ({
    answer: dynamicSchedule === null ? { status: 'Rejected' } : { status: 'Accepted', scheduleUpdate: dynamicSchedule },
    changes: [],
    anomalies: [],
  }),
}

/** The limits of a dynamic profile that are to be stored. */
export interface NewDynamicSchedule {
  readonly chargePointKey: number
  readonly profileId: number
  readonly scheduleUpdate: Payload
  readonly setAtMs: number
  readonly setBy: string
}

/** Stored limits. */
export interface DynamicScheduleRecord extends Omit<NewDynamicSchedule, 'chargePointKey'> {
  readonly status: string | null
}

/** Reads and stores the limits of dynamic profiles. */
export interface DynamicScheduleQueries {
  /** Before they are sent, in place of those that were set before. */
  storeDynamicSchedule(schedule: NewDynamicSchedule): Promise<void>
  /** What the charge point has answered, unless others were set since. */
  answerDynamicSchedule(
    made: Pick<NewDynamicSchedule, 'chargePointKey' | 'profileId' | 'setAtMs'>,
    status: string,
  ): Promise<void>
  /** By the ids of their profiles, after `after`. */
  dynamicSchedulesOf(
    chargePointKey: number,
    after: number | null,
    rowsMax: number,
  ): Promise<readonly DynamicScheduleRecord[]>
}
