// The arguments of `migrate`.

import { describe, expect, test } from 'bun:test'
import { readMoveArguments } from '../../../../src/store/move/command.ts'

describe('the arguments of migrate', () => {
  test('say where to, and the others are for the settings', () => {
    const to = 'Host=db;Password=a=b'
    expect(readMoveArguments(['--to', to])).toEqual({ to, others: [] })
    expect(readMoveArguments(['--config', 'a.json', `--to=${to}`])).toEqual({ to, others: ['--config', 'a.json'] })
  })

  test.each([[[]], [['--to=']]])('%p without a database are refused with an example', (args) => {
    expect(() => readMoveArguments(args)).toThrow("expected --to 'Host=")
  })

  test('with two databases are refused', () => {
    expect(() => readMoveArguments(['--to', 'Host=a', '--to', 'Host=b'])).toThrow('given twice')
  })

  test('that nobody knows are refused', () => {
    expect(() => readMoveArguments(['--to', 'Host=a', '--form', 'x'])).toThrow(
      '"--form" is no flag of bun src/main.ts migrate',
    )
  })
})
