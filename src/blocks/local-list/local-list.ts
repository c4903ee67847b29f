// The local authorization list of a charge point: what it holds, what a differential update says, and how a list is
// divided into messages. Pure.

import type { JobState } from '../../../actors/job.ts'
import { isOpenJob } from '../../../actors/job.ts'

/** What 1.6 (AuthorizationStatus §7.2) and 2.x both have of it. */
export const localListStatuses = ['Accepted', 'Blocked', 'Expired', 'Invalid', 'ConcurrentTx'] as const

/** One id token of a list. */
export interface LocalListEntry {
  readonly idTag: string
  /** 2.x: IdTokenEnumType; left out: Central. */
  readonly type?: string | undefined
  readonly status: (typeof localListStatuses)[number]
  /** RFC 3339. */
  readonly expiryDate?: string | undefined
  readonly parentIdTag?: string | undefined
}

/** A list as it is stored. */
export interface LocalListRecord {
  readonly entries: readonly LocalListEntry[]
  readonly changedAtMs: number
  readonly changedBy: string
  /** 0: nothing was sent. */
  readonly sentVersion: number
  readonly sentEntries: readonly LocalListEntry[] | null
  readonly sentAtMs: number | null
  readonly sentJobId: number | null
  readonly sentState: JobState | null
  readonly reportedVersion: number | null
  readonly reportedAtMs: number | null
}

/** What is about to be sent. */
export interface SentList {
  readonly version: number
  readonly requestId: number
  readonly entries: readonly LocalListEntry[]
  readonly atMs: number
}

/** Reads and stores lists, by the key of a charge point. */
export interface LocalListQueries {
  localList(chargePointKey: number): Promise<LocalListRecord | null>
  storeLocalList(
    chargePointKey: number,
    entries: readonly LocalListEntry[],
    changedBy: string,
    nowMs: number,
  ): Promise<void>
  /** Before it is sent. False: something else was sent since `sentVersion` was read. */
  noteSentLocalList(chargePointKey: number, sentVersion: number, sent: SentList): Promise<boolean>
  noteLocalListVersion(chargePointKey: number, version: number, nowMs: number): Promise<void>
}

/** How the list at the charge point relates to the one that is wanted, for readers of the API. */
export const localListStateMeanings = {
  neverSent: 'nothing was sent to the charge point',
  sending: 'a job sends it',
  inSync: 'the charge point has accepted it as it is here',
  changed: 'it was changed here after it was sent',
  drifted: 'the charge point reports another version than the one that was sent',
  unknown: 'what was sent last was not accepted, or there is no answer',
} as const

export type LocalListState = keyof typeof localListStateMeanings

/** The state of a list. */
export function localListState(list: LocalListRecord): LocalListState {
  const { sentVersion, sentEntries, sentAtMs, sentState, reportedVersion, reportedAtMs } = list
  if (sentEntries === null || sentAtMs === null) return 'neverSent'
  if (sentState !== null && isOpenJob(sentState) && sentState !== 'unknown') return 'sending'
  const isReportedSince = reportedAtMs !== null && reportedAtMs >= sentAtMs
  // A list without entries has the version 0 (1.6 §5.10).
  const isAsSent = reportedVersion === sentVersion || (reportedVersion === 0 && sentEntries.length === 0)
  if (isReportedSince && !isAsSent) return 'drifted'
  if (sentState !== 'succeeded' && !isReportedSince) return 'unknown'
  return isEmpty(changesBetween(sentEntries, list.entries)) ? 'inSync' : 'changed'
}

/** What makes one list of another. */
export interface ListChanges {
  readonly stored: readonly LocalListEntry[]
  readonly removed: readonly LocalListEntry[]
}

/** Whether nothing has changed. */
export function isEmpty({ stored, removed }: ListChanges): boolean {
  return stored.length === 0 && removed.length === 0
}

/** Id tokens are compared without regard to case, as charge points do (CiString20, IdToken). */
function keyOf({ idTag }: LocalListEntry): string {
  return idTag.toLowerCase()
}

function typeOf({ type = 'Central' }: LocalListEntry): string {
  return type
}

/** Whether two entries are of one id tag. */
export function isSameTag(one: LocalListEntry, other: LocalListEntry): boolean {
  return keyOf(one) === keyOf(other)
}

function isSame(one: LocalListEntry, other: LocalListEntry): boolean {
  return (
    one.idTag === other.idTag &&
    typeOf(one) === typeOf(other) &&
    one.status === other.status &&
    one.expiryDate === other.expiryDate &&
    one.parentIdTag === other.parentIdTag
  )
}

/** What makes `to` of `from`. An entry whose type changes is removed, too: in 2.x it is another id token. */
export function changesBetween(from: readonly LocalListEntry[], to: readonly LocalListEntry[]): ListChanges {
  const before = new Map(from.map((entry) => [keyOf(entry), entry]))
  const after = new Map(to.map((entry) => [keyOf(entry), entry]))
  return {
    stored: to.filter((entry) => {
      const earlier = before.get(keyOf(entry))
      return earlier === undefined || !isSame(earlier, entry)
    }),
    removed: from.filter((entry) => {
      const later = after.get(keyOf(entry))
      return later === undefined || typeOf(later) !== typeOf(entry)
    }),
  }
}

/** The first id tag that stands twice; undefined: none. */
export function repeatedIn(entries: readonly LocalListEntry[]): string | undefined {
  const seen = new Set<string>()
  return entries.find((entry) => seen.size === seen.add(keyOf(entry)).size)?.idTag
}

/** What a charge point takes in one message, and in its list; null: it does not say. */
export interface ListLimits {
  readonly itemsMax: number | null
  readonly bytesMax: number | null
  readonly entriesMax: number | null
}

/** The parts of a list: each within the limits, at least one. An item alone may be larger than `bytesMax`. */
export function partsOf<Item>(items: readonly Item[], itemsMax: number, bytesMax: number | null): readonly Item[][] {
  const parts: Item[][] = [[]]
  let bytes = 0
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1
    const part = parts.at(-1) ?? []
    const isFull = part.length >= itemsMax || (bytesMax !== null && bytes + size > bytesMax && part.length > 0)
    if (isFull) parts.push([item])
    else part.push(item)
    bytes = isFull ? size : bytes + size
  }
  return parts
}
