// The arguments of `migrate`.

import { describe, expect, test } from 'bun:test'
import { moveCommand, readMoveArguments } from '../../../../src/store/move/command.ts'

describe('the arguments of migrate', () => {
  test('say where to, and the others are for the settings', () => {
    const to = 'Host=db;Password=a=b'
    expect(readMoveArguments(['--to', to])).toEqual({ to, others: [] })
    expect(readMoveArguments(['--config', 'a.json', `--to=${to}`])).toEqual({ to, others: ['--config', 'a.json'] })
  })

  test.each([[[]], [['--to']], [['--to=']]])('%p without a database are refused with an example', (args) => {
    expect(() => readMoveArguments(args)).toThrow("expected --to 'Host=")
  })

  test('with two databases are refused', () => {
    expect(() => readMoveArguments(['--to', 'Host=a', '--to', 'Host=b'])).toThrow('given twice')
  })

  test('that nobody knows are refused as those of a start are', () => {
    expect(moveCommand(['--to', 'Host=a', '--form', 'x'], {}, () => {})).rejects.toThrow('"--form" is no flag of')
  })

  test('may ask for the usage', async () => {
    const printed: string[] = []
    await moveCommand(['--help'], {}, (line) => printed.push(line))
    expect(printed.join()).toContain('--to CONNECTION')
  })
})
