// How the three message tables are written down: one line per message, from which the row and its schemas follow. The
// functions keep `direction`, `served` and `standingAnswer` as literal types, because the handler maps are derived from
// them.

import type {
  Direction,
  Durability,
  FunctionalBlock,
  JsonSchema,
  MessageRow,
  Selection,
  StandingAnswer,
  TimeField,
} from './message.ts'

/** What a table says of a message besides its schemas. */
type RowOf<D extends Direction, S extends boolean, A extends StandingAnswer | null = null> = Omit<
  MessageRow,
  'request' | 'response'
> & {
  readonly direction: D
  readonly served: S
  readonly standingAnswer: A
}

/** Any row, whatever its literal types. */
type AnyRow = RowOf<Direction, boolean, StandingAnswer | null>

function row(block: FunctionalBlock, section: string, durability: Durability) {
  const nothing = { keptOnly: [], readPartly: {}, toldAt: null, standingAnswer: null }
  return { block, section, durability, transactional: false, ...nothing }
}

/** A CALL that Stator sends to a charge point. */
export function toChargePoint(block: FunctionalBlock, section: string): RowOf<'toChargePoint', true> {
  return { ...row(block, section, 'none'), direction: 'toChargePoint', served: true }
}

/** A CALL from a charge point that Stator handles. */
export function served(
  block: FunctionalBlock,
  section: string,
  durability: Durability,
): RowOf<'fromChargePoint', true> {
  return { ...row(block, section, durability), direction: 'fromChargePoint', served: true }
}

/** A transaction message from a charge point that Stator handles and, when lenient, never refuses. */
export function servedTransactional(block: FunctionalBlock, section: string): RowOf<'fromChargePoint', true> {
  return { ...served(block, section, 'committed'), transactional: true }
}

/** A CALL from a charge point that is stored as an event of it, and answered with `answer` whatever it says. */
export function stored(
  block: FunctionalBlock,
  section: string,
  answer: StandingAnswer = {},
): RowOf<'fromChargePoint', true, StandingAnswer> {
  return { ...served(block, section, 'committed'), standingAnswer: answer }
}

/** A CALL from a charge point that Stator knows and answers with NotSupported. */
export function notServed(
  block: FunctionalBlock,
  section: string,
  durability: Durability,
): RowOf<'fromChargePoint', false> {
  return { ...row(block, section, durability), direction: 'fromChargePoint', served: false }
}

/** A transaction message from a charge point that Stator knows and answers with NotSupported. */
export function notServedTransactional(block: FunctionalBlock, section: string): RowOf<'fromChargePoint', false> {
  return { ...notServed(block, section, 'committed'), transactional: true }
}

/** A CALL that both sides send; `isServed` says whether Stator handles the charge point's. */
export function bothWays<S extends boolean>(
  block: FunctionalBlock,
  section: string,
  durability: Durability,
  isServed: S,
): RowOf<'both', S> {
  return { ...row(block, section, durability), direction: 'both', served: isServed }
}

/** The row of a message whose `fields` are only kept, and read by no handler. */
export function keeping<R extends AnyRow>(fields: readonly string[], of: R): R {
  return { ...of, keptOnly: fields }
}

/** The row of a message whose resends are told from new facts by the time in `field`. */
export function toldAt<R extends AnyRow>(field: TimeField, of: R): R {
  return { ...of, toldAt: field }
}

/** The row of a message of whose lists handlers read only what these functions select. */
export function readingPartOf<R extends AnyRow>(lists: Readonly<Record<string, Selection>>, of: R): R {
  return { ...of, readPartly: lists }
}

/** A table whose rows keep the literal types of `R`. */
export type TableOf<R> = {
  readonly [A in keyof R]: R[A] & { readonly request: JsonSchema; readonly response: JsonSchema | null }
}

/**
 * Joins every row with its schemas: `<Action>Request` and `<Action>Response`. An action without either does not compile.
 *
 * @param schemas the schema module of one version in `typed-ocpp`, which types each schema `any`: this is where they become `JsonSchema`.
 */
export function tableOf<R extends Record<string, AnyRow>>(
  schemas: Readonly<Record<`${keyof R & string}${'Request' | 'Response'}`, JsonSchema>>,
  rows: R,
): TableOf<R> {
  const bySchemaName: Readonly<Record<string, JsonSchema>> = schemas
  const table: Record<string, MessageRow> = {}
  for (const [action, row] of Object.entries(rows)) {
    const request = bySchemaName[`${action}Request`]
    const response = bySchemaName[`${action}Response`]
    if (request === undefined || response === undefined) throw new TypeError(`${action} has no schema in typed-ocpp`)
    table[action] = { ...row, request, response }
  }
  return table as TableOf<R>
}
