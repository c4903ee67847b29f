// /api/api-keys: API keys of operators. Nobody gives what they do not have: see giving.ts.

import { z } from '@hono/zod-openapi'
import type { OpenAPIHono } from '@hono/zod-openapi'
import type { SettingsKey } from '../auth/key-ring.ts'
import { StatorError } from '../base/errors.ts'
import { withDefined } from '../base/with-defined.ts'
import { newKeyText } from '../operators/key-text.ts'
import type { Permission } from '../operators/permissions.ts'
import { nameOf } from '../operators/principal.ts'
import { type ApiKeyRecord, apiKeyStates } from '../operators/records.ts'
import { builtInRole } from '../operators/roles.ts'
import { scopeOf } from './access.ts'
import { ApiKey, ApiKeyChange, apiKeyView, CreatedApiKey, NewApiKey, settingsKeyView } from './api-key-views.ts'
import { noteChange } from './audited.ts'
import type { ApiDeps } from './deps.ts'
import { apiApp } from './env.ts'
import type { ApiEnv } from './env.ts'
import { badRequest, notFound } from './errors.ts'
import { oneOf } from './fields.ts'
import { permissionsOfRole, requireOwn, requireOwnGroups, requireOwnTime } from './giving.ts'
import { pageFields, pageOf, pageQuery } from './paging.ts'
import { body, errors, json } from './responses.ts'
import { routeFor } from './route.ts'

const dayMs = 86_400_000

const ApiKeyParams = z.object({
  keyId: z.string().openapi({
    param: { name: 'keyId', in: 'path' },
    description: 'The id of the key; `admin` and `settings-<n>` are those of the settings.',
    example: '6f1c0d9be2a84375',
  }),
})

const listRoute = routeFor('apikey:read', {
  method: 'get',
  path: '/api/api-keys',
  operationId: 'listApiKeys',
  tags: ['Operators'],
  summary: 'List all API keys of operators',
  description:
    'Those of the settings first, then the newest. An operator for some groups sees the keys that are for no other charge points.',
  request: {
    query: z.strictObject({
      state: oneOf('State', apiKeyStates)
        .optional()
        .openapi({ param: { name: 'state', in: 'query' }, description: 'Only those of this state.' }),
      ...pageQuery,
    }),
  },
  responses: {
    200: json(z.object({ ...pageFields, apiKeys: z.array(ApiKey) }), 'A page of them.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN'),
  },
})

const getRoute = routeFor('apikey:read', {
  method: 'get',
  path: '/api/api-keys/{keyId}',
  operationId: 'getApiKey',
  tags: ['Operators'],
  summary: 'Get an API key',
  description: 'Its text is never shown again.',
  request: { params: ApiKeyParams },
  responses: { 200: json(ApiKey, 'The key.'), ...errors('FORBIDDEN', 'NOT_FOUND') },
})

const newRoute = routeFor('apikey:write', {
  method: 'post',
  path: '/api/api-keys',
  operationId: 'createApiKey',
  tags: ['Operators'],
  summary: 'Create an API key',
  description:
    'Its role may have no permission that the sender lacks, its groups must be among those of the sender, and it may not outlive the key that makes it. The answer has its text, once.',
  request: { body: body(NewApiKey, true) },
  responses: {
    201: json(CreatedApiKey, 'The key, with its text.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const changeRoute = routeFor('apikey:write', {
  method: 'patch',
  path: '/api/api-keys/{keyId}',
  operationId: 'changeApiKey',
  tags: ['Operators'],
  summary: 'Change an API key',
  description:
    'It takes all permissions of its role, before and after. A key that expires changes role and groups only of keys that expire no later. The change counts on every node within two seconds. The text of the key stays the same.',
  request: { params: ApiKeyParams, body: body(ApiKeyChange, true) },
  responses: {
    200: json(ApiKey, 'As it is now.'),
    ...errors('BAD_REQUEST', 'FORBIDDEN', 'NOT_FOUND', 'CONFLICT', 'REQUEST_TOO_LARGE'),
  },
})

const revokeRoute = routeFor('apikey:write', {
  method: 'delete',
  path: '/api/api-keys/{keyId}',
  operationId: 'revokeApiKey',
  tags: ['Operators'],
  summary: 'Revoke an API key',
  description: 'For ever, on every node within two seconds. It stays in the list. A key may revoke itself.',
  request: { params: ApiKeyParams },
  responses: { 204: { description: 'It is revoked.' }, ...errors('FORBIDDEN', 'NOT_FOUND', 'CONFLICT') },
})

/** Reading, making, changing and revoking API keys. */
export function apiKeyRoutes({ queries, settingsKeys, hash, clock }: ApiDeps): OpenAPIHono<ApiEnv> {
  const app = apiApp()

  /** Keys of the settings are for all charge points, so that an operator for some of them does not see them. */
  const ofSettings = (id: string, scope: ReturnType<typeof scopeOf>): SettingsKey | undefined =>
    scope === 'all' ? settingsKeys.find((key) => key.id === id) : undefined

  const permissionsNow = async (role: string): Promise<readonly Permission[]> =>
    builtInRole(role) ?? (await queries.ownRole(role))?.permissions ?? []

  const requireFuture = (expiresAtMs: number | null | undefined): void => {
    if (typeof expiresAtMs !== 'number' || expiresAtMs > clock.nowMs()) return
    throw badRequest('expiresAt', 'Expires at must be in the future; to end a key now, revoke it')
  }

  app.openapi(listRoute, async (c) => {
    const { page, pageSize, state } = c.req.valid('query')
    const [scope, nowMs, from] = [scopeOf(c), clock.nowMs(), (page - 1) * pageSize]
    const first = scope === 'all' && (state === undefined || state === 'active') ? settingsKeys : []
    const shown = first.slice(from, from + pageSize)
    const filter = { scope, nowMs, ...(state === undefined ? {} : { state }) }
    const [uses, stored] = await Promise.all([
      shown.length === 0 ? null : queries.keyUses(shown.map(({ id }) => id)),
      queries.listApiKeys(filter, Math.max(0, from - first.length), pageSize - shown.length),
    ])
    const apiKeys = [
      ...shown.map((key) => settingsKeyView(key, uses?.get(key.id) ?? null)),
      ...stored.items.map((record) => apiKeyView(record, nowMs)),
    ]
    const all = { totalCount: first.length + stored.totalCount, items: [] }
    return c.json({ ...pageOf(all, { page, pageSize }), apiKeys }, 200)
  })

  app.openapi(getRoute, async (c) => {
    const { keyId } = c.req.valid('param')
    const settingsKey = ofSettings(keyId, scopeOf(c))
    if (settingsKey !== undefined) {
      return c.json(settingsKeyView(settingsKey, (await queries.keyUses([keyId])).get(keyId) ?? null), 200)
    }
    return c.json(apiKeyView(found(await queries.apiKeyRecord(keyId, scopeOf(c)), keyId), clock.nowMs()), 200)
  })

  app.openapi(newRoute, async (c) => {
    const { name, role, groupIds = null, expiresAt = null, expiresInDays } = c.req.valid('json')
    const sender = c.get('principal')
    const createdAtMs = clock.nowMs()
    const expiresAtMs = expiresInDays === undefined ? expiresAt : createdAtMs + expiresInDays * dayMs
    requireFuture(expiresAtMs)
    requireOwn(sender, await permissionsOfRole(queries, role))
    await requireOwnGroups(queries, sender, groupIds)
    requireOwnTime(sender, expiresAtMs)
    const { id, text } = newKeyText()
    const record = await queries.createApiKey({
      id,
      name,
      role,
      groups: uniqueOf(groupIds),
      expiresAtMs,
      createdAtMs,
      createdBy: nameOf(sender),
      secretHash: hash.apiKey(text),
    })
    noteChange(c, { after: apiKeyView(record, createdAtMs) })
    c.header('Location', `/api/api-keys/${id}`)
    c.header('Cache-Control', 'no-store')
    return c.json({ apiKey: text, ...apiKeyView(record, createdAtMs) }, 201)
  })

  app.openapi(changeRoute, async (c) => {
    const { keyId } = c.req.valid('param')
    const { name, role, groupIds, expiresAt } = c.req.valid('json')
    const sender = c.get('principal')
    refuseOfSettings(ofSettings(keyId, scopeOf(c)))
    const before = found(await queries.apiKeyRecord(keyId, scopeOf(c)), keyId)
    if (before.revokedAtMs !== null) throw new StatorError('CONFLICT', 'The key is revoked, for ever; create another')
    requireFuture(expiresAt)
    requireOwn(sender, await permissionsNow(before.role))
    if (role !== undefined) requireOwn(sender, await permissionsOfRole(queries, role))
    if (groupIds !== undefined) await requireOwnGroups(queries, sender, groupIds)
    // A new name gives nothing.
    if (role !== undefined || groupIds !== undefined || expiresAt !== undefined) {
      requireOwnTime(sender, expiresAt === undefined ? before.expiresAtMs : expiresAt)
    }
    const groups = groupIds === undefined ? undefined : uniqueOf(groupIds)
    const change = withDefined({ name, role, groups, expiresAtMs: expiresAt })
    const changed = await queries.changeApiKey(before, change)
    if (changed === null) throw new StatorError('CONFLICT', 'The key was changed meanwhile; read it again')
    const nowMs = clock.nowMs()
    noteChange(c, { before: apiKeyView(before, nowMs), after: apiKeyView(changed, nowMs) })
    return c.json(apiKeyView(changed, nowMs), 200)
  })

  app.openapi(revokeRoute, async (c) => {
    const { keyId } = c.req.valid('param')
    refuseOfSettings(ofSettings(keyId, scopeOf(c)))
    const nowMs = clock.nowMs()
    const before = found(await queries.apiKeyRecord(keyId, scopeOf(c)), keyId)
    const isRevoked = await queries.revokeApiKey(keyId, scopeOf(c), nameOf(c.get('principal')), nowMs)
    if (!isRevoked) throw notFound('API key', keyId)
    noteChange(c, { before: apiKeyView(before, nowMs) })
    return c.body(null, 204)
  })

  return app
}

function found(record: ApiKeyRecord | null, keyId: string): ApiKeyRecord {
  if (record === null) throw notFound('API key', keyId)
  return record
}

function uniqueOf(groupIds: readonly number[] | null): readonly number[] | null {
  return groupIds === null ? null : [...new Set(groupIds)].toSorted((a, b) => a - b)
}

/** @throws {StatorError} `CONFLICT` for a key of the settings. */
function refuseOfSettings(key: SettingsKey | undefined): void {
  if (key === undefined) return
  const how =
    key.id === 'admin'
      ? 'change Security.AdminApiKey, or without it the file secrets/admin-api-key in the data folder,'
      : 'change Security.ApiKeys'
  throw new StatorError('CONFLICT', `The key '${key.id}' is one of the settings: ${how} and restart every node`)
}
