import { expect, test } from 'bun:test'
import { reportedProfilesMax } from '../../../../src/base/limits.ts'
import {
  clearDerCommand,
  derControlsCleared,
  derControlSet,
  derControlTypes,
  derOutcome,
  derReport,
  getDerCommand,
  notifyDerStartStop,
  readControls,
  reportDerControl,
  setDerCommand,
} from '../../../../src/blocks/smart-charging/der-controls.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import { decide } from '../../../support/known.ts'

const request = { controlId: 'a', controlType: 'VoltVar', isDefault: false, control: { priority: 0 } } as const

test('SetDERControl has the parameters under the name of their type', () => {
  expect(setDerCommand('2.1', request)).toMatchObject({ payload: { controlType: 'VoltVar', curve: { priority: 0 } } })
  for (const version of ['1.6', '2.0.1'] as const) expect(setDerCommand(version, request)).toHaveProperty('reason')
  const members = derControlTypes.map((controlType) => {
    const command = setDerCommand('2.1', { ...request, controlType })
    return 'payload' in command ? Object.keys(command.payload).at(-1) : undefined
  })
  expect(new Set(members)).toEqual(
    new Set([
      ...['curve', 'enterService', 'fixedPFAbsorb', 'fixedPFInject', 'fixedVar', 'freqDroop', 'gradient'],
      'limitMaxDischarge',
    ]),
  )
})

test('GetDERControl and ClearDERControl name what is meant', () => {
  const criteria = { isDefault: true, controlType: 'VoltVar' } as const
  expect(clearDerCommand('2.1', criteria)).toMatchObject({ action: 'ClearDERControl', payload: criteria })
  const asked = getDerCommand('2.1', { requestId: 1, controlId: 'a' })
  expect(asked?.payload).toEqual({ requestId: 1, controlId: 'a' })
  expect(checkRequest('2.1', 'GetDERControl', asked?.payload ?? {})).toEqual([])
  expect(getDerCommand('2.0.1', { requestId: 1 })).toBeNull()
})

test('each status is said in a sentence', () => {
  for (const status of ['Accepted', 'Rejected', 'NotSupported', 'NotFound'])
    expect(derOutcome(status)).toEqual({ status, message: expect.stringMatching(/charge point/) })
})

test('an answer to SetDERControl tells the control, and what it supersedes, if it accepts it', () => {
  const sent = { isDefault: false, controlId: 'a', controlType: 'VoltVar', curve: { priority: 0 } }
  expect(derControlSet(sent, { status: 'Rejected', supersededIds: ['b'] })).toEqual([])
  expect(derControlSet(sent, { status: 'Accepted', supersededIds: ['b', 3] })).toMatchObject([
    { table: 'derControls', row: { controlId: 'a', control: { priority: 0 }, isReported: false } },
    { table: 'derControlEvents', row: { controlId: 'b', event: 'superseded', otherId: 'a' } },
  ])
})

test('an answer to ClearDERControl clears one control, or all of a type', () => {
  const answer = { status: 'Accepted' }
  expect(derControlsCleared({ isDefault: false, controlId: 'a' }, answer)).toMatchObject([
    { row: { controlId: 'a', event: 'cleared' } },
  ])
  expect(derControlsCleared({ isDefault: true }, { status: 'NotFound' })).toMatchObject([
    { table: 'derClearings', row: { isDefault: true, controlType: '' } },
  ])
  expect(derControlsCleared({ isDefault: true }, { status: 'Rejected' })).toEqual([])
})

test('ReportDERControl stores each control of its lists; of long lists the first ones', () => {
  const curve = { curveType: 'VoltVar', isDefault: false, isSuperseded: false, curve: { priority: 0 } }
  const many = Array.from({ length: reportedProfilesMax + 1 }, (_, at) => ({ ...curve, id: `c-${at}` }))
  expect(readControls['curve']?.([...many, ...many])).toHaveLength(reportedProfilesMax + 1)
  const report = { requestId: 1, curve: many, gradient: [{ id: 'g', gradient: { priority: 0 } }] }
  const { changes } = decide(reportDerControl, report as never)
  expect(changes).toHaveLength(1 + reportedProfilesMax + 1 + 1)
  expect(changes.at(-1)).toMatchObject({ table: 'deviceReports', row: { parts: [[1, 1]], lastSeqNo: 1 } })
  expect(changes.at(-2)).toMatchObject({ row: { controlId: 'g', controlType: 'Gradients', isDefault: true } })
})

test('NotifyDERStartStop says whether a control is followed, and what it supersedes', () => {
  const timestamp = '2026-01-01T00:00:00Z'
  const { changes } = decide(notifyDerStartStop, { controlId: 'a', started: true, timestamp, supersededIds: ['b'] })
  expect(changes).toMatchObject([
    { table: 'chargePointEvents' },
    { row: { controlId: 'a', event: 'started', occurredAtMs: Date.parse(timestamp) } },
    { row: { controlId: 'b', event: 'superseded', otherId: 'a' } },
  ])
})

test('the job of a report ends with its answer if there is nothing to report', () => {
  const types = ['Accepted', 'NotFound', 'NotSupported'].map(
    (status) => derReport.answered('2.1', { status }, {})?.type,
  )
  expect(types).toEqual(['accepted', 'done', 'refused'])
  expect(derReport.answered('2.1', {}, {})).toBeNull()
})
