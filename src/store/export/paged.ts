// Exports of the embedded database, whose one connection others wait for: it is taken for one page at a time.

import type { SQL } from 'drizzle-orm'
import { drizzle } from 'drizzle-orm/node-postgres'
import type { Pool } from 'pg'
import { embeddedExportRows } from '../../base/limits.ts'
import type { RawRow } from './raw-row.ts'
import { type ExportSession, keyOf, rawTypes, selected, statementOf } from './session.ts'

/**
 * A session on a pool whose connection is taken for one statement at a time. Each piece is as consistent as a
 * statement is, and the pieces follow each other by key: no row comes twice, and none is left out that was there from
 * the begin of the export to its end. Of rows that are stored meanwhile those come whose key is still ahead.
 *
 * A piece looks at a bounded number of rows, of which those may be few that the export wants.
 */
export function pagedSession(pool: Pool): ExportSession {
  return {
    db: drizzle(pool),
    isPaged: true,
    async *pieces(rows, { after, rowsMax }) {
      let left = rowsMax ?? Number.POSITIVE_INFINITY
      for (let last = after; left > 0;) {
        const looked = await read(pool, selected(rows, last, embeddedExportRows, false))
        const end = looked.at(-1)
        if (end === undefined) return
        last = keyOf(end, rows)
        const piece = looked.filter((row) => row['matches'] === true).slice(0, left)
        left -= piece.length
        yield piece
      }
    },
    end: () => {},
  }
}

async function read(pool: Pool, statement: SQL): Promise<readonly RawRow[]> {
  const { text, values } = statementOf(statement)
  return (await pool.query<RawRow>({ text, values: [...values], types: rawTypes })).rows
}
