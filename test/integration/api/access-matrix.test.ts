// Every operation of the API, sent by everybody: nobody, a guesser, charge points, and operators of each role for all
// charge points, for the group of the charge point THING, and for another group.

import { afterAll, beforeAll, expect, test } from 'bun:test'
import type { Permission } from '../../../src/operators/permissions.ts'
import { allPermissions } from '../../../src/operators/permissions.ts'
import { builtInRoles } from '../../../src/operators/roles.ts'
import { accessTable, forAll, ofChargePoints } from '../../support/access-table.ts'
import { basic } from '../../support/credential-store.ts'
import { adminApiKey, passwordDefault, TestStator } from '../../support/stator.ts'
import { until } from '../../support/until.ts'

interface Operation {
  readonly id: string
  readonly method: string
  readonly path: string
}

/** Of THING: what stands in a path for it. */
interface Names {
  readonly chargePointId: string
  readonly transactionId: string
  readonly rotationId: string
  readonly groupId: string
  readonly keyId: string
}

/** Which charge points a sender is for: THING among them, or others only. */
type Reach = 'all' | 'own' | 'others'

interface Sender {
  readonly name: string
  readonly headers: () => Record<string, string>
  /** Null: the credentials are worthless. */
  readonly permissions: ReadonlySet<Permission> | null
  readonly reach: Reach
}

let stator: TestStator
let operations: readonly (Operation & { readonly permission: string | null })[]
let thing: Names
/** Texts of keys by the names of their senders. */
const keys = new Map<string, string>()

const noThing: Names = {
  chargePointId: 'NOBODY',
  transactionId: '2000000000',
  rotationId: '999999',
  groupId: '1888888888',
  keyId: '0123456789abcdef',
}

/** What no operation takes. */
const noBody = { notAField: true }

/** Of one permission. */
const ownRole = 'resetter'
const roles: Readonly<Record<string, readonly Permission[]>> = { ...builtInRoles, [ownRole]: ['command:reset'] }
const reaches: readonly Reach[] = ['all', 'own', 'others']
const reachShown = { all: 'all charge points', own: 'the group of THING', others: 'another group' } as const

const ofRoles: readonly Sender[] = reaches.flatMap((reach) =>
  Object.entries(roles).map(([role, permissions]) => {
    const name = `the role ${role} for ${reachShown[reach]}`
    return { name, headers: () => byKey(name), permissions: new Set(permissions), reach }
  }),
)

const senders: readonly Sender[] = [
  { name: 'nobody', headers: () => ({}), permissions: null, reach: 'all' },
  { name: 'a guesser', headers: () => basic('THING', 'not the password'), permissions: null, reach: 'own' },
  {
    name: 'a guesser of keys',
    headers: () => ({ 'X-API-Key': `stator_${thing.keyId}_${'A'.repeat(43)}` }),
    permissions: null,
    reach: 'all',
  },
  { name: 'an expired key', headers: () => byKey('an expired key'), permissions: null, reach: 'all' },
  { name: 'a revoked key', headers: () => byKey('a revoked key'), permissions: null, reach: 'all' },
  { name: 'THING', headers: () => basic('THING', passwordDefault), permissions: ofChargePoints, reach: 'own' },
  {
    name: 'another charge point',
    headers: () => basic('OTHER', passwordDefault),
    permissions: ofChargePoints,
    reach: 'others',
  },
  {
    name: 'an operator as THING',
    headers: () => ({ 'X-API-Key': adminApiKey, 'X-Charge-Point-Id': 'THING' }),
    permissions: ofChargePoints,
    reach: 'own',
  },
  {
    name: 'an operator as another charge point',
    headers: () => ({ 'X-API-Key': adminApiKey, 'X-Charge-Point-Id': 'OTHER' }),
    permissions: ofChargePoints,
    reach: 'others',
  },
  {
    name: 'a viewer of the group of THING as THING',
    headers: () => ({ ...byKey('the role viewer for the group of THING'), 'X-Charge-Point-Id': 'THING' }),
    permissions: ofChargePoints.intersection(new Set(roles['viewer'])),
    reach: 'own',
  },
  {
    name: 'an admin of another group as THING',
    headers: () => ({ ...byKey('the role admin for another group'), 'X-Charge-Point-Id': 'THING' }),
    permissions: null,
    reach: 'own',
  },
  ...ofRoles,
  {
    name: 'the admin key',
    headers: () => ({ 'X-API-Key': adminApiKey }),
    permissions: new Set(allPermissions),
    reach: 'all',
  },
]

function byKey(name: string): Record<string, string> {
  return { 'X-API-Key': keys.get(name) ?? '' }
}

beforeAll(async () => {
  stator = await TestStator.start({ settings: { Limits: { FailedAttempts: 1_000_000 } } })
  const client = await stator.client()
  // Numbers that stand in no body by chance. A node takes transaction ids from the sequence in blocks.
  await client.query(`SELECT setval('transaction_ids', 7654321)`)
  await client.query('ALTER TABLE credential_rotations ALTER COLUMN id RESTART WITH 8765432')
  await client.query('ALTER TABLE charge_point_groups ALTER COLUMN id RESTART WITH 6543210')
  await stator.restart()
  await stator.provision('THING')
  await stator.provision('OTHER')
  await stator.addIdTag('TAG-OF-THING')
  const raw = await stator.raw('THING')
  await raw.call('BootNotification', { chargePointVendor: 'Vendor', chargePointModel: 'Model' })
  const timestamp = new Date().toISOString()
  await raw.call('StopTransaction', { transactionId: 999, meterStop: 1, timestamp })
  const start = { connectorId: 1, idTag: 'TAG-OF-THING', meterStart: 0, timestamp }
  const started = await raw.call('StartTransaction', start)
  await raw.call('SecurityEventNotification', { type: 'StartupOfTheDevice', timestamp })
  await raw.close()
  await until('an anomaly', async () => (await stator.json('/api/anomalies'))['totalCount'] !== 0)

  const groups = await client.query<{ id: number }>(
    `INSERT INTO charge_point_groups (name) VALUES ('of-thing'), ('of-others') RETURNING id`,
  )
  const [ofThing, ofOthers] = groups.rows.map(({ id }) => id)
  const site = await stator.json('/api/groups', { body: { name: 'site', parentId: ofThing } }, 201)
  await client.query(`UPDATE charge_points SET group_id = $1 WHERE identity = 'THING'`, [site['id']])
  await client.query(`UPDATE charge_points SET group_id = $1 WHERE identity = 'OTHER'`, [ofOthers])
  const rotation = await stator.json('/api/credential-rotations', { body: { chargePointIds: ['THING'] } }, 202)
  await stator.json('/api/roles', { body: { name: ownRole, permissions: roles[ownRole] } }, 201)

  const newKey = async (name: string, role: string, groupIds: readonly unknown[] | null): Promise<string> => {
    const made = await stator.json('/api/api-keys', { body: { name, role, groupIds } }, 201)
    keys.set(name, String(made['apiKey']))
    return String(made['keyId'])
  }
  const groupsOf = { all: null, own: [ofThing], others: [ofOthers] } as const
  for (const reach of reaches) {
    for (const role of Object.keys(roles))
      await newKey(`the role ${role} for ${reachShown[reach]}`, role, groupsOf[reach])
  }
  const expired = await newKey('an expired key', 'admin', null)
  await client.query(`UPDATE api_keys SET expires_at = now() WHERE id = $1`, [expired])
  await stator.api(`/api/api-keys/${await newKey('a revoked key', 'admin', null)}`, { method: 'DELETE' })
  thing = {
    chargePointId: 'THING',
    transactionId: String(started['transactionId']),
    rotationId: String(rotation['id']),
    groupId: String(site['id']),
    keyId: await newKey('a key of THING', 'viewer', groupsOf.own),
  }
  operations = operationsOf(await stator.json('/openapi.json'))
})

afterAll(() => stator.stop())

/** All operations; those that delete come last. */
function operationsOf(document: unknown): typeof operations {
  const paths: Record<string, Record<string, Record<string, string>>> = Object(document).paths
  const all = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      id: operation['operationId'] ?? '',
      method: method.toUpperCase(),
      path,
      permission: operation['x-permission'] ?? null,
    })),
  )
  return [...all.filter(({ method }) => method !== 'DELETE'), ...all.filter(({ method }) => method === 'DELETE')]
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly isJson: boolean
  readonly missing: unknown
}

async function answerTo(
  { id, method, path }: Operation,
  headers: Record<string, string>,
  names: Names,
  body: unknown,
): Promise<Answer> {
  const others = {
    idTag: 'TAG-OF-THING',
    serialNumber: '01',
    name: ownRole,
    reservationId: '1',
    slot: '1',
    streamId: '1',
  }
  const inPath: Readonly<Record<string, string>> = { ...others, ...names }
  const url = new URL(
    path.replaceAll(/\{(\w+)\}/g, (_, name: string) => inPath[name] ?? name),
    stator.url,
  )
  if (accessTable[id]?.query !== undefined) url.searchParams.set('chargePointId', names.chargePointId)
  const hasBody = ['POST', 'PATCH', 'PUT'].includes(method)
  const response = await fetch(url, {
    method,
    headers: { ...headers, ...(hasBody ? { 'Content-Type': 'application/json' } : {}) },
    ...(hasBody ? { body: JSON.stringify(body) } : {}),
  })
  const text = await response.text()
  const isJson = response.headers.get('Content-Type')?.startsWith('application/json') === true
  return { status: response.status, text, isJson, missing: isJson ? missingIn(text) : undefined }
}

function missingIn(text: string): unknown {
  const { details } = Object(JSON.parse(text))
  return details?.missing
}

/** What the table says that a sender is answered. */
function expected(id: string, { headers, permissions, reach }: Sender): string {
  const { needs, elsewhere, readsKeys } = accessTable[id] ?? { needs: null }
  if (needs === null) {
    const sent = headers()
    const isOperators = 'X-API-Key' in sent && !('X-Charge-Point-Id' in sent)
    return readsKeys === true && isOperators && permissions === null ? '401' : 'served'
  }
  if (permissions === null) return '401'
  if (!permissions.has(needs)) return `403 ${needs}`
  if (reach !== 'all' && forAll.has(needs)) return '403 a scope of all charge points'
  if (reach !== 'others' || elsewhere === undefined) return 'served'
  return elsewhere === 200 ? 'nothing of THING' : 'as if it did not exist'
}

/** What a sender is answered. */
async function found(operation: Operation, { headers, reach }: Sender): Promise<string> {
  const { body = {}, elsewhere, mayBeMissing, shows } = accessTable[operation.id] ?? { needs: null }
  // From those who may use it an unknown field is sent, so that nothing is changed.
  const { status, text, isJson, missing } = await answerTo(
    operation,
    headers(),
    thing,
    reach === 'others' ? body : noBody,
  )
  if (status === 401) return '401'
  if (status === 403) return `403 ${String(missing)}`
  if (status >= 500 || (status === 404 && reach !== 'others' && mayBeMissing === undefined)) return `${status} ${text}`
  if (reach !== 'others' || elsewhere === undefined) {
    const mark = shows === 'transaction' ? thing.transactionId : shows === 'group' ? thing.groupId : shows
    return mark === undefined || text.includes(mark) ? 'served' : `no ${shows} in ${text}`
  }
  const isOfThing = ['THING', thing.transactionId, thing.keyId, thing.groupId].some((mark) => text.includes(mark))
  if (elsewhere === 200) {
    if (status !== 200 || isOfThing || (isJson && countsMoreThanItShows(text))) return `${status} ${text}`
  }
  const instead = JSON.parse(JSON.stringify(body).replaceAll('THING', noThing.chargePointId))
  const other = await answerTo(operation, headers(), noThing, instead)
  const isAlike = status === other.status && alike(text, thing) === alike(other.text, noThing)
  if (!isAlike || status !== elsewhere) return `${status} ${text} where nothing answers ${other.status} ${other.text}`
  return elsewhere === 200 ? 'nothing of THING' : 'as if it did not exist'
}

/** Whether a list counts what it does not show. */
function countsMoreThanItShows(text: string): boolean {
  // A list that is read by a cursor has `next`, and no total.
  const { totalCount, page: _page, pageSize: _pageSize, next, ...lists } = Object(JSON.parse(text))
  if (next !== undefined) return next !== null
  return totalCount !== Object.values(lists).flat().length
}

/** A body without the names that were asked for, and without the last uses of keys, which are stored at any moment. */
function alike(text: string, names: Names): string {
  const lasting = text.replaceAll(/"lastUsed(At|From)":("[^"]*"|null)/g, '')
  return Object.values(names).reduce((rest, name) => rest.replaceAll(name, '#'), lasting)
}

test('the table has every operation, and the document names the permissions of the table', () => {
  const documented = Object.fromEntries(operations.map(({ id, permission }) => [id, permission]))
  expect(documented).toEqual(Object.fromEntries(Object.entries(accessTable).map(([id, { needs }]) => [id, needs])))
})

for (const sender of senders) {
  test(`${sender.name} is served what the table says, and nothing else`, async () => {
    const answers: Record<string, string> = {}
    for (const operation of operations) answers[operation.id] = await found(operation, sender)
    expect(answers).toEqual(Object.fromEntries(operations.map(({ id }) => [id, expected(id, sender)])))
  })
}
