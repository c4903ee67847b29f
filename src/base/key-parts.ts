// The parts of cursors: values of columns as PostgreSQL writes them, and whether a text is one.

import { z } from 'zod'

/** The type of a column in PostgreSQL. */
export type KeyType = 'timestamptz' | 'int8' | 'text'

const int8Max = 2n ** 63n - 1n

const parts: Readonly<Record<KeyType, (text: string) => boolean>> = {
  timestamptz: isTime,
  int8: (text) => /^-?\d{1,19}$/.test(text) && BigInt(text) <= int8Max && BigInt(text) >= -int8Max - 1n,
  text: (text) => !text.includes('\0'),
}

/** Whether `text` is a value of this type. */
export function isKeyPart(type: KeyType, text: string): boolean {
  return parts[type](text)
}

/** Whether it is a time as PostgreSQL writes it in UTC. */
function isTime(text: string): boolean {
  const [, year, month, day] =
    /^(\d{4,6})-(\d\d)-(\d\d) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?\+00$/.exec(text) ?? []
  const at = new Date(0)
  at.setUTCFullYear(Number(year), Number(month) - 1, Number(day))
  const isDay = at.getUTCMonth() === Number(month) - 1 && at.getUTCDate() === Number(day)
  return isDay && Number(year) > 0 && Number(year) < 275_000
}

/** The texts in a cursor; empty if it is none. */
export function textsIn(cursor: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return z.array(z.string()).parse(value)
  } catch {
    return []
  }
}
