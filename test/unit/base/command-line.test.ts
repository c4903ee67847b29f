// The command line that all commands share: flags by a table, help, version, and the nearest flag for a misspelt one.

import { describe, expect, test } from 'bun:test'
import { answerAtOnce, type Command, readFlags, usage, UsageError } from '../../../src/base/command-line.ts'

const command: Command = {
  name: 'bun brew',
  about: 'makes coffee',
  flags: { cups: { value: 'N', about: 'how many (1)' }, strong: { value: null, about: 'with less water' } },
  operands: null,
}

describe('flags', () => {
  test('are read with their values in either form, and operands beside them', () => {
    const given = readFlags(['--cups', '2', 'ada', '--strong', 'bob'], { ...command, operands: 'NAME…' })
    expect([...given.flags]).toEqual([
      ['cups', '2'],
      ['strong', ''],
    ])
    expect(given.operands).toEqual(['ada', 'bob'])
    expect(readFlags(['--cups=2=3'], command).flags.get('cups')).toBe('2=3')
  })

  test.each([
    [['--cpus', '2'], '"--cpus" is no flag of bun brew: did you mean --cups?'],
    [['--stong=2'], '"--stong=2" is no flag of bun brew: did you mean --strong?'],
    [['--hlep'], '"--hlep" is no flag of bun brew: did you mean --help?'],
    [['-c'], '"-c" is no flag of bun brew: see bun brew --help.'],
    [['ada'], '"ada" is nothing that bun brew takes: see bun brew --help.'],
    [['migrat'], '"migrat" is nothing that bun brew takes: did you mean bun src/main.ts migrate?'],
    [['laod'], '"laod" is nothing that bun brew takes: did you mean bun bench load?'],
    [['--constructor'], '"--constructor" is no flag of bun brew: see bun brew --help.'],
    [['--cups'], '--cups has no value: expected N.'],
    [['--cups', '--strong'], '--cups has no value: expected N.'],
    [['--cups', '2', '--cups=3'], '--cups is given twice: expected it once.'],
    [['--strong=very'], '--strong is "very": expected --strong without a value.'],
  ])('%p are refused in one sentence', (args, sentence) => {
    expect(() => readFlags(args, command)).toThrow(new UsageError(sentence))
  })
})

test('help explains every flag, and lists the other commands', () => {
  for (const flag of ['--help', '-h']) expect(answerAtOnce(['--cups', flag], command)).toBe(usage(command))
  for (const text of ['--cups N', '--strong', '--help', '--version', 'bun start', 'bun run demo'])
    expect(usage(command)).toContain(`  ${text} `)
  expect(usage(command, ['More about it.'])).toContain('More about it.')
})

test('the version is that of the package', async () => {
  const { version } = (await Bun.file(new URL('../../../package.json', import.meta.url)).json()) as { version: string }
  expect(answerAtOnce(['--version'], command)).toBe(`Stator ${version}`)
  expect(answerAtOnce(['--cups', '2'], command)).toBeNull()
})
