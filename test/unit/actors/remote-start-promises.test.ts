import { describe, expect, test } from 'bun:test'
import { RemoteStartPromises } from '../../../actors/remote-start-promises.ts'
import { remoteStartPromiseMs, remoteStartPromisesMax } from '../../../src/base/limits.ts'
import { HandClock } from '../../support/hand-clock.ts'

const start = { evseId: 1, connectorId: 1, idToken: 'USER123' }

function promises() {
  const clock = new HandClock()
  return { clock, promises: new RemoteStartPromises(() => clock.nowMs()) }
}

describe('a promised transactionId', () => {
  test('is found by connector and id token, in whatever letter case', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    expect(all.find(start)).toBe(500)
    expect(all.find({ ...start, idToken: 'user123' })).toBe(500)
    expect(all.find({ ...start, idToken: 'OTHER' })).toBeUndefined()
    expect(all.find({ ...start, evseId: 2 })).toBeUndefined()
  })

  test('is found by remoteStartId', () => {
    const { promises: all } = promises()
    all.add({ remoteStartId: 3 }, 500)
    expect(all.find({ remoteStartId: 3 })).toBe(500)
    expect(all.find({ remoteStartId: 4 })).toBeUndefined()
    expect(all.find(start)).toBeUndefined()
  })

  test('stays until the transaction has begun: asking does not use it up', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    expect([all.find(start), all.find(start)]).toEqual([500, 500])
    all.end(500)
    expect(all.find(start)).toBeUndefined()
  })

  test('expires', () => {
    const { clock, promises: all } = promises()
    all.add(start, 500)
    clock.pass(remoteStartPromiseMs - 1)
    expect(all.find(start)).toBe(500)
    clock.pass(1)
    expect(all.find(start)).toBeUndefined()
  })

  test('that the database has kept holds for what is left of its time', () => {
    const clock = new HandClock()
    const all = new RemoteStartPromises(() => clock.nowMs(), [{ transactionId: 500, start, leftMs: 10 }])
    clock.pass(9)
    expect(all.find(start)).toBe(500)
    clock.pass(1)
    expect(all.find(start)).toBeUndefined()
  })

  test('is there once, however often it is told', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    all.add(start, 500)
    all.end(500)
    expect(all.find(start)).toBeUndefined()
  })

  test('goes to the first of two starts that look the same', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    all.add(start, 501)
    expect(all.find(start)).toBe(500)
    all.end(500)
    expect(all.find(start)).toBe(501)
  })

  test('is the only one withdrawn, of two that look the same', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    all.add(start, 501)
    all.end(500)
    expect(all.find(start)).toBe(501)
  })

  test('is forgotten when more are made than may be', () => {
    const { promises: all } = promises()
    for (let id = 0; id <= remoteStartPromisesMax; id++) all.add({ remoteStartId: id }, 500 + id)
    expect(all.find({ remoteStartId: 0 })).toBeUndefined()
    expect(all.find({ remoteStartId: 1 })).toBe(501)
    expect(all.find({ remoteStartId: remoteStartPromisesMax })).toBe(500 + remoteStartPromisesMax)
  })
})

describe('a start that does not look quite as promised', () => {
  const decorated = { ...start, idToken: 'user123_98765', mayBeDecorated: true }

  test('keeps the only promise of its connector when something is appended to the id token', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    expect(all.find(decorated)).toBe(500)
    expect(all.find({ ...decorated, idToken: 'USER123\u0000\u0007' })).toBe(500)
    expect(all.find({ ...decorated, idToken: 'OTHER_98765' })).toBeUndefined()
    expect(all.find({ ...decorated, evseId: 2 })).toBeUndefined()
  })

  test('keeps none when the longer id token is somebody else’s', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    expect(all.find({ ...decorated, mayBeDecorated: false })).toBeUndefined()
  })

  test('keeps none of several, unless one matches exactly', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    all.add({ ...start, idToken: 'OTHER' }, 501)
    all.add({ ...start, evseId: 2 }, 502)
    expect(all.find(decorated)).toBeUndefined()
    expect(all.find({ ...start, idToken: 'OTHER', mayBeDecorated: true })).toBe(501)
    expect(all.find({ ...decorated, evseId: 2 })).toBe(502)
    all.add({ ...start, idToken: 'user123_98765' }, 503)
    expect(all.find(decorated)).toBe(503)
  })

  test('keeps a promise for any connector, after one for its own', () => {
    const { promises: all } = promises()
    const any = { ...start, evseId: 0, connectorId: 0 }
    all.add(any, 500)
    expect(all.find(start)).toBe(500)
    expect(all.find(decorated)).toBe(500)
    all.add(start, 501)
    expect(all.find(start)).toBe(501)
    expect(all.find({ ...start, evseId: 2 })).toBe(500)
    expect(all.find(decorated)).toBeUndefined()
  })

  test('of 2.x without its remoteStartId keeps the only promise of its EVSE and id token', () => {
    const { promises: all } = promises()
    all.add({ remoteStartId: 3, evseId: 1, idToken: 'USER123' }, 500)
    expect(all.find(start)).toBe(500)
    expect(all.find(decorated)).toBe(500)
    expect(all.find({ ...start, idToken: 'OTHER' })).toBeUndefined()
    expect(all.find({ ...start, evseId: 2 })).toBeUndefined()
    all.add({ remoteStartId: 4, evseId: 1, idToken: 'USER123' }, 501)
    expect(all.find(start)).toBeUndefined()
    expect(all.find({ remoteStartId: 4 })).toBe(501)
  })
})
