import { describe, expect, test } from 'bun:test'
import type { KnownTransaction, TransactionStory } from '../../../../src/blocks/decision.ts'
import {
  chosenTransaction,
  isOlder,
  mayBeUsedAgain,
  orderAnomaly,
  storyAfter,
  type EventPosition,
} from '../../../../src/blocks/transactions/transaction-story.ts'
import { chargePoint, openTransaction } from '../../../support/known.ts'

const hour = 3_600_000
const start = Date.UTC(2026, 0, 1, 8)

const story: TransactionStory = {
  use: 1,
  isStartReported: true,
  lastEventAtMs: start + hour,
  lastSeqNo: 5,
  firstReceivedAtMs: start,
  lastReceivedAtMs: start + hour,
  stoppedAtMs: null,
}
const running: KnownTransaction = { ...openTransaction, stationTransactionId: 'T-1', startedAtMs: start, story }
const goesOn = { isEnd: false }
const closed: KnownTransaction = {
  ...running,
  open: false,
  closedBy: 'station',
  story: { ...story, stoppedAtMs: start + hour },
}

/** An event `hours` after the start. */
function at(hours: number, fields: Partial<EventPosition> = {}): EventPosition {
  return { eventType: 'Updated', atMs: start + hours * hour, hasTime: true, seqNo: 6, ...fields }
}

describe('an id that a charge point uses again', () => {
  const started = { eventType: 'Started', seqNo: 0 } as const

  test('means another transaction if the known one is closed and the start is later than its stop', () => {
    expect(chosenTransaction(at(4, started), [closed], chargePoint)).toEqual({ transaction: undefined, use: 2 })
  })

  test('means the known transaction if the start is not later than its stop', () => {
    expect(chosenTransaction(at(0, started), [closed], chargePoint).transaction).toBe(closed)
  })

  test('means another transaction if a start has no time and the known one is closed, unless its start is missing', () => {
    const untimed = { ...started, hasTime: false }
    expect(chosenTransaction(at(0, untimed), [closed], chargePoint)).toEqual({ transaction: undefined, use: 2 })
    const again = at(0, { ...untimed, isResend: true })
    expect(chosenTransaction(again, [closed], chargePoint).transaction).toBe(closed)
    const withoutStart = { ...closed, story: { ...story, isStartReported: false, stoppedAtMs: start + hour } }
    expect(chosenTransaction(at(0, untimed), [withoutStart], chargePoint).transaction).toBe(withoutStart)
  })

  test('means another transaction if a start without a time comes after a boot, for any clock of the charge point', () => {
    const booted = { ...chargePoint, lastBootAtMs: start + 2 * hour }
    const untimed = { ...started, hasTime: false }
    expect(chosenTransaction(at(-4, untimed), [running], booted)).toEqual({ transaction: undefined, use: 2 })
    expect(chosenTransaction(at(-4, untimed), [running], chargePoint).transaction).toBe(running)
  })

  test('means another transaction even if the end of the known one, which had no time, came later by our clock', () => {
    const endedLater: KnownTransaction = { ...closed, story: { ...story, stoppedAtMs: start + 9 * hour } }
    expect(chosenTransaction(at(4, started), [endedLater], chargePoint).use).toBe(2)
    expect(chosenTransaction(at(4, started), [{ ...endedLater, closedBy: 'operator' }], chargePoint).use).toBe(1)
  })

  test('means another transaction while the known one is open only after a boot, and later than all its events', () => {
    const booted = { ...chargePoint, lastBootAtMs: start + 2 * hour }
    expect(chosenTransaction(at(4, started), [running], booted)).toEqual({ transaction: undefined, use: 2 })
    expect(chosenTransaction(at(4, started), [running], chargePoint).transaction).toBe(running)
    expect(chosenTransaction(at(0.5, started), [running], booted).transaction).toBe(running)
    const bootedBefore = { ...chargePoint, lastBootAtMs: start }
    expect(chosenTransaction(at(4, started), [running], bootedBefore).transaction).toBe(running)
  })

  test('means another transaction if the events of the known one that came after the boot happened before it', () => {
    const late: KnownTransaction = { ...running, story: { ...story, lastReceivedAtMs: start + 3 * hour } }
    const booted = { ...chargePoint, lastBootAtMs: start + 2 * hour }
    expect(chosenTransaction(at(4, started), [late], booted)).toEqual({ transaction: undefined, use: 2 })
    const wentOn: KnownTransaction = { ...running, story: { ...story, lastEventAtMs: start + 3 * hour } }
    expect(chosenTransaction(at(4, started), [wentOn], { ...booted, lastBootAtMs: start + hour }).transaction).toBe(
      wentOn,
    )
    const clockBehind = { ...chargePoint, lastBootAtMs: start + 12 * hour }
    const afterBoot: KnownTransaction = { ...running, story: { ...story, lastReceivedAtMs: start + 13 * hour } }
    expect(chosenTransaction(at(4, started), [afterBoot], clockBehind).transaction).toBe(afterBoot)
  })

  test('assigns an event after the stop of the newest to the newest, even if an older one never ended', () => {
    const second: KnownTransaction = {
      ...closed,
      transactionId: 43,
      startedAtMs: start + 4 * hour,
      story: { ...story, use: 2, stoppedAtMs: start + 5 * hour },
    }
    expect(chosenTransaction(at(6, { eventType: 'Ended' }), [second, running], chargePoint).transaction).toBe(second)
    expect(chosenTransaction(at(3), [second, running], chargePoint).transaction).toBe(running)
  })

  test('may have been used again after a boot since its first message, even if late messages came', () => {
    const late: KnownTransaction = {
      ...running,
      story: { ...story, firstReceivedAtMs: start, lastReceivedAtMs: start + 9 * hour },
    }
    expect(mayBeUsedAgain(late, chargePoint)).toBe(false)
    expect(mayBeUsedAgain(late, { ...chargePoint, lastBootAtMs: start + 2 * hour })).toBe(true)
    expect(mayBeUsedAgain(late, { ...chargePoint, lastBootAtMs: start - hour })).toBe(false)
  })

  test('assigns each later event to the transaction in whose time span it is, else to the newest', () => {
    const second: KnownTransaction = {
      ...running,
      transactionId: 43,
      startedAtMs: start + 4 * hour,
      story: { ...story, use: 2, lastEventAtMs: start + 4 * hour },
    }
    const named = [second, closed]
    expect(chosenTransaction(at(0.5), named, chargePoint).transaction).toBe(closed)
    expect(chosenTransaction(at(5), named, chargePoint).transaction).toBe(second)
    expect(chosenTransaction(at(2), named, chargePoint).transaction).toBe(second)
    expect(chosenTransaction(at(0.5, { hasTime: false }), named, chargePoint).transaction).toBe(second)
  })

  test('is the first use if no transaction has it', () => {
    expect(chosenTransaction(at(0), [], chargePoint)).toEqual({ transaction: undefined, use: 1 })
  })
})

describe('an event', () => {
  test.each([
    ['earlier with a lower seqNo', at(0.5, { seqNo: 4 }), true, null],
    ['earlier with the same seqNo', at(0.5, { seqNo: 5 }), true, null],
    ['later with a higher seqNo', at(2), false, null],
    ['later with the same seqNo, as charge points send that number all events 0', at(2, { seqNo: 5 }), false, null],
    ['later with a lower seqNo: the counter began again', at(2, { seqNo: 0 }), false, 'seqNoRestarted'],
    ['earlier with a higher seqNo: the clock was set', at(0.5, { seqNo: 6 }), false, 'clockSetBack'],
    ['without a time', at(0.5, { seqNo: 4, hasTime: false }), false, null],
    ['earlier without a seqNo', at(0.5, { seqNo: null }), true, null],
  ] as const)('%s is older: %#', (_, event, older, odd) => {
    expect(isOlder(event, story)).toBe(older)
    expect(orderAnomaly(event, story)).toBe(odd)
  })

  test('updates the story, unless it is older', () => {
    expect(storyAfter(at(2), running, goesOn, start + 3 * hour)).toEqual({
      ...story,
      lastEventAtMs: start + 2 * hour,
      lastSeqNo: 6,
      lastReceivedAtMs: start + 3 * hour,
    })
    expect(storyAfter(at(0.5, { seqNo: 1 }), running, goesOn, start + 3 * hour)).toEqual(story)
    expect(storyAfter(at(2), running, goesOn, null).lastReceivedAtMs).toBe(story.lastReceivedAtMs)
  })

  test('without a time does not change the time of the newest event', () => {
    const untimed = at(9, { hasTime: false, seqNo: 7 })
    expect(storyAfter(untimed, running, goesOn, start)).toMatchObject({ lastEventAtMs: start + hour, lastSeqNo: 7 })
  })

  test('that ends a transaction ends its story once', () => {
    const end = at(2, { eventType: 'Ended' })
    expect(storyAfter(end, running, { isEnd: true }, start).stoppedAtMs).toBe(start + 2 * hour)
    expect(storyAfter(end, closed, goesOn, start).stoppedAtMs).toBe(start + hour)
  })
})
