// Answers of charge points to the CALLs of the central system, each with the expected result of the REST API.

import type { JsonSchema } from '../../../src/ocpp/json-schema.ts'
import type { Random } from '../../support/random.ts'
import type { Speaker } from './frames.ts'
import { makePayload, textOf } from './mutations.ts'
import { oddTexts } from './values.ts'

/** The result of a command. */
export type Outcome =
  /** 200. */
  | 'taken'
  /** 200 with the problems of the answer. */
  | 'noted'
  /** 502, CALL_ANSWER_INVALID. */
  | 'invalid'
  /** 502, CALL_ANSWER_INVALID: it is unreadable. */
  | 'unreadable'
  /** 502, CALL_ERROR. */
  | 'refused'
  /** 504. */
  | 'late'

export interface MadeAnswer {
  readonly what: string
  /** The frames by which the charge point answers the CALL `messageId`. */
  readonly frames: (messageId: string) => readonly string[]
  readonly outcome: Outcome
}

/** An answer to a CALL whose response has this schema. `mayBeLate`: whether a missing answer may be among them. */
export function makeAnswer(schema: JsonSchema, speaker: Speaker, random: Random, mayBeLate: boolean): MadeAnswer {
  const draw = random.below(100)
  if (draw < 20) return resultAnswer(schema, speaker, random, 0)
  if (draw < 60) return resultAnswer(schema, speaker, random, 1 + random.below(3))
  if (draw < 75) return errorAnswer(random)
  if (draw < 90 || !mayBeLate) return crowdedAnswer(schema, speaker, random)
  return random.once(3) ? silence : oddAnswer(speaker, random)
}

function resultAnswer(schema: JsonSchema, { strictness }: Speaker, random: Random, wounds: number): MadeAnswer {
  const { payload, codes, isTooDeep } = makePayload(schema, random, wounds)
  const text = textOf(payload, random)
  const broken = strictness === 'strict' ? 'invalid' : 'noted'
  return {
    what: `a CALLRESULT with ${wounds} wounds: ${text}`,
    frames: (id) => [`[3,${JSON.stringify(id)},${text}]`],
    outcome: isTooDeep ? 'unreadable' : codes.size === 0 ? 'taken' : broken,
  }
}

function errorAnswer(random: Random): MadeAnswer {
  const code = JSON.stringify(random.pick(['NotImplemented', 'InternalError', 'FormationViolation', ...oddTexts]))
  const text = JSON.stringify(random.pick(oddTexts))
  const rest = random.pick([
    `,${text},{}`,
    ',"",{}',
    '',
    `,${text}`,
    ',7,7',
    ',null,[]',
    `,${text},{"__proto__":{"a":${text}}},1`,
  ])
  return {
    what: `a CALLERROR ${code}${rest}`,
    frames: (id) => [`[4,${JSON.stringify(id)},${code}${rest}]`],
    outcome: 'refused',
  }
}

/** The right answer among unsolicited ones. */
function crowdedAnswer(schema: JsonSchema, speaker: Speaker, random: Random): MadeAnswer {
  const right = resultAnswer(schema, speaker, random, 0)
  const others = [
    '[3,"unknown",{}]',
    '[4,"unknown","GenericError","",{}]',
    '[3]',
    '[4,{}]',
    'not json',
    '[5,"unknown"]',
    '[9,9,9]',
  ]
  return {
    what: `others around ${right.what}`,
    frames: (id) => [
      random.pick(others),
      ...right.frames(id),
      ...right.frames(id),
      `[4,${JSON.stringify(id)},"GenericError","",{}]`,
    ],
    outcome: right.outcome,
  }
}

const silence: MadeAnswer = { what: 'silence', frames: () => [], outcome: 'late' }

/** An answer that is not JSON, or that has something else instead of its payload or code. */
function oddAnswer({ strictness }: Speaker, random: Random): MadeAnswer {
  const repaired = strictness === 'strict' ? 'unreadable' : 'noted'
  const [own, rest, outcome] = random.pick([
    ...[',[]]', ',"{}"]', ',7]', ',true]', ',{', ',{}', ',{"a":[}]'].map((text) => [3, text, 'unreadable'] as const),
    ...[',{"a":}]', ',{"a":]}]', ',{},]', ']]'].map((text) => [3, text, repaired] as const),
    ...[']', ',7]', ',{},{}]', ',null,"",{}]'].map((text) => [4, text, 'refused'] as const),
  ])
  return { what: `odd ${own} … ${rest}`, frames: (id) => [`[${own},${JSON.stringify(id)}${rest}`], outcome }
}
