// Groups of charge points, as trees: each group knows the one that it is part of. A group is shown with its path, from
// the highest group that the sender of the request may see. Changes of a tree run one after the other, under a lock:
// two moves could make a cycle together.

import { type SQL, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { StatorError } from '../base/errors.ts'
import { groupDepthMax, groupsMax } from '../base/limits.ts'
import { storableText } from '../base/storable-text.ts'
import type { GroupFilter, GroupInput, GroupRecord } from '../blocks/groups.ts'
import type { Page, PageOf } from '../blocks/records.ts'
import type { Scope } from '../blocks/scope.ts'
import type { GroupCounts } from './charge-point-sets.ts'
import { groupsBelow, isGroupOfScope } from './in-scope.ts'
import type { ListSource } from './paging.ts'
import { isAlreadyStored } from './store-error.ts'

/** Key of the advisory lock under which groups are created, moved and deleted. */
const groupTreeLock = 6_017_305

type Db = Pick<NodePgDatabase, 'execute'>

interface GroupUse {
  /** Whether something uses the group with this key, so that it cannot be deleted. */
  readonly isUsed: (key: number) => SQL
  /** What uses it. */
  readonly what: string
}

/** What keeps a group from being deleted. Deleted charge points do not. */
const groupUses: readonly GroupUse[] = [
  {
    isUsed: (key) => sql`EXISTS (SELECT FROM charge_points WHERE group_id = ${key} AND deleted_at IS NULL)`,
    what: 'it has charge points',
  },
  {
    isUsed: (key) => sql`EXISTS (SELECT FROM charge_point_groups WHERE parent_id = ${key})`,
    what: 'there are groups below it',
  },
  {
    isUsed: (key) => sql`EXISTS (SELECT FROM api_keys WHERE ${key}::int4 = ANY(groups) AND revoked_at IS NULL)`,
    what: 'there are API keys for it',
  },
]

interface StoredGroup {
  readonly id: number
  readonly name: string
  /** Whether the group above it is outside of the scope, or there is none. */
  readonly isTop: boolean
}

export function createGroupQueries({ db, sets }: Pick<ListSource, 'db' | 'sets'>) {
  const changingTree = <T>(change: (transaction: Db) => Promise<T>): Promise<T> =>
    db.transaction(async (transaction) => {
      await transaction.execute(sql`SELECT pg_advisory_xact_lock(${groupTreeLock}::int8)`)
      return change(transaction)
    })

  return {
    /** Keys of the groups with these keys that exist, and of all groups below them: what a scope of groups means. */
    async expandedGroups(keys: readonly number[]): Promise<number[]> {
      const { rows } = await db.execute<{ readonly id: number }>(groupsBelow(keys, 'all'))
      return rows.map(({ id }) => id)
    },

    /** By path: a group comes before those below it. */
    async listGroups(filter: GroupFilter, page: Page): Promise<PageOf<GroupRecord>> {
      const { parentKey, scope } = filter
      const isWanted =
        parentKey === undefined
          ? sql`true`
          : parentKey === null
            ? sql`t."parentKey" IS NULL`
            : sql`t."parentKey" = ${parentKey}`
      const counts = await sets.countsOfGroups()
      const [counted, items] = await Promise.all([
        db.execute<{ readonly count: number }>(
          sql`${tree(scope)} SELECT count(*)::int4 AS count FROM tree t WHERE ${isWanted}`,
        ),
        groupsOf(db, counts, scope, isWanted, page),
      ])
      return { totalCount: counted.rows[0]?.count ?? 0, items }
    },

    async group(key: number, scope: Scope): Promise<GroupRecord | null> {
      return groupOf(db, await sets.countsOfGroups(), key, scope)
    },

    /**
     * @throws {StatorError} `BAD_REQUEST` if there is no such group above it in the scope; `CONFLICT` if that has a
     *   group of the name, if it would be too deep, or if there are too many groups.
     */
    async createGroup({ name, parentKey }: GroupInput & { name: string }, scope: Scope): Promise<GroupRecord> {
      const counts = await sets.countsOfGroups()
      return changingTree(async (transaction) => {
        await requireParent(transaction, parentKey ?? null, scope)
        await requireRoom(transaction)
        await requireDepth(transaction, parentKey ?? null, 1)
        const insert = sql`INSERT INTO charge_point_groups (name, parent_id)
          VALUES (${storableText(name)}, ${parentKey ?? null}) RETURNING id`
        const { rows } = await namedOnce(transaction.execute<{ readonly id: number }>(insert), name)
        const [made] = rows
        if (made === undefined) throw new StatorError('INTERNAL', `Group '${name}' was not stored.`)
        return shown(transaction, counts, made.id, scope)
      })
    },

    /**
     * Renames or moves a group; null: there is none.
     *
     * @throws {StatorError} `FORBIDDEN` for a group at the top of the scope; `BAD_REQUEST` if there is no such group
     *   above it in the scope; `CONFLICT` if that has a group of the name, is below the group, or is too deep.
     */
    async updateGroup(key: number, { name, parentKey }: GroupInput, scope: Scope): Promise<GroupRecord | null> {
      const counts = await sets.countsOfGroups()
      return changingTree(async (transaction) => {
        const stored = await stillThere(transaction, key, scope)
        if (stored === null) return null
        if (parentKey !== undefined) {
          await requireParent(transaction, parentKey, scope)
          await requireNotBelow(transaction, parentKey, stored)
          await requireDepth(transaction, parentKey, await heightOf(transaction, key))
        }
        const newName = name === undefined ? stored.name : storableText(name)
        const moved = parentKey === undefined ? sql`` : sql`, parent_id = ${parentKey}`
        const update = sql`UPDATE charge_point_groups SET name = ${newName}${moved} WHERE id = ${key}`
        await namedOnce(transaction.execute(update), newName)
        return shown(transaction, counts, key, scope)
      })
    },

    /**
     * Whether there was one. Deleted charge points that were in it go to the group above it: who saw their transactions
     * from above sees them still, and nobody else does.
     *
     * @throws {StatorError} `FORBIDDEN` for a group at the top of the scope; `CONFLICT` while it is used.
     */
    async deleteGroup(key: number, scope: Scope): Promise<boolean> {
      return changingTree(async (transaction) => {
        // The row is locked first: see `lockedGroups`. What has been put into the group by then is seen.
        const stored = await stillThere(transaction, key, scope)
        if (stored === null) return false
        for (const { isUsed, what } of groupUses) {
          const { rows } = await transaction.execute<{ readonly isUsed: boolean }>(
            sql`SELECT ${isUsed(key)} AS "isUsed"`,
          )
          if (rows[0]?.isUsed === true) throw conflict(`Group '${stored.name}' cannot be deleted: ${what}`)
        }
        await transaction.execute(sql`UPDATE charge_points c SET group_id = g.parent_id
          FROM charge_point_groups g WHERE g.id = ${key} AND c.group_id = g.id`)
        await transaction.execute(sql`DELETE FROM prices WHERE group_id = ${key}`)
        await transaction.execute(sql`DELETE FROM charge_point_groups WHERE id = ${key}`)
        return true
      })
    },
  }
}

/** `tree`: the groups of a scope, each with its path and the group above it, as far as they are in the scope. */
function tree(scope: Scope): SQL {
  return sql`WITH RECURSIVE tree AS (
    SELECT g.id AS key, NULL::int4 AS "parentKey", g.name, g.name AS path, ARRAY[g.name] AS names
    FROM charge_point_groups g
    WHERE ${isGroupOfScope(scope, sql`g.id`)}
      AND (g.parent_id IS NULL OR NOT ${isGroupOfScope(scope, sql`g.parent_id`)})
    UNION ALL
    SELECT g.id, t.key, g.name, t.path || '/' || g.name, t.names || g.name
    FROM tree t JOIN charge_point_groups g ON g.parent_id = t.key WHERE ${isGroupOfScope(scope, sql`g.id`)}
  )`
}

async function groupsOf(
  db: Db,
  { groups, counts }: GroupCounts,
  scope: Scope,
  isWanted: SQL,
  { page, pageSize }: Page,
): Promise<GroupRecord[]> {
  const { rows } = await db.execute<{ readonly group: GroupRecord }>(sql`${tree(scope)}, page AS (
      SELECT * FROM tree t WHERE ${isWanted} ORDER BY names, key LIMIT ${pageSize} OFFSET ${(page - 1) * pageSize}
    ), below AS (
      SELECT key AS top, key FROM page
      UNION ALL SELECT b.top, g.id FROM below b JOIN charge_point_groups g ON g.parent_id = b.key
    ), counted AS (
      SELECT b.top, (sum(c.count) FILTER (WHERE b.key = b.top))::int4 AS own, sum(c.count)::int4 AS total
      FROM below b JOIN unnest(${sql.param(groups)}::int4[], ${sql.param(counts)}::int4[]) AS c(key, count) ON c.key = b.key
      GROUP BY b.top
    )
    SELECT json_build_object('key', p.key, 'name', p.name, 'parentKey', p."parentKey", 'path', p.path,
      'chargePoints', COALESCE(c.own, 0), 'chargePointsBelow', COALESCE(c.total, 0)) AS "group"
    FROM page p LEFT JOIN counted c ON c.top = p.key ORDER BY p.names, p.key`)
  return rows.map(({ group }) => group)
}

async function groupOf(db: Db, counts: GroupCounts, key: number, scope: Scope): Promise<GroupRecord | null> {
  const [found] = await groupsOf(db, counts, scope, sql`t.key = ${key}`, { page: 1, pageSize: 1 })
  return found ?? null
}

/** A group that was just stored: the scope of the sender was read before that, and does not name a new one. */
async function shown(db: Db, counts: GroupCounts, key: number, scope: Scope): Promise<GroupRecord> {
  const wider = scope !== 'all' && 'groups' in scope ? { groups: [...scope.groups, key] } : scope
  const found = await groupOf(db, counts, key, wider)
  if (found === null) throw new StatorError('INTERNAL', `Group ${key} was not stored.`)
  return found
}

/** The group, locked until the end of the transaction. @throws {StatorError} `FORBIDDEN` at the top of the scope. */
async function stillThere(db: Db, key: number, scope: Scope): Promise<StoredGroup | null> {
  const { rows } = await db.execute<{ readonly name: string; readonly isTop: boolean }>(sql`
    SELECT g.name, (g.parent_id IS NULL OR NOT ${isGroupOfScope(scope, sql`g.parent_id`)}) AS "isTop"
    FROM charge_point_groups g WHERE g.id = ${key} AND ${isGroupOfScope(scope, sql`g.id`)} FOR UPDATE`)
  const [found] = rows
  if (found === undefined) return null
  if (found.isTop && scope !== 'all') {
    const sentence = `Group '${found.name}' is at the top of your scope; only who may see the groups above it may change it`
    throw new StatorError('FORBIDDEN', sentence, { missing: 'a scope of a group above it' })
  }
  return { id: key, ...found }
}

async function requireParent(db: Db, parentKey: number | null, scope: Scope): Promise<void> {
  if (parentKey === null) {
    if (scope === 'all') return
    throw badParent('Parent id must be one of your groups: your scope is not that of all charge points')
  }
  const { rows } = await db.execute(
    sql`SELECT FROM charge_point_groups WHERE id = ${parentKey} AND ${isGroupOfScope(scope, sql`id`)}`,
  )
  if (rows.length === 0) throw badParent(noGroup(parentKey))
}

async function requireRoom(db: Db): Promise<void> {
  const { rows } = await db.execute<{ readonly count: number }>(
    sql`SELECT count(*)::int4 AS count FROM charge_point_groups`,
  )
  if ((rows[0]?.count ?? 0) >= groupsMax) throw conflict(`There are ${groupsMax} groups already, and no room for more`)
}

/** `above`: the group with that key, and those above it. */
function above(key: number | null): SQL {
  return sql`WITH RECURSIVE above AS (
    SELECT id, parent_id FROM charge_point_groups WHERE id = ${key}::int4
    UNION SELECT g.id, g.parent_id FROM above a JOIN charge_point_groups g ON g.id = a.parent_id
  )`
}

async function requireNotBelow(db: Db, parentKey: number | null, { id, name }: StoredGroup): Promise<void> {
  const { rows } = await db.execute(sql`${above(parentKey)} SELECT FROM above WHERE id = ${id}`)
  if (rows.length > 0) throw conflict(`Group '${name}' cannot be moved below itself`)
}

/** @throws {StatorError} `CONFLICT` if groups of `height` levels would be too deep below that group. */
async function requireDepth(db: Db, parentKey: number | null, height: number): Promise<void> {
  const { rows } = await db.execute<{ readonly depth: number }>(
    sql`${above(parentKey)} SELECT count(*)::int4 AS depth FROM above`,
  )
  if ((rows[0]?.depth ?? 0) + height > groupDepthMax) {
    throw conflict(`Groups have at most ${groupDepthMax} levels`)
  }
}

/** How many levels the groups from this one downwards have. */
async function heightOf(db: Db, key: number): Promise<number> {
  const { rows } = await db.execute<{ readonly height: number }>(sql`
    WITH RECURSIVE below AS (
      SELECT ${key}::int4 AS id, 1 AS level
      UNION ALL SELECT g.id, b.level + 1 FROM below b JOIN charge_point_groups g ON g.parent_id = b.id
    )
    SELECT max(level) AS height FROM below`)
  return rows[0]?.height ?? 1
}

async function namedOnce<T>(stored: Promise<T>, name: string): Promise<T> {
  try {
    return await stored
  } catch (error) {
    if (!isAlreadyStored(error)) throw error
    throw new StatorError('CONFLICT', `There is a group '${name}' already in the same place`, undefined, error)
  }
}

/** The issue of a field that names a group that does not exist, or is not in the scope. */
export function noGroup(key: number): string {
  return `There is no group ${key}`
}

function badParent(issue: string): StatorError {
  return new StatorError('BAD_REQUEST', 'Invalid request format', { field: 'parentId', issue })
}

function conflict(sentence: string): StatorError {
  return new StatorError('CONFLICT', sentence)
}
