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

/** A queue that runs, with all that it did to the world in order. */
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
  test('transmits one CALL, and the next when that is answered', () => {
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

  test('passes a CALLERROR on as the answer that it is', () => {
    const { queue, settled, ask } = startQueue()
    const error: CallAnswer = { kind: 'error', code: 'NotSupported', description: 'no', details: {} }
    ask('a')
    queue.send({ type: 'answered', messageId: 'a', answer: error })
    expect(settled).toEqual([['a', error]])
  })

  test('gives up a CALL that is not answered in time, and goes on with the next', () => {
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
        },
      ],
    ])
    expect(transmitted).toEqual(['a', 'b'])
  })

  test('gives the whole time to answer to a CALL that had to wait for its turn', () => {
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

  test('gives up a CALL whose turn does not come in time, without ever sending it', () => {
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
        },
      ],
    ])
    queue.send({ type: 'answered', messageId: 'slow', answer: accepted })
    expect(transmitted).toEqual(['slow', 'c'])
  })

  test('refuses a CALL when as many wait as may, and takes one again when there is room', () => {
    const { transmitted, ask, answer, codes } = startQueue()
    const ids = Array.from({ length: callQueueCallsMax + 1 }, (_, index) => `m${index}`)
    ask(...ids, 'tooMany')
    expect(codes()).toEqual([['tooMany', 'CALL_QUEUE_FULL']])
    answer('m0')
    ask('fits')
    for (const id of ids.slice(1)) answer(id)
    expect(transmitted).toEqual([...ids, 'fits'])
  })

  test('refuses a CALL that would make those that wait too large together, and takes it when there is room', () => {
    const { queue, transmitted, settled, answer, codes } = startQueue()
    const ask = (messageId: string, bytes: number) =>
      queue.send({ type: 'call', call: { ...call(messageId), frame: 'x'.repeat(bytes) } })
    const half = callQueueBytesMax / 2
    // What is under way has left: it does not count.
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
        },
      ],
    ])
    answer('underWay')
    ask('fits', half)
    for (const id of ['first', 'second', 'fits']) answer(id)
    expect(transmitted).toEqual(['underWay', 'first', 'second', 'fits'])
    expect(codes().map(([, code]) => code)).toEqual(['CALL_QUEUE_FULL', 'result', 'result', 'result', 'result'])
  })

  test('knows the answer that comes too late from one that nobody asked for', () => {
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

  test('fails everything when the connection goes, and says what had been sent', () => {
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
        },
      ],
      [
        'b',
        { kind: 'failed', code: 'NOT_CONNECTED', message: "Reset was not sent: charge point 'CP001' disconnected" },
      ],
    ])
    clock.increment(1_000_000)
    expect(settled.length).toBe(2)
  })

  test('while this node stops, waits for the answer under way and takes nothing else', () => {
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

  test('while this node stops, the answer under way still has its time', () => {
    const { clock, queue, ask, codes } = startQueue()
    ask('a')
    queue.send({ type: 'drain' })
    clock.increment(30_000)
    expect(codes()).toEqual([['a', 'CALL_TIMEOUT']])
  })
})

// Every order in which two CALLs, their answers, their time-outs, a shutdown and a close can follow one another.
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
    // A message id is used once, and a timer rings only for a CALL that was taken in.
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

  test('every CALL that was taken in is settled once by the time the queue is closed, and never twice', () => {
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
