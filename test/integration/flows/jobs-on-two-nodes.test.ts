// Jobs at two nodes of one database: the node that holds the charge point sends, and no job is sent twice.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import { flows16 } from '../../fixtures/seed-flows.ts'
import { TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

let here: TestStator
let there: TestStator

const firmware = { location: 'https://example.com/firmware.bin', retrieveDate: '2026-01-01T00:00:00Z' }
const Security = { CredentialSecret: 'the secret of both nodes, long enough' }

beforeAll(async () => {
  here = await TestStator.start({ settings: { Security } })
  there = await TestStator.start({ settings: { Security, Database: { ConnectionString: here.connectionString } } })
}, 60_000)

afterAll(async () => {
  await there.stop()
  await here.stop()
})

const stateOf = async (id: unknown): Promise<unknown> => (await here.json(`/api/jobs/${id}`))['state']

test('a job that one node queues is sent by the node that the charge point connects to', async () => {
  await here.provision('NODES-1')
  const path = '/api/chargepoints/NODES-1/update-firmware'
  const { body } = await here.api(path, { body: { ...firmware, queue: true } })
  const raw = await there.raw('NODES-1')
  await raw.call('BootNotification', flows16.boot)
  const { messageId } = await raw.command('UpdateFirmware')
  raw.answer(messageId, {})
  await until('the job to run', async () => (await stateOf(body['jobId'])) === 'running')
  expect(await here.api(path, { body: firmware })).toMatchObject({ status: 409, body: { code: 'CONNECTED_ELSEWHERE' } })
})

test('a job whose charge point goes to the other node is unknown, and is not sent there', async () => {
  const older = await here.bootedRaw('NODES-2')
  const answering = here.api('/api/chargepoints/NODES-2/update-firmware', { body: firmware })
  await older.command('UpdateFirmware')
  const newer = await there.raw('NODES-2')
  await newer.call('BootNotification', flows16.boot)
  const { body } = await answering
  const { jobId } = body['details'] as { readonly jobId: number }
  await until('the job to be unknown', async () => (await stateOf(jobId)) === 'unknown')
  await newer.call('FirmwareStatusNotification', { status: 'Downloading' })
  expect(await stateOf(jobId)).toBe('running')
  expect(newer.inbox).toEqual([])
})
