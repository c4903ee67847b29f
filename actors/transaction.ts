// One transaction as a machine, the same for 1.6 and 2.x: open, in one of the charging states, until it has ended.
// 2.x reports the charging state itself; in 1.6 the status of the connector tells it.

import { assign, setup, type ActorRefFrom, type SnapshotFrom } from 'xstate'
import type { ConnectorRef, ConnectorStatus, KnownTransaction } from '../src/blocks/decision.ts'

/** ChargingStateEnumType (OCPP 2.0.1 Part 2). */
export type ReportedState = 'Charging' | 'EVConnected' | 'SuspendedEV' | 'SuspendedEVSE' | 'Idle'

/** `Unknown` until something tells it. */
export type ChargingState = ReportedState | 'Unknown'

/** A transaction with its charging state; null while that is unknown. */
export type LiveTransaction = KnownTransaction & { readonly chargingState: string | null }

/** What an update may change; what is left out stays. */
export interface TransactionDetails {
  readonly connector?: ConnectorRef
  readonly idToken?: string
  readonly startedAtMs?: number
  readonly meterStartWh?: number
}

export interface TransactionContext {
  readonly known: KnownTransaction
  /** The charging state it was in when its actor started. */
  readonly hydrated: ChargingState
}

/** The charging state to move to, what else has become known, or the end. */
export type TransactionEvent =
  | { [State in ReportedState]: { readonly type: State } }[ReportedState]
  | { readonly type: 'details'; readonly details: TransactionDetails }
  | { readonly type: 'ended' }

const reportedStates: readonly ReportedState[] = ['Charging', 'EVConnected', 'SuspendedEV', 'SuspendedEVSE', 'Idle']

const types: { context?: TransactionContext; events?: TransactionEvent; input?: LiveTransaction } = {}

const transactionSetup = setup({
  types,
  guards: {
    startsIn: ({ context }, params: { state: ChargingState }) => context.hydrated === params.state,
  },
  actions: {
    keepDetails: assign(({ context }, details: TransactionDetails) => ({ known: withDetails(context.known, details) })),
    close: assign(({ context }) => ({ known: { ...context.known, open: false } })),
  },
})

/** A transaction, started in the charging state that was committed last. */
export const transactionMachine = transactionSetup.createMachine({
  context: ({ input }) => {
    const { chargingState, ...known } = input
    return { known, hydrated: chargingStateNamed(chargingState) ?? 'Unknown' }
  },
  initial: 'open',
  states: {
    open: {
      initial: 'hydrating',
      on: {
        Charging: '.Charging',
        EVConnected: '.EVConnected',
        SuspendedEV: '.SuspendedEV',
        SuspendedEVSE: '.SuspendedEVSE',
        Idle: '.Idle',
        details: { actions: { type: 'keepDetails', params: ({ event }) => event.details } },
        ended: 'ended',
      },
      states: {
        hydrating: {
          always: [
            ...reportedStates.map((state) => ({
              guard: { type: 'startsIn' as const, params: { state } },
              target: state,
            })),
            { target: 'Unknown' },
          ],
        },
        Charging: {},
        EVConnected: {},
        SuspendedEV: {},
        SuspendedEVSE: {},
        Idle: {},
        Unknown: {},
      },
    },
    ended: { type: 'final', entry: 'close' },
  },
})

export type TransactionActor = ActorRefFrom<typeof transactionMachine>

/** `known` with what `details` says; a field left out stays as it is. */
export function withDetails(known: KnownTransaction, details: TransactionDetails): KnownTransaction {
  const { connector, ...fields } = details
  return { ...known, ...connector, ...fields }
}

/** The charging state that a charge point named, or null when it is none of the five. */
export function chargingStateNamed(name: string | null): ReportedState | null {
  return reportedStates.find((state) => state === name) ?? null
}

/** What the status of its connector says about a 1.6 transaction, or null when it says nothing (1.6 §4.9). */
export function chargingStateOf(status: ConnectorStatus): ReportedState | null {
  switch (status) {
    case 'Charging':
    case 'SuspendedEV':
    case 'SuspendedEVSE':
      return status
    case 'Preparing':
    case 'Finishing':
      return 'EVConnected'
    case 'Available':
      return 'Idle'
    default:
      return null
  }
}

/** The transaction as deciding needs it. */
export function transactionOf(snapshot: SnapshotFrom<typeof transactionMachine>): LiveTransaction {
  const { known, hydrated } = snapshot.context
  if (snapshot.value === 'ended') return { ...known, chargingState: null }
  const state = snapshot.value.open === 'hydrating' ? hydrated : snapshot.value.open
  return { ...known, chargingState: state === 'Unknown' ? null : state }
}
