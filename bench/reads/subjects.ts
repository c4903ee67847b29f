// What requests ask for: charge points, transactions, messages and times that are in the database, by the names of the
// parameters of the API.

import type { Client } from 'pg'
import { storedLinesOf } from '../message-blocks.ts'
import { tenantOf, tenants } from './fill-rest-sql.ts'
import { identityOfKey } from './fill-sql.ts'
import { groupOfReader, type ReaderName, readerNames } from './reader-names.ts'

/** A value for each parameter. */
export type Subject = Readonly<Record<string, string>>

export interface Subjects {
  /** Values for the requests of an operation, one set for each request: of charge points in the scope of the reader. */
  of(operationId: string, isOfBusiest: boolean, reader: ReaderName): readonly Subject[]
}

/** Different subjects of an operation; its requests take them in turn. */
const subjectsMax = 20

const dayMs = 86_400_000

// A period of 30 days about a time.
const about = (time: string, days = 15): string =>
  `to_char(${time} AT TIME ZONE 'UTC' - interval '${days} days', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "from",
   to_char(${time} AT TIME ZONE 'UTC' + interval '${days} days', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS "to"`

const transactionSubjects = `SELECT t.id::text AS "transactionId", t.id_token AS "idTag",
    ${identityOfKey('t.charge_point_id')} AS "chargePointId", ${about('t.started_at')}
  FROM unnest($1::int8[]) id JOIN transactions t USING (id)`

const reservationSubjects = (_: string, isOurs: (key: string) => string): string =>
  `SELECT ${identityOfKey('r.charge_point_id')} AS "chargePointId", r.reservation_id::text AS "reservationId"
   FROM reservations r WHERE ${isOurs('r.charge_point_id')} ORDER BY r.reservation_id LIMIT ${subjectsMax}`

/** By operation, from the keys of some charge points and the condition `isOurs` for a key, both as SQL. */
const ownSubjects: Readonly<Record<string, (keys: string, isOurs: (key: string) => string) => string>> = {
  listEvents: (keys) => `SELECT ${identityOfKey('key')} AS "chargePointId", e.message_id AS "messageId", e.action,
      ${about('e.received_at')}, 'fromChargePoint' AS direction
    FROM unnest(${keys}) key CROSS JOIN LATERAL (SELECT message_id, action, received_at FROM charge_point_events
      WHERE charge_point_id = key ORDER BY received_at, digest OFFSET 2 LIMIT 1) e`,
  listAnomalies: (keys) => `SELECT ${identityOfKey('a.charge_point_id')} AS "chargePointId", a.kind,
      a.transaction AS "transactionId", ${about('a.received_at', 3)}
    FROM anomalies a WHERE a.charge_point_id = ANY(${keys}) ORDER BY a.digest LIMIT ${subjectsMax}`,
  listSecurityEvents: () => `SELECT s.identity AS "chargePointId", s.type, 'centralSystem' AS source,
      ${about('s.received_at')}
    FROM security_events s ORDER BY s.id LIMIT ${subjectsMax}`,
  getReservation: reservationSubjects,
  listReservations: reservationSubjects,
  listCorrections: (_, isOurs) => `SELECT DISTINCT t.id::text AS "transactionId"
    FROM transaction_corrections c JOIN transactions t ON t.id = c.transaction_id
    WHERE ${isOurs('t.charge_point_id')} ORDER BY 1 LIMIT ${subjectsMax}`,
}

/** Values that are the same for all subjects of an operation. */
const fixedValues: Readonly<Record<string, Subject>> = {
  listTransactions: { open: 'true', ghost: 'true' },
  listChargePoints: {
    status: 'Charging',
    connected: 'true',
    vendor: 'Vendor 1',
    model: 'Model 1',
    firmwareVersion: '1.1.0',
    version: '1.6',
    location: 'Street 1, City 1',
    q: '000042',
  },
  searchVariables: {
    component: 'Made7Ctrlr',
    componentInstance: 'A',
    evseId: '1',
    connectorId: '1',
    variable: 'Interval7',
    variableInstance: 'A',
    attributeType: 'Actual',
    mutability: 'ReadWrite',
    value: '7',
  },
  listVariables: { component: 'Ctrlr', variable: 'interval', value: '7' },
  listAlarms: { severity: '3', component: 'EVSE', variable: 'Temperature', open: 'true' },
  listCredentialRotationItems: { state: 'refused' },
  listCertificates: { state: 'accepted' },
  listIdTags: { status: 'Blocked' },
  listChargingProfiles: { purpose: 'TxDefaultProfile' },
  listDerControls: { controlType: 'VoltVar' },
  listBatterySwaps: { requestId: '1' },
  listSettlements: { pspRef: 'PSP-1' },
  listQuirkCounts: { groupBy: 'model', quirk: 'enumCase', profile: 'wallbox' },
  getQuirkProfile: { name: 'wallbox' },
  getDataTransferVendor: { vendorId: 'com.example' },
  listJobs: { kind: 'firmwareUpdate', state: 'failed' },
  listApiKeys: { state: 'active' },
  listAuditLog: { principal: 'operator 1', operation: 'resetChargePoint', outcome: 'done' },
}

/** Values by the time of the fill. */
function timedValues(nowMs: number): Record<string, Subject> {
  const iso = (ms: number): string => new Date(ms).toISOString()
  return {
    listChargePoints: { lastSeenBefore: iso(nowMs - dayMs / 2) },
    listCertificates: { expiresBefore: iso(nowMs + 30 * dayMs) },
  }
}

/**
 * Reads the subjects from a filled database with this many transactions. `operationIds` are those that will be asked
 * for.
 */
export async function readSubjects(
  client: Client,
  transactions: number,
  nowMs: number,
  operationIds: readonly string[],
): Promise<Subjects> {
  const spread = Array.from({ length: subjectsMax }, (_, index) =>
    Math.max(1, Math.floor(((index + 0.5) * transactions) / subjectsMax)),
  )
  const busiest = await client.query<{ id: string }>(
    `SELECT id FROM transactions WHERE charge_point_id = 1 ORDER BY received_at LIMIT ${subjectsMax}`,
  )
  const ofReaders = new Map<ReaderName, ReadonlyMap<string, readonly Subject[]>>()
  for (const name of readerNames) {
    const ids = await transactionsNear(client, spread, groupOfReader[name])
    ofReaders.set(name, await subjectsOf(client, ids, groupOfReader[name], operationIds))
  }
  const ofBusiest = await subjectsOf(
    client,
    busiest.rows.map(({ id }) => Number(id)),
    null,
    operationIds,
  )
  const timed = timedValues(nowMs)
  return {
    of(operationId, isOfBusiest, reader) {
      // For another reader only the id token is the busiest one.
      const found = (isOfBusiest && reader === 'admin' ? ofBusiest : ofReaders.get(reader))?.get(operationId) ?? []
      const values = { ...fixedValues[operationId], ...timed[operationId] }
      const token = isOfBusiest ? { idTag: busiestToken } : {}
      return found.map((subject) => ({ ...subject, ...values, ...token }))
    },
  }
}

const busiestToken = 'CARD00000001'
const rotationOfAll = '1'
const anyErasure = '1'
const anyJob = '1'
/** An API key of the first part of the fill, and a role. */
const anyKey = '000000000000000a'
const anyRole = 'viewer'

/** For each of these transactions, itself or the next one of a charge point of the group. */
async function transactionsNear(client: Client, ids: readonly number[], group: number | null): Promise<number[]> {
  if (group === null) return [...ids]
  const { rows } = await client.query<{ id: string }>(
    `SELECT t.id FROM unnest($1::int8[]) AS v(id) CROSS JOIN LATERAL (SELECT id FROM transactions t
       WHERE t.id >= v.id AND ${tenantOf('t.charge_point_id')} = $2 ORDER BY t.id LIMIT 1) t`,
    [ids, group],
  )
  return rows.map(({ id }) => Number(id))
}

async function subjectsOf(
  client: Client,
  transactionIds: readonly number[],
  group: number | null,
  operationIds: readonly string[],
): Promise<Map<string, readonly Subject[]>> {
  const { rows: places } = await client.query<{ key: number }>(
    'SELECT charge_point_id AS key FROM transactions WHERE id = ANY($1)',
    [transactionIds],
  )
  const keys = [...new Set(places.map(({ key }) => key))]
  const keyList = `ARRAY[${keys.join(',')}]::int4[]`
  const isOurs = (key: string): string => (group === null ? 'true' : `${tenantOf(key)} = ${group}`)
  const read = async (sql: string, values: readonly unknown[]): Promise<Subject[]> => {
    const { rows } = await client.query<Record<string, string>>(sql, [...values])
    return rows
  }
  const general = (await read(transactionSubjects, [transactionIds])).map((subject) => ({
    ...subject,
    startDate: subject['from'] ?? '',
    endDate: subject['to'] ?? '',
    // Only who may see all of its charge points sees a rotation.
    ...(group === null ? { rotationId: rotationOfAll } : {}),
    erasureId: anyErasure,
    jobId: anyJob,
    keyId: anyKey,
    name: anyRole,
    groupId: String(group ?? tenants.hundredth),
    parentId: String(group ?? tenants.hundredth),
  }))
  const all = new Map<string, readonly Subject[]>()
  for (const id of operationIds) {
    if (id === 'listMessages') {
      all.set(id, await messageSubjects(client, keys))
      continue
    }
    const sql = Object.hasOwn(ownSubjects, id) ? ownSubjects[id] : undefined
    all.set(id, sql === undefined ? general : await read(sql(keyList, isOurs), []))
  }
  return all
}

/** A message of each charge point, and half a day before and after it. */
async function messageSubjects(client: Client, keys: readonly number[]): Promise<Subject[]> {
  const iso = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`
  const subjects: Subject[] = []
  for (const key of keys) {
    const lines = await storedLinesOf(client, key)
    const line = lines.filter(({ direction }) => direction === 'fromChargePoint')[2]
    const { rows } = await client.query<{ identity: string }>(`SELECT ${identityOfKey('$1::int4')} AS identity`, [key])
    if (line === undefined || rows[0] === undefined) continue
    const [, messageId = '', action = ''] = JSON.parse(line.frame)
    subjects.push({
      chargePointId: rows[0].identity,
      messageId,
      action,
      direction: line.direction,
      from: iso(line.atMs - dayMs / 2),
      to: iso(line.atMs + dayMs / 2),
    })
  }
  return subjects
}
