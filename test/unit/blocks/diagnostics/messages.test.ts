import { expect, test } from 'bun:test'
import { diagnostics16, diagnostics201 } from '../../../../src/blocks/diagnostics/messages.ts'
import { decide } from '../../../support/known.ts'

test.each([
  ['DiagnosticsStatusNotification of 1.6', diagnostics16.DiagnosticsStatusNotification, 'diagnosticsStatus'],
  ['LogStatusNotification of 1.6', diagnostics16.LogStatusNotification, 'logStatus'],
  ['LogStatusNotification of 2.0.1', diagnostics201.LogStatusNotification, 'logStatus'],
] as const)('%s is stored as an event and as a status of the charge point', (action, { handler }, column) => {
  const sent = { status: 'Uploading' as const, requestId: 7 }
  expect(decide(handler, sent, { action })).toEqual({
    answer: {},
    changes: [
      { table: 'chargePointEvents', row: { action, occurredAtMs: null, payload: sent } },
      { table: 'chargePoints', patch: { [column]: 'Uploading' } },
    ],
    anomalies: [],
  })
})
