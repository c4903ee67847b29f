// Commands that fail, as the REST API reports them.

import { describe, expect, test } from 'bun:test'
import { noTreatment } from '../../support/known.ts'
import { StatorError } from '../../../src/base/errors.ts'
import type { Strictness } from '../../../src/ocpp/verdict.ts'
import { answerRead, resultAnswer } from '../../support/read-answer.ts'
import { chargePoint, detailsOf, failing, fakeApi, messageOf } from './fake-deps.ts'

const start = '/api/chargepoints/CP001/start-transaction'
const startBody = { connectorId: 1, idTag: 'USER123' }

describe('a command', () => {
  test('to a charge point that is not connected is a conflict', async () => {
    const { post } = fakeApi({ live: { get: () => undefined } })
    const response = await post(start, startBody)
    expect(response.status).toBe(409)
    expect(await response.json()).toEqual({
      error: 'Conflict',
      code: 'NOT_CONNECTED',
      message: "Charge point 'CP001' is not connected",
    })
  })

  test.each([
    ['/api/chargepoints/CP001/start-transaction', startBody],
    ['/api/chargepoints/CP001/reset', { type: 'Soft' }],
    ['/api/chargepoints/CP001/calls', { action: 'ClearCache', payload: {} }],
    ['/api/chargepoints/CP001/configuration', { key: 'HeartbeatInterval', value: '60' }],
  ])('at %s to a charge point that another node holds is a conflict that names the node', async (path, body) => {
    const { post } = fakeApi({
      live: { get: () => undefined },
      queries: { otherHolder: async (key, nodeId) => (key === 1 && nodeId === 'this-node' ? 'csms-2:8080' : null) },
    })
    const response = await post(path, body)
    expect(response.status).toBe(409)
    expect(await response.json()).toEqual({
      error: 'Conflict',
      code: 'CONNECTED_ELSEWHERE',
      message: "Charge point 'CP001' is connected to another node, 'csms-2:8080'; send the command there",
      details: { node: 'csms-2:8080' },
    })
  })

  test.each(['Pending', 'Rejected'] as const)('to start is not sent while the boot is %s', async (bootStatus) => {
    const { post } = fakeApi({
      live: {
        get: () => ({
          version: '1.6',
          bootStatus,
          mayBeSent: () => false,
          lastSeenAtMs: 0,
          lastHeartbeatAtMs: null,
          treatment: noTreatment,
        }),
      },
    })
    const response = await post(start, startBody)
    expect(response.status).toBe(409)
    expect(await messageOf(response)).toContain(`answered with ${bootStatus}`)
  })

  test('answered with a CALLERROR is 502 with its code', async () => {
    const answer = { kind: 'error', code: 'NotSupported', description: 'No such thing', details: { a: 1 } } as const
    const { post } = fakeApi({ live: { call: async () => answer } })
    const response = await post('/api/chargepoints/CP001/reset', { type: 'Soft' })
    expect(response.status).toBe(502)
    expect(await response.json()).toEqual({
      error: 'BadGateway',
      code: 'CALL_ERROR',
      message: 'The charge point answered Reset with NotSupported: No such thing',
      details: { action: 'Reset', code: 'NotSupported', description: 'No such thing', details: { a: 1 } },
    })
  })

  test('answered without its status is 502 even from a lenient charge point', async () => {
    const { post } = fakeApi({ live: { call: async (_, action) => answerRead(action, {}) } })
    const response = await post('/api/chargepoints/CP001/reset', { type: 'Soft' })
    expect(response.status).toBe(502)
    expect(await detailsOf(response)).toMatchObject({ action: 'Reset', payload: {} })
  })

  test.each(['lenient', 'strict'] as const)(
    'whose answer cannot be understood is 502 from a %s charge point, whatever the command',
    async (strictness) => {
      const { request, post } = fakeApi({
        live: { call: async (_, action) => answerRead(action, { configurationKey: 'none', status: [5] }, strictness) },
        queries: { chargePoint: async () => ({ ...chargePoint, strictness }) },
      })
      for (const response of [
        await request('/api/chargepoints/CP001/configuration'),
        await post('/api/chargepoints/CP001/configuration', { key: 'HeartbeatInterval', value: '60' }),
        await post('/api/chargepoints/CP001/reset', { type: 'Soft' }),
      ]) {
        expect(response.status).toBe(502)
        expect(await detailsOf(response)).toMatchObject({ payload: { status: [5] } })
      }
    },
  )

  test('with an answer that breaks its schema is noted for a lenient charge point and refused for a strict one', async () => {
    const call = (strictness: Strictness) => async () => answerRead('ClearCache', { status: 'Perhaps' }, strictness)
    const lenient = fakeApi({ live: { call: call('lenient') } })
    const body = { action: 'ClearCache', payload: {} }
    const reported = await lenient.post('/api/chargepoints/CP001/calls', body)
    expect(reported.status).toBe(200)
    expect(await reported.json()).toMatchObject({ status: 'Perhaps', notes: [{ path: '/status' }] })

    const strict = fakeApi({
      live: {
        call: call('strict'),
        get: () => ({
          ...{
            version: '1.6',
            bootStatus: 'Accepted',
            mayBeSent: () => true,
            lastSeenAtMs: 0,
            lastHeartbeatAtMs: null,
          },
          treatment: { ...noTreatment, strictness: 'strict' },
        }),
      },
    })
    const refused = await strict.post('/api/chargepoints/CP001/calls', body)
    expect(refused.status).toBe(502)
    expect(await detailsOf(refused)).toMatchObject({ problems: [{ path: '/status' }] })
  })

  test('to start that is rejected withdraws the promised transactionId', async () => {
    const withdrawn: unknown[] = []
    const { post } = fakeApi({
      live: {
        call: async () => resultAnswer({ status: 'Rejected' }),
        withdrawPromise: async (...promised) => {
          withdrawn.push(promised)
        },
      },
    })
    expect(await (await post(start, startBody)).json()).toEqual({ status: 'Rejected', message: expect.any(String) })
    expect(withdrawn).toMatchObject([[{ identity: 'CP001' }, 7]])
  })

  test.each([
    ['NOT_CONNECTED', 1],
    ['CALL_QUEUE_FULL', 1],
    ['CALL_TIMEOUT', 0],
  ] as const)('to start that fails with %s withdraws the promised transactionId %d times', async (code, times) => {
    const withdrawn: unknown[] = []
    const { post } = fakeApi({
      live: {
        call: failing(code),
        withdrawPromise: async (_, promised) => {
          withdrawn.push(promised)
        },
      },
    })
    await post(start, startBody)
    expect(withdrawn).toHaveLength(times)
  })

  test('to start is not sent when its promise cannot be stored', async () => {
    const away = new StatorError('STORE_UNAVAILABLE', 'The database cannot be reached')
    const { post } = fakeApi({ live: { promiseTransaction: () => Promise.reject(away) } })
    expect((await post(start, startBody)).status).toBe(503)
  })

  test('to start that is rejected is reported, also when its promise cannot be withdrawn', async () => {
    const away = new StatorError('STORE_UNAVAILABLE', 'The database cannot be reached')
    const { post } = fakeApi({
      live: {
        call: async () => resultAnswer({ status: 'Rejected' }),
        withdrawPromise: () => Promise.reject(away),
      },
    })
    expect(await (await post(start, startBody)).json()).toEqual({ status: 'Rejected', message: expect.any(String) })
  })
})
