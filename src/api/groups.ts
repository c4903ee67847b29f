// /api/groups: groups of charge points, as trees. An API key may be for some groups and all below them.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { groupDepthMax, groupNameCharactersMax, integerMax } from '../base/limits.ts'
import { withDefined } from '../base/with-defined.ts'
import type { GroupInput, GroupRecord } from '../blocks/groups.ts'
import { scopeOf } from './access.ts'
import { noteChange } from './audited.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { notFound } from './errors.ts'
import { change, GroupParams, integer, integerText, text } from './fields.ts'
import { pageFields, pageOf, pageQuery } from './paging.ts'
import { body, errors, json } from './responses.ts'
import { routeFor } from './route.ts'

const tags = ['Groups']

const name = text('Name', groupNameCharactersMax)
  .regex(/^[^/]*$/, { error: 'Name must not contain "/": it stands between the names of a path' })
  .openapi({
    description: 'Unique among the groups in the same place; without "/".',
    pattern: '^[^\\x00-\\x1f\\x7f-\\x9f/]*$',
    example: 'Site 1',
  })

const parentId = integer('Parent id', 1)
  .nullish()
  .openapi({ description: 'The group that it is part of; null: none.', example: 1 })

const NewGroup = z.strictObject({ name, parentId }).openapi('NewGroup')

const GroupChange = change({ name: name.optional(), parentId }).openapi('GroupChange', {
  description: 'A field that is left out stays unchanged. At least one field is required.',
})

const Group = z
  .object({
    id: z.int().openapi({ example: 2 }),
    name: z.string().openapi({ example: 'Site 1' }),
    parentId: z.int().nullable().openapi({
      description: 'The group that it is part of; null: none, or one that the sender may not see.',
      example: 1,
    }),
    path: z.string().openapi({
      description: 'Its name, after those of the groups above it that the sender may see.',
      example: 'Tenant A/Site 1',
    }),
    chargePointCount: z.int().openapi({ description: 'Charge points in it.', example: 12 }),
    totalChargePointCount: z
      .int()
      .openapi({ description: 'Charge points in it and in all groups below it.', example: 12 }),
  })
  .openapi('Group')

const newRoute = routeFor('group:write', {
  method: 'post',
  path: '/api/groups',
  operationId: 'createGroup',
  tags,
  summary: 'Create a group',
  description: `Groups are trees of at most ${groupDepthMax} levels, such as tenants and their sites. Who may only see some groups creates one below one of these.`,
  request: { body: body(NewGroup, true) },
  responses: {
    201: json(Group, 'The group.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const listRoute = routeFor('group:read', {
  method: 'get',
  path: '/api/groups',
  operationId: 'listGroups',
  tags,
  summary: 'List groups',
  description: 'By path: each group is followed by those below it.',
  request: {
    query: z.strictObject({
      parentId: z
        .union([z.literal('none'), integerText('Parent id', 1, integerMax)], {
          error: 'Parent id must be a positive integer, or none',
        })
        .optional()
        .openapi({
          param: { name: 'parentId', in: 'query' },
          description: 'Only those right below this group; `none`: only those that are part of no other one.',
        }),
      ...pageQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, groups: z.array(Group) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const getRoute = routeFor('group:read', {
  method: 'get',
  path: '/api/groups/{groupId}',
  operationId: 'getGroup',
  tags,
  summary: 'Get a group',
  description: 'With its path and how many charge points are in it.',
  request: { params: GroupParams },
  responses: { 200: json(Group, 'The group.'), ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND') },
})

const changeRoute = routeFor('group:write', {
  method: 'patch',
  path: '/api/groups/{groupId}',
  operationId: 'changeGroup',
  tags,
  summary: 'Rename or move a group',
  description:
    'A move takes the groups below it, and all their charge points, along: who may see the group above may see them from then on. Who may only see some groups cannot change the highest ones of these.',
  request: { params: GroupParams, body: body(GroupChange, true) },
  responses: {
    200: json(Group, 'As it is now.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const deleteRoute = routeFor('group:write', {
  method: 'delete',
  path: '/api/groups/{groupId}',
  operationId: 'deleteGroup',
  tags,
  summary: 'Delete a group',
  description:
    'Not while it has charge points, groups below it, or API keys whose scope names it. Deleted charge points do not count; what is stored of them belongs to the group above from then on.',
  request: { params: GroupParams },
  responses: {
    204: { description: 'It is gone.' },
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT'),
  },
})

/** The routes of groups. */
export function groupRoutes({ queries }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(newRoute, async (c) => {
    const { name: wanted, ...rest } = c.req.valid('json')
    const group = await queries.createGroup({ name: wanted, ...groupInput(rest) }, scopeOf(c))
    noteChange(c, { after: placeOf(group) })
    c.header('Location', `/api/groups/${group.key}`)
    return c.json(groupView(group), 201)
  })

  app.openapi(listRoute, async (c) => {
    const { parentId: parent, ...page } = c.req.valid('query')
    const parentKey = parent === 'none' ? null : parent
    const listed = await queries.listGroups({ scope: scopeOf(c), ...withDefined({ parentKey }) }, page)
    return c.json({ ...pageOf(listed, page), groups: listed.items.map(groupView) }, 200)
  })

  app.openapi(getRoute, async (c) => {
    const { groupId } = c.req.valid('param')
    return c.json(groupView(found(await queries.group(groupId, scopeOf(c)), groupId)), 200)
  })

  app.openapi(changeRoute, async (c) => {
    const { groupId } = c.req.valid('param')
    const before = found(await queries.group(groupId, scopeOf(c)), groupId)
    const group = found(await queries.updateGroup(groupId, groupInput(c.req.valid('json')), scopeOf(c)), groupId)
    noteChange(c, { before: placeOf(before), after: placeOf(group) })
    return c.json(groupView(group), 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const { groupId } = c.req.valid('param')
    const before = found(await queries.group(groupId, scopeOf(c)), groupId)
    if (!(await queries.deleteGroup(groupId, scopeOf(c)))) throw notFound('Group', groupId)
    noteChange(c, { before: placeOf(before) })
    return c.body(null, 204)
  })

  return app
}

function groupInput({ name: newName, parentId: parentKey }: z.infer<typeof GroupChange>): GroupInput {
  return withDefined({ name: newName, parentKey })
}

function found(group: GroupRecord | null, groupId: number): GroupRecord {
  if (group === null) throw notFound('Group', groupId)
  return group
}

/** What operators have stored of a group, for the audit log. */
function placeOf({ key: id, name, parentKey: parentId, path }: GroupRecord) {
  return { id, name, parentId, path }
}

function groupView(group: GroupRecord): z.infer<typeof Group> {
  const { key: id, name: ownName, parentKey, path, chargePoints, chargePointsBelow } = group
  return {
    id,
    name: ownName,
    parentId: parentKey,
    path,
    chargePointCount: chargePoints,
    totalChargePointCount: chargePointsBelow,
  }
}
