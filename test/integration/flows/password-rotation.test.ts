// A new password that an operator sends to a charge point over OCPP: which password lets it in afterwards, by what it
// answered.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import type { Client } from 'pg'
import { createLogger } from '../../../src/base/log.ts'
import { handshakeAnswer, type RawChargePoint } from '../../support/raw-charge-point.ts'
import { type ApiAnswer, passwordDefault, TestStator } from '../../support/stator.ts'

const oldPassword = passwordDefault
const newPassword = '0102030405060708090a0b0c0d0e0f1011121314'
const newBytes = Buffer.from(newPassword, 'hex')

let central: TestStator
let database: Client
const logged: string[] = []

beforeAll(async () => {
  central = await TestStator.start({ settings: { OCPP: { CallTimeout: 1 } } })
  database = await central.client()
})

afterAll(() => central.stop())

async function knock(identity: string, password: string | Uint8Array): Promise<number> {
  return (await handshakeAnswer({ url: central.ocppUrl, identity, password })).status
}

/** HTTP status that the old and the new password are answered with, without connecting. */
async function heldBy(identity: string, fresh: string | Uint8Array = newPassword): Promise<readonly number[]> {
  const status = async (password: string | Uint8Array): Promise<number> => {
    const Authorization = `Basic ${Buffer.concat([Buffer.from(`${identity}:`), Buffer.from(password)]).toString('base64')}`
    const path = `/api/chargepoints/${encodeURIComponent(identity)}/status`
    return (await central.api(path, { key: null, headers: { Authorization } })).status
  }
  return [await status(oldPassword), await status(fresh)]
}

const both = [200, 200]
const onlyOld = [200, 401]
const onlyNew = [401, 200]

const change = (value: string = newPassword, key = 'AuthorizationKey') => ({ body: { key, value } })

function configure(identity: string, request = change()): Promise<ApiAnswer> {
  return central.api(`/api/chargepoints/${identity}/configuration`, request)
}

/** Sends the new password to a fresh charge point, which answers with this status. */
async function rotated(identity: string, status: string): Promise<{ raw: RawChargePoint; answer: ApiAnswer }> {
  const raw = await central.bootedRaw(identity)
  const answer = configure(identity)
  const { messageId, payload } = await raw.command('ChangeConfiguration')
  expect(payload).toEqual({ key: 'AuthorizationKey', value: newPassword })
  raw.answer(messageId, { status })
  return { raw, answer: await answer }
}

describe('a charge point of OCPP 1.6', () => {
  test('that accepts the new password comes back with it, as bytes or as hex, and no longer with the old one', async () => {
    const { raw, answer } = await rotated('ACCEPTS', 'Accepted')
    expect(answer).toMatchObject({ status: 200, body: { status: 'Accepted' } })
    expect(await heldBy('ACCEPTS')).toEqual(onlyNew)
    expect(raw.closing).toBeNull()
    expect(await raw.call('Heartbeat', {})).toHaveProperty('currentTime')
    for (const password of [newBytes, newPassword, newPassword.toUpperCase()]) {
      expect(await knock('ACCEPTS', password)).toBe(101)
    }
    expect(await knock('ACCEPTS', oldPassword)).toBe(401)
  })

  test('may connect with the new password before its answer has come, and then the old one is out', async () => {
    const raw = await central.bootedRaw('QUICK')
    const answer = configure('QUICK')
    await raw.command('ChangeConfiguration')
    expect(await heldBy('QUICK')).toEqual(both)
    const newer = await central.raw('QUICK', { password: newBytes })
    await newer.call('Heartbeat', {})
    expect((await answer).status).toBe(409)
    expect(await heldBy('QUICK')).toEqual(onlyNew)
    await newer.close()
  })

  test.each(['Rejected', 'NotSupported'])('that answers %s keeps the old password', async (status) => {
    const { raw } = await rotated(`KEEPS-${status}`, status)
    expect(await heldBy(`KEEPS-${status}`)).toEqual(onlyOld)
    await raw.close()
  })

  test('that answers with a CALLERROR keeps the old password', async () => {
    const raw = await central.bootedRaw('REFUSES')
    const answer = configure('REFUSES')
    const { messageId } = await raw.command('ChangeConfiguration')
    raw.send(JSON.stringify([4, messageId, 'InternalError', '', {}]))
    expect((await answer).status).toBe(502)
    expect(await heldBy('REFUSES')).toEqual(onlyOld)
  })

  test('whose answer is not JSON may use either', async () => {
    const raw = await central.bootedRaw('UNREADABLE')
    const answer = configure('UNREADABLE')
    const { messageId } = await raw.command('ChangeConfiguration')
    raw.send(`[3,"${messageId}",{"status":"Acc`)
    expect(await answer).toMatchObject({ status: 502, body: { details: { action: 'ChangeConfiguration' } } })
    expect(await heldBy('UNREADABLE')).toEqual(both)
    await raw.close()
  })

  test.each([
    ['RebootRequired', { status: 'RebootRequired' }],
    ['a status that is none', { status: 'Perhaps' }],
    ['nothing that can be read', { state: 'Accepted' }],
  ])('that answers %s may use either, until it uses the new one', async (name, answered) => {
    const identity = `OPEN-${name.length}`
    const raw = await central.bootedRaw(identity)
    const answer = configure(identity)
    raw.answer((await raw.command('ChangeConfiguration')).messageId, answered)
    await answer
    const again = await central.raw(identity)
    await again.call('Heartbeat', {})
    expect(await heldBy(identity)).toEqual(both)
    const renewed = await central.raw(identity, { password: newBytes })
    await renewed.call('Heartbeat', {})
    expect(await heldBy(identity)).toEqual(onlyNew)
    await renewed.close()
  })

  test('that is strict and answers against its schema may use either', async () => {
    const raw = await central.bootedRaw('STRICT', '1.6', { strictness: 'strict' })
    const answer = configure('STRICT')
    raw.answer((await raw.command('ChangeConfiguration')).messageId, { status: 'Accepted', mood: 'good' })
    expect((await answer).status).toBe(502)
    expect(await heldBy('STRICT')).toEqual(both)
  })

  test('that does not answer in time, or is gone, may use either', async () => {
    const silent = await central.bootedRaw('SILENT')
    expect((await configure('SILENT')).status).toBe(504)
    expect(await heldBy('SILENT')).toEqual(both)
    await silent.close()

    const gone = await central.bootedRaw('GONE')
    const answer = configure('GONE')
    await gone.command('ChangeConfiguration')
    await gone.close()
    expect((await answer).status).toBe(409)
    expect(await heldBy('GONE')).toEqual(both)
  })

  test('whose next rotation decides: what was open before is settled with it', async () => {
    const { raw } = await rotated('TWICE', 'RebootRequired')
    const third = 'ffeeddccbbaa99887766'
    const refused = configure('TWICE', change(third))
    raw.answer((await raw.command('ChangeConfiguration')).messageId, { status: 'Rejected' })
    await refused
    expect(await heldBy('TWICE')).toEqual(both)
    expect(await heldBy('TWICE', third)).toEqual(onlyOld)
    const accepted = configure('TWICE', change(third, 'authorizationkey'))
    raw.answer((await raw.command('ChangeConfiguration')).messageId, { status: 'Accepted' })
    await accepted
    expect(await heldBy('TWICE')).toEqual([401, 401])
    expect(await heldBy('TWICE', third)).toEqual(onlyNew)
  })

  test('is sent one new password at a time, none that is empty, and none that the database does not know of', async () => {
    const raw = await central.bootedRaw('ONCE')
    expect(await configure('ONCE', change(''))).toMatchObject({ status: 400, body: { details: { field: 'value' } } })
    const first = configure('ONCE')
    const { messageId } = await raw.command('ChangeConfiguration')
    expect((await configure('ONCE', change('another password'))).status).toBe(409)
    raw.answer(messageId, { status: 'Accepted' })
    expect((await first).status).toBe(200)
    expect(await heldBy('ONCE')).toEqual(onlyNew)
    expect(raw.inbox).toEqual([])
  })

  test('gets the password of the operator who sets one at the same time, whatever it answers', async () => {
    const raw = await central.bootedRaw('PATCHED')
    const answer = configure('PATCHED')
    await raw.command('ChangeConfiguration')
    const patch = { method: 'PATCH', body: { password: 'of the operator' } }
    await central.json('/api/chargepoints/PATCHED', patch)
    expect((await raw.closed()).code).toBe(1008)
    expect((await answer).status).toBe(409)
    expect(await heldBy('PATCHED')).toEqual([401, 401])
    expect(await heldBy('PATCHED', 'of the operator')).toEqual(onlyNew)
  })

  test('presents a password with letters of Latin-1 in Latin-1', async () => {
    const password = 'Schl\u00fcssel-f\u00fcr-S\u00e4ule-7'
    const raw = await central.bootedRaw('LATIN1')
    const answer = configure('LATIN1', change(password))
    raw.answer((await raw.command('ChangeConfiguration')).messageId, { status: 'Accepted' })
    await answer
    expect(await knock('LATIN1', Buffer.from(password, 'latin1'))).toBe(101)
    expect(await knock('LATIN1', password)).toBe(101)
    expect(await knock('LATIN1', password.toUpperCase())).toBe(401)
  })

  test('is sent it by POST …/calls as well', async () => {
    const raw = await central.bootedRaw('CALLED')
    const payload = { key: 'AUTHORIZATIONKEY', value: newPassword }
    const answer = central.json('/api/chargepoints/CALLED/calls', { body: { action: 'ChangeConfiguration', payload } })
    raw.answer((await raw.command('ChangeConfiguration')).messageId, { status: 'Accepted' })
    await answer
    expect(await heldBy('CALLED')).toEqual(onlyNew)
  })
})

describe('a charge point of OCPP 2.0.1', () => {
  const password = { component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }
  const interval = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }

  test.each(['AuthorizationKey', 'SecurityCtrlr.BasicAuthPassword', 'securityctrlr.basicauthpassword'])(
    'that accepts it under the key %s comes back with it',
    async (key) => {
      const identity = `V2-${Buffer.from(key).toString('hex').slice(0, 40)}`
      const raw = await central.bootedRaw(identity, '2.0.1')
      const answer = configure(identity, change(newPassword, key))
      const { messageId, payload } = await raw.command('SetVariables')
      expect(JSON.stringify(payload).toLowerCase()).toContain('"securityctrlr"')
      raw.answer(messageId, { setVariableResult: [{ ...password, attributeStatus: 'Accepted' }] })
      expect((await answer).status).toBe(200)
      expect(await heldBy(identity)).toEqual(onlyNew)
    },
  )

  test.each([
    ['Accepted', onlyNew],
    ['RebootRequired', both],
    ['Rejected', onlyOld],
    ['UnknownVariable', onlyOld],
    ['NotSupportedAttributeType', onlyOld],
  ])('that is sent several variables and answers %s for the password', async (attributeStatus, held) => {
    const identity = `SEVERAL-${attributeStatus}`
    const raw = await central.bootedRaw(identity, '2.0.1')
    const setVariableData = [
      { ...interval, attributeValue: '300' },
      { ...password, attributeValue: newPassword, attributeType: 'Actual' },
    ]
    const body = { action: 'SetVariables', payload: { setVariableData } }
    const answer = central.json(`/api/chargepoints/${identity}/calls`, { body })
    const { messageId } = await raw.command('SetVariables')
    // The results need not come in the order of the request.
    const other = attributeStatus === 'Accepted' ? 'Rejected' : 'Accepted'
    raw.answer(messageId, {
      setVariableResult: [
        { ...password, attributeStatus },
        { ...interval, attributeStatus: other },
      ],
    })
    await answer
    expect(await heldBy(identity)).toEqual(held)
  })

  test('that leaves the names out of its results is understood by their places', async () => {
    const raw = await central.bootedRaw('NAMELESS', '2.0.1')
    const setVariableData = [
      { ...interval, attributeValue: '300' },
      { ...password, attributeValue: newPassword },
    ]
    const body = { action: 'SetVariables', payload: { setVariableData } }
    const answer = central.api('/api/chargepoints/NAMELESS/calls', { body })
    const { messageId } = await raw.command('SetVariables')
    raw.answer(messageId, { setVariableResult: [{ attributeStatus: 'Rejected' }, { attributeStatus: 'Accepted' }] })
    await answer
    expect(await heldBy('NAMELESS')).toEqual(onlyNew)
  })

  test('is not sent two passwords in one CALL', async () => {
    await central.bootedRaw('TWO', '2.0.1')
    const set = (attributeValue: string) => ({ ...password, attributeValue })
    const body = { action: 'SetVariables', payload: { setVariableData: [set('one password'), set('another one')] } }
    expect((await central.api('/api/chargepoints/TWO/calls', { body })).status).toBe(400)
  })
})

test('a process that dies before the answer leaves both passwords valid', async () => {
  const raw = await central.bootedRaw('CRASH')
  const answer = configure('CRASH')
  await raw.command('ChangeConfiguration')
  // What the CALL found committed is what a process that is killed now leaves behind.
  const { rows } = await database.query(
    `SELECT password_hash IS NOT NULL AND pending_password_hash IS NOT NULL AS both FROM charge_points WHERE identity = 'CRASH'`,
  )
  expect(rows).toEqual([{ both: true }])
  expect(await heldBy('CRASH')).toEqual(both)
  await answer
})

test('neither the log nor the database has a password that can be read', async () => {
  const password = 'readable-by-nobody-else'
  const reported = 'told-by-the-station-itself'
  const repeated = 'repeated-by-the-station'
  const chatty = await TestStator.start({
    settings: { Logging: { LogLevel: { Default: 'Trace' } } },
    hooks: { log: createLogger({ Default: 'Trace' }, { write: (line) => void logged.push(line) }) },
  })
  try {
    const raw = await chatty.bootedRaw('CP001', '2.0.1')
    const names = { component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }
    await raw.call('NotifyReport', {
      requestId: 1,
      generatedAt: new Date().toISOString(),
      seqNo: 0,
      // Said to be readable, which it should not be.
      reportData: [{ ...names, variableAttribute: [{ type: 'Actual', value: reported, mutability: 'ReadWrite' }] }],
    })
    const answer = chatty.json('/api/chargepoints/CP001/configuration', change(password))
    raw.answer((await raw.command('SetVariables')).messageId, {
      setVariableResult: [{ ...names, attributeStatus: 'Accepted' }],
    })
    await answer
    // A charge point may repeat what it was sent where no name tells that it is a password.
    const refused = chatty.api('/api/chargepoints/CP001/configuration', change(repeated))
    const { messageId } = await raw.command('SetVariables')
    raw.send(JSON.stringify([4, messageId, 'PropertyConstraintViolation', `'${repeated}' is too long`, {}]))
    await refused
    const messages = await chatty.json('/api/chargepoints/CP001/messages')
    const configuration = await chatty.json('/api/chargepoints/CP001/configuration')
    expect(logged.join('')).toContain('A charge point was sent a new password.')
    for (const secret of [password, reported, repeated]) {
      expect(logged.join('') + JSON.stringify([messages, configuration])).not.toContain(secret)
    }
  } finally {
    await chatty.stop()
  }
})

describe('a password that Stator makes', () => {
  const rotate = (identity: string) => central.api(`/api/chargepoints/${identity}/credentials`, { method: 'POST' })

  test('has 40 hexadecimal digits for OCPP 1.6, and replaces the old one once it is accepted (A01.FR.02, A01.FR.03)', async () => {
    const raw = await central.bootedRaw('MADE')
    const answer = rotate('MADE')
    const { messageId, payload } = await raw.command('ChangeConfiguration')
    expect(payload).toEqual({ key: 'AuthorizationKey', value: expect.stringMatching(/^[0-9a-f]{40}$/) })
    raw.answer(messageId, { status: 'Accepted' })
    expect((await answer).body).toEqual({
      status: 'Accepted',
      message: 'The charge point uses a new password; the old one is void',
    })
    expect(JSON.stringify((await answer).body)).not.toContain(String(payload['value']))
    expect(await heldBy('MADE', Buffer.from(String(payload['value']), 'hex'))).toEqual(onlyNew)
  })

  test('has 40 letters and digits for OCPP 2.0.1 (TC_A_09_CSMS, TC_A_10_CSMS)', async () => {
    await central.provision('MADE-201')
    const passwords = []
    for (const [attributeStatus, held] of [
      ['Rejected', onlyOld],
      ['RebootRequired', both],
      ['Accepted', onlyNew],
    ] as const) {
      const raw = await central.raw('MADE-201', { subprotocols: ['ocpp2.0.1'] })
      const station = { vendorName: 'VendorName', model: 'Model-X1000' }
      await raw.call('BootNotification', { reason: 'PowerUp', chargingStation: station })
      const answer = rotate('MADE-201')
      const { messageId, payload } = await raw.command('SetVariables')
      const [data] = payload['setVariableData'] as Record<string, unknown>[]
      expect(data).toEqual({
        attributeValue: expect.stringMatching(/^[A-Za-z0-9]{40}$/),
        component: { name: 'SecurityCtrlr' },
        variable: { name: 'BasicAuthPassword' },
      })
      const { attributeValue, ...names } = data ?? {}
      raw.answer(messageId, { setVariableResult: [{ attributeStatus, ...names }] })
      expect((await answer).body).toMatchObject({ status: attributeStatus })
      expect(await heldBy('MADE-201', String(attributeValue))).toEqual(held)
      passwords.push(attributeValue)
    }
    expect(new Set(passwords).size).toBe(3)
  })

  test('is not made for a charge point that is not connected', async () => {
    await central.provision('AWAY')
    expect(await rotate('AWAY')).toMatchObject({ status: 409, body: { code: 'NOT_CONNECTED' } })
    expect((await central.api('/api/chargepoints/NOBODY/credentials', { method: 'POST' })).status).toBe(404)
  })
})
