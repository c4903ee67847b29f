// The filters of the list of charge points. Most have an index; for the others a bounded number of charge points is
// looked at.

import { and, asc, eq, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { AnyPgColumn } from 'drizzle-orm/pg-core'
import { filteredChargePointsMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { ChargePointFilter } from '../blocks/records.ts'
import { groupsBelow, isInScope } from './in-scope.ts'
import { isNamed } from './named.ts'
import type { FilteredRows } from './paging.ts'

/** The charge points of `filter`, by identity. */
export function chargePointsOf(filter: ChargePointFilter): FilteredRows {
  const { connected, deletedAtMs, identity, status } = chargePoints
  const order = [asc(identity)]
  const isThere = isNull(deletedAtMs)
  const isOurs = and(isInScope(filter.scope), isOfGroup(filter))
  const named = namedIn(filter)
  const without = withoutIndex(filter)
  const table = { table: chargePoints, order, ...(without === undefined ? {} : { rowsMax: filteredChargePointsMax }) }
  const wanted = isConnected(filter)
  if (wanted === 'never') return { ...table, leads: [], leadOrder: order, rest: undefined }
  if (wanted === 'either' && named !== undefined)
    return { ...table, leads: [and(isThere, isOurs, named)], leadOrder: order, rest: without }
  // The index on identities also contains deleted ones.
  if (wanted === 'either') return { ...table, leads: [isOurs], leadOrder: order, rest: and(isThere, without) }
  const isOnline = wanted === 'yes'
  const isOfStatus = isOnline && filter.status !== undefined
  const lead = and(isThere, isOurs, eq(connected, isOnline), isOfStatus ? sql`${status} = ${filter.status}` : undefined)
  return { ...table, leads: [lead], leadOrder: isOfStatus ? order : [asc(status), ...order], rest: and(named, without) }
}

/** Whether `filter` lists each charge point that there is. */
export function isOfAll(filter: ChargePointFilter): boolean {
  const { scope, groupKey, status, connected } = filter
  const isOfSome = groupKey !== undefined || status !== undefined || connected !== undefined
  return scope === 'all' && !isOfSome && namedIn(filter) === undefined
}

/** Whether the charge points of `filter` are connected: one that is not has the status Offline. */
function isConnected({ status, connected }: ChargePointFilter): 'yes' | 'no' | 'either' | 'never' {
  if (status === undefined) return connected === undefined ? 'either' : connected ? 'yes' : 'no'
  const isOnline = status !== 'Offline'
  if (connected !== undefined && connected !== isOnline) return 'never'
  return isOnline ? 'yes' : 'no'
}

/** What it is, as its boot tells. */
function namedIn({ vendor, model, firmwareVersion, ocppVersion }: ChargePointFilter): SQL | undefined {
  return and(
    isText(chargePoints.vendor, vendor),
    isText(chargePoints.model, model),
    isText(chargePoints.firmwareVersion, firmwareVersion),
    ocppVersion === undefined ? undefined : eq(chargePoints.ocppVersion, ocppVersion),
  )
}

function withoutIndex({ location, lastSeenBeforeMs, q }: ChargePointFilter): SQL | undefined {
  const { identity, lastSeenAtMs, serialNumber } = chargePoints
  const searched = [identity, chargePoints.location, chargePoints.vendor, chargePoints.model, serialNumber]
  return and(
    isText(chargePoints.location, location),
    lastSeenBeforeMs === undefined
      ? undefined
      : or(isNull(lastSeenAtMs), sql`${lastSeenAtMs} < ${new Date(lastSeenBeforeMs).toISOString()}`),
    q === undefined
      ? undefined
      : or(...searched.map((column) => sql`position(lower(${storableText(q)}) IN lower(${column})) > 0`)),
  )
}

/** An array, not a subquery: the index on groups finds its elements. */
function isOfGroup({ groupKey, scope }: ChargePointFilter): SQL | undefined {
  if (groupKey === undefined) return undefined
  return sql`${chargePoints.groupKey} = ANY(ARRAY(${groupsBelow([groupKey], scope)}))`
}

function isText(column: AnyPgColumn, wanted: string | undefined): SQL | undefined {
  return wanted === undefined ? undefined : isNamed(column, storableText(wanted))
}
