// A charging session, and the many ways in which charge points report one: in another order, repeated, in other spellings.

import type { Random } from './random.ts'

export type Json = Record<string, unknown>

export interface Message {
  readonly action: string
  readonly payload: Json
}

/** As REST shows it, in kWh. */
export interface Energy {
  readonly energyConsumed: number | null
  readonly energySource: string | null
}

/** What a charge point reports about a session. */
export interface Session {
  readonly start: Message
  /** In the order in which it happened, the stop last; a 1.6 charge point names the transaction as its start was answered. */
  readonly following: (transactionId: number) => readonly Message[]
  /** Registers (Wh) in its meter values that name the transaction. */
  readonly reportedWh: ReadonlySet<number>
  /** What the operator is to see of it. */
  readonly truth: Json
  /** The energy that the operator may see: more than one where a charge point says too little. */
  readonly energies: readonly Energy[]
  readonly stopAtMs: number
  readonly stopWh: number
}

export const minuteMs = 60_000

/** `atMs` as some charge point writes it: whole seconds, with a zone or in UTC. */
export function timeText(random: Random, atMs: number): string {
  const utc = new Date(atMs).toISOString()
  const later = new Date(atMs + 120 * minuteMs).toISOString()
  const [date = '', clock = ''] = utc.slice(0, 19).split('T')
  const unpadded = `${date.replaceAll('-0', '-')} ${clock.replace(/^0/, '')}`
  return random.pick([
    utc,
    utc,
    utc.replace('.000Z', 'Z'),
    later.replace('Z', '+02:00'),
    later.replace('.000Z', '+02'),
    utc.replace('T', ' '),
    `${date}T${clock}`,
    unpadded,
    `${date.replaceAll('-', '')}T${clock.replaceAll(':', '')}Z`,
    String(atMs / 1_000),
    clock === '00:00:00' ? `${new Date(atMs - 1).toISOString().slice(0, 10)}T24:00:00Z` : utc,
  ])
}

/** A figure of energy as it is written down. */
export interface Written {
  readonly value: number
  /** With a point, a decimal comma, or spaces: never in a way that can be read as two numbers. */
  readonly text: string
  readonly unit: string
}

/** `wh` in Wh or in kWh. */
export function written(random: Random, wh: number): Written {
  const inKwh = random.chance(0.3)
  const value = inKwh ? wh / 1_000 : wh
  const plain = String(value)
  const withComma = value.toFixed(inKwh ? 4 : 1).replace('.', ',')
  return {
    value,
    text: random.pick([plain, plain, ` ${plain}`, withComma]),
    unit: random.pick(inKwh ? ['kWh', 'KWH', 'kwh'] : ['Wh', 'wh', 'WH']),
  }
}

/** By how much a register falls in the middle: more than it rises with the next reading. */
export const fallWh = 2_000

/** With which of so many readings the register falls, now and then; with none: -1. It would not show before the second one. */
export function fallsAt(random: Random, readings: number): number {
  return readings > 1 && random.chance(0.2) ? random.between(1, readings - 1) : -1
}

/**
 * The meter values of an end. Sometimes the last regular sample is repeated beside its register, with the time of the end: that
 * register is an older one.
 */
export function endValues(random: Random, end: Json, regularIn: (context: string) => Json): Json[] {
  if (random.chance(0.5)) return [end]
  const regular = regularIn(random.pick(['Sample.Periodic', 'Sample.Clock', 'Trigger']))
  if (random.chance(0.5)) return [end, regular]
  const samples = [end, regular].flatMap(({ sampledValue }) => sampledValue as Json[])
  return [{ ...end, sampledValue: shuffled(random, samples) }]
}

export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items]
  const out: T[] = []
  while (left.length > 0) out.push(...left.splice(random.below(left.length), 1))
  return out
}

/** Both lists as one, each in its own order. */
export function merged<T>(random: Random, one: readonly T[], other: readonly T[]): T[] {
  const [left, right] = [[...one], [...other]]
  const out: T[] = []
  while (left.length + right.length > 0) {
    const isLeft = random.below(left.length + right.length) < left.length
    out.push(...(isLeft ? left : right).splice(0, 1))
  }
  return out
}

const times = [1, 1, 1, 1, 1, 1, 1, 2, 2, 3]

/** Some of the messages twice or three times. */
export function repeated<T>(random: Random, messages: readonly T[]): T[] {
  return messages.flatMap((message) => Array.from({ length: random.pick(times) }, () => message))
}

function membersMixed(random: Random, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => membersMixed(random, item))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]): [string, unknown] => [name, membersMixed(random, member)])
  return Object.fromEntries(shuffled(random, members))
}

/** A frame as a charge point sends a message again: members in another order, white space, another message id. */
export function frameOf(random: Random, { action, payload }: Message): { readonly id: string; readonly text: string } {
  const id = crypto.randomUUID()
  const members = membersMixed(random, payload) as Json
  // 2.x says so of what happened while there was no connection; it says nothing about what happened.
  if (action === 'TransactionEvent' && random.chance(0.3)) members['offline'] = true
  return { id, text: JSON.stringify([2, id, action, members], null, random.chance(0.2) ? 2 : 0) }
}
