// One step of the scan of an erasure: reads some pages of a table, and replaces the id token in their rows. PostgreSQL
// finds the rows that may have it, which is cheap. Whether they do is decided here, exactly.

import type { ClientBase } from 'pg'
import { erasureBytesMax, erasureRowsMax } from '../../base/limits.ts'
import type { ErasurePosition } from '../../blocks/authorization/erasure.ts'
import { eraseInBlocks } from '../messages/erase-blocks.ts'
import { type Place, places, tableOfBlocks } from './places.ts'
import { type ErasedToken, eraseIn } from './token-text.ts'

/** What is searched. */
export interface Search {
  readonly token: ErasedToken
  /** Rows that were last written before this are left out; null: none. */
  readonly sinceMs: number | null
}

/** What a step did. */
export interface Scanned {
  /** Where the next step begins; null: everything is scanned. */
  readonly next: ErasurePosition | null
  /** The table whose rows were changed, and how many. */
  readonly table: string
  readonly rows: number
}

interface Partition {
  readonly number: number
  readonly name: string
  readonly pages: number
  /** When the period that it has the rows of ends; null: never. */
  readonly endsAtMs: number | null
}

// A table without partitions counts as its own. In the order in which they were made: rows that move into a new
// partition are scanned again there.
const readPartition = `
  SELECT c.oid::int8 AS number, c.oid::regclass::text AS name,
    pg_relation_size(c.oid) / current_setting('block_size')::int8 AS pages,
    substring(pg_get_expr(c.relpartbound, c.oid) FROM 'TO \\(''(\\d+-[^'']+)''\\)')::timestamptz AS "endsAtMs"
  FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
  WHERE (c.oid = $1::regclass OR i.inhparent = $1::regclass) AND c.relkind = 'r' AND c.oid::int8 >= $2
  ORDER BY c.oid LIMIT 1`

/** Scans up to `pagesMax` pages from `position` on. */
export async function scan(
  client: ClientBase,
  position: ErasurePosition | null,
  pagesMax: number,
  search: Search,
): Promise<Scanned> {
  let at = position ?? { place: 0, partition: 0, page: 0 }
  for (;;) {
    const place = places[at.place]
    if (place === undefined) return { next: null, table: '', rows: 0 }
    if (place.table === tableOfBlocks) return scanBlocks(client, at, pagesMax, search)
    const { rows } = await client.query<Partition>(readPartition, [place.table, at.partition])
    const partition = rows[0]
    if (partition === undefined) {
      at = { place: at.place + 1, partition: 0, page: 0 }
      continue
    }
    const page = partition.number === at.partition ? at.page : 0
    if (page >= partition.pages || isOver(partition, place, search)) {
      at = { ...at, partition: partition.number + 1, page: 0 }
      continue
    }
    const end = page + pagesMax
    const { changed, isComplete } = await scanPages(client, place, partition.name, page, end, search)
    const next = { place: at.place, partition: partition.number, page: isComplete ? end : page }
    return { next, table: place.table, rows: changed }
  }
}

/** Of the blocks of the message log `page` is the last one that was searched. Their lines count as rows of the log. */
async function scanBlocks(
  client: ClientBase,
  at: ErasurePosition,
  pagesMax: number,
  { token, sinceMs }: Search,
): Promise<Scanned> {
  const eraserFor = async (frames: readonly string[]): Promise<(frame: string) => string> => {
    const exact = await withOthers(client, token, (some) => frames.forEach((frame) => eraseIn(frame, 'frame', some)))
    return (frame) => eraseIn(frame, 'frame', exact)
  }
  const search = { key: token.key, sinceMs, eraserFor }
  const { lastId, lines } = await eraseInBlocks(client, at.page, pagesMax, search)
  const next = lastId === null ? { place: at.place + 1, partition: 0, page: 0 } : { ...at, page: lastId }
  return { next, table: 'message_log', rows: lines }
}

function isOver({ endsAtMs }: Partition, { isByWriting }: Place, { sinceMs }: Search): boolean {
  return isByWriting && endsAtMs !== null && sinceMs !== null && endsAtMs <= sinceMs
}

// Letter case of ASCII does not count here. Other letters, and escapes, make a row one that may have the token.
function mayHave(column: string): string {
  return `position($3 IN lower(${column} COLLATE "C")) > 0 OR position('\\' IN ${column}) > 0
    OR octet_length(${column}) <> char_length(${column})`
}

/** `isComplete` is false if a row was locked or changed meanwhile: the pages have to be scanned again. */
async function scanPages(
  client: ClientBase,
  place: Place,
  name: string,
  page: number,
  end: number,
  search: Search,
): Promise<{ readonly changed: number; readonly isComplete: boolean }> {
  const { columns, writtenAt } = place
  const conditions = columns.map(({ name: column, kind }) =>
    kind === 'path' ? `position('/api/id-tags/' IN ${column}) > 0` : mayHave(`${column}::text`),
  )
  const isNew = search.sinceMs === null || writtenAt === null ? '' : `AND ${writtenAt} >= $4::timestamptz`
  const since = isNew === '' ? [] : [new Date(search.sinceMs ?? 0).toISOString()]
  const size = columns.map(({ name: column }) => `COALESCE(octet_length(${column}::text), 0)`).join(' + ')
  const { rows } = await client.query<Candidate>(
    `SELECT ctid::text AS tid, ${size} AS bytes FROM ${name} WHERE ctid > $1::tid AND ctid < $2::tid ${isNew}
       AND $3::text IS NOT NULL AND (${conditions.join(' OR ')})`,
    [`(${page},0)`, `(${end},0)`, search.token.key, ...since],
  )
  let changed = 0
  let isComplete = true
  for (const tids of batchesOf(rows)) {
    const { wanted, done } = await replaceIn(client, place, name, tids, search.token)
    changed += done
    if (done < wanted) isComplete = false
  }
  return { changed, isComplete }
}

/** A row that may have the token. */
interface Candidate {
  readonly tid: string
  readonly bytes: number
}

/** Rows that are read together: between two batches this thread does other things. */
function batchesOf(candidates: readonly Candidate[]): readonly (readonly string[])[] {
  const batches: string[][] = []
  let bytes = 0
  for (const candidate of candidates) {
    const last = batches.at(-1)
    bytes += candidate.bytes
    if (last !== undefined && last.length < erasureRowsMax && bytes <= erasureBytesMax) last.push(candidate.tid)
    else {
      batches.push([candidate.tid])
      bytes = candidate.bytes
    }
  }
  return batches
}

/** The texts of a row, as they are and as they should be. */
interface Replacement {
  readonly tid: string
  readonly before: readonly (string | null)[]
  readonly after: readonly (string | null)[]
}

async function replaceIn(
  client: ClientBase,
  { columns }: Place,
  name: string,
  tids: readonly string[],
  token: ErasedToken,
): Promise<{ readonly wanted: number; readonly done: number }> {
  const { rows } = await client.query<{ readonly tid: string; readonly texts: readonly (string | null)[] }>(
    `SELECT ctid::text AS tid, ARRAY[${columns.map((column) => `${column.name}::text`).join(', ')}] AS texts
     FROM ${name} WHERE ctid = ANY($1::tid[])`,
    [tids],
  )
  const exact = await withOthers(client, token, (some) => replacementsOf(rows, columns, some))
  const replacements = replacementsOf(rows, columns, exact)
  if (replacements.length === 0) return { wanted: 0, done: 0 }
  const result = await client.query(updateOf(name, columns), [
    replacements.map(({ tid }) => tid),
    ...columns.flatMap((_, i) => [
      replacements.map(({ before }) => before[i]),
      replacements.map(({ after }) => after[i]),
    ]),
  ])
  return { wanted: replacements.length, done: result.rowCount ?? 0 }
}

function replacementsOf(
  rows: readonly { readonly tid: string; readonly texts: readonly (string | null)[] }[],
  columns: Place['columns'],
  token: ErasedToken,
): readonly Replacement[] {
  return rows.flatMap(({ tid, texts }) => {
    const after = texts.map((text, i) => {
      const kind = columns[i]?.kind
      return text === null || kind === undefined ? text : eraseIn(text, kind, token)
    })
    return after.some((text, i) => text !== texts[i]) ? [{ tid, before: texts, after }] : []
  })
}

/** The token that knows the other tokens for which `search` asks. */
async function withOthers(
  client: ClientBase,
  token: ErasedToken,
  search: (token: ErasedToken) => void,
): Promise<ErasedToken> {
  const suffixed = new Set<string>()
  search({ ...token, isOther: (key) => suffixed.add(key).size > 0 })
  return suffixed.size === 0 ? token : { ...token, isOther: await otherTokens(client, [...suffixed]) }
}

/** Which of `suffixed` are id tokens of their own. */
async function otherTokens(client: ClientBase, suffixed: readonly string[]): Promise<(key: string) => boolean> {
  const { rows } = await client.query<{ readonly key: string }>(
    'SELECT id_key AS key FROM id_tokens WHERE id_key = ANY($1::text[])',
    [suffixed],
  )
  const others = new Set(rows.map(({ key }) => key))
  return (key) => others.has(key)
}

// A row that somebody else has locked is skipped, so that nobody is in a deadlock with this. One that has changed since
// it was read is not overwritten. `= ANY` makes PostgreSQL go to the rows instead of reading the table.
function updateOf(name: string, columns: Place['columns']): string {
  const names = columns.map((_, i) => `before_${i}, after_${i}`).join(', ')
  const arrays = columns.map((_, i) => `$${2 * i + 2}::text[], $${2 * i + 3}::text[]`).join(', ')
  const sets = columns.map((column, i) => `${column.name} = v.after_${i}::${column.type}`).join(', ')
  const same = columns.map((column, i) => `t.${column.name}::text IS NOT DISTINCT FROM v.before_${i}`).join(' AND ')
  return `WITH free AS MATERIALIZED (SELECT ctid AS tid FROM ${name} WHERE ctid = ANY($1::tid[]) FOR UPDATE SKIP LOCKED)
    UPDATE ${name} t SET ${sets} FROM unnest($1::tid[], ${arrays}) AS v(tid, ${names}), free
    WHERE t.ctid = ANY($1::tid[]) AND t.ctid = v.tid AND free.tid = v.tid AND ${same}`
}
