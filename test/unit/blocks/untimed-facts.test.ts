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
class Sender {
  facts: UntimedFacts | null = null

  /** The place of the message, with `again` behind it when it is told for a resend; null when it needs none. */
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
  test('is a resend when its connector told the same last, and a fact of its own otherwise', () => {
    const sender = new Sender()
    expect(sender.send(status(), 'Available')).toBe('1')
    expect(sender.send(status(), 'Available')).toBe('1 again')
    expect(sender.send(status(), 'Charging')).toBe('2')
    expect(sender.send(status(), 'Available')).toBe('3')
    expect(sender.send(status(), 'Available')).toBe('3 again')
  })

  test('stays a resend whatever other connectors and boots come in between', () => {
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
  ])('is a fact of its own after %s of its connector', (_, between) => {
    const sender = new Sender()
    sender.send(status(), 'Available')
    sender.send(between)
    expect(sender.send(status(), 'Available')).toBe('2')
  })
})

describe('a start without a time', () => {
  test('is a resend while nothing else of its connector has come', () => {
    const sender = new Sender()
    expect(sender.send(start(), 'start')).toBe('1')
    sender.send(status(2), 'Available')
    expect(sender.send(start(), 'start')).toBe('1 again')
  })

  test.each([
    ['a boot', boot],
    ['a stop of its connector', stop(5)],
    ['a stop of nobody knows which connector', { subject: transactionSubject(0), endsStarts: true } as const],
    ['a status of its connector', status()],
  ])('is a fact of its own after %s', (_, between) => {
    const sender = new Sender()
    sender.send(start(), 'start')
    sender.send(between)
    expect(sender.send(start(), 'start')).toBe('2')
  })

  test('is never taken for what is no start', () => {
    const sender = new Sender()
    sender.send(status(), 'same')
    expect(sender.send(start(), 'same')).toBe('2')
  })
})

describe('a sample without a time', () => {
  test('is a resend while nothing else of its transaction has come, whatever its connector tells', () => {
    const sender = new Sender()
    expect(sender.send(sample(5), '100 Wh')).toBe('1')
    sender.send(status(), 'Charging')
    expect(sender.send(sample(5), '100 Wh')).toBe('1 again')
    expect(sender.send(sample(5), '200 Wh')).toBe('3')
    expect(sender.send(sample(5), '100 Wh')).toBe('4')
  })

  test('is a fact of its own after a sample with a time, and after the stop', () => {
    const sender = new Sender()
    sender.send(sample(5), '100 Wh')
    sender.send(sample(5))
    expect(sender.send(sample(5), '100 Wh')).toBe('2')
    sender.send(stop(5))
    expect(sender.send(sample(5), '100 Wh')).toBe('3')
  })
})

describe('what is remembered', () => {
  test('is nothing of a charge point whose facts have a time', () => {
    const sender = new Sender()
    for (const about of [status(), start(), sample(5), stop(5), boot]) expect(sender.send(about)).toBeNull()
    expect(sender.facts).toBeNull()
  })

  test('is not changed by a resend, nor by a message with a time when nothing is to be forgotten', () => {
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

  test('has room for so many subjects; of one that was forgotten a resend is another fact, and none is swallowed', () => {
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

  test('is found again after it was stored as JSON, in the same order', () => {
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
  ])('of %p is read from nothing but the text, as UTC where it names no zone', (sent, ms) => {
    expect(sentTimeMs(null, sent)).toBe(ms)
  })

  test('is none for a fact that has a place, whatever was sent', () => {
    expect(sentTimeMs({ place: 1, isResend: false }, '2026-01-31T12:00:00Z')).toBeNull()
  })
})
