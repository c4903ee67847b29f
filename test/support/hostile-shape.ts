// What a hostile frame is: its family, its version, and how it is made for a size.

import type { OcppVersion } from '../../src/ocpp/version.ts'
import { type Filler, inHole } from './hostile-fill.ts'

/** Families of shapes; each is one attack of the fault test. */
export const hostileGroups = [
  'wrong lists',
  'valid lists',
  'fields',
  'keys',
  'numbers',
  'nesting',
  'envelopes',
  'secrets',
  'unreadable',
  'answers',
] as const

export type HostileGroup = (typeof hostileGroups)[number]

/** One way to make a frame long. */
export interface HostileShape {
  /** Unique. */
  readonly name: string
  readonly group: HostileGroup
  readonly version: OcppVersion
  /**
   * A frame of about `characters` UTF-16 units, and never more, unless they are too few for its fixed parts.
   *
   * @param number frames under different numbers have different message ids, and different facts if they have any.
   */
  readonly make: (characters: number, number: number) => string
}

/** Digits of the number in a message id, so that the id has the same length under every number. */
export const messageIdDigits = 12

/** Message id of the frame with this number. */
export function messageIdOf(number: number): string {
  return `hostile-${String(number).padStart(messageIdDigits, '0')}`
}

/** A CALL with the payload that `fill` makes. */
export function callOf(actionText: string, fill: Filler): HostileShape['make'] {
  return (characters, number) => inHole(`[2,"${messageIdOf(number)}",${actionText},`, fill, ']')(characters, number)
}
