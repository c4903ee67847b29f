// Where settings come from: the command line names a file, the file holds keys, the environment overrides them.
// Keys are matched in any letter case, as in .NET. An unknown key is refused, and the error suggests the nearest one.

import { readFileSync } from 'node:fs'
import { unknownFlag } from './command-line.ts'
import { StatorError } from './errors.ts'
import { editDistance, nearest } from './nearest.ts'
import { settingTree } from './settings-schema.ts'
import type { SettingNode } from './settings-schema.ts'
import { startCommand } from './start-command.ts'

export interface SettingsSources {
  /** Arguments after the script's name: `--config FILE` or nothing. */
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** Text of a file, or null when there is none; reads the disk unless given. */
  readonly readFile?: (path: string) => string | null
}

/** Keys spelt as the schema spells them, with values as they were found. */
export interface SettingsTree {
  [key: string]: unknown
}

/** Settings as found, and for each dotted key where it came from (as `appsettings.json`). */
export interface FoundSettings {
  readonly tree: SettingsTree
  readonly origins: Map<string, string>
}

/** The file that is read when `--config` names none, if it is there. */
export const defaultSettingsFile = 'appsettings.json'

/**
 * Finds the settings in all sources. Values are not checked yet.
 *
 * @throws {StatorError} `SETTING_INVALID` for an unknown key or flag, or a file that cannot be read.
 */
export function readSources(sources: SettingsSources): FoundSettings {
  const readFile = sources.readFile ?? readFromDisk
  const configFile = configFlag(sources.argv)
  const file = configFile ?? defaultSettingsFile
  const text = readFile(file)
  if (text === null && configFile !== null) {
    throw invalid(`--config is "${configFile}": expected the path of a settings file, and there is none.`)
  }
  const found: FoundSettings = { tree: {}, origins: new Map() }
  if (text !== null) readDocument(parseFile(text, file), file, found)
  readEnvironment(sources.env, found)
  return found
}

/** Settings given as an object, as the file would hold them. */
export function readDocumentOnly(document: unknown): FoundSettings {
  const found: FoundSettings = { tree: {}, origins: new Map() }
  readDocument(document, 'the settings given', found)
  return found
}

/** An error that stops the start; `sentence` names the key, the value and what was expected. */
export function invalid(sentence: string): StatorError {
  return new StatorError('SETTING_INVALID', sentence)
}

/** Where a value came from, as ` (appsettings.json)`; empty for a default. */
export function from(dotted: string, found: FoundSettings): string {
  const origin = found.origins.get(dotted)
  return origin === undefined ? '' : ` (${origin})`
}

/** A value as an error shows it: short, and on one line. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value)
  return text.length > shownCharactersMax ? `${text.slice(0, shownCharactersMax)}…` : text
}

const shownCharactersMax = 80

/** What stands in the place of a section, without its value: it may be a secret. */
function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  return value === null ? 'null' : `a ${typeof value === 'string' ? 'text' : typeof value}`
}

function readFromDisk(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw invalid(
      `The settings file ${path} cannot be read (${String(error)}): expected a file that this process may read.`,
    )
  }
}

function configFlag(argv: readonly string[]): string | null {
  let file: string | null = null
  const rest = [...argv]
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const path = argument === '--config' ? rest.shift() : /^--config=(.*)$/s.exec(argument)?.[1]
    if (argument !== '--config' && path === undefined) {
      throw invalid(unknownFlag(argument, startCommand).message)
    }
    if (path === undefined || path === '') throw invalid('--config names no file: expected --config FILE.')
    if (file !== null) throw invalid(`--config is given twice ("${file}", "${path}"): expected one settings file.`)
    file = path
  }
  return file
}

// appsettings.json may hold comments, trailing commas and the byte order mark of Windows editors, as in .NET.
function parseFile(text: string, file: string): unknown {
  try {
    return Bun.JSONC.parse(text)
  } catch (error) {
    // The word that the parser repeats may be a secret that lacks its quotes.
    const reason = (error instanceof Error ? error.message : '').replace(/\bUnexpected \w.*/s, 'unexpected word')
    throw invalid(`The settings file ${file} is not JSON (${reason}): expected an object of settings.`)
  }
}

function readDocument(document: unknown, file: string, found: FoundSettings): void {
  if (!isRecord(document)) {
    throw invalid(`The settings file ${file} holds ${kindOf(document)}: expected an object of settings.`)
  }
  copySection(document, settingTree, [], file, found.tree, found.origins)
}

function copySection(
  from: Readonly<Record<string, unknown>>,
  node: SettingNode,
  path: readonly string[],
  file: string,
  to: SettingsTree,
  origins: Map<string, string>,
): void {
  for (const [given, value] of Object.entries(from)) {
    if (isForeignCategory(path, given)) continue
    const found = partOf(node, given)
    if (found === null) throw unknownKey([...path, given].join('.'), path, given, node, file)
    const [key, part] = found
    const dotted = [...path, key].join('.')
    if (key in to) throw invalid(`${dotted} stands twice (${file}): expected each key once, in any letter case.`)
    // As in .NET, null means the default.
    if (value === null) continue
    if (part.kind !== 'section') {
      to[key] = value
      origins.set(dotted, file)
    } else if (isRecord(value)) {
      const section: SettingsTree = {}
      to[key] = section
      copySection(value, part, [...path, key], file, section, origins)
    } else {
      throw invalid(`${dotted} is ${kindOf(value)} (${file}): expected an object of settings.`)
    }
  }
}

/**
 * Applies `A__B=value` where A is a section of the settings. Other variables are ignored, unless they are near the name
 * of one of ours.
 */
function readEnvironment(env: Readonly<Record<string, string | undefined>>, found: FoundSettings): void {
  const elements = new Map<string, Map<number, string>>()
  for (const [name, value] of Object.entries(env).sort(([a], [b]) => (a < b ? -1 : 1))) {
    const parts = name.split('__')
    if (value === undefined) continue
    if (parts.length < 2 || partOf(settingTree, parts[0] ?? '') === null) {
      refuseMisspelt(name)
      continue
    }
    const origin = `environment variable ${name}`
    const place = placeOf(parts, origin)
    if (place === null) continue
    const dotted = place.path.join('.')
    found.origins.set(dotted, origin)
    if (place.index === null) sectionAt(found.tree, place.path)[place.path.at(-1) ?? ''] = value
    else elements.set(dotted, (elements.get(dotted) ?? new Map<number, string>()).set(place.index, value))
  }
  for (const [dotted, byIndex] of elements) mergeElements(dotted.split('.'), byIndex, found.tree)
}

// Other programs have variables in this environment, so only a name that is near a whole name of ours is refused. With
// fewer underscores than ours it must be spelt exactly as ours besides: `DATABASE_POOL_SIZE` is somebody else's.
function refuseMisspelt(name: string): void {
  const given = name.replace(/__\d+$/, '')
  const near = variablesOf(settingTree, '').find((known) =>
    name.includes('__')
      ? editDistance(given.toLowerCase(), known.toLowerCase()) <= Math.floor(known.length / variableLettersPerMistake)
      : given.replaceAll('_', '') === known.replaceAll('_', ''),
  )
  if (near === undefined) return
  throw invalid(`${name} is not a setting (environment variable ${name}): did you mean ${near}?`)
}

const variableLettersPerMistake = 6

/** The environment variables of all settings, without the index of a list's element. */
function variablesOf(node: SettingNode, name: string): string[] {
  if (node.kind !== 'section') return [name]
  return [...node.parts].flatMap(([key, part]) => variablesOf(part, name === '' ? key : `${name}__${key}`))
}

interface Place {
  /** Keys as the schema spells them. */
  readonly path: readonly string[]
  /** Index in the list at `path`; null if it is not a list. */
  readonly index: number | null
}

/** The setting that a variable's name refers to; null for one that only .NET has. */
function placeOf(parts: readonly string[], origin: string): Place | null {
  const path: string[] = []
  let node = settingTree
  for (const [at, given] of parts.entries()) {
    if (node.kind !== 'section') {
      const isIndex = node.kind === 'list' && at === parts.length - 1 && /^\d{1,6}$/.test(given)
      if (isIndex) return { path, index: Number(given) }
      throw unknownKey([...path, ...parts.slice(at)].join('.'), path, given, node, origin)
    }
    if (isForeignCategory(path, given)) return null
    const found = partOf(node, given)
    if (found === null) throw unknownKey([...path, given].join('.'), path, given, node, origin)
    path.push(found[0])
    node = found[1]
  }
  const dotted = path.join('.')
  const name = parts.join('__')
  if (node.kind === 'value') return { path, index: null }
  if (node.kind === 'list') {
    throw invalid(`${dotted} is a list (${origin}): expected one variable an element, as ${name}__0.`)
  }
  const first = node.kind === 'section' ? [...node.parts.keys()][0] : undefined
  throw invalid(`${dotted} is no setting but a group of them (${origin}): name one, as ${name}__${first}.`)
}

// As in .NET, element 0 of the environment replaces element 0 of the file, and gaps are closed.
function mergeElements(path: readonly string[], byIndex: ReadonlyMap<number, string>, tree: SettingsTree): void {
  const section = sectionAt(tree, path)
  const key = path.at(-1) ?? ''
  const merged = new Map<number, unknown>()
  const before = section[key]
  if (Array.isArray(before)) before.forEach((element, index) => merged.set(index, element))
  for (const [index, value] of byIndex) merged.set(index, value)
  section[key] = [...merged].sort(([a], [b]) => a - b).map(([, value]) => value)
}

/** The section of the last key of `path`, created if it does not exist. */
function sectionAt(tree: SettingsTree, path: readonly string[]): SettingsTree {
  let section = tree
  for (const key of path.slice(0, -1)) {
    const known = section[key]
    const next: SettingsTree = isRecord(known) ? known : {}
    section[key] = next
    section = next
  }
  return section
}

function partOf(node: SettingNode, given: string): readonly [string, SettingNode] | null {
  if (node.kind !== 'section') return null
  const wanted = given.toLowerCase()
  for (const entry of node.parts) if (entry[0].toLowerCase() === wanted) return entry
  return null
}

// A .NET file may set levels for categories of the .NET runtime; they have no effect.
function isForeignCategory(path: readonly string[], key: string): boolean {
  return path.join('.') === 'Logging.LogLevel' && /^(Microsoft|System)(\.|$)/i.test(key) && !/^Microsoft$/i.test(key)
}

function unknownKey(
  dotted: string,
  path: readonly string[],
  given: string,
  node: SettingNode,
  origin: string,
): StatorError {
  if (node.kind !== 'section') {
    const advice =
      node.kind === 'list' ? 'its elements are counted from 0' : 'it holds one value, without parts of its own'
    return invalid(`${dotted} is not a setting (${origin}): ${path.join('.')} is one, and ${advice}.`)
  }
  const prefix = path.length === 0 ? '' : `${path.join('.')}.`
  const near = nearest(given, [...node.parts.keys()])
  const hint = near === null ? elsewhere(given) : `${prefix}${near}`
  const advice = hint === null ? `expected one of ${[...node.parts.keys()].join(', ')}` : `did you mean ${hint}?`
  return invalid(`${dotted} is not a setting (${origin}): ${advice}${hint === null ? '.' : ''}`)
}

/** The key of that name in another section: `ServerPort` at the top level probably means `OCPP.ServerPort`. */
function elsewhere(given: string): string | null {
  if (settingTree.kind !== 'section') return null
  for (const [section, node] of settingTree.parts) {
    const found = partOf(node, given)
    if (found !== null) return `${section}.${found[0]}`
  }
  return null
}

function isRecord(value: unknown): value is SettingsTree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
