// The lenient mode for payloads: repairs a payload that breaks its schema, so that a handler can decide on it. Each
// repair is noted as a quirk, with the value that was sent. Nothing is invented beyond the defaults named here.

import { isoTime } from '../base/clock.ts'
import { integerMax, quirksPerFrameMax, quirkTextCharactersMax } from '../base/limits.ts'
import { readTime } from '../ocpp/date-time.ts'
import type { MessageRow } from '../blocks/message-row.ts'
import { numberOf, numberQuirk, withoutSpaces } from '../ocpp/number-text.ts'
import type { QuirkCode } from '../ocpp/quirks.ts'
import { isEnergy, noteNumbers } from '../ocpp/samples.ts'
import { type Problem, problemOf, requestNode } from './schema.ts'
import type { SchemaNode } from '../ocpp/schema-node.ts'
import { type Broken, type RepairOutcome, walk } from '../ocpp/schema-walk.ts'
import { FieldRef, ElementRef, type ValueRef } from '../ocpp/value-ref.ts'
import { clockFields, setClocks } from './station-clock.ts'
import { rowOf } from '../blocks/messages.ts'
import type { FrameTask, Quirk } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'

type Payload = Readonly<Record<string, unknown>>

/** What a repair needs to know of the frame. */
type Origin = Pick<FrameTask, 'receivedAtMs' | 'timeZone' | 'repairsOff'>

export interface Repaired {
  /** A repaired copy of the sent payload; not to be used if `refused` is set. */
  readonly payload: Payload
  /** One per kind of quirk and field, at most `quirksPerFrameMax`; of list elements only the first is noted. */
  readonly quirks: readonly Quirk[]
  /** The problem that cannot be repaired; null if the payload can be served. */
  readonly refused: Problem | null
}

/**
 * Repairs `sent` in lenient mode.
 *
 * A transaction message is never refused. Another message is refused for a list or an object in place of a text, and
 * for a required field that is missing or unreadable, unless the field is a time (the time of arrival replaces it),
 * belongs to a meter value, or is in a message that is only stored. A repair that is switched off refuses what it would
 * have repaired, except in a transaction message; a clock that is off then stays as it was sent, as in strict mode.
 *
 * @param sent nests no deeper than `frameDepthMax`.
 * @param origin its arrival, and the time zone of its charge point.
 */
export function repair(version: OcppVersion, action: string, sent: Payload, origin: Origin): Repaired {
  const payload = copyOf(sent)
  const repairing = new Repairing(rowOf(version, action), sent, payload, origin)
  walk(requestNode(version, action), payload, (broken) => repairing.repair(broken))
  const { refused, quirks } = repairing
  if (refused !== null) return { payload: sent, quirks, refused }
  if (!repairing.isOff('clockOff')) {
    setClocks(version, action, payload, origin.receivedAtMs, (pointer, path, value) => {
      repairing.note('clockOff', pointer, path, value)
    })
  }
  noteNumbers(payload, (code, pointer, path, value) => repairing.note(code, pointer, path, value))
  return { payload, quirks, refused }
}

/** A deep copy of a result of `JSON.parse`. */
export function copyOf(payload: Payload): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(payload)) {
    const value = payload[key]
    // Not an assignment, because a field may be named `__proto__`.
    if (key === '__proto__') Object.defineProperty(copy, key, { value: valueCopy(value), ...ordinary })
    else copy[key] = valueCopy(value)
  }
  return copy
}

const ordinary = { enumerable: true, configurable: true, writable: true } as const

function valueCopy(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(valueCopy)
  return typeof value === 'object' && value !== null ? copyOf(value as Payload) : value
}

/** Status texts and reasons are kept verbatim; handlers normalise them. */
const verbatimWords: ReadonlySet<string> = new Set(['status', 'connectorStatus', 'reason', 'stoppedReason'])

/** Integers that may exceed 32 bits: registers of large meters, and ids that are only stored. */
const wideIntegers: ReadonlySet<string> = new Set([
  'meterStart',
  'meterStop',
  'transactionId',
  'seqNo',
  'reservationId',
  'remoteStartId',
])

const sampleField = /\/sampledValue\/\*\/[^/]+$/
const meterField = /^\/(meterValue|transactionData)\/\*\//
const meterValue = /^\/(meterValue|transactionData)\/\*$/

class Repairing {
  readonly quirks: Quirk[] = []
  refused: Problem | null = null
  readonly #isTransactional: boolean
  readonly #isOnlyStored: boolean
  readonly #sent: Payload
  readonly #payload: Payload
  readonly #origin: Origin
  readonly #noted = new Map<string, Set<QuirkCode>>()
  /** A repair that was made although it is switched off. */
  #switchedOff: QuirkCode | null = null

  constructor(row: MessageRow | undefined, sent: Payload, payload: Payload, origin: Origin) {
    this.#isTransactional = row?.transactional === true
    this.#isOnlyStored = row !== undefined && (row.standingAnswer !== null || row.isForgiving)
    this.#sent = sent
    this.#payload = payload
    this.#origin = origin
  }

  /** Whether a repair is switched off for this message. */
  isOff(code: QuirkCode): boolean {
    return this.#origin.repairsOff?.includes(code) === true && !this.#isTransactional
  }

  /**
   * Notes a quirk once for each field.
   *
   * @param pointer the field, with `*` for the elements of lists.
   */
  note(code: QuirkCode, pointer: string, path: () => string, sent?: unknown): void {
    if (this.isOff(code)) this.#switchedOff = code
    if (this.quirks.length >= quirksPerFrameMax) return
    const noted = this.#noted.get(pointer) ?? new Set()
    if (noted.has(code)) return
    this.#noted.set(pointer, noted.add(code))
    const place = path().slice(0, quirkTextCharactersMax)
    // Without lists and objects: the message log has them, and a quirk is sent between threads.
    if (sent === undefined || (typeof sent === 'object' && sent !== null)) this.quirks.push({ code, path: place })
    else {
      const value = typeof sent === 'string' ? sent.slice(0, quirkTextCharactersMax) : sent
      this.quirks.push({ code, path: place, sent: value })
    }
  }

  /** Repairs a broken value, or refuses the message. */
  repair(broken: Broken): RepairOutcome {
    // A repair says its name when it is done: then the problem is described as it was before.
    const before = this.#origin.repairsOff === undefined ? null : problemOf(broken, this.#payload)
    const outcome = this.#repaired(broken)
    if (before === null || this.#switchedOff === null) return outcome
    this.refused = before
    return 'stop'
  }

  #repaired(broken: Broken): RepairOutcome {
    const { ref, node } = broken
    if (ref === null) return this.#refuse(broken)
    switch (broken.keyword) {
      case 'additionalProperties':
        return this.#repairExtra(broken, ref)
      case 'required':
        return this.#default(broken, ref)
      case 'type':
        return this.#repairType(broken, ref)
      case 'enum':
        return this.#repairWord(broken, ref)
      case 'format':
        return node.format === 'date-time' ? this.#repairTime(broken, ref) : this.#keep(broken, 'formatNotMet')
      case 'maxLength':
        return this.#keep(broken, 'textTooLong')
      case 'minItems':
        return this.#keep(broken, isEmptyList(ref.value) ? 'emptyArray' : 'wrongItemCount')
      case 'maxItems':
        return this.#repairCount(broken, ref)
      case 'minimum':
      case 'maximum':
        return this.#repairRange(broken, ref)
      case 'multipleOf':
        return this.#keep(broken, 'numberOutOfRange')
    }
  }

  #refuse(broken: Broken): 'stop' {
    this.refused = problemOf(broken, this.#payload)
    return 'stop'
  }

  #noteAt({ node, path }: Broken, code: QuirkCode, sent?: unknown): void {
    this.note(code, node.pointer, path, sent)
  }

  #keep(broken: Broken, code: QuirkCode): 'kept' {
    this.#noteAt(broken, code)
    return 'kept'
  }

  #replace(broken: Broken, ref: ValueRef, code: QuirkCode, value: unknown): 'changed' {
    this.#noteAt(broken, code, ref.value)
    ref.value = value
    return 'changed'
  }

  #repairExtra({ node, path }: Broken, ref: ValueRef): RepairOutcome {
    if (!(ref instanceof FieldRef)) return 'kept'
    const { holder, name, value } = ref
    const pointer = `${node.pointer}/${name}`
    if (name === 'values' && sampleField.test(pointer) && holder.value === undefined) {
      holder.value = value
      this.note('fieldRenamed', pointer, path)
    } else this.note('extraField', pointer, path, value)
    ref.remove()
    return 'removed'
  }

  // A required field that is missing, or as good as missing.
  #default(broken: Broken, ref: ValueRef): RepairOutcome {
    const { node } = broken
    if (ref instanceof FieldRef && sampleField.test(node.pointer)) {
      if (ref.holder.values !== undefined && ref.value === undefined) return 'kept'
      // A sample without a value carries no information, and a value must not be invented.
      return this.#dropElement(broken)
    }
    // The same for a meter value without time and samples (the meter columns rely on this).
    if (ref instanceof FieldRef && ref.value === undefined && meterValue.test(node.parent?.pointer ?? '')) {
      const { timestamp, sampledValue } = ref.holder
      if (timestamp === undefined && sampledValue === undefined) return this.#dropElement(broken)
    }
    const isFree =
      this.#isTransactional || this.#isOnlyStored || clockFields.has(node.name) || meterField.test(node.pointer)
    if (!isFree) return this.#refuse(broken)
    const sent = ref.value
    ref.value = this.#defaultOf(node)
    this.#noteAt(broken, 'missingField', sent)
    return 'changed'
  }

  /** Drops the element of a list that holds the broken field. */
  #dropElement({ node, path }: Broken): 'holderRemoved' {
    const elementPath = (): string => path().slice(0, path().lastIndexOf('/'))
    this.note('itemDropped', node.parent?.pointer ?? '', elementPath)
    return 'holderRemoved'
  }

  /**
   * The defaults: the time of arrival for a time, Updated for an event type, an empty list, 0, ''. A seqNo is derived
   * from the payload as sent, so a retransmission gets the same, and another message another one.
   */
  #defaultOf(node: SchemaNode): unknown {
    if (node.format === 'date-time') return isoTime(this.#origin.receivedAtMs)
    if (node.name === 'eventType') return 'Updated'
    if (node.name === 'seqNo') return Bun.hash.xxHash32(JSON.stringify(this.#sent)) % integerMax
    switch (node.type) {
      case 'array':
        return []
      case 'object':
        return {}
      case 'integer':
      case 'number':
        return 0
      case 'boolean':
        return false
      default:
        // No enumeration value is invented.
        return ''
    }
  }

  // The value is unreadable: an optional field or an element is removed, a required field gets its default.
  #giveUp(broken: Broken, ref: ValueRef): RepairOutcome {
    if (ref instanceof ElementRef) {
      this.#noteAt(broken, 'itemDropped', ref.value)
      return 'removed'
    }
    if (broken.node.isRequired) return this.#default(broken, ref)
    this.#noteAt(broken, ref.value === null ? 'nullField' : 'unreadableField', ref.value)
    if (ref instanceof FieldRef) ref.remove()
    return 'removed'
  }

  #repairType(broken: Broken, ref: ValueRef): RepairOutcome {
    const { value } = ref
    if (value === null || value === undefined) return this.#giveUp(broken, ref)
    switch (broken.node.type) {
      case 'string':
        return this.#repairText(broken, ref)
      case 'integer':
      case 'number': {
        const ofEnergy = isOfEnergy(broken.node, ref)
        if (typeof value === 'string') {
          const code = numberQuirk(value, ofEnergy)
          if (code !== null) this.#noteAt(broken, code, value)
        }
        const number = readNumber(value, ofEnergy)
        if (Number.isNaN(number)) return this.#giveUp(broken, ref)
        const isFraction = broken.node.type === 'integer' && !Number.isInteger(number)
        if (isFraction) return this.#replace(broken, ref, 'fractionForInteger', Math.round(number))
        return this.#replace(broken, ref, 'textForValue', number)
      }
      case 'boolean': {
        const boolean = readBoolean(value)
        return boolean === null ? this.#giveUp(broken, ref) : this.#replace(broken, ref, 'textForValue', boolean)
      }
      case 'array':
        return this.#replace(broken, ref, 'objectForArray', [value])
      default:
        if (!Array.isArray(value) || value.length !== 1) return this.#giveUp(broken, ref)
        return this.#replace(broken, ref, 'arrayForObject', value[0])
    }
  }

  /** Another type in place of a text. A list or an object is not converted: its meaning would be a guess. */
  #repairText(broken: Broken, ref: ValueRef): RepairOutcome {
    const { value } = ref
    if (broken.node.format === 'date-time') return this.#repairTime(broken, ref)
    if (typeof value !== 'object') return this.#replace(broken, ref, 'valueForText', String(value))
    return this.#isTransactional
      ? this.#replace(broken, ref, 'valueForText', JSON.stringify(value))
      : this.#refuse(broken)
  }

  #repairWord(broken: Broken, ref: ValueRef): RepairOutcome {
    const meant = verbatimWords.has(broken.node.name) ? null : wordMeant(ref.value, broken.node)
    return meant === null ? this.#keep(broken, 'unknownWord') : this.#replace(broken, ref, meant.quirk, meant.word)
  }

  #repairTime(broken: Broken, ref: ValueRef): RepairOutcome {
    const { receivedAtMs, timeZone } = this.#origin
    const read = readTime(ref.value, timeZone)
    if (read === null) return this.#replace(broken, ref, 'timeUnreadable', isoTime(receivedAtMs))
    return this.#replace(broken, ref, read.hasZone ? 'timeFormat' : 'timeWithoutZone', isoTime(read.ms))
  }

  /** A list that is too long is cut to twice the allowed number of elements. */
  #repairCount(broken: Broken, ref: ValueRef): RepairOutcome {
    const { value } = ref
    const itemsMax = 2 * (broken.node.itemsMax ?? 0)
    if (Array.isArray(value) && value.length > itemsMax) value.length = itemsMax
    return this.#keep(broken, 'wrongItemCount')
  }

  #repairRange(broken: Broken, ref: ValueRef): RepairOutcome {
    const { value } = ref
    const isWide = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > integerMax
    if (!isWide || (wideIntegers.has(broken.node.name) && Number.isSafeInteger(value))) {
      return this.#keep(broken, 'numberOutOfRange')
    }
    return this.#replace(broken, ref, 'numberOutOfRange', Math.sign(value) * integerMax)
  }
}

/** Longer than any enumeration value, including added spaces. */
const wordCharactersMax = 255
function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** The enumeration value that a text probably means, and the quirk. */
interface WordMeant {
  readonly word: unknown
  readonly quirk: QuirkCode
}

/** The enumeration value that equals `value` except for letter case and spaces; null if none does. */
export function wordMeant(value: unknown, { words = [] }: SchemaNode): WordMeant | null {
  if (typeof value !== 'string' || value.length > wordCharactersMax) return null
  const wanted = withoutSpaces(value)
  const lowerCase = wanted.toLowerCase()
  const word = words.find((candidate) => String(candidate).toLowerCase() === lowerCase)
  if (word === undefined) return null
  return { word, quirk: wanted === value.trim() ? 'enumCase' : 'straySpace' }
}

/** The registers that messages have as fields of their own, in Wh. */
const registers: ReadonlySet<string> = new Set(['meterStart', 'meterStop'])

function isOfEnergy({ name, pointer }: SchemaNode, ref: ValueRef): boolean {
  if (registers.has(name)) return true
  return name === 'value' && sampleField.test(pointer) && ref instanceof FieldRef && isEnergy(ref.holder)
}

/** `value` as a number; NaN if it is none. `ofEnergy`: see `numberOf`. */
export function readNumber(value: unknown, ofEnergy: boolean): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN
  return typeof value === 'string' ? numberOf(value, ofEnergy) : Number.NaN
}

/** `value` as a boolean; null if it is none. */
export function readBoolean(value: unknown): boolean | null {
  if (typeof value === 'object') return null
  const text = String(value).trim().toLowerCase()
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : null
}
