// References to values in a payload, through which a repair reads, replaces or removes them.

type Fields = Record<string, unknown>

/** A reference to a value, which may be missing. */
export interface ValueRef {
  value: unknown
}

/** A field of an object. */
export class FieldRef implements ValueRef {
  readonly holder: Fields
  readonly name: string

  constructor(holder: Fields, name: string) {
    this.holder = holder
    this.name = name
  }

  get value(): unknown {
    return Object.hasOwn(this.holder, this.name) ? this.holder[this.name] : undefined
  }

  // Not an assignment, because a field may be named `__proto__`.
  set value(value: unknown) {
    Object.defineProperty(this.holder, this.name, { value, enumerable: true, configurable: true, writable: true })
  }

  remove(): void {
    delete this.holder[this.name]
  }
}

/** An element of a list. */
export class ElementRef implements ValueRef {
  readonly list: unknown[]
  readonly index: number

  constructor(list: unknown[], index: number) {
    this.list = list
    this.index = index
  }

  get value(): unknown {
    return this.list[this.index]
  }

  set value(value: unknown) {
    this.list[this.index] = value
  }
}
