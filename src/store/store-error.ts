// What an error of PostgreSQL or of the connection to it means: retry later, or never with this data.

import { DatabaseError } from 'pg'
import { StatorError } from '../base/errors.ts'

// Classes of SQLSTATE (PostgreSQL documentation, appendix A) that say nothing about the data: connection exception,
// transaction rollback (deadlock, serialization), insufficient resources (disk full too), operator intervention, system
// error.
const transientClasses: ReadonlySet<string> = new Set(['08', '40', '53', '57', '58'])
// read_only_sql_transaction (a standby that was promoted elsewhere), lock_not_available.
const transientCodes: ReadonlySet<string> = new Set(['25006', '55P03'])
// out_of_memory: a statement that is too large stays too large.
const lastingCodes: ReadonlySet<string> = new Set(['53200'])

/** The error of PostgreSQL inside `error`, which may be wrapped (drizzle); null if the connection failed. */
export function databaseError(error: unknown): DatabaseError | null {
  for (let inner = error; inner instanceof Error; inner = inner.cause) if (inner instanceof DatabaseError) return inner
  return null
}

/** Whether a retry may succeed: the database is unavailable, busy or starting. */
export function isTransient(error: unknown): boolean {
  if (error instanceof StatorError) return error.code === 'STORE_UNAVAILABLE'
  const refused = databaseError(error)
  // An error that is not from PostgreSQL is from the socket or a time-out.
  if (refused === null) return true
  const code = refused.code ?? ''
  if (lastingCodes.has(code)) return false
  return refused.severity === 'FATAL' || transientClasses.has(code.slice(0, 2)) || transientCodes.has(code)
}

/** Whether a row was refused by a unique index. */
export function isAlreadyStored(error: unknown): boolean {
  return databaseError(error)?.code === '23505'
}

/** Whether the connection that raised this error is unusable. */
export function isConnectionLost(error: unknown): boolean {
  if (error instanceof StatorError) return false
  const refused = databaseError(error)
  return refused === null || refused.severity === 'FATAL'
}

/** `error`, mapped for callers outside of the store. */
export function storeError(error: unknown): StatorError {
  if (error instanceof StatorError) return error
  const reason = reasonOf(error)
  return isTransient(error)
    ? new StatorError('STORE_UNAVAILABLE', `The database cannot be reached: ${reason}`, undefined, error)
    : new StatorError('INTERNAL', `The database refused a statement: ${reason}`, undefined, error)
}

/** One line that says why; connection errors of several addresses at once keep their text in `errors`. */
export function reasonOf(error: unknown): string {
  const cause = databaseError(error) ?? error
  if (cause instanceof AggregateError && cause.message === '') return cause.errors.map(reasonOf).join('; ')
  return cause instanceof Error ? cause.message : String(cause)
}
