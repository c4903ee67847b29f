// Charge points and operators over TLS.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flows16 } from '../../fixtures/seed-flows.ts'
import { makeRoot, makeServer } from '../../support/certificates.ts'
import { basic } from '../../support/raw-charge-point.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

const root = makeRoot('Test Root', 1)
let folder: string
let central: TestStator

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stator-test-'))
  const server = makeServer('localhost', 1, root)
  const CertificatePath = join(folder, 'server.pem')
  await Bun.write(CertificatePath, `${server.certificate}\n${server.key}`)
  central = await TestStator.start({ settings: { OCPP: { EnableSSL: true, CertificatePath, HstsDays: 30 } } })
})

afterAll(async () => {
  await central.stop()
  await rm(folder, { recursive: true, force: true })
})

test('a charge point and an operator that trust the authority are served over wss:// and https://', async () => {
  expect(central.url).toStartWith('https://')
  expect(central.ocppUrl).toStartWith('wss://')
  const tls = { ca: root.certificate }
  const provisioned = await fetch(`${central.url}/api/chargepoints`, {
    method: 'POST',
    headers: { 'X-API-Key': adminApiKey, 'Content-Type': 'application/json' },
    body: JSON.stringify({ chargePointId: 'CP001', password: passwordDefault }),
    tls,
  })
  expect(provisioned.status).toBe(201)

  const answers: unknown[] = []
  const socket = new WebSocket(`${central.ocppUrl}/CP001`, {
    protocols: ['ocpp1.6'],
    headers: { Authorization: basic('CP001', passwordDefault) },
    tls,
  })
  socket.addEventListener('message', ({ data }) => answers.push(JSON.parse(String(data))))
  await until('the connection to be open', () => socket.readyState === WebSocket.OPEN)
  socket.send(JSON.stringify([2, 'boot', 'BootNotification', flows16.boot]))
  const [answer] = await until('the boot to be answered', () => (answers.length > 0 ? answers : null))
  expect(answer).toMatchObject([3, 'boot', { status: 'Accepted' }])
  socket.close()
})

test('a client that does not trust the authority is not served', () => {
  expect(fetch(`${central.url}/health/live`)).rejects.toThrow()
})

/** Strict-Transport-Security of an answer over REST, and of a refused handshake. */
async function httpsOnly({ url }: TestStator): Promise<(string | null)[]> {
  const answers = ['/health/live', '/ocpp/CP001'].map((path) =>
    fetch(`${url}${path}`, { tls: { ca: root.certificate } }),
  )
  return (await Promise.all(answers)).map(({ headers }) => headers.get('strict-transport-security'))
}

test('browsers are told to use https only, as long as the settings say', async () => {
  expect(await httpsOnly(central)).toEqual(['max-age=2592000', 'max-age=2592000'])
})

test('so they are where clients are asked for certificates, and the server behind the front speaks http', async () => {
  const files = { CertificatePath: join(folder, 'server.pem'), ClientCertificateAuthority: join(folder, 'root.pem') }
  await Bun.write(files.ClientCertificateAuthority, root.certificate)
  const asking = await TestStator.start({
    settings: {
      OCPP: { EnableSSL: true, CertificatePath: files.CertificatePath, HstsDays: 1 },
      Security: { ClientCertificateAuthority: files.ClientCertificateAuthority },
    },
  })
  try {
    expect(await httpsOnly(asking)).toEqual(['max-age=86400', 'max-age=86400'])
  } finally {
    await asking.stop()
  }
})
