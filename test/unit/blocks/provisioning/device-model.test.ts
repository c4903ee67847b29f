import { describe, expect, test } from 'bun:test'
import { notifyReport } from '../../../../src/blocks/provisioning/device-model.ts'
import { decide } from '../../../support/known.ts'

const report = { requestId: 1, generatedAt: '2026-01-01T00:00:00Z', seqNo: 0 }

function rowsOf(...reportData: NonNullable<Parameters<typeof notifyReport.decide>[0]['reportData']>) {
  return decide(notifyReport, { ...report, reportData }).changes.map((change) => ('table' in change ? change : null))
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
    const target = {
      attributeType: 'Target',
      value: '11000',
      mutability: 'ReadWrite',
      persistent: true,
      constant: false,
    }
    const max = { attributeType: 'MaxSet', value: '22000', mutability: 'ReadOnly', persistent: false, constant: true }
    expect(rows).toEqual([
      { table: 'variables', row: { ...variable, ...target, characteristics } },
      { table: 'variables', row: { ...variable, ...max, characteristics } },
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

  test('without variables, as the last part may be, is answered, and nothing is stored', () => {
    expect(decide(notifyReport, report)).toEqual({ answer: {}, changes: [], anomalies: [] })
  })
})
