// Compares what came from the central system with what a case expects: everything must be equal, member by member,
// except where a matcher stands for what may vary.

/** What a case expects did not happen. */
export class Deviation extends Error {}

/** Stands in an expectation for a value that may vary. */
export class Matcher {
  /** Ends the sentence `expected …`. */
  readonly says: string
  readonly holds: (value: unknown) => boolean

  constructor(says: string, holds: (value: unknown) => boolean) {
    this.says = says
    this.holds = holds
  }
}

/** How far the clocks of a case and of the central system may be apart, in milliseconds. A case is over long before. */
const apartMsMax = 5 * 60_000

/** A time in RFC 3339, in UTC and with milliseconds, that is about now. */
export const now = new Matcher('the time, as in 2026-01-31T12:00:00.000Z', (value) => {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return false
  return Math.abs(Date.parse(value) - Date.now()) < apartMsMax
})

/** Text that matches a pattern. */
export function matching(pattern: RegExp): Matcher {
  return new Matcher(`text like ${pattern.source}`, (value) => typeof value === 'string' && pattern.test(value))
}

/** An integer above 0. */
export const positiveInteger = new Matcher(
  'an integer above 0',
  (value) => typeof value === 'number' && Number.isSafeInteger(value) && value > 0,
)

/**
 * Fails unless `actual` is what is expected: the same members with the same values, and no others. A member that is
 * expected to be undefined must not be there.
 *
 * @throws {Deviation} naming the step and the member.
 */
export function requireEqual(step: string, actual: unknown, expected: unknown): void {
  requireNone(step, differenceIn(actual, expected, false))
}

/**
 * The same, but objects may have members that are not expected.
 *
 * @throws {Deviation} naming the step and the member.
 */
export function requirePart(step: string, actual: unknown, expected: unknown): void {
  requireNone(step, differenceIn(actual, expected, true))
}

function requireNone(step: string, difference: string | null): void {
  if (difference !== null) throw new Deviation(`${step}: ${difference}`)
}

/** Whether `requireEqual` would pass. */
export function isEqual(actual: unknown, expected: unknown): boolean {
  return differenceIn(actual, expected, false) === null
}

function differenceIn(actual: unknown, expected: unknown, mayHaveMore: boolean, at = ''): string | null {
  if (expected instanceof Matcher) return expected.holds(actual) ? null : unlike(actual, expected.says, at)
  if (Array.isArray(expected)) {
    if (!Array.isArray(actual)) return unlike(actual, 'an array', at)
    if (actual.length !== expected.length) return unlike(actual, `${expected.length} elements`, at)
    return first(expected.map((one, index) => differenceIn(actual[index], one, mayHaveMore, `${at}/${index}`)))
  }
  if (!isRecord(expected)) return Object.is(actual, expected) ? null : unlike(actual, JSON.stringify(expected), at)
  if (!isRecord(actual)) return unlike(actual, 'an object', at)
  const members = Object.keys(expected).filter((name) => expected[name] !== undefined)
  const more = Object.keys(actual).find((name) => !members.includes(name))
  if (more !== undefined && !mayHaveMore) return unlike(actual[more], 'no such member', `${at}/${more}`)
  return first(members.map((name) => differenceIn(actual[name], expected[name], mayHaveMore, `${at}/${name}`)))
}

function first(differences: readonly (string | null)[]): string | null {
  return differences.find((difference) => difference !== null) ?? null
}

function unlike(actual: unknown, expected: string, at: string): string {
  const shown = actual === undefined ? 'nothing' : JSON.stringify(actual)
  return `${at === '' ? 'it' : at} is ${shown.slice(0, 300)}, expected ${expected}`
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
