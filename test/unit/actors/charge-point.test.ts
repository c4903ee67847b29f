import { describe, expect, test } from 'bun:test'
import { createActor } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { type ChargePointEvent, chargePointMachine } from '../../../actors/charge-point.ts'
import { stateOf } from '../../../actors/committed.ts'
import type { KnownChargePoint, RegistrationStatus } from '../../../src/blocks/decision.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint } from '../../support/known.ts'
import { ocppVersions } from '../../../src/ocpp/version.ts'

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

describe('the chart of a charge point', () => {
  test.each(answers)('starts in the state of the answer to its last boot: %s', (bootStatus, boot) => {
    expect(start({ bootStatus }).getSnapshot().value).toEqual({ connected: { boot, calls: 'open' } } as never)
  })

  test('moves from the answer of each boot to that of each other one', () => {
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

  test('ends with its connection, with or without a stop of the node before', () => {
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

  test('does not change after the end of its connection', () => {
    const actor = start()
    actor.send({ type: 'closed' })
    actor.send({ type: 'provisioned', settings: { registrationStatus: 'Rejected' } })
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'closed', context: { chargePoint } })
  })

  test('a boot while this node is stopping changes the boot state only', () => {
    const actor = start()
    actor.send({ type: 'drain' })
    const booted = { ...chargePoint, bootStatus: 'Pending' as const }
    actor.send({ type: 'booted', state: { ...actor.getSnapshot().context, chargePoint: booted } })
    expect(actor.getSnapshot().value).toEqual({ connected: { boot: 'pending', calls: 'draining' } })
  })

  test('settings of an operator apply at once, and the other fields stay', () => {
    const actor = start()
    actor.send({ type: 'provisioned', settings: { registrationStatus: 'Rejected' } })
    expect(actor.getSnapshot().context.chargePoint).toEqual({ ...chargePoint, registrationStatus: 'Rejected' })
    expect(actor.getSnapshot().matches({ connected: { boot: 'accepted' } })).toBe(true)
  })
})

// OCPP-J 1.6 errata §3.8, 2.0.1 B02.FR.09: before a boot is accepted, only BootNotification and messages that a CALL
// requested are served. Transaction messages are never refused, and some charge points do not boot again after a
// reconnect.
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

  test('of a charge point that never booted here: any if it is lenient, and if strict the same as while Pending', () => {
    expect(served({ bootStatus: null })).toBe(true)
    expect(served({ bootStatus: null, strictness: 'strict' })).toBe(false)
    expect(served({ bootStatus: null, strictness: 'strict' }, { isTransactional: true })).toBe(true)
  })
})

// 1.6 §4.2: no RemoteStartTransaction and no RemoteStopTransaction while Pending. 2.0.1 B03.FR.03: no CALL while
// Rejected.
describe('a CALL may be sent', () => {
  const sent = (differences: Partial<KnownChargePoint>, isOfTransaction: boolean) =>
    start(differences).getSnapshot().can({ type: 'command', isOfTransaction })

  test('of any kind if the boot is accepted, or if none has ever come', () => {
    for (const bootStatus of ['Accepted', null] as const) {
      expect([sent({ bootStatus }, false), sent({ bootStatus }, true)]).toEqual([true, true])
    }
  })

  test('except a remote start or stop, while the boot is pending', () => {
    for (const version of ocppVersions) {
      expect(sent({ version, bootStatus: 'Pending' }, false)).toBe(true)
      expect(sent({ version, bootStatus: 'Pending' }, true)).toBe(false)
    }
  })

  test('to a rejected charge point of 1.6, but not of 2.x', () => {
    expect(sent({ bootStatus: 'Rejected' }, false)).toBe(true)
    expect(sent({ bootStatus: 'Rejected' }, true)).toBe(false)
    expect(sent({ version: '2.0.1', bootStatus: 'Rejected' }, false)).toBe(false)
  })
})
