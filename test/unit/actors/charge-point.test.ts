import { describe, expect, test } from 'bun:test'
import { createActor } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { type ChargePointEvent, chargePointMachine } from '../../../actors/charge-point.ts'
import { stateOf } from '../../../actors/committed.ts'
import type { KnownChargePoint, RegistrationStatus } from '../../../src/blocks/decision.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint } from '../../support/known.ts'

function start(differences: Partial<KnownChargePoint> = {}) {
  const input = stateOf(hydration({ chargePoint: { ...chargePoint, ...differences } }))
  return createActor(chargePointMachine, { input }).start()
}

const answers: readonly (readonly [RegistrationStatus | null, string])[] = [
  ['Accepted', 'accepted'],
  ['Pending', 'pending'],
  ['Rejected', 'rejected'],
  [null, 'never'],
]

describe('the life of a charge point', () => {
  test.each(answers)('begins where its last boot was answered %s', (bootStatus, boot) => {
    expect(start({ bootStatus }).getSnapshot().value).toEqual({ connected: { boot, calls: 'open' } } as never)
  })

  test('follows the answer to every boot, from every other', () => {
    for (const [from] of answers) {
      for (const [to, boot] of answers) {
        const actor = start({ bootStatus: from })
        const booted = { ...chargePoint, bootStatus: to, lastBootAtMs: 1 }
        actor.send({ type: 'booted', state: { ...actor.getSnapshot().context, chargePoint: booted } })
        expect(actor.getSnapshot().value).toEqual({ connected: { boot, calls: 'open' } } as never)
        expect(actor.getSnapshot().context.chargePoint).toEqual(booted)
      }
    }
  })

  test('goes from its connection to the end of it, with or without a node that stops in between', () => {
    const events: ChargePointEvent[] = [{ type: 'drain' }, { type: 'closed' }]
    const input = stateOf(hydration())
    const paths = getShortestPaths(chargePointMachine, {
      input,
      events,
      serializeState: (s) => JSON.stringify(s.value),
    })
    const reached = paths.map(({ state: { value }, steps }) => {
      return [typeof value === 'string' ? value : value.connected.calls, steps.length - 1]
    })
    expect(Object.fromEntries(reached)).toEqual({ open: 0, draining: 1, closed: 1 })
  })

  test('is over for good when the connection is: nothing moves it any more', () => {
    const actor = start()
    actor.send({ type: 'closed' })
    actor.send({ type: 'provisioned', settings: { registrationStatus: 'Rejected' } })
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'closed', context: { chargePoint } })
  })

  test('a boot while this node stops is noted, and stops nothing', () => {
    const actor = start()
    actor.send({ type: 'drain' })
    const booted = { ...chargePoint, bootStatus: 'Pending' as const }
    actor.send({ type: 'booted', state: { ...actor.getSnapshot().context, chargePoint: booted } })
    expect(actor.getSnapshot().value).toEqual({ connected: { boot: 'pending', calls: 'draining' } })
  })

  test('what an operator changes of it is known at once, and the rest of it stays', () => {
    const actor = start()
    actor.send({ type: 'provisioned', settings: { registrationStatus: 'Rejected' } })
    expect(actor.getSnapshot().context.chargePoint).toEqual({ ...chargePoint, registrationStatus: 'Rejected' })
    expect(actor.getSnapshot().matches({ connected: { boot: 'accepted' } })).toBe(true)
  })
})

// OCPP-J 1.6 errata §3.8, 2.0.1 B02.FR.09: only BootNotification is served before a boot is accepted, and what a CALL asked for. A fact is never
// refused, and some charge points do not boot again after a reconnect.
describe('a message is served', () => {
  const message = { type: 'message', isExpected: false, isTransactional: false } as const
  const served = (differences: Partial<KnownChargePoint>, more: Partial<typeof message> | object = {}) =>
    start(differences)
      .getSnapshot()
      .can({ ...message, ...more })

  test('once the boot is accepted', () => {
    expect(served({ bootStatus: 'Accepted' })).toBe(true)
  })

  test.each(['Pending', 'Rejected'] as const)(
    'while the boot is %s only when it is expected, or a fact',
    (bootStatus) => {
      for (const strictness of ['strict', 'lenient'] as const) {
        expect(served({ bootStatus, strictness })).toBe(false)
        expect(served({ bootStatus, strictness }, { isExpected: true })).toBe(true)
        expect(served({ bootStatus, strictness }, { isTransactional: true })).toBe(true)
      }
    },
  )

  test('of a charge point that has never booted here when it is lenient, and like that of a pending one when strict', () => {
    expect(served({ bootStatus: null })).toBe(true)
    expect(served({ bootStatus: null, strictness: 'strict' })).toBe(false)
    expect(served({ bootStatus: null, strictness: 'strict' }, { isTransactional: true })).toBe(true)
  })
})

// 1.6 §4.2: no RemoteStartTransaction and no RemoteStopTransaction while Pending. 2.0.1 B03.FR.03: nothing while Rejected.
describe('a CALL may be sent', () => {
  const sent = (differences: Partial<KnownChargePoint>, isOfTransaction: boolean) =>
    start(differences).getSnapshot().can({ type: 'command', isOfTransaction })

  test('of any kind, once the boot is accepted or when none has ever come', () => {
    for (const bootStatus of ['Accepted', null] as const) {
      expect([sent({ bootStatus }, false), sent({ bootStatus }, true)]).toEqual([true, true])
    }
  })

  test('but one that starts or stops a transaction, while the boot is pending', () => {
    for (const version of ['1.6', '2.0.1'] as const) {
      expect(sent({ version, bootStatus: 'Pending' }, false)).toBe(true)
      expect(sent({ version, bootStatus: 'Pending' }, true)).toBe(false)
    }
  })

  test('to a rejected charge point of 1.6, which may listen; to one of 2.x never', () => {
    expect(sent({ bootStatus: 'Rejected' }, false)).toBe(true)
    expect(sent({ bootStatus: 'Rejected' }, true)).toBe(false)
    expect(sent({ version: '2.0.1', bootStatus: 'Rejected' }, false)).toBe(false)
  })
})
