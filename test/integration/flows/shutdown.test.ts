// `bun start` as a process of its own: what it prints, how it refuses to start, and how it ends.

import { afterEach, describe, expect, test } from 'bun:test'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { flows16 } from '../../fixtures/seed-flows.ts'
import { testDatabase } from '../../support/postgres.ts'
import { RawChargePoint } from '../../support/raw-charge-point.ts'
import { embeddedFolder } from '../../support/store.ts'
import { until, within } from '../../support/until.ts'

const root = join(import.meta.dir, '..', '..', '..')

/** A Stator process. */
class Process {
  readonly #process: Bun.Subprocess<'ignore', 'pipe', 'pipe'>
  out = ''
  errors = ''

  constructor(env: Record<string, string>) {
    this.#process = Bun.spawn([process.execPath, join(root, 'src', 'main.ts')], {
      cwd: root,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', OCPP__ServerPort: '0', ...env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    })
    void this.#read(this.#process.stdout, (text) => (this.out += text))
    void this.#read(this.#process.stderr, (text) => (this.errors += text))
  }

  /** What a line of the output says after `label`. */
  said(label: string): Promise<string> {
    return until(
      `${label} to be printed (${this.errors})`,
      () => new RegExp(`^${label} +(\\S+)`, 'm').exec(this.out)?.[1],
      20_000,
    )
  }

  signal(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): void {
    this.#process.kill(signal)
  }

  exit(): Promise<number> {
    return within('the process to end', this.#process.exited, 20_000)
  }

  async #read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }))
  }
}

const cleanUp: (() => Promise<unknown> | void)[] = []

afterEach(async () => {
  for (const task of cleanUp.splice(0).toReversed()) await task()
})

async function dataFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'stator-test-'))
  cleanUp.push(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A data folder in which the embedded database has its tables already. */
async function madeFolder(): Promise<string> {
  const { dataFolder, remove } = await embeddedFolder()
  cleanUp.push(remove)
  return dataFolder
}

function run(env: Record<string, string>): Process {
  const stator = new Process(env)
  cleanUp.push(async () => {
    stator.signal('SIGKILL')
    await stator.exit()
  })
  return stator
}

async function provisioned(url: string, key: string): Promise<void> {
  const response = await fetch(`${url}/api/chargepoints`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'X-API-Key': key },
    body: JSON.stringify({ chargePointId: 'CP001', password: 'secretpassword' }),
  })
  expect(response.status).toBe(201)
}

async function connected(ocppUrl: string): Promise<RawChargePoint> {
  const url = ocppUrl.replace('/{identity}', '')
  return RawChargePoint.connect({ url, identity: 'CP001', password: 'secretpassword' })
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('finishes what is under way, closes the sockets with 1001 and ends with 0', async () => {
    const database = await testDatabase()
    cleanUp.push(() => database.drop())
    const folder = await dataFolder()
    const env = { Database__ConnectionString: database.connectionString, Database__DataFolder: folder }
    const stator = run(env)
    const url = await stator.said('REST API')
    await provisioned(url, await stator.said('Admin API key'))
    const raw = await connected(await stator.said('Charge points'))
    await raw.call('BootNotification', flows16.boot)
    const messageId = raw.sendCall('StartTransaction', flows16.start)
    const answered = raw.answerTo(messageId)
    stator.signal(signal)
    // Either it was answered, and then it is stored, or it was not, and then the charge point keeps it.
    const frame = await answered.catch(() => null)
    expect((await raw.closed()).code).toBe(1001)
    expect(await stator.exit()).toBe(0)
    expect(stator.errors).toBe('')

    const again = run({ ...env, Security__AdminApiKey: 'another-admin-key' })
    const response = await fetch(`${await again.said('REST API')}/api/transactions`, {
      headers: { 'X-API-Key': 'another-admin-key' },
    })
    const { totalCount } = (await response.json()) as { totalCount: number }
    if (frame?.[0] === 3) expect(totalCount).toBe(1)
    again.signal('SIGTERM')
    expect(await again.exit()).toBe(0)
  }, 60_000)
})

test('the first start prints the admin key, a second one keeps it and does not', async () => {
  const folder = await dataFolder()
  const first = run({ Database__DataFolder: folder })
  const url = await first.said('REST API')
  const key = await first.said('Admin API key')
  expect((await fetch(`${url}/api/chargepoints`, { headers: { 'X-API-Key': key } })).status).toBe(200)
  expect(first.out).toContain('embedded')
  first.signal('SIGTERM')
  expect(await first.exit()).toBe(0)

  const second = run({ Database__DataFolder: folder })
  const urlAgain = await second.said('REST API')
  expect((await fetch(`${urlAgain}/api/chargepoints`, { headers: { 'X-API-Key': key } })).status).toBe(200)
  expect(second.out).not.toContain(key)
}, 60_000)

test('what was acknowledged survives SIGKILL with the embedded database', async () => {
  const folder = await madeFolder()
  const env = { Database__DataFolder: folder, Security__AdminApiKey: 'an-admin-key' }
  const first = run(env)
  await provisioned(await first.said('REST API'), 'an-admin-key')
  const raw = await connected(await first.said('Charge points'))
  await raw.call('BootNotification', flows16.boot)
  const { transactionId } = await raw.call('StartTransaction', flows16.start)
  first.signal('SIGKILL')
  await first.exit()

  const second = run(env)
  const url = await second.said('REST API')
  const response = await fetch(`${url}/api/transactions/${transactionId}`, { headers: { 'X-API-Key': 'an-admin-key' } })
  expect(response.status).toBe(200)
}, 60_000)

describe('a start that cannot be says why in one sentence, and ends with 1', () => {
  test.each([
    ['an unknown key', { OCPP__ServerPorr: '9000' }, 'ServerPorr'],
    ['a value that is none', { OCPP__HeartbeatInterval: 'often' }, 'OCPP.HeartbeatInterval is "often"'],
    ['another database', { Database__Provider: 'SqlServer' }, 'Embedded'],
    [
      'a database that cannot be reached',
      { Database__ConnectionString: 'postgres://nobody:secret@127.0.0.1:1/nothing' },
      'PostgreSQL',
    ],
  ])(
    '%s',
    async (_what, env, expected) => {
      const stator = run({ Database__DataFolder: await dataFolder(), ...env })
      expect(await stator.exit()).toBe(1)
      const reported = stator.errors.trim()
      expect(reported).toContain(expected)
      expect(reported).not.toContain('secret@')
      expect(reported.split('\n').length).toBe(1)
    },
    60_000,
  )
})

test('two processes cannot share the embedded database', async () => {
  const folder = await madeFolder()
  const first = run({ Database__DataFolder: folder })
  await first.said('REST API')
  const second = run({ Database__DataFolder: folder })
  expect(await second.exit()).toBe(1)
  expect(second.errors).toContain(folder)
}, 60_000)
