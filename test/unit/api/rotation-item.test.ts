// What becomes of one charge point of a credential rotation, by what the connection, the store and the charge point do.

import { silentLogger } from '../../../src/base/log.ts'
import { expect, test } from 'bun:test'
import { noTreatment } from '../../support/known.ts'
import { systemClock } from '../../../src/base/clock.ts'
import { sendNewPassword } from '../../../src/api/rotation-item.ts'
import type { CommandDeps } from '../../../src/api/send-command.ts'
import { type ErrorCode, StatorError } from '../../../src/base/errors.ts'
import type { Payload } from '../../../src/blocks/decision.ts'
import type { RotationOutcome } from '../../../src/blocks/message-row.ts'
import type { ReadAnswer } from '../../../src/examine/answer.ts'
import { failing } from './fake-deps.ts'

const chargePoint = { key: 1, identity: 'CP001', strictness: 'lenient' } as const
const view = {
  version: '1.6',
  bootStatus: 'Accepted',
  lastSeenAtMs: 0,
  lastHeartbeatAtMs: null,
  treatment: noTreatment,
} as const

interface Circumstances {
  readonly isConnected?: () => boolean
  readonly mayBeSent?: boolean
  readonly begin?: () => never
  readonly call?: (payload: Payload) => Promise<ReadAnswer>
}

async function sent({ isConnected = () => true, mayBeSent = true, begin, call }: Circumstances) {
  const settled: RotationOutcome[] = []
  let calls = 0
  const deps: CommandDeps = {
    nodeId: 'this-node',
    clock: systemClock,
    log: silentLogger,
    commit: async () => ({ duplicate: false, answer: {} }),
    queries: { otherHolder: async () => null, expectProfile: async () => {} },
    live: {
      get: () => (isConnected() ? { ...view, mayBeSent: () => mayBeSent } : undefined),
      noteQuirk: () => {},
      call: async (_chargePoint, _action, payload) => {
        calls++
        return call === undefined ? answerOf({ status: 'Accepted' }) : call(payload)
      },
    },
    rotations: { begin: async () => begin?.() ?? { settle: async (outcome) => void settled.push(outcome) } },
  }
  return { result: await sendNewPassword(deps, chargePoint), settled, calls }
}

function answerOf(payload: Payload): ReadAnswer {
  return { kind: 'result', payload, problems: [], quirks: [] }
}

test.each([
  ['Accepted', 'accepted'],
  ['Rejected', 'refused'],
  ['NotSupported', 'refused'],
  ['RebootRequired', 'unknown'],
])('a charge point that answers %s is %s, as its password is', async (status, state) => {
  const { result, settled } = await sent({ call: async () => answerOf({ status }) })
  expect(result).toEqual({ state, status, errorCode: null, error: null } as typeof result)
  expect(settled).toEqual([state as RotationOutcome])
})

test.each([
  ['CALL_TIMEOUT', 'unknown'],
  ['NOT_CONNECTED', 'unknown'],
  ['CALL_QUEUE_FULL', 'waiting'],
] as const)('a CALL that ends with %s leaves it %s', async (code, state) => {
  const { result, calls } = await sent({ call: async () => failing(code)() })
  expect([result.state, result.errorCode, calls]).toEqual([state, code, 1])
})

test('a charge point that answers without a status may use either password', async () => {
  const { result, settled } = await sent({ call: async () => answerOf({}) })
  expect([result.state, result.errorCode, settled]).toEqual(['unknown', 'CALL_ANSWER_INVALID', ['unknown']])
})

test.each([
  ['is not connected', { isConnected: () => false }, 'waiting', 'NOT_CONNECTED'],
  ['may not be sent a CALL', { mayBeSent: false }, 'waiting', 'CONFLICT'],
  ['is sent another password', { begin: failing('CONFLICT') }, 'waiting', 'CONFLICT'],
  ['is not reached by the store', { begin: failing('STORE_UNAVAILABLE') }, 'waiting', 'STORE_UNAVAILABLE'],
  ['was deleted', { begin: failing('NOT_FOUND') }, 'cancelled', 'NOT_FOUND'],
  ['makes the store fail', { begin: failing('INTERNAL') }, 'failed', 'INTERNAL'],
] satisfies readonly [string, Circumstances, string, ErrorCode][])(
  'nothing is sent to a charge point that %s',
  async (_, circumstances, state, code) => {
    const { result, calls } = await sent(circumstances)
    expect({ ...result, calls }).toMatchObject({ state, errorCode: code, calls: 0 })
  },
)

test('a charge point that goes away before the CALL leaves waits', async () => {
  const looks = [true, true, false]
  const { result, calls } = await sent({ isConnected: () => looks.shift() ?? false })
  expect([result.state, result.errorCode, calls]).toEqual(['waiting', 'NOT_CONNECTED', 0])
})

test('a password that the charge point repeats is in no result', async () => {
  const repeating = await sent({
    call: async ({ value }) => answerOf({ status: `Set to ${value}` }),
  })
  expect(repeating.result).toMatchObject({ state: 'unknown', status: 'Set to ***' })
  const failed = await sent({
    call: async ({ value }) => {
      throw new StatorError('CALL_TIMEOUT', `${value} was not taken`, { value })
    },
  })
  expect(failed.result.error).toBe('*** was not taken')
})
