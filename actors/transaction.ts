// The chart of a transaction, the same for all versions: it is open, in one of its charging states, until its charge
// point ends it or an operator closes it; and beside that its start has been told or not (2.0.1 E01–E15; 1.6 §4.8,
// §4.10). Whatever a charge point tells is stored. The chart says what it does to the transaction, and what is odd
// about it.

import { assign, setup } from 'xstate'
import type { KnownTransaction } from '../src/blocks/decision.ts'
import { Answers, Chart } from './chart.ts'

/** ChargingStateEnumType (OCPP 2.0.1 Part 2). */
export type ReportedState = 'Charging' | 'EVConnected' | 'SuspendedEV' | 'SuspendedEVSE' | 'Idle'

export const reportedStates: readonly ReportedState[] = [
  'Charging',
  'EVConnected',
  'SuspendedEV',
  'SuspendedEVSE',
  'Idle',
]

/** What a message, or an operator, says of a transaction. */
export type TransactionReport =
  | {
      readonly type: 'started' | 'updated'
      /** It tells of an earlier moment than what is known. */
      readonly isLate: boolean
      /** It tells of a moment after the end, where there is one. */
      readonly isAfterEnd: boolean
      /** As it is sent; null where it is not. */
      readonly chargingState: string | null
    }
  | {
      readonly type: 'ended'
      readonly isLate: boolean
      readonly isAfterEnd: boolean
    }
  | { readonly type: 'closedByOperator' }
  | { readonly type: 'correctedByOperator' }

/** What is odd about a report. */
export type TransactionOddity = 'secondStart' | 'secondEnd' | 'afterEnd'

/** What a report does to a transaction. */
export interface TransactionMove {
  readonly life: 'open' | 'closedByOperator' | 'ended'
  /** null until one is told, and once the transaction is over. */
  readonly chargingState: ReportedState | null
  /** Whether the transaction is over by this report, and by no earlier one: its figures are those of the end. */
  readonly isEnd: boolean
  /**
   * Whether it tells of an open transaction, and of nothing earlier than what is known: then it moves its connector,
   * too.
   */
  readonly isCurrent: boolean
  readonly oddities: readonly TransactionOddity[]
}

interface Context {
  readonly isEnd: boolean
  readonly isCurrent: boolean
  readonly oddities: readonly TransactionOddity[]
}

const types: { context?: Context; events?: TransactionReport } = {}

const transaction = setup({
  types,
  guards: {
    tells: ({ event }, params: { readonly state: ReportedState }) =>
      'chargingState' in event && event.chargingState === params.state && !event.isLate,
    isLate: ({ event }) => 'isLate' in event && event.isLate,
    isAfterEnd: ({ event }) => 'isAfterEnd' in event && event.isAfterEnd,
  },
  actions: {
    /** Nothing: `can` asks for a transition that does something. */
    allow: () => undefined,
    current: assign({ isCurrent: true }),
    end: assign({ isEnd: true }),
    note: assign(({ context }, params: { readonly oddity: TransactionOddity }) => ({
      oddities: [...context.oddities, params.oddity],
    })),
  },
})

const noteAfterEnd = { guard: 'isAfterEnd', actions: { type: 'note', params: { oddity: 'afterEnd' } } } as const

const reports = [
  { guard: 'isLate' },
  ...reportedStates.map((state) => ({
    guard: { type: 'tells' as const, params: { state } },
    target: `.${state}` as const,
    actions: 'current' as const,
  })),
  { actions: 'current' },
] as const

export const transactionMachine = transaction.createMachine({
  context: { isEnd: false, isCurrent: false, oddities: [] },
  type: 'parallel',
  states: {
    life: {
      initial: 'open',
      states: {
        open: {
          initial: 'Unknown',
          on: {
            started: reports,
            updated: reports,
            ended: [
              { guard: 'isLate', target: 'ended', actions: 'end' },
              { target: 'ended', actions: ['end', 'current'] },
            ],
            closedByOperator: 'closedByOperator',
          },
          states: { Unknown: {}, Charging: {}, EVConnected: {}, SuspendedEV: {}, SuspendedEVSE: {}, Idle: {} },
        },
        // The figures of the charge point count for more than those that an operator entered.
        closedByOperator: {
          on: {
            updated: noteAfterEnd,
            ended: [
              {
                guard: 'isAfterEnd',
                target: 'ended',
                actions: ['end', { type: 'note', params: { oddity: 'afterEnd' } }],
              },
              { target: 'ended', actions: 'end' },
            ],
            correctedByOperator: { actions: 'allow' },
          },
        },
        // The first end counts.
        ended: {
          on: {
            updated: noteAfterEnd,
            ended: { actions: { type: 'note', params: { oddity: 'secondEnd' } } },
          },
        },
      },
    },
    start: {
      initial: 'missing',
      states: {
        missing: { on: { started: 'reported' } },
        reported: { on: { started: { actions: { type: 'note', params: { oddity: 'secondStart' } } } } },
      },
    },
  },
})

const chart = new Chart(transactionMachine)
const untouched: Context = { isEnd: false, isCurrent: false, oddities: [] }

/** Where a transaction is by its chart, and what is reported of it. */
interface Question {
  readonly life: 'open' | 'closedByOperator' | 'ended'
  readonly charging: ReportedState | 'Unknown'
  readonly start: 'missing' | 'reported'
  readonly report: TransactionReport
}

const answers = new Answers<Question, TransactionMove>(
  ({ report, ...place }) => {
    const { value, context } = chart.after(snapshotOf(place), report)
    const { life } = value
    const isOpen = typeof life === 'object'
    return { ...context, life: isOpen ? 'open' : life, chargingState: isOpen ? reportedOf(life.open) : null }
  },
  ({ life, charging, start, report }) => `${life} ${charging} ${start} ${wordsOf(report)}`,
)

function wordsOf(report: TransactionReport): string {
  if (!('isLate' in report)) return report.type
  const told = 'chargingState' in report ? report.chargingState : ''
  return `${report.type} ${report.isLate} ${report.isAfterEnd} ${told}`
}

/** What `report` does to a transaction that is known. */
export function transactionMove(known: TransactionState, report: TransactionReport): TransactionMove {
  // A charging state that OCPP does not have is none to the chart.
  const readable =
    'chargingState' in report ? { ...report, chargingState: reportedNamed(report.chargingState) } : report
  return answers.to({ ...placeOf(known), report: readable })
}

/**
 * Whether `report` may be made of a transaction at all: an operator closes an open one, and corrects what operators
 * closed.
 */
export function allows(known: TransactionState, report: TransactionReport): boolean {
  return snapshotOf(placeOf(known)).can(report)
}

/** Where a transaction is, as far as its chart goes. */
type TransactionState = Pick<KnownTransaction, 'open' | 'closedBy' | 'story' | 'chargingState'>

function placeOf({ open, closedBy, story, chargingState = null }: TransactionState): Omit<Question, 'report'> {
  const over = closedBy === 'operator' ? 'closedByOperator' : 'ended'
  return {
    life: open ? 'open' : over,
    charging: reportedNamed(chargingState) ?? 'Unknown',
    start: story?.isStartReported === true ? 'reported' : 'missing',
  }
}

function snapshotOf({ life, charging, start }: Omit<Question, 'report'>) {
  return chart.in({ life: life === 'open' ? { open: charging } : life, start }, untouched)
}

/** The charging state of that name, or null when it is none of the five. */
export function reportedNamed(name: string | null): ReportedState | null {
  return reportedStates.find((state) => state === name) ?? null
}

function reportedOf(state: ReportedState | 'Unknown'): ReportedState | null {
  return state === 'Unknown' ? null : state
}
