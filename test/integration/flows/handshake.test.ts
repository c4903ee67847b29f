// Who gets in, under which name and version, and how a connection ends.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import {
  type Completion,
  deafStation,
  httpStatusOf,
  handshakeAnswer,
  handshakeOnTcp,
  type RawOptions,
} from '../../support/raw-charge-point.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

let central: TestStator

beforeAll(async () => {
  central = await TestStator.start({ settings: { OCPP: { MaxMessageSize: 4096 } } })
  await central.provision('CP001')
})

afterAll(() => central.stop())

const boot16 = { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' }
const boot201 = { reason: 'PowerUp', chargingStation: { vendorName: 'VendorName', model: 'Model-X1000' } }

function knock(options: Partial<RawOptions>): Promise<Response> {
  return handshakeAnswer({ url: central.ocppUrl, identity: 'CP001', ...options })
}

function stranger(to: TestStator, subprotocols: readonly string[]): Promise<Completion> {
  return handshakeOnTcp({ url: to.ocppUrl, identity: 'CP001', password: passwordDefault, subprotocols })
}

describe('a handshake is refused before the upgrade', () => {
  test('with 401 when there are no credentials, naming the kind that is wanted', async () => {
    const response = await knock({})
    expect(response.status).toBe(401)
    expect(response.headers.get('WWW-Authenticate')).toBe('Basic realm="OCPP"')
    expect(await response.json()).toEqual({
      error: 'Unauthorized',
      code: 'UNAUTHORIZED',
      message: 'Invalid authentication credentials',
    })
  })

  test('with 401 when the password is wrong', async () => {
    expect((await knock({ password: 'wrong' })).status).toBe(401)
  })

  test('with 401 when the Authorization header is garbage', async () => {
    for (const Authorization of ['Basic', 'Basic %%%', 'Basic Q1AwMDE=', 'Bearer abc', 'nonsense']) {
      expect((await knock({ headers: { Authorization } })).status).toBe(401)
    }
  })

  test('with 404 when the identity is unknown', async () => {
    const response = await knock({ identity: 'CP999', password: passwordDefault })
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({
      error: 'NotFound',
      code: 'NOT_FOUND',
      message: "Charge point 'CP999' not found",
    })
  })

  test('with 404 when the identity is missing, too long, has a colon, or cannot be decoded', async () => {
    for (const path of ['', 'x'.repeat(49), 'CP%3A001', 'CP%E0%A4%A']) {
      expect((await knock({ path, password: passwordDefault })).status).toBe(404)
    }
  })

  test('with 426 when it is no WebSocket handshake at all', async () => {
    const response = await fetch(`${central.url}/ocpp/CP001`)
    expect(response.status).toBe(426)
    expect(response.headers.get('Upgrade')).toBe('websocket')
  })
})

describe('a URL with slashes before the endpoint', () => {
  test('lets a lenient charge point in, and no strict one', async () => {
    await central.provision('SLASHES')
    await central.provision('PLAIN', { strictness: 'strict' })
    const url = central.ocppUrl.replace(/\/ocpp$/, '//ocpp')
    const raw = await central.raw('SLASHES', { url })
    expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
    await raw.close()
    await expect(central.raw('PLAIN', { url })).rejects.toThrow('The handshake of PLAIN was refused.')
  })
})

describe('credentials are accepted', () => {
  test('as an API key of the charge point, with X-Charge-Point-Id', async () => {
    await central.provision('KEYED', { password: null, apiKey: 'a-key-of-its-own' })
    const headers = { 'X-API-Key': 'a-key-of-its-own', 'X-Charge-Point-Id': 'KEYED' }
    const raw = await central.raw('KEYED', { headers, password: '' })
    expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
    await raw.close()
    const wrong = { 'X-API-Key': 'another-key', 'X-Charge-Point-Id': 'KEYED' }
    expect((await knock({ identity: 'KEYED', headers: wrong })).status).toBe(401)
  })

  test('as a password with colons in it', async () => {
    await central.provision('COLON', { password: 'a:b::c:d' })
    const raw = await central.raw('COLON', { password: 'a:b::c:d' })
    expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
    await raw.close()
  })

  test('as the bytes of a 1.6 AuthorizationKey that was provisioned in hex', async () => {
    await central.provision('HEXED', { password: '0001020304050607FFFF' })
    const secret = Buffer.from('0001020304050607FFFF', 'hex')
    const credentials = Buffer.concat([Buffer.from('HEXED:'), secret]).toString('base64')
    const raw = await central.raw('HEXED', { headers: { Authorization: `Basic ${credentials}` } })
    expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
    await raw.close()
  })

  test('under another user name, where an operator allows it', async () => {
    await central.provision('NAMED', { allowOtherUserName: true })
    const raw = await central.raw('NAMED', { userName: 'somebody' })
    expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
    await raw.close()
  })

  test('of an operator for any charge point, but not without its name', async () => {
    await central.provision('VOUCHED')
    const headers = { 'X-API-Key': adminApiKey, 'X-Charge-Point-Id': 'VOUCHED' }
    const raw = await central.raw('VOUCHED', { headers, password: '' })
    await raw.close()
    expect((await knock({ identity: 'VOUCHED', headers: { 'X-API-Key': adminApiKey } })).status).toBe(401)
  })
})

describe('the identity', () => {
  test('is percent-decoded', async () => {
    await central.provision('Löwe Ost 1')
    const raw = await central.raw('Löwe Ost 1')
    await raw.call('BootNotification', boot16)
    const status = await central.json(`/api/chargepoints/${encodeURIComponent('Löwe Ost 1')}/status`)
    expect(status).toMatchObject({ chargePointId: 'Löwe Ost 1', model: 'Model-X1000' })
    await raw.close()
  })

  test('may come in another letter case from a lenient charge point', async () => {
    await central.provision('MixedCase')
    const raw = await central.raw('MIXEDCASE')
    await raw.call('BootNotification', boot16)
    await raw.close()
    expect(await central.json('/api/chargepoints/MixedCase/status')).toMatchObject({ model: 'Model-X1000' })
  })

  test('is the last segment of the path, whatever slashes surround it', async () => {
    for (const path of ['/CP001', 'CP001/', 'CP001/CP001']) {
      const raw = await central.raw('CP001', { path })
      expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
      await raw.close()
    }
  })
})

describe('the version', () => {
  test.each([
    [['ocpp2.1', 'ocpp2.0.1', 'ocpp1.6'], 'ocpp2.1'],
    [['ocpp2.0.1', 'ocpp2.1'], 'ocpp2.0.1'],
    [['ocpp2.2', 'ocpp2.1'], 'ocpp2.1'],
  ])('is the first of %j that both sides speak: %s', async (subprotocols, chosen) => {
    const raw = await central.raw('CP001', { subprotocols })
    expect(raw.socket.protocol).toBe(chosen)
    expect(await raw.call('BootNotification', boot201)).toMatchObject({ status: 'Accepted' })
    await raw.close()
  })

  test('may carry a patch number, which is echoed', async () => {
    const raw = await central.raw('CP001', { subprotocols: ['ocpp2.0.1.1'] })
    expect(raw.socket.protocol).toBe('ocpp2.0.1.1')
    expect(await raw.call('BootNotification', boot201)).toMatchObject({ status: 'Accepted' })
    await raw.close()
  })

  test('without a common subprotocol, the handshake is completed and the connection closed', async () => {
    for (const subprotocols of [[], ['ocpp1.5'], ['mqtt', 'ocpp2.2']]) {
      const { head, closeCode } = await stranger(central, subprotocols)
      expect(head).toStartWith('HTTP/1.1 101')
      expect(head.toLowerCase()).not.toContain('sec-websocket-protocol')
      expect(closeCode).toBe(1002)
    }
  })

  test('is what OCPP.ProtocolVersion says when none is offered', async () => {
    const assuming = await TestStator.start({ settings: { OCPP: { ProtocolVersion: '1.6' } } })
    try {
      await assuming.provision('CP001')
      const raw = await assuming.raw('CP001', { subprotocols: [] })
      expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
      expect((await stranger(assuming, ['ocpp1.5'])).closeCode).toBe(1002)
    } finally {
      await assuming.stop()
    }
  })
})

describe('a connection', () => {
  test('takes the place of an older one of the same charge point, whose end then changes nothing', async () => {
    const older = await central.bootedRaw('TWICE')
    await older.call('StatusNotification', { connectorId: 1, errorCode: 'NoError', status: 'Available' })
    const newer = await central.raw('TWICE')
    expect((await older.closed()).code).toBe(1001)
    expect(await newer.call('Heartbeat', {})).toHaveProperty('currentTime')
    // The old socket is long gone by now; its close event must not have taken the charge point offline.
    expect(await central.json('/api/chargepoints/TWICE/status')).toMatchObject({ status: 'Available' })
    const command = central.api('/api/chargepoints/TWICE/reset', { body: { type: 'Soft' } })
    const { messageId } = await newer.command('Reset')
    newer.answer(messageId, { status: 'Accepted' })
    expect((await command).body).toMatchObject({ status: 'Accepted' })
    await newer.close()
    await central.statusOnce('the charge point to be offline', 'TWICE', ({ status }) => status === 'Offline')
  })

  test('fails the commands of the one it replaces', async () => {
    await central.bootedRaw('PENDING')
    const command = central.api('/api/chargepoints/PENDING/reset', { body: { type: 'Soft' } })
    const log = (): Promise<Record<string, unknown>> => central.json('/api/chargepoints/PENDING/messages')
    await until('the command to be under way', async () => JSON.stringify(await log()).includes('Reset'))
    const newer = await central.raw('PENDING')
    expect((await command).status).toBe(409)
    await newer.close()
  })

  test('is closed with 1009 by a frame larger than OCPP.MaxMessageSize', async () => {
    const raw = await central.bootedRaw('LARGE')
    const data = 'x'.repeat(3_900)
    expect(await raw.call('DataTransfer', { vendorId: 'v', data })).toHaveProperty('status')
    raw.sendCall('DataTransfer', { vendorId: 'v', data: 'x'.repeat(4_096) })
    expect((await raw.closed()).code).toBe(1009)
  })

  test('takes a frame that came as binary for the text that it holds', async () => {
    const raw = await central.bootedRaw('BINARY')
    const messageId = crypto.randomUUID()
    raw.send(new TextEncoder().encode(JSON.stringify([2, messageId, 'Heartbeat', {}])))
    expect((await raw.answerTo(messageId))[0]).toBe(3)
    await raw.close()
  })

  test('answers several CALLs that were sent without waiting, in their order', async () => {
    const raw = await central.bootedRaw('EAGER')
    const status = (status: string): object => ({ connectorId: 1, errorCode: 'NoError', status })
    const ids = [
      raw.sendCall('StatusNotification', status('Preparing')),
      raw.sendCall('StartTransaction', {
        connectorId: 1,
        idTag: 'NOBODY',
        meterStart: 0,
        timestamp: '2025-12-26T12:00:00Z',
      }),
      raw.sendCall('Heartbeat', {}),
      raw.sendCall('StatusNotification', status('Charging')),
      raw.sendCall('Authorize', { idTag: 'NOBODY' }),
      raw.sendCall('NoSuchAction', {}),
      ...Array.from({ length: 200 }, () => raw.sendCall('Heartbeat', {})),
    ]
    const answered: unknown[] = []
    while (answered.length < ids.length) answered.push((await raw.next())[1])
    expect(answered).toEqual(ids)
    await raw.close()
  })
})

test('a connection that no longer answers pings is given up after OCPP.ConnectionTimeout, a silent one that does is not', async () => {
  const impatient = await TestStator.start({ settings: { OCPP: { ConnectionTimeout: 1 } } })
  try {
    await impatient.provision('DEAF')
    const silent = await impatient.bootedRaw('SILENT')
    await deafStation({ url: impatient.ocppUrl, identity: 'DEAF', password: passwordDefault })
    const status = (identity: string): Promise<Record<string, unknown>> =>
      impatient.json(`/api/chargepoints/${identity}`)
    await until('the deaf one to be connected', async () => (await status('DEAF'))['connected'])
    await until('the deaf one to be given up', async () => !(await status('DEAF'))['connected'], 20_000)
    expect(silent.closing).toBeNull()
    expect(await silent.call('Heartbeat', {})).toHaveProperty('currentTime')
  } finally {
    await impatient.stop()
  }
}, 30_000)

test('a charge point that may be unknown is made at its first connection and keeps its password', async () => {
  const open = await TestStator.start({ settings: { Security: { UnknownChargePoints: 'accept' } } })
  try {
    const raw = await open.raw('NEWCOMER', { password: 'first password' })
    expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
    const wrong = await handshakeAnswer({ url: open.ocppUrl, identity: 'NEWCOMER', password: 'second password' })
    expect(wrong.status).toBe(401)
  } finally {
    await open.stop()
  }
})

test('two that come at once under spellings of one identity are one charge point, with the password of the first', async () => {
  const open = await TestStator.start({ settings: { Security: { UnknownChargePoints: 'accept' } } })
  try {
    for (let round = 0; round < 10; round++) {
      const dials = [`box${round}A`, `BOX${round}a`].map((identity) => open.raw(identity, { password: identity }))
      const statuses = (await Promise.allSettled(dials)).map(({ status }) => status)
      expect(statuses.toSorted()).toEqual(['fulfilled', 'rejected'])
    }
    expect(await open.json('/api/chargepoints')).toMatchObject({ totalCount: 10 })
  } finally {
    await open.stop()
  }
})

test('a charge point that Security.AllowedChargePoints leaves out is turned away with 403', async () => {
  const closed = await TestStator.start({ settings: { Security: { AllowedChargePoints: ['CP001'] } } })
  try {
    await closed.provision('CP001')
    await closed.provision('CP002')
    const raw = await closed.raw('CP001')
    await raw.close()
    const answer = await handshakeAnswer({ url: closed.ocppUrl, identity: 'CP002', password: passwordDefault })
    expect(answer.status).toBe(403)
  } finally {
    await closed.stop()
  }
})

test('a request whose Host is the name of no host is a bad request, wherever it goes', async () => {
  for (const path of ['/ocpp/CP001', '/health/live']) {
    const text = `GET ${path} HTTP/1.1\r\nHost: a b\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`
    expect([path, await httpStatusOf(central.url, text)]).toEqual([path, 400])
  }
})

test('without Security.RequireAuthentication a charge point needs no credentials, but must be known', async () => {
  const trusting = await TestStator.start({ settings: { Security: { RequireAuthentication: false } } })
  try {
    await trusting.provision('CP001')
    const answer = await handshakeAnswer({ url: trusting.ocppUrl, identity: 'CP999' })
    expect(answer.status).toBe(404)
    const raw = await trusting.raw('CP001', { headers: { Authorization: 'Basic nonsense' } })
    expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
  } finally {
    await trusting.stop()
  }
})
