// Display messages and costs over REST, with charge points that speak for themselves: messages that are set, replaced,
// cleared and reported; prices, what operators say of costs, and what charge points are told; tariffs of 2.1.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { at, event, registerOf } from '../../support/transaction-events.ts'

type Json = Record<string, unknown>

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start({ settings: { OCPP: { CallTimeout: 1 } } })
  await stator.addIdTag('USER123')
})

afterAll(() => stator.stop())

const of = (identity: string, rest: string) => `/api/chargepoints/${identity}/${rest}`

/** Sends a command, and answers for the charge point. */
async function commanded(raw: RawChargePoint, path: string, body: Json, action: string, answer: Json, method = 'POST') {
  const asked = stator.api(path, { method, body })
  const { messageId, payload } = await raw.command(action)
  raw.answer(messageId, answer)
  return { payload, answer: (await asked).body }
}

/** The number that Stator gave the newest transaction of a charge point. */
async function transactionOf(identity: string): Promise<number> {
  const { transactions } = await stator.json(`/api/transactions?chargePointId=${identity}`)
  const [newest] = transactions as [{ transactionId: number }]
  return newest.transactionId
}

describe.each(['2.0.1', '2.1'] as const)('display messages of OCPP %s', (version) => {
  const identity = `DM-${version}`
  const path = of(identity, 'display-messages')
  let raw: RawChargePoint

  beforeAll(async () => {
    raw = await stator.bootedRaw(identity, version)
  })

  const message = { format: 'UTF8', content: 'Closed on Sunday' }
  const set = (body: Json, status = 'Accepted') =>
    commanded(raw, path, { message, ...body }, 'SetDisplayMessage', { status })
  const listed = async () => (await stator.json(path))['displayMessages'] as Json[]
  const stateOf = async (messageId: unknown) =>
    (await listed()).find((one) => one['messageId'] === messageId)?.['state']

  test('a message that was set is listed with what the charge point answered', async () => {
    const { payload, answer } = await set({ state: 'Idle', endsAt: '2100-01-01T00:00:00Z' })
    const { messageId } = answer
    expect(answer).toEqual({ status: 'Accepted', message: 'The charge point has the display message', messageId })
    const endDateTime = '2100-01-01T00:00:00.000Z'
    const sent = { id: messageId, priority: 'NormalCycle', state: 'Idle', endDateTime, message }
    expect(payload).toEqual({ message: sent })
    expect(await listed()).toEqual([
      {
        messageId,
        state: 'active',
        priority: 'NormalCycle',
        transactionId: null,
        message: sent,
        status: 'Accepted',
        setAt: expect.any(String),
        setBy: 'admin',
        clearedAt: null,
        reportedAt: null,
      },
    ])
    const later = await set({ startsAt: '2099-01-01T00:00:00Z' })
    expect(await stateOf(later.answer['messageId'])).toBe('scheduled')
    const over = await set({ endsAt: '2020-01-01T00:00:00Z' })
    expect(await stateOf(over.answer['messageId'])).toBe('expired')
    const refused = await set({}, 'NotSupportedMessageFormat')
    expect(refused.answer['message']).toBe(
      'The charge point answered the display message with NotSupportedMessageFormat',
    )
    expect(await stateOf(refused.answer['messageId'])).toBe('rejected')
  })

  test('a message that is always in front replaces the one before it', async () => {
    const first = await set({ priority: 'AlwaysFront' })
    const second = await set({ priority: 'AlwaysFront' })
    expect(await stateOf(first.answer['messageId'])).toBe('cleared')
    expect(await stateOf(second.answer['messageId'])).toBe('active')
  })

  test('a message that is cleared is shown as such; unknown ids reach the charge point', async () => {
    const { messageId } = (await set({})).answer
    const clear = (id: unknown, status: string) =>
      commanded(raw, `${path}/clear`, { messageId: id }, 'ClearDisplayMessage', { status })
    expect((await clear(messageId, 'Accepted')).payload).toEqual({ id: messageId })
    expect(await stateOf(messageId)).toBe('cleared')
    expect((await clear(4_242, 'Unknown')).answer).toEqual({
      status: 'Unknown',
      message: 'The charge point has no such display message',
    })
  })

  test('a message of a transaction ends with it, and needs one that is open', async () => {
    await raw.call('TransactionEvent', event('Started', { seqNo: 0, time: '10:00:00' }))
    const transactionId = await transactionOf(identity)
    const { payload, answer } = await set({ transactionId })
    expect(payload['message']).toMatchObject({ transactionId: 'T-1' })
    expect(await stateOf(answer['messageId'])).toBe('active')
    await raw.call('TransactionEvent', event('Ended', { seqNo: 1, time: '11:00:00' }))
    expect(await stateOf(answer['messageId'])).toBe('ended')
    const refused = (id: number) => stator.api(path, { body: { message, transactionId: id } })
    expect(await refused(transactionId)).toMatchObject({ status: 400, body: { details: { field: 'transactionId' } } })
    expect(await refused(1_999_999_999)).toMatchObject({ status: 404 })
  })

  test('a report is a job that ends with its last part, and brings what others have set', async () => {
    const asked = stator.api(`${path}/report`, { body: { priority: 'InFront' } })
    const { messageId, payload } = await raw.command('GetDisplayMessages')
    expect(payload).toEqual({ requestId: expect.any(Number), priority: 'InFront' })
    raw.answer(messageId, { status: 'Accepted' })
    const { jobId } = (await asked).body
    const jobOf = () => stator.json(`/api/jobs/${jobId}`)
    const { requestId } = payload
    const reported = (id: number, tbc: boolean) =>
      raw.call('NotifyDisplayMessages', { requestId, tbc, messageInfo: [{ id, priority: 'InFront', message }] })
    await reported(1, true)
    expect(await jobOf()).toMatchObject({ kind: 'displayMessageReport', state: 'running', status: 'Reporting' })
    await reported(2, false)
    expect(await jobOf()).toMatchObject({ state: 'succeeded', status: 'Reported' })
    const shown = (await listed()).filter(({ setBy }) => setBy === null)
    expect(shown).toMatchObject([
      { messageId: 1, state: 'active', priority: 'InFront', reportedAt: expect.any(String) },
      { messageId: 2, state: 'active' },
    ])
    await commanded(raw, `${path}/clear`, { messageId: 1 }, 'ClearDisplayMessage', { status: 'Accepted' })
    expect(await stateOf(1)).toBeUndefined()
  })

  test('what its schema forbids is not sent, and names the field', async () => {
    const body = { message: { format: 'Morse', content: '...' } }
    expect(await stator.api(path, { body })).toMatchObject({
      status: 400,
      body: { details: { field: 'message.format' } },
    })
    const before = { message, startsAt: '2100-01-02', endsAt: '2100-01-01' }
    expect(await stator.api(path, { body: before })).toMatchObject({
      status: 400,
      body: { details: { field: 'endsAt' } },
    })
  })
})

test('OCPP 1.6 has neither displays nor costs nor tariffs, and says so', async () => {
  const raw = await stator.bootedRaw('DM-1.6')
  const start = { connectorId: 1, idTag: 'USER123', meterStart: 0, timestamp: new Date().toISOString() }
  const { transactionId } = await raw.call('StartTransaction', start)
  const refused = async (path: string, body: Json) => {
    const { status, body: answer } = await stator.api(of('DM-1.6', path), { body })
    return [status, answer['message']]
  }
  const message = { format: 'UTF8', content: 'A' }
  const tariff = { tariffId: 'T', currency: 'EUR' }
  const noTariffs = (action: string) => `OCPP 1.6 has no tariffs at charge points (${action} is of OCPP 2.1)`
  expect(await refused('display-messages', { message })).toEqual([409, 'OCPP 1.6 has no message for display messages'])
  expect(await refused('update-cost', { transactionId, totalCost: 1 })).toEqual([
    409,
    'OCPP 1.6 has no message for the cost of a transaction',
  ])
  expect(await refused('tariffs', { tariff })).toEqual([409, noTariffs('SetDefaultTariff')])
  expect(await refused('tariffs/clear', {})).toEqual([409, noTariffs('ClearTariffs')])
  expect(await refused('display-messages/report', {})).toMatchObject([409, 'OCPP 1.6 has no such command'])
  const give = (body: Json) => stator.api(`/api/transactions/${transactionId}/cost`, { method: 'PUT', body })
  expect((await give({ totalCost: 2 })).body).toEqual({
    delivery: 'stored',
    message: 'The charge point has no message for costs',
  })
  expect(await give({ transactionLimit: { maxCost: 5 } })).toMatchObject({
    status: 409,
    body: { message: 'OCPP 1.6 has no transactionLimit in the answer to a transaction message' },
  })
})

const used = (seqNo: number, time: string, wh: number, more: Json = {}) => ({
  ...event(seqNo === 0 ? 'Started' : 'Updated', { seqNo, time, meterValue: [at(time, registerOf(wh))] }),
  evse: { id: 1, connectorId: 1 },
  ...more,
})

describe.each(['2.0.1', '2.1'] as const)('costs of OCPP %s', (version) => {
  const identity = `COST-${version}`
  const is21 = version === '2.1'
  const price = { currency: 'EUR', perKwh: 0.5, perMinute: 0.1, perSession: 1 }
  let raw: RawChargePoint
  let transactions = 0

  beforeAll(async () => {
    raw = await stator.bootedRaw(identity, version)
  })

  /** A transaction that has begun. */
  async function begun() {
    const id = `T-${++transactions}`
    const info = { transactionInfo: { transactionId: id } }
    await raw.call('TransactionEvent', used(0, '10:00:00', 1_000, info))
    const transactionId = await transactionOf(identity)
    const path = `/api/transactions/${transactionId}/cost`
    return {
      id,
      transactionId,
      path,
      updated: (seqNo: number, time: string, wh: number, more: Json = {}) =>
        raw.call('TransactionEvent', used(seqNo, time, wh, { ...info, ...more })),
      ended: (seqNo: number, time: string, wh: number, more: Json = {}) =>
        raw.call('TransactionEvent', used(seqNo, time, wh, { ...info, eventType: 'Ended', ...more })),
      give: (body: Json) => stator.json(path, { method: 'PUT', body }),
      cost: () => stator.json(path),
    }
  }

  test('without a price and without a given cost, the answers tell nothing', async () => {
    const { updated, ended, cost } = await begun()
    expect(await updated(1, '10:30:00', 2_000)).toEqual({})
    expect(await ended(2, '11:00:00', 3_000)).toEqual({})
    expect(await cost()).toEqual({ price: null, given: null, costs: [] })
  })

  test('the price that applied at the begin decides what is told, and the end is stored and told again', async () => {
    await stator.json(of(identity, 'price'), { method: 'PUT', body: price })
    const { updated, ended, cost } = await begun()
    await stator.json(of(identity, 'price'), { method: 'PUT', body: { ...price, perKwh: 9 } })
    expect(await updated(1, '10:30:00', 2_000)).toEqual(is21 ? { totalCost: 1 + 0.5 + 3 } : {})
    expect(await ended(2, '11:00:00', 3_500)).toEqual({ totalCost: 1 + 1.25 + 6 })
    expect(await ended(2, '11:00:00', 3_500)).toEqual({ totalCost: 8.25 })
    expect(await cost()).toEqual({
      price,
      given: null,
      costs: [
        {
          source: 'told',
          totalCost: 8.25,
          currency: 'EUR',
          detail: { price, energyWh: 2_500, seconds: 3_600 },
          at: expect.any(String),
        },
      ],
    })
    await stator.api(of(identity, 'price'), { method: 'DELETE' })
  })

  test('a transaction survives a reconnect with its price and its last register', async () => {
    await stator.json(of(identity, 'price'), { method: 'PUT', body: price })
    const { updated, ended } = await begun()
    await updated(1, '10:30:00', 2_000)
    await raw.call('TransactionEvent', used(3, '09:00:00', 0, { transactionInfo: { transactionId: 'NO-START' } }))
    expect(await stator.json(`/api/transactions/${await transactionOf(identity)}/cost`)).toMatchObject({ price })
    await stator.api(of(identity, 'price'), { method: 'DELETE' })
    await raw.close()
    raw = await stator.raw(identity, { subprotocols: [`ocpp${version}`] })
    expect(await ended(2, '11:00:00', 0, { meterValue: undefined })).toEqual({ totalCost: 1 + 0.5 + 6 })
  })

  test('a cost so far is sent at once, and one that is final is told at the end', async () => {
    const { id, path, updated, ended, give, cost } = await begun()
    const { payload, answer } = await commanded(raw, path, { totalCost: 3.5 }, 'CostUpdated', {}, 'PUT')
    expect(payload).toEqual({ totalCost: 3.5, transactionId: id })
    expect(answer).toEqual({ delivery: 'sent', message: 'The charge point has taken the cost' })
    expect(await updated(1, '10:30:00', 2_000)).toEqual(is21 ? { totalCost: 3.5 } : {})
    expect(await give({ totalCost: 4.2, isFinal: true, send: 'withNextAnswer' })).toMatchObject({
      delivery: 'withNextAnswer',
    })
    expect(await ended(2, '11:00:00', 3_000)).toEqual({ totalCost: 4.2 })
    expect(await cost()).toMatchObject({
      given: { totalCost: 4.2, isFinal: true, by: 'admin', isTold: true },
      costs: [{ source: 'told', totalCost: 4.2, currency: null }],
    })
    expect(await give({ totalCost: 5 })).toMatchObject({ delivery: 'stored' })
  })

  test('a cost so far is not told as the cost at the end', async () => {
    const { ended, give } = await begun()
    await give({ totalCost: 3, send: 'withNextAnswer' })
    expect(await ended(1, '11:00:00', 2_000)).toEqual({})
  })

  test('a message, and in 2.1 a limit, are told once', async () => {
    const { path, updated, ended, give } = await begun()
    const updatedPersonalMessage = { format: 'UTF8', content: '0.49 EUR/kWh' }
    const transactionLimit = { maxCost: 25 }
    const limits = { message: updatedPersonalMessage, transactionLimit }
    if (!is21) expect(await stator.api(path, { method: 'PUT', body: limits })).toMatchObject({ status: 409 })
    await give(is21 ? limits : { message: updatedPersonalMessage })
    const told = { updatedPersonalMessage, ...(is21 ? { transactionLimit } : {}) }
    expect(await updated(1, '10:10:00', 1_100)).toEqual(told)
    expect(await updated(2, '10:20:00', 1_200)).toEqual({})
    await ended(3, '10:30:00', 1_300)
  })

  test('a CostUpdated that fails leaves the cost for the next answer', async () => {
    const { path, ended } = await begun()
    const given = stator.json(path, { method: 'PUT', body: { totalCost: 2, isFinal: true } })
    await raw.command('CostUpdated')
    expect(await given).toMatchObject({
      delivery: 'withNextAnswer',
      message: expect.stringContaining('CostUpdated failed'),
    })
    expect(await ended(1, '11:00:00', 2_000)).toEqual({ totalCost: 2 })
  })

  test('the command CostUpdated is for open transactions of the charge point', async () => {
    const { id, transactionId, ended } = await begun()
    const update = of(identity, 'update-cost')
    const sent = await commanded(raw, update, { transactionId, totalCost: 1.5 }, 'CostUpdated', {})
    expect(sent.payload).toEqual({ totalCost: 1.5, transactionId: id })
    expect(sent.answer).toEqual({ status: 'Accepted', message: 'The charge point has taken the cost' })
    await ended(1, '11:00:00', 2_000)
    const late = await stator.api(update, { body: { transactionId, totalCost: 1 } })
    expect(late).toMatchObject({ status: 409, body: { message: `Transaction '${transactionId}' has already stopped` } })
    expect(await stator.api(update, { body: { transactionId: 1_999_999_999, totalCost: 1 } })).toMatchObject({
      status: 404,
    })
  })

  test('what the charge point computes itself is stored', async () => {
    if (!is21) return
    const { updated, ended, cost } = await begun()
    const details = (total: number, more: Json = {}) => ({
      costDetails: {
        totalCost: { currency: 'EUR', typeOfCost: 'NormalCost', total: { exclTax: 1, inclTax: total } },
        totalUsage: { energy: 1, chargingTime: 60, idleTime: 0 },
        ...more,
      },
    })
    await updated(1, '10:30:00', 2_000, details(4))
    expect(await cost()).toMatchObject({ costs: [{ source: 'station', totalCost: 4, currency: 'EUR' }] })
    await ended(2, '11:00:00', 3_000, details(5))
    expect(await cost()).toMatchObject({ costs: [{ totalCost: 5, detail: details(5).costDetails }] })
    await ended(3, '11:00:01', 3_000, details(6, { failureToCalculate: true }))
  })

  test('a driver is told the tariff and the message of the id tag', async () => {
    const tag = `DRIVER-${version}`
    await stator.addIdTag(tag)
    const path = `/api/id-tags/${tag}/tariff`
    const tariff = { tariffId: 'T-1', currency: 'EUR', energy: { prices: [{ priceKwh: 0.49 }] } }
    const personalMessage = { format: 'UTF8', content: '0.49 EUR/kWh' }
    const body = { tariff, personalMessage }
    expect(await stator.json(path, { method: 'PUT', body })).toEqual(body)
    const authorize = () => raw.call('Authorize', { idToken: { idToken: tag, type: 'Central' } })
    expect(await authorize()).toEqual({
      idTokenInfo: { status: 'Accepted', personalMessage },
      ...(is21 ? { tariff } : {}),
    })
    expect((await stator.api(path, { method: 'DELETE' })).status).toBe(204)
    expect(await authorize()).toEqual({ idTokenInfo: { status: 'Accepted' } })
    const broken = { tariff: { tariffId: 'T-1' } }
    expect(await stator.api(path, { method: 'PUT', body: broken })).toMatchObject({
      status: 400,
      body: { details: { field: 'tariff.currency' } },
    })
  })
})

test('the price of the charge point comes before that of its groups, and that before the default', async () => {
  const group = async (name: string, more: Json = {}) => {
    const { id } = await stator.json('/api/groups', { body: { name, ...more } }, 201)
    return id as number
  }
  const tenant = await group('Tenant')
  const site = await group('Site', { parentId: tenant })
  await stator.provision('PRICED', { groupId: site })
  const priceOf = async () => {
    const { status, body } = await stator.api(of('PRICED', 'price'))
    return status === 404 ? null : [body['owner'], body['perKwh']]
  }
  const put = (path: string, perKwh: number) => stator.json(path, { method: 'PUT', body: { currency: 'EUR', perKwh } })
  expect(await priceOf()).toBeNull()
  await put('/api/price', 1)
  expect(await priceOf()).toEqual(['default', 1])
  await put(`/api/groups/${tenant}/price`, 2)
  expect(await priceOf()).toEqual(['group', 2])
  await put(`/api/groups/${site}/price`, 3)
  expect(await priceOf()).toEqual(['group', 3])
  await put(of('PRICED', 'price'), 4)
  expect(await priceOf()).toEqual(['chargePoint', 4])
  const raw = await stator.raw('PRICED', { subprotocols: ['ocpp2.1'] })
  await raw.call('BootNotification', { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } })
  const end = async (id: string) => {
    const info = { transactionInfo: { transactionId: id } }
    await raw.call('TransactionEvent', used(0, '10:00:00', 0, info))
    return raw.call('TransactionEvent', used(1, '11:00:00', 1_000, { ...info, eventType: 'Ended' }))
  }
  expect(await end('P-1')).toEqual({ totalCost: 4 })
  await stator.api(of('PRICED', 'price'), { method: 'DELETE' })
  expect(await end('P-2')).toEqual({ totalCost: 3 })
  for (const path of [`/api/groups/${site}/price`, `/api/groups/${tenant}/price`, '/api/price']) {
    expect((await stator.api(path, { method: 'DELETE' })).status).toBe(204)
    expect((await stator.api(path)).status).toBe(404)
  }
  expect(await end('P-3')).toEqual({})
})

describe('tariffs of OCPP 2.1', () => {
  const identity = 'TARIFFS'
  const path = of(identity, 'tariffs')
  let raw: RawChargePoint

  beforeAll(async () => {
    raw = await stator.bootedRaw(identity, '2.1')
  })

  const tariff = (tariffId: string, more: Json = {}) => ({
    tariffId,
    currency: 'EUR',
    energy: { prices: [{ priceKwh: 0.49 }] },
    ...more,
  })
  const set = (body: Json, status = 'Accepted') => commanded(raw, path, body, 'SetDefaultTariff', { status })
  const states = async () => {
    const { tariffs } = await stator.json(path)
    const shown = tariffs as { tariffId: string; evseId: number; state: string }[]
    return Object.fromEntries(shown.map(({ tariffId, evseId, state }) => [`${tariffId}/${evseId}`, state]))
  }

  test('a default tariff is stored with what becomes of it, and replaces the one before it', async () => {
    const { payload, answer } = await set({ evseId: 1, tariff: tariff('A') })
    expect(payload).toEqual({ evseId: 1, tariff: tariff('A') })
    expect(answer).toEqual({ status: 'Accepted', message: 'The charge point has the tariff' })
    await set({ evseId: 1, tariff: tariff('LATER', { validFrom: '2100-01-01T00:00:00Z' }) })
    expect(await states()).toEqual({ 'A/1': 'active', 'LATER/1': 'scheduled' })
    await set({ evseId: 1, tariff: tariff('B') })
    const refused = await set({ tariff: tariff('A') }, 'DuplicateTariffId')
    expect(refused.answer['message']).toBe('The charge point has another tariff with this tariffId')
    expect(await states()).toMatchObject({ 'A/1': 'cleared', 'B/1': 'active', 'A/0': 'rejected' })
  })

  test('what the charge point reports is stored, and counts more than what it answered', async () => {
    const ask = (answer: Json) => commanded(raw, `${path}/report`, { evseId: 1 }, 'GetTariffs', answer)
    const assignment = { tariffId: 'A', tariffKind: 'DefaultTariff', evseIds: [1] }
    const { payload, answer } = await ask({ status: 'Accepted', tariffAssignments: [assignment] })
    expect(payload).toEqual({ evseId: 1 })
    const shown = { ...assignment, validFrom: null, idTokens: [] }
    expect(answer).toEqual({ status: 'Accepted', message: 'The charge point has these tariffs', tariffs: [shown] })
    expect(await states()).toMatchObject({ 'A/1': 'active', 'B/1': 'gone' })
    expect(await stator.json(path)).toMatchObject({ reported: [{ evseId: 1, tariffs: [shown] }] })
    await ask({ status: 'NoTariff' })
    expect(await states()).toMatchObject({ 'A/1': 'cleared', 'B/1': 'gone' })
  })

  test('tariffs that are cleared are shown as such', async () => {
    await set({ evseId: 2, tariff: tariff('C') })
    await set({ evseId: 3, tariff: tariff('D') })
    const clear = (body: Json, ...clearTariffsResult: Json[]) =>
      commanded(raw, `${path}/clear`, body, 'ClearTariffs', { clearTariffsResult })
    const some = await clear(
      { tariffIds: ['C', 'X'] },
      { tariffId: 'C', status: 'Accepted' },
      { tariffId: 'X', status: 'NoTariff' },
    )
    expect(some.payload).toEqual({ tariffIds: ['C', 'X'] })
    expect(some.answer).toEqual({
      results: [
        { tariffId: 'C', status: 'Accepted', message: 'The charge point has cleared the tariff' },
        { tariffId: 'X', status: 'NoTariff', message: 'The charge point has no such tariff' },
      ],
    })
    expect(await states()).toMatchObject({ 'C/2': 'cleared', 'D/3': 'active' })
    await clear({}, { status: 'Accepted' })
    expect(await states()).toMatchObject({ 'D/3': 'cleared' })
  })

  test('the tariff of an open transaction can be changed, and ends with it', async () => {
    await raw.call('TransactionEvent', used(0, '10:00:00', 0))
    const transactionId = await transactionOf(identity)
    const change = (body: Json, status: string) =>
      commanded(raw, `${path}/change-transaction`, body, 'ChangeTransactionTariff', { status })
    const refused = await change({ transactionId, tariff: tariff('E', { currency: 'SEK' }) }, 'NoCurrencyChange')
    expect(refused.answer['message']).toBe('The tariff has another currency than the transaction')
    const { payload } = await change({ transactionId, tariff: tariff('F') }, 'Accepted')
    expect(payload).toEqual({ tariff: tariff('F'), transactionId: 'T-1' })
    expect(await states()).toMatchObject({ 'E/1': 'rejected', 'F/1': 'active' })
    await raw.call('TransactionEvent', used(1, '11:00:00', 10, { eventType: 'Ended' }))
    expect(await states()).toMatchObject({ 'F/1': 'ended' })
    const body = { transactionId, tariff: tariff('G') }
    expect(await stator.api(`${path}/change-transaction`, { body })).toMatchObject({ status: 400 })
    expect(await stator.api(path, { body: { tariff: { tariffId: 'H' } } })).toMatchObject({
      status: 400,
      body: { details: { field: 'tariff.currency' } },
    })
  })

  test('2.0.1 has no tariffs at charge points, and says so', async () => {
    await stator.bootedRaw('TARIFFS-201', '2.0.1')
    const { status, body } = await stator.api(of('TARIFFS-201', 'tariffs'), { body: { tariff: tariff('A') } })
    expect([status, body['message']]).toEqual([
      409,
      'OCPP 2.0.1 has no tariffs at charge points (SetDefaultTariff is of OCPP 2.1)',
    ])
  })
})
