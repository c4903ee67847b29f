// The tables of `docs/operations.md` and `docs/security.md`, as the code has them. Run this file to write them into the
// documents.

import { handshakeQuirkTable } from '../../src/auth/handshake-quirks.ts'
import { metricsRegistry } from '../../src/api/metrics.ts'
import { Counters } from '../../src/base/counters.ts'
import { errorTable } from '../../src/base/errors.ts'
import { logCategories, logFields } from '../../src/base/log.ts'
import { settingTree } from '../../src/base/settings-schema.ts'
import type { SettingNode } from '../../src/base/settings-schema.ts'
import { Timings } from '../../src/base/timings.ts'
import { anomalyTable } from '../../src/blocks/anomalies.ts'
import type { MessageRow } from '../../src/blocks/message-row.ts'
import { tables } from '../../src/blocks/messages.ts'
import { allPermissions, isForAll, permissionTable } from '../../src/operators/permissions.ts'
import { builtInRoles } from '../../src/operators/roles.ts'
import { callErrorTable } from '../../src/ocpp/call-error.ts'
import { commandQuirkTable, quirkTable } from '../../src/ocpp/quirks.ts'
import type { OcppVersion } from '../../src/ocpp/version.ts'
import { nothingCounted } from './nothing-counted.ts'

const documentFile = new URL('../../docs/operations.md', import.meta.url)
const securityFile = new URL('../../docs/security.md', import.meta.url)

/** The tables by the name that stands in their markers. */
export const operationsTables: Readonly<Record<string, () => string>> = {
  settings: () =>
    table(
      ['Key', 'Default', 'Unit', 'Expected', 'Meaning'],
      settingRows(settingTree, '').map(([key, setting]) => [
        code(key),
        fallbackShown(setting.fallback),
        setting.unit,
        setting.expected,
        setting.isSecret ? `${setting.meaning} Secret: no error and no log line shows it.` : setting.meaning,
      ]),
    ),
  errors: () =>
    table(
      ['Code', 'HTTP status', '`error`', 'What to do'],
      Object.entries(errorTable).map(([name, row]) => [code(name), String(row.status), row.name, row.hint]),
    ),
  quirks: () =>
    table(
      ['Code', 'Seen in', 'What it is'],
      [
        ...quirkRows(handshakeQuirkTable, 'handshake'),
        ...quirkRows(quirkTable, 'message'),
        ...quirkRows(commandQuirkTable, 'command'),
      ],
    ),
  anomalies: () => meanings(['Code', 'What it is'], anomalyTable),
  'call-errors': () =>
    table(
      ['OCPP 2.x', 'OCPP 1.6', 'Meaning'],
      Object.entries(callErrorTable).map(([name, row]) => [code(name), code(row.in16), row.meaning]),
    ),
  metrics: () =>
    table(
      ['Metric', 'Meaning'],
      metricsRegistry({ counters: new Counters(), timings: new Timings(), partCounts: () => nothingCounted })
        .getMetricsAsArray()
        .map(({ name, help }) => [code(name), help]),
    ),
  messages: messageTable,
  'log-categories': () => meanings(['Category', 'What it logs'], logCategories),
  'log-fields': () => meanings(['Field', 'Meaning'], logFields),
}

/** The tables of `docs/security.md` by the name that stands in their markers. */
export const securityTables: Readonly<Record<string, () => string>> = {
  permissions: () =>
    table(
      ['Permission', 'Meaning', 'Groups', ...Object.keys(builtInRoles)],
      allPermissions.map((permission) => [
        code(permission),
        permissionTable[permission].means,
        isForAll(permission) ? 'no' : 'yes',
        ...Object.values(builtInRoles).map((permissions) => (permissions.includes(permission) ? 'x' : '')),
      ]),
    ),
}

/** Every message of OCPP, by functional block, with what Stator does with it in each version. */
function messageTable(): string {
  const versions = Object.keys(tables).filter(isVersion)
  const actions = new Map<string, Map<string, string>>()
  for (const version of versions) {
    for (const [action, row] of Object.entries(tables[version])) {
      const key = `${row.block} ${action}`
      actions.set(key, (actions.get(key) ?? new Map<string, string>()).set(version, serving(row)))
    }
  }
  return table(
    ['Block', 'Message', ...versions],
    [...actions]
      .toSorted(([a], [b]) => a.localeCompare(b, 'en'))
      .map(([key, cells]) => {
        const [block = '', action = ''] = key.split(' ')
        return [block, code(action), ...versions.map((version) => cells.get(version) ?? '–')]
      }),
  )
}

function serving({ direction, standingAnswer }: MessageRow): string {
  if (direction === 'toChargePoint') return 'sent'
  const received = standingAnswer === null ? 'served' : 'stored'
  return direction === 'both' ? `${received}, sent` : received
}

function isVersion(version: string): version is OcppVersion {
  return version in tables
}

/** The document as it is. */
export function operationsDocument(): Promise<string> {
  return Bun.file(documentFile).text()
}

export function securityDocument(): Promise<string> {
  return Bun.file(securityFile).text()
}

/** The table between the markers of `name` in `document`, without the padding of a formatter; null when there is none. */
export function writtenTable(document: string, name: string): string | null {
  const written = markers(name).exec(document)?.[2]
  return written === undefined ? null : withoutPadding(written)
}

/** `written` with one space around each cell, however a formatter aligned it. */
export function withoutPadding(written: string): string {
  return `${written.trim().replace(/ +\|/g, ' |').replace(/\| +/g, '| ').replace(/-{3,}/g, '---')}\n`
}

/** `document` with every table as the code has it. */
export function withCurrentTables(document: string, tablesOf = operationsTables): string {
  let current = document
  for (const [name, render] of Object.entries(tablesOf)) {
    current = current.replace(markers(name), (_, start: string, _old: string, end: string) => start + render() + end)
  }
  return current
}

function markers(name: string): RegExp {
  return new RegExp(`(<!-- ${name} -->\\n)([\\s\\S]*?)(<!-- /${name} -->)`)
}

type Setting = Exclude<SettingNode, { readonly kind: 'section' }>

function settingRows(node: SettingNode, key: string): (readonly [key: string, setting: Setting])[] {
  if (node.kind !== 'section') return [[key, node]]
  return [...node.parts].flatMap(([name, part]) => settingRows(part, key === '' ? name : `${key}.${name}`))
}

function quirkRows(sentences: Readonly<Record<string, string>>, place: string): string[][] {
  return Object.entries(sentences).map(([name, sentence]) => [code(name), place, sentence])
}

function meanings(heads: readonly [string, string], sentences: Readonly<Record<string, string>>): string {
  return table(
    heads,
    Object.entries(sentences).map(([name, sentence]) => [code(name), sentence]),
  )
}

function fallbackShown(fallback: unknown): string {
  const isNone = fallback === undefined || fallback === '' || (Array.isArray(fallback) && fallback.length === 0)
  return isNone ? '' : code(String(fallback))
}

/** Text as code. */
export function code(text: string): string {
  return `\`${text}\``
}

/** A table in Markdown. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`
  return line(heads) + line(heads.map(() => '---')) + rows.map(line).join('')
}

if (import.meta.main) {
  await Bun.write(documentFile, withCurrentTables(await operationsDocument()))
  await Bun.write(securityFile, withCurrentTables(await securityDocument(), securityTables))
  await Bun.spawn([process.execPath, 'fmt', documentFile.pathname, securityFile.pathname]).exited
}
