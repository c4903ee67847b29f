// What answers to GetConfiguration say about the keys that were asked for.

import { expect, test } from 'bun:test'
import { type VariableResult, readingCalls } from '../../../../src/blocks/provisioning/variable-commands.ts'
import { configurationComponent } from '../../../../src/blocks/provisioning/variable-name.ts'

/** What an answer says about these keys. */
function resultsOf(keys: readonly string[], answer: Readonly<Record<string, unknown>>): readonly VariableResult[] {
  const place = { componentInstance: '', evseId: 0, connectorId: 0, variableInstance: '' }
  const wanted = keys.map((key, index) => ({
    name: { ...place, componentName: configurationComponent, variableName: key },
    index,
  }))
  const [call] = readingCalls('1.6', wanted, { itemsMax: keys.length, bytesMax: Infinity })
  return call?.read(answer) ?? []
}

test('a key is told, unknown, or left out, in any letter case; of several entries the first counts', () => {
  const configurationKey = [{ key: 'a', value: 1 }, { key: 'A', value: 2 }, { key: 'Empty' }, { value: 3 }]
  expect(resultsOf(['A', 'B', 'C', 'empty'], { configurationKey, unknownKey: ['b', 7] })).toEqual([
    { index: 0, status: 'Accepted', value: '1' },
    { index: 1, status: 'UnknownVariable' },
    { index: 2, status: null },
    { index: 3, status: 'Accepted' },
  ])
  expect(resultsOf(['A'], { configurationKey: 'none', unknownKey: 'A' })).toEqual([{ index: 0, status: null }])
})

test('an answer is read once, however many keys it is about', () => {
  let reads = 0
  const keys = Array.from({ length: 200 }, (_, at) => `Key${at}`)
  const configurationKey = keys.map((key) => ({
    get key() {
      reads++
      return key
    },
    value: key,
  }))
  expect(resultsOf(keys, { configurationKey }).map(({ value }) => value)).toEqual(keys)
  expect(reads).toBeLessThanOrEqual(2 * keys.length)
})
