// Which charge points may connect, and how: the rules that operators set, and those of OCPP that need none.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeRoot, makeServer } from '../../support/certificates.ts'
import { handshakeAnswer, RawChargePoint } from '../../support/raw-charge-point.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'

const boot16 = { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' }

let central: TestStator

beforeAll(async () => {
  central = await TestStator.start()
})

afterAll(() => central.stop())

function knock(identity: string, more: { readonly userName?: string; readonly password?: string } = {}) {
  return handshakeAnswer({ url: central.ocppUrl, identity, password: passwordDefault, ...more })
}

/** Connects and leaves. What a connection changes is stored by the time its first message is answered. */
async function visit(stator: TestStator, identity: string): Promise<void> {
  const raw = await stator.raw(identity)
  await raw.call('BootNotification', boot16)
  await raw.close()
}

async function change(identity: string, body: Record<string, unknown>, status = 200): Promise<unknown> {
  return central.json(`/api/chargepoints/${identity}`, { method: 'PATCH', body }, status)
}

describe('Basic authentication', () => {
  test('A00.FR.203, TC_A_01_CSMS: the identity and its password let a charge point in', async () => {
    await central.provision('A01')
    const raw = await central.raw('A01', { userName: 'A01' })
    expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
    await raw.close()
  })

  test('A00.FR.204, TC_A_02_CSMS: a user name that is not the identity is refused, though the password is right', async () => {
    await central.provision('A02')
    expect((await knock('A02', { userName: 'A02Invalid' })).status).toBe(401)
  })

  test('TC_A_03_CSMS: a random password is refused', async () => {
    await central.provision('A03')
    const answer = await knock('A03', { password: 'k2-Random*Password_of.32|letters' })
    expect(answer.status).toBe(401)
    expect(answer.headers.get('WWW-Authenticate')).toStartWith('Basic')
  })
})

describe('a charge point', () => {
  test('that is blocked loses its connection, and gets 403 until it is let in again', async () => {
    await central.provision('BARRED')
    const raw = await central.raw('BARRED')
    await change('BARRED', { blocked: true })
    expect(await raw.closed()).toMatchObject({ code: 1008 })
    expect((await knock('BARRED')).status).toBe(403)
    await change('BARRED', { blocked: false })
    await (await central.raw('BARRED')).close()
  })

  test('below its lowest security profile gets 403 (A00.FR.002), and the profile is never lowered', async () => {
    await central.provision('SECURE')
    const raw = await central.raw('SECURE')
    await change('SECURE', { minSecurityProfile: 2 })
    expect(await raw.closed()).toMatchObject({ code: 1008 })
    expect((await knock('SECURE')).status).toBe(403)
    const overRest = { basic: ['SECURE', passwordDefault] } as const
    expect(await central.json('/api/chargepoints/SECURE', overRest, 403)).toMatchObject({
      message: "Charge point 'SECURE' must connect with security profile 2",
    })
    expect(await change('SECURE', { minSecurityProfile: 1 }, 409)).toMatchObject({
      code: 'CONFLICT',
      message: expect.stringContaining('is 2, and is never lowered'),
    })
    expect(await change('SECURE', { minSecurityProfile: 2 })).toMatchObject({ minSecurityProfile: 2 })
  })

  test('that has used the profile it was told to use may not come back with a lower one (A05.FR.09)', async () => {
    const Security = { CredentialSecret: 'a secret that two nodes of a test share' }
    const open = await TestStator.start({ settings: { Security: { ...Security, RequireAuthentication: false } } })
    const Database = { ConnectionString: open.connectionString }
    const closed = await TestStator.start({ settings: { Database, Security } })
    try {
      await open.provision('RAISED')
      const profileMin = async () => (await open.json('/api/chargepoints/RAISED'))['minSecurityProfile']
      for (const status of ['Rejected', 'CALLERROR', 'Accepted']) {
        const raw = await open.raw('RAISED')
        expect(await raw.call('BootNotification', boot16)).toMatchObject({ status: 'Accepted' })
        const command = { action: 'ChangeConfiguration', payload: { key: 'SecurityProfile', value: '1' } }
        const answer = open.api('/api/chargepoints/RAISED/calls', { body: command })
        const { messageId } = await raw.command('ChangeConfiguration')
        if (status === 'CALLERROR') raw.send(JSON.stringify([4, messageId, 'NotSupported', '', {}]))
        else raw.answer(messageId, { status })
        await answer
        await visit(open, 'RAISED')
        expect(await profileMin()).toBe(0)
        if (status !== 'Accepted') await visit(closed, 'RAISED')
        expect(await profileMin()).toBe(0)
      }
      await visit(closed, 'RAISED')
      expect(await profileMin()).toBe(1)
      const without = { url: open.ocppUrl, identity: 'RAISED' }
      expect((await handshakeAnswer(without)).status).toBe(403)
    } finally {
      await closed.stop()
      await open.stop()
    }
  })

  test('TC_A_19_CSMS: that was told to use TLS is welcome without it until it has used it, and never again after', async () => {
    const Security = { CredentialSecret: 'a secret that two nodes of a test share' }
    const plain = await TestStator.start({ settings: { Security } })
    const folder = await mkdtemp(join(tmpdir(), 'stator-test-'))
    const CertificatePath = join(folder, 'server.pem')
    const server = makeServer('localhost', 1, makeRoot('Test Root', 1))
    await Bun.write(CertificatePath, `${server.certificate}\n${server.key}`)
    const OCPP = { EnableSSL: true, CertificatePath }
    const tls = await TestStator.start({
      settings: { Database: { ConnectionString: plain.connectionString }, OCPP, Security },
    })
    try {
      await plain.provision('UPGRADED')
      const call = (action: string, payload: Record<string, unknown>) =>
        plain.json('/api/chargepoints/UPGRADED/calls', { body: { action, payload } })
      const boots = async (station: RawChargePoint, reason: string): Promise<void> => {
        const chargingStation = { vendorName: 'VendorName', model: 'Model-X1000' }
        const answer = await station.call('BootNotification', { reason, chargingStation })
        expect(answer).toMatchObject({ status: 'Accepted' })
      }
      const connect = () => plain.raw('UPGRADED', { subprotocols: ['ocpp2.0.1'] })
      const raw = await connect()
      await boots(raw, 'PowerUp')
      const connectionData = {
        ocppVersion: 'OCPP20',
        ocppTransport: 'JSON',
        ocppCsmsUrl: tls.ocppUrl,
        messageTimeout: 30,
        securityProfile: 2,
        ocppInterface: 'Wired0',
      }
      const profile = call('SetNetworkProfile', { configurationSlot: 2, connectionData })
      const asked = await raw.command('SetNetworkProfile')
      expect(asked.payload).toEqual({ configurationSlot: 2, connectionData })
      raw.answer(asked.messageId, { status: 'Accepted' })
      expect(await profile).toMatchObject({ status: 'Accepted' })
      const variable = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'NetworkConfigurationPriority' } }
      const priority = call('SetVariables', { setVariableData: [{ ...variable, attributeValue: '2,1' }] })
      const set = await raw.command('SetVariables')
      raw.answer(set.messageId, { setVariableResult: [{ ...variable, attributeStatus: 'RebootRequired' }] })
      await priority
      const reset = call('Reset', { type: 'OnIdle' })
      raw.answer((await raw.command('Reset')).messageId, { status: 'Accepted' })
      expect(await reset).toMatchObject({ status: 'Accepted' })
      await raw.close()
      // It could not connect with its new profile, and falls back (A05.FR.08).
      await (await connect()).close()
      const upgraded = await RawChargePoint.connect({
        url: tls.ocppUrl,
        identity: 'UPGRADED',
        password: passwordDefault,
        subprotocols: ['ocpp2.0.1'],
        trustsAll: true,
      })
      await boots(upgraded, 'RemoteReset')
      expect(await plain.json('/api/chargepoints/UPGRADED')).toMatchObject({ minSecurityProfile: 2 })
      await upgraded.close()
      const lower = { url: plain.ocppUrl, identity: 'UPGRADED', password: passwordDefault }
      expect((await handshakeAnswer(lower)).status).toBe(403)
    } finally {
      await tls.stop()
      await plain.stop()
      await rm(folder, { recursive: true, force: true })
    }
  })
})
