import { expect, test } from 'bun:test'
import { AskedMessages } from '../../../src/station/asked-messages.ts'
import { askedMessageMs } from '../../../src/base/limits.ts'
import { HandClock } from '../../support/hand-clock.ts'

test('requested messages are known per charge point, and forgotten after a day', () => {
  const clock = new HandClock()
  const asked = new AskedMessages(clock)
  asked.add(1, ['NotifyReport', 'StatusNotification'])
  asked.add(2, [])
  expect([asked.has(1, 'NotifyReport'), asked.has(1, 'NotifyEvent'), asked.has(2, 'NotifyReport')]).toEqual([
    true,
    false,
    false,
  ])
  clock.pass(askedMessageMs - 1)
  asked.add(1, ['StatusNotification'])
  clock.pass(1)
  expect([asked.has(1, 'NotifyReport'), asked.has(1, 'StatusNotification')]).toEqual([false, true])
})
