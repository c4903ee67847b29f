// Monitors: the CALLs of each version against their schemas, what the answers tell, and NotifyMonitoringReport.

import { describe, expect, test } from 'bun:test'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { monitoringReportCommand } from '../../../../src/blocks/diagnostics/monitoring-jobs.ts'
import {
  clearingMonitors,
  monitorsCleared,
  monitorsSet,
  notifyMonitoringReport,
  settingMonitors,
  type WantedMonitor,
} from '../../../../src/blocks/diagnostics/monitors.ts'
import { arrivalMs, decide } from '../../../support/known.ts'

const named = { component: { name: 'EVSE', evse: { id: 1 } }, variable: { name: 'Temperature' } }
const name = {
  componentName: 'EVSE',
  componentInstance: '',
  evseId: 1,
  connectorId: 0,
  variableName: 'Temperature',
  variableInstance: '',
}
const wanted: WantedMonitor = { name, type: 'UpperThreshold', value: 80.5, severity: 3, isOfTransaction: false }
const limits = { itemsMax: 2, bytesMax: Infinity }

describe.each(['2.0.1', '2.1'] as const)('monitors of %s', (version) => {
  test('are set and cleared by valid CALLs, split by what the charge point takes', () => {
    const many = [wanted, { ...wanted, id: 4, isOfTransaction: true }, { ...wanted, severity: 0 }]
    const calls = [
      ...(settingMonitors(version, many, limits) ?? []),
      ...(clearingMonitors(version, [1, 2, 3], limits) ?? []),
    ]
    expect(calls.map(({ indices }) => indices)).toEqual([[0, 1], [2], [0, 1], [2]])
    for (const { command } of calls) expect(checkRequest(version, command.action, command.payload)).toEqual([])
  })

  test('are reported by a valid CALL', () => {
    const one = { ...name, variableName: null, variableInstance: '' }
    const request = { variables: [one], criteria: ['DeltaMonitoring'] as const, requestId: 1 }
    const command = monitoringReportCommand(version, request)
    expect(checkRequest(version, 'GetMonitoringReport', command?.payload)).toEqual([])
    const all = monitoringReportCommand(version, { variables: [], criteria: [], requestId: 1 })
    expect(all?.payload).toEqual({ requestId: 1 })
  })
})

test('1.6 has no monitors', () => {
  expect(settingMonitors('1.6', [wanted], limits)).toBeNull()
  expect(clearingMonitors('1.6', [1], limits)).toBeNull()
  expect(monitoringReportCommand('1.6', { variables: [], criteria: [], requestId: 1 })).toBeNull()
})

describe('an answer', () => {
  const data = { ...named, type: 'UpperThreshold', value: 80.5, severity: 3 }
  const result = { ...named, type: 'UpperThreshold', severity: 3, status: 'Accepted', id: 9 }

  test('tells the id of each monitor, in whatever order, also of two of one type', () => {
    const delta = { ...data, type: 'Delta' }
    const setMonitoringData = [data, delta, data]
    const setMonitoringResult = [
      { ...result, type: 'Delta', id: 1 },
      { ...result, id: 2 },
      { ...result, id: 3 },
    ]
    const [call] =
      settingMonitors('2.0.1', [wanted, { ...wanted, type: 'Delta' }, wanted], { ...limits, itemsMax: 9 }) ?? []
    expect(call?.read({ setMonitoringResult }).map(({ id }) => id)).toEqual([2, 1, 3])
    const told = monitorsSet({ setMonitoringData }, { setMonitoringResult })
    expect(told.map(({ row }) => ('monitorId' in row ? row.monitorId : null))).toEqual([2, 1, 3])
    expect(told[0]).toMatchObject({ table: 'monitors', row: { ...name, type: 'UpperThreshold', value: 80.5 } })
  })

  test('is read once, however many monitors it is about', () => {
    let reads = 0
    const many = Array.from({ length: 200 }, (_, at) => ({ ...wanted, name: { ...name, variableName: `V${at}` } }))
    const setMonitoringResult = many
      .map((one, id) => ({ ...result, id, component: counted(), variable: { name: one.name.variableName } }))
      .toReversed()
    function counted() {
      return {
        get name() {
          reads++
          return 'EVSE'
        },
        evse: { id: 1 },
      }
    }
    const [call] = settingMonitors('2.0.1', many, { ...limits, itemsMax: 200 }) ?? []
    reads = 0
    expect(call?.read({ setMonitoringResult }).map(({ id }) => id)).toEqual(many.map((_, id) => id))
    expect(reads).toBeLessThanOrEqual(4 * many.length)
  })

  test.each([
    ['refuses', [{ ...result, status: 'Rejected' }]],
    ['has no id', [{ ...result, id: undefined }]],
    ['has none', []],
    ['is no list', 'Accepted'],
  ])('that %s tells nothing', (_, setMonitoringResult) => {
    expect(monitorsSet({ setMonitoringData: [data] }, { setMonitoringResult })).toEqual([])
  })

  test('tells which monitors are gone', () => {
    const clearMonitoringResult = [
      { id: 1, status: 'Accepted' },
      { id: 2, status: 'NotFound' },
      { id: 3, status: 'Rejected' },
    ]
    const gone = monitorsCleared({}, { clearMonitoringResult })
    expect(gone).toMatchObject([
      { isCleared: true, row: { monitorId: 1 } },
      { isCleared: true, row: { monitorId: 2 } },
    ])
  })
})

test('NotifyMonitoringReport is stored as an event, as monitors, and as a part of a report', () => {
  const monitor = { id: 7, transaction: true, value: 80.5, type: 'UpperThreshold', severity: 3 } as const
  const generatedAt = '2026-01-01T00:00:00Z'
  const payload = { requestId: 5, seqNo: 0, generatedAt, monitor: [{ ...named, variableMonitoring: [monitor] }] }
  const { answer, changes } = decide(
    notifyMonitoringReport,
    payload as Parameters<typeof notifyMonitoringReport.decide>[0],
  )
  expect(answer).toEqual({})
  const generatedAtMs = Date.parse(generatedAt)
  expect(changes).toMatchObject([
    { table: 'chargePointEvents' },
    { table: 'monitors', row: { monitorId: 7, ...name, severity: 3, isOfTransaction: true, generatedAtMs } },
    { table: 'deviceReports', row: { kind: 'monitors', requestId: 5, lastSeqNo: 0, beganAtMs: arrivalMs } },
    { table: 'wholeReports', row: { kind: 'monitors', requestId: 5, word: 'complete', beganAtMs: arrivalMs } },
  ])
})
