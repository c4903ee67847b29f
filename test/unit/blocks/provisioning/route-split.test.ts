import { expect, test } from 'bun:test'
import type { ApiDeps } from '../../../../src/api/deps.ts'
import { splitRequestMsMax } from '../../../../src/base/limits.ts'
import { sendAll, whyNothing } from '../../../../src/blocks/provisioning/route-split.ts'
import type { ChargePointRecord } from '../../../../src/blocks/records.ts'

test('a request in many messages has an end of its own: what is left then is not sent, and said to be', async () => {
  let nowMs = 0
  let sent = 0
  const call = async () => {
    sent++
    nowMs += splitRequestMsMax / 2
    return { kind: 'result', payload: { getVariableResult: [] }, problems: [], quirks: [] }
  }
  const live = { get: () => ({ mayBeSent: () => true }), call }
  const deps = { clock: { nowMs: () => nowMs }, live } as unknown as ApiDeps
  const chargePoint = { key: 1, identity: 'CP001', strictness: 'lenient' } as ChargePointRecord
  const getVariableData = [{ component: { name: 'C' }, variable: { name: 'V' } }]
  const calls = [0, 1, 2, 3].map((index) => ({
    command: { action: 'GetVariables', payload: { getVariableData }, fields: {} },
    indices: [index],
    read: () => [{ index, status: 'Accepted' }],
  }))
  const results = await sendAll(deps, chargePoint, '2.0.1', calls)
  expect(sent).toBe(2)
  expect([0, 1, 2, 3].map((index) => whyNothing(results.get(index)))).toEqual([
    ...[null, null],
    ...[expect.stringContaining('It was not sent'), expect.stringContaining('It was not sent')],
  ])
})
