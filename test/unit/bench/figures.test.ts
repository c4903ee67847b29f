// From measurements to verdicts: medians, ratios, batch sizes, bottlenecks, and what a report says of them.

import { describe, expect, test } from 'bun:test'
import { bottleneckOf, invalidity, type Measurement } from '../../../bench/measure.ts'
import { ticks } from '../../../bench/report/charts.ts'
import { htmlReport } from '../../../bench/report/html.ts'
import { markdownSentence, markdownTable, withBlock } from '../../../bench/report/markdown.ts'
import { tableLines } from '../../../bench/report/table.ts'
import { addressOf } from '../../../bench/generator/fleet.ts'
import { sizesOf } from '../../../bench/standard/batches.ts'
import { affordable } from '../../../bench/standard/fleet-size.ts'
import { emptyResults, median, type StandardResults } from '../../../bench/standard/results.ts'
import { allReached, verdicts } from '../../../bench/standard/verdicts.ts'

function measurement(perSecond: number, serverUs: number, databaseUs = 0): Measurement {
  const messages = perSecond * 2
  return {
    mix: 'meter',
    loop: { kind: 'closed' },
    stations: 1_000,
    seconds: 2,
    messages,
    byAction: { MeterValues: messages },
    messagesPerSecond: perSecond,
    latencyMs: { p50: 2, p90: 3, p99: 9, p999: 12, max: 15 },
    server: {
      cpuMs: (messages * serverUs) / 1_000,
      threads: [
        { name: 'bun', isMain: true, cpuMs: (messages * serverUs) / 2_000 },
        { name: 'Worker', isMain: false, cpuMs: (messages * serverUs) / 2_000 },
      ],
      residentKib: 200_000,
    },
    database: { cpuMs: (messages * databaseUs) / 1_000 },
    generator: { cpuMs: 100, sockets: 'engine', lagMs: null },
    serverCoreBusy: 1,
    otherCoreBusy: 0.5,
    strangersShare: 0.02,
    bottleneck: 'server',
    invalid: null,
    isSettled: true,
    errors: {},
    slices: [
      { atMs: 1_000, messagesPerSecond: perSecond, latencyMs: null, serverCpuShare: 1, serverResidentKib: 200_000 },
    ],
  }
}

function completeResults(): StandardResults {
  return {
    ...emptyResults(),
    isComplete: true,
    heartbeat: { floor: [measurement(80_000, 12)], stator: [measurement(72_000, 13)] },
    meter: {
      floor: [measurement(60_000, 14)],
      peer: [measurement(4_000, 100, 120), measurement(3_000, 100, 120), measurement(5_000, 100, 120)],
      stator: [measurement(50_000, 25, 8), measurement(48_000, 25, 8), measurement(10_000, 25, 8)],
    },
    half: [measurement(24_000, 30, 8)],
    bareCommitMs: [{ p50: 1, p90: 1, p99: 1, p999: 1, max: 1 }],
    batches: { stator: sizesOf([{ size: 100, commits: 10 }]) ?? emptyBatch },
    audits: { Stator: { facts: 9, rows: 9, missing: 0, duplicated: 0, altered: 0, unexpected: 0, examples: [] } },
    few: [measurement(4_000, 50)],
    many: [measurement(4_000, 60)],
    memory: { stations: 10_000, residentKibBefore: 100_000, residentKibAfter: 220_000 },
    storm: {
      stations: 10_000,
      readyMs: 4_000,
      residentKibBefore: 220_000,
      residentKibPeak: 300_000,
      errors: {},
      curve: [{ atMs: 4_000, ready: 10_000 }],
    },
    startMs: { PostgreSQL: [700, 800, 750], Embedded: [1_900] },
  }
}

const emptyBatch = { commits: 0, mean: 0, p50: 0, p99: 0, max: 0, histogram: [] }

describe('verdicts', () => {
  test('are ratios of medians, so one bad round does not decide', () => {
    const list = verdicts(completeResults())
    expect(list.find(({ measure }) => measure.includes('against the peer'))?.figure).toBe(
      '12.0×   (48,000/s : 4,000/s)',
    )
    expect(list.filter(({ isReached }) => isReached !== null).every(({ isReached }) => isReached)).toBe(true)
    expect(allReached(list)).toBe(true)
  })

  test('fail what misses its mark', () => {
    const results = completeResults()
    results.memory = { stations: 10_000, residentKibBefore: 0, residentKibAfter: 170_000 }
    const missed = verdicts(results).filter(({ isReached }) => isReached === false)
    expect(missed).toEqual([
      {
        measure: 'memory per connected, booted station, 10000 stations',
        reach: '≤ 16 KiB',
        figure: '17.0 KiB',
        isReached: false,
        invalid: null,
      },
    ])
  })

  test('fail a run that lost a fact, however fast it was', () => {
    const results = completeResults()
    results.audits['Stator'] = { ...noneMissing, missing: 1 }
    expect(allReached(verdicts(results))).toBe(false)
  })

  test('give the defaults first, and what stands beside them says which setting or version it has', () => {
    const results = completeResults()
    results.meter.statorNoLog = [measurement(64_000, 15, 8)]
    results.meter.stator201 = [measurement(24_000, 30, 8)]
    const names = verdicts(results).filter(({ measure }) => /^durable \S+ against the peer/.test(measure))
    expect(names.map(({ measure, figure }) => [measure, figure.slice(0, 5)])).toEqual([
      ['durable MeterValues/s against the peer', '12.0×'],
      ['durable TransactionEvents/s against the peer, OCPP 2.0.1', '6.00×'],
      ['durable MeterValues/s against the peer, message log off', '16.0×'],
    ])
  })

  test('neither hit nor miss by a figure whose generator was full, and do not pass the run', () => {
    const results = completeResults()
    const [stator] = results.heartbeat.stator ?? []
    if (stator === undefined) throw new Error('There is no measurement to spoil.')
    for (const perSecond of [20_000, 79_000]) {
      const invalid = 'the generator was full (98 % of a core)'
      results.heartbeat.stator = [{ ...stator, messagesPerSecond: perSecond, invalid }]
      const list = verdicts(results)
      const line = list.find(({ measure }) => measure.startsWith('heartbeats/s'))
      expect(line).toMatchObject({ isReached: null, invalid: `${invalid}, in 1 of 1 rounds` })
      expect(allReached(list)).toBe(false)
    }
  })

  test('hold when one of three rounds was invalid: the median is not that one', () => {
    const results = completeResults()
    const rounds = results.meter.stator ?? []
    results.meter.stator = rounds.map((one, index) =>
      index === 2 ? { ...one, invalid: 'the generator was full' } : one,
    )
    expect(verdicts(results).filter(({ invalid }) => invalid !== null)).toEqual([])
  })

  test('say what was not measured, and demand nothing of it', () => {
    const list = verdicts(emptyResults())
    expect(list.map(({ figure }) => figure).every((figure) => figure === 'not measured')).toBe(true)
    expect(allReached(list)).toBe(true)
  })
})

const noneMissing = { facts: 9, rows: 8, missing: 0, duplicated: 0, altered: 0, unexpected: 0, examples: [] }

describe('reports', () => {
  test('the page holds every chart and loads nothing', () => {
    const results = completeResults()
    const page = htmlReport(results, verdicts(results))
    expect(page.match(/<svg/g)).toHaveLength(8)
    expect(page).not.toMatch(/<script|https?:|url\(|NaN|Infinity|undefined/)
  })

  test('an interrupted run makes a page and a table of what it had', () => {
    const results = { ...emptyResults(), heartbeat: { floor: [measurement(80_000, 12)] } }
    const page = htmlReport(results, verdicts(results))
    expect(page).toContain('interrupted')
    expect(page).not.toMatch(/NaN|Infinity|undefined/)
    expect(tableLines(results, verdicts(results)).join('\n')).toContain('interrupted')
  })

  test('a run that broke off says why', () => {
    const results = { ...emptyResults(), failure: 'Stator did not start.' }
    const sentence = 'The run broke off: Stator did not start. This is what it had until then.'
    expect(tableLines(results, verdicts(results))).toContain(sentence)
    expect(htmlReport(results, verdicts(results))).toContain(sentence)
  })

  test('the table warns when the generator was the bottleneck, and of every error', () => {
    const results = completeResults()
    results.others.push({ ...measurement(1_000, 9), bottleneck: 'generator', errors: { 'Start was refused': 3 } })
    results.half.push({ ...measurement(1_000, 9), strangersShare: 0.4 })
    const lines = tableLines(results, verdicts(results))
    expect(lines).toContain('note: other mixes: the generator was the bottleneck; the server can take more')
    expect(lines).toContain(
      'note: half of saturation: other processes took up to 40 % of a core; run it again when it is quiet',
    )
    expect(lines).toContain('note: other mixes: 3 × Start was refused')
  })

  test('table, page and sentence mark an invalid figure', () => {
    const results = completeResults()
    results.half.splice(0, 1, { ...measurement(1_000, 9), invalid: 'the generator sent late (p99 40 ms)' })
    const list = verdicts(results)
    const table = tableLines(results, list).join('\n')
    expect(table).toMatch(/^! latency .* p50 .*INVALID: the generator sent late \(p99 40 ms\), in 1 of 1 rounds$/m)
    expect(table).toContain('NOT SHOWN: 2 lines marked !')
    const page = htmlReport(results, list)
    expect(page).toContain('invalid: the generator sent late (p99 40 ms), in 1 of 1 rounds')
    expect(page).toContain('NOT SHOWN: 2 lines marked !')
  })

  test('the READMEs get the table, the defaults first, between their marks and nowhere else', () => {
    const results = completeResults()
    results.meter.statorNoLog = [measurement(64_000, 15, 8)]
    results.half.splice(0, 1, { ...measurement(1_000, 9), invalid: 'the generator sent late (p99 40 ms)' })
    const list = verdicts(results)
    const page = 'before\n<!-- bench: written by bun bench --readme -->\nold\n<!-- bench: end -->\nafter\n'
    const table = withBlock(page, markdownTable(results, list))
    expect(table).toStartWith('before\n')
    expect(table).toEndWith('after\n')
    expect(table).not.toContain('old')
    expect(table).toContain('| durable MeterValues/s against the peer | ≥ 12.0× | 12.0× (48,000/s : 4,000/s) | yes |')
    expect(table).toMatch(/^\| latency .* \(the generator sent late .*\) \| invalid \|$/m)
    const quoted = markdownSentence(list).split('\n')
    expect(quoted.slice(0, 2)).toEqual([
      '- durable MeterValues/s against the peer: 12.0× (48,000/s : 4,000/s)',
      '- durable MeterValues/s against the peer, message log off: 16.0× (64,000/s : 4,000/s)',
    ])
    // What is invalid is not quoted.
    expect(quoted.join()).not.toContain('latency')
    expect(() => withBlock('no marks', 'block')).toThrow('no "<!-- bench')
  })

  test('axes have round steps that reach past the largest value', () => {
    expect(ticks(97)).toEqual([0, 20, 40, 60, 80, 100])
    expect(ticks(0.3)).toHaveLength(4)
    expect(ticks(Number.NEGATIVE_INFINITY)).toEqual([0, 1])
  })
})

describe('figures', () => {
  test('a median is the middle, or between the two in the middle', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(median([])).toBeNaN()
  })

  test('batch sizes are computed from the number of commits of each size', () => {
    expect(
      sizesOf([
        { size: 1, commits: 6 },
        { size: 3, commits: 2 },
        { size: 100, commits: 2 },
      ]),
    ).toMatchObject({ commits: 10, mean: 21.2, p50: 1, p99: 100, max: 100 })
    expect(sizesOf([{ size: 3, commits: 2 }])?.histogram).toEqual([
      { upTo: 1, commits: 0 },
      { upTo: 2, commits: 0 },
      { upTo: 4, commits: 2 },
    ])
    expect(sizesOf([])).toBeNull()
  })

  test.each([
    [{ serverShare: 0.97, generatorShare: 0.97, databaseShare: 0, lagMs: 0 }, 'server'],
    [{ serverShare: 0.5, generatorShare: 0.97, databaseShare: 0, lagMs: 0 }, 'generator'],
    [{ serverShare: 0.5, generatorShare: 0.5, databaseShare: 0.1, lagMs: 80 }, 'generator'],
    [{ serverShare: 0.5, generatorShare: 0.5, databaseShare: 0.47, lagMs: 1 }, 'generator and database'],
    [{ serverShare: 0.5, generatorShare: 0.5, databaseShare: 0.1, lagMs: 1 }, 'nobody'],
  ] as const)('of %p the bottleneck is %p', (shares, bottleneck) => {
    expect(bottleneckOf(shares)).toBe(bottleneck)
  })

  test.each([
    [{ generatorShare: 0.97, databaseShare: 0, coreShare: 1, lagMs: 0 }, 'the generator was full (97 % of a core)'],
    [{ generatorShare: 0.4, databaseShare: 0, coreShare: 0.5, lagMs: 80 }, 'the generator sent late (p99 80 ms)'],
    [
      { generatorShare: 0.5, databaseShare: 0.3, coreShare: 0.96, lagMs: 1 },
      "the generator's core was full (generator 50 %, database 30 %, in all 96 %)",
    ],
    [{ generatorShare: 0.5, databaseShare: 0.3, coreShare: 0.9, lagMs: 1 }, null],
    // The server works on that core too: that it is full is no news.
    [{ generatorShare: 0.5, databaseShare: 0.3, coreShare: null, lagMs: 1 }, null],
  ] as const)('of %p the figures are invalid because %p', (shares, reason) => {
    expect(invalidity(shares)).toBe(reason)
  })

  test('stations past the ports of one loopback address dial from the next', () => {
    expect(addressOf('127.0.0.1', 24_999)).toBeNull()
    expect(addressOf('127.0.0.1', 25_000)).toBe('127.0.0.2')
    expect(addressOf('localhost', 60_000)).toBe('127.0.0.3')
    expect(addressOf('csms.example', 60_000)).toBeNull()
  })

  test('no more stations than a process may open files', () => {
    expect(affordable(20_000, 1_000_000)).toBe(20_000)
    expect(affordable(20_000, 20_000)).toBe(19_700)
  })
})
