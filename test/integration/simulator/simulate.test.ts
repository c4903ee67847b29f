// `bun run simulate`, as a process beside a central system.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { refusalOf } from '../../../src/simulator/refusal.ts'
import { simulationOf } from '../../../src/simulator/simulate.ts'
import { cleanUpAfterEach } from '../../support/clean-up.ts'
import { adminApiKey, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

const { newFolder, run } = cleanUpAfterEach()
/** The process has to start first. */
const startMsMax = 30_000

let central: TestStator

beforeAll(async () => {
  central = await TestStator.start()
})

afterAll(() => central.stop())

test('creates charge points that do not exist, connects them, and ends with SIGTERM', async () => {
  const args = ['--url', central.ocppUrl, '--stations', '3', '--version', '2.0.1', '--api-key', adminApiKey]
  const program = 'src/simulator/simulate.ts'
  const simulation = run({}, { program, args: [...args, '--identity', 'MADE', '--quiet'], folder: await newFolder() })
  for (const identity of ['MADE0', 'MADE1', 'MADE2']) {
    const isAccepted = async (): Promise<boolean> => {
      const { status, body } = await central.api(`/api/chargepoints/${identity}`)
      return status === 200 && body['bootStatus'] === 'Accepted' && body['ocppVersion'] === '2.0.1'
    }
    await until(`${identity} to be accepted`, isAccepted, startMsMax)
    await until(`${identity} to be printed`, () => simulation.out.includes(`${identity}  boot Accepted`))
  }
  simulation.signal('SIGTERM')
  expect(await simulation.exit()).toBe(0)
  expect(simulation.errors).toBe('')
})

test('says in one sentence why charge points cannot be created', async () => {
  const args = ['--url', central.ocppUrl, '--api-key', 'a wrong key']
  const simulation = run({}, { program: 'src/simulator/simulate.ts', args, folder: await newFolder() })
  expect(await simulation.exit()).toBe(1)
  expect(simulation.errors).toContain('Charge point SIM could not be created: 401')
})

test('says once why charge points are not let in', async () => {
  const args = ['--url', central.ocppUrl, '--stations', '2', '--identity', 'UNKNOWN', '--quiet']
  const simulation = run({}, { program: 'src/simulator/simulate.ts', args, folder: await newFolder() })
  for (const identity of ['UNKNOWN0', 'UNKNOWN1']) {
    const triedAgain = (): boolean => simulation.out.split(`${identity}  disconnected`).length > 2
    await until(`${identity} to try again`, triedAgain, startMsMax)
  }
  simulation.signal('SIGTERM')
  expect(await simulation.exit()).toBe(0)
  const reasons = simulation.out.split('\n').filter((line) => line.includes('is not let in'))
  expect(reasons).toEqual([expect.stringMatching(/UNKNOWN[01] {2}is not let in: 404 .*--api-key KEY/)])
})

test('nobody at the URL, a refusal and a connection are told apart', async () => {
  const station = { identity: 'KNOWN', version: '1.6', password: 'secretpassword' } as const
  const { ocppUrl } = central
  await central.provision('KNOWN', { password: station.password })
  expect(await refusalOf({ ...station, url: ocppUrl })).toBeNull()
  expect(await refusalOf({ ...station, url: ocppUrl, password: 'wrongpassword' })).toStartWith('401 ')
  expect(await refusalOf({ ...station, url: 'ws://127.0.0.1:1/ocpp' })).toContain('ECONNREFUSED')
})

test('one charge point has the name as it is given, several have numbers of one length', () => {
  const identities = (...args: string[]) => simulationOf(args).stations.map(({ identity }) => identity)
  expect(identities('--identity', 'CP001')).toEqual(['CP001'])
  expect(identities('--stations', '11').slice(-2)).toEqual(['SIM09', 'SIM10'])
})

test.each([
  [['--url', 'http://127.0.0.1'], '--url is "http://127.0.0.1": expected a URL that begins with ws:// or wss://.'],
  [['--version', '2.0'], '--version is "2.0": expected 1.6 or 2.0.1 or 2.1.'],
  [['--stations', '1e3'], '--stations is "1e3": expected a whole number from 1 to 10000.'],
  [['--connectors', '0'], '--connectors is "0": expected a whole number from 1 to 100.'],
])('%p are refused in one sentence', (args, sentence) => {
  expect(() => simulationOf(args)).toThrow(sentence)
})
