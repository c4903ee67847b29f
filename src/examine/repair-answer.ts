// The lenient mode for answers: repairs the answer to a CALL where its meaning is obvious. Nothing is invented, and
// nothing is removed but nulls of optional fields: missing fields stay missing, and unreadable values stay as they were
// sent.

import { isoTime } from '../base/clock.ts'
import { quirksPerFrameMax, quirkTextCharactersMax } from '../base/limits.ts'
import { readTime } from '../ocpp/date-time.ts'
import { numberQuirk } from '../ocpp/number-text.ts'
import type { QuirkCode } from '../ocpp/quirks.ts'
import { copyOf, readBoolean, readNumber, wordMeant } from './repair.ts'
import { responseNode } from './schema.ts'
import { type Broken, type RepairOutcome, walk } from '../ocpp/schema-walk.ts'
import { FieldRef, type ValueRef } from '../ocpp/value-ref.ts'
import type { Quirk } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'

type Payload = Readonly<Record<string, unknown>>

export interface RepairedAnswer {
  /** A repaired copy of the sent payload. It may still break its schema. */
  readonly payload: Payload
  /** One per kind of quirk and field, at most `quirksPerFrameMax`. */
  readonly quirks: readonly Quirk[]
}

/**
 * Repairs the payload of a CALLRESULT by the schema of the action that it answers.
 *
 * @param sent nests no deeper than `frameDepthMax`.
 * @param timeZone as `readTime` takes it.
 */
export function repairAnswer(
  version: OcppVersion,
  action: string,
  sent: Payload,
  timeZone: string | undefined,
): RepairedAnswer {
  const payload = copyOf(sent)
  const repairing = new AnswerRepairing(timeZone)
  walk(responseNode(version, action), payload, (broken) => repairing.repair(broken))
  return { payload, quirks: repairing.quirks }
}

class AnswerRepairing {
  readonly quirks: Quirk[] = []
  readonly #noted = new Set<string>()
  readonly #timeZone: string | undefined

  constructor(timeZone: string | undefined) {
    this.#timeZone = timeZone
  }

  /** Repairs a broken value if that is safe; keeps it otherwise. */
  repair(broken: Broken): RepairOutcome {
    const { ref, node } = broken
    if (ref === null) return 'kept'
    switch (broken.keyword) {
      case 'type':
        return this.#repairType(broken, ref)
      case 'enum': {
        const meant = wordMeant(ref.value, node)
        return meant === null ? 'kept' : this.#replace(broken, ref, meant.quirk, meant.word)
      }
      case 'format':
        return node.format === 'date-time' ? this.#repairTime(broken, ref) : 'kept'
      default:
        return 'kept'
    }
  }

  #repairType(broken: Broken, ref: ValueRef): RepairOutcome {
    const { value } = ref
    const { node } = broken
    if (value === undefined) return 'kept'
    if (value === null) return this.#leaveOutNull(broken, ref)
    const isPlain = typeof value !== 'object'
    switch (node.type) {
      case 'string':
        if (node.format === 'date-time') return this.#repairTime(broken, ref)
        return isPlain ? this.#replace(broken, ref, 'valueForText', String(value)) : 'kept'
      case 'integer':
      case 'number': {
        // No answer contains a figure of energy.
        const number = readNumber(value, false)
        const isOfType = !Number.isNaN(number) && (node.type === 'number' || Number.isInteger(number))
        if (!isOfType) return 'kept'
        const spelling = typeof value === 'string' ? numberQuirk(value, false) : null
        if (spelling !== null) this.#note(broken, spelling, value)
        return this.#replace(broken, ref, 'textForValue', number)
      }
      case 'boolean': {
        const boolean = readBoolean(value)
        return boolean === null ? 'kept' : this.#replace(broken, ref, 'textForValue', boolean)
      }
      case 'array': {
        const isElement = isPlain === (node.items?.type !== 'object')
        return isElement ? this.#replace(broken, ref, 'objectForArray', [value]) : 'kept'
      }
      default:
        if (!Array.isArray(value) || value.length !== 1) return 'kept'
        return this.#replace(broken, ref, 'arrayForObject', value[0])
    }
  }

  #leaveOutNull(broken: Broken, ref: ValueRef): RepairOutcome {
    if (broken.node.isRequired || !(ref instanceof FieldRef)) return 'kept'
    this.#note(broken, 'nullField', null)
    ref.remove()
    return 'removed'
  }

  #repairTime(broken: Broken, ref: ValueRef): RepairOutcome {
    const read = readTime(ref.value, this.#timeZone)
    if (read === null) return 'kept'
    return this.#replace(broken, ref, read.hasZone ? 'timeFormat' : 'timeWithoutZone', isoTime(read.ms))
  }

  #replace(broken: Broken, ref: ValueRef, code: QuirkCode, value: unknown): 'changed' {
    this.#note(broken, code, ref.value)
    ref.value = value
    return 'changed'
  }

  #note({ node, path }: Broken, code: QuirkCode, sent: unknown): void {
    const key = `${code} ${node.pointer}`
    if (this.#noted.has(key) || this.quirks.length >= quirksPerFrameMax) return
    this.#noted.add(key)
    const place = path().slice(0, quirkTextCharactersMax)
    if (typeof sent === 'object' && sent !== null) this.quirks.push({ code, path: place })
    else {
      const value = typeof sent === 'string' ? sent.slice(0, quirkTextCharactersMax) : sent
      this.quirks.push({ code, path: place, sent: value })
    }
  }
}
