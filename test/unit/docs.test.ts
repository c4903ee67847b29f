// The documents say what the code does: their tables are those of the code, and their samples load.

import { describe, expect, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'
import { handshakeQuirkTable } from '../../src/auth/handshake-quirks.ts'
import { settingsFrom } from '../../src/base/config.ts'
import { keyOfVariable, variableOfKey } from '../../src/blocks/provisioning/variable-name.ts'
import { quirkTable } from '../../src/ocpp/quirks.ts'
import {
  operationsDocument,
  operationsTables,
  securityDocument,
  securityTables,
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

for (const [name, render] of Object.entries(securityTables)) {
  test(`docs/security.md has the table of ${name} as the code has it (bun test/support/operations-tables.ts)`, async () => {
    expect(writtenTable(await securityDocument(), name)).toBe(withoutPadding(render()))
  })
}

test('docs/reliability.md names every test of a fault, and no other', async () => {
  const root = new URL('../../', import.meta.url)
  const document = await Bun.file(new URL('docs/reliability.md', root)).text()
  const named = [...document.matchAll(/`([\w-]+\.test\.ts)`/g)].map(([, file]) => file ?? '')
  const files = [...new Glob('*.test.ts').scanSync(new URL('test/fault/', root).pathname)]
  expect(named.toSorted()).toEqual(files.toSorted())
})

test('docs/extending.md names files that are there', async () => {
  const root = new URL('../../', import.meta.url).pathname
  const document = await textOf('docs/extending.md')
  const named = [...document.matchAll(/`((?:src|test|drizzle|docs)\/[^`<…]*?[^`<…/])\/?`/g)].map(
    ([, path]) => path ?? '',
  )
  expect(named.length).toBeGreaterThan(20)
  expect(named.filter((path) => !path.includes('00NN') && !existsSync(join(root, path)))).toEqual([])
})

describe('docs/decisions.md', () => {
  const index = 'Index'

  test('has a date and a status in each decision, and each is in force or says what replaced it', async () => {
    const { decisions, headings } = await decisionsDocument()
    expect(decisions.length).toBeGreaterThan(80)
    for (const { title, body } of decisions) {
      const line = /^_(\d{4}-\d\d-\d\d) · (accepted|accepted, amended by \S[^_]*|superseded by \S[^_]*)_$/.exec(
        body.split('\n\n')[0]?.replaceAll('\n', ' ') ?? '',
      )
      const [, date = '', status = ''] = line ?? []
      expect({ title, date: Number.isNaN(Date.parse(date)) ? 'none' : 'given' }).toEqual({ title, date: 'given' })
      const links = linksIn(status)
      expect({ title, replaced: links.length > 0 }).toEqual({ title, replaced: status !== 'accepted' })
      for (const { target } of links) expect(headings.get(target.slice(1))).not.toBe(title)
    }
  })

  test('has an index that lists every decision once, under its theme and in its order', async () => {
    const { decisions, themes } = await decisionsDocument()
    const listed: { theme: string; title: string; target: string }[] = []
    for (const part of (themes.get(index) ?? '').split(/^\*\*/m).slice(1)) {
      const [theme = ''] = part.split('**')
      for (const { text, target } of linksIn(part)) listed.push({ theme, title: text, target })
    }
    const expected = decisions.map(({ theme, title }) => ({ theme, title, target: `#${anchorOf(title)}` }))
    expect(listed).toEqual(expected)
    expect(new Set(listed.map(({ target }) => target)).size).toBe(listed.length)
  })

  test('has no decision outside a theme', async () => {
    const { decisions, themes } = await decisionsDocument()
    for (const theme of themes.keys()) {
      const members = decisions.filter((decision) => decision.theme === theme).length
      expect({ theme, hasDecisions: members > 0 }).toEqual({ theme, hasDecisions: theme !== index })
    }
  })
})

test('links between decisions.md and measurements.md hit a heading', async () => {
  for (const [file, other] of [
    ['docs/decisions.md', 'bench/measurements.md'],
    ['bench/measurements.md', 'docs/decisions.md'],
  ] as const) {
    const anchors = { own: await anchorsIn(file), other: await anchorsIn(other) }
    const links = linksIn(await textOf(file)).filter(({ target }) => target.includes('#'))
    expect(links.some(({ target }) => target.startsWith(`../${other}#`))).toBe(true)
    for (const { target } of links) {
      const [path = '', anchor = ''] = target.split('#')
      if (path === '') expect([...anchors.own]).toContain(anchor)
      if (path === `../${other}`) expect([...anchors.other]).toContain(anchor)
    }
  }
})

test('writing the tables twice changes nothing', async () => {
  const once = withCurrentTables(await operationsDocument())
  expect(withCurrentTables(once)).toBe(once)
})

test('no code means one quirk at the handshake and another in a message', () => {
  expect(Object.keys(handshakeQuirkTable).filter((code) => code in quirkTable)).toEqual([])
})

interface Decision {
  theme: string
  title: string
  /** What stands below the heading. */
  body: string
}

/** The decisions in their order, the text of each theme (`##`), and the titles by anchor. */
async function decisionsDocument(): Promise<{
  decisions: Decision[]
  themes: Map<string, string>
  headings: Map<string, string>
}> {
  const decisions: Decision[] = []
  const themes = new Map<string, string>()
  for (const part of (await textOf('docs/decisions.md')).split(/^## /m).slice(1)) {
    const [theme = ''] = part.split('\n', 1)
    themes.set(theme, part)
    for (const entry of part.split(/^### /m).slice(1)) {
      const [title = ''] = entry.split('\n', 1)
      decisions.push({ theme, title, body: entry.slice(title.length).trim() })
    }
  }
  return { decisions, themes, headings: new Map(decisions.map(({ title }) => [anchorOf(title), title])) }
}

function textOf(file: string): Promise<string> {
  return Bun.file(new URL(`../../${file}`, import.meta.url)).text()
}

async function anchorsIn(file: string): Promise<Set<string>> {
  return new Set([...(await textOf(file)).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => anchorOf(title)))
}

/** The anchor that GitHub gives a heading. */
function anchorOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}_\- ]/gu, '')
    .replaceAll(' ', '-')
}

/** The links in a Markdown text; a text that goes over two lines reads as one. */
function linksIn(markdown: string): { text: string; target: string }[] {
  return [...markdown.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)].map(([, text = '', target = '']) => ({
    text: text.replaceAll(/\s+/g, ' '),
    target,
  }))
}

test('docs/security.md names tests that are there, and that name the requirements', async () => {
  const root = new URL('../../', import.meta.url).pathname
  const document = await textOf('docs/security.md')
  const files = [...document.matchAll(/`(test\/[^`]+)`/g)].map(([, path = '']) => path)
  expect(files.length).toBeGreaterThan(30)
  expect(files.filter((path) => !existsSync(join(root, path)))).toEqual([])
  const [, table = ''] = /<!-- requirements -->([\s\S]+)<!-- \/requirements -->/.exec(document) ?? []
  const rows = [...table.matchAll(/^\| ((?:A0|TC_)[^|]+)\|[^|]+\| `([^`]+)` *\|$/gm)]
  expect(rows.length).toBeGreaterThan(20)
  for (const [, ids = '', file = ''] of rows) {
    const test = await Bun.file(join(root, file)).text()
    for (const id of ids.trim().split(', ')) expect([file, id, test.includes(id)]).toEqual([file, id, true])
  }
})
