// Compares what was acknowledged with what is stored, for any table: missing, duplicated and altered rows, and rows
// that no station sent.

/** The row that a sent fact must, or may, be stored as. */
export interface Expectation {
  /** The key of the row. If several expectations share a key, as many rows are expected. */
  readonly key: string
  /** The contents that the row may have. */
  readonly contents: readonly string[]
  /** An acknowledged fact must be stored; one without an answer may be. */
  readonly isAcknowledged: boolean
}

export interface Findings {
  /** Acknowledged facts that were looked for. */
  readonly facts: number
  /** Rows that were read. */
  readonly rows: number
  readonly missing: number
  readonly duplicated: number
  readonly altered: number
  readonly unexpected: number
  /** The first problems, as sentences. */
  readonly examples: readonly string[]
}

export const noFindings: Findings = {
  facts: 0,
  rows: 0,
  missing: 0,
  duplicated: 0,
  altered: 0,
  unexpected: 0,
  examples: [],
}

const examplesMax = 10

interface Entry {
  readonly contents: Set<string>
  acknowledged: number
  sent: number
  found: number
  altered: number
}

/** One table of one or several stations. */
export class Comparison {
  readonly #what: string
  readonly #entries = new Map<string, Entry>()
  readonly #altered: string[] = []
  readonly #unexpected: string[] = []
  #rows = 0

  /** `what` names the table in sentences. */
  constructor(what: string) {
    this.#what = what
  }

  expect({ key, contents, isAcknowledged }: Expectation): void {
    let entry = this.#entries.get(key)
    if (entry === undefined) {
      entry = { contents: new Set(), acknowledged: 0, sent: 0, found: 0, altered: 0 }
      this.#entries.set(key, entry)
    }
    for (const content of contents) entry.contents.add(content)
    entry.sent++
    if (isAcknowledged) entry.acknowledged++
  }

  /** A row that is stored. Call after all `expect`. */
  find(key: string, content: string): void {
    this.#rows++
    const entry = this.#entries.get(key)
    if (entry === undefined) {
      this.#unexpected.push(`${this.#what} ${key} was stored, but no station sent it: ${content}`)
      return
    }
    entry.found++
    if (!entry.contents.has(content)) {
      entry.altered++
      this.#altered.push(
        `${this.#what} ${key} is stored as ${content}, but ${[...entry.contents].join(' or ')} was sent`,
      )
    }
  }

  get findings(): Findings {
    const missing: string[] = []
    const duplicated: string[] = []
    const count = { facts: 0, missing: 0, duplicated: 0 }
    for (const [key, { acknowledged, sent, found }] of this.#entries) {
      count.facts += acknowledged
      if (found < acknowledged) {
        count.missing += acknowledged - found
        missing.push(`${this.#what} ${key} was acknowledged, but is not stored`)
      } else if (found > sent) {
        count.duplicated += found - sent
        duplicated.push(`${this.#what} ${key} is stored ${found} times, but was sent ${sent} times`)
      }
    }
    return {
      ...count,
      rows: this.#rows,
      altered: this.#altered.length,
      unexpected: this.#unexpected.length,
      examples: [...missing, ...duplicated, ...this.#altered, ...this.#unexpected].slice(0, examplesMax),
    }
  }
}

/** All findings together. */
export function sumOf(findings: readonly Findings[]): Findings {
  return findings.reduce(
    (sum, one) => ({
      facts: sum.facts + one.facts,
      rows: sum.rows + one.rows,
      missing: sum.missing + one.missing,
      duplicated: sum.duplicated + one.duplicated,
      altered: sum.altered + one.altered,
      unexpected: sum.unexpected + one.unexpected,
      examples: [...sum.examples, ...one.examples].slice(0, examplesMax),
    }),
    noFindings,
  )
}

/** Whether everything acknowledged is stored once and unaltered, and nothing else is. */
export function isClean({ missing, duplicated, altered, unexpected }: Findings): boolean {
  return missing + duplicated + altered + unexpected === 0
}

/** The findings as one sentence. */
export function findingsSentence(findings: Findings): string {
  const { facts, rows, missing, duplicated, altered, unexpected } = findings
  if (isClean(findings))
    return `${facts} acknowledged facts are stored once each, as they were sent (${rows} rows read)`
  return (
    `of ${facts} acknowledged facts ${missing} are missing, ${duplicated} duplicated, ${altered} altered; ` +
    `${unexpected} rows were never sent (${rows} rows read)`
  )
}
