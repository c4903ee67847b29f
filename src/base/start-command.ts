// The command lines of `bun start` and `bun run demo`: both take settings, and `--help` prints all of them.

import type { Command } from './command-line.ts'
import { settingTree } from './settings-schema.ts'
import type { SettingNode } from './settings-schema.ts'

const flags = {
  config: { value: 'FILE', about: 'read settings from FILE instead of appsettings.json' },
} as const

/** `bun start`. */
export const startCommand: Command = {
  name: 'bun start',
  about: 'runs the central system until SIGTERM or Ctrl-C',
  flags,
  operands: null,
}

/** `bun run demo`. */
export const demoCommand: Command = {
  name: 'bun run demo',
  about: 'runs a central system of its own with six simulated charge points',
  flags,
  operands: null,
}

/** The settings as a table: key, default, meaning. */
export function settingLines(): string[] {
  const rows = settingRows(settingTree, '')
  const keyWidth = Math.max(...rows.map(([key]) => key.length))
  const fallbackWidth = Math.max(...rows.map(([, fallback]) => fallback.length))
  return [
    'Settings stand in the file, or in the environment with __ for each dot (OCPP__ServerPort=9000):',
    '',
    ...[['Key', 'Default', 'Meaning'] as const, ...rows].map(([key, fallback, meaning]) =>
      `  ${key.padEnd(keyWidth)}  ${fallback.padEnd(fallbackWidth)}  ${meaning}`.trimEnd(),
    ),
  ]
}

type Row = readonly [key: string, fallback: string, meaning: string]

function settingRows(node: SettingNode, key: string): Row[] {
  if (node.kind === 'section') {
    return [...node.parts].flatMap(([name, part]) => settingRows(part, key === '' ? name : `${key}.${name}`))
  }
  const { fallback, unit, meaning } = node
  const shown = fallback === undefined || Array.isArray(fallback) ? '' : String(fallback)
  return [[key, shown === '' || unit === '' ? shown : `${shown} ${unit}`, meaning.replaceAll('`', '')]]
}
