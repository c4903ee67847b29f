// The form in which a payload of ours is sent: members in the order of the schema, and no rounding errors of binary
// fractions where the schema wants a multiple of 0.1. Some charge points parse by position, and some refuse 16.1000001.

import { isObject } from '../base/json.ts'
import type { SchemaNode } from '../ocpp/schema-node.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { requestNode } from './schema.ts'

type Payload = Readonly<Record<string, unknown>>

/**
 * The payload of a CALL as it is sent. Members that the schema does not name (in `customData`) stay in their order,
 * behind those that it names.
 *
 * @param payload is valid. It is not changed.
 * @throws {RangeError} when `version` has no such action.
 */
export function wireForm(version: OcppVersion, action: string, payload: Payload): Payload {
  return formOfObject(requestNode(version, action), payload)
}

function formOf(node: SchemaNode | null, value: unknown): unknown {
  if (node === null) return value
  if (Array.isArray(value)) return value.map((element: unknown) => formOf(node.items, element))
  if (isObject(value)) return formOfObject(node, value)
  return typeof value === 'number' && node.multipleOf !== undefined ? multiple(value, node.multipleOf) : value
}

function formOfObject({ fields }: SchemaNode, value: Payload): Payload {
  const named = [...fields].flatMap(([name, field]) =>
    Object.hasOwn(value, name) ? [[name, formOf(field, value[name])] as const] : [],
  )
  const others = Object.entries(value).filter(([name]) => !fields.has(name))
  return Object.fromEntries([...named, ...others])
}

/** The multiple of `step` that is nearest to `value`, as its shortest decimal fraction. */
function multiple(value: number, step: number): number {
  const decimals = String(step).split('.')[1]?.length ?? 0
  return Number((Math.round(value / step) * step).toFixed(decimals))
}
