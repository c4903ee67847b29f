// Latencies in buckets: no percentile is further from the truth than one part in a thousand.

import { describe, expect, test } from 'bun:test'
import { bucketOf, Histogram } from '../../../../bench/generator/histogram.ts'
import { isoTime } from '../../../../bench/generator/iso.ts'

describe('a histogram', () => {
  test('gives percentiles of its values', () => {
    const histogram = new Histogram()
    for (let us = 1; us <= 100_000; us++) histogram.record(us)
    const truth = [50_000, 99_000, 100_000]
    for (const [index, us] of histogram.percentiles([0.5, 0.99, 1]).entries()) {
      const wanted = truth[index] ?? 0
      expect(us).toBeGreaterThanOrEqual(wanted)
      expect(us).toBeLessThan(wanted * 1.001 + 1)
    }
    expect(histogram.count).toBe(100_000)
  })

  test('counts neighbours in neighbouring buckets, from a microsecond to a quarter of an hour', () => {
    let last = bucketOf(1)
    for (let us = 1; us < 2 ** 30; us = Math.max(us + 1, Math.floor(us * 1.0004))) {
      expect(bucketOf(us) - last).toBeLessThanOrEqual(1)
      last = bucketOf(us)
    }
  })

  test('has no percentiles while it is empty', () => {
    expect(new Histogram().percentiles([0.5])).toEqual([])
  })
})

test.each([0, 1_767_225_599_999, 1_767_225_600_000, Date.UTC(2026, 1, 28, 23, 59, 59, 7)])(
  '%p as text is a time',
  (ms) => {
    expect(isoTime(ms)).toBe(new Date(ms).toISOString())
  },
)
