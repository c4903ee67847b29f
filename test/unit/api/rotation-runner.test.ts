// What the runner of credential rotations asks of the store and sends, turn by turn.

import { describe, expect, test } from 'bun:test'
import { RotationRunner, type RunnerStore } from '../../../src/api/rotation-runner.ts'
import { Counters } from '../../../src/base/counters.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { rotationCallsMax, rotationStopMsMax, rotationTurnMs, rotationUpkeepMs } from '../../../src/base/limits.ts'
import type { ClaimedItem, ItemResult } from '../../../src/blocks/provisioning/credential-rotation.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { until } from '../../support/until.ts'

const accepted: ItemResult = { state: 'accepted', status: 'Accepted', errorCode: null, error: null }
const unsent: ItemResult = { state: 'waiting', status: null, errorCode: 'NOT_CONNECTED', error: 'It is not connected' }

function itemOf(key: number): ClaimedItem {
  return { rotationId: 1, key, identity: `CP${key}`, strictness: 'lenient' }
}

/** A runner on a store that has these items, one more at each claim. */
function running(items: readonly number[], overrides: Partial<RunnerStore> = {}) {
  const done: string[] = []
  const left = [...items]
  const clock = new HandClock()
  const counters = new Counters()
  let isOpen = items.length > 0
  const answers = new Map<number, PromiseWithResolvers<ItemResult>>()
  const runner = new RotationRunner({
    clock,
    counters,
    log: silentLogger,
    store: {
      claim: async (room) => {
        done.push(`claim ${room}`)
        return left.splice(0, 1).map(itemOf)
      },
      settle: async ({ key }, { state }) => void done.push(`${key} ${state}`),
      giveBack: async ({ key }) => void done.push(`${key} back`),
      tidy: async (held) => {
        done.push(['tidy', ...held.map(({ key }) => key)].join(' '))
        return { ended: [], states: [] }
      },
      finish: async () => ({ ended: [], isOpen }),
      ...overrides,
    },
    send: ({ key }) => {
      done.push(`send ${key}`)
      const answer = Promise.withResolvers<ItemResult>()
      answers.set(key, answer)
      return answer.promise
    },
  })
  return {
    runner,
    clock,
    counters,
    done,
    answer: (key: number, result: ItemResult) => answers.get(key)?.resolve(result),
    close: () => {
      isOpen = false
    },
    has: (what: string) => until(what, () => done.includes(what)),
  }
}

describe('the runner of credential rotations', () => {
  test('asks the store nothing before charge points can connect, and nothing more once no rotation is open', async () => {
    const { clock, done, runner, has } = running([])
    runner.wake()
    clock.pass(60_000)
    expect(done).toEqual([])
    runner.begin()
    await has(`claim ${rotationCallsMax}`)
    await until('the turn to end', () => {
      clock.pass(60_000)
      return clock.alarms === 0
    })
    const asked = done.length
    clock.pass(3_600_000)
    expect(done).toHaveLength(asked)
    runner.wake()
    await until('another turn', () => done.length > asked)
  })

  test('takes items at each turn, with room for what it does not have in hand', async () => {
    const { answer, clock, counters, done, runner, has } = running([1, 2])
    runner.begin()
    await has('send 1')
    await until('the turn to end', () => clock.alarms === 1)
    clock.pass(rotationTurnMs)
    await has('send 2')
    answer(1, accepted)
    await has('1 accepted')
    expect(done).toEqual(['tidy', 'claim 100', 'send 1', 'claim 99', 'send 2', '1 accepted'])
    expect(counters.credentialRotations.of('accepted')).toBe(1)
    await until('upkeep, which leaves it what it has', () => {
      if (clock.alarms > 0) clock.pass(rotationUpkeepMs / 2)
      return done.includes('tidy 2')
    })
  })

  test('gives back an item of which nothing was sent, and does not count it', async () => {
    const { answer, counters, runner, has } = running([1])
    runner.begin()
    await has('send 1')
    answer(1, unsent)
    await has('1 back')
    expect(counters.credentialRotations.total).toBe(0)
  })

  test('tries to give back once: the item may be taken again by the next attempt', async () => {
    let attempts = 0
    const giveBack = (): Promise<void> => {
      attempts++
      return Promise.reject(new StatorError('STORE_UNAVAILABLE', 'It is away'))
    }
    const { answer, clock, done, runner, has } = running([1], { giveBack })
    runner.begin()
    await has('send 1')
    answer(1, unsent)
    await until('upkeep, without the item', () => {
      if (clock.alarms > 0) clock.pass(rotationUpkeepMs / 2)
      return done.filter((what) => what === 'tidy').length === 2
    })
    expect(attempts).toBe(1)
  })

  test('sends nothing when the store does not commit what it takes, and tries again', async () => {
    let attempts = 0
    const claim = async (): Promise<ClaimedItem[]> => {
      attempts++
      throw new StatorError('STORE_UNAVAILABLE', 'It is away')
    }
    const { clock, done, runner } = running([1], { claim })
    runner.begin()
    await until('three attempts', () => {
      if (clock.alarms > 0) clock.pass(rotationTurnMs)
      return attempts >= 3
    })
    expect(done.filter((what) => what.startsWith('send'))).toEqual([])
  })

  test('stores the outcome once the database takes it', async () => {
    let refusals = 3
    const settled: string[] = []
    const settle: RunnerStore['settle'] = async ({ key }, { state }) => {
      if (refusals-- > 0) throw new StatorError('STORE_UNAVAILABLE', 'It is away')
      settled.push(`${key} ${state}`)
    }
    const { answer, clock, runner, has } = running([1], { settle })
    runner.begin()
    await has('send 1')
    answer(1, accepted)
    await until('it to be stored', () => {
      clock.pass(rotationTurnMs)
      return settled.length > 0
    })
    expect(settled).toEqual(['1 accepted'])
  })

  test('that pauses takes nothing more, waits for answers a while, and stores the rest at the end', async () => {
    const { answer, clock, done, runner, has } = running([1, 2])
    runner.begin()
    await has('send 1')
    const paused = runner.pause()
    clock.pass(rotationStopMsMax - 1)
    expect(await Promise.race([paused.then(() => 'over'), until('a turn of the event loop', () => 'waits')])).toBe(
      'waits',
    )
    clock.pass(1)
    await paused
    runner.wake()
    clock.pass(60_000)
    answer(1, { ...unsent, state: 'unknown' })
    await runner.end()
    expect(done).toEqual(['tidy', 'claim 100', 'send 1', '1 unknown'])
  })

  test('that pauses while the store takes an item for it gives it back', async () => {
    const taken = Promise.withResolvers<readonly ClaimedItem[]>()
    const claim = (): Promise<readonly ClaimedItem[]> => {
      done.push('claim')
      return taken.promise
    }
    const { done, runner, has } = running([1], { claim })
    runner.begin()
    await has('claim')
    const paused = runner.pause()
    taken.resolve([itemOf(7)])
    await paused
    await runner.end()
    expect(done).toEqual(['tidy', 'claim', '7 back'])
  })

  test('ends although the outcome cannot be stored', async () => {
    const settle = (): Promise<void> => Promise.reject(new StatorError('STORE_UNAVAILABLE', 'It is away'))
    const { answer, clock, runner, has } = running([1], { settle })
    runner.begin()
    await has('send 1')
    answer(1, accepted)
    await until('a second attempt to wait', () => clock.alarms === 2)
    await runner.end()
    expect(runner.isStopping).toBe(true)
  })

  test('stops although the database does not answer', async () => {
    const { clock, runner } = running([1], { claim: () => new Promise(() => {}) })
    runner.begin()
    let isStopped = false
    void (async () => {
      await runner.pause()
      await runner.end()
      isStopped = true
    })()
    await until('both to be over', () => {
      clock.pass(rotationStopMsMax)
      return isStopped
    })
  })
})
