// The chart of a transaction, for all versions. A transaction is open, in one of its charging states, until its charge
// point ends it or an operator closes it. In parallel, its start is missing or reported (2.0.1 E01–E15; 1.6 §4.8,
// §4.10). Every message is stored; the chart says how it changes the transaction, and which anomalies it has.

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

/** A report of a message, or of an operator, about a transaction. */
export type TransactionReport =
  | {
      readonly type: 'started' | 'updated'
      /** It is older than the newest known event. */
      readonly isLate: boolean
      /** It happened after the end of the transaction. */
      readonly isAfterEnd: boolean
      /** As sent; null if the message has none. */
      readonly chargingState: string | null
    }
  | {
      readonly type: 'ended'
      readonly isLate: boolean
      readonly isAfterEnd: boolean
    }
  | { readonly type: 'closedByOperator' }
  | { readonly type: 'correctedByOperator' }

/** An anomaly of a report. */
export type TransactionOddity = 'secondStart' | 'secondEnd' | 'afterEnd'

/** How a report changes a transaction. */
export interface TransactionMove {
  readonly life: 'open' | 'closedByOperator' | 'ended'
  /** null until one is reported, and once the transaction is over. */
  readonly chargingState: ReportedState | null
  /** Whether this report ends the transaction. Then its values are those of the end. */
  readonly isEnd: boolean
  /** Whether the transaction is open and the report is not late. Then the report also changes the connector. */
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
    reportsState: ({ event }, params: { readonly state: ReportedState }) =>
      'chargingState' in event && event.chargingState === params.state && !event.isLate,
    isLate: ({ event }) => 'isLate' in event && event.isLate,
    isAfterEnd: ({ event }) => 'isAfterEnd' in event && event.isAfterEnd,
  },
  actions: {
    /** Does nothing: `can` is true only for a transition with an action or a target. */
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
    guard: { type: 'reportsState' as const, params: { state } },
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
        // The values of the charge point replace those that an operator entered.
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

/** The state of a transaction in its chart, and a report about it. */
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
  const chargingState = 'chargingState' in report ? report.chargingState : ''
  return `${report.type} ${report.isLate} ${report.isAfterEnd} ${chargingState}`
}

/** How `report` changes a stored transaction. */
export function transactionMove(known: TransactionState, report: TransactionReport): TransactionMove {
  // A charging state that OCPP does not have counts as no charging state.
  const readable =
    'chargingState' in report ? { ...report, chargingState: reportedNamed(report.chargingState) } : report
  return answers.to({ ...placeOf(known), report: readable })
}

/**
 * Whether `report` is allowed for a transaction: an operator may close an open one, and correct one that an operator
 * closed.
 */
export function allows(known: TransactionState, report: TransactionReport): boolean {
  return snapshotOf(placeOf(known)).can(report)
}

/** The fields of a transaction that determine its state in the chart. */
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

/** The charging state with this name; null if OCPP does not have it. */
export function reportedNamed(name: string | null): ReportedState | null {
  return reportedStates.find((state) => state === name) ?? null
}

function reportedOf(state: ReportedState | 'Unknown'): ReportedState | null {
  return state === 'Unknown' ? null : state
}
