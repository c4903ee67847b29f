// The error codes of CALLERROR, by the name Stator uses inside, and their spelling per version.
// OCPP-J 1.6 §4.2.3 table 7; OCPP 2.0.1 Part 4 §4.3.

import type { OcppVersion } from './version.ts'

/** Error codes in the spelling of OCPP 2.x; the wire's spelling comes from `spellCallError`. */
export type CallErrorCode =
  | 'FormatViolation'
  | 'GenericError'
  | 'InternalError'
  | 'MessageTypeNotSupported'
  | 'NotImplemented'
  | 'NotSupported'
  | 'OccurrenceConstraintViolation'
  | 'PropertyConstraintViolation'
  | 'ProtocolError'
  | 'RpcFrameworkError'
  | 'SecurityError'
  | 'TypeConstraintViolation'

// 1.6 spells two codes its own way (misspelling included) and lacks two.
const spelling16: Partial<Record<CallErrorCode, string>> = {
  FormatViolation: 'FormationViolation',
  OccurrenceConstraintViolation: 'OccurenceConstraintViolation',
  MessageTypeNotSupported: 'ProtocolError',
  RpcFrameworkError: 'ProtocolError',
}

/** The code as `version` spells it on the wire. */
export function spellCallError(code: CallErrorCode, version: OcppVersion): string {
  return version === '1.6' ? (spelling16[code] ?? code) : code
}
