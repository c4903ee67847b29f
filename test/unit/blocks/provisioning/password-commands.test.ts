// Which CALLs set the password of a charge point, and what their answers say about it.

import { describe, expect, test } from 'bun:test'
import type { Payload } from '../../../../src/blocks/decision.ts'
import { rowOf } from '../../../../src/blocks/messages.ts'
import type { OcppVersion } from '../../../../src/ocpp/version.ts'

function passwordsSetBy(version: OcppVersion, action: string, payload: Payload): readonly string[] {
  return rowOf(version, action)?.password?.setBy(payload) ?? []
}

function rotationOutcome(version: OcppVersion, request: Payload, answer: Payload) {
  const action = version === '1.6' ? 'ChangeConfiguration' : 'SetVariables'
  return rowOf(version, action)?.password?.outcome(request, answer)
}

const password = { component: { name: 'SecurityCtrlr' }, variable: { name: 'BasicAuthPassword' } }
const interval = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }
const request = {
  setVariableData: [
    { ...interval, attributeValue: '300' },
    { ...password, attributeValue: 'secret' },
  ],
}

describe('a password is set', () => {
  test.each(['AuthorizationKey', 'authorizationkey', 'AUTHORIZATIONKEY'])('by ChangeConfiguration of %s', (key) => {
    expect(passwordsSetBy('1.6', 'ChangeConfiguration', { key, value: 'secret' })).toEqual(['secret'])
  })

  test('by SetVariables, at any place in the list and in any letter case', () => {
    expect(passwordsSetBy('2.0.1', 'SetVariables', request)).toEqual(['secret'])
    const shouted = { component: { name: 'SECURITYCTRLR' }, variable: { name: 'basicauthpassword' } }
    const twice = { setVariableData: [...request.setVariableData, { ...shouted, attributeValue: 'other' }] }
    expect(passwordsSetBy('2.0.1', 'SetVariables', twice)).toEqual(['secret', 'other'])
  })

  test.each([
    ['1.6', 'ChangeConfiguration', { key: 'HeartbeatInterval', value: '300' }],
    ['1.6', 'GetConfiguration', { key: ['AuthorizationKey'] }],
    ['1.6', 'DataTransfer', { key: 'AuthorizationKey', value: 'x' }],
    ['2.0.1', 'GetVariables', { getVariableData: [password] }],
    ['2.0.1', 'SetVariables', { setVariableData: [{ ...interval, attributeValue: '300' }] }],
    ['2.0.1', 'SetVariables', { setVariableData: [{ ...password, attributeType: 'MaxSet', attributeValue: '40' }] }],
  ] as const)('by nothing else (%s %s %j)', (version, action, payload) => {
    expect(passwordsSetBy(version, action, payload)).toEqual([])
  })
})

describe('an answer', () => {
  test.each([
    ['Accepted', 'accepted'],
    ['RebootRequired', 'unknown'],
    ['Rejected', 'refused'],
    ['NotSupported', 'refused'],
    ['accepted', 'unknown'],
    [undefined, 'unknown'],
    [7, 'unknown'],
  ] as const)('of 1.6 with the status %p means %s', (status, outcome) => {
    expect(rotationOutcome('1.6', { key: 'AuthorizationKey', value: 'x' }, { status })).toBe(outcome)
  })

  test.each([
    ['Accepted', 'accepted'],
    ['RebootRequired', 'unknown'],
    ['Rejected', 'refused'],
    ['UnknownComponent', 'refused'],
    ['UnknownVariable', 'refused'],
    ['NotSupportedAttributeType', 'refused'],
    ['Perhaps', 'unknown'],
  ] as const)(
    'of 2.x with %p for the password means %s, whatever it says of the others',
    (attributeStatus, outcome) => {
      const others = ['Accepted', 'Rejected'].map((other) => ({ ...interval, attributeStatus: other }))
      for (const other of others) {
        const setVariableResult = [{ ...password, attributeStatus }, other]
        expect(rotationOutcome('2.0.1', request, { setVariableResult })).toBe(outcome)
      }
    },
  )

  test.each([
    [{}],
    [{ setVariableResult: 'Accepted' }],
    [{ setVariableResult: [] }],
    [{ setVariableResult: [{ attributeStatus: 'Accepted' }] }],
    [
      {
        setVariableResult: [
          { ...interval, attributeStatus: 'Accepted' },
          { ...interval, attributeStatus: 'Accepted' },
        ],
      },
    ],
  ])('of 2.x without a result for the password (%j) means unknown', (answer) => {
    expect(rotationOutcome('2.0.1', request, answer)).toBe('unknown')
  })
})

describe('SetNetworkProfile of 2.1', () => {
  const profile = { ocppVersion: 'OCPP21', securityProfile: 2, basicAuthPassword: 'a password of a profile' }
  const setting = rowOf('2.1', 'SetNetworkProfile')?.password

  test('may bring a password', () => {
    expect(passwordsSetBy('2.1', 'SetNetworkProfile', { connectionData: profile })).toEqual(['a password of a profile'])
    const { basicAuthPassword: _, ...without } = profile
    expect(passwordsSetBy('2.1', 'SetNetworkProfile', { connectionData: without })).toEqual([])
  })

  test.each([
    ['Accepted', 'unknown'],
    ['Rejected', 'refused'],
    ['Failed', 'refused'],
    ['Perhaps', 'unknown'],
  ] as const)('answered with %s leaves it %s', (status, outcome) => {
    expect(setting?.outcome({}, { status })).toBe(outcome)
  })
})
