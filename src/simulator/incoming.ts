// What a simulated charge point refuses before it looks at a CALL: an unknown action, one of the other direction, and a
// payload that breaks its schema.

import { tables } from '../blocks/messages.ts'
import { checkRequest } from '../examine/schema.ts'
import { spellCallError } from '../ocpp/call-error.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { CallRefusal } from './connection.ts'

/**
 * Checks a CALL of the central system; `checksPayload`: its schema, too.
 *
 * @throws {CallRefusal} with the code in the spelling of the version.
 */
export function requireServed(version: OcppVersion, action: string, payload: unknown, checksPayload: boolean): void {
  const table = tables[version]
  const row = Object.hasOwn(table, action) ? table[action] : undefined
  if (row === undefined) throw new CallRefusal('NotImplemented', `${action} is no message of OCPP ${version}.`)
  if (row.direction === 'fromChargePoint') {
    throw new CallRefusal('NotSupported', `${action} goes from the charge point to the central system.`)
  }
  const [problem] = checksPayload ? checkRequest(version, action, payload) : []
  if (problem === undefined) return
  throw new CallRefusal(spellCallError(problem.code, version), problem.message, { path: problem.path })
}
