import { beforeEach, describe, expect, test } from 'bun:test'
import { CallLost, CallRejected, type Answer, type Call } from '../../../src/simulator/connection.ts'
import { Outbox } from '../../../src/simulator/outbox.ts'
import { HandClock } from '../../support/hand-clock.ts'

/** Lets every promise that can settle do so. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

let clock: HandClock
let sent: string[]
let gaveUp: string[]
let answer: (call: Call) => Answer | Error
let outbox: Outbox

beforeEach(() => {
  clock = new HandClock()
  sent = []
  gaveUp = []
  answer = ({ action }) => ({ to: action })
  outbox = new Outbox({
    clock,
    call: async (call) => {
      sent.push(call.action)
      const outcome = answer(call)
      if (outcome instanceof Error) throw outcome
      return outcome
    },
    attemptsMax: () => 3,
    retryMs: () => 60_000,
    gaveUp: (error) => gaveUp.push(error.code),
  })
})

const message = (action: string) => (): Call => ({ action, payload: {} })

describe('an outbox', () => {
  test('holds messages until the charge point may send, then sends them in order', async () => {
    const answers = Promise.all([outbox.push(message('one')), outbox.push(message('two'))])
    await settle()
    expect(sent).toEqual([])
    outbox.resume()
    expect(await answers).toEqual([{ to: 'one' }, { to: 'two' }])
    expect(sent).toEqual(['one', 'two'])
    expect(outbox.size).toBe(0)
  })

  test('asks for a message only when its turn has come', async () => {
    let id = 0
    answer = () => ({ transactionId: ++id })
    outbox.resume()
    const first = outbox.push(message('start'))
    let seen: unknown
    const second = outbox.push(() => {
      seen = id
      return { action: 'stop', payload: {} }
    })
    await Promise.all([first, second])
    expect(seen).toBe(1)
  })

  test('sends a message again after the connection was lost, and nothing overtakes it', async () => {
    answer = () => new CallLost('one', 'gone')
    outbox.resume()
    const both = Promise.all([outbox.push(message('one')), outbox.push(message('two'))])
    outbox.pause()
    await settle()
    answer = ({ action }) => ({ to: action })
    outbox.resume()
    await both
    expect(sent).toEqual(['one', 'one', 'two'])
  })

  test('waits longer before each repetition of a refused message, and gives it up after three', async () => {
    answer = ({ action }) => (action === 'bad' ? new CallRejected('bad', 'InternalError', '') : {})
    outbox.resume()
    const bad = outbox.push(message('bad'))
    const good = outbox.push(message('good'))
    await settle()
    expect(sent).toEqual(['bad'])
    clock.pass(60_000)
    await settle()
    expect(sent).toEqual(['bad', 'bad'])
    clock.pass(60_000)
    await settle()
    expect(sent).toEqual(['bad', 'bad'])
    clock.pass(60_000)
    expect(await bad).toBeNull()
    expect(await good).toEqual({})
    expect(gaveUp).toEqual(['InternalError'])
  })

  test('never gives up a message that only got no answer', async () => {
    answer = () => new CallLost('one', 'no answer')
    outbox.resume()
    const one = outbox.push(message('one'))
    for (let attempt = 1; attempt <= 10; attempt++) {
      await settle()
      clock.pass(60_000 * attempt)
    }
    await settle()
    expect(sent.length).toBe(11)
    answer = () => ({})
    clock.pass(60_000 * 11)
    expect(await one).toEqual({})
  })
})
