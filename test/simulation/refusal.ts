// How PostgreSQL refuses a statement.

import { DatabaseError } from 'pg'

/** The error of a statement that PostgreSQL has refused. */
export function refusal(code: string, message: string): DatabaseError {
  return Object.assign(new DatabaseError(message, message.length, 'error'), { code, severity: 'ERROR' })
}

/** The result of `work`, or the error with which the database refuses it. */
export function attempted<T>(work: () => T): { readonly value: T } | { readonly refused: DatabaseError } {
  try {
    return { value: work() }
  } catch (error) {
    if (error instanceof DatabaseError) return { refused: error }
    throw error
  }
}
