// The audit of requests that change something: each is recorded before it is served, and its outcome after it. A
// request whose begin cannot be recorded is not served.

import { type RouteConfig, z } from '@hono/zod-openapi'
import type { Context, MiddlewareHandler } from 'hono'
import { auditBatchListedMax, auditIdTagsMax, auditParamCharactersMax, identityCharactersMax } from '../base/limits.ts'
import { isObject } from '../base/json.ts'
import { withDefined } from '../base/with-defined.ts'
import type { AuditedChargePoint, AuditedText, AuditSender } from '../operators/audit-entry.ts'
import { auditedText } from '../operators/audit-text.ts'
import { mayUse } from './access.ts'
import type { AuditContext, AuditedChange } from './audit-context.ts'
import type { BatchStored } from './batch.ts'
import { isBatchPath } from './body.ts'
import type { Permission } from '../operators/permissions.ts'
import { nameOf } from '../operators/principal.ts'
import type { ApiDeps } from './deps.ts'
import { type ApiEnv, remoteAddressOf } from './env.ts'

/** Middleware that gives requests to routes with `audited` what they need. */
export function auditing(deps: AuditContext['deps']): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    c.set('audit', { deps, change: {} })
    await next()
  }
}

/** Says what a request has changed. Several calls complete each other; the later one counts. */
export function noteChange(c: Context<ApiEnv>, change: AuditedChange): void {
  const audit = c.get('audit')
  audit.change = { ...audit.change, ...change }
}

/**
 * Says what status a charge point has answered a command with. One that repeats a part of what it was `sent`, which
 * may be a secret, is left out.
 */
export function noteAnswer(c: Context<ApiEnv>, status: string | null, sent = ''): void {
  noteChange(c, { after: { status: status !== null && sent.includes(status) ? '***' : status } })
}

/** What a batch has changed, for `noteChange`: how many of each result, and the first of them by their ids. */
export function batchChange(
  what: 'ChargePointIds' | 'IdTags',
  { ids, report }: Pick<BatchStored<unknown>, 'ids' | 'report'>,
): AuditedChange {
  const { lines: _, ignoredColumns: __, ...counts } = report
  const listed = Object.entries(ids).map(([result, all]) => [`${result}${what}`, all.slice(0, auditBatchListedMax)])
  const after = { ...counts, ...Object.fromEntries(listed) }
  return what === 'IdTags' ? { after, idTags: [...ids.created, ...ids.changed] } : { after }
}

type Route = Pick<RouteConfig, 'method' | 'operationId' | 'request'>

/** The middleware that audits a route, which needs `permission`; none for one that only reads. */
export function audited(
  { method, operationId = '', request }: Route,
  permission: Permission | null,
): readonly MiddlewareHandler<ApiEnv>[] {
  if (method === 'get' || method === 'head') return []
  const body = request?.body?.content['application/json']
  const schema = body !== undefined && 'schema' in body && body.schema instanceof z.ZodType ? body.schema : z.unknown()
  return [recorded(operationId, schema, permission)]
}

/**
 * Records a request and its outcome. It comes before the check of who may use the route, so that refusals are recorded:
 * without query and body, or who may change nothing could fill the log.
 *
 * @throws {StatorError} `STORE_UNAVAILABLE`, `STORE_QUEUE_FULL`. Before the handler: nothing was done. After it: it was
 *   done, and the log has no outcome.
 */
function recorded(operation: string, schema: z.ZodType, permission: Permission | null): MiddlewareHandler<ApiEnv> {
  return async (c, next) => {
    const audit = c.get('audit')
    const { deps } = audit
    const { clock } = deps
    const { append, digests } = deps.audit
    const sent = await requestOf(c, schema)
    const chargePoint = await chargePointOf(c, sent.body, deps.queries)
    const isPermitted = permission === null || mayUse(c.get('principal'), permission)
    const request = isPermitted ? sent : withDefined({ params: sent.params })
    const outcomeOf = await append({
      atMs: clock.nowMs(),
      ...senderOf(c),
      requestId: c.get('requestId'),
      operation,
      chargePoint,
      request: auditedText(request, digests),
    })
    await next()
    const { before, after, idTags = [], chargePoint: found = chargePoint } = audit.change
    const textOf = (value: unknown): AuditedText | null => (value === undefined ? null : auditedText(value, digests))
    await append({
      outcomeOf,
      atMs: clock.nowMs(),
      chargePoint: found,
      before: textOf(before),
      after: textOf(after),
      idTags: idTags.slice(0, auditIdTagsMax).map((idTag) => digests.of(idTag)),
      status: c.res.status,
      code: c.get('errorCode') ?? null,
    })
  }
}

interface AuditedRequest {
  readonly params?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
}

async function requestOf(c: Context<ApiEnv>, schema: z.ZodType): Promise<AuditedRequest> {
  // What is longer is the name of nothing.
  const params = Object.fromEntries(
    Object.entries(c.req.param()).map(([name, value]) => [name, value.slice(0, auditParamCharactersMax)]),
  )
  const query = c.req.query()
  const body = await bodyOf(c, schema)
  return {
    ...(Object.keys(params).length === 0 ? {} : { params }),
    ...(Object.keys(query).length === 0 ? {} : { query }),
    ...(body === undefined ? {} : { body }),
  }
}

/**
 * The body. One that is not valid changes nothing, and may have a secret anywhere: it is left out. So is that of a
 * batch, but for its size, since its outcome lists what was changed.
 */
async function bodyOf(c: Context<ApiEnv>, schema: z.ZodType): Promise<unknown> {
  const { method, raw, path } = c.req
  if (raw.body === null || method === 'DELETE') return undefined
  if (!isBatchPath(path)) {
    const body = await c.req.json<unknown>()
    return (await schema.safeParseAsync(body)).success ? body : { isValid: false }
  }
  const lines: unknown = isJson(c) ? await c.req.json<unknown>() : null
  return Array.isArray(lines) ? { lines: lines.length } : { type: c.req.header('Content-Type') ?? null }
}

function isJson(c: Context<ApiEnv>): boolean {
  return c.req.header('Content-Type') === 'application/json'
}

/** The charge point that the request names; else the one that sends it. */
async function chargePointOf(
  c: Context<ApiEnv>,
  body: unknown,
  queries: Pick<ApiDeps['queries'], 'chargePoint'>,
): Promise<AuditedChargePoint | null> {
  const inPath = c.req.param('chargePointId')
  const inBody = isObject(body) ? body['chargePointId'] : undefined
  const named = inPath ?? (typeof inBody === 'string' ? inBody : undefined)
  const principal = c.get('principal')
  if (named === undefined) return principal.kind === 'chargePoint' ? refOf(principal) : null
  if (principal.kind === 'chargePoint' && principal.identity === named) return refOf(principal)
  const record = await queries.chargePoint(named, 'all')
  return record === null ? { key: null, identity: named.slice(0, identityCharactersMax) } : refOf(record)
}

function refOf({ key, identity }: { readonly key: number; readonly identity: string }): AuditedChargePoint {
  return { key, identity }
}

/** Who sends the request: of an operator that acts as a charge point both. */
function senderOf(c: Context<ApiEnv>): AuditSender {
  const principal = c.get('principal')
  const isItself = principal.kind === 'chargePoint' && principal.operator === undefined
  return {
    principalKind: isItself ? 'chargePoint' : 'operator',
    principal: nameOf(principal),
    actingAs: principal.kind === 'chargePoint' && !isItself ? principal.identity : null,
    remoteAddress: remoteAddressOf(c),
  }
}
