// A connection on a fake socket, from its opening on, with a database that does what the test wants.

import { settingsFrom } from '../../../src/base/config.ts'
import { noQuirks } from '../../support/known.ts'
import { expect, test } from 'bun:test'
import { Counters } from '../../../src/base/counters.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { allowanceBytesMax, decisionsMax, floodMsMax, shortFrameCharactersMax } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { ChangeSet, CommitOutcome } from '../../../src/blocks/decision.ts'
import type { Hydration } from '../../../src/blocks/records.ts'
import type { OcppVersion } from '../../../src/ocpp/version.ts'
import { Registry } from '../../../src/station/registry.ts'
import type { SocketData, StationSocket } from '../../../src/station/station.ts'
import { Stations, type StationsDeps } from '../../../src/station/stations.ts'
import { committedByOperator, feedOf, emptyLookups, idleStore, inlineExaminer } from '../../support/fake-station.ts'
import { transactionStopped } from '../../support/changes.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { hydration } from '../../support/hydration.ts'
import { chargePoint, openTransaction } from '../../support/known.ts'
import { resultAnswer } from '../../support/read-answer.ts'
import { until } from '../../support/until.ts'

const credential = Uint8Array.of(1, 2, 3)
const nothingToCommit = () => Promise.reject(new Error('There is nothing to commit.'))

/** What happened to the socket of one booted charge point, whose commits end as `commit` does. */
function connected(
  commit: (set: ChangeSet) => Promise<CommitOutcome>,
  connect: StationsDeps['connect'] = async () => hydration(),
  stored = hydration(),
  idToken: StationsDeps['lookups']['idToken'] = async () => null,
  version: OcppVersion = '1.6',
) {
  const happened: string[] = []
  const clock = new HandClock()
  const counters = new Counters()
  const registry = new Registry({ clock, newMessageId: () => 'ours' })
  const stations = new Stations({
    settings: { heartbeatIntervalSeconds: 300, messageLog: false, messageBytesMax: 1_048_576, checkOwnFramesEvery: 1 },
    limits: settingsFrom({}).limits,
    registry,
    examiner: inlineExaminer,
    lookups: { ...emptyLookups, idToken, rehydrate: async () => stored },
    nextTransactionId: () => 1,
    concurrentTransactions: 'accept',
    quirks: noQuirks,
    store: { ...idleStore, commit },
    feed: feedOf(registry, counters),
    connect,
    disconnect: async () => {},
    counters,
    timings: { answered: () => {} },
    clock,
    log: silentLogger,
  })
  const { identity, key } = chargePoint
  const data: SocketData = {
    identity,
    chargePointKey: key,
    authentication: { credential, renewed: null, profile: 1, certificate: null },
    version,
    remoteAddress: '192.0.2.1',
    releaseSlot: () => {},
  }
  const socket: StationSocket = {
    data,
    sendText: (text) => happened.push(`sent ${text}`),
    getBufferedAmount: () => 0,
    pause: () => {},
    resume: () => {},
    close: (code) => void happened.push(`closed ${code}`),
    terminate: () => {},
  }
  stations.open(socket)
  return {
    happened,
    counters,
    registry,
    clock,
    data,
    receive: (text: string) => data.station?.receive(text),
    close: (code: number, reason: string) => stations.close(socket, code, reason),
  }
}

/** A connection whose charge point is known, and what it commits. */
async function begun(stored = hydration()) {
  const committed: ChangeSet[] = []
  const connection = connected(
    async (set) => {
      committed.push(set)
      return { duplicate: false, answer: set.answer }
    },
    undefined,
    stored,
  )
  await until('the charge point is known', () => connection.registry.size === 1)
  return { ...connection, committed }
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

test('a decision that another node has outdated is repeated from what is stored, as often as needed', async () => {
  const committed: ChangeSet[] = []
  const { happened, receive, registry } = connected(async (set) => {
    committed.push(set)
    const outcome = { duplicate: false, answer: set.answer }
    return committed.length < 3 ? { ...outcome, isOutdated: true } : outcome
  })
  await until('the charge point is known', () => registry.size === 1)
  receive(
    '[2,"a","StatusNotification",{"connectorId":1,"errorCode":"NoError","status":"Charging","vendorErrorCode":1}]',
  )
  await until('the CALL is answered', () => happened.length > 0)
  expect(happened).toEqual(['sent [3,"a",{}]'])
  expect(committed).toHaveLength(3)
  // A quirk that is new on the connection stays so until it is stored.
  expect(committed[2]?.anomalies).toEqual(committed[0]?.anomalies ?? [])
  expect(committed[0]?.anomalies).not.toEqual([])
})

test('what an operator has committed moves a charge point when no CALL of it is under way', async () => {
  const ends: (() => void)[] = []
  const { receive, registry, happened } = connected(
    (set) => new Promise((resolve) => ends.push(() => resolve({ duplicate: false, answer: set.answer }))),
    async () => hydration({ openTransactions: [{ ...openTransaction, chargingState: null }] }),
  )
  await until('the charge point is known', () => registry.size === 1)
  const live = registry.get(chargePoint.identity)?.live
  const { transactionId } = openTransaction
  receive(`[2,"a","StatusNotification",${status}]`)
  await until('the message is committing', () => ends.length > 0)
  registry.take(committedByOperator(chargePoint, transactionStopped(transactionId)))
  expect(live?.hasOpen(transactionId)).toBe(true)
  ends[0]?.()
  await until('the CALL is answered', () => happened.length > 0)
  await until('the charge point is moved', () => live?.hasOpen(transactionId) === false)
  expect(live?.connector({ evseId: 1, connectorId: 1 })?.status).toBe('Charging')
})

test('changes through another connection are read before the next decision', async () => {
  const stored = hydration({ openTransactions: [{ ...openTransaction, idToken: 'USER123', chargingState: null }] })
  const committed: ChangeSet[] = []
  const { receive, registry, happened } = connected(
    async (set) => {
      committed.push(set)
      return { duplicate: set.fact?.event === 'Started', answer: set.answer }
    },
    undefined,
    stored,
  )
  await until('the charge point is known', () => registry.size === 1)
  const start = { connectorId: 1, idTag: 'USER123', meterStart: 1, timestamp: '2026-01-01T00:00:00Z' }
  const stop = { transactionId: openTransaction.transactionId, meterStop: 2_000, timestamp: '2026-01-01T01:00:00Z' }
  receive(`[2,"a","StartTransaction",${JSON.stringify(start)}]`)
  await until('the start is answered', () => happened.length > 0)
  receive(`[2,"b","StopTransaction",${JSON.stringify({ ...stop, idTag: 'OTHERCARD' })}]`)
  await until('the stop is answered', () => happened.length > 1)
  expect(committed[1]?.anomalies).toMatchObject([{ kind: 'stopByOtherCard' }])
})

test('a message that is outdated each time is given up: one of a transaction gets no answer, so that it is sent again', async () => {
  let commits = 0
  const { happened, receive, registry, counters } = connected(async (set) => {
    commits++
    return { isOutdated: true, duplicate: false, answer: set.answer }
  })
  await until('the charge point is known', () => registry.size === 1)
  receive(`[2,"a","StatusNotification",${status}]`)
  await until('the CALL is answered', () => happened.length > 0)
  expect(happened.map((what) => what.slice(0, 25))).toEqual(['sent [4,"a","InternalErro'])
  expect(commits).toBe(decisionsMax)
  receive('[2,"b","StopTransaction",{"transactionId":1,"meterStop":1,"timestamp":"2026-01-01T00:00:00Z"}]')
  await until('the CALL is given up', () => counters.framesUnanswered > 0)
  expect(happened).toHaveLength(1)
  expect(commits).toBe(2 * decisionsMax)
})

test('a message through an older connection is stored, but does not change the state of the charge point', async () => {
  const { receive, registry, committed, happened } = await begun(hydration({ epoch: 2 }))
  registry.doubt(chargePoint)
  receive(`[2,"a","StatusNotification",${status}]`)
  await until('the CALL is answered', () => happened.length > 0)
  expect(committed).toMatchObject([{ epoch: 1, isOvertaken: true, changes: [{ table: 'chargePointEvents' }] }])
})

test('a frame that is not worth a batch is answered in the turn in which it came', async () => {
  const { happened, receive } = connected(() => Promise.reject(new Error('There is nothing to commit.')))
  receive('[2,"a","Heartbeat",{}]')
  await until('the charge point is known', () => happened.length > 0)
  receive('[2,"b","Heartbeat",{}]')
  expect(happened.map((what) => what.slice(0, 12))).toEqual(['sent [3,"a",', 'sent [3,"b",'])
})

test('a frame that is too large leaves an anomaly with the limit, and its connection counts as closed with 1009', async () => {
  const { counters, committed, close } = await begun()
  close(1006, 'Received too big message')
  expect(counters.framesTooBig).toBe(1)
  expect(committed).toMatchObject([
    { chargePointKey: chargePoint.key, anomalies: [{ kind: 'frameTooBig', detail: { bytesMax: 1_048_576 } }] },
  ])
})

test('a connection whose credential was taken away before its claim is closed with 1008', async () => {
  const claimed: unknown[] = []
  const { happened, registry, data } = connected(nothingToCommit, async (...claim) => {
    claimed.push(claim)
    throw new StatorError('NOT_FOUND', 'The credentials were changed.')
  })
  await until('the socket is closed', () => happened.length > 0)
  expect(claimed).toEqual([
    [chargePoint.key, '1.6', { credential, renewed: null, profile: 1, certificate: null }, '192.0.2.1'],
  ])
  expect(happened).toEqual(['closed 1008'])
  expect(registry.size).toBe(0)
  // Nobody keeps it once it has been compared.
  expect(data.authentication).toBeUndefined()
})

test('a connection that is closed while it is being claimed is closed at once, and never begins', async () => {
  const claim = Promise.withResolvers<Hydration>()
  const { happened, registry } = connected(nothingToCommit, () => claim.promise)
  registry.disconnect(chargePoint, 1008, 'Credentials changed')
  expect(happened).toEqual(['closed 1008'])
  claim.resolve(hydration())
  await claim.promise
  await until('the claim to be over', () => true)
  expect(registry.size).toBe(0)
})

test('any other end of a connection leaves no anomaly', async () => {
  const { committed, close } = await begun()
  close(1006, '')
  expect(committed).toEqual([])
})

test('an unsolicited answer is not parsed, however long it is', async () => {
  const { registry, receive, counters } = await begun()
  // What follows the id is no JSON.
  receive(`[3,"who?",${'['.repeat(100_000)}`)
  receive(`[3 , "wh\\u006f?",`)
  expect(registry.calls.counts).toMatchObject({ answered: 0, unknown: 2 })
  receive(`[3,["who?"],{}]`)
  receive(`[3,"${'x'.repeat(100_000)}",{}]`)
  expect(counters.framesDropped).toBe(2)
})

test('an answer to the CALL under way is read, under whatever spelling of its message id', async () => {
  const { registry, receive } = await begun()
  const answer = registry.get(chargePoint.identity)?.call('Reset', { type: 'Soft' })
  receive(` [ 3 , "our\\u0073",{"status":"Accepted"}]`)
  expect(await answer).toEqual(resultAnswer({ status: 'Accepted' }))
})

test('of two long answers to one CALL the first counts, and the second is not read', async () => {
  const { registry, receive, counters } = await begun()
  const answer = registry.get(chargePoint.identity)?.call('Reset', { type: 'Soft' })
  const long = 'x'.repeat(shortFrameCharactersMax)
  receive(`[3,"ours",{"status":"Accepted","info":"${long}"}]`)
  receive(`[3,"ours",{"status":"Rejected","info":"${long}"}]`)
  receive(`[3,"ours",{"status":"Rejected"}]`)
  expect(await answer).toMatchObject({ kind: 'longResult', status: 'Accepted' })
  expect(counters.framesDropped).toBe(2)
})

test('an answer after a byte order mark is read', async () => {
  const { registry, receive, happened } = await begun()
  const answer = registry.get(chargePoint.identity)?.call('Reset', { type: 'Soft' })
  receive('\uFEFF[3,"ours",{"status":"Accepted"}]\0')
  expect(await answer).toMatchObject({ kind: 'result', payload: { status: 'Accepted' } })
  expect(happened.filter((what) => what.startsWith('sent [4'))).toEqual([])
})

test('an answer that cannot be read ends its CALL', async () => {
  const { registry, receive, counters } = await begun()
  const answer = registry.get(chargePoint.identity)?.call('Reset', { type: 'Soft' })
  receive('[3,"ours",{"status":')
  expect(await answer).toMatchObject({ kind: 'unreadable' })
  expect(counters.framesDropped).toBe(1)
})

test('unsolicited answers use up the allowance of their charge point', async () => {
  const { clock, happened, receive } = await begun()
  for (let ms = 0; ms < 2 * floodMsMax && happened.length === 0; ms += 100) {
    receive(`[3,"who?",{"a":"${'x'.repeat(allowanceBytesMax)}"}]`)
    clock.pass(100)
  }
  expect(happened).toEqual(['closed 1008'])
})

test('without allowance an unsolicited answer is dropped, and one that is awaited is read', async () => {
  const { receive, registry, counters } = await begun()
  receive(`[3,"who?",{"a":"${'x'.repeat(2 * allowanceBytesMax)}"}]`)
  receive('[3,"who?",{}]')
  expect(counters.framesDropped).toBe(2)
  expect(registry.calls.counts.unknown).toBe(0)
  const [live] = registry
  const asked = live?.call('ClearCache', {})
  receive('[3,"ours",{"status":"Accepted"}]')
  expect(await asked).toMatchObject({ payload: { status: 'Accepted' } })
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

test.each([
  ['StopTransaction', { transactionId: 42, meterStop: 5_000, timestamp: '2026-01-01T12:00:00Z', idTag: 'USER123' }],
  [
    'TransactionEvent',
    {
      ...{ eventType: 'Ended', timestamp: '2026-01-01T12:00:00Z', triggerReason: 'StopAuthorized', seqNo: 1 },
      ...{ transactionInfo: { transactionId: 'tx' }, idToken: { idToken: 'USER123', type: 'ISO14443' } },
    },
  ],
])('%s ends the transaction that an operator closes while its card is looked up', async (action, payload) => {
  const version = action === 'StopTransaction' ? '1.6' : '2.0.1'
  const named = version === '1.6' ? {} : { stationTransactionId: 'tx' }
  const transaction = { ...openTransaction, ...named, chargingState: null }
  const stored = hydration({ chargePoint: { ...chargePoint, version }, openTransactions: [transaction] })
  const committed: ChangeSet[] = []
  let found = (_: null): void => {}
  const { receive, registry, data } = connected(
    async (set) => {
      committed.push(set)
      return { duplicate: false, answer: set.answer }
    },
    async () => stored,
    stored,
    () => new Promise((resolve) => (found = resolve)),
    version,
  )
  await until('the charge point is known', () => registry.size === 1)
  receive(JSON.stringify([2, 'a', action, payload]))
  registry.find({ key: chargePoint.key, identity: data.identity })?.live.apply([transactionStopped(42)])
  found(null)
  await until('the end is committed', () => committed.length > 0)
  expect(committed[0]?.changes).toContainEqual(
    expect.objectContaining({ transactionId: 42, patch: expect.objectContaining({ closedBy: 'station' }) }),
  )
})
