// A driver asks to be forgotten: charge points of both versions have charged for them, with all that can name an id
// tag. After the erasure, the id tag is nowhere in the database and in the log, the energy stays, and resends are
// recognised.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Client } from 'pg'
import { createLogger } from '../../../src/base/log.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { event } from '../../support/transaction-events.ts'
import { until } from '../../support/until.ts'
import { rowsWith } from '../../support/whole-database.ts'

type Json = Readonly<Record<string, unknown>>

const idTag = 'DrivEr-04A1'
const group = 'GROUP-1'
const settleMs = 500

const logged: string[] = []
let central: TestStator
let client: Client
let old: RawChargePoint
let young: RawChargePoint

const start = { connectorId: 1, idTag, meterStart: 1_000, timestamp: '2026-11-27T08:00:00Z' }
const stop = { meterStop: 6_000, timestamp: '2026-11-27T09:00:00Z', idTag: idTag.toUpperCase() }
const begun = event('Started', { seqNo: 0, time: '10:00:00', idToken: idTag, evse: { id: 1, connectorId: 1 } })
const over = event('Ended', { seqNo: 1, time: '11:00:00', idToken: idTag.toLowerCase() })
const changed = {
  connectorId: 1,
  errorCode: 'NoError',
  status: 'Available',
  info: idTag,
  timestamp: '2026-11-27T09:01:00Z',
}

beforeAll(async () => {
  central = await TestStator.start({
    hooks: {
      erasureSettleMs: settleMs,
      log: createLogger({ Default: 'Debug' }, { write: (line) => void logged.push(line) }),
    },
  })
  client = await central.client()
  old = await central.bootedRaw('OLD')
  young = await central.bootedRaw('YOUNG', '2.0.1')
}, 60_000)

afterAll(() => central.stop())

/** What an operator asks a charge point for; it answers with `answer`. */
async function ask(raw: RawChargePoint, identity: string, action: string, payload: object, answer: object) {
  const asked = central.json(`/api/chargepoints/${identity}/calls`, { body: { action, payload } })
  const { messageId } = await raw.command(action)
  raw.answer(messageId, answer)
  await asked
}

async function startRemotely(raw: RawChargePoint, identity: string, action: string): Promise<void> {
  const asked = central.json(`/api/chargepoints/${identity}/start-transaction`, {
    body: { connectorId: 2, idTag, force: true },
  })
  const { messageId } = await raw.command(action)
  raw.answer(messageId, { status: 'Accepted' })
  await asked
}

async function erase(name: string): Promise<Json> {
  const answer = await central.api(`/api/id-tags/${encodeURIComponent(name)}/erase`, { method: 'POST' })
  expect([answer.status, answer.body]).toMatchObject([202, { state: 'running', endedAt: null, createdBy: 'admin' }])
  expect(answer.headers.get('Location')).toBe(`/api/id-token-erasures/${answer.body['id']}`)
  return until('the erasure to be done', async () => {
    const erasure = await central.json(answer.headers.get('Location') ?? '')
    return erasure['state'] === 'done' ? erasure : null
  })
}

async function transactionsOf(idTagOrPseudonym: unknown): Promise<readonly Json[]> {
  const { transactions } = await central.json(`/api/transactions?idTag=${encodeURIComponent(String(idTagOrPseudonym))}`)
  return transactions as readonly Json[]
}

describe('the id tag of a driver who has charged', () => {
  let started: Json
  let erasure: Json

  beforeAll(async () => {
    await central.addIdTag(idTag, { parentIdTag: group })
    await central.addIdTag('CHILD', { parentIdTag: idTag })
    await old.call('Authorize', { idTag: idTag.toLowerCase() })
    started = await old.call('StartTransaction', start)
    const { transactionId } = started
    await old.call('MeterValues', {
      connectorId: 1,
      transactionId,
      meterValue: [{ timestamp: '2026-11-27T08:30:00Z', sampledValue: [{ value: '3000' }] }],
    })
    await old.call('StopTransaction', { ...stop, transactionId })
    await old.call('StatusNotification', changed)
    await old.call('StatusNotification', { ...changed, connectorId: 2, vendorErrorCode: idTag })
    const data = JSON.stringify({ card: idTag, list: [idTag, `${idTag}X`] })
    await old.call('DataTransfer', { vendorId: 'V', messageId: 'card', data })
    old.send(`[2,"cut","Authorize",{"idTag":"${idTag}"`)
    old.send(`[2,"bad","StatusNotification",{"info":"${idTag}","connectorId":"x"}]`)
    await old.answerTo('bad')
    const list = Array.from({ length: 2_000 }, (_, i) => ({ idTag: i === 7 ? idTag : `C${i}` }))
    const update = { listVersion: 1, updateType: 'Full', localAuthorizationList: list }
    await ask(old, 'OLD', 'SendLocalList', update, { status: 'Accepted' })
    await startRemotely(old, 'OLD', 'RemoteStartTransaction')
    // Blocked, so that its start is an anomaly.
    await central.json(`/api/id-tags/${idTag}`, { method: 'PATCH', body: { status: 'Blocked' } })
    const refused = await old.call('StartTransaction', { ...start, connectorId: 2, timestamp: '2026-11-27T10:00:00Z' })
    const { transactionId: second } = refused
    await old.call('StopTransaction', { ...stop, idTag: 'OTHER-1', transactionId: second, meterStop: 1_500 })

    await young.call('Authorize', { idToken: { idToken: idTag, type: 'ISO14443' } })
    await young.call('TransactionEvent', begun)
    await young.call('TransactionEvent', over)
    const sampledValue = [{ value: 5, customData: { vendorId: 'V', card: idTag } }]
    await young.call('MeterValues', { evseId: 1, meterValue: [{ timestamp: '2026-11-27T08:00:00Z', sampledValue }] })
    await young.call('NotifyReport', {
      requestId: 1,
      seqNo: 0,
      generatedAt: '2026-11-27T08:00:00Z',
      reportData: [
        {
          component: { name: 'AuthCtrlr' },
          variable: { name: 'MasterPassGroupId' },
          variableAttribute: [{ value: idTag }],
        },
      ],
    })
    const entry = { idToken: { idToken: idTag, type: 'ISO14443' }, idTokenInfo: { status: 'Accepted' } }
    const list201 = { versionNumber: 1, updateType: 'Full', localAuthorizationList: [entry] }
    await ask(young, 'YOUNG', 'SendLocalList', list201, { status: 'Accepted' })
    await startRemotely(young, 'YOUNG', 'RequestStartTransaction')
    await central.api(`/api/id-tags/${idTag}`, { key: 'wrong' })
    await until('the log of messages to be written', async () => (await rowsWith(client, idTag)).length > 30)
    erasure = await erase(idTag.toLowerCase())
  }, 60_000)

  test('is in no column of any table', async () => {
    const rows = await rowsWith(client, idTag)
    expect(rows.filter((row) => !row.includes(`${idTag}X`))).toEqual([])
    // The data of a vendor names another card, which stays.
    expect(rows).not.toBeEmpty()
    expect(rows.join('\n').replaceAll(`${idTag}X`, '')).not.toMatch(new RegExp(idTag, 'i'))
  })

  test('is in no line of the log', () => {
    expect(logged.filter((line) => line.toLowerCase().includes(idTag.toLowerCase()))).toEqual([])
    expect(logged.some((line) => line.includes('An anomaly was stored.') && line.includes('***'))).toBe(true)
    expect(logged.some((line) => line.includes('/api/id-tags/{idTag}/erase'))).toBe(true)
  })

  test('is a pseudonym in its transactions, whose energy stays', async () => {
    expect(await transactionsOf(idTag)).toEqual([])
    const found = await transactionsOf(erasure['pseudonym'])
    expect(found).toHaveLength(3)
    expect(found.find(({ transactionId }) => transactionId === started['transactionId'])).toMatchObject({
      idTag: erasure['pseudonym'],
      meterStart: 1_000,
      meterStop: 6_000,
    })
  })

  test('is unknown, and the parent of others by its pseudonym', async () => {
    expect((await central.api(`/api/id-tags/${idTag}`)).status).toBe(404)
    expect((await central.api(`/api/id-tags/${erasure['pseudonym']}`)).status).toBe(404)
    expect(await central.json('/api/id-tags/CHILD')).toMatchObject({ parentIdTag: erasure['pseudonym'] })
    const { idTagInfo } = await old.call('Authorize', { idTag: 'CHILD' })
    expect(idTagInfo).toMatchObject({ status: 'Accepted', parentIdTag: erasure['pseudonym'] })
  })

  test('is counted by table', () => {
    expect(erasure['erased']).toMatchObject({ id_tokens: 2, transactions: 5, transaction_facts: 5, variables: 1 })
    expect(Object.keys(erasure['erased'] as Json)).toContain('message_log')
  })

  test('does not come back with resends, which get their first answer', async () => {
    const { transactionId } = started
    expect(await old.call('StartTransaction', start)).toEqual(started)
    expect(await old.call('StopTransaction', { ...stop, transactionId })).toBeObject()
    await old.call('StatusNotification', changed)
    await young.call('TransactionEvent', begun)
    await young.call('TransactionEvent', over)
    const log = /^message_log/
    const rows = (await rowsWith(client, idTag)).filter((row) => !log.test(row) && !row.includes(`${idTag}X`))
    // The row of a connector has what was reported last, word by word.
    expect(rows.filter((row) => !row.startsWith('connectors:'))).toEqual([])
    expect(await transactionsOf(erasure['pseudonym'])).toHaveLength(3)
  })

  test('can be erased again, with what has come since', async () => {
    await central.json(`/api/id-tags/${idTag}`, {}, 404)
    const again = await erase(idTag)
    expect(again['pseudonym']).not.toBe(erasure['pseudonym'])
    expect((await rowsWith(client, idTag)).filter((row) => !row.includes(`${idTag}X`))).toEqual([])
    const { idTokenErasures } = await central.json('/api/id-token-erasures')
    expect(idTokenErasures).toMatchObject([again, erasure])
  })
})

test('an id tag with an open transaction is erased once it has ended, also by an operator', async () => {
  await central.addIdTag('OPEN-CARD')
  const { transactionId } = await old.call('StartTransaction', { ...start, connectorId: 3, idTag: 'Open-Card' })
  const refused = await central.api('/api/id-tags/open-card/erase', { method: 'POST' })
  expect(refused).toMatchObject({
    status: 409,
    body: { code: 'CONFLICT', details: { transactionIds: [transactionId] } },
  })
  expect((await central.json('/api/id-tags/OPEN-CARD'))['status']).toBe('Accepted')
  const end = { stopTime: '2026-11-27T12:00:00Z', meterStop: 2_000, reason: 'the driver left' }
  await central.json(`/api/transactions/${transactionId}/close`, { body: end })
  const { pseudonym } = await erase('open-card')
  expect(await rowsWith(client, 'open-card')).toEqual([])
  // The stop comes at last: a new fact, which names the card anew.
  expect(await old.call('StopTransaction', { ...stop, idTag: 'Open-Card', transactionId })).toBeObject()
  expect(await transactionsOf(pseudonym)).toHaveLength(1)
})

test('an erasure that does not exist is not found', async () => {
  await central.json('/api/id-token-erasures/99999', {}, 404)
  await central.json('/api/id-token-erasures/x', {}, 400)
})
