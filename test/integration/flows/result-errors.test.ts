// CALLRESULTERROR (2.1 Part 4 §4.2.3): who cannot use a CALLRESULT says so. Over real sockets, in both directions.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
})

afterAll(() => stator.stop())

const resetOf = (identity: string) =>
  stator.api(`/api/chargepoints/${identity}/calls`, { body: { action: 'Reset', payload: { type: 'Immediate' } } })

/** Waits until nothing that was sent before is under way. */
async function settled(raw: RawChargePoint): Promise<void> {
  await raw.call('Heartbeat', {})
}

describe('a charge point of 2.1', () => {
  test.each([
    ['strict', '{"status":"Maybe"}', 'PropertyConstraintViolation', 502],
    ['strict', '{}', 'OccurrenceConstraintViolation', 502],
    ['strict', '7', 'FormatViolation', 502],
    ['lenient', '7', 'FormatViolation', 502],
  ])('that is %s and answers with %s is told %s', async (strictness, payload, code, status) => {
    const identity = `wrong-${strictness}-${code}`
    const raw = await stator.bootedRaw(identity, '2.1', { strictness })
    const answer = resetOf(identity)
    const { messageId } = await raw.command('Reset')
    raw.send(`[3,"${messageId}",${payload}]`)
    expect(await raw.answerTo(messageId)).toEqual([
      5,
      messageId,
      code,
      expect.any(String),
      expect.objectContaining({ action: 'Reset' }),
    ])
    expect((await answer).status).toBe(status)
  })

  test('that is lenient is not told of what Stator understands, and neither is one that answers with an error', async () => {
    const raw = await stator.bootedRaw('understood', '2.1', { strictness: 'lenient' })
    const first = resetOf('understood')
    raw.answer((await raw.command('Reset')).messageId, { status: 'accepted', extra: 1 })
    expect((await first).status).toBe(200)
    const second = resetOf('understood')
    raw.send(JSON.stringify([4, (await raw.command('Reset')).messageId, 'NotSupported', '', {}]))
    expect((await second).status).toBe(502)
    await settled(raw)
    expect(raw.inbox).toEqual([])
  })

  test('that cannot use an answer of ours is heard: an anomaly for each code, and what it reported stays', async () => {
    const raw = await stator.bootedRaw('hears', '2.1')
    const report = { status: 'Uploaded', requestId: 2 }
    await raw.call('LogStatusNotification', report, 'log-1')
    for (let times = 0; times < 2; times++) {
      raw.send(JSON.stringify([5, 'log-1', 'FormatViolation', 'an empty object', { at: 'payload' }]))
      raw.send(JSON.stringify([5, 'log-1', 'Unheard', 'of', {}]))
    }
    await settled(raw)
    const anomalies = await until('both anomalies to be stored', async () => {
      const found = await stator.json('/api/anomalies?chargePointId=hears&kind=answerRefused')
      return found['totalCount'] === 2 ? found['anomalies'] : null
    })
    expect(anomalies).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          detail: { messageId: 'log-1', code: 'FormatViolation', description: 'an empty object' },
        }),
        expect.objectContaining({ detail: { messageId: 'log-1', code: 'Unheard', description: 'of' } }),
      ]),
    )
    expect(await stator.json('/api/chargepoints/hears/events?action=LogStatusNotification')).toMatchObject({
      events: [{ payload: report }],
    })
    expect(raw.inbox).toEqual([])
    const { text } = (await stator.api('/metrics')).body
    expect(String(text)).toContain('stator_result_errors_received_total{code="other"} 2')
  })

  test('that names the CALL under way in a CALLRESULTERROR has not answered it', async () => {
    const raw = await stator.bootedRaw('not-answered', '2.1')
    const answer = resetOf('not-answered')
    const { messageId } = await raw.command('Reset')
    raw.send(JSON.stringify([5, messageId, 'GenericError', '', {}]))
    await settled(raw)
    raw.answer(messageId, { status: 'Accepted' })
    expect((await answer).status).toBe(200)
  })
})

test.each(['1.6', '2.0.1'] as const)(
  'a charge point of %s neither gets a CALLRESULTERROR nor is heard with one',
  async (version) => {
    const identity = `older-${version}`
    const raw = await stator.bootedRaw(identity, version, { strictness: 'strict' })
    const answer = stator.api(`/api/chargepoints/${identity}/calls`, { body: { action: 'ClearCache', payload: {} } })
    raw.answer((await raw.command('ClearCache')).messageId, { status: 'Maybe' })
    expect((await answer).status).toBe(502)
    raw.send(JSON.stringify([5, 'x', 'GenericError', '', {}]))
    await settled(raw)
    expect(raw.inbox).toEqual([])
    expect(await stator.json(`/api/anomalies?chargePointId=${identity}&kind=answerRefused`)).toMatchObject({
      totalCount: 0,
    })
  },
)
