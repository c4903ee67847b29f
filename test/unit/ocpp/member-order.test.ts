// The text of a sample or status, whatever the order of its members.

import { expect, test } from 'bun:test'
import { meterValueOrder, orderedText, statusOrder } from '../../../src/ocpp/member-order.ts'
import { Random } from '../../support/random.ts'
import { shuffled as shuffledList } from '../../support/sessions.ts'

const meterValue = {
  timestamp: '2026-11-27T08:00:00Z',
  sampledValue: [
    { value: '1', context: 'Sample.Periodic', measurand: 'Voltage', unit: 'V', alpha: 1, zeta: null },
    {
      value: 5,
      unitOfMeasure: { unit: 'Wh', multiplier: 0 },
      customData: { vendorId: 'x', more: [1, { a: 1, b: 2 }] },
    },
  ],
}

/** The same with the members of every object in any order. */
function shuffled(value: unknown, random: Random): unknown {
  if (Array.isArray(value)) return value.map((element: unknown) => shuffled(element, random))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]) => [name, shuffled(member, random)] as const)
  return Object.fromEntries(shuffledList(random, members))
}

test('a sample has one text, in whatever order its members come, and the text of one in order is its own', () => {
  const text = orderedText(meterValue, meterValueOrder)
  const random = new Random(20_261_127)
  for (let i = 0; i < 200; i++) expect(orderedText(shuffled(meterValue, random), meterValueOrder)).toBe(text)
  expect(JSON.parse(text)).toEqual(meterValue)
  const inOrder = {
    timestamp: 't',
    sampledValue: [{ value: '1', context: 'c', format: 'f', measurand: 'm', unit: 'u' }],
  }
  expect(orderedText(inOrder, meterValueOrder)).toBe(JSON.stringify(inOrder))
})

test('the order of elements counts', () => {
  const turned = { ...meterValue, sampledValue: meterValue.sampledValue.toReversed() }
  expect(orderedText(turned, meterValueOrder)).not.toBe(orderedText(meterValue, meterValueOrder))
})

test('a member of the name __proto__ is one like any other', () => {
  const [one, other] = ['{"__proto__":1,"value":"2"}', '{"value":"2","__proto__":1}'].map((text): unknown =>
    JSON.parse(text),
  )
  expect(orderedText(one, meterValueOrder)).toBe('{"value":"2","__proto__":1}')
  expect(orderedText(other, meterValueOrder)).toBe('{"value":"2","__proto__":1}')
})

test('a status of either version has one text', () => {
  const status16 = { connectorId: 1, errorCode: 'NoError', status: 'Available', timestamp: 't' }
  const status2 = { timestamp: 't', connectorStatus: 'Available', evseId: 1, connectorId: 1 }
  const random = new Random(20_261_127)
  for (const status of [status16, status2]) {
    const text = orderedText(status, statusOrder(status))
    expect(text).toBe(JSON.stringify(status))
    expect(orderedText(shuffled(status, random), statusOrder(status))).toBe(text)
  }
})
