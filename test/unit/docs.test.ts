// The documents say what the code does: their tables are those of the code, and their samples load.

import { describe, expect, test } from 'bun:test'
import { settingsFrom } from '../../src/base/config.ts'
import { operationsDocument, operationsTables, withCurrentTables, writtenTable } from '../support/operations-tables.ts'

describe('docs/operations.md', () => {
  for (const [name, render] of Object.entries(operationsTables)) {
    test(`has the table of ${name} as the code has it (bun test/support/operations-tables.ts writes it)`, async () => {
      expect(writtenTable(await operationsDocument(), name)).toBe(render())
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
