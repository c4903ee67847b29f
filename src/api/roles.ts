// /api/roles: what operators may be allowed to do, by name. Nobody gives what they do not have: see giving.ts.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { isoTime } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import { operatorNameCharactersMax, roleDescriptionCharactersMax } from '../base/limits.ts'
import { nearest } from '../base/nearest.ts'
import { withDefined } from '../base/with-defined.ts'
import { allPermissions, type Permission, permissionTable } from '../operators/permissions.ts'
import { nameOf } from '../operators/principal.ts'
import type { RoleRecord } from '../operators/records.ts'
import { builtInMeanings, builtInRole, builtInRoles, roleName } from '../operators/roles.ts'
import { noteChange } from './audited.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { notFound } from './errors.ts'
import { change, text } from './fields.ts'
import { requireOwn, requireOwnTime } from './giving.ts'
import { pageFields, pageOf, pageQuery } from './paging.ts'
import { body, errors, json, Time } from './responses.ts'
import { routeFor } from './route.ts'

const meanings = allPermissions.map((permission) => `\`${permission}\`: ${permissionTable[permission].means}`)

const permission = z
  .enum(allPermissions, {
    error: ({ input }) => {
      if (typeof input !== 'string') return 'Permissions must be texts, such as "chargepoint:read"'
      const meant = nearest(input, allPermissions)
      return `There is no permission '${input.slice(0, 100)}'${meant === null ? '' : `; '${meant}' was probably meant`}`
    },
  })
  .openapi('Permission', { description: meanings.join('\n\n') })

const fields = {
  description: text('Description', roleDescriptionCharactersMax).nullish(),
  permissions: z
    .array(permission, { error: 'Permissions must be a list of permissions' })
    .max(allPermissions.length, { error: `Permissions must be at most ${allPermissions.length}` })
    .openapi({ example: ['chargepoint:read', 'command:reset'] }),
}

const NewRole = z
  .strictObject({
    name: text('Name', operatorNameCharactersMax)
      .regex(roleName, {
        error: 'Name must have lower-case letters, digits and "-" only, and begin with a letter',
      })
      .openapi({ example: 'resetter' }),
    ...fields,
  })
  .openapi('NewRole')

const RoleChange = change({ description: fields.description, permissions: fields.permissions.optional() }).openapi(
  'RoleChange',
  { description: 'A field that is left out stays unchanged; null removes its value. At least one field is required.' },
)

const Role = z
  .object({
    name: z.string().openapi({ example: 'resetter' }),
    isBuiltIn: z.boolean().openapi({ description: 'Always there; cannot be changed.' }),
    description: z.string().nullable(),
    permissions: z.array(permission),
    createdAt: Time.nullable().openapi({ description: 'Null if it is always there.' }),
    createdBy: z.string().nullable().openapi({ example: 'admin' }),
  })
  .openapi('Role')

const RoleParams = z.object({
  name: z.string().openapi({ param: { name: 'name', in: 'path' }, example: 'viewer' }),
})

const listRoute = routeFor('role:read', {
  method: 'get',
  path: '/api/roles',
  operationId: 'listRoles',
  tags: ['Operators'],
  summary: 'List all roles',
  description: 'Those that are always there first, then by name.',
  request: { query: z.strictObject(pageQuery) },
  responses: {
    200: json(z.object({ ...pageFields, roles: z.array(Role) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const getRoute = routeFor('role:read', {
  method: 'get',
  path: '/api/roles/{name}',
  operationId: 'getRole',
  tags: ['Operators'],
  summary: 'Get a role',
  description: 'With its permissions, each of which the schema `Permission` explains.',
  request: { params: RoleParams },
  responses: { 200: json(Role, 'The role.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
})

const newRoute = routeFor('role:write', {
  method: 'post',
  path: '/api/roles',
  operationId: 'createRole',
  tags: ['Operators'],
  summary: 'Create a role',
  description: 'It may have no permission that the sender lacks.',
  request: { body: body(NewRole, true) },
  responses: {
    201: json(Role, 'API keys may have it now.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const changeRoute = routeFor('role:write', {
  method: 'patch',
  path: '/api/roles/{name}',
  operationId: 'changeRole',
  tags: ['Operators'],
  summary: 'Change a role',
  description:
    'It takes all permissions of the role, before and after; a key that expires adds none. For those who have the role the change counts on every node within two seconds.',
  request: { params: RoleParams, body: body(RoleChange, true) },
  responses: {
    200: json(Role, 'As it is now.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const deleteRoute = routeFor('role:write', {
  method: 'delete',
  path: '/api/roles/{name}',
  operationId: 'deleteRole',
  tags: ['Operators'],
  summary: 'Delete a role',
  description: 'Not while an API key has it that is not revoked.',
  request: { params: RoleParams },
  responses: { 204: { description: 'It is gone.' }, ...errors('FORBIDDEN', 'NOT_FOUND', 'CONFLICT') },
})

/** Reading and changing roles. */
export function roleRoutes({ queries, clock }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  app.openapi(listRoute, async (c) => {
    const page = c.req.valid('query')
    const roles = [...builtInViews, ...(await queries.ownRoles()).map(ownView)]
    const from = (page.page - 1) * page.pageSize
    const listed = pageOf({ totalCount: roles.length, items: [] }, page)
    return c.json({ ...listed, roles: roles.slice(from, from + page.pageSize) }, 200)
  })

  app.openapi(getRoute, async (c) => {
    const { name } = c.req.valid('param')
    const builtIn = builtInViews.find((role) => role.name === name)
    return c.json(builtIn ?? ownView(found(await queries.ownRole(name), name)), 200)
  })

  app.openapi(newRoute, async (c) => {
    const { name, description = null, permissions } = c.req.valid('json')
    const sender = c.get('principal')
    refuseBuiltIn(name)
    requireOwn(sender, permissions)
    const role = {
      name,
      description,
      permissions: uniqueOf(permissions),
      createdAtMs: clock.nowMs(),
      createdBy: nameOf(sender),
    }
    await queries.createRole(role)
    noteChange(c, { after: ownView(role) })
    c.header('Location', `/api/roles/${name}`)
    return c.json(ownView(role), 201)
  })

  app.openapi(changeRoute, async (c) => {
    const { name } = c.req.valid('param')
    const { description, permissions } = c.req.valid('json')
    const sender = c.get('principal')
    refuseBuiltIn(name)
    const before = found(await queries.ownRole(name), name)
    requireOwn(sender, before.permissions)
    requireOwn(sender, permissions ?? [])
    const wanted = withDefined({ description, permissions: permissions && uniqueOf(permissions) })
    // Keys that never end may have the role.
    if (wanted.permissions?.some((each) => !before.permissions.includes(each)) === true) requireOwnTime(sender, null)
    const changed = await queries.changeRole(name, wanted, [...sender.permissions])
    if (changed === null) throw new StatorError('CONFLICT', 'The role was changed meanwhile; read it again')
    noteChange(c, { before: ownView(before), after: ownView(changed) })
    return c.json(ownView(changed), 200)
  })

  app.openapi(deleteRoute, async (c) => {
    const { name } = c.req.valid('param')
    refuseBuiltIn(name)
    const before = found(await queries.ownRole(name), name)
    if (!(await queries.deleteRole(name))) throw notFound('Role', name)
    noteChange(c, { before: ownView(before) })
    return c.body(null, 204)
  })

  return app
}

type RoleView = z.infer<typeof Role>

const builtInViews: readonly RoleView[] = Object.entries(builtInRoles).map(([name, permissions]) => ({
  name,
  isBuiltIn: true,
  description: builtInMeanings[name] ?? null,
  permissions: [...permissions],
  createdAt: null,
  createdBy: null,
}))

function ownView({ name, description, permissions, createdAtMs, createdBy }: RoleRecord): RoleView {
  const createdAt = isoTime(createdAtMs)
  return { name, isBuiltIn: false, description, permissions: [...permissions], createdAt, createdBy }
}

function found(role: RoleRecord | null, name: string): RoleRecord {
  if (role === null) throw notFound('Role', name)
  return role
}

function uniqueOf(permissions: readonly Permission[]): readonly Permission[] {
  return allPermissions.filter((each) => permissions.includes(each))
}

/** @throws {StatorError} `CONFLICT` for a role that is always there. */
function refuseBuiltIn(name: string): void {
  if (builtInRole(name) === null) return
  throw new StatorError('CONFLICT', `The role '${name}' is always there and stays as it is; make one of another name`)
}
