// The command line of every command of Stator: flags are read by a table, `--help` prints that table, `--version` the
// version, and an unknown flag names the nearest known one.

import packageJson from '../../package.json' with { type: 'json' }
import { nearest } from './nearest.ts'

/** A flag: what its value is called (null: it has none), and what it does. */
export interface Flag {
  readonly value: string | null
  readonly about: string
  /** Whether it may be given several times: `Given.repeated` has all its values. */
  readonly isRepeatable?: true
}

/** One command: what is typed, what it does, and its flags by name, without the dashes. */
export interface Command {
  readonly name: string
  readonly about: string
  readonly flags: Readonly<Record<string, Flag>>
  /** What stands after the flags, as `NAME…`; null: nothing may. */
  readonly operands: string | null
}

/** Flags and operands as they were given. A flag without a value has ''. */
export interface Given {
  readonly flags: ReadonlyMap<string, string>
  /** All values of each flag that may be given several times. */
  readonly repeated: ReadonlyMap<string, readonly string[]>
  readonly operands: readonly string[]
}

/** A mistake on the command line, as one sentence. */
export class UsageError extends Error {}

/** Flags of every command. */
const commonFlags: Readonly<Record<string, Flag>> = {
  help: { value: null, about: 'print this' },
  version: { value: null, about: 'print the version' },
}

/** All commands, as `--help` lists them. */
const commands: readonly (readonly [name: string, about: string])[] = [
  ['bun start', 'the central system'],
  ['bun src/main.ts migrate', 'moves everything from the embedded database to PostgreSQL'],
  ['bun src/main.ts audit verify', 'whether the audit log is complete and unchanged'],
  ['bun src/main.ts count', 'counts all transactions again, for totalCount'],
  ['bun run health', 'whether the central system of these settings works'],
  ['bun run demo', 'a central system of its own with six simulated charge points, to try'],
  ['bun run simulate', 'simulated charge points at a central system of any vendor'],
  ['bun bench', 'measures what a node carries, and audits it'],
  ['bun bench load', 'puts a load on one central system'],
  ['bun bench reads', 'measures every list of the API in a large database'],
  ['bun run test', 'the tests'],
  ['bun run fuzz', 'the simulation and fuzzing, at length'],
  ['bun run faults', 'the tests that inject faults'],
]

/** All commands by their last word. */
const commandsByWord: Readonly<Record<string, string>> = Object.fromEntries(
  commands.map(([name]) => [name.split(' ').at(-1) ?? name, name]),
)

const leftWidth = 40

/**
 * Reads `args` by the flags of `command`.
 *
 * @throws {UsageError} for an unknown flag, one that is given twice, a missing value, a value that nobody asked for, or
 *   an operand too many.
 */
export function readFlags(args: readonly string[], command: Command): Given {
  const flags = new Map<string, string>()
  const repeated = new Map<string, string[]>()
  const operands: string[] = []
  for (let i = 0; i < args.length; i++) {
    const argument = args[i] ?? ''
    if (!argument.startsWith('-') && command.operands !== null) {
      operands.push(argument)
      continue
    }
    const match = /^--([a-z-]+)(?:=(.*))?$/s.exec(argument)
    const name = match?.[1] ?? ''
    const flag = Object.hasOwn(command.flags, name) ? command.flags[name] : undefined
    if (flag === undefined) throw unknownFlag(argument, command)
    if (flags.has(name) && flag.isRepeatable !== true)
      throw new UsageError(`--${name} is given twice: expected it once.`)
    const value = match?.[2]
    if (flag.value === null) {
      if (value !== undefined) throw new UsageError(`--${name} is "${value}": expected --${name} without a value.`)
      flags.set(name, '')
      continue
    }
    const given = value ?? args[++i]
    if (given === undefined || (value === undefined && given.startsWith('--')))
      throw new UsageError(`--${name} has no value: expected ${flag.value}.`)
    flags.set(name, given)
    if (flag.isRepeatable === true) repeated.set(name, [...(repeated.get(name) ?? []), given])
  }
  return { flags, repeated, operands }
}

/** The error about an argument that `command` does not have; it names the nearest flag, or the nearest command. */
export function unknownFlag(argument: string, { name, flags }: Command): UsageError {
  if (!argument.startsWith('-')) {
    const near = nearest(argument, Object.keys(commandsByWord))
    const advice = near === null ? `see ${name} --help.` : `did you mean ${commandsByWord[near]}?`
    return new UsageError(`"${argument}" is nothing that ${name} takes: ${advice}`)
  }
  const known = Object.keys({ ...flags, ...commonFlags }).map((flag) => `--${flag}`)
  const near = nearest(argument.split('=')[0] ?? '', known)
  const advice = near === null ? `see ${name} --help.` : `did you mean ${near}?`
  return new UsageError(`"${argument}" is no flag of ${name}: ${advice}`)
}

/** What `--help` or `--version` prints, if `args` ask for one of them; else null. */
export function answerAtOnce(args: readonly string[], command: Command, more: readonly string[] = []): string | null {
  if (args.includes('--help') || args.includes('-h')) return usage(command, more)
  const at = args.indexOf('--version')
  // A command may have a `--version VALUE` of its own.
  const hasValue = Object.hasOwn(command.flags, 'version') && args[at + 1]?.startsWith('-') === false
  return at < 0 || hasValue ? null : versionLine
}

/** Version of Stator, from package.json. */
export const version = packageJson.version

const versionLine = `Stator ${version}`

/** What `--help` prints: usage, flags, `more`, and the other commands. */
export function usage({ name, about, flags, operands }: Command, more: readonly string[] = []): string {
  const common = Object.entries(commonFlags).filter(([flag]) => !Object.hasOwn(flags, flag))
  const rows = [...Object.entries(flags), ...common].map(([flag, { value, about: does }]) =>
    row(value === null ? `--${flag}` : `--${flag} ${value}`, does),
  )
  return [
    `${name}: ${about}`,
    '',
    `Usage: ${name} [flags]${operands === null ? '' : ` [${operands}]`}`,
    '',
    ...rows,
    ...(more.length === 0 ? [] : ['', ...more]),
    '',
    'Commands:',
    ...commands.map(([other, does]) => row(other, does)),
  ].join('\n')
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(leftWidth)} ${right}`
}
