// Chance that can be had again: all of it in a fuzz test or a simulation comes from here, so that one number says everything that happened.

/** A stream of numbers that its seed determines (mulberry32). */
export class Random {
  readonly #seed: number
  #state: number

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#state = this.#seed
  }

  /** A number in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  /** An integer from 0 to below `end`. */
  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0
  }

  /** An integer from `min` to `max`, both included. */
  between(min: number, max: number): number {
    return min + Math.floor(this.next() * (max - min + 1))
  }

  chance(probability: number): boolean {
    return this.next() < probability
  }

  pick<T>(items: readonly T[]): T {
    return pickBy(this.next(), items)
  }

  /** One of the keys, each as often as its weight says. */
  weighted<K extends string>(weights: Readonly<Record<K, number>>): K {
    const keys = Object.keys(weights) as K[]
    let left = this.next() * keys.reduce((sum, key) => sum + weights[key], 0)
    for (const key of keys) {
      left -= weights[key]
      if (left < 0) return key
    }
    return this.pick(keys)
  }

  /** A stream of its own for `purpose`: what is drawn from it changes nothing elsewhere. */
  fork(purpose: string): Random {
    return new Random(Bun.hash.xxHash32(purpose, this.#seed))
  }
}

/** The item at the place `fraction` (in [0, 1)) of the list. */
export function pickBy<T>(fraction: number, items: readonly T[]): T {
  if (items.length === 0) throw new RangeError('There is nothing to pick from.')
  return items[Math.floor(fraction * items.length)] as T
}
