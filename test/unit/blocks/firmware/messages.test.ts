import { expect, test } from 'bun:test'
import { firmware16, firmware201 } from '../../../../src/blocks/firmware/messages.ts'
import { decide } from '../../../support/known.ts'

test.each([
  ['FirmwareStatusNotification of 1.6', firmware16.FirmwareStatusNotification],
  ['SignedFirmwareStatusNotification of 1.6', firmware16.SignedFirmwareStatusNotification],
  ['FirmwareStatusNotification of 2.0.1', firmware201.FirmwareStatusNotification],
])('%s is stored as an event and as a status of the charge point', (action, { handler }) => {
  const sent = { status: 'Downloading' as const, requestId: 7 }
  const decision = decide(handler, sent, { action })
  expect(decision).toEqual({
    answer: {},
    changes: [
      { table: 'chargePointEvents', row: { action, occurredAtMs: null, payload: sent } },
      { table: 'chargePoints', patch: { firmwareStatus: 'Downloading' } },
    ],
    anomalies: [],
  })
})
