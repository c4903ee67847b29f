// The runner of jobs with a store and charge points of its own: how much it has under way.

import { expect, test } from 'bun:test'
import { noTreatment } from '../../../support/known.ts'
import { JobRunner, type JobStore, type JobWithCommands } from '../../../../src/api/jobs/job-runner.ts'
import { readyCommand } from '../../../../src/api/jobs/send-job.ts'
import { Counters } from '../../../../src/base/counters.ts'
import { jobBytesUnderWayMax, jobSweepMs } from '../../../../src/base/limits.ts'
import { silentLogger } from '../../../../src/base/log.ts'
import type { ReadAnswer } from '../../../../src/examine/answer.ts'
import { HandClock } from '../../../support/hand-clock.ts'
import { until } from '../../../support/until.ts'

const view = {
  version: '2.0.1',
  bootStatus: 'Accepted',
  mayBeSent: () => true,
  lastSeenAtMs: 0,
  lastHeartbeatAtMs: null,
  treatment: noTreatment,
} as const

const commandOf = (data: string) => ({
  action: 'SendLocalList',
  payload: { versionNumber: 1, updateType: 'Full', customData: { vendorId: 'V', data } },
})

function queuedJob(jobId: number, data: string): JobWithCommands {
  const names = { jobId, key: jobId, requestId: jobId, kind: 'localListSync', identity: `CP-${jobId}` }
  const times = { timeoutSeconds: 60, startsAtMs: null, expiresAtMs: 1_000_000 }
  const states = { state: 'queued', place: 1, status: null, isHere: true, strictness: 'lenient' } as const
  return { ...names, ...times, ...states, commands: { '2.0.1': commandOf(data), '2.1': commandOf(data) } }
}

function runnerOf(queued: readonly JobWithCommands[]) {
  const answers: ((answer: ReadAnswer) => void)[] = []
  const taken = new Set<number>()
  const waiting = () => queued.filter(({ jobId }) => !taken.has(jobId))
  const none = async () => []
  const store: JobStore = {
    create: async () => null,
    take: async ({ jobId }) => taken.size < taken.add(jobId).size,
    move: async () => true,
    forgetConnection: async () => {},
    extend: async () => {},
    job: async (jobId) => queued.find((one) => one.jobId === jobId) ?? null,
    openOf: none,
    due: none,
    left: none,
    sendable: async () => waiting(),
    sendableOf: async () => waiting(),
    ofDeleted: none,
    countOpen: none,
  }
  const clock = new HandClock(0)
  const runner = new JobRunner({
    ...{ store, clock, timeoutSeconds: 60, counters: new Counters(), log: silentLogger, nodeId: 'here' },
    commit: () => Promise.reject(new Error('nothing is stored')),
    rotations: { begin: () => Promise.reject(new Error('no password is set')) },
    queries: { otherHolder: async () => null, expectProfile: async () => {} },
    live: {
      get: () => view,
      noteQuirk: () => {},
      call: () => new Promise((resolve) => answers.push(resolve)),
      connectionOf: () => ({ epoch: 1, openedAtMs: 0, hasBooted: true }),
    },
  })
  return { runner, clock, answers }
}

test('of the commands of a job the one that is sent is kept', () => {
  const deps = { live: { get: () => view } } as unknown as Parameters<typeof readyCommand>[0]
  const { commands, ...job } = queuedJob(1, 'x')
  expect(readyCommand(deps, job, commands)).toEqual({ version: '2.0.1', command: commandOf('x') })
})

test('what is under way in the background is bounded in bytes: the rest waits until some are answered', async () => {
  const data = 'x'.repeat(jobBytesUnderWayMax / 2)
  const { runner, clock, answers } = runnerOf([1, 2, 3, 4].map((jobId) => queuedJob(jobId, data)))
  runner.begin()
  clock.pass(jobSweepMs)
  await until('two jobs to be under way', () => answers.length === 2)
  clock.pass(2 * jobSweepMs)
  expect(answers).toHaveLength(2)
  const accepted = { kind: 'result', payload: { status: 'Accepted' }, problems: [], quirks: [] } as const
  for (const answer of answers.slice()) answer(accepted)
  await until('the rest to be sent', () => {
    clock.pass(jobSweepMs)
    return answers.length === 4
  })
  for (const answer of answers.slice(2)) answer(accepted)
  await runner.end()
})
