// Places in a payload, named by JSON pointers, where a repair reads, replaces or removes a value.

import { unescapePointer } from './schema.ts'

type Fields = Record<string, unknown>

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A place in the payload where a value stands or is missing. */
export interface Slot {
  value: unknown
  remove(): void
}

/** A field of an object. */
export class FieldSlot implements Slot {
  readonly holder: Fields
  readonly #name: string

  constructor(holder: Fields, name: string) {
    this.holder = holder
    this.#name = name
  }

  get value(): unknown {
    return Object.hasOwn(this.holder, this.#name) ? this.holder[this.#name] : undefined
  }

  // Defined rather than assigned: a field may be called `__proto__`.
  set value(value: unknown) {
    Object.defineProperty(this.holder, this.#name, { value, enumerable: true, configurable: true, writable: true })
  }

  remove(): void {
    delete this.holder[this.#name]
  }
}

/** An element of a list. */
export class ItemSlot implements Slot {
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

  remove(): void {
    this.list.splice(this.index, 1)
  }
}

/** The place that the JSON pointer `path` names; undefined when nothing is there that could hold it, or for the whole payload. */
export function slotAt(payload: Fields, path: string): Slot | undefined {
  const steps = path.split('/').slice(1).map(unescapePointer)
  const last = steps.pop()
  if (last === undefined) return undefined
  let holder: unknown = payload
  for (const step of steps) {
    if (Array.isArray(holder)) holder = holder[Number(step)]
    else holder = isFields(holder) && Object.hasOwn(holder, step) ? holder[step] : undefined
  }
  if (Array.isArray(holder)) return new ItemSlot(holder, Number(last))
  return isFields(holder) ? new FieldSlot(holder, last) : undefined
}

/** The last step of a JSON pointer, as the field is called. */
export function nameOf(path: string): string {
  return unescapePointer(path.slice(path.lastIndexOf('/') + 1))
}
