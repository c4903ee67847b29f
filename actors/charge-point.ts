// The chart of a charge point: how its boot was answered, and whether its connection goes on. It says what the charge
// point may be served and sent (1.6 §4.2, 2.0.1 B01–B03). What its connectors and transactions are by their own charts
// is taken over here once it is committed. Heartbeats and samples never come here.

import { and, assign, not, or, setup, type SnapshotFrom } from 'xstate'
import type { KnownChargePoint, KnownConnector, KnownTransaction } from '../src/blocks/decision.ts'
import { since2 } from '../src/ocpp/version.ts'

/** What is committed of a charge point. */
export interface ChargePointState {
  readonly chargePoint: KnownChargePoint
  readonly connectors: readonly KnownConnector[]
  /** Open ones only, in the order in which they became known. */
  readonly transactions: readonly KnownTransaction[]
}

/** What an operator may change of a charge point that is connected. */
export type ChargePointSettings = Partial<Pick<KnownChargePoint, 'strictness' | 'registrationStatus' | 'timeZone'>>

/** A message of the charge point that wants to be served. */
interface MessageArrived {
  readonly type: 'message'
  /** A BootNotification, or what a CALL to the charge point asked for: it may come before the boot is accepted. */
  readonly isExpected: boolean
  /** It is a fact, and facts are never refused. */
  readonly isTransactional: boolean
}

/** A CALL that somebody wants to send to the charge point. */
interface CommandAsked {
  readonly type: 'command'
  /** It starts or stops a transaction. */
  readonly isOfTransaction: boolean
}

export type ChargePointEvent =
  | { readonly type: 'committed'; readonly state: ChargePointState }
  | { readonly type: 'booted'; readonly state: ChargePointState }
  | { readonly type: 'provisioned'; readonly settings: ChargePointSettings }
  | { readonly type: 'rehydrated'; readonly state: ChargePointState }
  | MessageArrived
  | CommandAsked
  | { readonly type: 'drain' }
  | { readonly type: 'closed' }

/**
 * While its boot is rejected, nothing is sent to a 2.x charge point (2.0.1 B03.FR.03); in 1.6 nothing should be (§4.2).
 */
const isReachableWhileRejected = since2<boolean>(true, false)

const types: { context?: ChargePointState; events?: ChargePointEvent; input?: ChargePointState } = {}

const chargePoint = setup({
  types,
  guards: {
    isAnswered: ({ context }, params: { status: KnownChargePoint['bootStatus'] }) =>
      context.chargePoint.bootStatus === params.status,
    isExpected: ({ event }) => event.type === 'message' && event.isExpected,
    isTransactional: ({ event }) => event.type === 'message' && event.isTransactional,
    isLenient: ({ context }) => context.chargePoint.strictness === 'lenient',
    isOfTransaction: ({ event }) => event.type === 'command' && event.isOfTransaction,
    isReachableWhileRejected: ({ context }) => isReachableWhileRejected[context.chargePoint.version],
  },
  actions: {
    takeOver: assign(({ context, event }) => ('state' in event ? event.state : context)),
    /** Nothing: `can` asks for a transition that does something. */
    allow: () => undefined,
    noteSettings: assign(({ context, event }) =>
      event.type === 'provisioned' ? { chargePoint: { ...context.chargePoint, ...event.settings } } : {},
    ),
  },
})

const allowed = { actions: 'allow' } as const

/** A charge point from its connect to the end of that connection. */
export const chargePointMachine = chargePoint.createMachine({
  context: ({ input }) => input,
  initial: 'connected',
  states: {
    connected: {
      type: 'parallel',
      on: {
        committed: { actions: 'takeOver' },
        provisioned: { actions: 'noteSettings' },
        closed: 'closed',
      },
      states: {
        boot: {
          initial: 'answered',
          on: {
            booted: { target: '.answered', actions: 'takeOver' },
            rehydrated: { target: '.answered', actions: 'takeOver' },
          },
          states: {
            answered: {
              always: [
                { guard: { type: 'isAnswered', params: { status: 'Accepted' } }, target: 'accepted' },
                { guard: { type: 'isAnswered', params: { status: 'Pending' } }, target: 'pending' },
                { guard: { type: 'isAnswered', params: { status: 'Rejected' } }, target: 'rejected' },
                { target: 'never' },
              ],
            },
            accepted: { on: { message: allowed, command: allowed } },
            pending: {
              on: {
                message: { guard: or(['isExpected', 'isTransactional']), ...allowed },
                command: { guard: not('isOfTransaction'), ...allowed },
              },
            },
            rejected: {
              on: {
                message: { guard: or(['isExpected', 'isTransactional']), ...allowed },
                command: { guard: and([not('isOfTransaction'), 'isReachableWhileRejected']), ...allowed },
              },
            },
            // Some charge points do not boot again after a reconnect: a lenient one that has never booted here is
            // served.
            never: {
              on: {
                message: { guard: or(['isExpected', 'isTransactional', 'isLenient']), ...allowed },
                command: allowed,
              },
            },
          },
        },
        // While this node stops, what is under way is finished, and nothing new begins.
        calls: {
          initial: 'open',
          states: { open: { on: { drain: 'draining' } }, draining: {} },
        },
      },
    },
    closed: { type: 'final' },
  },
})

export type ChargePointSnapshot = SnapshotFrom<typeof chargePointMachine>
