// Types of parsed JSON.

/** A JSON object with unknown members. */
export type JsonObject = Readonly<Record<string, unknown>>

/** Whether `value` is a JSON object: neither a list nor null. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
