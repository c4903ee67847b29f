import { describe, expect, test } from 'bun:test'
import { textRepairsMax } from '../../../src/base/limits.ts'
import { repairText } from '../../../src/examine/repair-text.ts'

describe('text that is almost JSON', () => {
  test.each([
    ['[2,"1","A",{"a":,"b":1}]', [2, '1', 'A', { a: null, b: 1 }]],
    ['[2,"1","A",{"a":}]', [2, '1', 'A', { a: null }]],
    ['[3,"1",{"a":],"b":["c"]}]', [3, '1', { a: [], b: ['c'] }]],
    ['[3,"1",{"a":[{"b": ],"c":1}]}]', [3, '1', { a: [{ b: [], c: 1 }] }]],
    ['[2,"1","A",{"a":1,}]', [2, '1', 'A', { a: 1 }]],
    ['[2,"1","A",{,"a":[1,,2,]}]', [2, '1', 'A', { a: [1, 2] }]],
    ['[2,"1","A",{"a":NaN,"b":True,"c":None}]', [2, '1', 'A', { a: null, b: true, c: null }]],
    [
      '[2,"1","A",{"a":007,"b":+1.50,"c":.5,"d":-.5,"e":3.,"f":0}]',
      [2, '1', 'A', { a: 7, b: 1.5, c: 0.5, d: -0.5, e: 3, f: 0 }],
    ],
    ['[2,"1","A",{"a":"line\nbreak\ttab"}]', [2, '1', 'A', { a: 'line\nbreak\ttab' }]],
    ['\uFEFF[2,"1","A",{}]\0', [2, '1', 'A', {}]],
    ['[2,"1","A",{}]]]}', [2, '1', 'A', {}]],
    ['[2,"1","A",{"a":", ]}:,"}]garbage', [2, '1', 'A', { a: ', ]}:,' }]],
  ])('is repaired: %j', (text, meant) => {
    expect(JSON.parse(repairText(text) ?? 'null')).toEqual(meant)
  })

  test.each([
    '[2,"1","A",{"meterStart":12',
    '[2,"1","A",{"meterStart":12}',
    '[2,"1","A",{"text":"cut off',
    '[2,"1","A",{"a" "b"}]',
    '[3,"1",{"a":]',
    'hello',
    '',
    '}{',
  ])('is left alone when its meaning is in doubt: %s', (text) => {
    expect(repairText(text)).toBeNull()
  })

  test('is given up when it needs too many repairs', () => {
    const samples = (count: number): string => `[2,"1","A",{"a":[${'NaN,'.repeat(count)}1]}]`
    expect(repairText(samples(1_000))).toBe(samples(1_000).replaceAll('NaN', 'null'))
    expect(repairText(samples(textRepairsMax + 1))).toBeNull()
    expect(repairText(`[2,"1","A",{"a":"${'\n'.repeat(textRepairsMax + 1)}"}]`)).toBeNull()
  })

  test('text within strings is never touched', () => {
    const payload = { a: ':,', b: ',]', c: 'NaN', d: '\\"007' }
    const text = JSON.stringify([2, '1', 'A', payload])
    expect(JSON.parse(repairText(`${text},`) ?? 'null')).toEqual([2, '1', 'A', payload])
  })
})
