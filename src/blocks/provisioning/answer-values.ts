// Reads the values in the answers of charge points. Answers of lenient ones may break their schema; a field that cannot
// be read counts as missing.

import { integerMax } from '../../base/limits.ts'
import type { Payload } from '../decision.ts'

/** The objects of a list; anything else in it is an empty one. */
export function entries(value: unknown): Payload[] {
  return Array.isArray(value) ? value.map(record) : []
}

/** The members of an object. */
export function record(value: unknown): Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {}
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A value as text: some charge points send numbers and truth values as they are. */
export function valueText(value: unknown): string | undefined {
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : text(value)
}

/** 0 stands for none. */
export function integer(value: unknown): number {
  return isCount(value) ? value : 0
}

/** Whether a value is an integer of 0 or more that PostgreSQL can store. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= integerMax
}
