// Functional block D, local authorization list: the messages that bring a list to a charge point, in each version.

import { integerMax, localListItemsDefault, localListOverheadBytes } from '../../base/limits.ts'
import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import type { Command } from '../command.ts'
import type { Payload } from '../values.ts'
import { isSameTag, type ListChanges, type ListLimits, type LocalListEntry, partsOf } from './local-list.ts'

/** GetLocalListVersion (1.6 §5.10, 2.0.1 D02). */
export const versionCommand: Command = { action: 'GetLocalListVersion', payload: {}, fields: {} }

/** The version in its answer; null if it has no usable one. 1.6: -1 means that the charge point has no local list. */
export function versionIn({ listVersion, versionNumber }: Payload): number | null {
  const version = versionNumber ?? listVersion
  return typeof version === 'number' && Number.isInteger(version) && Math.abs(version) < integerMax ? version : null
}

/** The configuration keys with the limits of the list, in the names of 1.6 and of 2.x. */
export const limitKeys = since2(
  { itemsMax: 'SendLocalListMaxLength', entriesMax: 'LocalAuthListMaxLength' },
  { itemsMax: 'LocalAuthListCtrlr.ItemsPerMessage', bytesMax: 'LocalAuthListCtrlr.BytesPerMessage' },
)

/** The whole list, or what has changed since the last one. */
export type ListUpdate =
  | { readonly type: 'Full'; readonly entries: readonly LocalListEntry[] }
  | { readonly type: 'Differential'; readonly changes: ListChanges }

/**
 * The payloads of SendLocalList (1.6 §5.15, 2.0.1 D01), in their order. What does not fit into one message is a full
 * update with its first part and a differential one with each further part. Each has a version of its own, so that the
 * version of the last one says that all of them have arrived.
 */
export function listPayloads(
  version: OcppVersion,
  update: ListUpdate,
  { itemsMax, bytesMax }: ListLimits,
  firstVersion: number,
): readonly Payload[] {
  const { item, removal, removed, members } = forms[version]
  const items =
    update.type === 'Full'
      ? update.entries.map(item)
      : [...removed(update.changes).map(removal), ...update.changes.stored.map(item)]
  const room = bytesMax === null ? null : Math.max(bytesMax - localListOverheadBytes, 0)
  return partsOf(items, itemsMax ?? localListItemsDefault, room).map((part, nth) =>
    members(firstVersion + nth, nth === 0 ? update.type : 'Differential', part),
  )
}

interface ListForm {
  readonly item: (entry: LocalListEntry) => Payload
  /** An item without information removes the id token (1.6 §6.43, 2.0.1 AuthorizationData). */
  readonly removal: (entry: LocalListEntry) => Payload
  /** Those that an item removes. */
  readonly removed: (changes: ListChanges) => readonly LocalListEntry[]
  readonly members: (version: number, updateType: string, part: readonly Payload[]) => Payload
}

const forms = since2<ListForm>(
  {
    item: ({ idTag, status, expiryDate, parentIdTag }) => ({
      idTag,
      idTagInfo: {
        ...(expiryDate === undefined ? {} : { expiryDate }),
        ...(parentIdTag === undefined ? {} : { parentIdTag }),
        status,
      },
    }),
    removal: ({ idTag }) => ({ idTag }),
    // An id tag of 1.6 has no type: one that has another type now is stored, and stands in the message once.
    removed: ({ stored, removed }) => removed.filter((entry) => !stored.some((other) => isSameTag(entry, other))),
    members: (listVersion, updateType, part) => ({
      listVersion,
      ...(part.length === 0 ? {} : { localAuthorizationList: part }),
      updateType,
    }),
  },
  {
    item: ({ idTag, type, status, expiryDate, parentIdTag }) => ({
      idToken: { idToken: idTag, type: type ?? 'Central' },
      idTokenInfo: {
        status,
        ...(expiryDate === undefined ? {} : { cacheExpiryDateTime: expiryDate }),
        ...(parentIdTag === undefined ? {} : { groupIdToken: { idToken: parentIdTag, type: 'Central' } }),
      },
    }),
    removed: ({ removed }) => removed,
    removal: ({ idTag, type }) => ({ idToken: { idToken: idTag, type: type ?? 'Central' } }),
    members: (versionNumber, updateType, part) => ({
      ...(part.length === 0 ? {} : { localAuthorizationList: part }),
      versionNumber,
      updateType,
    }),
  },
)
