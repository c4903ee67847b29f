// Frames of charge points, made from every row of a message table, each with its expected result.

import type { CallErrorCode } from '../../../src/ocpp/call-error.ts'
import type { MessageRow } from '../../../src/blocks/message-row.ts'
import { tables } from '../../../src/blocks/messages.ts'
import type { Strictness } from '../../../src/ocpp/verdict.ts'
import type { OcppVersion } from '../../../src/ocpp/version.ts'
import type { Random } from '../../support/random.ts'
import { makePayload, textOf, type MadePayload } from './mutations.ts'
import { oddNames, oddTexts } from './values.ts'

/** The expected result of a frame. */
export type Expected =
  | { readonly kind: 'silence' }
  | {
      readonly kind: 'answer'
      readonly messageId: string
      /** The action that a CALLRESULT answers; null if there must be none. */
      readonly resultOf: string | null
      /** The codes that a CALLERROR may have, in Stator's internal spelling; empty if there must be none. */
      readonly codes: ReadonlySet<CallErrorCode>
    }

export interface MadeFrame {
  readonly text: string
  /** What was changed in it, for failure messages. */
  readonly what: string
  /** Of a SEND: whether it is served, as if that were answered. */
  readonly expected: Expected
  readonly isSend?: true
}

export interface Speaker {
  readonly version: OcppVersion
  readonly strictness: Strictness
}

const silence: Expected = { kind: 'silence' }

/** Rows by how Stator treats them if a charge point sends them. */
interface Rows {
  /** CALLs that are served. */
  readonly served: readonly (readonly [string, MessageRow])[]
  /** SENDs that are served; each is refused as a CALL. */
  readonly servedSends: readonly (readonly [string, MessageRow])[]
  /** Everything else that a CALL may name. */
  readonly notServed: readonly (readonly [string, MessageRow])[]
}

const rowsByVersion = new Map<OcppVersion, Rows>()

/** The rows of `version`, divided by whether the message is served. */
export function rowsOf(version: OcppVersion): Rows {
  const known = rowsByVersion.get(version)
  if (known !== undefined) return known
  const rows: (readonly [string, MessageRow])[] = Object.entries(tables[version])
  const isServed = (row: MessageRow): boolean => row.direction !== 'toChargePoint'
  const parted = {
    served: rows.filter(([, row]) => isServed(row) && row.kind === 'call'),
    servedSends: rows.filter(([, row]) => isServed(row) && row.kind === 'send'),
    notServed: rows.filter(([, row]) => !isServed(row)),
  }
  rowsByVersion.set(version, parted)
  return parted
}

/** One frame of a charge point, valid or broken in ways that are known. */
export function makeFrame(speaker: Speaker, random: Random): MadeFrame {
  if (rowsOf(speaker.version).servedSends.length > 0 && random.once(5)) return sendFrame(speaker, random)
  const draw = random.below(100)
  if (draw < 25) return callFrame(speaker, random, 0)
  if (draw < 60) return callFrame(speaker, random, 1)
  if (draw < 72) return callFrame(speaker, random, 2 + random.below(3))
  if (draw < 78) return unservedFrame(speaker, random)
  if (draw < 89) return envelopeFrame(speaker, random)
  if (draw < 96) return brokenText(speaker, random)
  return answerFrame(random)
}

const oddIds: readonly string[] = ['', '__proto__', 'constructor', '\u0000', '\ud800', '🔌', '\u202Eid', '"', '\\', ' ']

function newId(random: Random): string {
  const digits = String(random.below(1_000_000_000))
  return random.once(10) ? random.pick(oddIds) : random.once(4) ? `${random.pick(oddIds)}${digits}` : digits
}

function answer(messageId: string, resultOf: string | null, codes: Iterable<CallErrorCode>): Expected {
  return { kind: 'answer', messageId, resultOf, codes: new Set(codes) }
}

/** The expected result of a CALL of a served action with problems only in its payload. */
function served(
  { strictness }: Speaker,
  messageId: string,
  action: string,
  row: MessageRow,
  made: MadePayload,
): Expected {
  if (made.codes.size === 0) return answer(messageId, action, [])
  if (made.isTooDeep) return answer(messageId, null, ['FormatViolation'])
  if (strictness === 'strict') return answer(messageId, null, made.codes)
  if (row.transactional) return answer(messageId, action, [])
  // If a list with one element is read as its element, missing fields of that element may show.
  const uncovered: readonly CallErrorCode[] = made.codes.has('TypeConstraintViolation')
    ? ['OccurrenceConstraintViolation', 'PropertyConstraintViolation', 'FormatViolation']
    : []
  return answer(messageId, action, [...made.codes, ...uncovered])
}

function callFrame(speaker: Speaker, random: Random, wounds: number): MadeFrame {
  const [action, row] = random.pick(rowsOf(speaker.version).served)
  const made = makePayload(row.request, random, wounds)
  const messageId = newId(random)
  return {
    text: callText(messageId, action, textOf(made.payload, random), random),
    what: `${action} with ${wounds} wounds: ${[...made.codes].join(', ') || 'valid'}`,
    expected: served(speaker, messageId, action, row, made),
  }
}

/** A SEND: stored or dropped, and never answered. What lenient mode does with a broken one is not checked. */
function sendFrame({ version, strictness }: Speaker, random: Random): MadeFrame {
  const [action, row] = random.pick(rowsOf(version).servedSends)
  const made = makePayload(row.request, random, strictness === 'strict' ? random.below(3) : 0)
  const messageId = newId(random)
  return {
    text: `[6,${JSON.stringify(messageId)},${JSON.stringify(action)},${textOf(made.payload, random)}]`,
    what: `SEND of ${action}: ${[...made.codes].join(', ') || 'valid'}`,
    expected: made.codes.size === 0 ? answer(messageId, action, []) : silence,
    isSend: true,
  }
}

/** A CALL in one of its possible spellings in JSON. */
function callText(messageId: string, action: string, payload: string, random: Random): string {
  const head = random.pick(['[2,', '[2,', '[2,', '[2,', '[ 2 ,\t', '[2.0,', '[2e0,', '\n[\r\n2\n,'])
  return `${head}${JSON.stringify(messageId)},${JSON.stringify(action)},${payload}]`
}

function unservedFrame({ version }: Speaker, random: Random): MadeFrame {
  const messageId = newId(random)
  if (random.once(2)) {
    const { notServed, servedSends } = rowsOf(version)
    const [action, row] = random.pick([...notServed, ...servedSends])
    const { payload } = makePayload(row.request, random, random.below(2))
    const text = callText(messageId, action, textOf(payload, random), random)
    const code = row.kind === 'send' ? 'MessageTypeNotSupported' : 'NotSupported'
    return { text, what: `${action}, which is not served`, expected: answer(messageId, null, [code]) }
  }
  const names = [
    ...oddNames.filter((name) => name !== ''),
    'heartbeat',
    'Heartbeat ',
    'BootNotificationRequest',
    'ПризракЯ',
  ]
  const action = random.pick(names)
  return {
    text: callText(messageId, action, '{}', random),
    what: `action ${JSON.stringify(action)}, which is unknown`,
    expected: answer(messageId, null, ['NotImplemented']),
  }
}

/** A frame with a valid payload and a wrong envelope. */
function envelopeFrame(speaker: Speaker, random: Random): MadeFrame {
  const { version, strictness } = speaker
  const [action, row] = random.pick(rowsOf(version).served)
  const made = makePayload(row.request, random, 0)
  const payload = textOf(made.payload, random)
  const messageId = newId(random)
  const id = JSON.stringify(messageId)
  const name = JSON.stringify(action)
  const unreadable: CallErrorCode = version === '1.6' ? 'FormatViolation' : 'RpcFrameworkError'
  /** Accepted in lenient mode, refused in strict mode. */
  const habit = (shownId: string): Expected =>
    strictness === 'strict' ? answer(shownId, null, [unreadable]) : answer(shownId, action, [])
  const withoutId: Expected = version === '1.6' ? silence : answer('-1', null, [unreadable])
  return random.pick<() => MadeFrame>([
    () => {
      const type = random.pick([
        '1',
        '0',
        ...(version === '2.1' ? [] : ['6']),
        '7',
        '-2',
        '99',
        '99999',
        '1e9',
        '"2"',
        'null',
        'true',
        '[2]',
        '{}',
        '2.5',
      ])
      const expected = answer(messageId, null, ['MessageTypeNotSupported'])
      return { text: `[${type},${id},${name},${payload}]`, what: `message type ${type}`, expected }
    },
    () => {
      const none = random.pick(['null', '7', '""', 'true', '{}', '[]', `[${name}]`])
      const expected = answer(messageId, null, [unreadable])
      return { text: `[2,${id},${none},${payload}]`, what: `action ${none}`, expected }
    },
    () => {
      const wrong = random.pick(['[]', '7', '"{}"', 'true', `[${payload}]`])
      const expected = answer(messageId, null, ['FormatViolation'])
      return { text: `[2,${id},${name},${wrong}]`, what: `payload ${wrong.slice(0, 20)}`, expected }
    },
    () => {
      const number = random.pick([0, 7, -1, 1.5, 1e21, 123_456_789])
      const text = `[2,${number},${name},${payload}]`
      return { text, what: `message id ${number}, a number`, expected: habit(String(number)) }
    },
    () => {
      const long = `${messageId}${random.pick(['x', 'é', '🔌']).repeat(40)}`
      const text = `[2,${JSON.stringify(long)},${name},${payload}]`
      return { text, what: 'a message id that is too long', expected: habit(long) }
    },
    () => {
      const none = random.pick(['null', 'true', '{}', '["x"]', JSON.stringify('x'.repeat(1_000))])
      return { text: `[2,${none},${name},${payload}]`, what: `message id ${none.slice(0, 20)}`, expected: withoutId }
    },
    () => {
      const more = random.pick(['{}', 'null', '0,1,2,3', '"__proto__"'])
      return { text: `[2,${id},${name},${payload},${more}]`, what: 'elements too many', expected: habit(messageId) }
    },
    () => {
      const empty = requiredNothing(row) || row.transactional || row.standingAnswer !== null || row.isForgiving
      const lenient = empty ? [] : (['OccurrenceConstraintViolation'] as const)
      const expected =
        strictness === 'strict' ? answer(messageId, null, [unreadable]) : answer(messageId, action, lenient)
      return { text: `[2,${id},${name}]`, what: 'no payload', expected }
    },
  ])()
}

function requiredNothing({ request }: MessageRow): boolean {
  return !Array.isArray(request.required) || request.required.length === 0
}

/** Text that is not a frame, or not JSON. */
function brokenText({ version, strictness }: Speaker, random: Random): MadeFrame {
  const code: CallErrorCode = version === '1.6' ? 'FormatViolation' : 'RpcFrameworkError'
  const unread: Expected = version === '1.6' ? silence : answer('-1', null, [code])
  if (random.once(3)) {
    const text = random.pick([
      '{}',
      '"2"',
      '42',
      'null',
      'true',
      '[]',
      '[[]]',
      '[2]',
      '[2,',
      '{"2":[]}',
      '\ud800',
      'GET / HTTP/1.1',
    ])
    return { text, what: 'no frame', expected: unread }
  }
  if (random.once(8)) {
    const text = random.pick(['', ' ', '\n\t'])
    return { text, what: 'blank', expected: strictness === 'lenient' ? silence : unread }
  }
  const [action, row] = random.pick([...rowsOf(version).served, ...rowsOf(version).notServed])
  const messageId = String(random.below(1_000_000))
  const head = `[2,"${messageId}"`
  const whole = `${head},"${action}",${JSON.stringify(makePayload(row.request, random, 0).payload)}]`
  const at = 1 + random.below(whole.length - 1)
  const expected = at < head.length ? unread : answer(messageId, null, [code])
  return { text: whole.slice(0, at), what: `cut off after ${at} characters`, expected }
}

/** An unsolicited answer, valid or not: it must not be answered. */
function answerFrame(random: Random): MadeFrame {
  const id = JSON.stringify(random.pick([...oddIds, 'unknown', '7']))
  const odd = JSON.stringify(random.pick(oddTexts))
  const text = random.pick([
    ...[
      `[3,${id},{}]`,
      `[3,${id},{"status":"Accepted","__proto__":{"a":1}}]`,
      `[3,${id}]`,
      '[3]',
      `[3,${id},[${odd}]]`,
    ],
    ...[`[4,${id},"GenericError","",{}]`, `[4,${id},${odd},${odd},{}]`, `[4,${id},7]`, '[4]', `[3,null,{}]`],
    ...[`[5,${id},"GenericError","",{}]`, '[5]', `[3,${id},{}`, `[4,${id},"x`, `[3.0,${id},{}]`, ` [ 4 ,${id}]`],
  ])
  return { text, what: 'an unsolicited answer', expected: silence }
}
