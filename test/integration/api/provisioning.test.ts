// Who is welcome: charge points and id tags, made, changed and taken away over HTTP.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { handshakeAnswer } from '../../support/raw-charge-point.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

const isoTime = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)

let stator: TestStator

beforeAll(async () => {
  stator = await TestStator.start()
})

afterAll(() => stator.stop())

async function handshakeStatus(identity: string): Promise<number> {
  return (await handshakeAnswer({ url: stator.ocppUrl, identity, password: 'secretpassword' })).status
}

describe('a charge point', () => {
  test('is made with everything that can be said of it, and shown without its secrets', async () => {
    const answer = await stator.api('/api/chargepoints', {
      body: {
        chargePointId: 'CP 1-ä',
        password: 'secretpassword',
        apiKey: 'key-of-cp1',
        location: 'Building A, Floor 1',
        strictness: 'strict',
        registrationStatus: 'Pending',
        timeZone: 'Europe/Berlin',
        blocked: true,
        minSecurityProfile: 2,
        allowOtherUserName: true,
        certificateName: 'SN-1',
      },
    })
    expect(answer.status).toBe(201)
    expect(answer.headers.get('Location')).toBe('/api/chargepoints/CP%201-%C3%A4')
    const expected = {
      chargePointId: 'CP 1-ä',
      status: 'Offline',
      connected: false,
      location: 'Building A, Floor 1',
      groupId: null,
      ocppVersion: null,
      strictness: 'strict',
      quirkProfile: null,
      appliedQuirkProfile: null,
      registrationStatus: 'Pending',
      timeZone: 'Europe/Berlin',
      bootStatus: null,
      vendor: null,
      model: null,
      serialNumber: null,
      firmwareVersion: null,
      iccid: null,
      imsi: null,
      firmwareStatus: null,
      diagnosticsStatus: null,
      logStatus: null,
      lastSeen: null,
      lastHeartbeat: null,
      lastBoot: null,
      createdAt: isoTime,
      hasPassword: true,
      lastDisconnect: null,
      lastRefusal: null,
      hasApiKey: true,
      blocked: true,
      minSecurityProfile: 2,
      allowOtherUserName: true,
      certificateName: 'SN-1',
    }
    expect(answer.body).toEqual(expected)
    expect(await stator.json(answer.headers.get('Location') ?? '')).toEqual(expected)
  })

  test('is made once', async () => {
    await stator.provision('TWICE')
    const answer = await stator.api('/api/chargepoints', { body: { chargePointId: 'TWICE' } })
    expect(answer).toMatchObject({ status: 409, body: { error: 'Conflict' } })
    expect(answer.body.message).toContain('TWICE')
  })

  test('is not made beside one whose identity differs in letter case only', async () => {
    await stator.provision('Alike')
    const answer = await stator.api('/api/chargepoints', { body: { chargePointId: 'ALIKE' } })
    expect(answer).toMatchObject({ status: 409, body: { error: 'Conflict' } })
    expect(answer.body.message).toContain("'Alike' exists already")
    expect((await stator.api('/api/chargepoints/ALIKE')).status).toBe(404)
    await stator.json('/api/chargepoints/Alike', { method: 'DELETE' }, 204)
    await stator.provision('ALIKE')
  })

  test('is made once where two spellings of its identity are asked for at once', async () => {
    for (let round = 0; round < 20; round++) {
      const bodies = [{ chargePointId: `cp${round}X` }, { chargePointId: `CP${round}x` }]
      const answers = await Promise.all(bodies.map((body) => stator.api('/api/chargepoints', { body })))
      expect(answers.map(({ status }) => status).toSorted()).toEqual([201, 409])
      expect(answers.find(({ status }) => status === 409)?.body.error).toBe('Conflict')
    }
  })

  test.each([
    [{}, 'chargePointId'],
    [{ chargePointId: '' }, 'chargePointId'],
    [{ chargePointId: 'A'.repeat(49) }, 'chargePointId'],
    [{ chargePointId: 'A:B' }, 'chargePointId'],
    [{ chargePointId: 'A/B' }, 'chargePointId'],
    [{ chargePointId: ' CP001' }, 'chargePointId'],
    [{ chargePointId: 'CP001 ' }, 'chargePointId'],
    [{ chargePointId: 'A\u0000' }, 'chargePointId'],
    [{ chargePointId: 'CP-BAD', password: '' }, 'password'],
    [{ chargePointId: 'CP-BAD', password: 12345678 }, 'password'],
    [{ chargePointId: 'CP-BAD', strictness: 'very' }, 'strictness'],
    [{ chargePointId: 'CP-BAD', timeZone: 'Berlin' }, 'timeZone'],
    [{ chargePointId: 'CP-BAD', registrationStatus: 'Maybe' }, 'registrationStatus'],
    [{ chargePointId: 'CP-BAD', colour: 'blue' }, 'colour'],
  ])('is not made of %j', async (body, field) => {
    expect(await stator.api('/api/chargepoints', { body })).toMatchObject({ status: 400, body: { details: { field } } })
    expect((await stator.api('/api/chargepoints/CP-BAD')).status).toBe(404)
  })

  test('keeps what a change leaves out', async () => {
    await stator.provision('CHANGING', { location: 'Here', strictness: 'strict' })
    const changed = await stator.json('/api/chargepoints/CHANGING', { method: 'PATCH', body: { location: 'There' } })
    expect(changed).toMatchObject({ location: 'There', strictness: 'strict', hasPassword: true, hasApiKey: false })
    const cleared = { location: null, password: null }
    expect(await stator.json('/api/chargepoints/CHANGING', { method: 'PATCH', body: cleared })).toMatchObject({
      location: null,
      hasPassword: false,
      strictness: 'strict',
    })
    const empty = await stator.api('/api/chargepoints/CHANGING', { method: 'PATCH', body: {} })
    expect(empty).toMatchObject({ status: 400, body: { code: 'BAD_REQUEST', details: { field: 'body' } } })
  })

  test('comes back under its new password, and not under the old one', async () => {
    const raw = await stator.bootedRaw('REKEYED')
    const change = { method: 'PATCH', body: { password: 'new-password' } }
    await stator.json('/api/chargepoints/REKEYED', change)
    expect((await raw.closed()).code).toBe(1008)
    expect(await handshakeStatus('REKEYED')).toBe(401)
    const again = await stator.raw('REKEYED', { password: 'new-password' })
    await again.call('Heartbeat', {})
    const old = await stator.api('/api/chargepoints/REKEYED/status', { basic: ['REKEYED', 'secretpassword'] })
    expect(old.status).toBe(401)
    const fresh = await stator.api('/api/chargepoints/REKEYED/status', { basic: ['REKEYED', 'new-password'] })
    expect(fresh.status).toBe(200)
  })

  test('stays connected while anything but its credentials changes, and the change holds at once', async () => {
    const raw = await stator.bootedRaw('MOVED')
    const change = { location: 'There', strictness: 'strict', registrationStatus: 'Rejected' }
    await stator.json('/api/chargepoints/MOVED', { method: 'PATCH', body: change })
    const refused = await raw.answerTo(raw.sendCall('Heartbeat', { mood: 'good' }))
    expect(refused.slice(0, 1).concat(refused.slice(2, 3))).toEqual([4, 'FormationViolation'])
    const boot = { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' }
    expect(await raw.call('BootNotification', boot)).toMatchObject({ status: 'Rejected' })
    expect(raw.closing).toBeNull()
  })

  test('that is deleted is gone, disconnected and no longer let in; its name is free again', async () => {
    const raw = await stator.bootedRaw('DELETED')
    expect((await stator.api('/api/chargepoints/DELETED', { method: 'DELETE' })).status).toBe(204)
    await raw.closed()
    for (const path of ['', '/status', '/messages']) {
      expect((await stator.api(`/api/chargepoints/DELETED${path}`)).status).toBe(404)
    }
    expect((await stator.api('/api/chargepoints/DELETED', { method: 'DELETE' })).status).toBe(404)
    const change = { method: 'PATCH', body: { location: 'There' } }
    expect((await stator.api('/api/chargepoints/DELETED', change)).status).toBe(404)
    expect(await handshakeStatus('DELETED')).toBe(404)
    await stator.bootedRaw('DELETED')
    expect(await stator.json('/api/chargepoints/DELETED')).toMatchObject({ connected: true })
  })

  test('is not deleted while one of its transactions is open, and its transactions outlive it', async () => {
    const raw = await stator.bootedRaw('CHARGING')
    const start = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp: '2025-12-26T10:00:00Z' }
    const { transactionId } = await raw.call('StartTransaction', start)
    expect(await stator.api('/api/chargepoints/CHARGING', { method: 'DELETE' })).toMatchObject({ status: 409 })
    await raw.call('StopTransaction', { transactionId, meterStop: 5, timestamp: '2025-12-26T11:00:00Z' })
    expect((await stator.api('/api/chargepoints/CHARGING', { method: 'DELETE' })).status).toBe(204)
    expect(await stator.json(`/api/transactions/${transactionId}`)).toMatchObject({ chargePointId: 'CHARGING' })
  })

  test('that is made again under the identity of a deleted one reads nothing of its predecessor', async () => {
    const raw = await stator.bootedRaw('HEIR')
    const start = { connectorId: 1, idTag: 'A', meterStart: 0, timestamp: '2025-12-26T10:00:00Z' }
    const { transactionId } = await raw.call('StartTransaction', start)
    await raw.call('StopTransaction', { transactionId, meterStop: 5, timestamp: '2025-12-26T11:00:00Z' })
    const own = { basic: ['HEIR', 'secretpassword'] } as const
    const paths = [`/api/transactions/${transactionId}`, `/api/transactions/${transactionId}/meter-values`]
    for (const path of paths) expect((await stator.api(path, own)).status).toBe(200)
    const listed = '/api/transactions?chargePointId=HEIR'
    expect(await stator.json(listed, own)).toMatchObject({ totalCount: 1 })
    expect((await stator.api('/api/chargepoints/HEIR', { method: 'DELETE' })).status).toBe(204)
    await stator.provision('HEIR')
    for (const path of paths) expect((await stator.api(path, own)).status).toBe(404)
    expect(await stator.json(listed, own)).toMatchObject({ totalCount: 0 })
    expect(await stator.json('/api/anomalies?chargePointId=HEIR', own)).toMatchObject({ totalCount: 0 })
    expect(await stator.json(listed)).toMatchObject({ totalCount: 1 })
  })

  test('that is Pending boots as Pending, and gets no command to start', async () => {
    await stator.provision('PENDING', { registrationStatus: 'Pending' })
    const raw = await stator.raw('PENDING')
    const boot = { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' }
    expect(await raw.call('BootNotification', boot)).toMatchObject({ status: 'Pending' })
    const start = { body: { connectorId: 1, idTag: 'A' } }
    const answer = await stator.api('/api/chargepoints/PENDING/start-transaction', start)
    expect(answer).toMatchObject({ status: 409, body: { error: 'Conflict' } })
    expect(await stator.json('/api/chargepoints/PENDING')).toMatchObject({ bootStatus: 'Pending' })
  })

  test('shows what it said of itself at boot', async () => {
    await stator.provision('BOOTED')
    const raw = await stator.raw('BOOTED')
    await raw.call('BootNotification', {
      chargePointVendor: 'VendorName',
      chargePointModel: 'Model-X1000',
      chargePointSerialNumber: 'SN123456',
      firmwareVersion: '1.2.3',
      iccid: '89012345678901234567',
      imsi: '012345678901234',
    })
    expect(await stator.json('/api/chargepoints/BOOTED')).toMatchObject({
      connected: true,
      ocppVersion: '1.6',
      bootStatus: 'Accepted',
      vendor: 'VendorName',
      model: 'Model-X1000',
      serialNumber: 'SN123456',
      firmwareVersion: '1.2.3',
      iccid: '89012345678901234567',
      imsi: '012345678901234',
      lastSeen: isoTime,
      lastBoot: isoTime,
    })
  })
})

describe('an id tag', () => {
  const wanted = {
    idTag: 'TAG-1',
    type: 'ISO14443',
    status: 'Blocked',
    expiryDate: '2026-12-31T23:59:59+01:00',
    parentIdTag: 'PARENT001',
  }
  const shown = { ...wanted, expiryDate: '2026-12-31T22:59:59.000Z', createdAt: isoTime }

  test('is made, read in any letter case, changed and forgotten', async () => {
    const made = await stator.api('/api/id-tags', { body: wanted })
    expect([made.status, made.body]).toEqual([201, shown])
    expect(made.headers.get('Location')).toBe('/api/id-tags/TAG-1')
    expect(await stator.json('/api/id-tags/tag-1')).toEqual(shown)

    const change = { method: 'PATCH', body: { status: 'Accepted', expiryDate: null } }
    expect(await stator.json('/api/id-tags/TAG-1', change)).toEqual({ ...shown, status: 'Accepted', expiryDate: null })

    expect((await stator.api('/api/id-tags/Tag-1', { method: 'DELETE' })).status).toBe(204)
    expect(await stator.api('/api/id-tags/TAG-1')).toMatchObject({
      status: 404,
      body: { error: 'NotFound', code: 'NOT_FOUND', message: "ID tag 'TAG-1' not found" },
    })
    expect((await stator.api('/api/id-tags/TAG-1', { method: 'DELETE' })).status).toBe(404)
    const late = { method: 'PATCH', body: { status: 'Blocked' } }
    expect((await stator.api('/api/id-tags/TAG-1', late)).status).toBe(404)
  })

  test('needs no more than itself, and is Accepted then', async () => {
    expect(await stator.json('/api/id-tags', { body: { idTag: 'PLAIN' } }, 201)).toEqual({
      idTag: 'PLAIN',
      type: null,
      status: 'Accepted',
      expiryDate: null,
      parentIdTag: null,
      createdAt: isoTime,
    })
  })

  test('is one whatever its letter case', async () => {
    await stator.addIdTag('CaseTag')
    expect((await stator.api('/api/id-tags', { body: { idTag: 'CASETAG' } })).status).toBe(409)
  })

  test('may be stored expired or blocked, and charge points get that status', async () => {
    await stator.addIdTag('LATE', { expiryDate: '2020-01-01' })
    await stator.addIdTag('STOLEN', { status: 'Blocked' })
    const raw = await stator.bootedRaw('CP-TAGS')
    expect(await raw.call('Authorize', { idTag: 'LATE' })).toMatchObject({ idTagInfo: { status: 'Expired' } })
    expect(await raw.call('Authorize', { idTag: 'STOLEN' })).toMatchObject({ idTagInfo: { status: 'Blocked' } })
    expect(await raw.call('Authorize', { idTag: 'NOBODY' })).toMatchObject({ idTagInfo: { status: 'Invalid' } })
  })

  test('that changes counts at the next Authorize', async () => {
    await stator.addIdTag('TURNING')
    const raw = await stator.bootedRaw('CP-TURNING')
    expect(await raw.call('Authorize', { idTag: 'TURNING' })).toMatchObject({ idTagInfo: { status: 'Accepted' } })
    await stator.json('/api/id-tags/TURNING', { method: 'PATCH', body: { status: 'Blocked' } })
    expect(await raw.call('Authorize', { idTag: 'TURNING' })).toMatchObject({ idTagInfo: { status: 'Blocked' } })
  })

  test('is listed by status, a page at a time', async () => {
    for (const number of [1, 2, 3]) await stator.addIdTag(`INVALID-${number}`, { status: 'Invalid' })
    const first = await stator.json('/api/id-tags?status=Invalid&pageSize=2')
    const second = await stator.json('/api/id-tags?status=Invalid&pageSize=2&page=2')
    expect(first).toMatchObject({ totalCount: 3, page: 1, pageSize: 2, idTags: [{ idTag: 'INVALID-1' }, {}] })
    expect(second).toMatchObject({ totalCount: 3, page: 2, pageSize: 2, idTags: [{ idTag: 'INVALID-3' }] })
  })

  test.each([
    [{}, 'idTag'],
    [{ idTag: 'X'.repeat(256) }, 'idTag'],
    [{ idTag: 'TAG', parentIdTag: 'X'.repeat(37) }, 'parentIdTag'],
    [{ idTag: 'X', status: 'Unknown' }, 'status'],
    [{ idTag: 'X', type: 'Card' }, 'type'],
    [{ idTag: 'X', expiryDate: 'never' }, 'expiryDate'],
    [{ idTag: 'X', parentIdTag: 7 }, 'parentIdTag'],
  ])('is not made of %j', async (body, field) => {
    expect(await stator.api('/api/id-tags', { body })).toMatchObject({ status: 400, body: { details: { field } } })
  })
})

describe('credentials', () => {
  test('of a charge point reach itself and nothing else', async () => {
    await stator.provision('SELF', { apiKey: 'key-of-self' })
    await stator.provision('OTHER')
    const ways = [
      { basic: ['SELF', 'secretpassword'] as const },
      { key: null, headers: { 'X-API-Key': 'key-of-self', 'X-Charge-Point-Id': 'SELF' } },
    ]
    for (const way of ways) {
      const status = async (path: string) => (await stator.api(path, way)).status
      expect(await status('/api/chargepoints/SELF/status')).toBe(200)
      expect(await status('/api/chargepoints/SELF')).toBe(200)
      expect(await status('/api/chargepoints/SELF/messages')).toBe(200)
      expect(await status('/api/transactions?chargePointId=SELF')).toBe(200)
      expect(await status('/api/chargepoints/OTHER/status')).toBe(404)
      expect(await status('/api/chargepoints/NOBODY/status')).toBe(404)
      expect(await stator.json('/api/chargepoints', way)).toMatchObject({
        totalCount: 1,
        chargePoints: [{ chargePointId: 'SELF' }],
      })
      expect(await stator.json('/api/transactions', way)).toMatchObject({ totalCount: 0 })
      expect(await status('/api/id-tags')).toBe(403)
    }
  })

  test('that are missing or wrong are 401', async () => {
    await stator.provision('LOCKED')
    const wrong = [
      { key: null },
      { key: 'not-the-key' },
      { basic: ['LOCKED', 'wrong'] as const },
      { basic: ['NOBODY', 'secretpassword'] as const },
      { key: null, headers: { Authorization: 'Bearer abc' } },
      { key: null, headers: { 'X-API-Key': 'secretpassword', 'X-Charge-Point-Id': 'LOCKED' } },
    ]
    for (const way of wrong) {
      const answer = await stator.api('/api/chargepoints/LOCKED/status', way)
      expect([answer.status, answer.body]).toEqual([
        401,
        { error: 'Unauthorized', code: 'UNAUTHORIZED', message: 'Invalid authentication credentials' },
      ])
    }
  })
})

test('the message log shows both directions, newest first', async () => {
  const raw = await stator.bootedRaw('LOGGED')
  await raw.call('Heartbeat', {}, 'msg-004')
  const answer = stator.json('/api/chargepoints/LOGGED/reset', { body: { type: 'Soft' } })
  const { messageId } = await raw.command('Reset')
  raw.answer(messageId, { status: 'Accepted' })
  await answer

  // Lines of the log are written in batches, behind the messages themselves.
  const messages = await until('the log to be written', async () => {
    const found = (await stator.json('/api/chargepoints/LOGGED/messages')).messages
    return Array.isArray(found) && found.length === 6 ? found : null
  })
  expect(messages.map(({ direction, messageType, action }) => [direction, messageType, action])).toEqual([
    ['fromChargePoint', 'CALLRESULT', null],
    ['toChargePoint', 'CALL', 'Reset'],
    ['toChargePoint', 'CALLRESULT', null],
    ['fromChargePoint', 'CALL', 'Heartbeat'],
    ['toChargePoint', 'CALLRESULT', null],
    ['fromChargePoint', 'CALL', 'BootNotification'],
  ])
  expect(messages[3]).toEqual({
    id: expect.any(Number),
    timestamp: isoTime,
    direction: 'fromChargePoint',
    messageType: 'CALL',
    messageId: 'msg-004',
    action: 'Heartbeat',
    frame: '[2,"msg-004","Heartbeat",{}]',
  })
  const second = await stator.json('/api/chargepoints/LOGGED/messages?pageSize=4&page=2')
  expect(second).toMatchObject({ totalCount: 6, page: 2, pageSize: 4, messages: messages.slice(4) })
})

test('what a charge point did against expectation is listed', async () => {
  const raw = await stator.bootedRaw('ODD')
  await raw.call('StopTransaction', { transactionId: 424242, meterStop: 1, timestamp: '2025-12-26T10:00:00Z' }, 'odd-1')
  const { anomalies } = await stator.json('/api/chargepoints/ODD/anomalies')
  expect(anomalies).toContainEqual({
    chargePointId: 'ODD',
    kind: 'unknownTransaction',
    transaction: '424242',
    detail: expect.any(Object),
    messageId: 'odd-1',
    receivedAt: isoTime,
  })
})

test('health is open to everybody, and ready while the database is', async () => {
  expect(await stator.api('/health/live', { key: null })).toMatchObject({ status: 200, body: { status: 'up' } })
  expect(await stator.api('/health/ready', { key: null })).toMatchObject({
    status: 200,
    body: { status: 'ready', checks: { database: 'ok', gateway: 'ok' } },
  })
})
