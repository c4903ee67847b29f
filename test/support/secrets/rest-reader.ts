// A client of REST that keeps every answer, to search them.

import type { Readable } from './readable-places.ts'

type Json = Readonly<Record<string, unknown>>

/** What one request differs in. */
export interface RestRequest {
  readonly method?: string
  /** Sent as JSON; a text as it is. */
  readonly body?: unknown
  /** Instead of the key of the operator. */
  readonly headers?: Readonly<Record<string, string>>
  readonly type?: string
}

/** Asks as an operator, and remembers what it was answered. */
export class RestReader {
  readonly answers: Readable[] = []
  readonly #url: string
  readonly #key: string

  constructor(url: string, key: string) {
    this.#url = url
    this.#key = key
  }

  async ask(path: string, request: RestRequest = {}): Promise<{ readonly status: number; readonly text: string }> {
    const { body, headers = { 'X-API-Key': this.#key }, type = 'application/json' } = request
    const method = request.method ?? (body === undefined ? 'GET' : 'POST')
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { ...headers, ...(body === undefined ? {} : { 'Content-Type': type }) },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    const head = JSON.stringify([...response.headers])
    this.answers.push({ place: `answer to ${method} ${path.split('?')[0]}: ${response.status}`, content: head + text })
    return { status: response.status, text }
  }

  /** What must be answered with a status below 300. */
  async done(path: string, request: RestRequest = {}): Promise<Json> {
    const { status, text } = await this.ask(path, request)
    if (status >= 300) throw new Error(`${path} answered ${status} ${text}`)
    return text === '' ? {} : (JSON.parse(text) as Json)
  }

  /** Every page that can be read, with `values` for the parts of its path; those with other parts are left out. */
  async readAll(values: Readonly<Record<string, readonly string[]>>): Promise<number> {
    const { paths } = (await this.done('/openapi.json')) as { readonly paths: Readonly<Record<string, Json>> }
    const asked = Object.entries(paths).flatMap(([path, methods]) => ('get' in methods ? filled(path, values) : []))
    for (const path of asked) await this.ask(path)
    return asked.length
  }
}

function filled(path: string, values: Readonly<Record<string, readonly string[]>>): string[] {
  const part = /\{(\w+)\}/.exec(path)
  if (part === null) return [path]
  return (values[part[1] ?? ''] ?? []).flatMap((value) => filled(path.replace(part[0], value), values))
}
