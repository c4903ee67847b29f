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

/** A charge point that sends one message after the other. `content` is undefined if the message has a time. */
class Sender {
  facts: UntimedFacts | null = null

  /** The place of the message, with `again` if it is recognised as a resend; null if it needs no place. */
  send(about: About, content?: string): string | null {
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
  test('is a resend if the last status of its connector was the same, and otherwise a new fact', () => {
    const sender = new Sender()
    expect(sender.send(status(), 'Available')).toBe('1')
    expect(sender.send(status(), 'Available')).toBe('1 again')
    expect(sender.send(status(), 'Charging')).toBe('2')
    expect(sender.send(status(), 'Available')).toBe('3')
    expect(sender.send(status(), 'Available')).toBe('3 again')
  })

  test('is a resend even if messages of other connectors and boots come in between', () => {
    const sender = new Sender()
    sender.send(status(1), 'Available')
    sender.send(status(2), 'Charging')
    sender.send(start(2), 'start')
    sender.send(boot)
    expect(sender.send(status(1), 'Available')).toBe('1 again')
  })

  test.each([
    ['a status with a time', status()],
    ['a start', start()],
    ['a sample of a transaction on it', sample(5)],
    ['a stop', stop(5)],
  ])('is a new fact after %s of its connector', (_, between) => {
    const sender = new Sender()
    sender.send(status(), 'Available')
    sender.send(between)
    expect(sender.send(status(), 'Available')).toBe('2')
  })
})

describe('a start without a time', () => {
  test('is a resend if no other message of its connector has come in between', () => {
    const sender = new Sender()
    expect(sender.send(start(), 'start')).toBe('1')
    sender.send(status(2), 'Available')
    expect(sender.send(start(), 'start')).toBe('1 again')
  })

  test.each([
    ['a boot', boot],
    ['a stop of its connector', stop(5)],
    ['a stop of an unknown connector', { subject: transactionSubject(0), endsStarts: true } as const],
    ['a status of its connector', status()],
  ])('is a new fact after %s', (_, between) => {
    const sender = new Sender()
    sender.send(start(), 'start')
    sender.send(between)
    expect(sender.send(start(), 'start')).toBe('2')
  })

  test('is never a resend of a message that is not a start', () => {
    const sender = new Sender()
    sender.send(status(), 'same')
    expect(sender.send(start(), 'same')).toBe('2')
  })
})

describe('a sample without a time', () => {
  test('is a resend if no other message of its transaction has come, even if its connector sent a status', () => {
    const sender = new Sender()
    expect(sender.send(sample(5), '100 Wh')).toBe('1')
    sender.send(status(), 'Charging')
    expect(sender.send(sample(5), '100 Wh')).toBe('1 again')
    expect(sender.send(sample(5), '200 Wh')).toBe('3')
    expect(sender.send(sample(5), '100 Wh')).toBe('4')
  })

  test('is a new fact after a sample with a time, and after the stop', () => {
    const sender = new Sender()
    sender.send(sample(5), '100 Wh')
    sender.send(sample(5))
    expect(sender.send(sample(5), '100 Wh')).toBe('2')
    sender.send(stop(5))
    expect(sender.send(sample(5), '100 Wh')).toBe('3')
  })
})

describe('what is remembered', () => {
  test('is null for a charge point whose facts have a time', () => {
    const sender = new Sender()
    for (const about of [status(), start(), sample(5), stop(5), boot]) expect(sender.send(about)).toBeNull()
    expect(sender.facts).toBeNull()
  })

  test('is not changed by a resend, nor by a message with a time about another subject', () => {
    const sender = new Sender()
    sender.send(status(), 'Available')
    const { facts } = sender
    sender.send(status(), 'Available')
    sender.send(status(2))
    sender.send(boot)
    expect(sender.facts).toBe(facts)
    sender.send(status())
    expect(sender.facts).toEqual({ count: 1, last: {} })
  })

  test('is limited to untimedSubjectsMax subjects: a resend of a forgotten one is stored as a new fact', () => {
    const sender = new Sender()
    for (let evseId = 1; evseId <= untimedSubjectsMax; evseId++) sender.send(status(evseId), 'Available')
    expect(sender.send(status(1), 'Available')).toBe('1 again')
    const next = untimedSubjectsMax + 1
    expect(sender.send(status(next), 'Available')).toBe(String(next))
    expect(Object.keys(sender.facts?.last ?? {})).toHaveLength(untimedSubjectsMax)
    expect(sender.send(status(1), 'Available')).toBe(String(next + 1))
    expect(sender.send(status(3), 'Available')).toBe('3 again')
    expect(sender.send(status(2), 'Available')).toBe(String(next + 2))
  })

  test('keeps its order when it is stored as JSON', () => {
    const sender = new Sender()
    for (const id of [30, 4, 200]) sender.send(sample(id), 'same')
    const stored: UntimedFacts = JSON.parse(JSON.stringify(sender.facts))
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
  ])('of %p depends only on the text, and is UTC if it has no zone', (sent, ms) => {
    expect(sentTimeMs(null, sent)).toBe(ms)
  })

  test('is null for a fact with a place', () => {
    expect(sentTimeMs({ place: 1, isResend: false }, '2026-01-31T12:00:00Z')).toBeNull()
  })
})
