// Who guesses credentials waits, and nobody else does; by a clock that a test moves.

import { describe, expect, test } from 'bun:test'
import { type Attempt, FailedAttempts } from '../../../src/auth/failed-attempts.ts'
import {
  attemptPaceMs,
  attemptsRememberedMax,
  attemptWaitMsMax,
  attemptWindowMs,
  refusalHoldMsMax,
  refusalHoldMsMin,
} from '../../../src/base/limits.ts'
import { Counters } from '../../../src/base/counters.ts'
import { HandClock } from '../../support/hand-clock.ts'

function attemptsWith(freeAttempts: number) {
  const clock = new HandClock()
  const counters = new Counters()
  return { clock, counters, attempts: new FailedAttempts({ clock, counters, freeAttempts }) }
}

function attempt(address: string, identity: string | null, password = 'wrong'): Attempt {
  return { address, identity, headers: new Headers({ Authorization: `Basic ${btoa(`${identity}:${password}`)}` }) }
}

const guess = attempt('192.0.2.1', 'CP001')

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false
  void promise.then(() => (settled = true))
  await new Promise((resolve) => setImmediate(resolve))
  return settled
}

/** Fails so often, without waiting for the refusals. */
async function fail(attempts: FailedAttempts, times: number, what = guess): Promise<void> {
  for (let i = 0; i < times; i++) void attempts.failed(what)
}

describe('signed tokens', () => {
  const signed = (token: string, more = {}): Attempt => ({
    ...guess,
    headers: new Headers({ Authorization: `Bearer ${token}`, ...more }),
  })
  const token = 'eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJDUDAwMSJ9.c2lnbmF0dXJl'

  test('do not wait behind guesses of the same address at the same identity', async () => {
    const { attempts } = attemptsWith(0)
    await fail(attempts, 1_000)
    for (let i = 0; i < 100; i++) expect(await isSettled(attempts.turn(signed(token)))).toBe(true)
  })

  test('that are refused are no guesses: they hold back and pace nobody', async () => {
    const { attempts, counters } = attemptsWith(0)
    for (let i = 0; i < 100; i++) expect(await attempts.failed(signed(token))).toBe(false)
    expect(await attempts.turn(guess)).toBe(true)
    expect(counters).toMatchObject({ attemptsPaced: 0, refusalsHeldBack: 0 })
  })

  test.each([
    ['another bearer token', signed('token-of-a-scraper')],
    ['two tokens', signed(`${token} ${token}`)],
    ['a token of other parts', signed('a.b.c')],
    ['a token beside an API key', signed(token, { 'X-API-Key': 'guessed-key' })],
  ])('%s does count', async (_what, attempt) => {
    const { attempts } = attemptsWith(0)
    void attempts.failed(attempt)
    expect(attempts.size).toBe(1)
  })
})

describe('client certificates', () => {
  const certified = (headers = {}): Attempt => ({ ...guess, headers: new Headers(headers), hasCertificate: true })

  test('neither wait nor count: nobody guesses a key', async () => {
    const { attempts } = attemptsWith(0)
    for (let i = 0; i < 100; i++) expect(await attempts.failed(certified())).toBe(false)
    expect(attempts.size).toBe(0)
    await fail(attempts, 1_000)
    for (let i = 0; i < 100; i++) expect(await isSettled(attempts.turn(certified()))).toBe(true)
  })

  test.each([{ Authorization: 'Basic Q1AwMDE6d3Jvbmc=' }, { 'X-API-Key': 'guessed-key' }])(
    'count beside %p',
    async (more) => {
      const { attempts } = attemptsWith(0)
      void attempts.failed(certified(more))
      expect(attempts.size).toBe(1)
    },
  )
})

describe('refusals', () => {
  test('of the first attempts are not held back, further ones longer and longer', async () => {
    const { attempts, clock, counters } = attemptsWith(2)
    for (let i = 0; i < 2; i++) expect(await attempts.failed(guess)).toBe(false)
    for (const heldMs of [1, 2, 4, 8, 16].map((times) => times * refusalHoldMsMin)) {
      const refusal = attempts.failed(guess)
      clock.pass(heldMs - 1)
      expect(await isSettled(refusal)).toBe(false)
      clock.pass(1)
      expect(await refusal).toBe(true)
    }
    await fail(attempts, 1_000)
    const last = attempts.failed(guess)
    clock.pass(refusalHoldMsMax)
    expect(await last).toBe(true)
    expect(counters.refusalsHeldBack).toBe(1_006)
  })

  test('of another identity, or from another address, are not held back', async () => {
    const { attempts } = attemptsWith(2)
    await fail(attempts, 50)
    expect(await attempts.failed(attempt('192.0.2.1', 'CP002'))).toBe(false)
    expect(await attempts.failed(attempt('192.0.2.2', 'CP001'))).toBe(false)
  })

  test('are forgotten after two windows at most', async () => {
    const { attempts, clock } = attemptsWith(2)
    await fail(attempts, 50)
    clock.pass(attemptWindowMs - 1)
    expect(await isSettled(attempts.failed(guess))).toBe(false)
    clock.pass(2 * attemptWindowMs)
    expect(await attempts.failed(guess)).toBe(false)
  })

  test('are remembered of so many pairs at most', async () => {
    const { attempts } = attemptsWith(2)
    for (let i = 0; i < 2 * attemptsRememberedMax; i++) void attempts.failed(attempt('192.0.2.1', `CP${i}`))
    expect(attempts.size).toBeLessThanOrEqual(attemptsRememberedMax)
  })
})

describe('attempts', () => {
  test('are compared at once while there are few failures', async () => {
    const { attempts } = attemptsWith(2)
    await fail(attempts, 2)
    expect(await isSettled(attempts.turn(guess))).toBe(true)
  })

  test('after too many failures are compared one after the other, and in the end', async () => {
    const { attempts, clock, counters } = attemptsWith(2)
    await fail(attempts, 3)
    const turns = Array.from({ length: 5 }, () => attempts.turn(guess))
    for (const [index, turn] of turns.entries()) {
      expect(await isSettled(turn)).toBe(true)
      if (index < 4) expect(await isSettled(turns[index + 1] ?? turn)).toBe(false)
      clock.pass(attemptPaceMs)
    }
    expect(await Promise.all(turns)).toEqual([true, true, true, true, true])
    expect(counters.attemptsPaced).toBe(5)
  })

  test('that would wait too long are refused', async () => {
    const { attempts } = attemptsWith(0)
    await fail(attempts, 1)
    const most = attemptWaitMsMax / attemptPaceMs + 1
    for (let i = 0; i < most; i++) void attempts.turn(guess)
    expect(await attempts.turn(guess)).toBe(false)
  })

  test('with other identities, and from other addresses, do not wait', async () => {
    const { attempts } = attemptsWith(0)
    await fail(attempts, 100)
    for (let i = 0; i < 300; i++) void attempts.turn(guess)
    expect(await attempts.turn(attempt('192.0.2.1', 'CP002'))).toBe(true)
    expect(await attempts.turn(attempt('192.0.2.2', 'CP001'))).toBe(true)
    expect(await attempts.turn(attempt('192.0.2.1', null))).toBe(true)
  })

  test('with credentials that were right before do not wait, however many guesses do', async () => {
    const { attempts } = attemptsWith(0)
    const right = attempt('192.0.2.1', 'CP001', 'secretpassword')
    attempts.proven(right)
    await fail(attempts, 100)
    for (let i = 0; i < 300; i++) void attempts.turn(guess)
    expect(await attempts.turn(right)).toBe(true)
    expect(await attempts.turn(guess)).toBe(false)
  })
})

test('identities that are too long to exist count together', async () => {
  const { attempts } = attemptsWith(0)
  const long = (end: number): Attempt => attempt('192.0.2.1', `${'x'.repeat(10_000)}${end}`)
  for (let i = 0; i < 50; i++) void attempts.failed(long(i))
  expect(attempts.size).toBe(1)
  expect(await isSettled(attempts.turn(long(50)))).toBe(true)
  expect(await isSettled(attempts.turn(long(51)))).toBe(false)
})
