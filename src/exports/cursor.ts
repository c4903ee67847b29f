// Cursors: where an export continues. Opaque to clients; inside, the kind of the export and the key of a row.

import { z } from 'zod'
import { StatorError } from '../base/errors.ts'
import type { Exported } from '../blocks/exports.ts'
import type { Key, KeyType } from '../store/export/session.ts'
import { kinds } from './kinds.ts'

const int8Max = 2n ** 63n - 1n

const parts: Readonly<Record<KeyType, (text: string) => boolean>> = {
  timestamptz: isTime,
  int8: (text) => /^-?\d{1,19}$/.test(text) && BigInt(text) <= int8Max && BigInt(text) >= -int8Max - 1n,
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

/** The cursor of a row of an export. */
export function cursorOf(kind: Exported['kind'], key: Key): string {
  return Buffer.from(JSON.stringify([kind, ...key])).toString('base64url')
}

/** The key in a cursor. @throws {StatorError} `BAD_REQUEST` if it is none of such an export. */
export function keyIn(cursor: string, kind: Exported['kind']): Key {
  const { keyTypes } = kinds[kind]
  const [of, ...key] = textsIn(cursor)
  const isKey =
    of === kind && key.length === keyTypes.length && keyTypes.every((type, at) => parts[type](key[at] ?? ''))
  if (isKey) return key
  const issue = 'After must be a cursor from a row of the same kind of export'
  throw new StatorError('BAD_REQUEST', 'Invalid request format', { field: 'after', issue })
}

function textsIn(cursor: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    return z.array(z.string()).parse(value)
  } catch {
    return []
  }
}
