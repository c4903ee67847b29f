// Parses and encodes the frames of OCPP-J (1.6-J §4.2; 2.0.1 and 2.1 Part 4 §4.2). Payloads are not examined here.
// 2.1 adds CALLRESULTERROR and SEND.

import { isObject } from '../base/json.ts'
import { shortFrameCharactersMax } from '../base/limits.ts'
import { type CallErrorCode, spellCallError, unreadableCode } from './call-error.ts'
import type { Quirk } from './verdict.ts'
import { hasResultErrors, type OcppVersion } from './version.ts'

/**
 * A CALL, or a SEND, which is never answered. `quirks` are those of the frame itself; `strict` refuses a frame with
 * any.
 */
export interface ParsedCall {
  readonly kind: 'call' | 'send'
  readonly messageId: string
  readonly action: string
  readonly payload: Readonly<Record<string, unknown>>
  readonly quirks: readonly Quirk[]
}

export interface ParsedResult {
  readonly kind: 'result'
  readonly messageId: string
  readonly payload: Readonly<Record<string, unknown>>
}

/** A CALLERROR, or a CALLRESULTERROR (2.1), which refuses a CALLRESULT. */
export interface ParsedError {
  readonly kind: 'error' | 'resultError'
  readonly messageId: string
  /** As the other side spelt it; '' if missing. */
  readonly code: string
  readonly description: string
  readonly details: Readonly<Record<string, unknown>>
}

/** A text that is not a frame of this version. */
export interface UnreadableFrame {
  readonly kind: 'unreadable'
  /** Present if it could be recognised. */
  readonly messageId?: string
  /** '' if it could not be recognised. */
  readonly action: string
  /** False if it may be meant as an answer or a SEND: neither is answered with an error. */
  readonly isAnswerable: boolean
  /** The code of the CALLERROR that refuses it. */
  readonly code: CallErrorCode
  /** A sentence that says what is wrong with the frame. */
  readonly problem: string
}

export type ParsedFrame = ParsedCall | ParsedResult | ParsedError | UnreadableFrame

/** MessageId: string[36] in all versions, so that a UUID fits (1.6-J §4.1.4, 2.0.1 Part 4 §4.1.4). */
export const messageIdCharactersMax = 36

/** A message id longer than this is not sent back. */
const messageIdEchoedMax = 255

/** ErrorDescription: string[255] (2.0.1 Part 4 §4.2.3; 1.6-J sets no limit). */
const errorDescriptionCharactersMax = 255

const noQuirks: readonly Quirk[] = []
const noPayload: Readonly<Record<string, unknown>> = Object.freeze({})

/**
 * Parses one frame. Never throws: an unreadable text returns `unreadable`, with the message id if the text shows one.
 *
 * Malformations with an obvious meaning (a numeric message id, a missing payload) are accepted and noted as quirks.
 * A null payload is not a quirk: the specifications allow it beside `{}` (1.6-J §4.2.1, 2.0.1 Part 4 §4.1.5).
 */
export function parseFrame(text: string, version: OcppVersion): ParsedFrame {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    return {
      ...unreadable(version, idInBrokenText(text), `The frame is not JSON: ${reason}.`),
      ...answerability(version, text),
    }
  }
  if (!Array.isArray(frame)) return unreadable(version, undefined, 'The frame is JSON, but not an array.')
  const [type, id, third, fourth, fifth]: readonly unknown[] = frame
  const quirks: Quirk[] = []
  const messageId = readMessageId(id, quirks)
  if (messageId === undefined) {
    const problem = `The second element, the message id, is not a string of at most ${messageIdCharactersMax} characters.`
    return { ...unreadable(version, undefined, problem), ...answerability(version, text) }
  }
  switch (type) {
    case 2:
      return readCall(version, messageId, third, fourth, frame.length, quirks)
    case 6: {
      if (version !== '2.1') return unknownType(version, type, messageId)
      const sent = readCall(version, messageId, third, fourth, frame.length, quirks)
      return sent.kind === 'unreadable' ? { ...sent, isAnswerable: false } : { ...sent, kind: 'send' }
    }
    case 3:
      if (third !== null && third !== undefined && !isObject(third)) break
      return { kind: 'result', messageId, payload: third ?? noPayload }
    case 4:
      return { kind: 'error', messageId, ...errorParts(third, fourth, fifth) }
    case 5:
      if (!hasResultErrors[version]) return unknownType(version, type, messageId)
      return { kind: 'resultError', messageId, ...errorParts(third, fourth, fifth) }
    default:
      return unknownType(version, type, messageId)
  }
  const problem = `The third element of message type ${type} is not what it should be.`
  return { ...unreadable(version, messageId, problem), isAnswerable: false }
}

function unknownType(version: OcppVersion, type: unknown, messageId: string): UnreadableFrame {
  const known = version === '2.1' ? '2, 3, 4, 5 or 6' : '2, 3 or 4'
  return {
    kind: 'unreadable',
    messageId,
    action: '',
    isAnswerable: type !== 5,
    code: 'MessageTypeNotSupported',
    problem: `The first element, the message type, is not one that this side reads: ${known}.`,
  }
}

/**
 * The parts of a CALLERROR, even if malformed: the CALL was refused in any case, and its sender gets whatever the parts
 * say. Some charge points omit the description and put the details in its place.
 */
function errorParts(code: unknown, description: unknown, details: unknown): Omit<ParsedError, 'kind' | 'messageId'> {
  const isDetails = isObject(description) && details === undefined
  return {
    code: plainText(code),
    description: plainText(description),
    details: isDetails ? description : isObject(details) ? details : noPayload,
  }
}

/** A text, number or boolean as text; '' for anything else. */
function plainText(value: unknown): string {
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : ''
}

function readCall(
  version: OcppVersion,
  messageId: string,
  action: unknown,
  payload: unknown,
  length: number,
  quirks: Quirk[],
): ParsedCall | UnreadableFrame {
  if (typeof action !== 'string' || action === '') {
    return unreadable(version, messageId, 'The third element, the action, is not a name.')
  }
  if (length < 4) quirks.push({ code: 'payloadLeftOut', path: '' })
  if (length > 4) quirks.push({ code: 'extraElement', path: '' })
  if (payload !== null && payload !== undefined && !isObject(payload)) {
    return {
      kind: 'unreadable',
      messageId,
      action,
      isAnswerable: true,
      code: 'FormatViolation',
      problem: 'The fourth element, the payload, is not an object.',
    }
  }
  return {
    kind: 'call',
    messageId,
    action,
    payload: payload ?? noPayload,
    quirks: quirks.length === 0 ? noQuirks : quirks,
  }
}

function readMessageId(id: unknown, quirks: Quirk[]): string | undefined {
  if (typeof id === 'number') {
    quirks.push({ code: 'messageIdNotText', path: '' })
    return String(id)
  }
  if (typeof id !== 'string' || id.length > messageIdEchoedMax) return undefined
  if (id.length > messageIdCharactersMax) quirks.push({ code: 'messageIdTooLong', path: '' })
  return id
}

function unreadable(version: OcppVersion, messageId: string | undefined, problem: string): UnreadableFrame {
  const code = unreadableCode[version]
  const known = messageId === undefined ? {} : { messageId }
  return { kind: 'unreadable', ...known, action: '', isAnswerable: true, code, problem }
}

/** Neither an answer nor a SEND is ever answered. */
function answerability(version: OcppVersion, text: string): { readonly isAnswerable: boolean } {
  const type = peekFrameType(text)
  return { isAnswerable: type !== 3 && type !== 4 && type !== 5 && !(type === 6 && version === '2.1') }
}

// Of malformed JSON only the beginning of a CALL is trusted: an answer must not be answered with an error.
function idInBrokenText(text: string): string | undefined {
  return /^\s*\[\s*2\s*,\s*"([^"\\]{1,36})"/.exec(text)?.[1]
}

/**
 * The message type at the beginning of `text`, without parsing it; null if it does not begin like a frame. An unknown
 * type is returned as well.
 */
export function peekFrameType(text: string): number | null {
  const from = firstElement(text)
  if (from === null) return null
  const end = digitsEnd(text, from)
  if (end === from || end - from > 3) return null
  const next = text[skipSpace(text, end)]
  return next === ',' || next === ']' ? Number(text.slice(from, end)) : null
}

/** The message id of a frame, without parsing the rest; null if there is none. */
export function peekMessageId(text: string): string | null {
  const comma = skipSpace(text, digitsEnd(text, firstElement(text) ?? 0))
  const from = skipSpace(text, comma + 1)
  if (text[comma] !== ',' || text[from] !== '"') return null
  // An escape takes six characters at most.
  const end = stringEnd(text, from, from + 6 * messageIdEchoedMax)
  if (end === null) return null
  const id = text.slice(from + 1, end)
  if (!id.includes('\\')) return id
  try {
    return String(JSON.parse(`"${id}"`))
  } catch {
    return null
  }
}

/** Index of the first element of a list; null if `text` is not a list. */
function firstElement(text: string): number | null {
  const at = skipSpace(text, 0)
  return text[at] === '[' ? skipSpace(text, at + 1) : null
}

function digitsEnd(text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); code >= 48 && code <= 57; code = text.charCodeAt(at)) at++
  return at
}

/** Index of the quote that ends the string that begins at `from`; null if there is none before `limit`. */
function stringEnd(text: string, from: number, limit: number): number | null {
  for (let at = from + 1; at < limit; at++) {
    if (text[at] === '"') return at
    if (text[at] === '\\') at++
  }
  return null
}

/** Whether a frame is examined by the thread for long frames, with a lean verdict (see `FrameTask`). */
export function isLongFrame(text: string): boolean {
  return text.length > shortFrameCharactersMax
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (isSpace(text.charCodeAt(at))) at++
  return at
}

/** White space, and what some firmware puts before a frame: a byte order mark, or a NUL. */
function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13) || code === 0 || code === 0xfeff || code === 0xa0
}

/** Texts that JSON writes as they are, between quotes. */
const plain = /^[\w.:-]*$/

/** A message id as JSON. Nearly all are plain, and to see that takes half as long as `JSON.stringify`. */
function quoted(messageId: string): string {
  return plain.test(messageId) ? `"${messageId}"` : JSON.stringify(messageId)
}

/** A CALL as text. */
export function encodeCall(messageId: string, action: string, payload: Readonly<Record<string, unknown>>): string {
  return `[2,${quoted(messageId)},${JSON.stringify(action)},${JSON.stringify(payload)}]`
}

/** A CALLRESULT as text. */
export function encodeCallResult(messageId: string, payload: Readonly<Record<string, unknown>>): string {
  return `[3,${quoted(messageId)},${JSON.stringify(payload)}]`
}

/** A CALLRESULTERROR as text (2.1 Part 4 §4.2.3): as a CALLERROR, but about a CALLRESULT. */
export function encodeCallResultError(
  messageId: string,
  code: CallErrorCode,
  description: string,
  details: Readonly<Record<string, unknown>>,
): string {
  return encodeError(5, '2.1', messageId, code, description, details)
}

/**
 * A CALLERROR as text, its code spelt as `version` spells it, its description cut to the allowed 255 characters. Lone
 * surrogates, which some JSON parsers refuse, are replaced, except in the message id: it is sent back unchanged.
 */
export function encodeCallError(
  version: OcppVersion,
  messageId: string,
  code: CallErrorCode,
  description: string,
  details: Readonly<Record<string, unknown>>,
): string {
  return encodeError(4, version, messageId, code, description, details)
}

function encodeError(
  type: 4 | 5,
  version: OcppVersion,
  messageId: string,
  code: CallErrorCode,
  description: string,
  details: Readonly<Record<string, unknown>>,
): string {
  const text = description.slice(0, errorDescriptionCharactersMax)
  const rest = JSON.stringify([spellCallError(code, version), text, details], wellFormed)
  return `[${type},${quoted(messageId)},${rest.slice(1)}`
}

function wellFormed(_key: string, value: unknown): unknown {
  return typeof value === 'string' ? value.toWellFormed() : value
}
