// The error codes of CALLERROR and CALLRESULTERROR: the internal name, the meaning, and the spelling of each version.
// OCPP-J 1.6 §4.2.3 table 7; OCPP 2.0.1 Part 4 §4.3.

import { type ByVersion, type OcppVersion, since2 } from './version.ts'

interface CallErrorRow {
  /** On the wire of 1.6, which spells two codes its own way (misspelling included) and lacks two. */
  readonly in16: string
  readonly meaning: string
}

/** Keyed by the spelling of OCPP 2.x; `spellCallError` returns the spelling on the wire. */
export const callErrorTable = {
  FormatViolation: {
    in16: 'FormationViolation',
    meaning:
      'The frame or its payload is not built as it should be: broken JSON, a field that the message does not have.',
  },
  GenericError: { in16: 'GenericError', meaning: 'None of the others says it.' },
  InternalError: { in16: 'InternalError', meaning: 'The receiver failed on a message that may be right.' },
  MessageTypeNotSupported: {
    in16: 'ProtocolError',
    meaning: 'The first element of the frame is not a message type that is known here.',
  },
  NotImplemented: { in16: 'NotImplemented', meaning: 'The version has no such action.' },
  NotSupported: {
    in16: 'NotSupported',
    meaning: 'The action is known, but is not one that is sent in this direction.',
  },
  OccurrenceConstraintViolation: {
    in16: 'OccurenceConstraintViolation',
    meaning: 'A required field is missing, or a list has too few or too many elements.',
  },
  PropertyConstraintViolation: {
    in16: 'PropertyConstraintViolation',
    meaning: 'A value is of the right type and not allowed: too long, out of range, none of the words to choose from.',
  },
  ProtocolError: { in16: 'ProtocolError', meaning: 'The message is incomplete, or does not fit the protocol.' },
  RpcFrameworkError: {
    in16: 'FormationViolation',
    meaning:
      'The frame cannot be read as a CALL; without a readable message id, 2.x is answered under the id "-1" and 1.6 not at all.',
  },
  SecurityError: {
    in16: 'SecurityError',
    meaning: 'The message is not allowed at this point: a boot must be accepted first.',
  },
  TypeConstraintViolation: {
    in16: 'TypeConstraintViolation',
    meaning: 'A value is of the wrong type: a number where text belongs.',
  },
} as const satisfies Readonly<Record<string, CallErrorRow>>

/** A key of `callErrorTable`. */
export type CallErrorCode = keyof typeof callErrorTable

/**
 * The code for a frame that cannot be read as a CALL (2.0.1 Part 4 §4.3: "content of the call is not a valid RPC
 * request"). 1.6 has none for it; its nearest says that the payload does not conform to the structure.
 */
export const unreadableCode: ByVersion<CallErrorCode> = since2<CallErrorCode>('FormatViolation', 'RpcFrameworkError')

/** The message id of the answer to a CALL without a readable id (2.0.1 Part 4 §4.2.3). 1.6 does not answer it. */
export const idOfUnreadable: ByVersion<string | null> = since2<string | null>(null, '-1')

/** Whether `word` is a code of `callErrorTable`. */
export function isCallErrorCode(word: string): word is CallErrorCode {
  return Object.hasOwn(callErrorTable, word)
}

/** The code as `version` spells it on the wire. */
export function spellCallError(code: CallErrorCode, version: OcppVersion): string {
  return version === '1.6' ? callErrorTable[code].in16 : code
}
