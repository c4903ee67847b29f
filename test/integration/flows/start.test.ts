// What `bun start` and the demo say while they start, in a terminal and without one, and what SIGHUP does.

import { expect, test } from 'bun:test'
import { mkdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { makeRoot, makeServer } from '../../support/certificates.ts'
import { cleanUpAfterEach } from '../../support/clean-up.ts'
import { basic } from '../../support/raw-charge-point.ts'
import { keptKey } from '../../support/started-process.ts'
import { until } from '../../support/until.ts'

const { newFolder, madeFolder, run } = cleanUpAfterEach()

async function statusWith(url: string, key: string): Promise<number> {
  return (await fetch(`${url}/api/chargepoints`, { headers: { 'X-API-Key': key } })).status
}

test('without a terminal every line is JSON, the first says that the database is made, and none shows the key', async () => {
  const folder = await newFolder()
  const stator = run({ Database__DataFolder: folder })
  const url = await stator.url()
  const { file } = await stator.logged('The admin API key is in this file.')
  const key = (await Bun.file(String(file)).text()).trim()
  expect(await statusWith(url, key)).toBe(200)
  stator.signal('SIGTERM')
  expect(await stator.exit()).toBe(0)
  const messages = stator.lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
  expect(messages[0]).toStartWith('Stator starts for the first time: it makes its embedded database')
  expect(messages.at(-1)).toBe('Stator has stopped.')
  expect(stator.out).not.toContain(key)
}, 60_000)

test('in a terminal the first start shows the admin key, a second one does not, and closing it stops Stator', async () => {
  const folder = await madeFolder()
  const first = run({ Database__DataFolder: folder }, { inTerminal: true })
  const key = await first.said('Admin API key')
  expect(key).toBe(await keptKey(folder))
  expect(await statusWith(await first.said('REST API'), key)).toBe(200)
  first.signal('SIGHUP')
  expect(await first.exit()).toBe(0)
  expect(first.out).toContain('Stator has stopped.')

  const second = run({ Database__DataFolder: folder }, { inTerminal: true })
  expect(await second.said('Admin API key')).toBe('in')
  expect(second.out).not.toContain(key)
}, 60_000)

/** A folder in which the demo finds its database made. */
async function demoFolder(): Promise<string> {
  const folder = await newFolder()
  await mkdir(join(folder, 'data'))
  await symlink(await madeFolder(), join(folder, 'data/demo'))
  return folder
}

test('the demo without a terminal prints JSON only, names the file of its key, and shows neither key nor banner', async () => {
  const folder = await demoFolder()
  const demo = run({}, { program: 'src/simulator/demo.ts', folder })
  const { file } = await demo.logged('The admin API key is in this file.')
  const key = (await Bun.file(join(folder, String(file))).text()).trim()
  expect(await statusWith(await demo.url(), key)).toBe(200)
  await demo.logged('CP006  boot Accepted')
  await demo.logged('The demo is running.')
  demo.signal('SIGTERM')
  expect(await demo.exit()).toBe(0)
  for (const line of demo.lines) expect(JSON.parse(line)).toMatchObject({ msg: expect.any(String) })
  expect(demo.out).not.toContain(key)
  expect(demo.out).not.toContain('curl')
}, 60_000)

test('the demo in a terminal shows its key and what to try, and logs warnings only', async () => {
  const demo = run({}, { program: 'src/simulator/demo.ts', folder: await demoFolder(), inTerminal: true })
  const key = await demo.said('Admin API key')
  expect(demo.out).toMatch(new RegExp(`^ +curl -H 'X-API-Key: ${key}' http://\\S+/api/chargepoints$`, 'm'))
  for (const line of demo.lines.filter((one) => one.startsWith('{'))) expect(line).toContain('"level":"Warning"')
  demo.signal('SIGTERM')
  expect(await demo.exit()).toBe(0)
}, 60_000)

test('dangerous settings are warned of at the start', async () => {
  const env = {
    Database__DataFolder: await madeFolder(),
    Security__RequireAuthentication: 'false',
    Security__UnknownChargePoints: 'accept',
  }
  expect(await run(env).logged('Charge points connect without credentials')).toMatchObject({
    level: 'Warning',
    setting: 'Security.RequireAuthentication',
  })
}, 60_000)

/** The name in the certificate that a new connection gets. */
function nameShown(url: string, ca: string): Promise<string> {
  const { port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', servername: 'localhost', port: Number(port), ca }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

test('SIGHUP takes over log levels and the certificate, open connections stay, and a bad file changes nothing', async () => {
  const folder = await newFolder()
  const root = makeRoot('Test Root', 1)
  const CertificatePath = join(folder, 'server.pem')
  const config = join(folder, 'settings.json')
  const writeCertificate = (name: string): Promise<number> => {
    const { certificate, key } = makeServer(name, 1, root)
    return Bun.write(CertificatePath, `${certificate}\n${key}`)
  }
  const writeSettings = (level: string, ocpp: object = {}): Promise<number> =>
    Bun.write(
      config,
      JSON.stringify({
        Logging: { LogLevel: { Api: level } },
        OCPP: { EnableSSL: true, CertificatePath, ...ocpp },
        Security: { RequireAuthentication: false, UnknownChargePoints: 'accept' },
      }),
    )
  await writeCertificate('first')
  await writeSettings('Warning')
  const env = { Database__DataFolder: await madeFolder(), Security__AdminApiKey: 'an-admin-key' }
  const stator = run(env, { args: ['--config', config] })
  const url = await stator.url()
  expect(await nameShown(url, root.certificate)).toBe('first')
  const tls = { ca: root.certificate }
  const headers = { Authorization: basic('CP001', 'secretpassword') }
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/ocpp/CP001`, { protocols: ['ocpp1.6'], headers, tls })
  const answers: string[] = []
  socket.addEventListener('message', ({ data }) => answers.push(String(data)))
  await until('the connection to be open', () => socket.readyState === WebSocket.OPEN)

  await writeCertificate('second')
  await writeSettings('Debug', { HeartbeatInterval: 17 })
  stator.signal('SIGHUP')
  await stator.logged('Settings were read again: log levels are set, and new connections get the new certificate.')
  expect(await stator.logged('Settings of this section have changed')).toMatchObject({ setting: 'OCPP' })
  expect(await nameShown(url, root.certificate)).toBe('second')
  socket.send('[2,"1","Heartbeat",{}]')
  await until('the open connection to be answered', () => answers.some((answer) => answer.includes('"1"')))
  expect(stator.out).not.toContain('A REST request was answered.')
  await fetch(`${url}/api/chargepoints`, { headers: { 'X-API-Key': 'an-admin-key' }, tls })
  await stator.logged('A REST request was answered.')

  await Bun.write(CertificatePath, 'no certificate')
  stator.signal('SIGHUP')
  const refused = await stator.logged('Settings cannot be read again')
  expect(refused).toMatchObject({ level: 'Error', error: { message: expect.stringContaining('OCPP.CertificatePath') } })
  expect(await nameShown(url, root.certificate)).toBe('second')
  stator.signal('SIGTERM')
  expect(await stator.exit()).toBe(0)
  expect(socket.readyState).not.toBe(WebSocket.OPEN)
}, 60_000)
