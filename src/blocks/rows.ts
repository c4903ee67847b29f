// Functions with which blocks define their messages: one line per message and version. They keep `direction` and
// the payload type of the handler as literal types, because `messages.ts` checks them against the schemas of the
// version.

import type { JsonSchema } from '../ocpp/json-schema.ts'
import type { TimeField } from '../ocpp/usable-time.ts'
import type { Handler, WithoutMeterValues } from './decision.ts'
import type {
  Adapts,
  Direction,
  Durability,
  FunctionalBlock,
  Learned,
  MessageRow,
  PasswordSetting,
  ReadsBack,
  Requested,
  Selection,
  StandingAnswer,
} from './message-row.ts'
import { keepStored } from './notification.ts'

/** What a block defines of a message: everything except its schemas. `H` is its handler. */
export type RowOf<D extends Direction, H, A extends StandingAnswer | null = null> = Omit<
  MessageRow,
  'request' | 'response' | 'isOpenEnded'
> & { readonly direction: D; readonly handler: H; readonly standingAnswer: A }

/** Marks a message as a SEND, which has only one schema. */
interface Send {
  readonly kind: 'send'
}

/** A row of any literal types. */
export type AnyRow = RowOf<Direction, Handler<object> | null, StandingAnswer | null>

const requestsNothing: Requested = () => []
const setsNoProfile = () => null

/**
 * The functions that write the rows of `block`.
 *
 * @example
 * const { served, toChargePoint } = rowsOf('firmware')
 * export const firmware16 = {
 *   FirmwareStatusNotification: served('1.6 §4.5', 'committed', firmwareStatusNotification),
 *   UpdateFirmware: toChargePoint('1.6 §5.19'),
 * }
 */
export function rowsOf(block: FunctionalBlock) {
  const nothing = {
    kind: 'call',
    block,
    transactional: false,
    keptOnly: [],
    privateFields: [],
    readPartly: {},
    timeField: null,
    standingAnswer: null,
    requests: requestsNothing,
    password: null,
    profileSetBy: setsNoProfile,
    learns: null,
    adapts: null,
    readsBack: null,
    isForgiving: false,
    isBoot: false,
    isOfTransaction: false,
  } as const

  /** A CALL from a charge point; `handler` decides about it. */
  function served<P extends object>(
    section: string,
    durability: Durability,
    handler: Handler<P>,
  ): RowOf<'fromChargePoint', Handler<P>> {
    return { ...nothing, section, durability, direction: 'fromChargePoint', handler }
  }

  return {
    served,

    /** A CALL that Stator sends to a charge point; `requests` are the messages that it asks for. */
    toChargePoint(
      section: string,
      requests: readonly string[] | Requested = requestsNothing,
    ): RowOf<'toChargePoint', null> {
      const asked = typeof requests === 'function' ? requests : () => requests
      const direction = 'toChargePoint'
      return { ...nothing, section, durability: 'none', direction, handler: null, requests: asked }
    },

    /** A transaction message from a charge point, which the lenient mode never refuses. */
    servedTransactional<P extends object>(section: string, handler: Handler<P>): RowOf<'fromChargePoint', Handler<P>> {
      return { ...served(section, 'committed', handler), transactional: true }
    },

    /** A CALL that is only stored as an event of its charge point; the answer is always `answer`. */
    stored(section: string, answer: StandingAnswer = {}): RowOf<'fromChargePoint', Handler<object>, StandingAnswer> {
      return { ...served(section, 'committed', keepStored(answer)), standingAnswer: answer }
    },

    /** A SEND from a charge point: `handler` decides what is stored of it. Nothing is answered. */
    servedSend<P extends object>(section: string, handler: Handler<P>): RowOf<'fromChargePoint', Handler<P>> & Send {
      return { ...served(section, 'committed', handler), kind: 'send' }
    },
  }
}

/** The row of a message that either side may send. */
export function bothWays<H>(of: RowOf<'fromChargePoint', H>): RowOf<'both', H> {
  return { ...of, direction: 'both' }
}

/** The row of a BootNotification. */
export function booting<R extends AnyRow>(of: R): R {
  return { ...of, isBoot: true }
}

/** The row of a CALL to a charge point that starts or stops a transaction. */
export function ofTransaction<R extends AnyRow>(of: R): R {
  return { ...of, isOfTransaction: true }
}

/** The row of a CALL to a charge point that can set its password. */
export function settingPassword<R extends AnyRow>(password: PasswordSetting, of: R): R {
  return { ...of, password }
}

/** The row of a CALL to a charge point that can change its security profile. */
export function settingProfile<R extends AnyRow>(profileSetBy: MessageRow['profileSetBy'], of: R): R {
  return { ...of, profileSetBy }
}

/** The row of a CALL to a charge point whose answer tells something that is stored. */
export function learning<R extends AnyRow>(learns: Learned, of: R): R {
  return { ...of, learns }
}

/** The row of a CALL to a charge point of which a quirk profile may make another one, or none. */
export function adapting<R extends AnyRow>(adapts: Adapts, of: R): R {
  return { ...of, adapts }
}

/** The row of a CALL to a charge point whose settings can be read again. */
export function readingBack<R extends AnyRow>(readsBack: ReadsBack, of: R): R {
  return { ...of, readsBack }
}

/** The row of a message whose `fields` are stored but read by no handler. */
export function keeping<R extends AnyRow>(fields: readonly string[], of: R): R {
  return { ...of, keptOnly: fields }
}

/** The row of a message whose `fields` hold what is known of a person. */
export function aboutPerson<R extends AnyRow>(fields: readonly string[], of: R): R {
  return { ...of, privateFields: fields }
}

/**
 * The row of a message that is stored whatever a lenient charge point leaves out of it: its handler gets 0, an empty
 * text or an empty list instead.
 */
export function forgiving<R extends AnyRow>(of: R): R {
  return { ...of, isForgiving: true }
}

/** The row of a message whose time is in `field`; the time distinguishes new facts from resends. */
export function timedBy<R extends AnyRow>(field: TimeField, of: R): R {
  return { ...of, timeField: field }
}

/** The row of a message with long lists: handlers read only the elements that these functions select. */
export function readingPartOf<R extends AnyRow>(lists: Readonly<Record<string, Selection>>, of: R): R {
  return { ...of, readPartly: lists }
}

/** A table whose rows keep the literal types of `R`. */
export type TableOf<R> = {
  readonly [A in keyof R]: R[A] & Pick<MessageRow, 'request' | 'response' | 'isOpenEnded'>
}

/** The payload of each CALL of a version, as `typed-ocpp` types them. */
type PayloadsOf<Call extends readonly [unknown, unknown, string, unknown]> = { [C in Call as `${C[2]}`]: C[3] }

/**
 * `unknown` for each row whose handler takes the payload that the schema of its action allows, else `never`, which does
 * not compile.
 */
type Fitting<R, Payloads> = {
  readonly [A in keyof R]: R[A] extends { readonly handler: Handler<infer P>; readonly standingAnswer: null }
    ? A extends keyof Payloads
      ? WithoutMeterValues<Payloads[A]> extends P
        ? unknown
        : never
      : never
    : unknown
}

/** The schemas of a version by name: `any` in `typed-ocpp`, and a `JsonSchema` from here on. */
type Schemas<R> = Readonly<Record<`${CallOf<R>}${'Request' | 'Response'}` | SendOf<R>, JsonSchema>>

type SendOf<R> = { [A in keyof R & string]: R[A] extends Send ? A : never }[keyof R & string]
type CallOf<R> = Exclude<keyof R & string, SendOf<R>>

/**
 * Makes the table of one version: joins each row with its schemas, `<Action>Request` and `<Action>Response`, or
 * `<Action>` for a SEND. It does not compile if an action has no schema, or if a handler takes another payload.
 *
 * @example tableFor<OCPP16.Call>()(schemas, { ...provisioning16, ...transactions16 })
 */
export function tableFor<Call extends readonly [unknown, unknown, string, unknown]>() {
  return <R extends Record<string, AnyRow>>(
    schemas: Schemas<R>,
    rows: R & Fitting<R, PayloadsOf<Call>>,
  ): TableOf<R> => {
    const byName: Readonly<Record<string, JsonSchema | undefined>> = schemas
    const table: Record<string, MessageRow> = {}
    for (const [action, row] of Object.entries<AnyRow>(rows)) {
      const request = byName[row.kind === 'send' ? action : `${action}Request`]
      const response = row.kind === 'send' ? null : byName[`${action}Response`]
      if (request === undefined || response === undefined) throw new TypeError(`${action} has no schema in typed-ocpp`)
      table[action] = { ...row, request, response, isOpenEnded: isOpenEnded(row, request) }
    }
    return table as TableOf<R>
  }
}

function isOpenEnded({ block }: AnyRow, { properties }: JsonSchema): boolean {
  return (
    block === 'data-transfer' || (typeof properties === 'object' && properties !== null && 'customData' in properties)
  )
}
