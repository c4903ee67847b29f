// Configuration keys of 1.6, and variables of 2.x with the same field names.

import { describe, expect, test } from 'bun:test'
import {
  changeConfigurationCommand,
  changeConfigurationOutcome,
  configurationOf,
  configurationOfVariables,
  getConfigurationCommand,
} from '../../../../src/blocks/provisioning/configuration-commands.ts'
import { keyOfVariable, standardKeys2x, variableOfKey } from '../../../../src/blocks/provisioning/variable-name.ts'
import type { VariableName } from '../../../../src/blocks/provisioning/variable-name.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'

const heartbeat = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }

describe('a 2.x key', () => {
  const plain: VariableName = {
    componentName: 'OCPPCommCtrlr',
    componentInstance: '',
    evseId: 0,
    connectorId: 0,
    variableName: 'HeartbeatInterval',
    variableInstance: '',
  }

  test.each([
    ['OCPPCommCtrlr.HeartbeatInterval', plain],
    [
      'OCPPCommCtrlr.MessageAttempts[TransactionEvent]',
      { ...plain, variableName: 'MessageAttempts', variableInstance: 'TransactionEvent' },
    ],
    [
      'Connector@1/2.AvailabilityState',
      { ...plain, componentName: 'Connector', evseId: 1, connectorId: 2, variableName: 'AvailabilityState' },
    ],
    ['EVSE@3.Power', { ...plain, componentName: 'EVSE', evseId: 3, variableName: 'Power' }],
    ['Fan[left.1].Speed', { ...plain, componentName: 'Fan', componentInstance: 'left.1', variableName: 'Speed' }],
  ])('%s is parsed, and formatted again', (key, name) => {
    expect(variableOfKey(key)).toEqual(name)
    expect(keyOfVariable(name)).toBe(key)
  })

  test.each(['Nonsense', '', '.', 'A.', '.B', 'A[.B', 'A@x.B', 'A@1/.B'])('%p is invalid', (key) => {
    expect(variableOfKey(key)).toBeNull()
  })

  test('may be a standard key of 1.6', () => {
    expect(variableOfKey('HeartbeatInterval')).toEqual(plain)
  })

  test('exists for every standard variable', () => {
    for (const key of standardKeys2x) {
      const name = variableOfKey(key)
      expect(name).not.toBeNull()
      if (name !== null) expect(keyOfVariable(name)).toBe(key)
    }
  })
})

describe('reading the configuration', () => {
  test('asks for everything in 1.6 without a list of keys, because some charge points mishandle lists', () => {
    expect(getConfigurationCommand('1.6', [])).toMatchObject({ action: 'GetConfiguration', payload: {} })
  })

  test('asks for given keys in 1.6', () => {
    const command = getConfigurationCommand('1.6', ['HeartbeatInterval'])
    expect(command).toMatchObject({ payload: { key: ['HeartbeatInterval'] } })
  })

  test('asks for variables in 2.0.1', () => {
    const command = getConfigurationCommand('2.0.1', ['HeartbeatInterval', 'EVSE@1.Power'])
    if ('badKey' in command) throw new Error(command.badKey)
    expect(command.payload).toEqual({
      getVariableData: [heartbeat, { component: { name: 'EVSE', evse: { id: 1 } }, variable: { name: 'Power' } }],
    })
    expect(checkRequest('2.0.1', command.action, command.payload)).toEqual([])
  })

  test('names the key that is invalid in 2.0.1', () => {
    expect(getConfigurationCommand('2.0.1', ['EVSE@1.Power', 'Nonsense'])).toEqual({ badKey: 'Nonsense' })
  })

  test('shows the answer of a 1.6 charge point, with a secret key without its value', () => {
    const answer = {
      configurationKey: [
        { key: 'HeartbeatInterval', readonly: false, value: '300' },
        { key: 'AuthorizationKey', readonly: false },
        { key: 'NumberOfConnectors', readonly: true, value: 2 },
      ],
      unknownKey: ['Foo'],
    }
    expect(configurationOf('1.6', [], answer, [])).toEqual({
      configurationKey: [
        { key: 'HeartbeatInterval', readonly: false, value: '300' },
        { key: 'AuthorizationKey', readonly: false },
        { key: 'NumberOfConnectors', readonly: true, value: '2' },
      ],
      unknownKey: ['Foo'],
    })
  })

  test('shows the answer of a 2.0.1 charge point with the field names of 1.6', () => {
    const answer = {
      getVariableResult: [
        { attributeStatus: 'Accepted', attributeValue: '300', ...heartbeat },
        { attributeStatus: 'Rejected', component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } },
        {
          attributeStatus: 'Accepted',
          attributeValue: '22000',
          component: { name: 'EVSE', evse: { id: 1 } },
          variable: { name: 'Power' },
        },
        { attributeStatus: 'UnknownVariable', component: { name: 'EVSE' }, variable: { name: 'Taste' } },
      ],
    }
    const keys = ['HeartbeatInterval', 'SecurityCtrlr.BasicAuthPassword', 'EVSE@1.Power', 'EVSE.Taste']
    const stored = [{ key: 'EVSE@1.Power', readonly: true }]
    expect(configurationOf('2.0.1', keys, answer, stored)).toEqual({
      configurationKey: [
        { key: 'OCPPCommCtrlr.HeartbeatInterval', readonly: false, value: '300' },
        { key: 'SecurityCtrlr.BasicAuthPassword', readonly: false },
        { key: 'EVSE@1.Power', readonly: true, value: '22000' },
      ],
      unknownKey: ['EVSE.Taste'],
    })
  })

  test('is null if nothing in the answer can be read', () => {
    for (const answer of [
      { configurationKey: 'none' },
      { configurationKey: [{ value: '300' }, null] },
      { unknownKey: 'HeartbeatInterval' },
      { configurationKey: null, status: 'Rejected' },
      { status: 'Rejected' },
    ]) {
      expect([answer, configurationOf('1.6', [], answer, [])]).toEqual([answer, null])
    }
    for (const answer of [
      {},
      { getVariableResult: 'none' },
      { getVariableResult: [] },
      { getVariableResult: [null] },
    ]) {
      expect([answer, configurationOf('2.0.1', ['A.B'], answer, [])]).toEqual([answer, null])
    }
  })

  test('has the readable part of an answer that is partly invalid', () => {
    const answer = { configurationKey: [null, { key: 'HeartbeatInterval', value: 300 }], unknownKey: 'none' }
    expect(configurationOf('1.6', [], answer, [])).toEqual({
      configurationKey: [{ key: 'HeartbeatInterval', readonly: false, value: '300' }],
      unknownKey: [],
    })
    const results = { getVariableResult: [null, { attributeStatus: 'UnknownVariable' }, { attributeValue: '1' }] }
    expect(configurationOf('2.0.1', ['A.B', 'C.D', 'E.F'], results, [])).toEqual({
      configurationKey: [{ key: 'E.F', readonly: false, value: '1' }],
      unknownKey: ['C.D'],
    })
  })

  test('may be empty in 1.6, where both lists may be left out', () => {
    for (const answer of [{}, { configurationKey: [] }, { configurationKey: [], unknownKey: [] }]) {
      expect(configurationOf('1.6', [], answer, [])).toEqual({ configurationKey: [], unknownKey: [] })
    }
  })

  test('shows the Actual values of a stored device model', () => {
    const variable = {
      componentName: 'OCPPCommCtrlr',
      componentInstance: '',
      evseId: 0,
      connectorId: 0,
      variableName: 'HeartbeatInterval',
      variableInstance: '',
      attributeType: 'Actual',
      value: '300',
      mutability: 'ReadWrite',
      persistent: true,
      constant: false,
      characteristics: null,
      isReported: true,
    }
    expect(
      configurationOfVariables([
        variable,
        { ...variable, attributeType: 'MaxSet', value: '900' },
        { ...variable, variableName: 'FieldLength', mutability: 'ReadOnly', value: null },
      ]),
    ).toEqual([
      { key: 'OCPPCommCtrlr.HeartbeatInterval', readonly: false, value: '300' },
      { key: 'OCPPCommCtrlr.FieldLength', readonly: true },
    ])
  })
})

describe('changing the configuration', () => {
  test('is a ChangeConfiguration in 1.6 and a SetVariables in 2.0.1', () => {
    const command16 = changeConfigurationCommand('1.6', 'HeartbeatInterval', '600')
    const command201 = changeConfigurationCommand('2.0.1', 'HeartbeatInterval', '600')
    expect(command16).toMatchObject({
      action: 'ChangeConfiguration',
      payload: { key: 'HeartbeatInterval', value: '600' },
    })
    expect(command201?.payload).toEqual({ setVariableData: [{ attributeValue: '600', ...heartbeat }] })
    expect(checkRequest('2.0.1', 'SetVariables', command201?.payload)).toEqual([])
    expect(changeConfigurationCommand('2.0.1', 'Nonsense', '1')).toBeNull()
  })

  test('has an outcome with the status of the answer', () => {
    expect(changeConfigurationOutcome('1.6', { status: 'Accepted' })).toEqual({
      status: 'Accepted',
      message: 'Configuration updated successfully',
    })
    expect(changeConfigurationOutcome('1.6', { status: 'RebootRequired' })?.message).toContain('reboot')
    expect(
      changeConfigurationOutcome('2.0.1', { setVariableResult: [{ attributeStatus: 'UnknownVariable' }] }),
    ).toEqual({
      status: 'UnknownVariable',
      message: 'The charge point does not have this variable',
    })
    expect(changeConfigurationOutcome('1.6', { status: 'valueOf' })?.message).toBe(
      'The charge point answered the change with valueOf',
    )
    expect(changeConfigurationOutcome('2.0.1', {})).toBeNull()
    expect(changeConfigurationOutcome('1.6', {})).toBeNull()
  })
})
