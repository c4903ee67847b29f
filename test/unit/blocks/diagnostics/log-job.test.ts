// The uploads of logs: the command in each version, and what each status means.

import { expect, test } from 'bun:test'
import { logCommand, logJobs, logTypes } from '../../../../src/blocks/diagnostics/log-job.ts'
import { rowOf } from '../../../../src/blocks/messages.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { ocppVersions, type OcppVersion } from '../../../../src/ocpp/version.ts'

const request = { location: 'https://logs.example.com/', requestId: 7, retries: 2, retryIntervalSeconds: 60 }

test('each log has a valid CALL in the versions that have it, and none in the others', () => {
  const found = ocppVersions.flatMap((version) =>
    logTypes.flatMap((type) => {
      const command = logCommand(version, { ...request, type })
      if (command === null) return []
      expect(checkRequest(version, command.action, command.payload)).toEqual([])
      return `${version} ${type}: ${command.action}`
    }),
  )
  expect(found).toEqual([
    '1.6 DiagnosticsLog: GetDiagnostics',
    '1.6 SecurityLog: GetLog',
    '2.0.1 DiagnosticsLog: GetLog',
    '2.0.1 SecurityLog: GetLog',
    '2.1 DiagnosticsLog: GetLog',
    '2.1 SecurityLog: GetLog',
    '2.1 DataCollectorLog: GetLog',
  ])
})

test('every status of the schemas means something, but Idle', () => {
  const statusesOf = (version: OcppVersion, action: string): readonly string[] => {
    const schema = JSON.stringify(rowOf(version, action)?.request)
    const named = /"UploadLogStatusEnumType":{[^{}]*"enum":(\[[^\]]*\])/.exec(schema)
    const plain = /"status":{[^{}]*"enum":(\[[^\]]*\])/.exec(schema)
    return JSON.parse((plain ?? named)?.[1] ?? '[]')
  }
  const all = [
    ...statusesOf('1.6', 'DiagnosticsStatusNotification'),
    ...statusesOf('1.6', 'LogStatusNotification'),
    ...statusesOf('2.0.1', 'LogStatusNotification'),
    ...statusesOf('2.1', 'LogStatusNotification'),
  ]
  const known = Object.keys(logJobs.DiagnosticsLog.reports)
  expect([...new Set(all)].toSorted()).toEqual([...known, 'Idle'].toSorted())
})
