// Cursors: where an export continues. Opaque to clients; inside, the kind of the export and the key of a row.

import { StatorError } from '../base/errors.ts'
import { isKeyPart, textsIn } from '../base/key-parts.ts'
import type { Exported } from '../blocks/exports.ts'
import type { Key } from '../store/export/session.ts'
import { kinds } from './kinds.ts'

/** The cursor of a row of an export. */
export function cursorOf(kind: Exported['kind'], key: Key): string {
  return Buffer.from(JSON.stringify([kind, ...key])).toString('base64url')
}

/** The key in a cursor. @throws {StatorError} `BAD_REQUEST` if it is none of such an export. */
export function keyIn(cursor: string, kind: Exported['kind']): Key {
  const { keyTypes } = kinds[kind]
  const [of, ...key] = textsIn(cursor)
  const isKey =
    of === kind && key.length === keyTypes.length && keyTypes.every((type, at) => isKeyPart(type, key[at] ?? ''))
  if (isKey) return key
  const issue = 'After must be a cursor from a row of the same kind of export'
  throw new StatorError('BAD_REQUEST', 'Invalid request format', { field: 'after', issue })
}
