// Groups of charge points: trees that stay trees, whatever is moved and whoever else moves something.

import { describe, expect, test } from 'bun:test'
import { groupDepthMax, groupsMax } from '../../../src/base/limits.ts'
import type { GroupRecord } from '../../../src/blocks/groups.ts'
import type { Scope } from '../../../src/blocks/scope.ts'
import { groupsOfPaths } from '../../../src/store/groups-within.ts'
import { Random } from '../../support/random.ts'
import { describeStore, type TestStore } from '../../support/store.ts'

const page = { page: 1, pageSize: 500 }

/** A tree for one test: a tenant with two sites, and an area in the first one. */
async function tenant({ queries }: TestStore, name = `Tenant ${crypto.randomUUID().slice(0, 8)}`) {
  const top = await queries.createGroup({ name }, 'all')
  const site = await queries.createGroup({ name: 'Site 1', parentKey: top.key }, 'all')
  const other = await queries.createGroup({ name: 'Site 2', parentKey: top.key }, 'all')
  const area = await queries.createGroup({ name: 'Area', parentKey: site.key }, 'all')
  const scope: Scope = { groups: await queries.expandedGroups([top.key]) }
  return { name, top: top.key, site: site.key, other: other.key, area: area.key, scope }
}

/** Rows that the nodes of a plan have returned, and thrown away. */
function rowsOf(plan: unknown): number {
  if (Array.isArray(plan)) return plan.reduce((sum: number, part) => sum + rowsOf(part), 0)
  if (typeof plan !== 'object' || plan === null) return 0
  const node: Record<string, unknown> = { ...plan }
  const loops = Number(node['Actual Loops'] ?? 1)
  const own = ['Actual Rows', 'Rows Removed by Filter', 'Rows Removed by Join Filter'].map((name) =>
    Number(node[name] ?? 0),
  )
  return (
    own.reduce((sum, rows) => sum + rows * loops, 0) +
    rowsOf(Object.values(node).filter((part) => typeof part === 'object'))
  )
}

const forbidden = { code: 'FORBIDDEN', details: { missing: expect.any(String) } }
const conflict = { code: 'CONFLICT' }

function badParent(text: string) {
  return { code: 'BAD_REQUEST', details: { field: 'parentId', issue: expect.stringContaining(text) } }
}

describeStore('groups', (store, provider) => {
  test('are listed by path, each followed by those below it, with the charge points in them', async () => {
    const { queries } = store()
    const { name, top, site, other, area, scope } = await tenant(store())
    for (const groupKey of [top, site, area, area]) {
      await queries.createChargePoint(`CP-${crypto.randomUUID()}`, { groupKey }, 'all')
    }
    const shown = ({ key, path, chargePoints, chargePointsBelow }: GroupRecord) => [
      key,
      path,
      chargePoints,
      chargePointsBelow,
    ]
    const listed = await queries.listGroups({ scope }, page)
    expect(listed.totalCount).toBe(4)
    expect(listed.items.map(shown)).toEqual([
      [top, name, 1, 4],
      [site, `${name}/Site 1`, 1, 3],
      [area, `${name}/Site 1/Area`, 2, 2],
      [other, `${name}/Site 2`, 0, 0],
    ])
    const second = await queries.listGroups({ scope }, { page: 2, pageSize: 1 })
    expect(second).toMatchObject({ totalCount: 4, items: [{ key: site }] })
    const below = await queries.listGroups({ scope, parentKey: top }, page)
    expect(below).toMatchObject({ totalCount: 2, items: [{ key: site }, { key: other }] })
    expect(await queries.listGroups({ scope, parentKey: null }, page)).toMatchObject({ items: [{ key: top }] })
    const inSite = await queries.listChargePoints({ scope: 'all', groupKey: site, ...page })
    expect(inSite.items.map(({ groupKey }) => groupKey).toSorted()).toEqual([site, area, area].toSorted())
    expect((await queries.listChargePoints({ scope, groupKey: other, ...page })).totalCount).toBe(0)
  })

  test('what a scope means: the groups that are named, and all below them', async () => {
    const { queries } = store()
    const { top, site, other, area } = await tenant(store())
    const expanded = async (keys: number[]) => (await queries.expandedGroups(keys)).toSorted((a, b) => a - b)
    expect(await expanded([top])).toEqual([top, site, other, area])
    expect(await expanded([site, area, other])).toEqual([site, other, area])
    expect(await expanded([area, 999_999])).toEqual([area])
    expect(await expanded([])).toEqual([])
  })

  test('who sees some groups sees nothing above them, and changes nothing but what is below', async () => {
    const { queries } = store()
    const { top, site, other, area } = await tenant(store())
    const scope = { groups: [site, area] }
    const listed = await queries.listGroups({ scope }, page)
    expect(listed.items).toMatchObject([
      { key: site, path: 'Site 1', parentKey: null },
      { key: area, path: 'Site 1/Area', parentKey: site },
    ])
    expect(listed.totalCount).toBe(2)
    expect((await queries.listGroups({ scope, parentKey: top }, page)).totalCount).toBe(0)
    for (const key of [top, other, 999_999]) {
      expect(await queries.group(key, scope)).toBeNull()
      expect(await queries.updateGroup(key, { name: 'Mine' }, scope)).toBeNull()
      expect(await queries.deleteGroup(key, scope)).toBe(false)
      const there = { name: 'New', parentKey: key }
      await expect(queries.createGroup(there, scope)).rejects.toMatchObject(badParent(`There is no group ${key}`))
      await expect(queries.updateGroup(area, { parentKey: key }, scope)).rejects.toMatchObject(badParent('no group'))
    }
    await expect(queries.updateGroup(site, { name: 'Mine' }, scope)).rejects.toMatchObject(forbidden)
    await expect(queries.updateGroup(site, { parentKey: area }, scope)).rejects.toMatchObject(forbidden)
    await expect(queries.deleteGroup(site, scope)).rejects.toMatchObject(forbidden)
    await expect(queries.createGroup({ name: 'New' }, scope)).rejects.toMatchObject(badParent('one of your groups'))
    const up = queries.updateGroup(area, { parentKey: null }, scope)
    await expect(up).rejects.toMatchObject(badParent('one of your groups'))

    const made = await queries.createGroup({ name: 'New', parentKey: area }, scope)
    expect(made).toMatchObject({ path: 'Site 1/Area/New', parentKey: area })
    const wider = { groups: [site, area, made.key] }
    expect(await queries.updateGroup(made.key, { name: 'Hall', parentKey: site }, wider)).toMatchObject({
      path: 'Site 1/Hall',
    })
    expect(await queries.deleteGroup(made.key, wider)).toBe(true)
    for (const nobody of [{ groups: [] }, { chargePointKey: 1 }]) {
      expect(await queries.listGroups({ scope: nobody }, page)).toEqual({ totalCount: 0, items: [] })
    }
  })

  test('a name is there once in a place, a group is never below itself, and the levels are bounded', async () => {
    const { queries } = store()
    const { name, top, site, area } = await tenant(store())
    await expect(queries.createGroup({ name }, 'all')).rejects.toMatchObject(conflict)
    await expect(queries.createGroup({ name: 'Area', parentKey: site }, 'all')).rejects.toMatchObject(conflict)
    await expect(queries.updateGroup(site, { name: 'Site 2' }, 'all')).rejects.toMatchObject(conflict)
    await expect(queries.updateGroup(top, { parentKey: top }, 'all')).rejects.toThrow('below itself')
    await expect(queries.updateGroup(top, { parentKey: area }, 'all')).rejects.toThrow('below itself')
    let deepest = area
    for (let level = 4; level <= groupDepthMax; level++) {
      deepest = (await queries.createGroup({ name: 'Deeper', parentKey: deepest }, 'all')).key
    }
    const tooDeep = `at most ${groupDepthMax} levels`
    await expect(queries.createGroup({ name: 'Deeper', parentKey: deepest }, 'all')).rejects.toThrow(tooDeep)
    const another = await queries.createGroup({ name: `Above ${name}` }, 'all')
    await expect(queries.updateGroup(top, { parentKey: another.key }, 'all')).rejects.toThrow(tooDeep)
    expect(await queries.updateGroup(site, { parentKey: another.key }, 'all')).toMatchObject({
      path: `Above ${name}/Site 1`,
    })
    expect((await queries.group(area, 'all'))?.path).toBe(`Above ${name}/Site 1/Area`)
  })

  test('there are so many at most', async () => {
    const { queries, database } = store()
    const fill = `INSERT INTO charge_point_groups (name) SELECT 'Filled ' || n FROM generate_series(1, ${groupsMax}) n`
    await database.pool.query(fill)
    await expect(queries.createGroup({ name: 'One more' }, 'all')).rejects.toThrow(`${groupsMax} groups already`)
    await database.pool.query("DELETE FROM charge_point_groups WHERE name LIKE 'Filled %'")
    expect((await queries.createGroup({ name: 'One more' }, 'all')).path).toBe('One more')
  })

  test('a group is not deleted while something is in it; a deleted charge point goes to the group above', async () => {
    const { queries } = store()
    const { top, site, area, other } = await tenant(store())
    await expect(queries.deleteGroup(site, 'all')).rejects.toThrow('there are groups below it')
    const identity = `CP-${crypto.randomUUID()}`
    const { key } = await queries.createChargePoint(identity, { groupKey: area }, 'all')
    await expect(queries.deleteGroup(area, 'all')).rejects.toThrow('it has charge points')
    await queries.deleteChargePoint(identity, 'all')
    const sees = async (groups: readonly number[]): Promise<boolean> => {
      const { totalCount } = await queries.listTransactions({ scope: { groups }, identity }, page)
      return totalCount === 1
    }
    await store().database.pool.query(`INSERT INTO transactions
      (id, charge_point_id, evse_id, connector_id, started_at, stopped_at, received_at)
      VALUES (${key}, ${key}, 1, 1, now(), now(), now())`)
    expect([await sees([area]), await sees([site])]).toEqual([true, false])
    expect(await queries.deleteGroup(area, 'all')).toBe(true)
    expect([await sees([area]), await sees([site]), await sees([other])]).toEqual([false, true, false])
    // Without a group above, it is nobody's but theirs who see all.
    const [first, second] = [await queries.deleteGroup(site, 'all'), await queries.deleteGroup(other, 'all')]
    expect([first, second, await queries.deleteGroup(top, 'all')]).toEqual([true, true, true])
    expect(await sees([top, site, other, area])).toBe(false)
    expect((await queries.listTransactions({ scope: 'all', identity }, page)).totalCount).toBe(1)
    expect(await queries.group(top, 'all')).toBeNull()
  })

  test('after random changes it is a tree, and its counts are those of a simple model', async () => {
    const { queries } = store()
    const parents = new Map<number, number | null>()
    const charged = new Map<number, number>()
    const root = (await queries.createGroup({ name: `Root ${crypto.randomUUID()}` }, 'all')).key
    parents.set(root, null)
    const above = (key: number | null): number[] => (key === null ? [] : [key, ...above(parents.get(key) ?? null)])
    const heightOf = (key: number): number =>
      1 + Math.max(0, ...[...parents].filter(([, parent]) => parent === key).map(([child]) => heightOf(child)))
    const seed = Math.floor(Math.random() * 2 ** 32)
    const random = new Random(seed)
    for (let step = 0; step < 80; step++) {
      const keys = [...parents.keys()]
      const [key, target] = [random.pick(keys), random.pick(keys)]
      const what = random.below(4)
      if (what === 0) {
        const made = queries.createGroup({ name: `G${step}`, parentKey: target }, 'all')
        if (above(target).length >= groupDepthMax) await expect(made).rejects.toMatchObject(conflict)
        else parents.set((await made).key, target)
      } else if (what === 1 && key !== root) {
        const moved = queries.updateGroup(key, { parentKey: target }, 'all')
        const isRefused = above(target).includes(key) || above(target).length + heightOf(key) > groupDepthMax
        if (isRefused) await expect(moved).rejects.toMatchObject(conflict)
        else {
          await moved
          parents.set(key, target)
        }
      } else if (what === 2) {
        await queries.createChargePoint(`CP-${crypto.randomUUID()}`, { groupKey: key }, 'all')
        charged.set(key, (charged.get(key) ?? 0) + 1)
      } else if (key !== root) {
        const isUsed = charged.has(key) || [...parents.values()].includes(key)
        const deleted = queries.deleteGroup(key, 'all')
        if (isUsed) await expect(deleted).rejects.toMatchObject(conflict)
        else {
          expect(await deleted).toBe(true)
          parents.delete(key)
        }
      }
    }
    const groups = await queries.expandedGroups([root])
    expect(groups.toSorted((a, b) => a - b)).toEqual([...parents.keys()].toSorted((a, b) => a - b))
    const { items } = await queries.listGroups({ scope: { groups } }, page)
    const model = [...parents].map(([key, parentKey]) => ({
      key,
      parentKey,
      levels: above(key).length,
      chargePoints: charged.get(key) ?? 0,
      chargePointsBelow: [...charged].reduce((sum, [at, count]) => sum + (above(at).includes(key) ? count : 0), 0),
    }))
    const found = items.map(({ name: _, path, ...rest }) => ({ ...rest, levels: path.split('/').length }))
    expect(
      found.toSorted((a, b) => a.key - b.key),
      `seed ${seed}`,
    ).toEqual(model.toSorted((a, b) => a.key - b.key))
  })

  test('are found by the paths in a token, and no more groups are looked at than there are', async () => {
    const { pool } = store().database
    const { name, site, area, top } = await tenant(store())
    const names = Array.from({ length: 2_000 }, (_, at) => `Many ${at}`)
    const fill = 'INSERT INTO charge_point_groups (name, parent_id) SELECT unnest($1::text[]), $2'
    await pool.query(fill, [names, top])
    const select = `SELECT ${groupsOfPaths('$1::text[]')} AS groups`
    const right = [`${name}/Site 1`, `//${name}/Site 1/Area`]
    const wrong = [
      '',
      '/',
      name.slice(1),
      `${name}/`,
      `${name}/Site`,
      `${name}//Site 1`,
      `${name}/Site 1/Area/x`,
      'Area',
    ]
    const { rows } = await pool.query(select, [[...right, ...wrong]])
    expect(rows[0].groups.toSorted()).toEqual([site, area].toSorted())
    const paths = names.slice(0, 100).map((one) => `${name}/${one}`)
    const explained = await pool.query(`EXPLAIN (ANALYZE, FORMAT JSON) ${select}`, [paths])
    expect(rowsOf(explained.rows[0]['QUERY PLAN'])).toBeLessThan(20_000)
    await pool.query('DELETE FROM charge_point_groups WHERE name = ANY($1)', [names])
  })

  // The embedded database has one connection: its transactions never overlap.
  describe.if(provider !== 'Embedded')('changed by several at once', () => {
    test('two moves that make a cycle together: one of them is refused', async () => {
      const { queries } = store()
      for (let round = 0; round < 10; round++) {
        const { site, other, top } = await tenant(store())
        const moves = await Promise.allSettled([
          queries.updateGroup(site, { parentKey: other }, 'all'),
          queries.updateGroup(other, { parentKey: site }, 'all'),
        ])
        expect(moves.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
        expect(await queries.expandedGroups([top])).toHaveLength(4)
      }
    })

    test('a group that gets a charge point while it is deleted: one of both is refused', async () => {
      const { queries, database } = store()
      for (let round = 0; round < 20; round++) {
        const { area, site } = await tenant(store())
        const identity = `CP-${crypto.randomUUID()}`
        const line = { identity, input: { groupKey: area }, isPassword: () => false, isApiKey: () => false }
        const batch = { scope: 'all', mode: 'atomic', strictnessDefault: 'lenient' } as const
        if (round % 3 === 1) await queries.createChargePoint(identity, { groupKey: site }, 'all')
        const putting = [
          () => queries.createChargePoint(identity, { groupKey: area }, 'all'),
          () => queries.updateChargePoint(identity, { groupKey: area }, 'all'),
          async () => {
            const [outcome] = await queries.storeChargePoints([line], batch)
            if (outcome?.result !== 'created') throw new Error('It was refused.')
          },
        ]
        const both = await Promise.allSettled([queries.deleteGroup(area, 'all'), putting[round % 3]?.()])
        expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
        const { rows } = await database.pool.query(`SELECT c.identity FROM charge_points c
          WHERE c.group_id IS NOT NULL AND NOT EXISTS (SELECT FROM charge_point_groups g WHERE g.id = c.group_id)`)
        expect(rows).toEqual([])
      }
    })

    test('a group that gets an API key while it is deleted: one of both is refused', async () => {
      const { queries } = store()
      for (let round = 0; round < 20; round++) {
        const { area, site } = await tenant(store())
        const id = crypto.randomUUID()
        const create = (group: number) =>
          queries.createApiKey({
            ...{ id, name: id, role: 'viewer', groups: [group], expiresAtMs: null },
            ...{ createdAtMs: 0, createdBy: 'admin', secretHash: new Uint8Array(1) },
          })
        const before = round % 2 === 0 ? null : await create(site)
        const both = await Promise.allSettled([
          queries.deleteGroup(area, 'all'),
          before === null ? create(area) : queries.changeApiKey(before, { groups: [area] }),
        ])
        expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      }
    })

    test('a group that gets a group below it while it is deleted: one of both is refused', async () => {
      const { queries } = store()
      for (let round = 0; round < 10; round++) {
        const { area, other } = await tenant(store())
        const both = await Promise.allSettled([
          queries.deleteGroup(area, 'all'),
          round % 2 === 0
            ? queries.createGroup({ name: 'New', parentKey: area }, 'all')
            : queries.updateGroup(other, { parentKey: area }, 'all'),
        ])
        expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
      }
    })
  })
})
