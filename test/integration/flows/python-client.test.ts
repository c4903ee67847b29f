// Every way in over real TLS, with the `websockets` of Python, which many integrators and charge points use.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { make, makeAuthority, makeLocalhost } from '../../support/made-certificates.ts'
import { basic } from '../../support/raw-charge-point.ts'
import { passwordDefault, TestStator } from '../../support/stator.ts'
import { rightClaims, signed, testJwtSection, testKey } from '../../support/tokens.ts'

const python = Bun.which('python3')
const isThere = python !== null && Bun.spawnSync([python, '-c', 'import websockets']).exitCode === 0
const why = isThere ? '' : ' (skipped: Python has no websockets; pip install websockets)'

const key = await testKey()
const root = makeAuthority('Root')
const server = makeLocalhost(root)
const station = make({ subject: 'CP001', issuer: root })
const stranger = make({ subject: 'CP001', issuer: makeAuthority('Stranger') })

let folder = ''
let central: TestStator

const file = (name: string): string => join(folder, name)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-python-'))
  const files = {
    'server.pem': server.certificate + server.key,
    'authority.pem': root.certificate,
    'keys.json': JSON.stringify({ keys: [key.jwk] }),
    'station.pem': station.certificate,
    'station.key': station.key,
    'stranger.pem': stranger.certificate,
    'stranger.key': stranger.key,
  }
  for (const [name, text] of Object.entries(files)) await Bun.write(file(name), text)
  central = await TestStator.start({
    settings: {
      OCPP: { EnableSSL: true, CertificatePath: file('server.pem') },
      Security: {
        ClientCertificateAuthority: file('authority.pem'),
        Jwt: { ...testJwtSection, KeyFile: file('keys.json') },
      },
    },
  })
  const body = JSON.stringify({ chargePointId: 'CP001', password: passwordDefault, apiKey: 'key-of-cp001' })
  const headers = { 'X-API-Key': central.stator.adminApiKey, 'Content-Type': 'application/json' }
  const tls = { rejectUnauthorized: false }
  await fetch(`${central.url}/api/chargepoints`, { method: 'POST', headers, body, tls })
})

afterAll(async () => {
  await central.stop()
  await rm(folder, { recursive: true, force: true })
})

/** The status of the boot, or the HTTP status of the refusal. */
async function boots(headers: Readonly<Record<string, string>>, certificate: string | null = null): Promise<string> {
  const wanted = {
    url: `${central.ocppUrl.replace('127.0.0.1', 'localhost')}/CP001`,
    headers,
    authority: file('authority.pem'),
    certificate: certificate === null ? null : file(`${certificate}.pem`),
    key: certificate === null ? null : file(`${certificate}.key`),
  }
  const script = join(import.meta.dir, '../../fixtures/python-client.py')
  const client = Bun.spawn([python ?? '', script, JSON.stringify(wanted)], { stdout: 'pipe', stderr: 'pipe' })
  const [out, errors] = await Promise.all([new Response(client.stdout).text(), new Response(client.stderr).text()])
  expect([await client.exited, errors]).toEqual([0, ''])
  return out.trim()
}

describe.skipIf(!isThere)(`a charge point of Python${why}`, () => {
  const token = (sub: string) => signed(key, rightClaims(sub, Date.now()))

  test('is served by password, API key, certificate and token', async () => {
    expect(await boots({ Authorization: basic('CP001', passwordDefault) })).toBe('Accepted')
    expect(await boots({ 'X-API-Key': 'key-of-cp001', 'X-Charge-Point-Id': 'CP001' })).toBe('Accepted')
    expect(await boots({}, 'station')).toBe('Accepted')
    expect(await boots({ Authorization: `Bearer ${await token('CP001')}` })).toBe('Accepted')
  })

  test('is refused with wrong ones', async () => {
    expect(await boots({ Authorization: basic('CP001', 'a wrong password') })).toBe('401')
    expect(await boots({ 'X-API-Key': 'a-wrong-key', 'X-Charge-Point-Id': 'CP001' })).toBe('401')
    expect(await boots({}, 'stranger')).toBe('401')
    expect(await boots({ Authorization: `Bearer ${await token('CP002')}` })).toBe('401')
    expect(await boots({})).toBe('401')
  })
})
