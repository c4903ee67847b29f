// The chart of a charge point: how its boot was answered, and whether it is connected. It decides which messages are
// served and which CALLs may be sent (1.6 §4.2, 2.0.1 B01–B03). Connectors and transactions have charts of their own;
// their state is kept here after the COMMIT. Heartbeats and samples send no event to this chart.

import { and, assign, not, or, setup, type SnapshotFrom } from 'xstate'
import type { KnownChargePoint, KnownConnector, KnownTransaction } from '../src/blocks/decision.ts'
import { since2 } from '../src/ocpp/version.ts'

/** The committed state of a charge point. */
export interface ChargePointState {
  readonly chargePoint: KnownChargePoint
  readonly connectors: readonly KnownConnector[]
  /** Only the open ones, in the order in which they became known. */
  readonly transactions: readonly KnownTransaction[]
}

/** Settings that an operator may change while the charge point is connected. */
export type ChargePointSettings = Partial<
  Pick<KnownChargePoint, 'strictness' | 'quirkProfile' | 'registrationStatus' | 'timeZone'>
>

/** A message of the charge point has arrived. */
interface MessageArrived {
  readonly type: 'message'
  /** A BootNotification, or a message that a CALL requested: it is served before the boot is accepted. */
  readonly isExpected: boolean
  /** A transaction message: it is served before the boot is accepted. */
  readonly isTransactional: boolean
}

/** A CALL to the charge point was requested. */
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
 * Whether CALLs are sent while the boot is rejected. In 2.x they must not be (2.0.1 B03.FR.03); in 1.6 they should not
 * be (§4.2).
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
    /** Does nothing: `can` is true only for a transition with an action or a target. */
    allow: () => undefined,
    noteSettings: assign(({ context, event }) =>
      event.type === 'provisioned' ? { chargePoint: { ...context.chargePoint, ...event.settings } } : {},
    ),
  },
})

const allowed = { actions: 'allow' } as const

/** A charge point, for one connection. */
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
            // Some charge points send no BootNotification after a reconnect. A lenient one is served even if it has
            // never sent one here.
            never: {
              on: {
                message: { guard: or(['isExpected', 'isTransactional', 'isLenient']), ...allowed },
                command: allowed,
              },
            },
          },
        },
        // While this node is stopping, the outstanding CALL may be answered, and no new CALL is sent.
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
