// Wallbox Pulsar Pro and others: no BootNotification after a reconnect.

import { expect, test } from 'bun:test'
import { bootWaitMs } from '../../../src/base/limits.ts'
import { type Logger, silentLogger } from '../../../src/base/log.ts'
import type { Hydration } from '../../../src/blocks/records.ts'
import { type CommandQuirks, QuirkProfiles } from '../../../src/ocpp/quirk-profile.ts'
import { MissingBoots } from '../../../src/station/missing-boots.ts'
import { Registry } from '../../../src/station/registry.ts'
import { boot } from '../../support/changes.ts'
import { FakeSocket } from '../../support/fake-socket.ts'
import { openStation, stationDeps } from '../../support/fake-station.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint } from '../../support/known.ts'
import { resultAnswer } from '../../support/read-answer.ts'
import { until } from '../../support/until.ts'

const accepted = resultAnswer({ status: 'Accepted' })

/** A connection of a charge point whose profile says this about commands. */
function connect(commands: CommandQuirks, parts: Partial<Hydration['chargePoint']> = {}, log: Partial<Logger> = {}) {
  const clock = new HandClock()
  const counted: string[] = []
  const profiles = new QuirkProfiles([{ name: 'p', appliesTo: [{ vendor: 'W*' }], commands }])
  const quirks = { profiles, note: (...hit: readonly unknown[]) => void counted.push(hit.join(' ')) }
  const registry = new Registry({ clock })
  const socket = new FakeSocket()
  const station = openStation(socket, stationDeps(clock, registry, { quirks }))
  const stored = hydration({ chargePoint: { ...chargePoint, vendor: 'Wallbox', ...parts } })
  const connected = registry.connect(stored, station)
  const boots = new MissingBoots({ quirks, clock, log: { ...silentLogger, ...log } })
  boots.expect(connected)
  return { clock, counted, socket, connected, boots }
}

test.each(['1.6', '2.0.1'] as const)(
  '%s: a charge point that does not boot is asked for its boot and status',
  async (version) => {
    const { clock, counted, socket, connected } = connect({ askForBoot: true, askForStatus: true }, { version })
    clock.pass(bootWaitMs - 1)
    expect(socket.sent).toEqual([])
    clock.pass(1)
    expect(JSON.parse(socket.sent[0] ?? '')).toMatchObject([
      2,
      expect.any(String),
      'TriggerMessage',
      { requestedMessage: 'BootNotification' },
    ])
    expect(connected.wasAskedFor('BootNotification')).toBe(true)
    connected.answer(socket.messageId, accepted)
    await until('the status is asked for', () => socket.sent.length === 2)
    expect(socket.sent[1]).toContain('"StatusNotification"')
    expect(counted).toEqual(['7 p bootAsked', '7 p statusAsked'])
  },
)

test.each([
  ['it has no profile', { vendor: 'Other' }],
  ['its profile does not say so', {}],
] as const)('nothing is asked if %s', (why, parts) => {
  const { clock, socket } = connect(why === 'it has no profile' ? { askForBoot: true } : { readBack: true }, parts)
  expect(clock.alarms).toBe(0)
  expect(socket.sent).toEqual([])
})

test('nothing is asked if a boot has come, the connection has ended, or the node is stopping', () => {
  const booted = connect({ askForBoot: true })
  booted.connected.live.apply([boot({ bootStatus: 'Accepted', lastBootAtMs: booted.clock.nowMs(), vendor: 'Wallbox' })])
  booted.clock.pass(bootWaitMs)
  expect(booted.socket.sent).toEqual([])

  const ended = connect({ askForBoot: true })
  ended.boots.forget(ended.connected)
  expect(ended.clock.alarms).toBe(0)

  const stopping = connect({ askForBoot: true })
  stopping.boots.end()
  expect(stopping.clock.alarms).toBe(0)
})

test('an error while a charge point is asked is logged, and ends nothing', async () => {
  const errors: unknown[] = []
  const { clock, connected } = connect({ askForBoot: true }, {}, { error: (...logged) => void errors.push(logged) })
  connected.askFor = () => {
    throw new Error('A fault of ours')
  }
  clock.pass(bootWaitMs)
  await until('it is logged', () => errors.length > 0)
})
