// When a run of `bun bench reads` reaches its targets.

import { describe, expect, test } from 'bun:test'
import type { Reading } from '../../../../bench/reads/reading.ts'
import {
  emptyReadsResults,
  isGoodRun,
  isRightRun,
  linesOf,
  type PartResult,
  type ReadsResults,
} from '../../../../bench/reads/results.ts'
import { readsSizes } from '../../../../bench/reads/sizes.ts'
import { readsTable } from '../../../../bench/reads/table.ts'

function reading(p95: number, more: Partial<Reading> = {}): Reading {
  return {
    operationId: 'listTransactions',
    path: '/api/transactions',
    filters: ['open'],
    isOfBusiest: false,
    reader: 'admin',
    page: 'first',
    ms: { p50: p95 / 2, p95, p99: p95, max: p95 },
    requests: 10,
    cpuMs: null,
    failures: {},
    slowest: '/api/transactions?open=true',
    ...more,
  }
}

function part(which: PartResult['part'], alone: Reading[], underLoad: Reading[] = []): PartResult {
  const writeLoad = {
    ratePerSecond: 10,
    answeredPerSecond: 10,
    latencyMs: { p50: 1, p99: 2 },
    errors: {},
    audited: 5,
    wrong: 0,
  }
  return {
    part: which,
    transactions: 100,
    fillSeconds: 1,
    startMs: 500,
    facts: [{ fact: 'transactions', expected: 100, found: 100 }],
    alone,
    underLoad,
    writeLoad,
  }
}

function results(first: PartResult, full: PartResult): ReadsResults {
  return { ...emptyReadsResults(readsSizes.small, 1), isComplete: true, parts: [first, full] }
}

/** Results with one list that took so long in a tenth and in the full database. */
function grown(before: number, after: number, more: Partial<Reading> = {}): ReadsResults {
  return results(part('first', [reading(before, more)]), part('rest', [reading(after, more)]))
}

describe('a page of a list', () => {
  test.each([
    [40, 45, true],
    [45, 51, false],
    [20, 27, false],
    // Too short to be compared.
    [1, 9, true],
  ])('of %d ms in a tenth and %d ms in all is right: %p', (before, after, isReached) => {
    const [line] = linesOf(grown(before, after))
    expect(line).toMatchObject({ growth: after / before, msMax: 50, isReached })
  })

  test('of the message log with a filter may take longer', () => {
    const log = { operationId: 'listMessages', path: '/api/chargepoints/{chargePointId}/messages' }
    expect(linesOf(grown(120, 130, log))[0]).toMatchObject({ msMax: 150, isReached: true })
    expect(linesOf(grown(120, 130, { ...log, filters: [] }))[0]).toMatchObject({ msMax: 50, isReached: false })
  })

  test('is judged under the write load, if there was one', () => {
    const first = part('first', [reading(5)], [reading(20)])
    const full = part('rest', [reading(5)], [reading(30)])
    expect(linesOf(results(first, full))[0]).toMatchObject({ growth: 1.5, isReached: false })
  })

  test('that failed is not right, however fast', () => {
    const [line] = linesOf(grown(5, 5, { failures: { 'answered with 503': 1 } }))
    expect(line?.isReached).toBe(false)
  })

  test('that was not measured in a tenth has no growth, and one thing has no target', () => {
    const full = part('rest', [reading(40), reading(400, { operationId: 'getTransaction', page: null })])
    expect(linesOf(results(part('first', []), full))).toMatchObject([
      { growth: null, isReached: true },
      { growth: null, msMax: null, isReached: null },
    ])
  })
})

test('growth of the CPU time is told as well', () => {
  const took = (stator: number, postgres: number) => reading(5, { cpuMs: { stator, postgres } })
  const [line] = linesOf(results(part('first', [took(1, 3)]), part('rest', [took(2, 4)])))
  expect(line?.cpuGrowth).toBe(1.5)
})

describe('a run', () => {
  const good = grown(5, 5)
  const [first, full] = good.parts

  test('is good if all is right', () => {
    expect(isGoodRun(good)).toBe(true)
  })

  test.each([
    ['a fact is wrong', { facts: [{ fact: 'transactions', expected: 100, found: 99 }] }],
    [
      'the audit found something',
      { writeLoad: { ...part('rest', []).writeLoad, wrong: 1 } as PartResult['writeLoad'] },
    ],
    ['Stator starts slowly', { startMs: 2_001 }],
  ])('is not good if %s', (_, change) => {
    if (first === undefined || full === undefined) throw new Error('Both parts are there.')
    const changed = { ...good, parts: [first, { ...full, ...change }] }
    expect(isGoodRun(changed)).toBe(false)
    expect(readsTable(changed).join('\n')).toMatch(
      /WRONG: transactions: 99 in place of 100|1 of 5 ack|✗ start of Stator/,
    )
  })

  test('is not good if meter values take too much room on disk, and says where', () => {
    const changed = { ...good, meterValues: { row: 280, indexes: { meter_values_pkey: 60 }, log: 20, total: 360 } }
    expect(isGoodRun(changed)).toBe(false)
    expect(readsTable(changed).join('\n')).toContain(
      '✗ a MeterValues takes 360 bytes (≤ 350): row 280, meter_values_pkey 60, message log, two lines 20',
    )
  })

  test('is not right if a filter was not measured, and says which', () => {
    const changed = { ...good, unmeasured: ['listTransactions tariff'] }
    expect(isRightRun(changed)).toBe(false)
    expect(readsTable(changed).join('\n')).toContain('NOT MEASURED: listTransactions tariff')
  })

  test('that broke off says why, and still shows what it had', () => {
    const table = readsTable({ ...good, isComplete: false, failure: 'PostgreSQL is gone.' }).join('\n')
    expect(table).toContain('The run broke off: PostgreSQL is gone. This is what it had until then.')
    expect(table).toMatch(/✓ \/api\/transactions\?open, page 1 +2\.5 +5\.0/)
  })
})
