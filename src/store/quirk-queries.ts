// Quirk profiles that operators have imported, and how often quirks were seen.

import { asc, count, eq, sql, type SQL } from 'drizzle-orm'
import { quirkProfilesMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import type { QuirkCount, QuirkCountFilter, QuirkQueries } from '../blocks/quirks/quirks.ts'
import { quirkProfiles } from '../blocks/quirks/tables.ts'
import { isInScope } from './in-scope.ts'
import { ms } from './known-transaction.ts'
import type { ListSource } from './paging.ts'

const storing = sql`SELECT pg_advisory_xact_lock(20261128, 50)`

/** The columns that a grouping shows, and null for the others. */
const shown: Readonly<Record<QuirkCountFilter['groupBy'], string>> = {
  quirk: 'h.quirk, NULL::text AS profile, NULL::text AS vendor, NULL::text AS model, NULL::text AS identity',
  profile: 'h.quirk, h.profile, NULL::text AS vendor, NULL::text AS model, NULL::text AS identity',
  model: 'h.quirk, NULL::text AS profile, c.vendor, c.model, NULL::text AS identity',
  chargePoint: 'h.quirk, h.profile, c.vendor, c.model, c.identity',
}

export function createQuirkQueries({ db }: Pick<ListSource, 'db'>): QuirkQueries {
  return {
    async importedQuirkProfiles() {
      const rows = await db
        .select({ profile: quirkProfiles.profile })
        .from(quirkProfiles)
        .orderBy(asc(quirkProfiles.name))
        .limit(quirkProfilesMax)
      return rows.map(({ profile }) => profile)
    },

    storeQuirkProfile(profile, changedAtMs) {
      const { name } = profile
      return db.transaction(async (transaction) => {
        await transaction.execute(storing)
        const isIt = eq(quirkProfiles.name, name)
        const set = { profile, changedAtMs }
        const replaced = await transaction
          .update(quirkProfiles)
          .set(set)
          .where(isIt)
          .returning({ name: quirkProfiles.name })
        if (replaced.length > 0) return 'replaced'
        const [counted] = await transaction.select({ total: count() }).from(quirkProfiles)
        if ((counted?.total ?? 0) >= quirkProfilesMax) return null
        await transaction.insert(quirkProfiles).values({ name, ...set })
        return 'created'
      })
    },

    async deleteQuirkProfile(name) {
      const isIt = eq(quirkProfiles.name, storableText(name))
      return (await db.delete(quirkProfiles).where(isIt).returning({ name: quirkProfiles.name })).length > 0
    },

    async listQuirkCounts({ scope, groupBy, quirk, profile, identity }, { page, pageSize }) {
      const conditions = [
        sql`${chargePoints.deletedAtMs} IS NULL`,
        ...asList(isInScope(scope)),
        ...(quirk === undefined ? [] : [sql`h.quirk = ${quirk}`]),
        ...(profile === undefined ? [] : [sql`h.profile = ${storableText(profile)}`]),
        ...(identity === undefined ? [] : [sql`${chargePoints.identity} = ${storableText(identity)}`]),
      ]
      const where = sql.join(conditions, sql` AND `)
      const columns = sql.raw(shown[groupBy].replaceAll('c.', 'charge_points.'))
      // One row for each quirk of a charge point and a profile: what is read is bounded by the charge points.
      const { rows } = await db.execute<
        QuirkCount & { readonly [column: string]: unknown; readonly total: number }
      >(sql`
        SELECT *, (count(*) OVER ())::int4 AS total FROM (
          SELECT ${columns}, sum(h.count)::float8 AS count, ${sql.raw(ms('min(h.first_at)'))}::float8 AS "firstAtMs",
            ${sql.raw(ms('max(h.last_at)'))}::float8 AS "lastAtMs"
          FROM quirk_hits h JOIN ${chargePoints} ON ${chargePoints.key} = h.charge_point_id
          WHERE ${where} GROUP BY 1, 2, 3, 4, 5) counted
        ORDER BY count DESC, quirk, profile, vendor, model, identity
        LIMIT ${pageSize} OFFSET ${(page - 1) * pageSize}`)
      const items = rows.map(({ total: _, ...item }) => item)
      return { totalCount: rows[0]?.total ?? 0, items }
    },
  }
}

function asList(condition: SQL | undefined): SQL[] {
  return condition === undefined ? [] : [condition]
}
