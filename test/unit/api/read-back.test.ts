// Reading accepted settings again: nobody waits for it, so nothing it meets may be thrown.

import { expect, test } from 'bun:test'
import { readBack } from '../../../src/api/read-back.ts'
import { StatorError } from '../../../src/base/errors.ts'
import { silentLogger } from '../../../src/base/log.ts'
import { HandClock } from '../../support/hand-clock.ts'

const reading = {
  command: { action: 'GetConfiguration', payload: { key: ['A'] }, fields: {} },
  differing: () => [{ key: 'A', wanted: '1', found: '2' }],
}

/** The errors that are logged if sending or storing fails like this. */
async function loggedWith(fault: Error, where: 'send' | 'commit'): Promise<unknown[]> {
  const logged: unknown[] = []
  const deps = {
    commit: () => Promise.reject(where === 'commit' ? fault : new Error('nothing is stored')),
    clock: new HandClock(),
    live: { get: () => undefined, call: () => Promise.reject(fault), noteQuirk: () => {} },
    log: { ...silentLogger, error: (...line: readonly unknown[]) => void logged.push(line[0]) },
  }
  const send = async () => {
    if (where === 'send') throw fault
    return {}
  }
  await readBack({ deps, send }, { key: 1, identity: 'CP001' }, reading)
  return logged
}

test('an error that nobody expects is logged, and not thrown', async () => {
  const error = new Error('A fault of ours')
  expect(await loggedWith(error, 'send')).toMatchObject([{ identity: 'CP001', error }])
  expect(await loggedWith(error, 'commit')).toMatchObject([{ identity: 'CP001', error }])
})

test('a charge point that does not answer says nothing about its settings', async () => {
  expect(await loggedWith(new StatorError('CALL_TIMEOUT', 'It did not answer'), 'send')).toEqual([])
})
