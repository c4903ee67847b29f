// The shape of a JSON text is found without parsing it.

import { describe, expect, test } from 'bun:test'
import { jsonShape } from '../../../src/ocpp/json-shape.ts'
import { Random } from '../../support/random.ts'

/** The same, of what JSON.parse has made. */
function shapeOf(value: unknown): { depth: number; values: number } {
  if (typeof value !== 'object' || value === null) return { depth: 0, values: 1 }
  const inner = Object.values(value).map(shapeOf)
  return {
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    values: 1 + inner.reduce((sum, { values }) => sum + values, 0),
  }
}

const texts = [
  '{}',
  '[]',
  'null',
  ' -1.5e+3 ',
  '"a, [b] : {\\"c\\"} \\\\"',
  '[1,2 , "3",true,null,[false]]',
  '{"a":{"b":[{},{"c" : "d:e"}]},"f":1e5,"g\\"":"\\u0022"}',
  '[[[[[]]]],{}]',
]

test.each(texts)('the shape of %s is that of what it parses to', (text) => {
  expect(jsonShape(text, 100, 100)).toEqual(shapeOf(JSON.parse(text)))
})

test('the shape of any JSON is that of what it parses to, whatever space is in it', () => {
  const seed = Date.now() % 1_000_000
  const random = new Random(seed)
  const value = (depth: number): unknown => {
    const kind = random.between(0, depth > 4 ? 3 : 5)
    if (kind === 4) return Array.from({ length: random.between(0, 4) }, () => value(depth + 1))
    if (kind === 5) {
      const keys = Array.from(
        { length: random.between(0, 4) },
        (_, i) => `${i}${random.pick(['a', '"', ':', '\\', '{'])}`,
      )
      return Object.fromEntries(keys.map((key) => [key, value(depth + 1)]))
    }
    return random.pick([null, true, 12.5, -0.001, 'a "text", [with] {all} : of \\ it', ''])
  }
  for (let i = 0; i < 500; i++) {
    const made = value(0)
    const text = JSON.stringify(made, null, random.pick([0, 1, 4]))
    expect([seed, text, jsonShape(text, 100, 10_000)]).toEqual([seed, text, shapeOf(made)])
  }
})

describe('a text past a limit', () => {
  test('is too deep from the first level that is', () => {
    expect(jsonShape('[[[]]]', 3, 10)).toEqual({ depth: 3, values: 3 })
    expect(jsonShape('[[[[]]]]', 3, 10)).toBe('tooDeep')
    expect(jsonShape('['.repeat(1_000_000), 64, 100)).toBe('tooDeep')
  })

  test('has too many values from the first that is', () => {
    expect(jsonShape('{"a":1,"b":[2]}', 3, 4)).toEqual({ depth: 2, values: 4 })
    expect(jsonShape('{"a":1,"b":[2]}', 3, 3)).toBe('tooManyValues')
    expect(jsonShape('[1,1,1,1]', 3, 4)).toBe('tooManyValues')
  })

  test('cannot hide its values behind colons that belong nowhere', () => {
    expect(jsonShape(`[${'{},'.repeat(1_000)}${':'.repeat(1_000)}`, 3, 100)).toBe('tooManyValues')
  })
})
