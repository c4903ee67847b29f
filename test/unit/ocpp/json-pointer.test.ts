// JSON pointers, as RFC 6901 §5 has them.

import { expect, test } from 'bun:test'
import { pointerOf, stepsOf } from '../../../src/ocpp/json-pointer.ts'

test.each([
  ['', []],
  ['/foo', ['foo']],
  ['/foo/0', ['foo', 0]],
  ['/', ['']],
  ['/a~1b', ['a/b']],
  ['/m~0n', ['m~n']],
  ['/~01/~10', ['~1', '/0']],
  ['/__proto__/-1', ['__proto__', '-1']],
])('%p is made of its steps, and read as them', (pointer, steps) => {
  expect(stepsOf(pointer)).toEqual(steps)
  expect(pointerOf(steps)).toBe(pointer)
})

test('an invalid pointer is refused', () => {
  expect(() => stepsOf('foo')).toThrow('Invalid JSON Pointer')
})
