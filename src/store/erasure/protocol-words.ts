// The words of OCPP: names of messages and members, and values of enumerations, in lower case. An id token may be one
// of them by chance.

import { tables } from '../../blocks/messages.ts'

interface Words {
  readonly all: ReadonlySet<string>
  /** Names of members that hold numbers. */
  readonly ofNumbers: ReadonlySet<string>
}

let words: Words | null = null

/** Whether `key`, in lower case, is a word of some version of OCPP. */
export function isProtocolWord(key: string): boolean {
  words ??= collected()
  return words.all.has(key)
}

/** Whether `member`, in lower case, holds a number in some version of OCPP. */
export function isNumberMember(member: string): boolean {
  words ??= collected()
  return words.ofNumbers.has(member)
}

function collected(): Words {
  const found = { all: new Set<string>(), ofNumbers: new Set<string>() }
  for (const table of Object.values(tables)) {
    for (const [action, { request, response }] of Object.entries(table)) {
      found.all.add(action.toLowerCase())
      collect(request, found)
      collect(response, found)
    }
  }
  return found
}

function collect(schema: unknown, found: { readonly all: Set<string>; readonly ofNumbers: Set<string> }): void {
  if (typeof schema !== 'object' || schema === null) return
  for (const [key, value] of Object.entries(schema)) {
    if (key === 'enum' && Array.isArray(value)) for (const word of value) found.all.add(String(word).toLowerCase())
    if (key === 'properties' && typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) {
        found.all.add(name.toLowerCase())
        if (isNumber(member)) found.ofNumbers.add(name.toLowerCase())
      }
    }
    collect(value, found)
  }
}

function isNumber(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null || !('type' in schema)) return false
  return schema.type === 'integer' || schema.type === 'number'
}
