// The erasure of an id token: a pseudonym takes its place wherever it is stored. It is a job of its own: what is
// indexed is replaced at once, and the rest by a scan of the tables.

/**
 * `running`: tables are scanned. `settling`: what was stored before is replaced, and what arrives until `settlesAtMs`
 * is replaced by a last scan. `done`: the token is known nowhere any more.
 */
export const erasureStates = ['running', 'settling', 'done'] as const

export type ErasureState = (typeof erasureStates)[number]

/** What each state means, for readers of the API. */
export const erasureStateMeanings: Readonly<Record<ErasureState, string>> = {
  running: 'tables are scanned for the id tag',
  settling: 'everything stored before is replaced; what still arrives with the id tag is waited for and replaced, too',
  done: 'the id tag is forgotten',
}

/** How many rows of each table were changed, or in `id_tokens` deleted; tables without such rows are left out. */
export type ErasedRows = Readonly<Record<string, number>>

/** Where a scan continues: the place by its number, the partition, and the row in it. */
export interface ErasurePosition {
  readonly place: number
  /** Number of the partition (`oid`); those with smaller numbers are done. */
  readonly partition: number
  /** Its pages before this one are done. */
  readonly page: number
}

export interface ErasureRecord {
  readonly id: number
  /** What stands in the place of the id token. */
  readonly pseudonym: string
  readonly state: ErasureState
  readonly createdAtMs: number
  /** Name of the operator's key. */
  readonly createdBy: string
  /** Until when what arrives with the id token is erased, too; later it is a new id token. */
  readonly settlesAtMs: number
  /** Null until it is done. */
  readonly endedAtMs: number | null
  readonly erased: ErasedRows
}

export interface NewErasure {
  readonly idToken: string
  readonly createdAtMs: number
  readonly createdBy: string
}

/** The detail of an anomaly as the log shows it: without id tokens, which an erasure could not find there. */
export function withoutIdTokens(detail: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { path } = detail
  const ofQuirk = typeof path === 'string' && holdsIdToken(path.slice(path.lastIndexOf('/') + 1))
  const hidden = Object.entries(detail).map(([name, value]): [string, unknown] =>
    (holdsIdToken(name) || (ofQuirk && name === 'sent')) && value !== null ? [name, '***'] : [name, value],
  )
  return Object.fromEntries(hidden)
}

function holdsIdToken(member: string): boolean {
  return idTokenMembers.has(member.toLowerCase())
}

/** Members of objects that hold id tokens, in lower case: those of OCPP, and those of the details of anomalies. */
export const idTokenMembers: ReadonlySet<string> = new Set([
  'idtag',
  'idtoken',
  'parentidtag',
  'groupidtoken',
  'additionalidtoken',
  'stopidtag',
])
