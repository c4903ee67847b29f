import { describe, expect, test } from 'bun:test'
import { createActor, initialTransition, SimulatedClock, transition } from 'xstate'
import { getSimplePaths } from 'xstate/graph'
import {
  answerOwner,
  callQueueMachine,
  type CallAnswer,
  type CallFailure,
  type CallQueueEvent,
  type QueuedCall,
} from '../../../actors/call-queue.ts'
import { callQueueBytesMax, callQueueCallsMax, lateAnswersMax } from '../../../src/base/limits.ts'
import { resultAnswer } from '../../support/read-answer.ts'

const accepted: CallAnswer = resultAnswer({ status: 'Accepted' })

function call(messageId: string, timeoutMs = 30_000): QueuedCall {
  return { messageId, action: 'Reset', frame: `[2,"${messageId}","Reset",{"type":"Soft"}]`, timeoutMs }
}

/** A running queue, with all its effects in order. */
function startQueue() {
  const clock = new SimulatedClock()
  const transmitted: string[] = []
  const settled: [messageId: string, outcome: CallAnswer | CallFailure][] = []
  const queue = createActor(callQueueMachine, {
    clock,
    input: {
      identity: 'CP001',
      effects: {
        transmit: ({ messageId }) => transmitted.push(messageId),
        settle: (messageId, outcome) => settled.push([messageId, outcome]),
      },
    },
  }).start()
  const ask = (...messageIds: readonly string[]) => {
    for (const messageId of messageIds) queue.send({ type: 'call', call: call(messageId) })
  }
  const answer = (messageId: string) => queue.send({ type: 'answered', messageId, answer: accepted })
  const codes = () => settled.map(([id, outcome]) => [id, outcome.kind === 'failed' ? outcome.code : outcome.kind])
  return { clock, queue, transmitted, settled, ask, answer, codes }
}

describe('the call queue', () => {
  test('transmits one CALL, and the next one after its answer', () => {
    const { transmitted, settled, ask, answer } = startQueue()
    ask('a', 'b', 'c')
    expect(transmitted).toEqual(['a'])
    answer('a')
    expect(transmitted).toEqual(['a', 'b'])
    answer('b')
    answer('c')
    expect(transmitted).toEqual(['a', 'b', 'c'])
    expect(settled).toEqual([
      ['a', accepted],
      ['b', accepted],
      ['c', accepted],
    ])
  })

  test('settles a CALL with its CALLERROR', () => {
    const { queue, settled, ask } = startQueue()
    const error: CallAnswer = { kind: 'error', code: 'NotSupported', description: 'no', details: {} }
    ask('a')
    queue.send({ type: 'answered', messageId: 'a', answer: error })
    expect(settled).toEqual([['a', error]])
  })

  test('gives up a CALL that is not answered in time, and transmits the next', () => {
    const { clock, transmitted, settled, ask } = startQueue()
    ask('a')
    clock.increment(29_999)
    expect(settled).toEqual([])
    ask('b')
    clock.increment(1)
    expect(settled).toEqual([
      [
        'a',
        {
          kind: 'failed',
          code: 'CALL_TIMEOUT',
          message: "Charge point 'CP001' did not answer Reset within 30 s",
          wasSent: true,
        },
      ],
    ])
    expect(transmitted).toEqual(['a', 'b'])
  })

  test('gives a CALL that had to wait the full time for its answer', () => {
    const { clock, ask, answer, codes } = startQueue()
    ask('a', 'b')
    clock.increment(20_000)
    answer('a')
    clock.increment(29_999)
    expect(codes()).toEqual([['a', 'result']])
    answer('b')
    expect(codes()).toEqual([
      ['a', 'result'],
      ['b', 'result'],
    ])
  })

  test('gives up a CALL that waits too long, and never sends it', () => {
    const { clock, queue, transmitted, settled } = startQueue()
    queue.send({ type: 'call', call: call('slow', 600_000) })
    queue.send({ type: 'call', call: call('b', 5_000) })
    queue.send({ type: 'call', call: call('c', 60_000) })
    clock.increment(5_000)
    expect(settled).toEqual([
      [
        'b',
        {
          kind: 'failed',
          code: 'CALL_TIMEOUT',
          message: "Reset was not sent to charge point 'CP001': earlier commands kept it waiting for 5 s",
          wasSent: false,
        },
      ],
    ])
    queue.send({ type: 'answered', messageId: 'slow', answer: accepted })
    expect(transmitted).toEqual(['slow', 'c'])
  })

  test('refuses a CALL when the queue is full, and accepts one again when there is room', () => {
    const { transmitted, ask, answer, codes } = startQueue()
    const ids = Array.from({ length: callQueueCallsMax + 1 }, (_, index) => `m${index}`)
    ask(...ids, 'tooMany')
    expect(codes()).toEqual([['tooMany', 'CALL_QUEUE_FULL']])
    answer('m0')
    ask('fits')
    for (const id of ids.slice(1)) answer(id)
    expect(transmitted).toEqual([...ids, 'fits'])
  })

  test('refuses a CALL when the waiting bytes would exceed the limit, and accepts it when there is room', () => {
    const { queue, transmitted, settled, answer, codes } = startQueue()
    const ask = (messageId: string, bytes: number) =>
      queue.send({ type: 'call', call: { ...call(messageId), frame: 'x'.repeat(bytes) } })
    const half = callQueueBytesMax / 2
    // The outstanding CALL does not count.
    ask('underWay', callQueueBytesMax)
    ask('first', half)
    ask('second', half)
    ask('tooLarge', 1)
    expect(settled).toEqual([
      [
        'tooLarge',
        {
          kind: 'failed',
          code: 'CALL_QUEUE_FULL',
          message:
            "Reset was not sent to charge point 'CP001': 2 commands of 4194304 bytes already wait for it; " +
            'at most 32 commands and 4194304 bytes may',
          wasSent: false,
        },
      ],
    ])
    answer('underWay')
    ask('fits', half)
    for (const id of ['first', 'second', 'fits']) answer(id)
    expect(transmitted).toEqual(['underWay', 'first', 'second', 'fits'])
    expect(codes().map(([, code]) => code)).toEqual(['CALL_QUEUE_FULL', 'result', 'result', 'result', 'result'])
  })

  test('distinguishes a late answer from an unknown one', () => {
    const { clock, queue, ask, answer, codes } = startQueue()
    const owner = (messageId: string) => answerOwner(queue.getSnapshot(), messageId)
    ask('a')
    expect(owner('a')).toBe('outstanding')
    clock.increment(30_000)
    expect(owner('a')).toBe('late')
    expect(owner('x')).toBe('unknown')
    ask('b')
    answer('a')
    answer('x')
    expect(codes()).toEqual([['a', 'CALL_TIMEOUT']])
    expect(owner('b')).toBe('outstanding')
  })

  test('remembers only the last ids that timed out', () => {
    const { clock, queue, ask } = startQueue()
    for (let index = 0; index <= lateAnswersMax; index++) {
      ask(`m${index}`)
      clock.increment(30_000)
    }
    expect(queue.getSnapshot().context.timedOut.length).toBe(lateAnswersMax)
    expect(answerOwner(queue.getSnapshot(), 'm0')).toBe('unknown')
    expect(answerOwner(queue.getSnapshot(), `m${lateAnswersMax}`)).toBe('late')
  })

  test('fails all CALLs when the connection ends, and says which were sent', () => {
    const { clock, queue, settled, ask } = startQueue()
    ask('a', 'b')
    queue.send({ type: 'closed', reason: 'disconnected' })
    expect(settled).toEqual([
      [
        'a',
        {
          kind: 'failed',
          code: 'NOT_CONNECTED',
          message: "Reset was sent but not answered: charge point 'CP001' disconnected",
          wasSent: true,
        },
      ],
      [
        'b',
        {
          kind: 'failed',
          code: 'NOT_CONNECTED',
          message: "Reset was not sent: charge point 'CP001' disconnected",
          wasSent: false,
        },
      ],
    ])
    clock.increment(1_000_000)
    expect(settled.length).toBe(2)
  })

  test('while this node is stopping, waits for the outstanding answer and accepts no CALL', () => {
    const { queue, transmitted, ask, answer, codes } = startQueue()
    ask('a', 'b')
    queue.send({ type: 'drain' })
    ask('c')
    expect(codes()).toEqual([
      ['b', 'SHUTTING_DOWN'],
      ['c', 'SHUTTING_DOWN'],
    ])
    answer('a')
    expect(codes().at(-1)).toEqual(['a', 'result'])
    expect(transmitted).toEqual(['a'])
  })

  test('while this node is stopping, the outstanding answer may take its full time', () => {
    const { clock, queue, ask, codes } = startQueue()
    ask('a')
    queue.send({ type: 'drain' })
    clock.increment(30_000)
    expect(codes()).toEqual([['a', 'CALL_TIMEOUT']])
  })
})

// All possible orders of two CALLs, their answers, their time-outs, a shutdown and a close.
describe('on every path through the call queue', () => {
  const input = { identity: 'CP001', effects: { transmit: () => {}, settle: () => {} } }
  const events: CallQueueEvent[] = [
    ...['a', 'b'].flatMap((messageId): CallQueueEvent[] => [
      { type: 'call', call: call(messageId) },
      { type: 'answered', messageId, answer: accepted },
      { type: 'timeout', messageId },
    ]),
    { type: 'drain' },
    { type: 'closed', reason: 'disconnected' },
  ]
  const paths = getSimplePaths(callQueueMachine, {
    input,
    // A message id is used once, and a timer fires only for a CALL that was accepted.
    filterEvents: ({ context, value }, event) => {
      const { outstanding, waiting, timedOut } = context
      const held = [...(outstanding === null ? [] : [outstanding]), ...waiting].map(({ messageId }) => messageId)
      if (event.type === 'call') {
        return value !== 'draining' && ![...held, ...timedOut].includes(event.call.messageId)
      }
      return event.type !== 'timeout' || held.includes(event.messageId)
    },
    events,
    serializeState: ({ value, context: { outstanding, waiting, timedOut } }) =>
      JSON.stringify([value, outstanding?.messageId, waiting.map(({ messageId }) => messageId), timedOut]),
  })

  /** The effects of the events of a path, as `transmit a`, `settle a`. */
  function effectsOf(path: (typeof paths)[number]): string[] {
    const effects: string[] = []
    let [snapshot] = initialTransition(callQueueMachine, input)
    for (const { event } of path.steps.slice(1)) {
      if (!('type' in event) || event.type.startsWith('xstate.')) continue
      const [next, actions] = transition(callQueueMachine, snapshot, event)
      snapshot = next
      for (const { type, params } of actions) {
        if (type === 'transmit' && isTransmit(params)) effects.push(`transmit ${params.call.messageId}`)
        if (type === 'settle' && isSettle(params)) effects.push(`settle ${params.messageId}`)
      }
    }
    return effects
  }

  test('there are many, and they lead to every state', () => {
    expect(paths.length).toBeGreaterThan(100)
    expect(new Set(paths.map(({ state }) => state.value))).toEqual(new Set(['idle', 'waiting', 'draining', 'closed']))
  })

  test('at most one CALL is outstanding', () => {
    for (const path of paths) {
      const outstanding = new Set<string>()
      for (const effect of effectsOf(path)) {
        const [verb, id = ''] = effect.split(' ')
        if (verb === 'transmit') outstanding.add(id)
        else outstanding.delete(id)
        expect(outstanding.size).toBeLessThan(2)
      }
    }
  })

  test('every accepted CALL is settled exactly once before the queue is closed', () => {
    for (const path of paths) {
      const taken = path.steps.filter(({ event }) => event.type === 'call').length
      const settled = effectsOf(path).filter((effect) => effect.startsWith('settle'))
      if (path.state.value === 'closed') expect(settled.length).toBe(taken)
      else expect(settled.length).toBeLessThanOrEqual(taken)
    }
  })
})

function isTransmit(params: unknown): params is { call: QueuedCall } {
  return typeof params === 'object' && params !== null && 'call' in params
}

function isSettle(params: unknown): params is { messageId: string } {
  return typeof params === 'object' && params !== null && 'messageId' in params
}
