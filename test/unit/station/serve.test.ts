// The life of one CALL: each step, and the exits beside it.

import { describe, expect, test } from 'bun:test'
import { StatorError } from '../../../src/base/errors.ts'
import type { ChangeSet, CommitOutcome } from '../../../src/blocks/decision.ts'
import type { Hydration } from '../../../src/blocks/records.ts'
import { Dispatcher } from '../../../src/station/dispatcher.ts'
import { Registry } from '../../../src/station/registry.ts'
import { serve } from '../../../src/station/serve.ts'
import type { StationDeps } from '../../../src/station/station.ts'
import { FakeSocket } from '../../support/fake-socket.ts'
import { idleStore, inlineExaminer, openStation, stationDeps } from '../../support/fake-station.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint } from '../../support/known.ts'

/** A connected charge point whose commits end when the test says so. */
function connected(read: Partial<Hydration> = {}, parts: Partial<StationDeps> = {}) {
  const clock = new HandClock()
  const registry = new Registry({ clock })
  const committing: { readonly set: ChangeSet; readonly end: (outcome?: CommitOutcome) => void }[] = []
  const commit = (set: ChangeSet): Promise<CommitOutcome> =>
    new Promise((resolve) => {
      committing.push({ set, end: (outcome = { duplicate: false, answer: set.answer }) => resolve(outcome) })
    })
  const deps = stationDeps(clock, registry, { store: { ...idleStore, commit }, ...parts })
  const socket = new FakeSocket()
  const station = registry.connect(hydration(read), openStation(socket, deps))
  const receive = (text: string) => serve(station, { text, receivedAtMs: clock.nowMs() }, clock.nowMs(), deps)
  return { deps, registry, socket, station, live: station.live, committing, receive }
}

const status = '[2,"a","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging"}]'
const start =
  '[2,"a","StartTransaction",{"connectorId":1,"idTag":"USER123","meterStart":0,"timestamp":"2025-12-26T12:00:00Z"}]'
const first = { evseId: 1, connectorId: 1 }

describe('a CALL', () => {
  test('that carries no facts is answered at once, without a promise', () => {
    const { receive, socket, station, committing } = connected()
    expect(receive('[2,"a","Heartbeat",{}]')).toBeNull()
    expect(socket.sent.map((text) => text.slice(0, 8))).toEqual(['[3,"a",{'])
    expect(station.lastHeartbeatAtMs).toBe(station.lastSeenAtMs)
    expect(committing).toEqual([])
  })

  test('that carries facts moves the actor and is answered after the COMMIT, and not before', async () => {
    const { receive, socket, live, committing } = connected()
    const served = receive(status)
    expect(socket.sent).toEqual([])
    expect(live.connector(first)).toBeUndefined()
    committing[0]?.end()
    await served
    expect(live.connector(first)?.status).toBe('Charging')
    expect(socket.sent).toEqual(['[3,"a",{}]'])
  })

  test('that is a retransmission moves no actor, and gets the answer of the original', async () => {
    const { receive, socket, live, committing, deps } = connected()
    const served = receive(status)
    committing[0]?.end({ duplicate: true, answer: { status: 'as before' } })
    await served
    expect(live.connector(first)).toBeUndefined()
    expect(socket.sent).toEqual(['[3,"a",{"status":"as before"}]'])
    expect(deps.counters.duplicates).toBe(1)
  })

  test('without facts but with an anomaly is answered before that is stored', () => {
    const { receive, socket, committing } = connected()
    expect(receive('[2,1,"Heartbeat",{}]')).toBeNull()
    expect(socket.sent).toHaveLength(1)
    expect(committing[0]?.set).toMatchObject({ anomalies: [{ kind: 'quirk' }], changes: [] })
  })
})

describe('the exit of a CALL', () => {
  test('that is unreadable is no answer', () => {
    const { receive, socket, deps } = connected()
    expect(receive('what?')).toBeNull()
    expect(socket.sent).toEqual([])
    expect(deps.counters.framesDropped).toBe(1)
  })

  test('that comes before a boot is accepted is a SecurityError', () => {
    const { receive, socket } = connected({ chargePoint: { ...chargePoint, bootStatus: 'Pending' } })
    expect(receive(status)).toBeNull()
    expect(socket.sent.map((text) => text.slice(0, 22))).toEqual(['[4,"a","SecurityError"'])
  })

  test('whose examination fails is no answer, so that it is sent again', async () => {
    const examiner: StationDeps['examiner'] = {
      ...inlineExaminer,
      examineAtOnce: () => null,
      examine: () => Promise.reject(new Error('The worker is gone.')),
    }
    const { receive, socket, deps } = connected({}, { examiner, dispatcher: new Dispatcher(examiner) })
    await receive(status)
    expect(socket.sent).toEqual([])
    expect(deps.counters.framesUnanswered).toBe(1)
  })

  test.each([
    ['of a transaction is silence, so that it comes again', start, []],
    ['of no transaction is an InternalError', status, ['[4,"a","InternalError"']],
  ])('whose COMMIT fails, %s', async (_what, text, sent) => {
    const commit = () => Promise.reject(new StatorError('INTERNAL', 'Refused.'))
    const { receive, socket } = connected({}, { store: { ...idleStore, commit } })
    await receive(text)
    expect(socket.sent.map((answer) => answer.slice(0, 22))).toEqual(sent)
  })

  test('whose COMMIT has an unknown outcome closes the connection', async () => {
    const commit = () => Promise.reject(new StatorError('STORE_UNAVAILABLE', 'The connection broke.'))
    const { receive, socket } = connected({}, { store: { ...idleStore, commit } })
    await receive(status)
    expect(socket.closed.map(([code]) => code)).toEqual([1013])
    expect(socket.sent).toEqual([])
  })
})
