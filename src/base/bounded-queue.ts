// A first-in first-out queue with a maximum number of items and, where items differ in size, of bytes. Removing from
// the front takes constant time.

/** The bound in bytes of a queue. */
export interface BytesBound<T> {
  readonly bytesMax: number
  /** Must return the same size for an item as long as the item is queued. */
  readonly bytesOf: (item: T) => number
}

/** A queue of at most `itemsMax` items and `bytesMax` bytes. */
export class BoundedQueue<T> {
  readonly #itemsMax: number
  readonly #bytesMax: number
  readonly #bytesOf: ((item: T) => number) | null
  #items: (T | undefined)[] = []
  #head = 0
  #bytes = 0

  constructor(itemsMax: number, bound?: BytesBound<T>) {
    this.#itemsMax = itemsMax
    this.#bytesMax = bound?.bytesMax ?? Number.POSITIVE_INFINITY
    this.#bytesOf = bound?.bytesOf ?? null
  }

  get size(): number {
    return this.#items.length - this.#head
  }

  /** Bytes of all queued items; 0 in a queue without a bound in bytes. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether a bound is reached. */
  get isFull(): boolean {
    return this.size >= this.#itemsMax || this.#bytes >= this.#bytesMax
  }

  /**
   * Appends `item`. Returns false, and appends nothing, if a bound would be exceeded. Even an empty queue refuses an
   * item that is larger than the bound, since the bound limits memory.
   */
  push(item: T): boolean {
    if (this.size >= this.#itemsMax) return false
    if (this.#bytesOf !== null) {
      const bytes = this.#bytes + this.#bytesOf(item)
      if (bytes > this.#bytesMax) return false
      this.#bytes = bytes
    }
    this.#items.push(item)
    return true
  }

  /** Appends `item` whatever the bounds: for the remaining parts of something that `push` has accepted as a whole. */
  pushAccepted(item: T): void {
    if (this.#bytesOf !== null) this.#bytes += this.#bytesOf(item)
    this.#items.push(item)
  }

  /** The oldest item, or undefined when there is none. */
  peek(): T | undefined {
    return this.#items[this.#head]
  }

  /** Removes and returns the oldest item, or undefined when there is none. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
    if (item !== undefined && this.#bytesOf !== null) this.#bytes -= this.#bytesOf(item)
    this.#items[this.#head] = undefined
    this.#head++
    if (this.#head === this.#items.length) {
      this.#items = []
      this.#head = 0
    } else if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }

  /**
   * Removes and returns up to `count` items, oldest first, of at most `bytesMax` bytes in total. The oldest item is
   * returned whatever its size.
   */
  take(count: number, bytesMax = Number.POSITIVE_INFINITY): T[] {
    const taken: T[] = []
    let bytes = 0
    while (taken.length < count) {
      const next = this.peek()
      if (next === undefined) break
      if (this.#bytesOf !== null) bytes += this.#bytesOf(next)
      if (bytes > bytesMax && taken.length > 0) break
      taken.push(next)
      this.shift()
    }
    return taken
  }

  /** Removes and returns everything, oldest first. */
  drain(): T[] {
    return this.take(this.size)
  }
}
