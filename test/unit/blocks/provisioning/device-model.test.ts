import { describe, expect, test } from 'bun:test'
import {
  configurationChanged,
  configurationTold,
  notifyReport,
  variablesChanged,
  variablesTold,
} from '../../../../src/blocks/provisioning/device-model.ts'
import type { NewRow } from '../../../../src/blocks/stored-rows.ts'
import { arrivalMs, decide } from '../../../support/known.ts'

const report = { requestId: 1, generatedAt: '2026-01-01T00:00:00Z', seqNo: 0 }

function rowsOf(...reportData: NonNullable<Parameters<typeof notifyReport.decide>[0]['reportData']>) {
  return decide(notifyReport, { ...report, reportData }).changes.filter((change) => change.table === 'variables')
}

describe('NotifyReport', () => {
  test('stores each attribute of a variable, with its location and characteristics', () => {
    const rows = rowsOf({
      component: { name: 'Connector', instance: 'left', evse: { id: 2, connectorId: 1 } },
      variable: { name: 'Power', instance: 'max' },
      variableAttribute: [
        { type: 'Target', value: '11000', mutability: 'ReadWrite', persistent: true },
        { type: 'MaxSet', value: '22000', mutability: 'ReadOnly', constant: true },
      ],
      variableCharacteristics: { dataType: 'decimal', supportsMonitoring: true, unit: 'W' },
    })
    const place = { componentName: 'Connector', componentInstance: 'left', evseId: 2, connectorId: 1 }
    const variable = { ...place, variableName: 'Power', variableInstance: 'max' }
    const characteristics = { dataType: 'decimal', supportsMonitoring: true, unit: 'W' }
    const reported = { characteristics, isReported: true, generatedAtMs: Date.UTC(2026, 0, 1) }
    const target = {
      attributeType: 'Target',
      value: '11000',
      mutability: 'ReadWrite',
      persistent: true,
      constant: false,
    }
    const max = { attributeType: 'MaxSet', value: '22000', mutability: 'ReadOnly', persistent: false, constant: true }
    expect(rows).toEqual([
      { table: 'variables', row: { ...variable, ...target, ...reported } },
      { table: 'variables', row: { ...variable, ...max, ...reported } },
    ])
  })

  test('stores an attribute without type and EVSE as the Actual value of the charging station', () => {
    const [stored] = rowsOf({ component: { name: 'C' }, variable: { name: 'V' }, variableAttribute: [{}] })
    expect(stored).toMatchObject({
      row: { attributeType: 'Actual', value: null, mutability: null, evseId: 0, connectorId: 0, characteristics: null },
    })
  })

  test('does not store a password that a charge point reports', () => {
    const [stored] = rowsOf({
      component: { name: 'SecurityCtrlr' },
      variable: { name: 'BasicAuthPassword' },
      variableAttribute: [{ value: 'secret' }],
    })
    expect(stored).toMatchObject({ row: { variableName: 'BasicAuthPassword', value: null } })
  })

  test('without variables, as the last part may be, is answered, and only that it came is stored', () => {
    const row: NewRow<'deviceReports'> = {
      kind: 'variables',
      requestId: 1,
      parts: [[0, 0]],
      lastSeqNo: 0,
      generatedAtMs: Date.UTC(2026, 0, 1),
      beganAtMs: arrivalMs,
    }
    expect(decide(notifyReport, report)).toEqual({
      answer: {},
      changes: [{ table: 'deviceReports', row }],
      anomalies: [],
    })
  })
})

const heartbeat = { component: { name: 'OCPPCommCtrlr' }, variable: { name: 'HeartbeatInterval' } }
const named = {
  componentName: 'OCPPCommCtrlr',
  componentInstance: '',
  evseId: 0,
  connectorId: 0,
  variableName: 'HeartbeatInterval',
  variableInstance: '',
  attributeType: 'Actual',
}

describe('an answer', () => {
  test('to GetConfiguration tells each key, as variables of one component; never a password', () => {
    const configurationKey = [
      { key: 'HeartbeatInterval', readonly: false, value: 300 },
      { key: 'NumberOfConnectors', readonly: true, value: '2' },
      { key: 'AuthorizationKey', readonly: false, value: 'secret' },
      { key: 'Empty', readonly: false },
      { readonly: false },
    ]
    expect(
      configurationTold({}, { configurationKey }).map(({ row }) => ('value' in row ? [row.value, row] : null)),
    ).toMatchObject([
      ['300', { componentName: 'Configuration', variableName: 'HeartbeatInterval', mutability: 'ReadWrite' }],
      ['2', { componentName: 'Configuration', variableName: 'NumberOfConnectors', mutability: 'ReadOnly' }],
      [null, { variableName: 'AuthorizationKey' }],
      [null, { variableName: 'Empty' }],
    ])
    expect(configurationTold({}, { configurationKey: 'none' })).toEqual([])
  })

  test.each([
    ['Accepted', 'acceptedValue', { value: '60' }],
    ['RebootRequired', 'pendingValue', { pendingValue: '60' }],
  ] as const)('%s to ChangeConfiguration or SetVariables tells the %s', (status, tells, values) => {
    expect(configurationChanged({ key: 'HeartbeatInterval', value: '60' }, { status })).toMatchObject([
      { tells, row: { componentName: 'Configuration', variableName: 'HeartbeatInterval', ...values } },
    ])
    const setVariableData = [{ ...heartbeat, attributeValue: '60' }]
    const byName = { setVariableResult: [{ ...heartbeat, attributeStatus: status }] }
    const byPlace = { setVariableResult: [{ attributeStatus: status }] }
    for (const answer of [byName, byPlace]) {
      expect(variablesChanged({ setVariableData }, answer)).toMatchObject([{ tells, row: { ...named, ...values } }])
    }
  })

  test('tells a URL that was set without its password', () => {
    const url = 'wss://CP1:a-password@csms.example.com'
    const hidden = { row: { value: 'wss://CP1:***@csms.example.com' } }
    expect(configurationChanged({ key: 'CentralSystemURL', value: url }, { status: 'Accepted' })).toMatchObject([
      hidden,
    ])
    const setVariableData = [{ ...heartbeat, attributeValue: url }]
    const setVariableResult = [{ ...heartbeat, attributeStatus: 'Accepted' }]
    expect(variablesChanged({ setVariableData }, { setVariableResult })).toMatchObject([hidden])
  })

  test.each(['WifiPSK', 'FtpPasswd', 'AdminPwd'])('tells no value of %s', (key) => {
    expect(configurationChanged({ key, value: 'hunter2' }, { status: 'Accepted' })).toMatchObject([
      { row: { value: null } },
    ])
  })

  test('that refuses a value tells nothing', () => {
    expect(configurationChanged({ key: 'A', value: '1' }, { status: 'Rejected' })).toEqual([])
    const setVariableData = [{ ...heartbeat, attributeValue: '60' }]
    expect(
      variablesChanged({ setVariableData }, { setVariableResult: [{ ...heartbeat, attributeStatus: 'Rejected' }] }),
    ).toEqual([])
  })

  test('to GetVariables tells the values of the variables that it has', () => {
    const getVariableResult = [
      { ...heartbeat, attributeStatus: 'Accepted', attributeValue: '300' },
      { ...heartbeat, attributeType: 'Target', attributeStatus: 'Rejected' },
      {
        component: { name: 'X' },
        variable: { name: 'SharedSecret' },
        attributeStatus: 'Accepted',
        attributeValue: 's',
      },
    ]
    expect(variablesTold({}, { getVariableResult })).toMatchObject([
      { tells: 'value', row: { ...named, value: '300' } },
      { tells: 'value', row: { variableName: 'SharedSecret', value: null } },
    ])
  })
})
