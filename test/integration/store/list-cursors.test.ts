// Lists with cursors, beside that of transactions: anomalies, the audit log, certificates, alarms, variables. For all
// charge points, and for those of a group: one of a single charge point, and one of more than are looked at one by one.

import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { listedExactlyMax } from '../../../src/base/limits.ts'
import { silentLogger } from '../../../src/base/log.ts'
import type { Page, PageOf } from '../../../src/blocks/records.ts'
import type { Scope } from '../../../src/blocks/scope.ts'
import { type Database, openDatabase } from '../../../src/store/database.ts'
import { createQueries, type Queries } from '../../../src/store/queries.ts'
import { sparseKeysMax } from '../../../src/store/charge-point-sets.ts'
import { testDatabase } from '../../support/postgres.ts'

const count = listedExactlyMax + 500

let database: Database
let queries: Queries
let drop: () => Promise<void>

beforeAll(async () => {
  const server = await testDatabase()
  drop = server.drop
  const { connectionString } = server
  const options = { connectionString, dataFolder: '', poolSize: 2, log: silentLogger }
  database = await openDatabase({ provider: 'PostgreSQL', ...options })
  queries = createQueries(database)
  const { pool } = database
  await pool.query(`INSERT INTO charge_point_groups (name) VALUES ('large'), ('small')`)
  await pool.query(`INSERT INTO charge_points (identity, group_id) VALUES ('CP1', 1), ('CP2', 2)`)
  await pool.query(`INSERT INTO charge_points (identity, group_id)
    SELECT 'OTHER' || k, 1 FROM generate_series(1, ${sparseKeysMax}) k`)
  // Several of each have one time.
  await pool.query(`INSERT INTO anomalies (charge_point_id, received_at, digest, kind, detail, message_id)
    SELECT 1 + n % 2, '2026-01-01'::timestamptz + (n / 3) * interval '1 s', n, CASE n % 2 WHEN 0 THEN 'quirk' ELSE 'late' END, '{}', 'm' || n
    FROM generate_series(1, ${count}) n`)
  await pool.query(`INSERT INTO certificates (serial_number, charge_point_id, csr_digest, certificate, state, valid_from, valid_to, signed_at)
    SELECT 'S' || n, 1 + n % 2, '', '', CASE n % 2 WHEN 0 THEN 'accepted' ELSE 'rejected' END, '2026-01-01',
      '2027-01-01'::timestamptz + (n / 3) * interval '1 s', '2026-01-01'
    FROM generate_series(1, ${count}) n`)
  const named = 'component_name, component_instance, evse_id, connector_id, variable_name, variable_instance'
  await pool.query(`INSERT INTO alarms (charge_point_id, subject, began_at, ${named}, updated_at)
    SELECT 1 + n % 2, n, '2026-01-01'::timestamptz + (n / 3) * interval '1 s', 'C', '', 0, 0, 'A' || n, '', now()
    FROM generate_series(1, ${count}) n`)
  await pool.query(`INSERT INTO variables (charge_point_id, ${named}, attribute_type, persistent, constant, updated_at)
    SELECT 1 + n % 2, 'C', '', 0, 0, 'V' || n, '', 'Actual', false, false, now()
    FROM generate_series(1, ${count}) n`)
  await pool.query(`INSERT INTO audit_log (node, sequence, outcome_of, at, principal_kind, principal, request_id, operation, charge_point_id, request, status, hash)
    SELECT 'n:1', n * 2 - 1 + kind, CASE kind WHEN 1 THEN n * 2 - 1 END, '2026-01-01'::timestamptz + (n / 3) * interval '1 s',
      CASE kind WHEN 0 THEN 'operator' END, CASE kind WHEN 0 THEN 'p' || n % 2 END, CASE kind WHEN 0 THEN 'r' || n END,
      CASE kind WHEN 0 THEN 'reset' END, CASE kind WHEN 0 THEN 1 + n % 2 END, CASE kind WHEN 0 THEN '{}'::json END, CASE kind WHEN 1 THEN 200 END, ''
    FROM generate_series(1, ${count}) n CROSS JOIN generate_series(0, 1) kind`)
}, 60_000)

afterAll(async () => {
  await database.close()
  await drop()
})

interface List {
  readonly read: (page: Page, scope?: Scope) => Promise<PageOf<unknown>>
  /** What tells an item from the others. */
  readonly nameOf: (item: never) => string
  readonly names: (n: number) => string
}

const lists: Readonly<Record<string, List>> = {
  anomalies: {
    read: (page, scope = 'all') => queries.listAnomalies({ scope }, page),
    nameOf: ({ messageId }: { messageId: string }) => messageId,
    names: (n) => `m${n}`,
  },
  certificates: {
    read: (page, scope = 'all') => queries.listCertificates({ scope }, page),
    nameOf: ({ serialNumber }: { serialNumber: string }) => serialNumber,
    names: (n) => `S${n}`,
  },
  alarms: {
    read: (page, scope = 'all') => queries.listAlarms({ scope }, page),
    nameOf: ({ variableName }: { variableName: string }) => variableName,
    names: (n) => `A${n}`,
  },
  variables: {
    read: (page, scope = 'all') => queries.listVariables({ scope }, page),
    nameOf: ({ variableName }: { variableName: string }) => variableName,
    names: (n) => `V${n}`,
  },
  'audit log': {
    read: (page, scope = 'all') => queries.listAuditLog({ scope }, page),
    nameOf: ({ requestId }: { requestId: string }) => requestId,
    names: (n) => `r${n}`,
  },
}

describe.each(Object.entries(lists))('the list of %s', (_, { read, nameOf, names }) => {
  const namesOn = ({ items }: PageOf<unknown>) => items.map((item) => nameOf(item as never))

  test('is read to its end with cursors, each item once', async () => {
    const found: string[] = []
    let page = await read({ page: 1, pageSize: 1_000 })
    expect(page).toMatchObject({ totalCount: listedExactlyMax, totalCountAtLeast: true })
    found.push(...namesOn(page))
    while (page.next !== undefined) {
      page = await read({ page: 1, pageSize: 1_000, after: page.next })
      found.push(...namesOn(page))
    }
    expect(found).toHaveLength(count)
    expect(new Set(found)).toEqual(new Set(Array.from({ length: count }, (_, index) => names(index + 1))))
  })

  test('has the same pages by number, up to the items that are counted', async () => {
    const [first, second] = [await read({ page: 1, pageSize: 50 }), await read({ page: 2, pageSize: 50 })]
    expect(namesOn(second)).toEqual(namesOn(await read({ page: 1, pageSize: 50, after: first.next ?? '' })))
    const refused = await read({ page: listedExactlyMax / 50 + 1, pageSize: 50 }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'BAD_REQUEST', details: { field: 'page' } })
  })

  test.each([
    ['more charge points than are looked at one by one', 1, 0],
    ['one charge point', 2, 1],
  ])('for a group of %s has its items only, on each page', async (_name, group, rest) => {
    const scope = { groups: [group] }
    const found: string[] = []
    for (let page = 1; page <= 6; page++) {
      const listed = await read({ page, pageSize: 1_000 }, scope)
      expect(listed.totalCount).toBe(count / 2)
      found.push(...namesOn(listed))
    }
    const numbers = Array.from({ length: count }, (_item, index) => index + 1).filter((n) => n % 2 === rest)
    expect(found).toHaveLength(numbers.length)
    expect(new Set(found)).toEqual(new Set(numbers.map(names)))
  })

  test('refuses what is no cursor of it', async () => {
    const refused = await read({ page: 1, pageSize: 50, after: 'WyJ4Il0' }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ code: 'BAD_REQUEST', details: { field: 'after' } })
  })
})
