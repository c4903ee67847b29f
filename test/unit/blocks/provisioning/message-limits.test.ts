// How many entries a charge point takes in one message, as its own variables say.

import { describe, expect, test } from 'bun:test'
import { limitsOf, slicesOf } from '../../../../src/blocks/provisioning/message-limits.ts'
import type { VariableRecord } from '../../../../src/blocks/provisioning/records.ts'
import { variablesPerCallMax } from '../../../../src/base/limits.ts'

function stored(
  variableName: string,
  variableInstance: string,
  value: string,
  attributeType = 'Actual',
): VariableRecord {
  const none = { componentInstance: '', evseId: 0, connectorId: 0, pendingValue: null, characteristics: null }
  return {
    ...none,
    ...{ componentName: 'DeviceDataCtrlr', variableName, variableInstance, attributeType, value },
    ...{ mutability: 'ReadOnly', persistent: false, constant: false, isReported: true, generatedAtMs: null },
    updatedAtMs: 0,
  }
}

const messageOf = (entries: readonly object[]) => ({ action: 'GetVariables', payload: { getVariableData: entries } })

describe('the limits of a charge point', () => {
  test('are of the message, by whichever name it gives it', () => {
    const told = [
      stored('ItemsPerMessage', 'GetReport', '9'),
      stored('itemspermessage', 'getvariables', '4'),
      stored('ItemsPerMessage', 'SetVariable', '', 'Actual'),
      stored('ItemsPerMessage', 'SetVariable', '7', 'MaxSet'),
      stored('BytesPerMessage', 'GetVariables', '500'),
    ]
    expect(limitsOf('2.0.1', 'GetVariables', told)).toEqual({ itemsMax: 4, bytesMax: 500 })
    expect(limitsOf('2.1', 'SetVariables', told)).toEqual({ itemsMax: 7, bytesMax: Infinity })
    const key = stored('GetConfigurationMaxKeys', '', '3')
    expect(limitsOf('1.6', 'GetConfiguration', [key])).toEqual({ itemsMax: 3, bytesMax: Infinity })
  })

  test.each(['', '0', '-1', '1.5', 'many'])('that are told as %p are not known', (value) => {
    const told = [stored('ItemsPerMessage', 'GetVariables', value)]
    expect(limitsOf('2.0.1', 'GetVariables', told).itemsMax).toBe(variablesPerCallMax)
    expect(limitsOf('1.6', 'GetConfiguration', told).itemsMax).toBe(Infinity)
  })
})

describe('entries', () => {
  const entries = Array.from({ length: 7 }, (_, at) => ({ name: `V${at}` }))

  test('are split by their number, in their order', () => {
    const slices = slicesOf(entries, { itemsMax: 3, bytesMax: Infinity }, messageOf)
    expect(slices.map((slice) => slice.length)).toEqual([3, 3, 1])
    expect(slices.flat()).toEqual(entries)
    expect(slicesOf([], { itemsMax: 3, bytesMax: 10 }, messageOf)).toEqual([])
  })

  test('are split so that no frame is longer than the charge point takes; one that is too long goes alone', () => {
    const bytesMax = 150
    const slices = slicesOf(
      [...entries, { name: 'ü'.repeat(200) }, { name: 'V' }],
      { itemsMax: 99, bytesMax },
      messageOf,
    )
    const bytes = slices.map((slice) => {
      const { action, payload } = messageOf(slice)
      return Buffer.byteLength(JSON.stringify([2, crypto.randomUUID(), action, payload]))
    })
    expect(slices.flat()).toHaveLength(entries.length + 2)
    expect(bytes.filter((length) => length > bytesMax)).toHaveLength(1)
    expect(slices.length).toBeLessThan(entries.length)
  })
})
