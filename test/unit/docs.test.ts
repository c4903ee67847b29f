// The documents say what the code does: their tables are those of the code, and their samples load.

import { describe, expect, test } from 'bun:test'
import { Glob } from 'bun'
import { handshakeQuirkTable } from '../../src/auth/handshake-quirks.ts'
import { settingsFrom } from '../../src/base/config.ts'
import { shutdownMsMax } from '../../src/base/limits.ts'
import { keyOfVariable, variableOfKey } from '../../src/csms/configuration-commands.ts'
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

  test('has samples of services that give Stator the time it takes to stop', async () => {
    const document = await operationsDocument()
    for (const patience of [/^TimeoutStopSec=(\d+)$/m, /--stop-timeout=(\d+) /]) {
      expect(Number(patience.exec(document)?.[1]) * 1_000).toBeGreaterThan(shutdownMsMax)
    }
  })

  test('has a sample of a proxy that waits for longer than a connection may be silent', async () => {
    const timeouts = [...(await operationsDocument()).matchAll(/proxy_\w+_timeout (\d+)s;/g)]
    const { connectionTimeoutSeconds } = settingsFrom({}).ocpp
    expect(timeouts.length).toBeGreaterThan(0)
    for (const [, seconds] of timeouts) expect(Number(seconds)).toBeGreaterThan(connectionTimeoutSeconds)
  })

  test('names the settings of charge points as GET …/configuration does', async () => {
    const document = await operationsDocument()
    const rows = [...document.matchAll(/^\| `(TransactionMessage\w+)` +\| `(OCPPCommCtrlr\.[^`]+)`/gm)]
    expect(rows).toHaveLength(2)
    for (const [, key16 = '', key2x = ''] of rows) {
      const name = variableOfKey(key16)
      expect(name === null ? null : keyOfVariable(name)).toBe(key2x)
    }
  })
})

test('docs/reliability.md names every test of a fault, and no other', async () => {
  const root = new URL('../../', import.meta.url)
  const document = await Bun.file(new URL('docs/reliability.md', root)).text()
  const named = [...document.matchAll(/`([\w-]+\.test\.ts)`/g)].map(([, file]) => file ?? '')
  const files = [...new Glob('*.test.ts').scanSync(new URL('test/fault/', root).pathname)]
  expect(named.toSorted()).toEqual(files.toSorted())
})

test('writing the tables twice changes nothing', async () => {
  const once = withCurrentTables(await operationsDocument())
  expect(withCurrentTables(once)).toBe(once)
})

test('no code means one quirk at the handshake and another in a message', () => {
  expect(Object.keys(handshakeQuirkTable).filter((code) => code in quirkTable)).toEqual([])
})
