// The door of the gateway: a few at a time, the others in order, and nobody waits for ever.

import { beforeEach, describe, expect, test } from 'bun:test'
import { Counters } from '../../../src/base/counters.ts'
import { createLogger } from '../../../src/base/log.ts'
import { handshakesAtOnceMax, handshakesWaitingMax, handshakeWaitMsMax } from '../../../src/base/limits.ts'
import { Admission, type Release } from '../../../src/gateway/admission.ts'
import { HandClock } from '../../support/hand-clock.ts'

let clock: HandClock
let counters: Counters
let admission: Admission
let lines: string[]

beforeEach(() => {
  clock = new HandClock()
  counters = new Counters()
  lines = []
  const log = createLogger({ Default: 'Warning' }, { write: (line) => void lines.push(line) })
  admission = new Admission({ clock, counters, log, waitingMax: handshakesWaitingMax })
})

async function full(): Promise<Release[]> {
  const releases = await Promise.all(Array.from({ length: handshakesAtOnceMax }, () => admission.enter()))
  return releases.flatMap((release) => (release === null ? [] : [release]))
}

describe('admission', () => {
  test('gives slots without a wait up to its limit', async () => {
    expect(await full()).toHaveLength(handshakesAtOnceMax)
    expect(counters.handshakesDelayed).toBe(0)
  })

  test('gives released slots to the others one by one, in the order in which they came', async () => {
    const inside = await full()
    const order: number[] = []
    const waiting = [1, 2, 3].map((number) => admission.enter().then((release) => (order.push(number), release)))
    inside[0]?.()
    expect(await waiting[0]).toBeFunction()
    expect(order).toEqual([1])
    inside[1]?.()
    inside[2]?.()
    await Promise.all(waiting)
    expect(order).toEqual([1, 2, 3])
    expect(counters.handshakesDelayed).toBe(3)
    expect(lines).toHaveLength(1)
    expect(clock.alarms).toBe(0)
  })

  test('passes a slot on once, however often it is released', async () => {
    const [first] = await full()
    const waiting = [admission.enter(), admission.enter()]
    first?.()
    first?.()
    await waiting[0]
    clock.pass(handshakeWaitMsMax)
    expect(await waiting[1]).toBeNull()
  })

  test('refuses a handshake that has waited for too long, and passes the slot to the next', async () => {
    const [first] = await full()
    const late = admission.enter()
    clock.pass(handshakeWaitMsMax / 2)
    const next = admission.enter()
    clock.pass(handshakeWaitMsMax / 2)
    expect(await late).toBeNull()
    first?.()
    expect(await next).toBeFunction()
  })

  test('refuses a handshake when too many wait', async () => {
    await full()
    for (let count = 0; count < handshakesWaitingMax; count++) void admission.enter()
    expect(await admission.enter()).toBeNull()
  })
})
