import { expect, test } from 'bun:test'
import { notifyDerAlarm } from '../../../../src/blocks/smart-charging/der-alarms.ts'
import { arrivalMs, chargePoint, decide, known } from '../../../support/known.ts'

const alarm = { controlType: 'VoltVar', timestamp: new Date(arrivalMs).toISOString() } as const

test('NotifyDERAlarm begins an alarm of its control and fault', () => {
  const sent = { ...alarm, gridEventFault: 'OverVoltage', extraInfo: 'high' } as const
  expect(notifyDerAlarm.needs?.(sent, chargePoint).alarms).toHaveLength(1)
  expect(decide(notifyDerAlarm, sent).changes).toMatchObject([
    { table: 'chargePointEvents' },
    {
      table: 'alarms',
      row: { beganAtMs: arrivalMs, variableName: 'VoltVar', actualValue: 'OverVoltage', techInfo: 'high' },
    },
  ])
})

test('an end that names no fault looks for the alarms of every fault, and ends those that are open', () => {
  const sent = { ...alarm, alarmEnded: true }
  const subjects = notifyDerAlarm.needs?.(sent, chargePoint).alarms ?? []
  expect(subjects).toHaveLength(12)
  const [row] = decide(notifyDerAlarm, alarm).changes.filter(({ table }) => table === 'alarms')
  if (row === undefined || !('row' in row)) throw new Error('No alarm')
  const begun = { ...row.row, beganAtMs: arrivalMs - 1, endedAtMs: null }
  const [open, ...others] = subjects.map(({ subject }) => subject)
  const isKnown = (subject: string) =>
    subject === open ? { newest: begun as never, severity: null, openOfChargePoint: 1 } : known().alarm(subject)
  const { changes } = decide(notifyDerAlarm, sent, { alarm: isKnown })
  expect(others).not.toContain(open)
  expect(changes.slice(1)).toMatchObject([{ row: { subject: open, endedAtMs: arrivalMs } }])
})
