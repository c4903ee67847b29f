// Secrets that are kept elsewhere. A secret setting may say where its text is instead of being it:
// `file:/run/secrets/key` is the content of that file, `command:pass show stator` what that command prints.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { secretCharactersReadMax, secretCommandMsMax } from './limits.ts'
import { type SettingNode, settingTree } from './settings-schema.ts'
import { type FoundSettings, from, invalid, type SettingsTree } from './settings-sources.ts'

/**
 * `found` with the texts of its secrets, read from where they are; without the line end at their end.
 *
 * @throws {StatorError} `SETTING_INVALID` if a file cannot be read, or a command fails, is too slow or prints too much.
 *   What was read is in no error.
 */
export function withSecretsRead(found: FoundSettings): FoundSettings {
  return { ...found, tree: sectionRead(found.tree, settingTree, [], found) }
}

function sectionRead(
  tree: SettingsTree,
  node: SettingNode,
  path: readonly string[],
  found: FoundSettings,
): SettingsTree {
  if (node.kind !== 'section') return tree
  const read = Object.entries(tree).map(([key, value]) => {
    const part = node.parts.get(key)
    return [key, part === undefined ? value : valueRead(value, part, [...path, key], found)] as const
  })
  return Object.fromEntries(read)
}

function valueRead(value: unknown, node: SettingNode, path: readonly string[], found: FoundSettings): unknown {
  if (node.kind === 'section') return isTree(value) ? sectionRead(value, node, path, found) : value
  if (!node.isSecret) return value
  const setting = path.join('.')
  if (Array.isArray(value)) {
    return value.map((element: unknown, at) => textRead(element, `${setting}[${at}]`, from(setting, found)))
  }
  return textRead(value, setting, from(setting, found))
}

function isTree(value: unknown): value is SettingsTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function textRead(value: unknown, setting: string, origin: string): unknown {
  if (typeof value !== 'string') return value
  const [, kind, place = ''] = /^(file|command):(.*)$/s.exec(value) ?? []
  if (kind === undefined) return value
  const text = kind === 'file' ? fileRead(place, setting, origin) : printedBy(place, setting, origin)
  if (text.length <= secretCharactersReadMax) return text.replace(/\r?\n$/, '')
  const expected = `expected a text of at most ${secretCharactersReadMax} characters there`
  throw invalid(`${setting} is ${kind}:${place}${origin}: ${expected}, and it is longer.`)
}

function fileRead(path: string, setting: string, origin: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const expected = 'expected the path of a file that this process may read'
    throw invalid(`${setting} is file:${path}${origin}: ${expected} (${codeOf(error)}).`)
  }
}

function printedBy(command: string, setting: string, origin: string): string {
  try {
    // What it says on stderr is for whoever starts Stator.
    return execFileSync('/bin/sh', ['-c', command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
      timeout: secretCommandMsMax,
    })
  } catch (error) {
    const expected = `expected a command that prints the secret within ${secretCommandMsMax / 1_000} s`
    throw invalid(`${setting} is a command${origin}: ${expected}; it failed (${codeOf(error)}).`)
  }
}

/** What went wrong, without what a command has printed. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  if ('code' in error && typeof error.code === 'string') return error.code
  return 'status' in error && error.status !== null ? `exit code ${String(error.status)}` : 'ended by a signal'
}
