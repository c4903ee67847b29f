// Batches of charge points. What a change does is what a change of one charge point does: the same columns, the same
// fences, the same end of a connection whose credentials changed.

import { and, eq, isNull, or, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { storableText } from '../base/storable-text.ts'
import { withDefined } from '../base/with-defined.ts'
import type { ChargePointBatch, ChargePointLine, ChargePointOutcome } from '../blocks/batch.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import { changesAccess, type ChargePointInput } from '../blocks/records.ts'
import { arrayOf, batchRows } from './batch-rows.ts'
import { type BatchKind, type BatchStore, Overtaken, type Planned, storeBatch, unlessSame } from './batches.ts'
import {
  alikeSentence,
  changesTreatment,
  endingConnections,
  fenced,
  profileSentence,
  whatEnded,
} from './charge-point-queries.ts'
import { credentialsEnd } from './connection-history.ts'
import { bool, bytea, int4, text } from './wire/columns.ts'

const compared = {
  key: chargePoints.key,
  identity: chargePoints.identity,
  passwordHash: chargePoints.passwordHash,
  pendingPasswordHash: chargePoints.pendingPasswordHash,
  apiKeyHash: chargePoints.apiKeyHash,
  location: chargePoints.location,
  strictness: chargePoints.strictness,
  registrationStatus: chargePoints.registrationStatus,
  timeZone: chargePoints.timeZone,
  mayUseOtherName: chargePoints.mayUseOtherName,
  certificateName: chargePoints.certificateName,
  isBlocked: chargePoints.isBlocked,
  profileMin: chargePoints.profileMin,
}

type Stored = Pick<typeof chargePoints.$inferSelect, keyof typeof compared>

interface Change {
  readonly key: number
  readonly input: ChargePointInput
}

const identityColumn = text<ChargePointLine>(({ identity }) => identity)

const loweredColumn = text<ChargePointLine>(({ identity }) => identity.toLowerCase())

const newColumns = {
  identity: identityColumn,
  password_hash: bytea<ChargePointLine>(({ input }) => input.passwordHash ?? null),
  api_key_hash: bytea<ChargePointLine>(({ input }) => input.apiKeyHash ?? null),
  location: text<ChargePointLine>(({ input }) => input.location ?? null),
  strictness: text<ChargePointLine>(({ input }) => input.strictness ?? null),
  registration_status: text<ChargePointLine>(({ input }) => input.registrationStatus ?? null),
  time_zone: text<ChargePointLine>(({ input }) => input.timeZone ?? null),
  may_use_other_name: bool<ChargePointLine>(({ input }) => input.mayUseOtherName ?? false),
  certificate_name: text<ChargePointLine>(({ input }) => input.certificateName ?? null),
  blocked: bool<ChargePointLine>(({ input }) => input.isBlocked ?? false),
  security_profile_min: int4<ChargePointLine>(({ input }) => input.profileMin ?? 0),
}

const changedColumns = {
  key: int4<Change>(({ key }) => key),
  sets_password: bool<Change>(({ input }) => input.passwordHash !== undefined),
  new_password: bytea<Change>(({ input }) => input.passwordHash ?? null),
  sets_api_key: bool<Change>(({ input }) => input.apiKeyHash !== undefined),
  new_api_key: bytea<Change>(({ input }) => input.apiKeyHash ?? null),
  sets_location: bool<Change>(({ input }) => input.location !== undefined),
  new_location: text<Change>(({ input }) => input.location ?? null),
  new_strictness: text<Change>(({ input }) => input.strictness ?? null),
  new_registration: text<Change>(({ input }) => input.registrationStatus ?? null),
  sets_time_zone: bool<Change>(({ input }) => input.timeZone !== undefined),
  new_time_zone: text<Change>(({ input }) => input.timeZone ?? null),
  new_other_name: bool<Change>(({ input }) => input.mayUseOtherName ?? null),
  sets_certificate: bool<Change>(({ input }) => input.certificateName !== undefined),
  new_certificate: text<Change>(({ input }) => input.certificateName ?? null),
  new_blocked: bool<Change>(({ input }) => input.isBlocked ?? null),
  new_profile: int4<Change>(({ input }) => input.profileMin ?? null),
  notifies: bool<Change>(({ input }) => changesTreatment(input)),
}

const set = {
  passwordHash: sql`CASE WHEN v.sets_password THEN v.new_password ELSE password_hash END`,
  pendingPasswordHash: sql`CASE WHEN v.sets_password THEN NULL ELSE pending_password_hash END`,
  apiKeyHash: sql`CASE WHEN v.sets_api_key THEN v.new_api_key ELSE api_key_hash END`,
  location: sql`CASE WHEN v.sets_location THEN v.new_location ELSE location END`,
  strictness: sql`COALESCE(v.new_strictness, strictness)`,
  registrationStatus: sql`COALESCE(v.new_registration, registration_status)`,
  timeZone: sql`CASE WHEN v.sets_time_zone THEN v.new_time_zone ELSE time_zone END`,
  mayUseOtherName: sql`COALESCE(v.new_other_name, may_use_other_name)`,
  certificateName: sql`CASE WHEN v.sets_certificate THEN v.new_certificate ELSE certificate_name END`,
  isBlocked: sql`COALESCE(v.new_blocked, blocked)`,
  profileMin: sql`COALESCE(v.new_profile, security_profile_min)`,
}

// See `notifiesNodes` for one charge point.
const notified = { fencedIn: sql`CASE WHEN v.notifies THEN pg_current_xact_id() ELSE fenced_in END` }

// The CASE hides the condition from the planner, which would else read all of an index of those that are not deleted.
const isThere = sql`CASE WHEN deleted_at IS NULL THEN true ELSE false END`

const isNotLowered = sql`COALESCE(v.new_profile, security_profile_min) >= security_profile_min`

export function createChargePointBatches(store: BatchStore) {
  return {
    /** Creates or changes the charge point of each line; no two lines have the same identity. */
    async storeChargePoints(
      lines: readonly ChargePointLine[],
      { mode, strictnessDefault }: ChargePointBatch,
    ): Promise<ChargePointOutcome[]> {
      const kind: BatchKind<ChargePointLine, ChargePointOutcome> = {
        plan,
        insert: (db, planned) => insert(db, planned, strictnessDefault),
        update,
      }
      return storeBatch(store, lines, mode, kind)
    },
  }
}

async function plan(
  db: NodePgDatabase,
  lines: readonly ChargePointLine[],
): Promise<readonly Planned<ChargePointLine, ChargePointOutcome>[]> {
  // Arrays of values, not a subquery: if PostgreSQL reads the whole table, it compares each row with them by a hash.
  const isNamed = sql`${chargePoints.identity} = ANY(${arrayOf(identityColumn, lines)})`
  const isAlike = sql`lower(${chargePoints.identity}) = ANY(${arrayOf(loweredColumn, lines)})`
  const found: Stored[] = await db
    .select(compared)
    .from(chargePoints)
    .where(and(or(isNamed, isAlike), isNull(chargePoints.deletedAtMs)))
  const byIdentity = new Map(found.map((row) => [row.identity, row]))
  const alike = new Map(found.map((row) => [row.identity.toLowerCase(), row.identity]))
  return lines.map((line) => {
    const identity = storableText(line.identity)
    return { line, outcome: outcomeOf(line, byIdentity.get(identity), alike.get(identity.toLowerCase())) }
  })
}

function outcomeOf(line: ChargePointLine, stored: Stored | undefined, alike: string | undefined): ChargePointOutcome {
  const { identity, input } = line
  if (stored === undefined) {
    return alike === undefined
      ? { result: 'created' }
      : { result: 'conflict', sentence: alikeSentence(alike, identity) }
  }
  if ((input.profileMin ?? stored.profileMin) < stored.profileMin) {
    return { result: 'conflict', sentence: profileSentence(identity, stored.profileMin) }
  }
  const changed = differing(stored, line)
  if (Object.keys(changed).length === 0) return { result: 'unchanged' }
  const { key } = stored
  const { strictness, registrationStatus, timeZone } = { ...stored, ...changed }
  const chargePoint = { key, identity, strictness, registrationStatus, timeZone }
  return { result: 'changed', change: { chargePoint, changed } }
}

/** The fields of `input` that change something. Setting the same password again ends a rotation that is under way. */
function differing(stored: Stored, { input, isPassword, isApiKey }: ChargePointLine): ChargePointInput {
  const { passwordHash, apiKeyHash, location, certificateName, ...others } = input
  const isSamePassword =
    isSameSecret(stored.passwordHash, passwordHash, isPassword) && stored.pendingPasswordHash === null
  return withDefined({
    passwordHash: isSamePassword ? undefined : passwordHash,
    apiKeyHash: isSameSecret(stored.apiKeyHash, apiKeyHash, isApiKey) ? undefined : apiKeyHash,
    location: unlessSame(storable(location), stored.location),
    certificateName: unlessSame(storable(certificateName), stored.certificateName),
    strictness: unlessSame(others.strictness, stored.strictness),
    registrationStatus: unlessSame(others.registrationStatus, stored.registrationStatus),
    timeZone: unlessSame(others.timeZone, stored.timeZone),
    mayUseOtherName: unlessSame(others.mayUseOtherName, stored.mayUseOtherName),
    isBlocked: unlessSame(others.isBlocked, stored.isBlocked),
    profileMin: unlessSame(others.profileMin, stored.profileMin),
  })
}

function storable<T extends null | undefined>(text: string | T): string | T {
  return typeof text === 'string' ? storableText(text) : text
}

function isSameSecret(
  stored: Uint8Array | null,
  wanted: Uint8Array | null | undefined,
  isOf: (stored: Uint8Array) => boolean,
): boolean {
  return stored === null || wanted === null ? stored === wanted : isOf(stored)
}

async function insert(
  db: NodePgDatabase,
  planned: readonly Planned<ChargePointLine, ChargePointOutcome>[],
  strictnessDefault: ChargePointBatch['strictnessDefault'],
): Promise<void> {
  const rows = batchRows(
    newColumns,
    planned.map(({ line }) => line),
  )
  await db.execute(sql`
    INSERT INTO charge_points (identity, password_hash, api_key_hash, location, strictness, registration_status,
      time_zone, may_use_other_name, certificate_name, blocked, security_profile_min)
    SELECT identity, password_hash, api_key_hash, location, COALESCE(strictness, ${strictnessDefault}),
      COALESCE(registration_status, 'Accepted'), time_zone, may_use_other_name, certificate_name, blocked,
      security_profile_min FROM ${rows}`)
}

async function update(
  db: NodePgDatabase,
  planned: readonly Planned<ChargePointLine, ChargePointOutcome>[],
): Promise<void> {
  const changes = planned.flatMap(({ outcome: { change } }) =>
    change === undefined ? [] : [{ key: change.chargePoint.key, input: change.changed }],
  )
  const ending = changes.filter(({ input }) => changesAccess(input))
  const others = changes.filter(({ input }) => !changesAccess(input))
  const updating = (rows: readonly Change[], more: typeof fenced | typeof notified) =>
    db
      .update(chargePoints)
      .set({ ...set, ...more })
      .from(batchRows(changedColumns, rows))
      .where(and(eq(chargePoints.key, sql`v.key`), isThere, isNotLowered))
  let count = 0
  if (ending.length > 0) {
    count += (await endingConnections(db, updating(ending, fenced).returning(whatEnded), credentialsEnd)).length
  }
  if (others.length > 0) count += (await updating(others, notified)).rowCount ?? 0
  if (count < changes.length) throw new Overtaken()
}
