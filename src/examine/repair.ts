// The lenient mode for payloads: makes one that breaks its schema into one that can be decided on, and says by quirks what
// it did. Nothing is invented beyond the defaults named here, and what was sent stays in the quirk.

import { isoTime } from '../base/clock.ts'
import { integerMax, quirksPerFrameMax, quirkTextCharactersMax } from '../base/limits.ts'
import { readTime } from '../ocpp/date-time.ts'
import type { MessageRow } from '../blocks/message-row.ts'
import { numberOf, numberQuirk, withoutSpaces } from '../ocpp/number-text.ts'
import type { QuirkCode } from '../ocpp/quirks.ts'
import { isEnergy, noteNumbers } from '../ocpp/samples.ts'
import { type Problem, problemOf, requestNode } from './schema.ts'
import type { SchemaNode } from '../ocpp/schema-node.ts'
import { type Broken, type Fate, walk } from '../ocpp/schema-walk.ts'
import { FieldSlot, ItemSlot, type Slot } from '../ocpp/slots.ts'
import { clockFields, setClocks } from './station-clock.ts'
import { rowOf } from '../blocks/messages.ts'
import type { FrameTask, Quirk } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'

type Payload = Readonly<Record<string, unknown>>

/** What of the frame a repair depends on. */
type Origin = Pick<FrameTask, 'receivedAtMs' | 'timeZone'>

export interface Repaired {
  /** A copy of what was sent, repaired; worthless when it is refused. */
  readonly payload: Payload
  /** One per kind of quirk and field, `quirksPerFrameMax` at most; of the elements of a list only the first is told. */
  readonly quirks: readonly Quirk[]
  /** The problem that cannot be repaired; null when the payload is to be served. */
  readonly refused: Problem | null
}

/**
 * Repairs `sent` as the lenient mode does.
 *
 * A transaction message always comes out served. Of other messages a list or an object where text belongs refuses the
 * message, and so does a required field that is missing or unreadable, unless it is a time (the time of arrival stands
 * in), belongs to a meter value, or stands in a message that is only stored: nothing is decided by what that lacks.
 *
 * @param sent nests no deeper than `frameDepthMax`.
 * @param origin its arrival, and the time zone of its charge point.
 */
export function repair(version: OcppVersion, action: string, sent: Payload, origin: Origin): Repaired {
  const payload = copyOf(sent)
  const repairing = new Repairing(rowOf(version, action), sent, payload, origin)
  walk(requestNode(version, action), payload, (broken) => repairing.mend(broken))
  const { refused, quirks } = repairing
  if (refused !== null) return { payload: sent, quirks, refused }
  setClocks(version, action, payload, origin.receivedAtMs, (pointer, path, value) => {
    repairing.note('clockOff', pointer, path, value)
  })
  noteNumbers(payload, (code, pointer, path, value) => repairing.note(code, pointer, path, value))
  return { payload, quirks, refused }
}

/** A copy of what `JSON.parse` made. */
export function copyOf(payload: Payload): Record<string, unknown> {
  const copy: Record<string, unknown> = {}
  for (const key of Object.keys(payload)) {
    const value = payload[key]
    // A field of the name `__proto__` is a field like any other.
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

/** Status texts and reasons are kept verbatim; who decides on them normalises them. */
const verbatimWords: ReadonlySet<string> = new Set(['status', 'connectorStatus', 'reason', 'stoppedReason'])

/** Integers that may be stored in full when they exceed 32 bits: registers of large meters, and ids that are only kept. */
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
  readonly #told = new Map<string, Set<QuirkCode>>()

  constructor(row: MessageRow | undefined, sent: Payload, payload: Payload, origin: Origin) {
    this.#isTransactional = row?.transactional === true
    this.#isOnlyStored = row !== undefined && row.standingAnswer !== null
    this.#sent = sent
    this.#payload = payload
    this.#origin = origin
  }

  /**
   * Notes a quirk once for each field.
   *
   * @param pointer the field, with `*` for the elements of lists.
   */
  note(code: QuirkCode, pointer: string, path: () => string, sent?: unknown): void {
    if (this.quirks.length >= quirksPerFrameMax) return
    const told = this.#told.get(pointer) ?? new Set()
    if (told.has(code)) return
    this.#told.set(pointer, told.add(code))
    const place = path().slice(0, quirkTextCharactersMax)
    // Lists and objects stay out: the message log holds them, and a quirk crosses threads.
    if (sent === undefined || (typeof sent === 'object' && sent !== null)) this.quirks.push({ code, path: place })
    else {
      const value = typeof sent === 'string' ? sent.slice(0, quirkTextCharactersMax) : sent
      this.quirks.push({ code, path: place, sent: value })
    }
  }

  /** Mends what is broken, or refuses the message for it. */
  mend(broken: Broken): Fate {
    const { slot, node } = broken
    if (slot === null) return this.#refuse(broken)
    switch (broken.keyword) {
      case 'additionalProperties':
        return this.#mendExtra(broken, slot)
      case 'required':
        return this.#default(broken, slot)
      case 'type':
        return this.#mendType(broken, slot)
      case 'enum':
        return this.#mendWord(broken, slot)
      case 'format':
        return node.format === 'date-time' ? this.#mendTime(broken, slot) : this.#keep(broken, 'formatNotMet')
      case 'maxLength':
        return this.#keep(broken, 'textTooLong')
      case 'minItems':
        return this.#keep(broken, isEmptyList(slot.value) ? 'emptyArray' : 'wrongItemCount')
      case 'maxItems':
        return this.#mendCount(broken, slot)
      case 'minimum':
      case 'maximum':
        return this.#mendRange(broken, slot)
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

  #replace(broken: Broken, slot: Slot, code: QuirkCode, value: unknown): 'changed' {
    this.#noteAt(broken, code, slot.value)
    slot.value = value
    return 'changed'
  }

  #mendExtra({ node, path }: Broken, slot: Slot): Fate {
    if (!(slot instanceof FieldSlot)) return 'kept'
    const { holder, name, value } = slot
    const pointer = `${node.pointer}/${name}`
    if (name === 'values' && sampleField.test(pointer) && holder.value === undefined) {
      holder.value = value
      this.note('fieldRenamed', pointer, path)
    } else this.note('extraField', pointer, path, value)
    slot.remove()
    return 'removed'
  }

  // A required field that is missing, or as good as missing.
  #default(broken: Broken, slot: Slot): Fate {
    const { node } = broken
    if (slot instanceof FieldSlot && sampleField.test(node.pointer)) {
      if (slot.holder.values !== undefined && slot.value === undefined) return 'kept'
      // A sample without a value says nothing, and a made-up value would be a lie.
      return this.#dropElement(broken)
    }
    // Neither does a meter value without a time and without samples (the meter columns count on it).
    if (slot instanceof FieldSlot && slot.value === undefined && meterValue.test(node.parent?.pointer ?? '')) {
      const { timestamp, sampledValue } = slot.holder
      if (timestamp === undefined && sampledValue === undefined) return this.#dropElement(broken)
    }
    const isFree =
      this.#isTransactional || this.#isOnlyStored || clockFields.has(node.name) || meterField.test(node.pointer)
    if (!isFree) return this.#refuse(broken)
    const sent = slot.value
    slot.value = this.#defaultOf(node)
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
   * The defaults: a time is the time of arrival, an event is an Updated one, a list is empty, a number 0, a text ''. A
   * seqNo comes from the payload as sent: it is the same when the message is sent again, and another for another message.
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
        // A word that nobody said is left unsaid, whatever words are allowed.
        return ''
    }
  }

  // What stands here cannot be read at all: an optional field goes, an element goes, a required field gets its default.
  #giveUp(broken: Broken, slot: Slot): Fate {
    if (slot instanceof ItemSlot) {
      this.#noteAt(broken, 'itemDropped', slot.value)
      return 'removed'
    }
    if (broken.node.isRequired) return this.#default(broken, slot)
    this.#noteAt(broken, slot.value === null ? 'nullField' : 'unreadableField', slot.value)
    if (slot instanceof FieldSlot) slot.remove()
    return 'removed'
  }

  #mendType(broken: Broken, slot: Slot): Fate {
    const { value } = slot
    if (value === null || value === undefined) return this.#giveUp(broken, slot)
    switch (broken.node.type) {
      case 'string':
        return this.#mendText(broken, slot)
      case 'integer':
      case 'number': {
        const ofEnergy = isOfEnergy(broken.node, slot)
        if (typeof value === 'string') {
          const code = numberQuirk(value, ofEnergy)
          if (code !== null) this.#noteAt(broken, code, value)
        }
        const number = readNumber(value, ofEnergy)
        if (Number.isNaN(number)) return this.#giveUp(broken, slot)
        const isFraction = broken.node.type === 'integer' && !Number.isInteger(number)
        if (isFraction) return this.#replace(broken, slot, 'fractionForInteger', Math.round(number))
        return this.#replace(broken, slot, 'textForValue', number)
      }
      case 'boolean': {
        const boolean = readBoolean(value)
        return boolean === null ? this.#giveUp(broken, slot) : this.#replace(broken, slot, 'textForValue', boolean)
      }
      case 'array':
        return this.#replace(broken, slot, 'objectForArray', [value])
      default:
        if (!Array.isArray(value) || value.length !== 1) return this.#giveUp(broken, slot)
        return this.#replace(broken, slot, 'arrayForObject', value[0])
    }
  }

  /** Something else stands where text belongs. A list or an object says nothing that a text could say: it is guessed at by nobody. */
  #mendText(broken: Broken, slot: Slot): Fate {
    const { value } = slot
    if (broken.node.format === 'date-time') return this.#mendTime(broken, slot)
    if (typeof value !== 'object') return this.#replace(broken, slot, 'valueForText', String(value))
    return this.#isTransactional
      ? this.#replace(broken, slot, 'valueForText', JSON.stringify(value))
      : this.#refuse(broken)
  }

  #mendWord(broken: Broken, slot: Slot): Fate {
    const meant = verbatimWords.has(broken.node.name) ? null : wordMeant(slot.value, broken.node)
    return meant === null ? this.#keep(broken, 'unknownWord') : this.#replace(broken, slot, meant.quirk, meant.word)
  }

  #mendTime(broken: Broken, slot: Slot): Fate {
    const { receivedAtMs, timeZone } = this.#origin
    const read = readTime(slot.value, timeZone)
    if (read === null) return this.#replace(broken, slot, 'timeUnreadable', isoTime(receivedAtMs))
    return this.#replace(broken, slot, read.hasZone ? 'timeFormat' : 'timeWithoutZone', isoTime(read.ms))
  }

  /** Of a list that is too long twice as many elements are kept as may be. */
  #mendCount(broken: Broken, slot: Slot): Fate {
    const { value } = slot
    const itemsMax = 2 * (broken.node.itemsMax ?? 0)
    if (Array.isArray(value) && value.length > itemsMax) value.length = itemsMax
    return this.#keep(broken, 'wrongItemCount')
  }

  #mendRange(broken: Broken, slot: Slot): Fate {
    const { value } = slot
    const isWide = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > integerMax
    if (!isWide || (wideIntegers.has(broken.node.name) && Number.isSafeInteger(value))) {
      return this.#keep(broken, 'numberOutOfRange')
    }
    return this.#replace(broken, slot, 'numberOutOfRange', Math.sign(value) * integerMax)
  }
}

/** No word of the specifications is as long, however many spaces a charge point puts around it. */
const wordCharactersMax = 255
function isEmptyList(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0
}

/** What a text that is no word of its schema means, and what is odd about it. */
interface WordMeant {
  readonly word: unknown
  readonly quirk: QuirkCode
}

/** The word of the schema that `value` is in other letter case or with other spaces; null when it is none. */
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

function isOfEnergy({ name, pointer }: SchemaNode, slot: Slot): boolean {
  if (registers.has(name)) return true
  return name === 'value' && sampleField.test(pointer) && slot instanceof FieldSlot && isEnergy(slot.holder)
}

/** The number that `value` is or says; NaN when it is none. `ofEnergy`: see `numberOf`. */
export function readNumber(value: unknown, ofEnergy: boolean): number {
  if (typeof value === 'number') return Number.isFinite(value) ? value : Number.NaN
  return typeof value === 'string' ? numberOf(value, ofEnergy) : Number.NaN
}

/** The boolean that `value` says; null when it says none. */
export function readBoolean(value: unknown): boolean | null {
  if (typeof value === 'object') return null
  const text = String(value).trim().toLowerCase()
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : null
}
