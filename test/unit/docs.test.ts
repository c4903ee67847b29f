// The documents say what the code does: their tables are those of the code, and their samples load.

import { describe, expect, test } from 'bun:test'
import { handshakeQuirkTable } from '../../src/auth/handshake-quirks.ts'
import { settingsFrom } from '../../src/base/config.ts'
import { quirkTable } from '../../src/ocpp/quirks.ts'
import {
  operationsDocument,
  operationsTables,
  withCurrentTables,
  withoutPadding,
  writtenTable,
} from '../support/operations-tables.ts'

describe('docs/operations.md', () => {
  for (const [name, render] of Object.entries(operationsTables)) {
    test(`has the table of ${name} as the code has it (bun test/support/operations-tables.ts writes it)`, async () => {
      expect(writtenTable(await operationsDocument(), name)).toBe(withoutPadding(render()))
    })
  }

  test('has samples of settings that load', async () => {
    const samples = [...(await operationsDocument()).matchAll(/```json\n([\s\S]+?)```/g)].map((match) => match[1] ?? '')
    expect(samples.length).toBeGreaterThan(0)
    for (const sample of samples) settingsFrom(JSON.parse(sample))
  })
})

test('writing the tables twice changes nothing', async () => {
  const once = withCurrentTables(await operationsDocument())
  expect(withCurrentTables(once)).toBe(once)
})

test('no code means one quirk at the handshake and another in a message', () => {
  expect(Object.keys(handshakeQuirkTable).filter((code) => code in quirkTable)).toEqual([])
})
