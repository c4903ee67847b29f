// The queue of CALLs from the central system to one charge point: one CALL is outstanding, the others wait (OCPP-J 1.6
// §4.1.1, 2.0.1 Part 4 §4.1.1). The machine sends and settles CALLs through its effects. It never repeats a CALL: the
// operator decides whether to send it again.

import { setup, type ActorRefFrom, type SnapshotFrom } from 'xstate'
import { type ErrorCode, StatorError } from '../src/base/errors.ts'
import { callQueueBytesMax, callQueueCallsMax, lateAnswersMax } from '../src/base/limits.ts'
import type { ReadAnswer } from '../src/examine/answer.ts'

/** A CALL in the queue. */
export interface QueuedCall {
  readonly messageId: string
  readonly action: string
  /** The whole frame as text: encoded once, so that its size is known. */
  readonly frame: string
  /** How long it may wait in the queue, and then how long its answer may take, in milliseconds. */
  readonly timeoutMs: number
}

/** The answer of a charge point, readable or not. */
export type CallAnswer = ReadAnswer

/** Why a CALL ended without an answer. */
export interface CallFailure {
  readonly kind: 'failed'
  readonly code: Extract<ErrorCode, 'CALL_TIMEOUT' | 'CALL_QUEUE_FULL' | 'NOT_CONNECTED' | 'SHUTTING_DOWN'>
  /** A sentence. */
  readonly message: string
  /** Whether the charge point may have it. */
  readonly wasSent: boolean
}

/** The error of a CALL that ended without an answer. */
export class CallFailedError extends StatorError {
  /** Whether the charge point may have it. */
  readonly wasSent: boolean

  constructor({ code, message, wasSent }: CallFailure) {
    super(code, message)
    this.wasSent = wasSent
  }
}

/** The effects of the machine. They must not throw. */
export interface CallEffects {
  transmit(call: QueuedCall): void
  settle(messageId: string, outcome: CallAnswer | CallFailure): void
}

export interface CallQueueInput {
  readonly identity: string
  readonly effects: CallEffects
}

export interface CallQueueContext extends CallQueueInput {
  /** The CALL that was sent and is not answered yet. */
  readonly outstanding: QueuedCall | null
  readonly waiting: readonly QueuedCall[]
  /** Message ids of the last CALLs that timed out: they distinguish a late answer from an unknown one. */
  readonly timedOut: readonly string[]
}

export type CallQueueEvent =
  | { readonly type: 'call'; readonly call: QueuedCall }
  | { readonly type: 'answered'; readonly messageId: string; readonly answer: CallAnswer }
  | { readonly type: 'timeout'; readonly messageId: string }
  | { readonly type: 'drain' }
  | { readonly type: 'closed'; readonly reason: string }

const types: { context?: CallQueueContext; events?: CallQueueEvent; input?: CallQueueInput } = {}

const queue = setup({
  types,
  guards: {
    isOutstanding: ({ context, event }) =>
      'messageId' in event && context.outstanding !== null && context.outstanding.messageId === event.messageId,
    isWaiting: ({ context, event }) =>
      'messageId' in event && context.waiting.some((call) => call.messageId === event.messageId),
    isFull: ({ context, event }) =>
      context.waiting.length >= callQueueCallsMax ||
      (event.type === 'call' && bytesOf(context.waiting) + event.call.frame.length > callQueueBytesMax),
    hasWaiting: ({ context }) => context.waiting.length > 0,
  },
  actions: {
    transmit: ({ context }, params: { call: QueuedCall }) => context.effects.transmit(params.call),
    settle: ({ context }, params: { messageId: string; outcome: CallAnswer | CallFailure }) =>
      context.effects.settle(params.messageId, params.outcome),
  },
})

function bytesOf(calls: readonly QueuedCall[]): number {
  return calls.reduce((bytes, call) => bytes + call.frame.length, 0)
}

const lineUp = queue.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'call') return
  const { messageId, timeoutMs } = event.call
  enqueue.assign({ waiting: [...context.waiting, event.call] })
  enqueue.raise({ type: 'timeout', messageId }, { id: messageId, delay: timeoutMs })
})

const transmitNext = queue.enqueueActions(({ context, enqueue }) => {
  const [next, ...waiting] = context.waiting
  if (next === undefined) return
  const { messageId, timeoutMs } = next
  enqueue.assign({ outstanding: next, waiting })
  enqueue.cancel(messageId)
  enqueue.raise({ type: 'timeout', messageId }, { id: messageId, delay: timeoutMs })
  enqueue({ type: 'transmit', params: { call: next } })
})

const settleAnswer = queue.enqueueActions(({ event, enqueue }) => {
  if (event.type !== 'answered') return
  enqueue.assign({ outstanding: null })
  enqueue.cancel(event.messageId)
  enqueue({ type: 'settle', params: { messageId: event.messageId, outcome: event.answer } })
})

const giveUpOutstanding = queue.enqueueActions(({ context, enqueue }) => {
  if (context.outstanding === null) return
  const { messageId, action, timeoutMs } = context.outstanding
  enqueue.assign({ outstanding: null, timedOut: [...context.timedOut, messageId].slice(-lateAnswersMax) })
  const message = `Charge point '${context.identity}' did not answer ${action} within ${timeoutMs / 1000} s`
  const outcome = { kind: 'failed', code: 'CALL_TIMEOUT', message, wasSent: true } as const
  enqueue({ type: 'settle', params: { messageId, outcome } })
})

const giveUpWaiting = queue.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'timeout') return
  const { messageId } = event
  const call = context.waiting.find((waiting) => waiting.messageId === messageId)
  if (call === undefined) return
  enqueue.assign({ waiting: context.waiting.filter((waiting) => waiting !== call) })
  const message =
    `${call.action} was not sent to charge point '${context.identity}': ` +
    `earlier commands kept it waiting for ${call.timeoutMs / 1000} s`
  const outcome = { kind: 'failed', code: 'CALL_TIMEOUT', message, wasSent: false } as const
  enqueue({ type: 'settle', params: { messageId, outcome } })
})

const refuseFull = queue.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'call') return
  const { messageId, action } = event.call
  const message =
    `${action} was not sent to charge point '${context.identity}': ` +
    `${context.waiting.length} commands of ${bytesOf(context.waiting)} bytes already wait for it; ` +
    `at most ${callQueueCallsMax} commands and ${callQueueBytesMax} bytes may`
  const outcome = { kind: 'failed', code: 'CALL_QUEUE_FULL', message, wasSent: false } as const
  enqueue({ type: 'settle', params: { messageId, outcome } })
})

const refuseDraining = queue.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'call') return
  enqueue({
    type: 'settle',
    params: { messageId: event.call.messageId, outcome: shuttingDown(context.identity, event.call.action) },
  })
})

const dismissWaiting = queue.enqueueActions(({ context, enqueue }) => {
  enqueue.assign({ waiting: [] })
  for (const { messageId, action } of context.waiting) {
    enqueue.cancel(messageId)
    enqueue({ type: 'settle', params: { messageId, outcome: shuttingDown(context.identity, action) } })
  }
})

const failAll = queue.enqueueActions(({ context, event, enqueue }) => {
  if (event.type !== 'closed') return
  const calls = context.outstanding === null ? context.waiting : [context.outstanding, ...context.waiting]
  enqueue.assign({ outstanding: null, waiting: [] })
  for (const { messageId, action } of calls) {
    const wasSent = messageId === context.outstanding?.messageId
    const fate = wasSent ? 'was sent but not answered' : 'was not sent'
    const message = `${action} ${fate}: charge point '${context.identity}' ${event.reason}`
    enqueue.cancel(messageId)
    const outcome = { kind: 'failed', code: 'NOT_CONNECTED', message, wasSent } as const
    enqueue({ type: 'settle', params: { messageId, outcome } })
  }
})

/** The call queue of one connection. `closed` is final: a new connection gets a new queue. */
export const callQueueMachine = queue.createMachine({
  context: ({ input }) => ({ ...input, outstanding: null, waiting: [], timedOut: [] }),
  initial: 'idle',
  on: { closed: { target: '.closed', actions: failAll } },
  states: {
    idle: {
      always: { guard: 'hasWaiting', target: 'waiting' },
      on: { call: { actions: lineUp }, drain: 'draining' },
    },
    waiting: {
      entry: transmitNext,
      on: {
        call: [{ guard: 'isFull', actions: refuseFull }, { actions: lineUp }],
        answered: { guard: 'isOutstanding', target: 'idle', actions: settleAnswer },
        timeout: [
          { guard: 'isOutstanding', target: 'idle', actions: giveUpOutstanding },
          { guard: 'isWaiting', actions: giveUpWaiting },
        ],
        drain: 'draining',
      },
    },
    draining: {
      entry: dismissWaiting,
      on: {
        call: { actions: refuseDraining },
        answered: { guard: 'isOutstanding', actions: settleAnswer },
        timeout: { guard: 'isOutstanding', actions: giveUpOutstanding },
      },
    },
    closed: { type: 'final' },
  },
})

export type CallQueueActor = ActorRefFrom<typeof callQueueMachine>

/** The failure of a CALL that is requested while this node is stopping. */
export function shuttingDown(identity: string, action: string): CallFailure {
  const message = `${action} was not sent to charge point '${identity}': this node is stopping`
  return { kind: 'failed', code: 'SHUTTING_DOWN', message, wasSent: false }
}

/** Which CALL an answer with `messageId` belongs to: the outstanding one, one that timed out, or none that is known. */
export function answerOwner(
  snapshot: SnapshotFrom<typeof callQueueMachine>,
  messageId: string,
): 'outstanding' | 'late' | 'unknown' {
  const { outstanding, timedOut } = snapshot.context
  if (outstanding !== null && outstanding.messageId === messageId) return 'outstanding'
  return timedOut.includes(messageId) ? 'late' : 'unknown'
}
