// Walks a payload and its schema together, once, and reports every broken keyword on the way: parents before children,
// in the order of the schema. The caller may repair what is broken; the walk then continues with the repaired value.
// The work is linear in the payload, whatever its content.

import { isDateTime } from './date-time.ts'
import { pointerOf } from './json-pointer.ts'
import type { Keyword, SchemaNode } from './schema-node.ts'
import { FieldRef, ElementRef, type ValueRef } from './value-ref.ts'

/** One keyword that a payload breaks. */
export interface Broken {
  readonly keyword: Keyword
  /** Schema of the field. For `additionalProperties`, schema of the object with the extra field. */
  readonly node: SchemaNode
  /** Reference to the value, which is undefined if the field is missing; null for the payload itself. */
  readonly ref: ValueRef | null
  /** JSON pointer to the value. A function, because few of thousands of problems are reported. */
  readonly path: () => string
}

/**
 * What the caller did with a broken value: `kept` it, `changed` it, or `removed` it from its object or list.
 * `holderRemoved`: remove the list element that contains it. `stop` ends the walk.
 */
export type RepairOutcome = 'kept' | 'changed' | 'removed' | 'holderRemoved' | 'stop'

export type Report = (broken: Broken) => RepairOutcome

type Fields = Record<string, unknown>

/** Changes of one value before it is kept as it is. Nested lists of one element need a change per level. */
const changesMax = 16

const nothingBroken: readonly Keyword[] = []
const wrongType: readonly Keyword[] = ['type']

/** Walks `payload` and reports every broken keyword. */
export function walk(node: SchemaNode, payload: unknown, report: Report): void {
  new Walk(report).payload(payload, node)
}

class Walk {
  readonly #report: Report
  readonly #steps: (string | number)[] = []

  constructor(report: Report) {
    this.#report = report
  }

  payload(payload: unknown, node: SchemaNode): void {
    for (const keyword of brokenKeywords(payload, node)) {
      if (this.#report({ keyword, node, ref: null, path: () => '' }) === 'stop') return
    }
    this.#inside(payload, node)
  }

  /** The value under `key` of `holder`. */
  #value(holder: Fields | unknown[], key: string | number, node: SchemaNode): RepairOutcome {
    let outcome = this.#itself(holder, key, node)
    for (let changes = 1; outcome === 'changed' && changes < changesMax; changes++) {
      outcome = this.#itself(holder, key, node)
    }
    if (outcome !== 'kept' && outcome !== 'changed') return outcome
    return this.#inside(valueAt(holder, key), node)
  }

  /** Reports the broken keywords of the value itself, until one is repaired. */
  #itself(holder: Fields | unknown[], key: string | number, node: SchemaNode): RepairOutcome {
    for (const keyword of brokenKeywords(valueAt(holder, key), node)) {
      const outcome = this.#reportAt(keyword, node, holder, key)
      if (outcome !== 'kept') return outcome
    }
    return 'kept'
  }

  #inside(value: unknown, node: SchemaNode): RepairOutcome {
    if (Array.isArray(value)) return node.items === null ? 'kept' : this.#list(value, node.items)
    return isFields(value) ? this.#object(value, node) : 'kept'
  }

  #object(fields: Fields, node: SchemaNode): RepairOutcome {
    for (const name of node.required) {
      if (fields[name] !== undefined) continue
      const outcome = this.#reportField('required', node.fields.get(name) ?? node, fields, name)
      if (outcome === 'stop') return outcome
      if (outcome === 'holderRemoved') return 'removed'
    }
    if (!node.isOpen) {
      for (const name of Object.keys(fields)) {
        if (node.fields.has(name)) continue
        if (this.#reportField('additionalProperties', node, fields, name) === 'stop') return 'stop'
      }
    }
    for (const [name, field] of node.fields) {
      if (fields[name] === undefined) continue
      this.#steps.push(name)
      const outcome = this.#value(fields, name, field)
      this.#steps.pop()
      if (outcome === 'stop') return outcome
      if (outcome === 'holderRemoved') return 'removed'
    }
    return 'kept'
  }

  #list(list: unknown[], node: SchemaNode): RepairOutcome {
    let removed: Set<number> | null = null
    for (let index = 0; index < list.length; index++) {
      this.#steps.push(index)
      const outcome = this.#value(list, index, node)
      this.#steps.pop()
      if (outcome === 'stop') return outcome
      if (outcome === 'removed') (removed ??= new Set()).add(index)
    }
    if (removed !== null) removeItems(list, removed)
    return 'kept'
  }

  /** Reports a broken keyword of a field that the walk has not entered. */
  #reportField(keyword: Keyword, node: SchemaNode, fields: Fields, name: string): RepairOutcome {
    this.#steps.push(name)
    const outcome = this.#reportAt(keyword, node, fields, name)
    this.#steps.pop()
    return outcome
  }

  #reportAt(keyword: Keyword, node: SchemaNode, holder: Fields | unknown[], key: string | number): RepairOutcome {
    const ref = Array.isArray(holder) ? new ElementRef(holder, Number(key)) : new FieldRef(holder, String(key))
    return this.#report({ keyword, node, ref, path: () => pointerOf(this.#steps) })
  }
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function valueAt(holder: Fields | unknown[], key: string | number): unknown {
  return Array.isArray(holder) ? holder[Number(key)] : holder[key]
}

function removeItems(list: unknown[], removed: ReadonlySet<number>): void {
  let kept = 0
  for (let index = 0; index < list.length; index++) {
    if (!removed.has(index)) list[kept++] = list[index]
  }
  list.length = kept
}

/** The keywords that `value` itself breaks, without its content. */
function brokenKeywords(value: unknown, node: SchemaNode): readonly Keyword[] {
  if (node.type !== undefined && !isOfType(value, node.type)) return wrongType
  if (typeof value === 'string') return node.words === undefined ? brokenByText(value, node) : brokenByWord(value, node)
  if (typeof value === 'number') return brokenByNumber(value, node)
  return Array.isArray(value) ? brokenByCount(value.length, node) : nothingBroken
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case 'object':
      return isFields(value)
    case 'array':
      return Array.isArray(value)
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      // JavaScript parses some JSON numbers as infinity, which cannot be stored.
      return Number.isFinite(value)
    default:
      return typeof value === type
  }
}

function brokenByWord(text: string, { words }: SchemaNode): readonly Keyword[] {
  return words === undefined || words.includes(text) ? nothingBroken : ['enum']
}

function brokenByText(text: string, { charactersMax, format }: SchemaNode): readonly Keyword[] {
  const broken: Keyword[] = []
  if (charactersMax !== undefined && isLonger(text, charactersMax)) broken.push('maxLength')
  if (format !== undefined && !isOfFormat(text, format)) broken.push('format')
  return broken.length === 0 ? nothingBroken : broken
}

/** Whether `text` has more characters (Unicode code points) than `charactersMax`. */
function isLonger(text: string, charactersMax: number): boolean {
  if (text.length <= charactersMax) return false
  // A character has at most two UTF-16 units.
  return text.length > 2 * charactersMax || [...text].length > charactersMax
}

function isOfFormat(text: string, format: string): boolean {
  return format === 'date-time' ? isDateTime(text) : format !== 'uri' || URL.canParse(text)
}

/** Tolerance of `multipleOf`: the schemas require multiples of 0.1, which binary fractions cannot represent exactly. */
const multipleTolerance = 1e-3

function brokenByNumber(value: number, { minimum, maximum, multipleOf }: SchemaNode): readonly Keyword[] {
  const broken: Keyword[] = []
  if (minimum !== undefined && value < minimum) broken.push('minimum')
  if (maximum !== undefined && value > maximum) broken.push('maximum')
  if (multipleOf !== undefined) {
    const multiple = value / multipleOf
    if (Math.abs(Math.round(multiple) - multiple) > multipleTolerance) broken.push('multipleOf')
  }
  return broken.length === 0 ? nothingBroken : broken
}

function brokenByCount(count: number, { itemsMin, itemsMax }: SchemaNode): readonly Keyword[] {
  if (itemsMin !== undefined && count < itemsMin) return ['minItems']
  return itemsMax !== undefined && count > itemsMax ? ['maxItems'] : nothingBroken
}
