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
  test('is found by connector and id token, in any letter case', () => {
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

  test('stays until the transaction has started, even if it is looked up', () => {
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

  test('from the database is valid for the rest of its time', () => {
    const clock = new HandClock()
    const all = new RemoteStartPromises(() => clock.nowMs(), [{ transactionId: 500, start, leftMs: 10 }])
    clock.pass(9)
    expect(all.find(start)).toBe(500)
    clock.pass(1)
    expect(all.find(start)).toBeUndefined()
  })

  test('is stored once, even if it is added twice', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    all.add(start, 500)
    all.end(500)
    expect(all.find(start)).toBeUndefined()
  })

  test('goes to the first of two equal starts', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    all.add(start, 501)
    expect(all.find(start)).toBe(500)
    all.end(500)
    expect(all.find(start)).toBe(501)
  })

  test('can be withdrawn while an equal one stays', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    all.add(start, 501)
    all.end(500)
    expect(all.find(start)).toBe(501)
  })

  test('is dropped when there are too many', () => {
    const { promises: all } = promises()
    for (let id = 0; id <= remoteStartPromisesMax; id++) all.add({ remoteStartId: id }, 500 + id)
    expect(all.find({ remoteStartId: 0 })).toBeUndefined()
    expect(all.find({ remoteStartId: 1 })).toBe(501)
    expect(all.find({ remoteStartId: remoteStartPromisesMax })).toBe(500 + remoteStartPromisesMax)
  })
})

describe('a start that does not match exactly', () => {
  const decorated = { ...start, idToken: 'user123_98765', mayBeDecorated: true }

  test('gets the only promise of its connector if something is appended to the id token', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    expect(all.find(decorated)).toBe(500)
    expect(all.find({ ...decorated, idToken: 'USER123\u0000\u0007' })).toBe(500)
    expect(all.find({ ...decorated, idToken: 'OTHER_98765' })).toBeUndefined()
    expect(all.find({ ...decorated, evseId: 2 })).toBeUndefined()
  })

  test('gets no promise if the longer id token is stored itself', () => {
    const { promises: all } = promises()
    all.add(start, 500)
    expect(all.find({ ...decorated, mayBeDecorated: false })).toBeUndefined()
  })

  test('gets none of several promises, unless one matches exactly', () => {
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

  test('gets the promise of its own connector first, then one for any connector', () => {
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

  test('of 2.x without its remoteStartId gets the only promise of its EVSE and id token', () => {
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
