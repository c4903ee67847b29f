import { expect, test } from 'bun:test'
import { pullDynamicScheduleUpdate } from '../../../../src/blocks/smart-charging/dynamic-schedule.ts'
import { decide } from '../../../support/known.ts'

test('PullDynamicScheduleUpdate is answered with Rejected, and nothing of it is stored', () => {
  const nothing = { changes: [], anomalies: [] }
  expect(decide(pullDynamicScheduleUpdate, { chargingProfileId: 12 })).toEqual({
    ...nothing,
    answer: { status: 'Rejected' },
  })
})
