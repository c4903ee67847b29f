// The lenient mode for payloads: makes one that breaks its schema into one that can be decided on, and says by quirks what
// it did. Nothing is invented beyond the defaults named here, and what was sent stays in the quirk.

import { isoTime } from '../base/clock.ts'
import { integerMax } from '../base/limits.ts'
import { readTime } from './date-time.ts'
import type { JsonSchema } from './message.ts'
import type { QuirkCode } from './quirks.ts'
import { checkRequest, fieldSchema, type Problem } from './schema.ts'
import { FieldSlot, ItemSlot, nameOf, type Slot, slotAt } from './slots.ts'
import { clockFields, setClocks } from './station-clock.ts'
import { rowOf } from './tables.ts'
import type { Quirk } from './verdict.ts'
import type { OcppVersion } from './version.ts'

type Payload = Readonly<Record<string, unknown>>
type Container = Record<string, unknown>

export interface Repaired {
  /** A copy of what was sent, repaired; worthless when it is refused. */
  readonly payload: Payload
  /** One per kind of quirk and field; of the elements of a list only the first is told. */
  readonly quirks: readonly Quirk[]
  /** The problem that nothing mends; null when the payload is to be served. */
  readonly refused: Problem | null
}

/** A repair uncovers what lies below it, so a payload is checked again after each round; schemas are less deep than this. */
const roundsMax = 16

/**
 * Repairs `sent` as the lenient mode does.
 *
 * A transaction message always comes out served. Of other messages a required field that is missing or unreadable refuses
 * the message, unless it is a time (the time of arrival stands in) or belongs to a meter value.
 *
 * @param problems what `checkRequest` found in `sent`; may be empty, then only its clock is looked at.
 */
export function repair(
  version: OcppVersion,
  action: string,
  sent: Payload,
  problems: readonly Problem[],
  receivedAtMs: number,
): Repaired {
  const repairing = new Repairing(version, action, sent, receivedAtMs)
  let open = problems
  for (let round = 0; open.length > 0; round++) {
    const hopeless = round === roundsMax ? open[0] : repairing.round(open)
    if (hopeless !== undefined) return { payload: sent, quirks: repairing.quirks, refused: hopeless }
    open = repairing.openProblems()
  }
  repairing.setClocks()
  return { payload: repairing.payload, quirks: repairing.quirks, refused: null }
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

class Repairing {
  readonly quirks: Quirk[] = []
  readonly payload: Container
  readonly #sent: Payload
  readonly #version: OcppVersion
  readonly #action: string
  readonly #receivedAtMs: number
  readonly #isTransactional: boolean
  /** Problems that are left as they are. */
  readonly #kept = new Set<string>()
  readonly #told = new Set<string>()
  /** Elements to take out at the end of the round, so that the paths of its other problems stay right. */
  #dropped = new Map<unknown[], Set<number>>()

  constructor(version: OcppVersion, action: string, sent: Payload, receivedAtMs: number) {
    this.#version = version
    this.#action = action
    this.#sent = sent
    this.payload = structuredClone(sent)
    this.#receivedAtMs = receivedAtMs
    this.#isTransactional = rowOf(version, action)?.transactional ?? false
  }

  openProblems(): Problem[] {
    const problems = checkRequest(this.#version, this.#action, this.payload)
    return problems.filter((problem) => !this.#kept.has(`${problem.keyword} ${problem.path}`))
  }

  /** Mends every problem, or returns the first that cannot be mended. */
  round(problems: readonly Problem[]): Problem | undefined {
    for (const problem of problems) {
      if (!this.#mend(problem)) return problem
    }
    for (const [list, dropped] of this.#dropped) {
      const rest = list.filter((_, index) => !dropped.has(index))
      list.splice(0, list.length, ...rest)
    }
    this.#dropped = new Map()
    return undefined
  }

  /** Replaces every time that no working clock shows by the time of arrival. */
  setClocks(): void {
    setClocks(this.#version, this.#action, this.payload, this.#receivedAtMs, (path, sent) => {
      this.#note('clockOff', path, sent)
    })
  }

  #note(code: QuirkCode, path: string, sent?: unknown): void {
    const kind = `${code} ${path.replaceAll(/\/\d+/g, '/*')}`
    if (this.#told.has(kind)) return
    this.#told.add(kind)
    // Lists and objects stay out: the message log holds them, and a quirk crosses threads.
    const isTold = sent !== undefined && (typeof sent !== 'object' || sent === null)
    this.quirks.push(isTold ? { code, path, sent } : { code, path })
  }

  #keep(problem: Problem, code: QuirkCode): true {
    this.#kept.add(`${problem.keyword} ${problem.path}`)
    this.#note(code, problem.path)
    return true
  }

  #mend(problem: Problem): boolean {
    const slot = slotAt(this.payload, problem.path)
    // An earlier repair of this round has taken the field's surroundings away: the next check tells what is left.
    if (slot === undefined) return problem.path !== ''
    switch (problem.keyword) {
      case 'additionalProperties':
        return this.#mendExtra(problem, slot)
      case 'required':
        return slot.value !== undefined || this.#default(problem, slot)
      case 'type':
        return this.#mendType(problem, slot, String(problem.params.type))
      case 'enum':
        return this.#mendWord(problem, slot)
      case 'format':
        return problem.params.format === 'date-time'
          ? this.#mendTime(problem, slot)
          : this.#keep(problem, 'formatNotMet')
      case 'maxLength':
        return this.#keep(problem, 'textTooLong')
      case 'minItems':
        return this.#keep(
          problem,
          Array.isArray(slot.value) && slot.value.length === 0 ? 'emptyArray' : 'wrongItemCount',
        )
      case 'maxItems':
        return this.#keep(problem, 'wrongItemCount')
      case 'minimum':
      case 'maximum':
        return this.#mendRange(problem, slot)
      case 'multipleOf':
        return this.#keep(problem, 'numberOutOfRange')
      default:
        return false
    }
  }

  #mendExtra(problem: Problem, slot: Slot): boolean {
    const isSampleValue = nameOf(problem.path) === 'values' && this.#isInSample(problem.path)
    if (isSampleValue && slot instanceof FieldSlot && slot.holder.value === undefined) {
      slot.holder.value = slot.value
      this.#note('fieldRenamed', problem.path)
    } else if (slot.value !== undefined) this.#note('extraField', problem.path, slot.value)
    slot.remove()
    return true
  }

  #isInSample(path: string): boolean {
    return /\/sampledValue\/\d+\/[^/]+$/.test(path)
  }

  // A required field that is missing, or as good as missing.
  #default(problem: Problem, slot: Slot): boolean {
    const { path } = problem
    const name = nameOf(path)
    if (this.#isInSample(path)) {
      // A sample without a value says nothing, and a made-up value would be a lie.
      if (slot instanceof FieldSlot && slot.holder.values !== undefined && slot.value === undefined) return true
      return this.#dropItem(path.slice(0, path.lastIndexOf('/')))
    }
    const schema = fieldSchema(this.#version, this.#action, path)
    const isFree = this.#isTransactional || clockFields.has(name) || /^\/(meterValue|transactionData)\/\d+\//.test(path)
    if (schema === undefined || !isFree) return false
    const sent = slot.value
    slot.value = this.#defaultOf(name, schema)
    this.#note('missingField', path, sent)
    return true
  }

  /**
   * The defaults: a time is the time of arrival, an event is an Updated one, a list is empty, a number 0, a text ''. A
   * seqNo comes from the payload as sent: it is the same when the message is sent again, and another for another message.
   */
  #defaultOf(name: string, schema: JsonSchema): unknown {
    if (schema.format === 'date-time') return isoTime(this.#receivedAtMs)
    if (name === 'eventType') return 'Updated'
    if (name === 'seqNo') return Bun.hash.xxHash32(JSON.stringify(this.#sent)) % integerMax
    switch (schema.type) {
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

  #dropItem(path: string): boolean {
    const slot = slotAt(this.payload, path)
    if (!(slot instanceof ItemSlot)) return false
    const dropped = this.#dropped.get(slot.list) ?? new Set()
    this.#dropped.set(slot.list, dropped.add(slot.index))
    this.#note('itemDropped', path, slot.value)
    return true
  }

  // What stands here cannot be read at all: an optional field goes, an element goes, a required field gets its default.
  #giveUp(problem: Problem, slot: Slot): boolean {
    if (slot instanceof ItemSlot) return this.#dropItem(problem.path)
    const { path } = problem
    const holderSchema = fieldSchema(this.#version, this.#action, path.slice(0, path.lastIndexOf('/')))
    const isRequired = Array.isArray(holderSchema?.required) && holderSchema.required.includes(nameOf(path))
    if (isRequired) return this.#default(problem, slot)
    this.#note(slot.value === null ? 'nullField' : 'unreadableField', path, slot.value)
    slot.remove()
    return true
  }

  #replace(slot: Slot, path: string, code: QuirkCode, value: unknown): true {
    this.#note(code, path, slot.value)
    slot.value = value
    return true
  }

  #mendType(problem: Problem, slot: Slot, expected: string): boolean {
    const { value } = slot
    const { path } = problem
    if (value === null || value === undefined) return this.#giveUp(problem, slot)
    switch (expected) {
      case 'string':
        if (fieldSchema(this.#version, this.#action, path)?.format === 'date-time') return this.#mendTime(problem, slot)
        return this.#replace(
          slot,
          path,
          'valueForText',
          typeof value === 'object' ? JSON.stringify(value) : String(value),
        )
      case 'integer':
      case 'number': {
        const number = readNumber(value)
        if (number === null) return this.#giveUp(problem, slot)
        const isFraction = expected === 'integer' && !Number.isInteger(number)
        const code = isFraction ? 'fractionForInteger' : 'textForValue'
        return this.#replace(slot, path, code, isFraction ? Math.round(number) : number)
      }
      case 'boolean': {
        const boolean = readBoolean(value)
        if (boolean === null) return this.#giveUp(problem, slot)
        return this.#replace(slot, path, 'textForValue', boolean)
      }
      case 'array':
        return this.#replace(slot, path, 'objectForArray', [value])
      case 'object':
        if (!Array.isArray(value) || value.length !== 1) return this.#giveUp(problem, slot)
        return this.#replace(slot, path, 'arrayForObject', value[0])
      default:
        return false
    }
  }

  #mendWord(problem: Problem, slot: Slot): boolean {
    const { value } = slot
    const allowed = problem.params.allowedValues
    if (typeof value === 'string' && Array.isArray(allowed) && !verbatimWords.has(nameOf(problem.path))) {
      const wanted = value.trim().toLowerCase()
      const word: unknown = allowed.find((candidate) => String(candidate).toLowerCase() === wanted)
      if (word !== undefined) return this.#replace(slot, problem.path, 'enumCase', word)
    }
    return this.#keep(problem, 'unknownWord')
  }

  #mendTime(problem: Problem, slot: Slot): boolean {
    const read = readTime(slot.value)
    if (read === null) return this.#replace(slot, problem.path, 'timeUnreadable', isoTime(this.#receivedAtMs))
    return this.#replace(slot, problem.path, read.hasZone ? 'timeFormat' : 'timeWithoutZone', isoTime(read.ms))
  }

  #mendRange(problem: Problem, slot: Slot): boolean {
    const { value } = slot
    const isWide = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) > integerMax
    if (!isWide || (wideIntegers.has(nameOf(problem.path)) && Number.isSafeInteger(value))) {
      return this.#keep(problem, 'numberOutOfRange')
    }
    return this.#replace(slot, problem.path, 'numberOutOfRange', Math.sign(value) * integerMax)
  }
}

function readNumber(value: unknown): number | null {
  if (typeof value === 'number') return Number.isFinite(value) ? value : null
  if (typeof value !== 'string' || value.trim() === '') return null
  const number = Number(value.trim().replace(/^(-?\d+),(\d+)$/, '$1.$2'))
  return Number.isFinite(number) ? number : null
}

function readBoolean(value: unknown): boolean | null {
  const text = String(value).trim().toLowerCase()
  if (text === 'true' || text === '1') return true
  return text === 'false' || text === '0' ? false : null
}
