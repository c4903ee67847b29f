// The words of OCPP: names of messages and members, and values of enumerations, in lower case. An id token may be one
// of them by chance.

import { tables } from '../../blocks/messages.ts'

let words: ReadonlySet<string> | null = null

/** Whether `key`, in lower case, is a word of some version of OCPP. */
export function isProtocolWord(key: string): boolean {
  words ??= collected()
  return words.has(key)
}

function collected(): ReadonlySet<string> {
  const found = new Set<string>()
  for (const table of Object.values(tables)) {
    for (const [action, { request, response }] of Object.entries(table)) {
      found.add(action.toLowerCase())
      collect(request, found)
      collect(response, found)
    }
  }
  return found
}

function collect(schema: unknown, found: Set<string>): void {
  if (typeof schema !== 'object' || schema === null) return
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'enum' && Array.isArray(value)) for (const word of value) found.add(String(word).toLowerCase())
    if (key === 'properties' && typeof value === 'object' && value !== null)
      for (const name of Object.keys(value)) found.add(name.toLowerCase())
    collect(value, found)
  }
}
