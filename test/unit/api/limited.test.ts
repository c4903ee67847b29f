// One principal has so many requests under way and waiting, and no more.

import { describe, expect, test } from 'bun:test'
import { Semaphores } from '../../../src/api/limited.ts'
import { aChargePoint, anOperator } from '../../support/principals.ts'
import {
  chargePointReadsAtOnceMax,
  chargePointRequestsWaitingMax,
  operatorCommandsAtOnceMax,
  operatorReadsAtOnceMax,
  restRefusalMs,
  restRefusalsHeldMax,
  restRetryAfterSeconds,
  restWaitMsMax,
} from '../../../src/base/limits.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { resultAnswer } from '../../support/read-answer.ts'
import { until } from '../../support/until.ts'
import { chargePoint, fakeApi } from './fake-deps.ts'

const allowance = { atOnceMax: 2, waitingMax: 3 }

describe('semaphores', () => {
  test('are given in turn, as they become free, and a name is forgotten with its last one', async () => {
    const semaphores = new Semaphores(new HandClock())
    const [first, second] = await Promise.all([semaphores.acquire('a', allowance), semaphores.acquire('a', allowance)])
    const order: number[] = []
    const waiting = [1, 2, 3].map(async (number) => {
      const giveBack = await semaphores.acquire('a', allowance)
      order.push(number)
      giveBack()
    })
    await Promise.resolve()
    expect(order).toEqual([])
    first()
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3])
    expect(semaphores.size).toBe(1)
    second()
    expect(semaphores.size).toBe(0)
  })

  test('of one name leave those of another alone', async () => {
    const semaphores = new Semaphores(new HandClock())
    await Promise.all([semaphores.acquire('a', allowance), semaphores.acquire('a', allowance)])
    expect(await semaphores.acquire('b', allowance)).toBeFunction()
  })

  test('are refused when the line is full, and after too long a wait', async () => {
    const clock = new HandClock()
    const semaphores = new Semaphores(clock)
    const taken = await Promise.all([semaphores.acquire('a', allowance), semaphores.acquire('a', allowance)])
    const waiting = [1, 2, 3].map(() => semaphores.acquire('a', allowance))
    await expect(semaphores.acquire('a', allowance)).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
    clock.pass(restWaitMsMax)
    for (const one of waiting) await expect(one).rejects.toMatchObject({ code: 'TOO_MANY_REQUESTS' })
    taken.forEach((giveBack) => giveBack())
    expect([semaphores.size, clock.alarms]).toEqual([0, 0])
  })

  test('are not kept for those who have hung up', async () => {
    const clock = new HandClock()
    const semaphores = new Semaphores(clock)
    const taken = await Promise.all([semaphores.acquire('a', allowance), semaphores.acquire('a', allowance)])
    const hungUp = new AbortController()
    const gone = semaphores.acquire('a', allowance, hungUp.signal)
    const next = semaphores.acquire('a', allowance)
    hungUp.abort()
    ;(await gone)()
    taken[0]()
    ;(await next)()
    taken[1]()
    expect([semaphores.size, clock.alarms]).toEqual([0, 0])
  })
})

test('a list says that its total is a lower bound where it is one', async () => {
  const listOf = async (found: { totalCount: number; totalCountAtLeast?: true }): Promise<unknown> => {
    const { request } = fakeApi({ queries: { messageLog: async () => ({ ...found, items: [] }) } })
    return (await request('/api/chargepoints/CP001/messages')).json()
  }
  const page = { page: 1, pageSize: 20, messages: [] }
  expect(await listOf({ totalCount: 7 })).toEqual({ totalCount: 7, ...page })
  expect(await listOf({ totalCount: 7, totalCountAtLeast: true })).toEqual({
    totalCount: 7,
    totalCountAtLeast: true,
    ...page,
  })
})

describe('REST requests', () => {
  const operator = anOperator()
  const station = aChargePoint('CP001', 1)

  /** An API whose reads and commands answer once `release` is called; `underWay` says how many there are. */
  function slowApi() {
    const { promise, resolve } = Promise.withResolvers<void>()
    const clock = new HandClock()
    const underWay = { reads: 0, commands: 0 }
    const { request, post } = fakeApi({
      queries: {
        chargePoint: async () => chargePoint,
        messageLog: async () => {
          underWay.reads++
          await promise
          return { totalCount: 0, items: [] }
        },
      },
      live: {
        call: async () => {
          underWay.commands++
          await promise
          return resultAnswer({ status: 'Accepted' })
        },
      },
      deps: {
        clock,
        authenticate: async (headers) => {
          const key = headers.get('X-API-Key') ?? ''
          if (key.startsWith('key-')) return { ...operator, key: { id: key, expiresAtMs: null } }
          return key === 'station' ? station : operator
        },
      },
    })
    const read = (key: string) => request('/api/chargepoints/CP001/messages', { headers: { 'X-API-Key': key } })
    const command = () => post('/api/chargepoints/CP001/calls', { action: 'ClearCache' })
    return { read, command, underWay, clock, release: resolve }
  }

  test('of a charge point that reads too much are 429 with Retry-After, and its operator reads on', async () => {
    const { read, underWay, clock, release } = slowApi()
    const count = chargePointReadsAtOnceMax + chargePointRequestsWaitingMax
    const reads = Array.from({ length: count }, () => read('station'))
    await until('the first reads to be under way', () => underWay.reads === chargePointReadsAtOnceMax)
    const refusing = read('station')
    await until('the refusal to be held back', () => clock.alarms === chargePointRequestsWaitingMax + 1)
    clock.pass(restRefusalMs)
    const refused = await refusing
    expect([refused.status, refused.headers.get('Retry-After')]).toEqual([429, String(restRetryAfterSeconds)])
    expect(await refused.json()).toMatchObject({ error: 'TooManyRequests', message: expect.any(String) })
    const ofOperator = read('admin')
    await until('the operator to be served', () => underWay.reads === chargePointReadsAtOnceMax + 1)
    release()
    const statuses = (await Promise.all([...reads, ofOperator])).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
    expect((await read('station')).status).toBe(200)
  })

  test('that are refused are held back for a moment, as long as there are not too many of them', async () => {
    const { read, underWay, clock, release } = slowApi()
    const count = chargePointReadsAtOnceMax + chargePointRequestsWaitingMax
    const reads = Array.from({ length: count }, () => read('station'))
    await until('the first reads to be under way', () => underWay.reads === chargePointReadsAtOnceMax)
    const held = Array.from({ length: restRefusalsHeldMax }, () => read('station'))
    await until('them to be held back', () => clock.alarms === chargePointRequestsWaitingMax + restRefusalsHeldMax)
    expect((await read('station')).status).toBe(429)
    clock.pass(restRefusalMs)
    expect(new Set((await Promise.all(held)).map(({ status }) => status))).toEqual(new Set([429]))
    release()
    await Promise.all(reads)
  })

  test('of an operator whose commands all wait for charge points are served: reads have semaphores of their own', async () => {
    const { read, command, underWay, release } = slowApi()
    const commands = Array.from({ length: operatorCommandsAtOnceMax + 1 }, command)
    await until('the commands to be under way', () => underWay.commands === operatorCommandsAtOnceMax)
    const reads = Array.from({ length: operatorReadsAtOnceMax + 1 }, () => read('admin'))
    await until('the reads to be under way', () => underWay.reads === operatorReadsAtOnceMax)
    release()
    const statuses = (await Promise.all([...commands, ...reads])).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
  })

  test('of an API key leave another key of the same name alone', async () => {
    const { read, underWay, release } = slowApi()
    const reads = Array.from({ length: operatorReadsAtOnceMax + 1 }, () => read('key-1'))
    await until('the reads to be under way', () => underWay.reads === operatorReadsAtOnceMax)
    const another = read('key-2')
    await until('the other key to be served', () => underWay.reads === operatorReadsAtOnceMax + 1)
    release()
    expect(new Set((await Promise.all([...reads, another])).map(({ status }) => status))).toEqual(new Set([200]))
  })
})
