// Creating, changing and deleting one charge point. Batches do the same with many: see charge-point-batch.ts.

import { and, eq, isNull, lte, type SQL, sql, type SQLWrapper } from 'drizzle-orm'
import type { NodePgDatabase } from 'drizzle-orm/node-postgres'
import { StatorError } from '../base/errors.ts'
import { storableText } from '../base/storable-text.ts'
import { withDefined } from '../base/with-defined.ts'
import { chargePoints } from '../blocks/charge-point-tables.ts'
import { changesAccess, type ChargePointInput, type ChargePointRecord } from '../blocks/records.ts'
import type { Scope } from '../blocks/scope.ts'
import { transactions } from '../blocks/transactions/tables.ts'
import { badGroup, choosesGroup, groupChoice, groupIssue, groupOfNew } from './charge-point-groups.ts'
import { credentialsEnd, deletedEnd, endColumns, insertEnds } from './connection-history.ts'
import { isInScope } from './in-scope.ts'
import { certificates } from './schema.ts'
import { isAlreadyStored } from './store-error.ts'
import { untilNoDeadlock } from './until-no-deadlock.ts'

/**
 * Takes a new fencing token (`fences.ts`): a node that still holds the connection closes it, and changes nothing with
 * the old one.
 */
export const fenced = {
  endedEpoch: sql`CASE WHEN connected THEN connection_epoch END`,
  endedNode: sql`CASE WHEN connected THEN node END`,
  connected: false,
  node: null,
  connectionEpoch: sql`nextval('connection_epochs')`,
  fencedIn: sql`pg_current_xact_id()`,
}

export const whatEnded = {
  id: chargePoints.key,
  endedEpoch: chargePoints.endedEpoch,
  endedNode: chargePoints.endedNode,
}

/** Notifies the node that holds the connection: it reads the changed settings of the charge point (`fences.ts`). */
const notifiesNodes = { fencedIn: sql`pg_current_xact_id()` }

function revokeAllOf(chargePointKey: number): SQL {
  return sql`UPDATE ${certificates} SET state = 'revoked', revoked_at = clock_timestamp()
    WHERE charge_point_id = ${chargePointKey} AND state <> 'revoked'`
}

/**
 * Runs `update`, which ends connections, and stores how they ended. Returns the keys of the charge points it found.
 */
export async function endingConnections(
  db: Pick<NodePgDatabase, 'execute'>,
  update: SQLWrapper,
  end: typeof credentialsEnd,
): Promise<number[]> {
  const ended = `(SELECT id AS key, ended_epoch, ended_node, clock_timestamp() AS at, ${endColumns(end)} FROM changed)`
  const { rows } = await db.execute<{ readonly id: number }>(
    sql`WITH changed AS ${update}, ended AS (${sql.raw(insertEnds(ended))}) SELECT id FROM changed`,
  )
  return rows.map(({ id }) => id)
}

/** Why a charge point of that identity cannot be created beside `existing`. */
export function alikeSentence(existing: string, identity: string): string {
  return `Charge point '${existing}' exists already, and '${identity}' differs from it in letter case only.`
}

/** Why a charge point of that identity cannot be created, for who may not know which one is in the way. */
export function takenSentence(identity: string): string {
  return `The charge point ID '${identity}' cannot be used; choose another one.`
}

/** What runs statements, in a transaction or not. */
type Db = Pick<NodePgDatabase, 'execute' | 'insert' | 'update'>

function ofIdentity(identity: string, scope: Scope): SQL | undefined {
  return and(eq(chargePoints.identity, storableText(identity)), isNull(chargePoints.deletedAtMs), isInScope(scope))
}

/** Null: there is none of that identity in the scope. */
export async function chargePointOf(
  db: Pick<NodePgDatabase, 'select'>,
  identity: string,
  scope: Scope,
): Promise<ChargePointRecord | null> {
  const [row] = await db.select().from(chargePoints).where(ofIdentity(identity, scope))
  return row === undefined ? null : recordOf(row)
}

export function createChargePointChanges(db: NodePgDatabase) {
  /**
   * @throws {StatorError} `CONFLICT` when there is a charge point whose identity differs from `identity` in letter case
   * only, or one of that identity outside of the scope.
   */
  async function refuseTaken(identity: string, scope: Scope): Promise<void> {
    const isAlike = sql`lower(${chargePoints.identity}) = lower(${storableText(identity)})`
    const found = await db
      .select({ identity: chargePoints.identity, isOurs: sql<boolean>`${isInScope(scope) ?? sql`true`}` })
      .from(chargePoints)
      .where(and(isAlike, isNull(chargePoints.deletedAtMs)))
    const alike = found.find((one) => one.isOurs && one.identity !== storableText(identity))
    if (alike !== undefined) throw new StatorError('CONFLICT', alikeSentence(alike.identity, identity))
    if (found.some(({ isOurs }) => !isOurs)) throw new StatorError('CONFLICT', takenSentence(identity))
  }

  function insertNew(on: Db, identity: string, input: ChargePointInput) {
    const values = { identity: storableText(identity), ...columnsOf(input) }
    return on.insert(chargePoints).values(values).returning()
  }

  async function insertInGroup(on: Db, identity: string, input: ChargePointInput, scope: Scope) {
    const group = groupOfNew(input, await groupChoice(on, [input], scope))
    if ('issue' in group) throw badGroup(group.issue)
    return insertNew(on, identity, { ...input, ...group })
  }

  /** Null: there is none, or its security profile would be lowered. */
  async function change(on: Db, identity: string, input: ChargePointInput, scope: Scope): Promise<number | null> {
    if (choosesGroup(input, scope)) {
      const issue = groupIssue(input, await groupChoice(on, [input], scope))
      if (issue !== undefined) throw badGroup(issue)
    }
    const columns = {
      ...columnsOf(input),
      ...(input.passwordHash === undefined ? {} : { pendingPasswordHash: null }),
      ...(changesTreatment(input) ? notifiesNodes : {}),
      ...(changesAccess(input) ? fenced : {}),
    }
    if (Object.keys(columns).length === 0) return null
    const update = on
      .update(chargePoints)
      .set(columns)
      .where(and(ofIdentity(identity, scope), mayBeProfile(input)))
    if (changesAccess(input))
      return (await endingConnections(on, update.returning(whatEnded), credentialsEnd))[0] ?? null
    return (await update.returning({ key: chargePoints.key }))[0]?.key ?? null
  }

  return {
    /**
     * If two identities differed in letter case only, a third spelling would find neither. A scope of groups that has
     * one at its top gives that to a charge point without a group.
     *
     * @throws {StatorError} `CONFLICT` when a charge point of that identity exists, in whatever letter case;
     *   `BAD_REQUEST` for a group that does not exist in the scope, or if one must be named.
     */
    async createChargePoint(identity: string, input: ChargePointInput, scope: Scope): Promise<ChargePointRecord> {
      // The index refuses it as well, except in a database from before the index.
      await refuseTaken(identity, scope)
      const hasGroup = scope !== 'all' || choosesGroup(input, scope)
      const inserting = hasGroup
        ? db.transaction(async (transaction) => insertInGroup(transaction, identity, input, scope))
        : insertNew(db, identity, input).execute()
      const [row] = await inserting.catch(async (error: unknown) => {
        if (!isAlreadyStored(error)) throw error
        await refuseTaken(identity, scope)
        throw new StatorError('CONFLICT', `Charge point '${identity}' exists already.`, undefined, error)
      })
      if (row === undefined) throw new StatorError('INTERNAL', `Charge point '${identity}' was not stored.`)
      return recordOf(row)
    },

    /**
     * Null if there is none. Changed credentials, or other rules for its access, end the connection at whichever node
     * holds it. Other changed settings are notified to that node. A new password ends a rotation that is under way.
     *
     * @throws {StatorError} `CONFLICT` when it would lower the lowest security profile; `BAD_REQUEST` for a group that
     *   does not exist in the scope.
     */
    async updateChargePoint(
      identity: string,
      input: ChargePointInput,
      scope: Scope,
    ): Promise<ChargePointRecord | null> {
      const key = choosesGroup(input, scope)
        ? await db.transaction(async (transaction) => change(transaction, identity, input, scope))
        : await change(db, identity, input, scope)
      const now = await chargePointOf(db, identity, scope)
      if (key === null && now !== null && changesAccess(input)) throw profileNotLowered(now)
      return now
    },

    /**
     * Marks the charge point as deleted, removes its credentials, and revokes its certificates: they name an identity
     * that may be created again. Its transactions, meter values and history stay. Returns its key; null if there was
     * none.
     *
     * @throws {StatorError} `CONFLICT` while a transaction is open.
     */
    async deleteChargePoint(identity: string, scope: Scope): Promise<number | null> {
      const hasOpen = sql`EXISTS (SELECT FROM ${transactions}
        WHERE ${transactions.chargePointKey} = ${chargePoints.key} AND ${transactions.stoppedAtMs} IS NULL)`
      const update = db
        .update(chargePoints)
        .set({
          ...fenced,
          deletedAtMs: sql`clock_timestamp()`,
          passwordHash: null,
          pendingPasswordHash: null,
          apiKeyHash: null,
        })
        .where(and(ofIdentity(identity, scope), sql`NOT ${hasOpen}`))
      const deleted = await untilNoDeadlock(() =>
        db.transaction(async (transaction) => {
          const [key] = await endingConnections(transaction, update.returning(whatEnded), deletedEnd)
          if (key !== undefined) await transaction.execute(revokeAllOf(key))
          return key
        }),
      )
      if (deleted !== undefined) return deleted
      if ((await chargePointOf(db, identity, scope)) === null) return null
      throw new StatorError('CONFLICT', `Charge point '${identity}' has an open transaction; stop or close it first.`)
    },
  }
}

/** The lowest security profile of a charge point is never lowered (1.6 Security Whitepaper A05.FR.09). */
function mayBeProfile({ profileMin }: ChargePointInput): SQL | undefined {
  return profileMin === undefined ? undefined : lte(chargePoints.profileMin, profileMin)
}

function profileNotLowered({ identity, profileMin }: ChargePointRecord): StatorError {
  return new StatorError('CONFLICT', profileSentence(identity, profileMin))
}

/** Why the lowest security profile of a charge point cannot become lower than `profileMin`. */
export function profileSentence(identity: string, profileMin: number): string {
  return (
    `The lowest security profile of charge point '${identity}' is ${profileMin}, and is never lowered; ` +
    'to begin anew, delete the charge point and create it again'
  )
}

/** Whether `input` changes a setting that the node with the connection uses. */
export function changesTreatment({
  strictness,
  quirkProfile,
  registrationStatus,
  timeZone,
}: ChargePointInput): boolean {
  return [strictness, quirkProfile, registrationStatus, timeZone].some((setting) => setting !== undefined)
}

function columnsOf(input: ChargePointInput) {
  const { location, ...rest } = input
  return withDefined({ ...rest, location: typeof location === 'string' ? storableText(location) : location })
}

/** A charge point, as the API knows it. */
export function recordOf(row: typeof chargePoints.$inferSelect): ChargePointRecord {
  return {
    key: row.key,
    identity: row.identity,
    status: row.connected ? row.status : 'Offline',
    connected: row.connected,
    location: row.location,
    groupKey: row.groupKey,
    ocppVersion: row.ocppVersion,
    strictness: row.strictness,
    quirkProfile: row.quirkProfile,
    registrationStatus: row.registrationStatus,
    timeZone: row.timeZone,
    mayUseOtherName: row.mayUseOtherName,
    certificateName: row.certificateName,
    isBlocked: row.isBlocked,
    profileMin: row.profileMin,
    bootStatus: row.bootStatus,
    vendor: row.vendor,
    model: row.model,
    serialNumber: row.serialNumber,
    firmwareVersion: row.firmwareVersion,
    iccid: row.iccid,
    imsi: row.imsi,
    firmwareStatus: row.firmwareStatus,
    diagnosticsStatus: row.diagnosticsStatus,
    logStatus: row.logStatus,
    lastSeenAtMs: row.lastSeenAtMs,
    lastHeartbeatAtMs: row.lastHeartbeatAtMs,
    lastBootAtMs: row.lastBootAtMs,
    createdAtMs: row.createdAtMs,
    hasPassword: row.passwordHash !== null,
    hasApiKey: row.apiKeyHash !== null,
  }
}
