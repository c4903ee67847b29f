import { expect, test } from 'bun:test'
import { StationSettings } from '../../../src/simulator/station-settings.ts'

test('a setting is one value under its 1.6 key and its 2.x variable', () => {
  const settings = new StationSettings()
  const row = settings.byKey('meterValueSampleInterval')
  expect(row).toBe(settings.byVariable('SampledDataCtrlr', 'TxUpdatedInterval'))
  if (row !== undefined) expect(settings.change(row, '15')).toBe(true)
  expect(settings.seconds('MeterValueSampleInterval')).toBe(15)
})

test('a value that does not fit its kind changes nothing', () => {
  const settings = new StationSettings()
  const interval = settings.byKey('HeartbeatInterval')
  const flag = settings.byKey('LocalPreAuthorize')
  if (interval === undefined || flag === undefined) throw new Error('The table lacks a row.')
  expect(settings.change(interval, '-1')).toBe(false)
  expect(settings.change(interval, 'soon')).toBe(false)
  expect(settings.change(flag, 'yes')).toBe(false)
  expect(settings.change(flag, 'true')).toBe(true)
  expect(interval.value).toBe('300')
})

test('what is read-only stays as it is', () => {
  const settings = new StationSettings()
  const row = settings.byKey('GetConfigurationMaxKeys')
  if (row === undefined) throw new Error('The table lacks a row.')
  expect(settings.change(row, '5')).toBe(false)
})

test('instances of a variable are distinguished', () => {
  const settings = new StationSettings()
  expect(settings.byVariable('OCPPCommCtrlr', 'MessageAttempts')).toBeUndefined()
  expect(settings.byVariable('OCPPCommCtrlr', 'MessageAttempts', 'TransactionEvent')).toBeDefined()
})
