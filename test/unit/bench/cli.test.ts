// The command line of `bun bench`: what it takes, and how it says what it does not.

import { describe, expect, test } from 'bun:test'
import {
  loadBench,
  loadFlags,
  parseLoad,
  parseReads,
  parseStandard,
  readsBench,
  readsFlags,
} from '../../../bench/cli.ts'
import { usage, UsageError } from '../../../src/base/command-line.ts'
import { readsSizes } from '../../../bench/reads/sizes.ts'
import { sizes } from '../../../bench/standard/sizes.ts'

const url = ['--url', 'ws://127.0.0.1:8080/ocpp']

describe('bun bench load', () => {
  test('fills in what is not said', () => {
    const plan = parseLoad(url)
    expect(plan).toMatchObject({ stations: 100, mix: 'heartbeat', version: '1.6', durationMs: 10_000, boots: true })
    expect(plan.loop).toEqual({ kind: 'closed' })
  })

  test('takes a rate as an open loop, and times in any unit', () => {
    const plan = parseLoad([...url, '--rate', '2000', '--duration=2m', '--warmup', '500ms', '--ramp', '3'])
    expect(plan.loop).toEqual({ kind: 'open', ratePerSecond: 2_000 })
    expect([plan.durationMs, plan.warmUpMs, plan.rampMs]).toEqual([120_000, 500, 3_000])
  })

  test('has no boots on the floor, and sends no password if the options say so', () => {
    expect(parseLoad(['--start', 'floor']).boots).toBe(false)
    expect(parseLoad([...url, '--no-password']).password).toBeNull()
  })

  test.each([
    [['--stations', '0'], '--stations is "0": expected a whole number from 1 to 100000.'],
    [['--stations', '1e3'], '--stations is "1e3": expected a whole number from 1 to 100000.'],
    [['--rate', 'fast'], '--rate is "fast": expected a number from 0.001 to 1000000.'],
    [['--mix', 'noon'], '--mix is "noon": expected one of heartbeat, meter, long, day, idle, storm.'],
    [['--ocpp', '2.1'], '--ocpp is "2.1": expected one of 1.6, 2.0.1.'],
    [['--duration', 'soon'], '--duration is "soon": expected a time of at most 24h, such as 500ms, 10s or 2m.'],
    [['--identity', 'a/b'], '--identity is "a/b": expected 1 to 30 letters, digits, dots, dashes or underscores.'],
    [['--start', 'floor'], 'Give either --url of a running CSMS or --start of one that the bench knows, not both.'],
    [['--speed', '9'], '"--speed" is no flag of bun bench load: see bun bench load --help.'],
    [['--statoins', '9'], '"--statoins" is no flag of bun bench load: did you mean --stations?'],
    [['--json'], '--json has no value: expected FILE.'],
    [['--profile', '/tmp'], '--profile is "/tmp": it needs --start stator.'],
  ])('refuses %p with what was expected', (args, sentence) => {
    expect(() => parseLoad([...url, ...args])).toThrow(new UsageError(sentence))
  })

  test('refuses a URL that is none of a WebSocket', () => {
    expect(() => parseLoad(['--url', 'http://localhost'])).toThrow(
      '--url is "http://localhost": expected a URL such as ws://127.0.0.1:8080/ocpp.',
    )
  })

  test('asks for a URL or a server to start when neither is given', () => {
    expect(() => parseLoad([])).toThrow(
      new UsageError('Give --url of a running CSMS, or --start of one that the bench knows.'),
    )
  })

  test('explains every flag', () => {
    for (const name of Object.keys(loadFlags)) expect(usage(loadBench)).toContain(`--${name} `)
  })
})

describe('bun bench', () => {
  test('runs the standard size into the folder of results by default', () => {
    expect(parseStandard([], 'results')).toEqual({
      size: sizes.standard,
      resultsFolder: 'results',
      writesReadme: false,
    })
    expect(parseStandard(['--size', 'small', '--results', 'there'], 'results')).toEqual({
      size: sizes.small,
      resultsFolder: 'there',
      writesReadme: false,
    })
    expect(parseStandard(['--readme'], 'results')).toMatchObject({ writesReadme: true })
  })

  test('writes no figures of a small run into the READMEs', () => {
    expect(() => parseStandard(['--size', 'small', '--readme'], 'results')).toThrow(
      '--readme goes with --size standard, not with --size small.',
    )
  })

  test('refuses sizes that do not exist', () => {
    expect(() => parseStandard(['--size', 'huge'], '')).toThrow('--size is "huge": expected one of standard, small.')
  })
})

describe('bun bench reads', () => {
  test('fills the standard size by default, and as much of each as is asked for', () => {
    expect(parseReads([], 'results')).toEqual({ size: readsSizes.standard, resultsFolder: 'results' })
    const { size } = parseReads(['--size=small', '--transactions', '50000', '--rate', '0', '--charge-points', '20'], '')
    expect(size).toEqual({
      ...readsSizes.small,
      transactions: 50_000,
      samples: 50_000,
      chargePoints: 20,
      ratePerSecond: 0,
    })
  })

  test.each([
    [['--size', 'huge'], '--size is "huge": expected one of standard, large, small.'],
    [['--transactions', '10'], '--transactions is "10": expected a whole number from 1000 to 100000000.'],
    [['--samples', '5'], '--samples is "5": expected a whole number from 500000 to 500000000.'],
    [['--rate', '-1'], '--rate is "-1": expected a number from 0 to 1000000.'],
  ])('refuses %p with what was expected', (args, sentence) => {
    expect(() => parseReads(args, '')).toThrow(new UsageError(sentence))
  })

  test('explains every flag', () => {
    for (const name of Object.keys(readsFlags)) expect(usage(readsBench)).toContain(`--${name} `)
  })
})
