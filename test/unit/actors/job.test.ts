import { describe, expect, test } from 'bun:test'
import { isOpenJob, jobAllows, type JobEvent, jobMove, type JobState } from '../../../actors/job.ts'
import { jobStates } from '../../../src/blocks/jobs/job.ts'

const events: readonly JobEvent[] = [
  { type: 'send' },
  { type: 'queue' },
  { type: 'notSent', mayWait: true },
  { type: 'notSent', mayWait: false },
  { type: 'lost', mayRepeat: true },
  { type: 'lost', mayRepeat: false },
  { type: 'accepted' },
  { type: 'done' },
  { type: 'refused' },
  { type: 'reported', outcome: 'progress' },
  { type: 'reported', outcome: 'success' },
  { type: 'reported', outcome: 'failure' },
  { type: 'replaced' },
  { type: 'timeOut' },
  { type: 'cancel' },
]

function path(from: JobState, ...steps: readonly JobEvent[]): JobState {
  return steps.reduce((state, event) => jobMove(state, event).state, from)
}

const [send, , notSent, , lostRead, lost, accepted, , refused, progress, success, failure] = events as readonly [
  JobEvent,
  ...JobEvent[],
] & { readonly [place: number]: JobEvent }

describe('a job', () => {
  test('is sent, accepted, reported on, and succeeds', () => {
    expect(path('queued', send, accepted!, progress!, progress!, success!)).toBe('succeeded')
  })

  test('is never sent twice by itself, unless it only reads', () => {
    const sending = jobStates.filter((state) => jobMove(state, send).state === 'sending' && jobAllows(state, send))
    expect(sending).toEqual(['queued', 'unknown'])
    expect(path('queued', send, lost!)).toBe('unknown')
    expect(path('queued', send, lostRead!)).toBe('queued')
    for (const event of events) {
      if (event.type !== 'send' && event.type !== 'queue') {
        expect([event, ['queued', 'sending'].includes(jobMove('unknown', event).state)]).toEqual([event, false])
      }
    }
  })

  test('waits again if nothing was sent', () => {
    expect(path('queued', send, notSent!)).toBe('queued')
  })

  test('may be reported on before its answer comes', () => {
    expect(path('queued', send, progress!, accepted!)).toBe('running')
    expect(path('queued', send, success!, accepted!)).toBe('succeeded')
    expect(path('queued', send, progress!, refused!)).toBe('rejected')
  })

  test('goes on after a failure if its charge point tries again', () => {
    expect(path('running', failure!, progress!, success!)).toBe('succeeded')
  })

  test('that has ended stays as it is; a report about it is noted', () => {
    for (const state of jobStates.filter((one) => !isOpenJob(one) && one !== 'failed')) {
      for (const event of events) {
        const isAfterEnd = event.type === 'reported'
        expect([event, jobMove(state, event)]).toEqual([event, { state, isEnd: true, isAfterEnd }])
      }
    }
  })

  test('can be cancelled unless its command is under way, or it has ended', () => {
    const cancellable = jobStates.filter((state) => jobAllows(state, { type: 'cancel' }))
    expect(cancellable).toEqual(['queued', 'running', 'unknown'])
  })
})
