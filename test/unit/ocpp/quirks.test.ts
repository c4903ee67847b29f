import { describe, expect, test } from 'bun:test'
import { join } from 'node:path'
import { type ExaminedFrame, examine } from '../../../src/examine/examine.ts'
import { quirkTable } from '../../../src/ocpp/quirks.ts'
import type { Strictness } from '../../../src/ocpp/verdict.ts'
import type { OcppVersion } from '../../../src/ocpp/version.ts'
import { type QuirkFixture, receivedAt } from '../../fixtures/quirk-fixture.ts'
import { type QuirkRow, quirkRows } from '../../fixtures/quirk-rows.ts'
import { quirkFixtures } from '../../fixtures/quirks.ts'

function examineAt(receivedAtIso: string, version: OcppVersion, action: string, payload: unknown): ExaminedFrame {
  const text = JSON.stringify([2, '1', action, payload])
  return examine({ text, version, strictness: 'lenient', chargePointKey: 1, receivedAtMs: Date.parse(receivedAtIso) })
}

function examineFixture({ version, action, sent }: QuirkFixture, strictness: Strictness): ExaminedFrame {
  const text = sent.startsWith('[') ? sent : `[2,"1","${action}",${sent}]`
  return examine({ text, version, strictness, chargePointKey: 1, receivedAtMs: Date.parse(receivedAt) })
}

const byHabit = quirkFixtures.map((fixture): [string, QuirkFixture] => [fixture.habit, fixture])

describe('a charge point of which', () => {
  test.each(byHabit)('%s: is served when lenient, and what was sent stays known', (_, fixture) => {
    const { verdict, sent } = examineFixture(fixture, 'lenient')
    expect(verdict).toMatchObject({ kind: 'call', action: fixture.action })
    if (verdict.kind !== 'call') return
    expect(verdict.payload).toEqual(fixture.served)
    expect(verdict.quirks).toEqual([...fixture.quirks])
    if (!fixture.sent.startsWith('[')) expect(sent).toEqual(JSON.parse(fixture.sent) ?? {})
  })

  test.each(byHabit)('%s: gets what the specification says when strict', (_, fixture) => {
    const { verdict } = examineFixture(fixture, 'strict')
    if (fixture.strict === null) expect(verdict).toMatchObject({ kind: 'call', quirks: [] })
    else expect(verdict).toMatchObject({ kind: 'refused', code: fixture.strict })
  })
})

describe('quirks', () => {
  test('each code but one has a charge point that shows it', () => {
    const shown = new Set(quirkFixtures.flatMap(({ quirks }) => quirks.map(({ code }) => code)))
    const unshown = Object.keys(quirkTable).filter((code) => !shown.has(code as keyof typeof quirkTable))
    // No message that a charge point sends has a field of another format than date-time.
    expect(unshown).toEqual(['formatNotMet'])
  })

  test('a missing seqNo is the same for the same event and another for another', () => {
    const seqNoOf = (receivedAtIso: string, transactionId: string): unknown => {
      const event = { eventType: 'Updated', triggerReason: 'Trigger', transactionInfo: { transactionId } }
      const { verdict } = examineAt(receivedAtIso, '2.0.1', 'TransactionEvent', event)
      return verdict.kind === 'call' ? verdict.payload.seqNo : verdict
    }
    const first = seqNoOf('2026-01-31T12:00:00Z', 'A')
    expect(first).toBeNumber()
    expect(seqNoOf('2026-01-31T12:05:00Z', 'A')).toBe(first)
    expect(seqNoOf('2026-01-31T12:00:00Z', 'B')).not.toBe(first)
  })

  test('a valid message is handed on as it is, without a copy', () => {
    const { verdict, sent } = examineAt(receivedAt, '1.6', 'Authorize', { idTag: 'A' })
    expect(verdict.kind === 'call' && verdict.payload === sent).toBe(true)
  })
})

describe('a row of what real charge points do', () => {
  const known = new Set(quirkFixtures.map(({ habit }) => habit))
  const root = join(import.meta.dir, '../../..')

  test.each(quirkRows.map((row): [string, QuirkRow] => [row.row, row]))(
    '%s: has tests that show it',
    async (_, row) => {
      const { habits = [], tests = {} } = row
      expect(habits.length + Object.keys(tests).length).toBeGreaterThan(0)
      expect(habits.filter((habit) => !known.has(habit))).toEqual([])
      for (const [file, names] of Object.entries(tests)) {
        const text = await Bun.file(join(root, file)).text()
        for (const name of names)
          expect({ file, name, isThere: text.includes(name) }).toEqual({ file, name, isThere: true })
      }
    },
  )

  test('stands in docs/quirks.md', async () => {
    const document = (await Bun.file(join(root, 'docs/quirks.md')).text()).replaceAll(/\s+/g, ' ')
    expect(quirkRows.filter(({ group, row }) => !document.includes(`| ${group} | ${row} |`))).toEqual([])
  })
})
