// The rows of one statement, as they come, in pieces. The connection is not read while the caller has pieces enough, so
// that PostgreSQL waits as well, and memory holds a few pieces whatever the rows are: neither their number nor their
// width is known before. A cursor that is asked for so many rows at a time bounds their number only, and costs a round
// trip for each piece, in which both sides wait (docs/decisions.md, "An export is one statement").

import type { ClientBase, Connection, Submittable } from 'pg'

export interface RowStreamOptions {
  readonly text: string
  /** Texts and numbers, and arrays of numbers. */
  readonly values: readonly unknown[]
  /** How a value of a type is read. */
  readonly parserOf: (oid: number) => (text: string) => unknown
  /** Rows of a piece, and characters after which it ends before. */
  readonly rowsMax: number
  readonly charactersMax: number
  /** How long PostgreSQL may send nothing while a piece is waited for, in milliseconds. */
  readonly silenceMsMax: number
}

export type StreamedRow = Readonly<Record<string, unknown>>

interface Field {
  readonly name: string
  readonly dataTypeID: number
}

/** Pieces that wait for the caller while more are read. */
const piecesMax = 2

/** Runs a statement on `client`, which it has alone until the last piece. An error ends the connection. */
export function streamRows(client: ClientBase, options: RowStreamOptions): RowStream {
  const stream = new RowStream(options)
  client.query(stream)
  return stream
}

/** A query as `pg.Client` drives it. */
export class RowStream implements Submittable {
  /** Ends the time-out that `pg.Client` puts around it. */
  callback: (() => void) | undefined
  readonly #options: RowStreamOptions
  readonly #pieces: StreamedRow[][] = []
  #connection: Connection | null = null
  #fields: readonly { readonly name: string; readonly parse: (text: string) => unknown }[] = []
  #rows: StreamedRow[] = []
  #characters = 0
  #isPaused = false
  #isDone = false
  #failure: { readonly error: unknown } | null = null
  #wake: (() => void) | null = null

  constructor(options: RowStreamOptions) {
    this.#options = options
  }

  /** The next rows; null after the last ones. */
  async next(): Promise<readonly StreamedRow[] | null> {
    while (this.#pieces.length === 0 && !this.#isDone && this.#failure === null) await this.#news()
    if (this.#failure !== null) throw this.#failure.error
    const piece = this.#pieces.shift() ?? this.#lastRows()
    this.#readOn()
    return piece
  }

  submit(connection: Connection): void {
    const { text, values } = this.#options
    this.#connection = connection
    connection.parse({ name: '', text, types: [] }, true)
    connection.bind({ values: values.map(parameterOf) }, true)
    connection.describe({ type: 'P', name: '' }, true)
    connection.execute({ portal: '', rows: '0' }, true)
    connection.sync()
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#fields = fields.map(({ name, dataTypeID }) => ({ name, parse: this.#options.parserOf(dataTypeID) }))
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {}
    let at = 0
    for (const { name, parse } of this.#fields) {
      const text = fields[at++] ?? null
      row[name] = text === null ? null : parse(text)
      if (text !== null) this.#characters += text.length
    }
    this.#rows.push(row)
    if (this.#rows.length < this.#options.rowsMax && this.#characters < this.#options.charactersMax) return
    this.#pieces.push(this.#rows)
    this.#rows = []
    this.#characters = 0
    if (this.#pieces.length >= piecesMax && !this.#isPaused) {
      this.#isPaused = true
      this.#connection?.stream.pause()
    }
    this.#wake?.()
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.callback?.()
    this.#isDone = true
    this.#wake?.()
  }

  handleError(error: unknown, connection: Connection): void {
    connection.stream.destroy()
    this.callback?.()
    this.#failure ??= { error }
    this.#wake?.()
  }

  #lastRows(): readonly StreamedRow[] | null {
    const rows = this.#rows
    this.#rows = []
    return rows.length === 0 ? null : rows
  }

  #readOn(): void {
    if (!this.#isPaused || this.#pieces.length >= piecesMax) return
    this.#isPaused = false
    this.#connection?.stream.resume()
  }

  /** Resolves when there is a piece, the end, or a failure. */
  #news(): Promise<void> {
    const { silenceMsMax } = this.#options
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#failure ??= { error: new Error(`PostgreSQL has sent nothing for ${silenceMsMax} ms.`) }
        this.#connection?.stream.destroy()
        this.#wake?.()
      }, silenceMsMax)
      this.#wake = () => {
        clearTimeout(timer)
        this.#wake = null
        resolve()
      }
    })
  }
}

function parameterOf(value: unknown): string | null {
  if (value === null || value === undefined) return null
  return Array.isArray(value) ? `{${value.join(',')}}` : String(value)
}
