// JSON pointers (RFC 6901), from and to their steps.

import { append, nil, pointerSegments } from '@hyperjump/json-pointer'

/** The pointer to where `steps` lead: names of fields, and indexes in lists. */
export function pointerOf(steps: readonly (string | number)[]): string {
  return steps.reduce<string>((pointer, step) => append(String(step), pointer), nil)
}

/** The steps of `pointer`. A step that looks like an index is a number. @throws {Error} for an invalid pointer. */
export function stepsOf(pointer: string): (string | number)[] {
  return [...pointerSegments(pointer)].map((step) => (/^\d+$/.test(step) ? Number(step) : step))
}
