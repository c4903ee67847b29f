// Every command as a process of its own: `--help`, `--version`, and a flag that it does not have.

import { expect, test } from 'bun:test'
import { version } from '../../../src/base/command-line.ts'
import { cleanUpAfterEach } from '../../support/clean-up.ts'

const { newFolder, run } = cleanUpAfterEach()

/** What is typed, the program that it runs with which arguments, a flag that is nearly one of its own, and that one. */
const commands = [
  ['bun start', 'src/main.ts', [], '--conifg', '--config'],
  ['bun src/main.ts migrate', 'src/main.ts', ['migrate'], '--confgi', '--config'],
  ['bun src/main.ts count', 'src/main.ts', ['count'], '--confgi', '--config'],
  ['bun src/main.ts audit verify', 'src/main.ts', ['audit', 'verify'], '--haed', '--head'],
  ['bun run health', 'src/base/health-check.ts', [], '--raedy', '--ready'],
  ['bun run demo', 'src/simulator/demo.ts', [], '--confg', '--config'],
  ['bun run simulate', 'src/simulator/simulate.ts', [], '--sations', '--stations'],
  ['bun bench', 'bench/main.ts', [], '--szie', '--size'],
  ['bun bench load', 'bench/main.ts', ['load'], '--stattions', '--stations'],
  ['bun bench reads', 'bench/main.ts', ['reads'], '--szie', '--size'],
  ['bun run fuzz', 'test/simulation/fuzz.ts', [], '--sedes', '--seeds'],
  ['bun run faults', 'test/fault/run.ts', [], '--fulll', '--full'],
] as const

/** What it printed, and how it ended; nothing may be left in its folder. */
async function ended(program: string, args: readonly string[]) {
  const folder = await newFolder()
  const process = run({}, { program, args, folder })
  const exitCode = await process.exit()
  const left = [...new Bun.Glob('**').scanSync({ cwd: folder, onlyFiles: false })]
  return { exitCode, out: process.out.trim(), errors: process.errors.trim(), left }
}

test.each(commands)('%s has help, a version, and a sentence about an unknown flag', async (...row) => {
  const [name, program, args, misspelt, flag] = row
  const [help, versionLine, unknown] = await Promise.all([
    ended(program, [...args, '--help']),
    ended(program, [...args, '--version']),
    ended(program, [...args, misspelt]),
  ])
  expect(help).toEqual({ exitCode: 0, out: expect.stringContaining(`\nUsage: ${name} [flags]`), errors: '', left: [] })
  expect(help.out).toContain(`  ${flag} `)
  expect(versionLine).toEqual({ exitCode: 0, out: `Stator ${version}`, errors: '', left: [] })
  expect(unknown).toEqual({
    exitCode: expect.any(Number),
    out: '',
    errors: expect.stringContaining(`"${misspelt}" is no flag of ${name}: did you mean ${flag}?`),
    left: [],
  })
  expect(unknown.exitCode).not.toBe(0)
  expect(unknown.errors.split('\n')).toHaveLength(1)
})

test('bun run test has help and a version, and runs no test for them', async () => {
  const help = await ended('test/run.ts', ['--help'])
  expect(help).toEqual({ exitCode: 0, out: expect.stringContaining('\nUsage: bun run test '), errors: '', left: [] })
  const versionLine = await ended('test/run.ts', ['test/unit', '--version'])
  expect(versionLine).toEqual({ exitCode: 0, out: `Stator ${version}`, errors: '', left: [] })
})

test('the help lists these commands, and bun run test', async () => {
  const { out } = await ended('src/main.ts', ['--help'])
  const listed = out.slice(out.indexOf('\nCommands:')).matchAll(/^ {2}(\S.*?) {2,}/gm)
  const tested = commands.map(([name]) => name)
  expect([...listed].map(([, name]) => name).toSorted()).toEqual([...tested, 'bun run test'].toSorted())
})
