// JSON pointers (RFC 6901) from and to the steps that they are made of.

import { append, nil, pointerSegments } from '@hyperjump/json-pointer'

/** The pointer to where `steps` lead: names of fields, and indexes in lists. */
export function pointerOf(steps: readonly (string | number)[]): string {
  return steps.reduce<string>((pointer, step) => append(String(step), pointer), nil)
}

/** The steps of `pointer`. What looks like an index is a number. @throws {Error} when it is no pointer. */
export function stepsOf(pointer: string): (string | number)[] {
  return [...pointerSegments(pointer)].map((step) => (/^\d+$/.test(step) ? Number(step) : step))
}
