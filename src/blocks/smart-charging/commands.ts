// Functional block K, smart charging: commands about composite schedules in each version, and what is answered.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { isObject } from '../../base/json.ts'
import type { Command } from '../command.ts'
import type { Payload } from '../values.ts'

/** ChargingRateUnitType of all versions. */
export const rateUnits = ['A', 'W'] as const

export interface CompositeRequest {
  /** 1.6: the connector. 0: the connection of the charge point to the grid. */
  readonly evseId: number
  readonly durationSeconds: number
  readonly chargingRateUnit?: (typeof rateUnits)[number] | undefined
}

/** GetCompositeSchedule (1.6 §5.7, 2.0.1 K08). */
export function compositeCommand(version: OcppVersion, request: CompositeRequest): Command {
  const { durationSeconds: duration, chargingRateUnit } = request
  const unit = chargingRateUnit === undefined ? {} : { chargingRateUnit }
  const placed = places[version](request.evseId)
  return { action: 'GetCompositeSchedule', payload: { ...placed, duration, ...unit }, fields: compositeFields }
}

const places = since2<(evseId: number) => Payload>(
  (evseId) => ({ connectorId: evseId }),
  (evseId) => ({ evseId }),
)

const compositeFields = { '/connectorId': 'evseId' } as const

/** A composite schedule in the form of 2.x. */
export interface CompositeSchedule {
  readonly evseId: number | null
  readonly duration: number | null
  readonly scheduleStart: string | null
  readonly chargingRateUnit: string | null
  readonly chargingSchedulePeriod: readonly Payload[]
}

/** The schedule in an answer to GetCompositeSchedule; null if it has none. */
export function compositeOf(version: OcppVersion, answer: Payload): CompositeSchedule | null {
  return composites[version](answer)
}

const composites = since2<(answer: Payload) => CompositeSchedule | null>(
  ({ connectorId, scheduleStart, chargingSchedule }) =>
    isObject(chargingSchedule)
      ? scheduleOf({ scheduleStart: chargingSchedule.startSchedule, ...chargingSchedule }, connectorId, scheduleStart)
      : null,
  ({ schedule }) => (isObject(schedule) ? scheduleOf(schedule, schedule.evseId, undefined) : null),
)

function scheduleOf(schedule: Payload, evseId: unknown, start: unknown): CompositeSchedule {
  const { duration, scheduleStart, chargingRateUnit, chargingSchedulePeriod } = schedule
  return {
    evseId: typeof evseId === 'number' ? evseId : null,
    duration: typeof duration === 'number' ? duration : null,
    scheduleStart: textOf(start) ?? textOf(scheduleStart),
    chargingRateUnit: textOf(chargingRateUnit),
    chargingSchedulePeriod: Array.isArray(chargingSchedulePeriod) ? chargingSchedulePeriod.filter(isObject) : [],
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}
