// A job of several CALLs: what becomes of it when one of them is refused, or does not leave.

import { expect, test } from 'bun:test'
import { noTreatment } from '../../../support/known.ts'
import { CallFailedError } from '../../../../actors/call-queue.ts'
import { readyCommand, sendJob, type SendJobDeps } from '../../../../src/api/jobs/send-job.ts'
import { silentLogger } from '../../../../src/base/log.ts'
import type { JobCommands } from '../../../../src/blocks/jobs/job.ts'
import type { ReadAnswer } from '../../../../src/examine/answer.ts'
import type { Treatment } from '../../../../src/ocpp/quirk-profile.ts'
import { HandClock } from '../../../support/hand-clock.ts'

const part = (listVersion: number) => ({ listVersion, updateType: 'Full' })
const job = {
  jobId: 1,
  kind: 'localListSync',
  state: 'sending',
  place: 1,
  status: null,
  requestId: 1,
  timeoutSeconds: 60,
  startsAtMs: null,
  expiresAtMs: 1_000,
  key: 7,
  identity: 'CP001',
  strictness: 'lenient',
} as const

const commands = { '1.6': { action: 'SendLocalList', payload: part(1), more: [part(2), part(3)] } }

const answered = (status: string): ReadAnswer => ({ kind: 'result', payload: { status }, problems: [], quirks: [] })

/** What becomes of a job if its CALLs have these results, and how many there were. */
async function outcomeOf(
  results: readonly (string | Error)[],
  { sent = commands, treatment = noTreatment }: { readonly sent?: JobCommands; readonly treatment?: Treatment } = {},
) {
  let calls = 0
  const deps: SendJobDeps = {
    nodeId: 'here',
    commit: () => Promise.reject(new Error('nothing is stored')),
    clock: new HandClock(0),
    log: silentLogger,
    rotations: { begin: () => Promise.reject(new Error('no password is set')) },
    queries: { otherHolder: async () => null, expectProfile: async () => {} },
    live: {
      get: () => ({
        version: '1.6',
        bootStatus: 'Accepted',
        mayBeSent: () => true,
        lastSeenAtMs: 0,
        lastHeartbeatAtMs: null,
        treatment,
      }),
      noteQuirk: () => {},
      call: async () => {
        const result = results[calls++] ?? 'Accepted'
        if (result instanceof Error) throw result
        return answered(result)
      },
    },
  }
  const { event, isQueued, answer } = await sendJob(deps, job, readyCommand(deps, job, sent), 1)
  return { event, isQueued, status: answer?.status, calls }
}

const notSent = new CallFailedError({ kind: 'failed', code: 'NOT_CONNECTED', message: 'It is gone', wasSent: false })

test('all CALLs are sent, one after the other', async () => {
  const done = { event: { type: 'done' }, isQueued: false, status: 'Accepted', calls: 3 } as const
  expect(await outcomeOf(['Accepted', 'Accepted', 'Accepted'])).toEqual(done)
})

test('one that is refused is the last', async () => {
  const refused = { event: { type: 'refused' }, isQueued: false, status: 'Failed', calls: 2 } as const
  expect(await outcomeOf(['Accepted', 'Failed'])).toEqual(refused)
})

test('the first one that does not leave may wait; a later one makes it unknown what has arrived', async () => {
  expect(await outcomeOf([notSent])).toMatchObject({ event: { type: 'notSent', mayWait: true }, isQueued: true })
  expect(await outcomeOf(['Accepted', notSent])).toMatchObject({
    event: { type: 'lost', mayRepeat: false },
    isQueued: false,
    calls: 2,
  })
})

test('one that the quirk profile of the charge point refuses is over: it is not tried again and again', async () => {
  const treatment: Treatment = { ...noTreatment, commands: { configurationKeys: 'refuse' } }
  const sent = { '1.6': { action: 'GetConfiguration', payload: { key: ['HeartbeatInterval'] } } }
  const refused = { event: { type: 'refused' }, isQueued: false, calls: 0 } as const
  expect(await outcomeOf([], { sent, treatment })).toMatchObject(refused)
})
