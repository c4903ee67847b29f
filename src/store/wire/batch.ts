// Prepared statements in one batch: one write, one Sync after the last, one packet back. pg's own queries have a Sync
// each, each with an answer that wakes this thread: one Sync takes 0.95 times the CPU of the server and 0.94 times that
// of PostgreSQL (bench/measurements.md, "Group commit").
//
// This module and `row-stream.ts` are the only ones that know how `pg.Client` drives a query: `Submittable`, `parse`
// and `close` of its connection, and its stream.

import { type ClientBase, type Connection, DatabaseError, type Submittable } from 'pg'
import { type BoundStatement, runMessages } from './bind-messages.ts'

/** What a statement did, as PostgreSQL reports it: `INSERT` and 3. */
export interface StatementResult {
  readonly command: string
  readonly rowCount: number
}

/**
 * Sends the statements in one round trip and waits for all of them; the rows of their answers are not kept. If there is
 * no BEGIN among or before them, they are one transaction, which the Sync commits (PostgreSQL documentation,
 * "Pipelining" in the message flow of the extended query protocol): when this resolves, it is committed.
 *
 * @throws the first error, of class DatabaseError when it is PostgreSQL's. No statement after it was run.
 */
export function runBatch(client: ClientBase, statements: readonly BoundStatement[]): Promise<StatementResult[]> {
  if (statements.length === 0) return Promise.resolve([])
  return new Promise((resolve, reject) => {
    client.query(new Batch(statements, resolve, reject))
  })
}

/**
 * Names of the statements that PostgreSQL has parsed on a connection. A name that is run here is never run by pg's own
 * queries.
 */
const parsed = new WeakMap<Connection, Set<string>>()

/** A query as `pg.Client` drives it. */
class Batch implements Submittable {
  /** Ends the time-out that `pg.Client` puts around it. */
  callback: (() => void) | undefined
  readonly #statements: readonly BoundStatement[]
  readonly #resolve: (results: StatementResult[]) => void
  readonly #reject: (error: unknown) => void
  readonly #results: StatementResult[] = []

  constructor(
    statements: readonly BoundStatement[],
    resolve: (results: StatementResult[]) => void,
    reject: (error: unknown) => void,
  ) {
    this.#statements = statements
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(connection: Connection): void {
    const known = parsed.get(connection)
    for (const { name, text } of this.#statements) {
      if (known?.has(name) === true) continue
      // An earlier batch may have got this far before it failed.
      connection.close({ type: 'S', name }, true)
      connection.parse({ name, text, types: [] }, true)
    }
    connection.stream.write(runMessages(this.#statements))
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const words = text.split(' ')
    this.#results.push({ command: words[0] ?? '', rowCount: Number(words.at(-1)) })
  }

  handleDataRow(): void {}

  handleReadyForQuery(connection: Connection): void {
    let known = parsed.get(connection)
    if (known === undefined) parsed.set(connection, (known = new Set()))
    for (const { name } of this.#statements) known.add(name)
    this.callback?.()
    this.#resolve(this.#results)
  }

  handleError(error: unknown, connection: Connection): void {
    // A time-out: statements that were sent could still run, and the next ones would wait for their answers.
    if (!(error instanceof DatabaseError)) connection.stream.destroy()
    this.callback?.()
    this.#reject(error)
  }
}
