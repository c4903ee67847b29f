// Batches of charge points. What a change does is what a change of one charge point does: the same columns, the same
// fences, the same end of a connection whose credentials changed.

import { and, eq, isNull, or, sql } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { storableText } from '../base/storable-text.ts'
import { withDefined } from '../base/with-defined.ts'
import type { ChargePointBatch, ChargePointLine, ChargePointOutcome } from '../blocks/batch.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import { changesAccess, type ChargePointInput } from '../blocks/records.ts'
import type { Scope } from '../blocks/scope.ts'
import { arrayOf, batchRows } from './batch-rows.ts'
import { type BatchKind, type BatchStore, Overtaken, type Planned, storeBatch, unlessSame } from './batches.ts'
import { type GroupChoice, groupChoice, groupIssue, groupOfNew, lockedGroups } from './charge-point-groups.ts'
import {
  alikeSentence,
  changesTreatment,
  endingConnections,
  fenced,
  profileSentence,
  takenSentence,
  whatEnded,
} from './charge-point-changes.ts'
import { credentialsEnd } from './connection-history.ts'
import { isInScope } from './in-scope.ts'
import { bool, bytea, int4, text } from './wire/columns.ts'

const compared = {
  key: chargePoints.key,
  identity: chargePoints.identity,
  passwordHash: chargePoints.passwordHash,
  pendingPasswordHash: chargePoints.pendingPasswordHash,
  apiKeyHash: chargePoints.apiKeyHash,
  location: chargePoints.location,
  groupKey: chargePoints.groupKey,
  strictness: chargePoints.strictness,
  registrationStatus: chargePoints.registrationStatus,
  timeZone: chargePoints.timeZone,
  mayUseOtherName: chargePoints.mayUseOtherName,
  certificateName: chargePoints.certificateName,
  isBlocked: chargePoints.isBlocked,
  profileMin: chargePoints.profileMin,
}

type Stored = Pick<typeof chargePoints.$inferSelect, keyof typeof compared> & { readonly isOurs: boolean }

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
  group_id: int4<ChargePointLine>(({ input }) => input.groupKey ?? null),
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
  sets_group: bool<Change>(({ input }) => input.groupKey !== undefined),
  new_group: int4<Change>(({ input }) => input.groupKey ?? null),
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
  groupKey: sql`CASE WHEN v.sets_group THEN v.new_group ELSE group_id END`,
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
      { mode, scope, strictnessDefault }: ChargePointBatch,
    ): Promise<ChargePointOutcome[]> {
      const kind: BatchKind<ChargePointLine, ChargePointOutcome> = {
        plan: (db, piece) => plan(db, piece, scope),
        insert: (db, planned) => insert(db, planned, scope, strictnessDefault),
        update: (db, planned) => update(db, planned, scope),
      }
      return storeBatch(store, lines, mode, kind)
    },
  }
}

async function plan(
  db: NodePgDatabase,
  lines: readonly ChargePointLine[],
  scope: Scope,
): Promise<readonly Planned<ChargePointLine, ChargePointOutcome>[]> {
  // Arrays of values, not a subquery: if PostgreSQL reads the whole table, it compares each row with them by a hash.
  const isNamed = sql`${chargePoints.identity} = ANY(${arrayOf(identityColumn, lines)})`
  const isAlike = sql`lower(${chargePoints.identity}) = ANY(${arrayOf(loweredColumn, lines)})`
  const found: Stored[] = await db
    .select({ ...compared, isOurs: sql<boolean>`${isInScope(scope) ?? sql`true`}` })
    .from(chargePoints)
    .where(and(or(isNamed, isAlike), isNull(chargePoints.deletedAtMs)))
  const inputs = lines.map(({ input }) => input)
  const choice = await groupChoice(db, inputs, scope)
  const byIdentity = new Map(found.map((row) => [row.identity, row]))
  const alike = new Map(found.map((row) => [row.identity.toLowerCase(), row]))
  return lines.map((line) => {
    const identity = storableText(line.identity)
    const stored = byIdentity.get(identity)
    const inTheWay = stored ?? alike.get(identity.toLowerCase())
    if (inTheWay !== undefined && !inTheWay.isOurs) return refused(line, takenSentence(line.identity))
    if (stored !== undefined) return { line, outcome: outcomeOf(line, stored, choice) }
    if (inTheWay !== undefined) return refused(line, alikeSentence(inTheWay.identity, line.identity))
    return plannedNew(line, choice)
  })
}

function refused(line: ChargePointLine, sentence: string): Planned<ChargePointLine, ChargePointOutcome> {
  return { line, outcome: { result: 'conflict', sentence } }
}

function badGroup(issue: string): ChargePointOutcome {
  return { result: 'invalid', field: 'groupId', sentence: issue }
}

function plannedNew(line: ChargePointLine, choice: GroupChoice): Planned<ChargePointLine, ChargePointOutcome> {
  const group = groupOfNew(line.input, choice)
  if ('issue' in group) return { line, outcome: badGroup(group.issue) }
  return { line: { ...line, input: { ...line.input, ...group } }, outcome: { result: 'created' } }
}

function outcomeOf(line: ChargePointLine, stored: Stored, choice: GroupChoice): ChargePointOutcome {
  const { identity, input } = line
  if ((input.profileMin ?? stored.profileMin) < stored.profileMin) {
    return { result: 'conflict', sentence: profileSentence(identity, stored.profileMin) }
  }
  const issue = groupIssue(input, choice)
  if (issue !== undefined) return badGroup(issue)
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
    groupKey: unlessSame(others.groupKey, stored.groupKey),
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

/** @throws {Overtaken} if a group of `inputs` was deleted since it was looked up; until the end it is not deleted. */
async function lockGroups(db: NodePgDatabase, inputs: readonly ChargePointInput[], scope: Scope): Promise<void> {
  const keys = new Set(inputs.flatMap(({ groupKey }) => groupKey ?? []))
  if ((await lockedGroups(db, [...keys], scope)).size < keys.size) throw new Overtaken()
}

async function insert(
  db: NodePgDatabase,
  planned: readonly Planned<ChargePointLine, ChargePointOutcome>[],
  scope: Scope,
  strictnessDefault: ChargePointBatch['strictnessDefault'],
): Promise<void> {
  const lines = planned.map(({ line }) => line)
  const inputs = lines.map(({ input }) => input)
  await lockGroups(db, inputs, scope)
  const rows = batchRows(newColumns, lines)
  await db.execute(sql`
    INSERT INTO charge_points (identity, password_hash, api_key_hash, location, group_id, strictness, registration_status,
      time_zone, may_use_other_name, certificate_name, blocked, security_profile_min)
    SELECT identity, password_hash, api_key_hash, location, group_id, COALESCE(strictness, ${strictnessDefault}),
      COALESCE(registration_status, 'Accepted'), time_zone, may_use_other_name, certificate_name, blocked,
      security_profile_min FROM ${rows}`)
}

async function update(
  db: NodePgDatabase,
  planned: readonly Planned<ChargePointLine, ChargePointOutcome>[],
  scope: Scope,
): Promise<void> {
  const changes = planned.flatMap(({ outcome: { change } }) =>
    change === undefined ? [] : [{ key: change.chargePoint.key, input: change.changed }],
  )
  const inputs = changes.map(({ input }) => input)
  await lockGroups(db, inputs, scope)
  const ending = changes.filter(({ input }) => changesAccess(input))
  const others = changes.filter(({ input }) => !changesAccess(input))
  const updating = (rows: readonly Change[], more: typeof fenced | typeof notified) =>
    db
      .update(chargePoints)
      .set({ ...set, ...more })
      .from(batchRows(changedColumns, rows))
      .where(and(eq(chargePoints.key, sql`v.key`), isThere, isInScope(scope), isNotLowered))
  let count = 0
  if (ending.length > 0) {
    count += (await endingConnections(db, updating(ending, fenced).returning(whatEnded), credentialsEnd)).length
  }
  if (others.length > 0) count += (await updating(others, notified)).rowCount ?? 0
  if (count < changes.length) throw new Overtaken()
}
