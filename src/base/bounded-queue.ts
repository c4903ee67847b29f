// A first-in first-out queue with a maximum. Taking from the front costs the same however long it is.

/** A queue that refuses to grow past `itemsMax`. */
export class BoundedQueue<T> {
  readonly #itemsMax: number
  #items: (T | undefined)[] = []
  #head = 0

  constructor(itemsMax: number) {
    this.#itemsMax = itemsMax
  }

  get size(): number {
    return this.#items.length - this.#head
  }

  get isFull(): boolean {
    return this.size >= this.#itemsMax
  }

  /** Appends `item`; false when the queue is full and nothing was appended. */
  push(item: T): boolean {
    if (this.isFull) return false
    this.#items.push(item)
    return true
  }

  /** Removes and returns the oldest item, or undefined when there is none. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined
    const item = this.#items[this.#head]
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

  /** Removes and returns up to `count` of the oldest items, oldest first. */
  take(count: number): T[] {
    const taken: T[] = []
    while (taken.length < count && this.size > 0) {
      const item = this.shift()
      if (item !== undefined) taken.push(item)
    }
    return taken
  }

  /** Removes and returns everything, oldest first. */
  drain(): T[] {
    return this.take(this.size)
  }
}
