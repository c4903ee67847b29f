// `bun run faults`: injects every fault, some of them shorter or smaller than at full size; `bun run faults NAME…`
// those in the test files of these names. `--full` injects them at full size, fuzzes, runs the deterministic
// simulation, and writes the figures into docs/reliability.md. When a test fails nothing is written. Results stay in
// test/fault/results; with names (`fuzz`: fuzzing and simulation) those of the others stay as they are. `--seeds N`
// says how many seeds the simulation runs.

import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import { answerAtOnce, type Command, readFlags, UsageError } from '../../src/base/command-line.ts'
import { type Machine, machine, median } from '../../bench/standard/results.ts'
import { timesFull } from '../fuzz/make/run.ts'
import { faultsFolderVariable, type KeptResult } from '../support/fault-results.ts'

const root = join(import.meta.dir, '../..')
const documentFile = join(root, 'docs/reliability.md')
const resultsFolder = join(import.meta.dir, 'results')
const fuzzFolder = join(resultsFolder, 'fuzz')
/** The name of fuzzing and simulation. */
const fuzzName = 'fuzz'
const seedsDefault = 20_000

interface Plan {
  readonly isFull: boolean
  readonly seeds: number
  /** Test files, or parts of their names; all if there are none. */
  readonly names: readonly string[]
}

const command: Command = {
  name: 'bun run faults',
  about: 'injects every fault, or those in the test files of these names (`fuzz`: fuzzing and simulation)',
  flags: {
    full: { value: null, about: 'at full size, with fuzzing, and write the figures into docs/reliability.md' },
    seeds: { value: 'N', about: `with --full: how many seeds the simulation runs (${seedsDefault})` },
  },
  operands: 'NAME…',
}

/** What the arguments ask for; ends this process if they are wrong, or ask for help. */
function planOf(args: readonly string[]): Plan {
  const answer = answerAtOnce(args, command)
  if (answer !== null) {
    console.log(answer)
    process.exit()
  }
  try {
    const { flags, operands } = readFlags(args, command)
    const seeds = Number(flags.get('seeds') ?? seedsDefault)
    if (Number.isSafeInteger(seeds) && seeds > 0) return { isFull: flags.has('full'), seeds, names: operands }
    throw new UsageError(`--seeds is "${flags.get('seeds')}": expected a whole number from 1.`)
  } catch (error) {
    console.error(error instanceof UsageError ? error.message : error)
    process.exit(2)
  }
}

/** Runs a command in the folder of the program; returns its exit code, and its output if that is wanted. */
async function run(
  command: readonly string[],
  env: Readonly<Record<string, string>>,
  isHeard: boolean,
): Promise<{ readonly code: number; readonly said: string }> {
  const child = Bun.spawn([process.execPath, ...command], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', isHeard ? 'pipe' : 'inherit', 'inherit'],
  })
  const said = child.stdout === undefined ? '' : await new Response(child.stdout).text()
  return { code: await child.exited, said }
}

/** Runs the tests of these names; ends this process if one fails. */
async function runFaults({ names, isFull }: Plan, env: Readonly<Record<string, string>> = {}): Promise<void> {
  const files = [...new Glob('*.test.ts').scanSync(import.meta.dir)]
  const wanted = files.filter((file) => names.length === 0 || names.some((name) => file.includes(name)))
  if (wanted.length === 0 && !(isFull && names.includes(fuzzName))) {
    console.error(`No test in test/fault has a name with ${names.join(' or ')} in it.`)
    process.exit(2)
  }
  if (wanted.length === 0) return
  const { code } = await run(['test/run.ts', ...wanted.map((file) => `test/fault/${file}`)], env, false)
  if (code !== 0) process.exit(code)
}

async function faultResults(plan: Plan): Promise<KeptResult[]> {
  if (plan.names.length === 0) rmSync(resultsFolder, { recursive: true, force: true })
  await runFaults(plan, { [faultsFolderVariable]: resultsFolder })
  return readdirSync(resultsFolder)
    .filter((file) => file.endsWith('.json'))
    .toSorted()
    .map((file) => JSON.parse(readFileSync(join(resultsFolder, file), 'utf8')) as KeptResult)
}

/** The counts of one fuzz test or of the simulation: how much it did, and what went wrong. */
type Counts = Readonly<Record<string, unknown>>

/** Fuzzing and the simulation, each under its name. They are repeated when all faults are injected. */
async function fuzzCounts({ seeds, names }: Plan): Promise<Map<string, Counts>> {
  if (names.length === 0 || names.includes(fuzzName)) {
    const env = { [faultsFolderVariable]: fuzzFolder, STATOR_FUZZ_TIMES: String(timesFull) }
    const fuzzing = await run(['test/run.ts', 'test/fuzz'], env, false)
    if (fuzzing.code !== 0) process.exit(fuzzing.code)
    const { code, said } = await run(['run', '--silent', 'fuzz', '--seeds', String(seeds), '--json'], {}, true)
    if (code !== 0) {
      console.error(said)
      process.exit(code)
    }
    const { simulation } = JSON.parse(said.slice(said.indexOf('{'))) as { readonly simulation: Counts }
    writeFileSync(join(fuzzFolder, 'simulation.json'), `${JSON.stringify(simulation, null, 2)}\n`)
  }
  const files = existsSync(fuzzFolder) ? readdirSync(fuzzFolder) : []
  return new Map(
    files.map((file) => [
      file.replace('.json', ''),
      JSON.parse(readFileSync(join(fuzzFolder, file), 'utf8')) as Counts,
    ]),
  )
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n')
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(ms < 10_000 ? 2 : 1)} s`
}

function faultsTable(results: readonly KeptResult[]): string {
  return table(
    [
      'Fault',
      'Times',
      'Acknowledged facts audited',
      'Lost',
      'Doubled',
      'Recovery: median · longest',
      'Further figures',
    ],
    results.map(({ fault, injected, audit, recoveryMs, recovery, figures }) => [
      fault,
      String(injected),
      audit === null ? '–' : String(audit.facts),
      audit === null ? '–' : String(audit.missing + audit.altered),
      audit === null ? '–' : String(audit.duplicated + audit.unexpected),
      recoveryMs.length === 0 ? '–' : `${seconds(median(recoveryMs))} · ${seconds(Math.max(...recoveryMs))}`,
      [
        ...(recovery === '' ? [] : [`recovery: ${recovery}`]),
        ...Object.entries(figures).map(([what, figure]) => `${what}: ${figure}`),
      ].join('; '),
    ]),
  )
}

function summary(results: readonly KeptResult[], fuzz: ReadonlyMap<string, Counts>, where: Machine): string {
  const sum = (of: (result: KeptResult) => number): number => results.reduce((total, result) => total + of(result), 0)
  const rows = [
    ['Faults injected', String(sum(({ injected }) => injected))],
    ['Acknowledged facts audited', String(sum(({ audit }) => audit?.facts ?? 0))],
    ['Lost or altered', String(sum(({ audit }) => (audit === null ? 0 : audit.missing + audit.altered)))],
    [
      'Duplicated, or never sent',
      String(sum(({ audit }) => (audit === null ? 0 : audit.duplicated + audit.unexpected))),
    ],
    ['Longest recovery', seconds(Math.max(0, ...results.flatMap(({ recoveryMs }) => recoveryMs)))],
    ...fuzzRows(fuzz),
  ]
  const { cpu, cores, memoryGib, kernel, bun } = where
  const days = [...new Set(results.map(({ measuredAt }) => measuredAt.slice(0, 10)))].toSorted().join(' and ')
  const loads = results.map(({ load }) => load)
  const machineSentence = `Measured on ${days}: ${cpu}, ${cores} cores, ${memoryGib} GiB, ${kernel}, Bun ${bun}.`
  const loadSentence =
    `Processes that wanted a core meanwhile, these included: ${Math.min(...loads).toFixed(1)} to ` +
    `${Math.max(...loads).toFixed(1)} (load average); on a quiet machine latencies and recoveries are shorter.`
  return `${machineSentence} ${loadSentence}\n\n${table(['What', 'Figure'], rows)}`
}

/** Rows for fuzzing and simulation: what, and how much of it. */
function fuzzRows(counts: ReadonlyMap<string, Counts>): string[][] {
  const sum = (field: string, ...of: readonly string[]): number =>
    of.reduce((total, name) => total + Number(counts.get(name)?.[field] ?? 0), 0)
  const tests = [...counts.keys()].filter((name) => name !== 'simulation')
  return [
    ['Worlds simulated, each from a seed', sum('seeds', 'simulation')],
    ['Steps in them, rules looked at after each', sum('steps', 'simulation')],
    ['Frames in them', sum('frames', 'simulation')],
    ['Faults in them', sum('faults', 'simulation')],
    ['Rules broken', sum('violations', 'simulation')],
    ['Frames fuzzed at the examination', sum('frames', 'fuzz-examination')],
    ['Frames fuzzed through WebSockets', sum('frames', 'fuzz-wire')],
    ['Answers to commands fuzzed', sum('commands', 'fuzz-commands')],
    ['Handshakes fuzzed', sum('handshakes', 'fuzz-handshakes')],
    ['REST requests fuzzed', sum('requests', 'fuzz-rest')],
    ['Wrong answers, crashes, 500s', sum('failures', ...tests)],
  ].map(([what, figure]) => [String(what), String(figure)])
}

/** `document` with `text` between the markers of `name`. */
function withPart(document: string, name: string, text: string): string {
  const [start, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const from = document.indexOf(start)
  const to = document.indexOf(end)
  if (from < 0 || to < 0) throw new Error(`docs/reliability.md has no place for ${name}: expected ${start} and ${end}.`)
  return `${document.slice(0, from + start.length)}\n\n${text}\n\n${document.slice(to)}`
}

const plan = planOf(process.argv.slice(2))
if (!plan.isFull) {
  await runFaults(plan)
  process.exit()
}
const results = await faultResults(plan)
const fuzz = await fuzzCounts(plan)
let text = readFileSync(documentFile, 'utf8')
text = withPart(text, 'figures', summary(results, fuzz, machine()))
text = withPart(text, 'recoveries', faultsTable(results))
writeFileSync(documentFile, text)
await run(['fmt', documentFile], {}, false)
console.log(`The figures of ${results.length} faults stand in docs/reliability.md.`)
