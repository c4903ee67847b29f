// Long because it has every list. Two tenants with facts of every kind: who may see one of them never reads a row of the
// other, whatever is asked for.

import { beforeAll, describe, expect, test } from 'bun:test'
import type { ApiQueries, BlockQueries } from '../../../src/api/deps.ts'
import type { TransferVendorQueries } from '../../../src/blocks/data-transfer/vendor-queries.ts'
import type { QuirkQueries } from '../../../src/blocks/quirks/quirks.ts'
import { embeddedListRowsMax } from '../../../src/base/limits.ts'
import type { PageOf } from '../../../src/blocks/records.ts'
import type { ExportedTransactions } from '../../../src/blocks/exports.ts'
import type { Scope } from '../../../src/blocks/scope.ts'
import { pagedSession } from '../../../src/store/export/paged.ts'
import { snapshotSession } from '../../../src/store/export/snapshot.ts'
import { exportedTransactions } from '../../../src/store/export/transactions.ts'
import { describeStore, type TestStore } from '../../support/store.ts'

const page = { page: 1, pageSize: 100 }
const deadlines = { availableMs: 1_800_000, goneMs: 86_400_000 }
const nowMs = Date.parse('2026-06-01T00:00:00Z')
const ghostsAt = { deadlines, nowMs }
/** More than the embedded database looks at. */
const many = embeddedListRowsMax + 200

interface Tenant {
  readonly name: 'A' | 'B'
  readonly group: number
  readonly site: number
  /** Of the tenant and its site. */
  readonly scope: Scope
  /** Of the charge point at the top, of the one at the site, and of one that was deleted. */
  readonly keys: readonly number[]
  /** The same as `keys`. */
  readonly identities: readonly string[]
  readonly rotation: number
  /** An open one. */
  readonly transactionId: number
}

async function tenantOf({ queries, database }: TestStore, name: 'A' | 'B', first: number): Promise<Tenant> {
  const { key: group } = await queries.createGroup({ name }, 'all')
  const { key: site } = await queries.createGroup({ name: 'Site', parentKey: group }, 'all')
  const identities = [`${name}-TOP`, `${name}-SITE`, `${name}-GONE`]
  const keys: number[] = []
  for (const [at, identity] of identities.entries()) {
    const record = await queries.createChargePoint(identity, { groupKey: at === 1 ? site : group }, 'all')
    keys.push(record.key)
  }
  await queries.deleteChargePoint(`${name}-GONE`, 'all')
  for (const [at, key] of keys.entries()) await fill(database.pool, key, identities[at] ?? '', first + at * 2)
  const rotation = await queries.createCredentialRotation({
    scope: 'all',
    chargePoints: [`${name}-TOP`, `${name}-SITE`],
    createdAtMs: nowMs,
    createdBy: name,
    perMinute: 1,
    expiresAtMs: nowMs + 1,
  })
  const scope = { groups: [group, site] }
  return { name, group, site, scope, keys, identities, rotation: rotation.id, transactionId: first }
}

/** Two transactions, one of them open, and one of everything else. */
async function fill(pool: TestStore['database']['pool'], key: number, identity: string, id: number): Promise<void> {
  const at = "'2026-01-01'::timestamptz"
  await pool.query(`INSERT INTO audit_log (node, sequence, at, charge_point_id, identity, hash)
    VALUES ('${identity}', 1, ${at}, ${key}, '${identity}', '')`)
  await pool.query(`INSERT INTO transactions
      (id, charge_point_id, evse_id, connector_id, id_token, started_at, stopped_at, received_at)
    VALUES (${id}, ${key}, 1, 1, 'CARD', ${at}, NULL, ${at}), (${id + 1}, ${key}, 1, 1, 'CARD', ${at}, ${at}, ${at})`)
  await pool.query(`INSERT INTO anomalies (charge_point_id, received_at, digest, kind, transaction, detail, message_id)
    VALUES (${key}, ${at}, 1, 'quirk', '${id}', '{}', '')`)
  await pool.query(`INSERT INTO quirk_hits (charge_point_id, profile, quirk, count, first_at, last_at)
    VALUES (${key}, '', 'enumCase', 1, ${at}, ${at})`)
  await pool.query(`INSERT INTO charge_point_events (charge_point_id, digest, action, message_id, received_at, payload)
    VALUES (${key}, 1, 'SecurityEventNotification', '', ${at}, '{"type": "Tampering"}')`)
  await pool.query(`INSERT INTO security_events
      (type, identity, charge_point_id, remote_address, node, first_at, received_at, count, reason)
    VALUES ('HandshakeUnauthorized', '${identity}', ${key}, '192.0.2.1', 'here', ${at}, ${at}, 1, 'wrong password')`)
  await pool.query(`INSERT INTO jobs
      (charge_point_id, kind, state, place, request_id, timeout_seconds, created_at, created_by, changed_at)
    VALUES (${key}, 'firmwareUpdate', 'running', 1, 1, 60, ${at}, 'admin', ${at})`)
  await pool.query(`INSERT INTO alarms (charge_point_id, subject, began_at, component_name, component_instance, evse_id,
      connector_id, variable_name, variable_instance, updated_at)
    VALUES (${key}, 'a', ${at}, 'Ctrlr', '', 0, 0, 'Problem', '', ${at})`)
  await pool.query(`INSERT INTO variables (charge_point_id, component_name, component_instance, evse_id, connector_id,
      variable_name, variable_instance, attribute_type, value, persistent, constant, updated_at)
    VALUES (${key}, 'Ctrlr', '', 0, 0, 'Interval', '', 'Actual', '1', false, false, ${at})`)
  await pool.query(`INSERT INTO certificates
      (serial_number, charge_point_id, csr_digest, certificate, state, valid_from, valid_to, signed_at)
    VALUES ('${key}', ${key}, '', '', 'accepted', ${at}, '2027-01-01', ${at})`)
}

/** Rows of a charge point that are newer than all others, and so many that nothing behind them is looked at. */
async function flood(pool: TestStore['database']['pool'], key: number): Promise<void> {
  const each = `FROM generate_series(1, ${many}) n`
  await pool.query(`INSERT INTO transactions
      (id, charge_point_id, evse_id, connector_id, id_token, started_at, stopped_at, received_at)
    SELECT 100000 + n, ${key}, 1, 1, 'CARD', '2026-05-01', CASE WHEN n % 2 = 0 THEN now() END, '2026-05-01' ${each}`)
  await pool.query(`INSERT INTO anomalies (charge_point_id, received_at, digest, kind, transaction, detail, message_id)
    SELECT ${key}, '2026-05-01', n, 'quirk', '1', '{}', '' ${each}`)
  await pool.query(`INSERT INTO charge_point_events (charge_point_id, digest, action, message_id, received_at, payload)
    SELECT ${key}, n + 1, 'SecurityEventNotification', '', '2026-05-01', '{"type": "Tampering"}' ${each}`)
  await pool.query(`INSERT INTO charge_points (identity, group_id, vendor)
    SELECT 'A-' || n, group_id, 'Other' FROM charge_points, generate_series(1, ${many}) n WHERE id = ${key}`)
}

type Queries = TestStore['queries']
type Listing = (queries: Queries, scope: Scope, other: Tenant) => Promise<PageOf<string>>

async function identitiesOf(listed: Promise<PageOf<{ readonly identity: string | null }>>): Promise<PageOf<string>> {
  const { items, ...rest } = await listed
  return { ...rest, items: items.map(({ identity }) => identity ?? 'nobody').toSorted() }
}

const asPage = <T>(items: readonly T[]): PageOf<T> => ({ totalCount: items.length, items })

const ofTransactions =
  (filter: Omit<Parameters<ApiQueries['listTransactions']>[0], 'scope'>): Listing =>
  (queries, scope) =>
    identitiesOf(queries.listTransactions({ scope, ...filter }, page))

/** What a tenant sees: each of its charge points so many times, with the deleted one or without it. */
interface Seen {
  readonly list: Listing
  readonly times: number
  readonly withDeleted: boolean
}

const facts = (list: Listing, times = 1): Seen => ({ list, times, withDeleted: true })

const seen: Readonly<Record<string, Seen>> = {
  'charge points': {
    list: (queries, scope) => identitiesOf(queries.listChargePoints({ scope, ...page })),
    times: 1,
    withDeleted: false,
  },
  'charge points that are away': {
    list: (queries, scope) => identitiesOf(queries.listChargePoints({ scope, connected: false, ...page })),
    times: 1,
    withDeleted: false,
  },
  'charge points that have a text': {
    list: (queries, scope) => identitiesOf(queries.listChargePoints({ scope, q: '-', ...page })),
    times: 1,
    withDeleted: false,
  },
  'charge points of the file': {
    list: (queries, scope) => identitiesOf(queries.chargePointsAfter({ scope }, null, 100).then(asPage)),
    times: 1,
    withDeleted: false,
  },
  transactions: facts(ofTransactions({}), 2),
  'open transactions': facts(ofTransactions({ open: true })),
  'transactions that have ended': facts(ofTransactions({ open: false })),
  'transactions of a time': facts(ofTransactions({ startedFromMs: 0 }), 2),
  'transactions of a card': facts(ofTransactions({ idToken: 'card' }), 2),
  'open transactions of a card': facts(ofTransactions({ idToken: 'card', open: true })),
  ghosts: facts(ofTransactions({ ghostsAt })),
  anomalies: facts((queries, scope) => identitiesOf(queries.listAnomalies({ scope }, page))),
  'anomalies of a kind': facts((queries, scope) => identitiesOf(queries.listAnomalies({ scope, kind: 'quirk' }, page))),
  'anomalies of a time': facts((queries, scope) => identitiesOf(queries.listAnomalies({ scope, fromMs: 0 }, page))),
  'audit log': facts((queries, scope) => identitiesOf(queries.listAuditLog({ scope }, page)), 1),
  'security events': facts((queries, scope) => identitiesOf(queries.listSecurityEvents({ scope }, page)), 2),
  'security events of charge points': facts((queries, scope) =>
    identitiesOf(queries.listSecurityEvents({ scope, source: 'chargePoint' }, page)),
  ),
  'security events of the central system': facts((queries, scope) =>
    identitiesOf(queries.listSecurityEvents({ scope, source: 'centralSystem' }, page)),
  ),
  'counts of quirks': {
    list: (queries, scope) => identitiesOf(queries.listQuirkCounts({ scope, groupBy: 'chargePoint' }, page)),
    times: 1,
    withDeleted: false,
  },
  alarms: {
    list: (queries, scope) => identitiesOf(queries.listAlarms({ scope }, page)),
    times: 1,
    withDeleted: false,
  },
  variables: {
    list: (queries, scope) => identitiesOf(queries.listVariables({ scope }, page)),
    times: 1,
    withDeleted: false,
  },
  'variables of a name': {
    list: (queries, scope) => identitiesOf(queries.listVariables({ scope, variable: 'INTERVAL' }, page)),
    times: 1,
    withDeleted: false,
  },
  jobs: facts((queries, scope) => identitiesOf(queries.listJobs({ scope }, null, 9).then(asPage))),
  certificates: facts((queries, scope) => identitiesOf(queries.listCertificates({ scope }, page))),
}

/** Lists that ask for a thing of the other tenant. */
const foreign: Readonly<Record<string, Listing>> = {
  'charge points of its group': (queries, scope, { group }) =>
    identitiesOf(queries.listChargePoints({ scope, groupKey: group, ...page })),
  'transactions of its charge point': (queries, scope, { identities: [identity = ''] }) =>
    identitiesOf(queries.listTransactions({ scope, identity }, page)),
  'ghosts of its charge point': (queries, scope, { identities: [identity = ''] }) =>
    identitiesOf(queries.listTransactions({ scope, identity, ghostsAt }, page)),
  'anomalies of its charge point': (queries, scope, { identities: [identity = ''] }) =>
    identitiesOf(queries.listAnomalies({ scope, identity }, page)),
  'anomalies about its transaction': (queries, scope, { transactionId }) =>
    identitiesOf(queries.listAnomalies({ scope, transactionId }, page)),
  'counts of its charge point': (queries, scope, { identities: [identity = ''] }) =>
    identitiesOf(queries.listQuirkCounts({ scope, groupBy: 'chargePoint', identity }, page)),
  'variables of its charge point': (queries, scope, { identities: [identity = ''] }) =>
    identitiesOf(queries.listVariables({ scope, identity }, page)),
  'security events of its charge point': (queries, scope, { identities: [identity = ''] }) =>
    identitiesOf(queries.listSecurityEvents({ scope, identity }, page)),
}

/** Queries that are given the key or the id of something that was found in the scope before. */
type OfOneFound =
  | 'connectivityOf'
  | 'connectorsOf'
  | 'problemsOf'
  | 'openTransactionsOf'
  | 'otherHolder'
  | 'expectProfile'
  | 'ghostReasonsOf'
  | 'correctionsOf'
  | 'meterValuesOf'
  | 'meterValuesOfChargePoint'
  | 'messageLog'
  | 'listEvents'
  | 'listHistory'
  | 'variablesOf'
  | 'reportsOf'
  | 'monitorsOf'
  | 'certificatesOf'
  | 'revokeCertificate'
  | 'installedCertificatesOf'
  | 'noteSentCertificate'
  | 'credentialRotationItems'
  | 'jobMoves'
  | 'jobFile'
  | 'fileChunk'
  | 'customerParts'
  | 'deleteCustomerParts'
  | keyof BlockQueries

/** Id tokens are for all charge points: a permission of theirs takes the scope of all. */
type OfIdTokens =
  | 'listIdTokens'
  | 'idTokensAfter'
  | 'idTokenRecord'
  | 'createIdToken'
  | 'updateIdToken'
  | 'storeIdTokens'
  | 'deleteIdToken'

/** Roles are for all charge points, and groups are looked up for those only who see all of them. */
type OfRoles = 'ownRoles' | 'ownRole' | 'createRole' | 'changeRole' | 'deleteRole' | 'knownGroups'

/** `changeApiKey` is given what `apiKeyRecord` found; what a new key is for is compared with the scope by the API. */
type OfKeysFound = 'createApiKey' | 'changeApiKey' | 'keyUses'

/** Vendors and quirk profiles are for all charge points: a permission of theirs takes the scope of all. */
type OfVendors = keyof TransferVendorQueries | Exclude<keyof QuirkQueries, 'listQuirkCounts'>

/** Hashes of the audit log say nothing of a charge point. */
type OfNone = 'auditHeads' | OfVendors

type Asked = Exclude<keyof ApiQueries, OfOneFound | OfIdTokens | OfRoles | OfKeysFound | OfNone>

/** Where each query that takes a scope is tested. A new query is in none of these lists, and does not compile. */
const tested: Readonly<
  Record<Asked, 'seen' | 'foreign' | 'changes' | 'exports' | 'groups.test.ts' | 'api-keys.test.ts'>
> = {
  listChargePoints: 'seen',
  chargePointsAfter: 'seen',
  chargePoint: 'changes',
  createChargePoint: 'changes',
  updateChargePoint: 'changes',
  storeChargePoints: 'changes',
  deleteChargePoint: 'changes',
  createCredentialRotation: 'changes',
  credentialRotation: 'changes',
  listCredentialRotations: 'changes',
  cancelCredentialRotation: 'changes',
  listJobs: 'seen',
  job: 'changes',
  listTransactions: 'seen',
  transaction: 'changes',
  ghostIds: 'exports',
  listAnomalies: 'seen',
  listQuirkCounts: 'seen',
  listVariables: 'seen',
  listAlarms: 'seen',
  listSecurityEvents: 'seen',
  listAuditLog: 'seen',
  listCertificates: 'seen',
  listGroups: 'groups.test.ts',
  group: 'groups.test.ts',
  createGroup: 'groups.test.ts',
  updateGroup: 'groups.test.ts',
  deleteGroup: 'groups.test.ts',
  listApiKeys: 'api-keys.test.ts',
  apiKeyRecord: 'api-keys.test.ts',
  revokeApiKey: 'api-keys.test.ts',
}

function repeated(identities: readonly string[], times: number): string[] {
  return identities.flatMap((identity) => Array.from({ length: times }, () => identity)).toSorted()
}

describeStore('the scope of a tenant', (store, provider) => {
  let a: Tenant
  let b: Tenant

  beforeAll(async () => {
    a = await tenantOf(store(), 'A', 1)
    b = await tenantOf(store(), 'B', 11)
    const { database, queries } = store()
    await queries.createChargePoint('NOBODYS', {}, 'all')
    const anyTime = "'2026-04-01', '2026-04-01'"
    await database.pool.query(`INSERT INTO security_events
        (type, identity, charge_point_id, remote_address, node, first_at, received_at, count, reason)
      VALUES ('HandshakeUnknown', 'STRANGER', NULL, '192.0.2.1', 'here', ${anyTime}, 1, 'unknown')`)
  }, 60_000)

  test('every query that takes one is a query of the store', () => {
    const names: readonly string[] = Object.keys(store().queries)
    expect(Object.keys(tested).filter((name) => !names.includes(name))).toEqual([])
  })

  test('is that of its exports', async () => {
    const { database, queries } = store()
    const { connectionString, restPool } = database
    const exported = async (filter: ExportedTransactions['filter'], transactionIds: readonly number[] | null) => {
      const session = connectionString === null ? pagedSession(restPool) : await snapshotSession(connectionString)
      const identities: string[] = []
      const part = { after: null, rowsMax: null }
      for await (const piece of exportedTransactions(session, { filter, transactionIds }, part)) {
        identities.push(...piece.map(({ record }) => record.identity))
      }
      session.end()
      return identities.toSorted()
    }
    for (const [own, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const { scope, identities } = own
      expect(await exported({ scope }, null)).toEqual(repeated(identities, 2))
      expect(await exported({ scope, idToken: 'card', open: true }, null)).toEqual(repeated(identities, 1))
      expect(await exported({ scope, identity: other.identities[0] ?? '' }, null)).toEqual([])
      const ghosts = await queries.ghostIds({ scope }, ghostsAt)
      expect(await exported({ scope }, ghosts)).toEqual(repeated(identities, 1))
      expect(await exported({ scope }, await queries.ghostIds({ scope: other.scope }, ghostsAt))).toEqual([])
    }
    expect(await exported({ scope: { groups: [] } }, null)).toEqual([])
  })

  const expectOwn = async (name: string): Promise<void> => {
    const one = seen[name]
    if (one === undefined) throw new Error('There is no such list.')
    for (const [own, other] of [
      [a, b],
      [b, a],
    ] as const) {
      const whose = one.withDeleted ? own.identities : own.identities.slice(0, 2)
      const items = repeated(whose, one.times)
      expect(await one.list(store().queries, own.scope, other)).toEqual({ totalCount: items.length, items })
    }
    const site = repeated([a.identities[1] ?? ''], one.times)
    expect((await one.list(store().queries, { groups: [a.site] }, b)).items).toEqual(site)
    expect(await one.list(store().queries, { groups: [] }, b)).toEqual({ totalCount: 0, items: [] })
  }

  test.each(Object.keys(seen))('%s: each sees and counts its own', expectOwn)

  test.each(Object.keys(foreign))('%s: for the other tenant there are none', async (name) => {
    expect(await foreign[name]?.(store().queries, a.scope, b)).toEqual({ totalCount: 0, items: [] })
  })

  test('an anomaly about a number that another tenant has for a transaction is found by who reported it', async () => {
    const { database, queries } = store()
    await database.pool.query(`INSERT INTO anomalies
        (charge_point_id, received_at, digest, kind, transaction, detail, message_id)
      VALUES (${a.keys[0]}, '2026-01-02', 2, 'stopBeforeStart', '${b.transactionId}', '{}', '')`)
    const about = (scope: Scope) => queries.listAnomalies({ scope, transactionId: b.transactionId }, page)
    expect((await about(a.scope)).items.map(({ identity }) => identity)).toEqual(['A-TOP'])
    // Once B names its transaction by an id of its own, A finds the same.
    await database.pool.query(`UPDATE transactions SET station_transaction_id = 'own' WHERE id = ${b.transactionId}`)
    expect((await about(a.scope)).items.map(({ identity }) => identity)).toEqual(['A-TOP'])
    await database.pool.query(`UPDATE transactions SET station_transaction_id = NULL WHERE id = ${b.transactionId}`)
    await database.pool.query('DELETE FROM anomalies WHERE digest = 2')
  })

  test('one thing of the other tenant does not exist', async () => {
    const { queries } = store()
    expect(await queries.chargePoint('B-TOP', a.scope)).toBeNull()
    expect(await queries.chargePoint('A-SITE', a.scope)).toMatchObject({ groupKey: a.site })
    expect(await queries.updateChargePoint('B-TOP', { location: 'taken' }, a.scope)).toBeNull()
    expect(await queries.updateChargePoint('B-TOP', { groupKey: a.group }, a.scope)).toBeNull()
    expect(await queries.updateChargePoint('B-TOP', { isBlocked: true }, a.scope)).toBeNull()
    expect(await queries.deleteChargePoint('B-TOP', a.scope)).toBeNull()
    expect(await queries.transaction(b.transactionId, a.scope)).toBeNull()
    expect(await queries.transaction(a.transactionId, a.scope)).toMatchObject({ identity: 'A-TOP' })
    expect(await queries.chargePoint('B-TOP', 'all')).toMatchObject({ location: null, isBlocked: false })
  })

  test('a credential rotation is seen and cancelled by who sees all of its charge points', async () => {
    const { queries } = store()
    const ids = async (scope: Scope) => {
      const { totalCount, items } = await queries.listCredentialRotations(scope, page)
      return [totalCount, ...items.map(({ id }) => id)]
    }
    expect(await ids(a.scope)).toEqual([1, a.rotation])
    expect(await ids({ groups: [a.site] })).toEqual([0])
    expect(await ids('all')).toEqual([2, b.rotation, a.rotation])
    expect(await queries.credentialRotation(b.rotation, a.scope)).toBeNull()
    expect(await queries.cancelCredentialRotation(b.rotation, a.scope, nowMs)).toBeNull()
    expect(await queries.credentialRotation(b.rotation, 'all')).toMatchObject({ state: 'running' })
    const begin = (chargePoints: Parameters<Queries['createCredentialRotation']>[0]['chargePoints']) =>
      queries.createCredentialRotation({
        scope: a.scope,
        chargePoints,
        createdAtMs: nowMs,
        createdBy: 'A',
        perMinute: 1,
        expiresAtMs: nowMs + 1,
      })
    const refused = { code: 'BAD_REQUEST' }
    await expect(begin(['A-TOP', 'B-TOP'])).rejects.toMatchObject(refused)
    await expect(begin({ groupKey: b.group })).rejects.toMatchObject(refused)
    const begun = await begin({})
    expect(
      (await queries.credentialRotationItems(begun.id, undefined, page)).items.map(({ identity }) => identity),
    ).toEqual(['A-TOP', 'A-SITE'])
    expect(await queries.cancelCredentialRotation(begun.id, a.scope, nowMs)).toMatchObject({ isCancelled: true })
    // Retention has deleted its items, and not yet the rotation itself.
    await store().database.pool.query(`DELETE FROM credential_rotation_items WHERE rotation_id = ${begun.id}`)
    expect(await ids(a.scope)).toEqual([1, a.rotation])
    expect(await ids('all')).toEqual([3, begun.id, b.rotation, a.rotation])
  })

  test('a charge point is created in a group of the scope, and not beside one that is not seen', async () => {
    const { queries } = store()
    expect(await queries.createChargePoint('A-NEW', {}, a.scope)).toMatchObject({ groupKey: a.group })
    expect(await queries.createChargePoint('A-NEW2', { groupKey: a.site }, a.scope)).toMatchObject({ groupKey: a.site })
    const issue = async (made: Promise<unknown>): Promise<unknown> => {
      const error: unknown = await made.catch((failed: unknown) => failed)
      return error instanceof Error && 'details' in error ? error.details : error
    }
    const details = (text: string) => ({ field: 'groupId', issue: expect.stringContaining(text) })
    const newOne = (input: { groupKey?: number | null }, scope: Scope) => queries.createChargePoint('A-3', input, scope)
    expect(await issue(newOne({ groupKey: b.group }, a.scope))).toEqual(details(`There is no group ${b.group}`))
    expect(await issue(newOne({ groupKey: 999_999 }, 'all'))).toEqual(details('There is no group 999999'))
    expect(await issue(newOne({ groupKey: null }, a.scope))).toEqual(details('one of your groups'))
    expect(await issue(newOne({}, { groups: [a.site, b.site] }))).toEqual(details('Group id is required'))
    const move = (groupKey: number | null) => queries.updateChargePoint('A-NEW', { groupKey }, a.scope)
    expect(await issue(move(b.site))).toEqual(details(`There is no group ${b.site}`))
    expect(await issue(move(null))).toEqual(details('one of your groups'))
    expect(await move(a.site)).toMatchObject({ groupKey: a.site })

    const sentences = new Set<string>()
    for (const identity of ['B-TOP', 'b-top', 'NOBODYS']) {
      const error: unknown = await queries.createChargePoint(identity, {}, a.scope).catch((failed: unknown) => failed)
      expect(error).toMatchObject({ code: 'CONFLICT' })
      sentences.add(error instanceof Error ? error.message.replace(identity, 'X') : '')
    }
    expect([...sentences]).toEqual(["The charge point ID 'X' cannot be used; choose another one."])
    await expect(queries.createChargePoint('A-TOP', {}, a.scope)).rejects.toThrow('exists already')
    for (const identity of ['A-NEW', 'A-NEW2']) await queries.deleteChargePoint(identity, a.scope)
    await store().database.pool.query("DELETE FROM charge_points WHERE identity LIKE 'A-NEW%'")
  })

  test('a batch of a tenant changes its own charge points only', async () => {
    const { queries } = store()
    const line = (identity: string, input: { groupKey?: number | null; location?: string }) => ({
      identity,
      input,
      isPassword: () => false,
      isApiKey: () => false,
    })
    const lines = [
      line('B-TOP', { location: 'taken' }),
      line('b-site', { location: 'taken' }),
      line('A-TOP', { location: 'Hall', groupKey: a.site }),
      line('A-SITE', { groupKey: b.site }),
      line('A-LINE', {}),
      line('A-LINE2', { groupKey: b.group }),
      line('A-LINE3', { groupKey: null }),
    ]
    const batch = { scope: a.scope, strictnessDefault: 'lenient' as const }
    const outcomes = await queries.storeChargePoints(lines, { ...batch, mode: 'partial' })
    const cannot = (identity: string) => `The charge point ID '${identity}' cannot be used; choose another one.`
    const noGroup = (key: number) => ({ result: 'invalid', field: 'groupId', sentence: `There is no group ${key}` })
    expect(outcomes).toMatchObject([
      { result: 'conflict', sentence: cannot('B-TOP') },
      { result: 'conflict', sentence: cannot('b-site') },
      { result: 'changed' },
      noGroup(b.site),
      { result: 'created' },
      noGroup(b.group),
      { result: 'invalid', field: 'groupId', sentence: expect.stringContaining('one of your groups') },
    ])
    expect(await queries.storeChargePoints(lines, { ...batch, mode: 'atomic' })).toHaveLength(lines.length)
    expect(await queries.chargePoint('A-TOP', 'all')).toMatchObject({ location: 'Hall', groupKey: a.site })
    expect(await queries.chargePoint('A-SITE', 'all')).toMatchObject({ groupKey: a.site })
    expect(await queries.chargePoint('A-LINE', 'all')).toMatchObject({ groupKey: a.group })
    expect(await queries.chargePoint('B-TOP', 'all')).toMatchObject({ location: null, groupKey: b.group })
    await queries.updateChargePoint('A-TOP', { groupKey: a.group, location: null }, a.scope)
    await store().database.pool.query("DELETE FROM charge_points WHERE identity LIKE 'A-LINE%'")
  })

  test('what is seen moves with a site that goes to another tenant', async () => {
    const { queries } = store()
    await queries.updateGroup(a.site, { name: 'From A', parentKey: b.group }, 'all')
    const scopeOf = async ({ group }: Tenant): Promise<Scope> => ({ groups: await queries.expandedGroups([group]) })
    const identities = async (scope: Scope) =>
      (await identitiesOf(queries.listTransactions({ scope, open: true }, page))).items
    expect(await identities(await scopeOf(a))).toEqual(['A-GONE', 'A-TOP'])
    expect(await identities(await scopeOf(b))).toEqual(['A-SITE', 'B-GONE', 'B-SITE', 'B-TOP'])
    await queries.updateGroup(a.site, { name: 'Site', parentKey: a.group }, 'all')
    expect(await identities(await scopeOf(a))).toEqual(['A-GONE', 'A-SITE', 'A-TOP'])
  })

  describe('beside a tenant that has more than is looked at', () => {
    beforeAll(async () => {
      await flood(store().database.pool, b.keys[0] ?? 0)
    }, 60_000)

    test.each(Object.keys(seen))('%s: the other one sees and counts its own', async (name) => {
      const one = seen[name]
      const items = repeated(one?.withDeleted === true ? a.identities : a.identities.slice(0, 2), one?.times ?? 0)
      expect(await one?.list(store().queries, a.scope, b)).toEqual({ totalCount: items.length, items })
    })

    test('the newest transactions of a scope come first, whichever charge point they are of', async () => {
      const { queries, database } = store()
      await database.pool.query(`UPDATE transactions SET received_at = '2026-05-02' WHERE id = ${a.transactionId}`)
      const listed = await queries.listTransactions(
        { scope: { groups: [a.group, a.site, b.group, b.site] } },
        { page: 1, pageSize: 2 },
      )
      expect(listed.items.map(({ identity }) => identity)).toEqual(['A-TOP', 'B-TOP'])
      if (provider === 'Embedded') expect(listed).toMatchObject({ totalCount: embeddedListRowsMax })
    })
  })
})
