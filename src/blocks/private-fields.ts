// Fields of messages that hold what is known of a person: `aboutPerson` rows name them. The message log never has them,
// and of the events only those who may read files of jobs see them.

import type { Payload } from './decision.ts'
import { tables } from './messages.ts'

/** The private fields of each action that has some. */
const fieldsOf: ReadonlyMap<string, readonly string[]> = new Map(
  Object.values(tables).flatMap((table) =>
    Object.entries(table).flatMap(([action, { privateFields }]) =>
      privateFields.length > 0 ? [[action, privateFields] as const] : [],
    ),
  ),
)

const marks = [...fieldsOf.keys()].map((action) => `"${action}"`)

/** The payload with its private fields as `***`. */
export function withoutPrivateFields(action: string, payload: Payload): Payload {
  const hidden = (fieldsOf.get(action) ?? []).filter((field) => Object.hasOwn(payload, field))
  return hidden.length === 0 ? payload : { ...payload, ...Object.fromEntries(hidden.map((field) => [field, '***'])) }
}

/** A frame with the private fields of its payload as `***`. Of one that cannot be read the rest is left out. */
export function hidePrivateFields(frame: string): string {
  const mark = marks.find((each) => frame.includes(each))
  if (mark === undefined) return frame
  try {
    const parsed: unknown = JSON.parse(frame)
    if (!Array.isArray(parsed)) return frame
    const [type, messageId, action, payload, ...rest] = parsed as unknown[]
    if (typeof action !== 'string' || typeof payload !== 'object' || payload === null) return frame
    const shown = withoutPrivateFields(action, payload as Payload)
    return shown === payload ? frame : JSON.stringify([type, messageId, action, shown, ...rest])
  } catch {
    return `${frame.slice(0, frame.indexOf(mark) + mark.length)},"***"`
  }
}
