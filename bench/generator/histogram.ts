// A histogram of latencies in microseconds: exact up to 2,047, then to one part in 1,024. The counts are one plain
// array, so that `engine.c` can count into it too.

const exactMax = 2_048
const perOctave = 1_024
const usMax = 0x3fff_ffff
const buckets = bucketOf(usMax) + 1

/** Number of the bucket that counts `us`. */
export function bucketOf(us: number): number {
  const whole = Math.min(usMax, Math.max(1, Math.round(us)))
  if (whole < exactMax) return whole
  const shift = 21 - Math.clz32(whole)
  return shift * perOctave + (whole >> shift)
}

/** The largest value that a bucket counts. */
function upperUsOf(bucket: number): number {
  if (bucket < exactMax) return bucket
  const shift = Math.floor(bucket / perOctave) - 1
  return ((bucket - shift * perOctave + 1) << shift) - 1
}

export class Histogram {
  /** The count of each bucket. */
  readonly counts = new Uint32Array(buckets)

  reset(): void {
    this.counts.fill(0)
  }

  record(us: number): void {
    const bucket = bucketOf(us)
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
  }

  add({ counts }: Histogram): void {
    for (let bucket = 0; bucket < buckets; bucket++)
      this.counts[bucket] = (this.counts[bucket] ?? 0) + (counts[bucket] ?? 0)
  }

  get count(): number {
    let sum = 0
    for (const count of this.counts) sum += count
    return sum
  }

  /** The quantiles for these shares (from 0 to 1, rising), in microseconds. */
  percentiles(shares: readonly number[]): number[] {
    const total = this.count
    const found: number[] = []
    let seen = 0
    for (let bucket = 0; bucket < buckets && found.length < shares.length; bucket++) {
      seen += this.counts[bucket] ?? 0
      while (found.length < shares.length && seen > 0 && seen >= (shares[found.length] ?? 1) * total)
        found.push(upperUsOf(bucket))
    }
    return found
  }
}
