// `bun run simulate`, as a process beside a central system.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { type CaseRun, playCases } from '../../../src/simulator/cases/run.ts'
import { refusalOf } from '../../../src/simulator/refusal.ts'
import { caseRunOf, simulationOf } from '../../../src/simulator/simulate.ts'
import { cleanUpAfterEach } from '../../support/clean-up.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'
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

/** The cases of these arguments at the central system of this file, and what was printed. */
async function played(more: Partial<CaseRun>, ...args: string[]): Promise<{ counts: object; lines: string[] }> {
  const run = caseRunOf(['--url', central.ocppUrl, ...args])
  if (run === null) throw new Error('These arguments are about no case.')
  const lines: string[] = []
  const counts = await playCases({ ...run, callMsMax: 10_000, ...more }, (line) => lines.push(line), null)
  return { counts, lines }
}

test('plays cases of each version at a Stator with its API key, and counts how they end', async () => {
  const args = ['--api-key', adminApiKey, '--cases', 'TC_E_3,TC_P,1.6 §4.6,TC_A_07', '--version']
  const { counts, lines } = await played({}, ...args, '2.0.1')
  expect(counts).toEqual({ passed: 8, failed: 0, skipped: 1 })
  expect(lines.find((line) => line.startsWith('passed   2.0.1 TC_E_31_CSMS'))).toContain('Check Transaction status')
  expect(lines.at(-1)).toBe('9 cases: 8 passed, 0 failed, 1 skipped')
  expect((await played({}, ...args, '1.6')).counts).toMatchObject({ failed: 0, skipped: 0 })
  const left = lines.find((line) => line.startsWith('These could not')) ?? ''
  const { chargePoints } = await central.json('/api/chargepoints?pageSize=100')
  const made = (chargePoints as { chargePointId: string }[]).filter(({ chargePointId: id }) => id.startsWith('SIM-'))
  expect(made.filter(({ chargePointId: id }) => !left.includes(id))).toEqual([])
})

test('a case that fails says which of its steps were right, and what was wrong', async () => {
  const { counts, lines } = await played({ idToken: 'NOBODY' }, '--api-key', adminApiKey, '--case', 'TC_E_31_CSMS')
  expect(counts).toEqual({ passed: 0, failed: 1, skipped: 0 })
  expect(lines[0]).toStartWith('FAILED   2.0.1 TC_E_31_CSMS')
  expect(lines).toContain('           right  the answer to BootNotification')
  expect(lines.at(-2)).toMatch(
    /WRONG {2}the answer to Authorize: \/payload\/idTokenInfo\/status is "Unknown", expected/,
  )
})

test('without an API key a case is played as far as it needs no operator, and skipped if it does', async () => {
  await central.provision('BYHAND')
  await central.addIdTag('BYHAND-TOKEN')
  const args = ['--identity', 'BYHAND', '--password', passwordDefault, '--id-tag', 'BYHAND-TOKEN', '--version', '2.1']
  const { counts, lines } = await played({}, ...args, '--cases', 'TC_E_01,TC_E_31')
  expect(counts).toEqual({ passed: 1, failed: 0, skipped: 1 })
  expect(lines[1]).toContain(
    'it needs --api-key of a Stator, or a person at a terminal. Have GetTransactionStatus sent',
  )
})

test('a person at a terminal is asked for what an operator does', async () => {
  const args = ['--url', central.ocppUrl, '--password', passwordDefault, '--case', 'TC_E_31_CSMS']
  const program = 'src/simulator/simulate.ts'
  const process = run(
    {},
    { program, args: ['--identity', 'ASKED', ...args], folder: await newFolder(), inTerminal: true },
  )
  await central.provision('ASKED')
  const asked = await until('the question', () => /Make id token (\S+) known/.exec(process.out)?.[1], startMsMax)
  await central.addIdTag(asked, { type: 'ISO14443' })
  process.type('\r')
  const body = await until(
    'the request',
    () => /Have GetTransactionStatus sent to ASKED: (.+)\./.exec(process.out)?.[1],
  )
  await central.json('/api/chargepoints/ASKED/calls', {
    body: { action: 'GetTransactionStatus', payload: JSON.parse(body) },
  })
  expect(await process.exit()).toBe(0)
  expect(process.out).toContain('1 cases: 1 passed, 0 failed, 0 skipped')
})

test.each([
  [['--case', 'TC_X'], '--case is "TC_X": no such case (docs/conformance.md lists them).'],
  [['--cases', 'TC_B,', '--version', '3'], '--version is "3": expected 1.6 or 2.0.1 or 2.1.'],
  [['--case', 'TC_E_31_CSMS', '--wait', '0'], '--wait is "0": expected a whole number from 1 to 86400.'],
])('the cases of %p are refused in one sentence', (args, sentence) => {
  expect(() => caseRunOf(args)).toThrow(sentence)
})

test('what is between commas without a beginning chooses nothing, and a password for a Stator is a new one', () => {
  const runOf = (...args: string[]) => caseRunOf(['--cases', 'TC_B,', ...args])
  expect(runOf()?.cases.every(({ id }) => id.startsWith('TC_B'))).toBe(true)
  expect(() => caseRunOf(['--cases', ','])).toThrow('no case begins so')
  expect(runOf()?.password).toBe('simulated-password')
  const [first, second] = [runOf('--api-key', 'KEY')?.password, runOf('--api-key', 'KEY')?.password]
  expect(first).toMatch(/^[0-9a-f]{32}$/)
  expect(second).not.toBe(first)
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
