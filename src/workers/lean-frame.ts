// Reduces a long frame before it goes to the main thread: the plain values and what handlers read, as objects; the
// payload as it was sent, as one text. A frame of a megabyte may contain hundreds of thousands of objects. Copying them
// would take the main thread tens of milliseconds.

import type { MessageRow } from '../blocks/message-row.ts'
import { requestNode } from '../examine/schema.ts'
import type { SchemaNode } from '../ocpp/schema-node.ts'
import { rowOf } from '../blocks/messages.ts'
import type { AcceptedFrame } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * The frame with a payload that contains only what decisions read.
 *
 * @param payload after repairs, and `sent` before them: both without their meter values.
 */
export function lean(version: OcppVersion, frame: AcceptedFrame, payload: Json, sent: Json): AcceptedFrame {
  const { keptOnly = [], readPartly = {} } = rowOf(version, frame.action) ?? {}
  return {
    ...frame,
    payload: withoutFields(selected(payload, readPartly), [...keptOnly, 'customData']),
    sent: plainValues(sent, requestNode(version, frame.action)),
    sentText: JSON.stringify(sent),
  }
}

/** The payload with what handlers read of its lists. */
function selected(payload: Json, readPartly: MessageRow['readPartly']): Json {
  const kept: Record<string, unknown> = { ...payload }
  for (const [name, selection] of Object.entries(readPartly)) {
    const list = payload[name]
    if (Array.isArray(list)) kept[name] = selection(list)
  }
  return kept
}

/**
 * A copy without `fields`, and at any depth without `customData`, which may contain anything and is read by no handler.
 */
function withoutFields(payload: Json, fields: readonly string[]): Json {
  const kept: Record<string, unknown> = {}
  for (const key of Object.keys(payload)) {
    // No schema has a field named `__proto__`.
    if (key !== '__proto__' && !fields.includes(key)) kept[key] = withoutCustomData(payload[key])
  }
  return kept
}

const customData = ['customData']

function withoutCustomData(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutCustomData)
  return typeof value === 'object' && value !== null ? withoutFields(value as Json, customData) : value
}

/** The values of the message's fields, without lists and objects. */
function plainValues(sent: Json, { fields }: SchemaNode): Json {
  const plain: Record<string, unknown> = {}
  for (const name of fields.keys()) {
    const value = sent[name]
    if (value !== undefined && (typeof value !== 'object' || value === null)) plain[name] = value
  }
  return plain
}
