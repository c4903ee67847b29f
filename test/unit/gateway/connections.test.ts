// A connection on a fake socket, from its opening on, with a database that does what the test wants.

import { expect, test } from 'bun:test'
import { Registry } from '../../../actors/registry.ts'
import { Counters } from '../../../src/base/counters.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { ChangeSet, CommitOutcome } from '../../../src/csms/decision.ts'
import type { Socket, SocketData } from '../../../src/gateway/connection.ts'
import { Connections } from '../../../src/gateway/connections.ts'
import { examineOne } from '../../../src/workers/examine-batch.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint } from '../../support/known.ts'
import { until } from '../../support/until.ts'

/** What happened to the socket of one booted charge point, whose commits end as `commit` does. */
function connected(commit: (set: ChangeSet) => Promise<CommitOutcome>) {
  const happened: string[] = []
  const clock = new HandClock()
  const none = async () => null
  const connections = new Connections({
    settings: { heartbeatIntervalSeconds: 300, messageLog: false },
    registry: new Registry({ clock }),
    examiner: { batchesMax: 1, examineAtOnce: examineOne, examine: async () => [] },
    lookups: { idToken: none, transactionById: none, transactionByStationId: none },
    nextTransactionId: () => 1,
    commit,
    markSeen: () => {},
    connect: async () => hydration(),
    disconnect: async () => {},
    appendMessageLog: () => {},
    counters: new Counters(),
    clock,
    log: silentLogger,
  })
  const { identity, key } = chargePoint
  const data: SocketData = {
    identity,
    chargePointKey: key,
    version: '1.6',
    remoteAddress: '192.0.2.1',
    leave: () => {},
  }
  const socket: Socket = {
    data,
    sendText: (text) => happened.push(`sent ${text}`),
    getBufferedAmount: () => 0,
    pause: () => {},
    resume: () => {},
    close: (code) => void happened.push(`closed ${code}`),
    terminate: () => {},
  }
  connections.open(socket)
  return { happened, receive: (text: string) => connections.receive(socket, text) }
}

const status = '{"connectorId":1,"errorCode":"NoError","status":"Charging"}'

test('a connection whose commit has an unknown outcome is closed, so that the next one reads what is stored', async () => {
  const { happened, receive } = connected(() =>
    Promise.reject(new StatorError('STORE_UNAVAILABLE', 'The connection broke.')),
  )
  receive(`[2,"a","StatusNotification",${status}]`)
  receive(`[2,"b","StatusNotification",${status}]`)
  await until('the socket is closed', () => happened.length > 0)
  expect(happened).toEqual(['closed 1013'])
})

test('a commit that is refused ends no connection', async () => {
  const { happened, receive } = connected(() => Promise.reject(new StatorError('INTERNAL', 'Refused.')))
  receive(`[2,"a","StatusNotification",${status}]`)
  await until('the CALL is answered', () => happened.length > 0)
  expect(happened.map((what) => what.slice(0, 25))).toEqual(['sent [4,"a","InternalErro'])
})

test('a frame that is not worth a batch is answered in the turn in which it came', async () => {
  const { happened, receive } = connected(() => Promise.reject(new Error('There is nothing to commit.')))
  receive('[2,"a","Heartbeat",{}]')
  await until('the charge point is known', () => happened.length > 0)
  receive('[2,"b","Heartbeat",{}]')
  expect(happened.map((what) => what.slice(0, 12))).toEqual(['sent [3,"a",', 'sent [3,"b",'])
})

test('what is committed says how large its frame was', async () => {
  const sizes: number[] = []
  const { happened, receive } = connected(({ bytes, answer }) => {
    sizes.push(bytes)
    return Promise.resolve({ duplicate: false, answer })
  })
  const frame = `[2,"a","StatusNotification",${status}]`
  receive(frame)
  await until('the CALL is answered', () => happened.length > 0)
  expect(sizes).toEqual([frame.length])
})
