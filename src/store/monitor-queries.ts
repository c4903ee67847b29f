// The stored monitors of 2.x charge points.

import { asc, eq } from 'drizzle-orm'
import type { MonitorRecord } from '../blocks/diagnostics/records.ts'
import { monitors } from '../blocks/diagnostics/tables.ts'
import type { Page, PageOf } from '../blocks/records.ts'
import { type ListSource, pageOf } from './paging.ts'

export function createMonitorQueries(source: ListSource) {
  return {
    /** By their ids. */
    async monitorsOf(chargePointKey: number, page: Page): Promise<PageOf<MonitorRecord>> {
      const where = eq(monitors.chargePointKey, chargePointKey)
      const rows = source.db.select().from(monitors).where(where).orderBy(asc(monitors.monitorId)).$dynamic()
      return pageOf(source, page, { table: monitors, where }, rows, ({ chargePointKey: _, ...row }) => row)
    },
  }
}
