// Everything that could be wrong with what Stator says in a case, one thing at a time: a member is missing, is too many
// or has another value; a status is another one of its list; a CALL is not sent, or one too many; an answer is an error.

import { tables } from '../../../src/blocks/messages.ts'
import type { OcppVersion } from '../../../src/ocpp/version.ts'
import { Deviation, isRecord } from '../../../src/simulator/cases/match.ts'
import type { Case, PlayOptions, Seen } from '../../../src/simulator/cases/play.ts'
import { Replay } from './replay.ts'

/** A record in which one thing is wrong. */
export interface Mutation {
  readonly what: string
  readonly seen: readonly Seen[]
}

/** What became of a case that was played from a record: `passed`, `deviation: …`, or `error: …` if it broke. */
export async function replayed(id: string, play: Case, options: PlayOptions, seen: readonly Seen[]): Promise<string> {
  try {
    await new Replay(id, options, seen).run(play)
    return 'passed'
  } catch (error) {
    return error instanceof Deviation ? `deviation: ${error.message}` : `error: ${String(error)}`
  }
}

/** Every mutation of a record. */
export function* mutationsOf(seen: readonly Seen[], version: OcppVersion): Generator<Mutation> {
  for (const [index, { what, value, isOwn }] of seen.entries()) {
    if (isOwn) continue
    yield { what: `${what} (${index}) is missing`, seen: seen.toSpliced(index, 1) }
    for (const [change, changed] of changesOf(value, version)) {
      yield { what: `${what} (${index}): ${change}`, seen: seen.with(index, { what, value: changed, isOwn }) }
    }
  }
}

type Change = readonly [change: string, changed: unknown]

/** Every way in which a value, or a part of it, can be another one. */
function* changesOf(value: unknown, version: OcppVersion, at = ''): Generator<Change> {
  if (Array.isArray(value)) {
    yield [`${at} has one more`, [...value, value.at(-1) ?? [2, 'ClearCache', {}]]]
    for (const [index, element] of value.entries()) {
      yield [`${at}/${index} is missing`, value.toSpliced(index, 1)]
      for (const [change, changed] of changesOf(element, version, `${at}/${index}`)) {
        yield [change, value.with(index, changed)]
      }
    }
  } else if (isRecord(value)) {
    yield [`${at} has a member too many`, { ...value, notOfOcpp: 1 }]
    for (const [name, member] of Object.entries(value)) {
      const { [name]: _, ...rest } = value
      yield [`${at}/${name} is missing`, rest]
      for (const [change, changed] of changesOf(member, version, `${at}/${name}`)) {
        yield [change, { ...value, [name]: changed }]
      }
    }
  } else {
    for (const other of othersThan(value, version))
      if (other !== value) yield [`${at} is ${JSON.stringify(other)}`, other]
  }
}

const hourMs = 3_600_000

function othersThan(value: unknown, version: OcppVersion): readonly unknown[] {
  if (typeof value === 'boolean') return [!value, null]
  if (typeof value === 'number') return [value + 1, -value - 1, String(value), null]
  if (typeof value !== 'string') return ['something']
  const atMs = /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : Number.NaN
  const times = Number.isNaN(atMs) ? [] : [new Date(atMs - hourMs).toISOString(), value.replace('Z', '')]
  return [`${value}x`, '', null, ...times, ...wordsBeside(value, version)]
}

/** The other words of the shortest list of words in the schemas that has this one. */
function wordsBeside(word: string, version: OcppVersion): readonly string[] {
  const already = beside.get(version)?.get(word)
  if (already !== undefined) return already
  const lists = listsOf(version).filter((list) => list.includes(word))
  const [shortest = []] = lists.toSorted((a, b) => a.length - b.length)
  const words = shortest.filter((other) => other !== word)
  beside.set(version, (beside.get(version) ?? new Map<string, readonly string[]>()).set(word, words))
  return words
}

const beside = new Map<OcppVersion, Map<string, readonly string[]>>()
const known = new Map<OcppVersion, readonly (readonly string[])[]>()

function listsOf(version: OcppVersion): readonly (readonly string[])[] {
  const schemas = (): readonly unknown[] =>
    Object.values(tables[version]).flatMap(({ request, response }) => [request, response])
  const lists = known.get(version) ?? enumsIn(schemas())
  known.set(version, lists)
  return lists
}

function enumsIn(schema: unknown): readonly (readonly string[])[] {
  if (Array.isArray(schema)) return schema.flatMap(enumsIn)
  if (!isRecord(schema)) return []
  const own = Array.isArray(schema['enum']) ? [schema['enum'].map(String)] : []
  return [
    ...own,
    ...Object.values(schema)
      .filter((part) => part !== schema['enum'])
      .flatMap(enumsIn),
  ]
}
