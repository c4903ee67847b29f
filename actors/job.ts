// The chart of a job: a command that outlives its request. It says what becomes of a job by what happens to its CALL,
// by what its charge point reports, by time, and by its operator. It is asked before each change is committed.

import { assign, setup } from 'xstate'
import { Answers, Chart } from './chart.ts'

/** The states of a job. */
export type JobState =
  | 'queued'
  | 'sending'
  | 'running'
  | 'unknown'
  | 'succeeded'
  | 'failed'
  | 'rejected'
  | 'expired'
  | 'timedOut'
  | 'cancelled'

/** What happens to a job. */
export type JobEvent =
  /** Its CALL is about to leave: for the first time, or because its operator repeats it. */
  | { readonly type: 'send' }
  /** Its operator wants it sent again when its charge point has booted. */
  | { readonly type: 'queue' }
  /** Its CALL has not left. */
  | { readonly type: 'notSent'; readonly mayWait: boolean }
  /** Its CALL may have left, and its answer will not come. `mayRepeat`: to send it twice does no harm. */
  | { readonly type: 'lost'; readonly mayRepeat: boolean }
  /** The answer of its charge point: it does it, it has done it, or it does not do it. */
  | { readonly type: 'accepted' | 'done' | 'refused' }
  /** A later message of its charge point about it. */
  | { readonly type: 'reported'; readonly outcome: 'progress' | 'success' | 'failure' }
  /** Its charge point has given it up for another one. */
  | { readonly type: 'replaced' }
  /** Its time is over. */
  | { readonly type: 'timeOut' }
  /** Its operator has cancelled it, or its charge point was deleted. */
  | { readonly type: 'cancel' }

/** How an event changes a job. */
export interface JobMove {
  readonly state: JobState
  /** Whether nothing more is expected of the job. */
  readonly isEnd: boolean
  /** Whether the charge point reports on a job that has ended. */
  readonly isAfterEnd: boolean
}

interface Context {
  readonly isAfterEnd: boolean
}

const types: { context?: Context; events?: JobEvent } = {}

const job = setup({
  types,
  guards: {
    mayWait: ({ event }) => event.type === 'notSent' && event.mayWait,
    mayRepeat: ({ event }) => event.type === 'lost' && event.mayRepeat,
    isProgress: ({ event }) => event.type === 'reported' && event.outcome === 'progress',
    isSuccess: ({ event }) => event.type === 'reported' && event.outcome === 'success',
  },
  actions: {
    note: assign({ isAfterEnd: true }),
  },
})

const reported = [
  { guard: 'isProgress', target: 'running' },
  { guard: 'isSuccess', target: 'succeeded' },
  { target: 'failed' },
] as const

const answered = { accepted: 'running', done: 'succeeded', refused: 'rejected' } as const

const noteReport = { on: { reported: { actions: 'note' } } } as const

export const jobMachine = job.createMachine({
  context: { isAfterEnd: false },
  initial: 'queued',
  states: {
    queued: { on: { send: 'sending', notSent: 'failed', timeOut: 'expired', cancel: 'cancelled' } },
    sending: {
      on: {
        ...answered,
        notSent: [{ guard: 'mayWait', target: 'queued' }, { target: 'failed' }],
        lost: [{ guard: 'mayRepeat', target: 'queued' }, { target: 'unknown' }],
        // Some charge points report before they answer.
        reported,
      },
    },
    // The answer may come after the first report.
    running: {
      on: {
        done: 'succeeded',
        refused: 'rejected',
        reported,
        replaced: 'cancelled',
        timeOut: 'timedOut',
        cancel: 'cancelled',
      },
    },
    // Only the operator repeats it. The node that sent it may still learn the answer.
    unknown: {
      on: {
        ...answered,
        send: 'sending',
        queue: 'queued',
        reported,
        replaced: 'cancelled',
        timeOut: 'timedOut',
        cancel: 'cancelled',
      },
    },
    // A charge point that tries again on its own knows better.
    failed: {
      on: {
        reported: [
          { guard: 'isProgress', target: 'running' },
          { guard: 'isSuccess', target: 'succeeded' },
        ],
      },
    },
    succeeded: noteReport,
    rejected: noteReport,
    expired: noteReport,
    timedOut: noteReport,
    cancelled: noteReport,
  },
})

const open: ReadonlySet<JobState> = new Set(['queued', 'sending', 'running', 'unknown'])

/** Whether something is still expected of a job in this state. */
export function isOpenJob(state: JobState): boolean {
  return open.has(state)
}

const chart = new Chart(jobMachine)
const untouched: Context = { isAfterEnd: false }

const answers = new Answers<{ readonly state: JobState; readonly event: JobEvent }, JobMove>(
  ({ state, event }) => {
    const { value, context } = chart.after(chart.in(state, untouched), event)
    return { state: value, isEnd: !isOpenJob(value), ...context }
  },
  ({ state, event }) => `${state} ${Object.values(event).join(' ')}`,
)

/** What `event` makes of a job in `state`. */
export function jobMove(state: JobState, event: JobEvent): JobMove {
  return answers.to({ state, event })
}

/** Whether the chart has a move for `event` in `state`: an operator may do no other. */
export function jobAllows(state: JobState, event: JobEvent): boolean {
  return chart.in(state, untouched).can(event)
}
