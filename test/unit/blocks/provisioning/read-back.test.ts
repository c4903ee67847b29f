// Accepted but never applied: what is read again, and what counts as another value.

import { expect, test } from 'bun:test'
import { configurationReadBack, variablesReadBack } from '../../../../src/blocks/provisioning/read-back.ts'

const accepted = { status: 'Accepted' }

test('a key of 1.6 that was accepted is read again, in whatever letter case it comes back', () => {
  const reading = configurationReadBack({ key: 'MeterValuesSampledData', value: 'A, B' }, accepted)
  expect(reading?.command).toMatchObject({ action: 'GetConfiguration', payload: { key: ['MeterValuesSampledData'] } })
  const told = (value: unknown) => reading?.differing({ configurationKey: [{ key: 'metervaluessampleddata', value }] })
  expect(told('a,b')).toEqual([])
  expect(told(undefined)).toEqual([])
  expect(told('A')).toEqual([{ key: 'MeterValuesSampledData', wanted: 'A, B', found: 'A' }])
  expect(reading?.differing({ unknownKey: ['MeterValuesSampledData'] })).toEqual([])
})

test.each([
  ['was not accepted', { key: 'A', value: '1' }, { status: 'RebootRequired' }],
  ['is a secret', { key: 'AuthorizationKey', value: '0123456789abcdef' }, accepted],
  ['has no value', { key: 'A' }, accepted],
])('a key that %s is not read again', (_, request, answer) => {
  expect(configurationReadBack(request, answer)).toBeNull()
})

test('variables of 2.x that were accepted are read again together, but no secrets', () => {
  const named = (component: string, variable: string) => ({
    component: { name: component },
    variable: { name: variable },
  })
  const sent = [named('A', 'X'), named('A', 'Y'), named('SecurityCtrlr', 'BasicAuthPassword')]
  const setVariableData = sent.map((each) => ({ ...each, attributeValue: '1' }))
  const setVariableResult = sent.map((each, at) => ({ ...each, attributeStatus: at === 1 ? 'Rejected' : 'Accepted' }))
  const reading = variablesReadBack({ setVariableData }, { setVariableResult })
  expect(reading?.command).toMatchObject({ action: 'GetVariables', payload: { getVariableData: [named('A', 'X')] } })
  const told = (attributeValue: string, attributeStatus = 'Accepted') =>
    reading?.differing({ getVariableResult: [{ ...named('A', 'X'), attributeStatus, attributeValue }] })
  expect(told('1')).toEqual([])
  expect(told('2')).toEqual([{ key: 'A.X', wanted: '1', found: '2' }])
  expect(told('2', 'Rejected')).toEqual([])
})
