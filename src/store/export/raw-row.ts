// The values of a row as exports read it. A column has its type by its table; this says it to TypeScript.

/** A row as it was read: times and int8 are texts. */
export type RawRow = Readonly<Record<string, unknown>>

/** A text; null for NULL. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null
}

/** A number, or an int8 that a double holds; null for NULL. */
export function numberOf(value: unknown): number | null {
  return value === null || value === undefined ? null : Number(value)
}

/** One of some words; null for NULL. */
export function wordOf<const T extends string>(value: unknown, words: readonly T[]): T | null {
  return words.find((word) => word === value) ?? null
}
