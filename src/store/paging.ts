// Lists with a total: one query counts, one reads the page.

import type { Page, PageOf } from '../csms/records.ts'

/** A drizzle query that can still be cut to a page. */
interface Cuttable<Row> {
  limit(rows: number): { offset(rows: number): PromiseLike<readonly Row[]> }
}

/** The page of `rows` that `page` asks for, each row through `map`. */
export async function pageOf<Row, T>(
  page: Page,
  counted: PromiseLike<readonly { readonly count: number }[]>,
  rows: Cuttable<Row>,
  map: (row: Row) => T,
): Promise<PageOf<T>> {
  const { page: number, pageSize } = page
  const [total, found] = await Promise.all([counted, rows.limit(pageSize).offset((number - 1) * pageSize)])
  return { totalCount: total[0]?.count ?? 0, items: found.map(map) }
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

/** `fields` without those that are undefined: what is left is what is to be changed. */
export function withDefined<T extends object>(fields: T): Defined<T> {
  const defined: Defined<T> = { ...fields }
  for (const key in defined) if (defined[key] === undefined) delete defined[key]
  return defined
}
