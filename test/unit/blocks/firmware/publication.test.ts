// Firmware that a local controller publishes: PublishFirmware, UnpublishFirmware and PublishFirmwareStatusNotification.

import { expect, test } from 'bun:test'
import { jobDetailItemsMax } from '../../../../src/base/limits.ts'
import {
  firmwarePublication,
  publicationStatus,
  publishFirmwareCommand,
  unpublishFirmwareCommand,
  unpublishOutcome,
} from '../../../../src/blocks/firmware/publication.ts'
import { firmwareUpdate } from '../../../../src/blocks/firmware/job.ts'
import { rowOf } from '../../../../src/blocks/messages.ts'
import type { OcppVersion } from '../../../../src/ocpp/version.ts'
import type { KnownJob } from '../../../../src/blocks/jobs/job.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { decide } from '../../../support/known.ts'

const checksum = 'd41d8cd98f00b204e9800998ecf8427e'

test('firmware is published and taken back in 2.0.1 and 2.1, and not in 1.6', () => {
  const request = { location: 'https://example.com/f.bin', checksum, requestId: 7 }
  const more = { retries: 2, retryIntervalSeconds: 30 }
  expect(publishFirmwareCommand('1.6', request)).toBeNull()
  expect(unpublishFirmwareCommand('1.6', checksum)).toHaveProperty('reason')
  for (const version of ['2.0.1', '2.1'] as const) {
    const publish = publishFirmwareCommand(version, { ...request, ...more })
    expect(publish?.payload).toEqual({ ...request, retries: 2, retryInterval: 30 })
    expect(checkRequest(version, 'PublishFirmware', publish?.payload ?? {})).toEqual([])
    expect(unpublishFirmwareCommand(version, checksum)).toMatchObject({ payload: { checksum } })
  }
  expect(unpublishOutcome('DownloadOngoing').message).toContain('stays published')
  expect(unpublishOutcome('Odd')).toEqual({ status: 'Odd', message: 'The charge point answered with Odd' })
})

const job: KnownJob = {
  ...{ jobId: 1, kind: 'firmwarePublication', state: 'running', place: 2, status: 'Accepted', requestId: 7 },
  ...{ timeoutSeconds: 60, startsAtMs: null, expiresAtMs: null },
}

test('PublishFirmwareStatusNotification is stored, and moves its job; the URLs stand in its history', () => {
  const action = 'PublishFirmwareStatusNotification'
  const reported = (
    status: 'Downloading' | 'Published' | 'InvalidChecksum' | 'Idle',
    location?: [string, ...string[]],
  ) =>
    decide(
      publicationStatus,
      { status, requestId: 7, ...(location === undefined ? {} : { location }) },
      { action, jobs: [job] },
    )
  expect(reported('Downloading').changes).toMatchObject([
    { table: 'chargePointEvents', row: { action } },
    { table: 'jobEvents', row: { state: 'running', status: 'Downloading' } },
  ])
  const url = 'http://10.0.0.1/f.bin'
  const many: [string, ...string[]] = [url, ...Array.from({ length: jobDetailItemsMax }, () => url)]
  const { changes } = reported('Published', many)
  const location = many.slice(1)
  expect(changes.at(-1)).toMatchObject({ row: { state: 'succeeded', status: 'Published', detail: { location } } })
  expect(reported('InvalidChecksum').changes.at(-1)).toMatchObject({ row: { state: 'failed' } })
  expect(reported('Idle').changes).toHaveLength(1)
})

test('every status of the schema means something, but Idle', () => {
  const statusesOf = (version: OcppVersion, action: string, type: string): unknown => {
    const schema = JSON.stringify(rowOf(version, action)?.request)
    return JSON.parse(new RegExp(`"${type}":{[^{}]*"enum":(\\[[^\\]]*\\])`).exec(schema)?.[1] ?? '[]').toSorted()
  }
  const statuses = (reports: object) => [...Object.keys(reports), 'Idle'].toSorted()
  const publish = ['PublishFirmwareStatusNotification', 'PublishFirmwareStatusEnumType'] as const
  const update = ['FirmwareStatusNotification', 'FirmwareStatusEnumType'] as const
  for (const version of ['2.0.1', '2.1'] as const) {
    expect(statusesOf(version, ...publish)).toEqual(statuses(firmwarePublication.reports))
    expect(statusesOf(version, ...update)).toEqual(statuses(firmwareUpdate.reports))
  }
  expect(statusesOf('1.6', 'SignedFirmwareStatusNotification', 'FirmwareStatusEnumType')).toEqual(
    statuses(firmwareUpdate.reports),
  )
  expect(firmwarePublication.answered('2.0.1', { status: 'Rejected' }, {})).toMatchObject({ type: 'refused' })
  expect(firmwarePublication.answered('2.0.1', {}, {})).toBeNull()
})
