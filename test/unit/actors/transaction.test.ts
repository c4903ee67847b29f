import { describe, expect, test } from 'bun:test'
import { allows, reportedStates, transactionMove, type TransactionReport } from '../../../actors/transaction.ts'
import type { TransactionStory } from '../../../src/blocks/decision.ts'
import { openTransaction } from '../../support/known.ts'

const story: TransactionStory = {
  use: 1,
  isStartReported: true,
  lastEventAtMs: 0,
  lastSeqNo: 0,
  firstReceivedAtMs: 0,
  lastReceivedAtMs: 0,
  stoppedAtMs: null,
}
const open = { ...openTransaction, story, chargingState: null }
const closed = { ...open, open: false, closedBy: 'operator' as const }
const ended = { ...open, open: false, closedBy: 'station' as const }
const inTime = { isLate: false, isAfterEnd: false }

function updated(chargingState: string | null, more: Partial<typeof inTime> = {}): TransactionReport {
  return { type: 'updated', ...inTime, ...more, chargingState }
}
const end: TransactionReport = { type: 'ended', isLate: false, isAfterEnd: true }

describe('an open transaction', () => {
  test('moves from each charging state to each other one that is reported', () => {
    for (const from of [...reportedStates, null]) {
      for (const to of reportedStates) {
        const move = transactionMove({ ...open, chargingState: from }, updated(to))
        expect(move).toEqual({ life: 'open', chargingState: to, isEnd: false, isCurrent: true, oddities: [] })
      }
    }
  })

  test('keeps its charging state if none is reported, or one that OCPP does not have', () => {
    for (const reported of [null, 'Discharging', 'charging']) {
      const move = transactionMove({ ...open, chargingState: 'SuspendedEV' }, updated(reported))
      expect(move).toMatchObject({ chargingState: 'SuspendedEV', isCurrent: true })
    }
    expect(transactionMove(open, updated('Discharging')).chargingState).toBeNull()
  })

  test('is not changed by a report that is older than the newest event', () => {
    const late = transactionMove({ ...open, chargingState: 'Charging' }, updated('Idle', { isLate: true }))
    expect(late).toMatchObject({ chargingState: 'Charging', isCurrent: false, oddities: [] })
  })

  test('ends with its end, even if that is late', () => {
    expect(transactionMove(open, end)).toEqual({
      life: 'ended',
      chargingState: null,
      isEnd: true,
      isCurrent: true,
      oddities: [],
    })
    const late = transactionMove(open, { type: 'ended', isLate: true, isAfterEnd: true })
    expect(late).toMatchObject({ life: 'ended', isEnd: true, isCurrent: false })
  })

  test('accepts a missing start; a second start is an anomaly', () => {
    const start: TransactionReport = { type: 'started', ...inTime, chargingState: 'Charging' }
    const unstarted = { ...open, story: { ...story, isStartReported: false } }
    expect(transactionMove(unstarted, start)).toMatchObject({ chargingState: 'Charging', oddities: [] })
    expect(transactionMove(open, start).oddities).toEqual(['secondStart'])
  })

  test('may be closed by an operator, but not corrected', () => {
    expect(allows(open, { type: 'closedByOperator' })).toBe(true)
    expect(transactionMove(open, { type: 'closedByOperator' }).life).toBe('closedByOperator')
    expect(allows(open, { type: 'correctedByOperator' })).toBe(false)
  })
})

describe('a transaction that an operator closed', () => {
  test('ends with the end of its charge point; an end after the closing is an anomaly', () => {
    expect(transactionMove(closed, end)).toMatchObject({ life: 'ended', isEnd: true, oddities: ['afterEnd'] })
    const offline: TransactionReport = { type: 'ended', ...inTime }
    expect(transactionMove(closed, offline)).toMatchObject({ life: 'ended', isEnd: true, oddities: [] })
  })

  test('may be corrected, but not closed again', () => {
    expect(allows(closed, { type: 'correctedByOperator' })).toBe(true)
    expect(allows(closed, { type: 'closedByOperator' })).toBe(false)
  })
})

describe('a transaction that has ended', () => {
  test('ignores a second end, which is an anomaly', () => {
    expect(transactionMove(ended, end)).toMatchObject({ life: 'ended', isEnd: false, oddities: ['secondEnd'] })
  })

  test('has an anomaly for a report of a moment after the end, but not for one of a moment before', () => {
    expect(transactionMove(ended, updated('Charging', { isAfterEnd: true }))).toEqual({
      life: 'ended',
      chargingState: null,
      isEnd: false,
      isCurrent: false,
      oddities: ['afterEnd'],
    })
    expect(transactionMove(ended, updated('Charging')).oddities).toEqual([])
  })

  test('may not be closed or corrected by an operator', () => {
    expect(allows(ended, { type: 'closedByOperator' })).toBe(false)
    expect(allows(ended, { type: 'correctedByOperator' })).toBe(false)
  })
})
