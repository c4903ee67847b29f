import { expect, test } from 'bun:test'
import { integerMax } from '../../../../src/base/limits.ts'
import { pullDynamicScheduleUpdate } from '../../../../src/blocks/smart-charging/dynamic-schedule.ts'
import { chargePoint, decide } from '../../../support/known.ts'

test('PullDynamicScheduleUpdate is answered with what an operator set, else with Rejected; nothing of it is stored', () => {
  const nothing = { changes: [], anomalies: [] }
  const asked = { chargingProfileId: 12 }
  expect(pullDynamicScheduleUpdate.needs?.(asked, chargePoint)).toEqual({ dynamicSchedule: 12 })
  expect(decide(pullDynamicScheduleUpdate, asked)).toEqual({ ...nothing, answer: { status: 'Rejected' } })
  const dynamicSchedule = { limit: 16 }
  expect(decide(pullDynamicScheduleUpdate, asked, { dynamicSchedule })).toEqual({
    ...nothing,
    answer: { status: 'Accepted', scheduleUpdate: dynamicSchedule },
  })
})

test('an id that no profile of Stator can have is not looked up', () => {
  for (const chargingProfileId of [-1, integerMax + 1])
    expect(pullDynamicScheduleUpdate.needs?.({ chargingProfileId }, chargePoint)).toEqual({})
})
