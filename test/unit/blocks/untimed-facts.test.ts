import { describe, expect, test } from 'bun:test'
import { untimedSubjectsMax } from '../../../src/base/limits.ts'
import {
  type About,
  connectorSubject,
  placing,
  sentTimeMs,
  transactionSubject,
  type UntimedFacts,
} from '../../../src/blocks/untimed-facts.ts'

/** A charge point that tells one message after the other. `content` is undefined where the message has a time. */
class Teller {
  facts: UntimedFacts | null = null

  /** The place of the message, with `again` behind it when it is told for a resend; null when it needs none. */
  tell(about: About, content?: string): string | null {
    const { placed, after } = placing(about, content, this.facts)
    this.facts = after
    return placed === null ? null : `${placed.place}${placed.isResend ? ' again' : ''}`
  }
}

const connector = (evseId: number): string => connectorSubject({ evseId, connectorId: 1 })
const status = (evseId = 1): About => ({ subject: connector(evseId) })
const start = (evseId = 1): About => ({ subject: connector(evseId), isStart: true })
const sample = (transactionId: number, evseId = 1): About => ({
  subject: transactionSubject(transactionId),
  also: [connector(evseId)],
})
const stop = (transactionId: number, evseId = 1): About => ({
  also: [transactionSubject(transactionId), connector(evseId)],
})
const boot: About = { endsStarts: true }

describe('a status without a time', () => {
  test('is a resend when its connector told the same last, and a fact of its own otherwise', () => {
    const teller = new Teller()
    expect(teller.tell(status(), 'Available')).toBe('1')
    expect(teller.tell(status(), 'Available')).toBe('1 again')
    expect(teller.tell(status(), 'Charging')).toBe('2')
    expect(teller.tell(status(), 'Available')).toBe('3')
    expect(teller.tell(status(), 'Available')).toBe('3 again')
  })

  test('stays a resend whatever other connectors and boots come in between', () => {
    const teller = new Teller()
    teller.tell(status(1), 'Available')
    teller.tell(status(2), 'Charging')
    teller.tell(start(2), 'start')
    teller.tell(boot)
    expect(teller.tell(status(1), 'Available')).toBe('1 again')
  })

  test.each([
    ['a status with a time', status()],
    ['a start', start()],
    ['a sample of a transaction on it', sample(5)],
    ['a stop', stop(5)],
  ])('is a fact of its own after %s of its connector', (_, between) => {
    const teller = new Teller()
    teller.tell(status(), 'Available')
    teller.tell(between)
    expect(teller.tell(status(), 'Available')).toBe('2')
  })
})

describe('a start without a time', () => {
  test('is a resend while nothing else of its connector has come', () => {
    const teller = new Teller()
    expect(teller.tell(start(), 'start')).toBe('1')
    teller.tell(status(2), 'Available')
    expect(teller.tell(start(), 'start')).toBe('1 again')
  })

  test.each([
    ['a boot', boot],
    ['a stop of its connector', stop(5)],
    ['a stop of nobody knows which connector', { subject: transactionSubject(0), endsStarts: true } as const],
    ['a status of its connector', status()],
  ])('is a fact of its own after %s', (_, between) => {
    const teller = new Teller()
    teller.tell(start(), 'start')
    teller.tell(between)
    expect(teller.tell(start(), 'start')).toBe('2')
  })

  test('is never taken for what is no start', () => {
    const teller = new Teller()
    teller.tell(status(), 'same')
    expect(teller.tell(start(), 'same')).toBe('2')
  })
})

describe('a sample without a time', () => {
  test('is a resend while nothing else of its transaction has come, whatever its connector tells', () => {
    const teller = new Teller()
    expect(teller.tell(sample(5), '100 Wh')).toBe('1')
    teller.tell(status(), 'Charging')
    expect(teller.tell(sample(5), '100 Wh')).toBe('1 again')
    expect(teller.tell(sample(5), '200 Wh')).toBe('3')
    expect(teller.tell(sample(5), '100 Wh')).toBe('4')
  })

  test('is a fact of its own after a sample with a time, and after the stop', () => {
    const teller = new Teller()
    teller.tell(sample(5), '100 Wh')
    teller.tell(sample(5))
    expect(teller.tell(sample(5), '100 Wh')).toBe('2')
    teller.tell(stop(5))
    expect(teller.tell(sample(5), '100 Wh')).toBe('3')
  })
})

describe('what is remembered', () => {
  test('is nothing of a charge point whose facts have a time', () => {
    const teller = new Teller()
    for (const about of [status(), start(), sample(5), stop(5), boot]) expect(teller.tell(about)).toBeNull()
    expect(teller.facts).toBeNull()
  })

  test('is not changed by a resend, nor by a message with a time when nothing is to be forgotten', () => {
    const teller = new Teller()
    teller.tell(status(), 'Available')
    const { facts } = teller
    teller.tell(status(), 'Available')
    teller.tell(status(2))
    teller.tell(boot)
    expect(teller.facts).toBe(facts)
    teller.tell(status())
    expect(teller.facts).toEqual({ count: 1, last: {} })
  })

  test('has room for so many subjects; of one that was forgotten a resend is another fact, and none is swallowed', () => {
    const teller = new Teller()
    for (let evseId = 1; evseId <= untimedSubjectsMax; evseId++) teller.tell(status(evseId), 'Available')
    expect(teller.tell(status(1), 'Available')).toBe('1 again')
    const next = untimedSubjectsMax + 1
    expect(teller.tell(status(next), 'Available')).toBe(String(next))
    expect(Object.keys(teller.facts?.last ?? {})).toHaveLength(untimedSubjectsMax)
    expect(teller.tell(status(1), 'Available')).toBe(String(next + 1))
    expect(teller.tell(status(3), 'Available')).toBe('3 again')
    expect(teller.tell(status(2), 'Available')).toBe(String(next + 2))
  })

  test('is found again after it was stored as JSON, in the same order', () => {
    const teller = new Teller()
    for (const id of [30, 4, 200]) teller.tell(sample(id), 'same')
    const stored: UntimedFacts = JSON.parse(JSON.stringify(teller.facts))
    expect(Object.keys(stored.last)).toEqual(['transaction 30', 'transaction 4', 'transaction 200'])
    expect(placing(sample(4), 'same', stored)).toEqual({ placed: { place: 2, isResend: true }, after: stored })
  })

  test('does not grow with the length of an id', () => {
    expect(transactionSubject('x'.repeat(10_000)).length).toBeLessThan(64)
    expect(transactionSubject('x'.repeat(10_000))).not.toBe(transactionSubject('x'.repeat(10_001)))
  })
})

describe('the time in the key of a fact', () => {
  const noonMs = Date.UTC(2026, 0, 31, 12)

  test.each([
    ['2026-01-31T12:00:00Z', noonMs],
    ['2026-01-31T13:00:00+01:00', noonMs],
    ['2026-01-31T12:00:00', noonMs],
    ['2026-01-31 12:00', noonMs],
    [noonMs / 1_000, noonMs],
    ['0001-01-01T00:00:00Z', Date.parse('0001-01-01T00:00:00Z')],
    ['9999-12-31T23:59:59Z', Date.parse('9999-12-31T23:59:59Z')],
    ['yesterday', null],
    [undefined, null],
  ])('of %p is read from nothing but the text, as UTC where it names no zone', (sent, ms) => {
    expect(sentTimeMs(null, sent)).toBe(ms)
  })

  test('is none for a fact that has a place, whatever was sent', () => {
    expect(sentTimeMs({ place: 1, isResend: false }, '2026-01-31T12:00:00Z')).toBeNull()
  })
})
