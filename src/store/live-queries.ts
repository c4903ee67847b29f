// The queries for connected charge points. They are on the hot path, so they are batched and prepared.

import {
  idTokenLookupCharactersMax,
  idTokensRememberedMax,
  openTransactionsMax,
  rememberedIdTokenMsMax,
} from '../base/limits.ts'
import type { Clock } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import { storableText } from '../base/storable-text.ts'
import { inTime } from '../base/in-time.ts'
import type { KnownConnector, KnownIdToken, KnownTransaction, RegistrationStatus } from '../blocks/decision.ts'
import type { ConnectionEnd, CredentialRecord, Hydration } from '../blocks/records.ts'
import type { SecurityProfile } from '../blocks/values.ts'
import type { UntimedFacts } from '../blocks/untimed-facts.ts'
import type { Strictness } from '../ocpp/verdict.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { BatchedLookup } from './batched-lookup.ts'
import { createBeforeStart } from './before-start.ts'
import { createRevokedLookup } from './certificate-revocation.ts'
import { createLastRegister, createRegistersNextTo } from './last-registers.ts'
import { bytesArray, instantArray, int4Array, int8Array, textArray } from './wire/binary-array.ts'
import { unseen } from './wire/plans.ts'
import { insertEnds, insertOpened, insertReplaced, keepEnded } from './connection-history.ts'
import type { Database } from './database.ts'
import { createJobLookup } from './job-lookup.ts'
import { createAlarmLookup } from './alarm-queries.ts'
import { createDynamicScheduleLookup } from './dynamic-schedule-queries.ts'
import { createReportLookup } from './report-queries.ts'
import { knownJson, ms, transactionColumns } from './known-transaction.ts'
import { openPromisesOf } from './remote-start-promises.ts'
import { storeError } from './store-error.ts'
import { createTransferVendorLookup, TransferVendorNames } from './transfer-vendor-queries.ts'
import { untilNoDeadlock } from './until-no-deadlock.ts'

/** A connection of a charge point, as it is claimed. */
export interface ConnectionClaim {
  readonly version: OcppVersion
  /** Id of this process among those that share the database (`NodeLeases`). */
  readonly node: string
  /** Its host and port, for the history; left out: as the table `nodes` has them. */
  readonly nodeName?: string
  /** Address of the charge point, for the history; left out: not known. */
  readonly remoteAddress?: string
  readonly atMs: number
  /**
   * The stored hash that the charge point authenticated with; null or left out: there is no hash that could have
   * changed since.
   */
  readonly credential?: Uint8Array | null
  /** What to store in its place: it was hashed with an earlier secret. */
  readonly renewed?: Uint8Array | null
  /** Serial number of the client certificate that it authenticated with; null or left out: it did otherwise. */
  readonly certificate?: string | null
  /** Security profile of the connection; left out: it is not compared with the lowest one of the charge point. */
  readonly profile?: SecurityProfile
}

interface Claim extends ConnectionClaim {
  readonly key: number
  readonly number: number
}

interface ClaimedRow {
  readonly key: number
  readonly identity: string
  readonly version: OcppVersion
  readonly strictness: Strictness
  readonly quirkProfile: string | null
  readonly vendor: string | null
  readonly model: string | null
  readonly firmwareVersion: string | null
  readonly registrationStatus: RegistrationStatus
  readonly timeZone: string | null
  readonly bootStatus: RegistrationStatus | null
  readonly lastBootAtMs: number | null
  readonly epoch: number
  readonly untimedFacts: UntimedFacts | null
  readonly connectors: readonly KnownConnector[] | null
  readonly openTransactions: Hydration['openTransactions'] | null
  readonly promises: Hydration['promises'] | null
}

interface StationTransactionId {
  readonly chargePointKey: number
  readonly id: string
}

// The columns of charge points `c` that an actor starts from, and what is read from their other tables.
const actorColumns = `c.id AS key, c.identity, c.ocpp_version AS version, c.strictness, c.registration_status AS "registrationStatus",
  c.time_zone AS "timeZone", c.boot_status AS "bootStatus", ${ms('c.last_boot_at')} AS "lastBootAtMs", c.connection_epoch AS epoch,
  c.untimed_facts AS "untimedFacts", c.quirk_profile AS "quirkProfile", c.vendor, c.model, c.firmware_version AS "firmwareVersion"`

// With a limit, PostgreSQL looks into the partition of the id only, whatever it knows about the size of the table.
const transactionOf = (id: string): string => `LATERAL (SELECT * FROM transactions WHERE id = ${id} LIMIT 1)`

function withChildren(found: string): string {
  return `SELECT key, identity, version, strictness, "registrationStatus", "timeZone", "bootStatus", "lastBootAtMs", epoch, "untimedFacts",
    "quirkProfile", vendor, model, "firmwareVersion",
    (SELECT json_agg(json_build_object('evseId', k.evse_id, 'connectorId', k.connector_id, 'status', k.status))
     FROM connectors k WHERE k.charge_point_id = ${found}.key) AS connectors,
    (SELECT json_agg(json_build_object(${knownJson})) FROM (
       SELECT * FROM transactions o WHERE o.charge_point_id = ${found}.key AND o.stopped_at IS NULL
       ORDER BY o.received_at DESC, o.id DESC LIMIT ${openTransactionsMax}) t) AS "openTransactions",
    ${openPromisesOf(`${found}.key`)} AS promises
  FROM ${found}`
}

// Authentication read the credentials some time ago, so the claim compares them once more, under the lock of the row. A
// pending password that is used becomes the password, and a security profile that was commanded the lowest one (1.6
// Security Whitepaper A05.FR.09). A certificate is locked: it is revoked before the claim, which sees that, or after
// it, and then the revocation finds the connection.
const claimConnections = `
  WITH shown AS MATERIALIZED (
    SELECT serial_number, state FROM certificates WHERE serial_number = ANY($10::text[]) FOR SHARE
  ), claimed AS (
    UPDATE charge_points c SET connected = true, connection_epoch = nextval('connection_epochs'), ocpp_version = v.version,
      node = v.node, connection_certificate = v.certificate, ${keepEnded}, last_seen_at = GREATEST(c.last_seen_at, v.at),
      fenced_in = CASE WHEN c.connected THEN pg_current_xact_id() ELSE c.fenced_in END,
      password_hash = CASE WHEN v.credential IN (c.password_hash, c.pending_password_hash)
        THEN COALESCE(v.renewed, v.credential) ELSE c.password_hash END,
      api_key_hash = CASE WHEN v.credential = c.api_key_hash THEN COALESCE(v.renewed, v.credential) ELSE c.api_key_hash END,
      pending_password_hash = CASE WHEN v.credential = c.pending_password_hash THEN NULL ELSE c.pending_password_hash END,
      security_profile_min = CASE WHEN v.profile >= c.security_profile_next
        THEN GREATEST(c.security_profile_min, c.security_profile_next) ELSE c.security_profile_min END,
      security_profile_next = CASE WHEN v.profile >= c.security_profile_next THEN NULL ELSE c.security_profile_next END
    FROM unnest($1::int4[], $2::text[], $3::text[], $4::timestamptz[], $5::bytea[], $6::text[], $7::text[], $8::int4[], $9::bytea[], $10::text[])
      AS v(id, version, node, at, credential, node_name, remote_address, profile, renewed, certificate)
    WHERE c.id = v.id AND c.deleted_at IS NULL AND NOT c.blocked
      AND (v.profile IS NULL OR v.profile >= c.security_profile_min)
      AND (v.credential IS NULL OR v.credential IN (c.password_hash, c.pending_password_hash, c.api_key_hash))
      AND NOT EXISTS (SELECT FROM shown WHERE shown.serial_number = v.certificate AND shown.state = 'revoked')
    RETURNING ${actorColumns}, c.ended_epoch, c.ended_node, v.at, v.node, v.node_name, v.remote_address
  ), replaced AS (${insertReplaced}), opened AS (${insertOpened('claimed')})
  ${withChildren('claimed')}`

// Deleted ones too: what they still report is stored.
const readAgain = `WITH found AS (SELECT ${actorColumns} FROM charge_points c WHERE c.id = ANY($1::int4[])) ${withChildren('found')}`

/**
 * Marks charge points as not connected, unless they have connected again, and stores how their connections ended.
 *
 * The CASE hides `connected` from the planner. Its statistics may say that hardly any charge point is connected, for
 * example right after provisioning. PostgreSQL would then compare each connected charge point with each one to release.
 */
export const releaseConnections = `
  WITH released AS (
    UPDATE charge_points c SET connected = false, node = NULL, ${keepEnded}
    FROM unnest($1::int4[], $2::int8[], $3::timestamptz[], $4::text[], $5::int4[], $6::text[])
      AS v(id, epoch, at, closed_by, close_code, reason)
    WHERE c.id = v.id AND CASE WHEN c.connected THEN c.connection_epoch = v.epoch ELSE false END
    RETURNING c.id AS key, c.ended_epoch, c.ended_node, v.at, v.closed_by, v.close_code, v.reason
  )
  ${insertEnds('released')}`

/** A connection that is over. */
export interface Release {
  readonly key: number
  readonly epoch: number
  readonly end: ConnectionEnd
}

/** What `releaseConnections` takes. */
export function releaseValues(releases: readonly Release[]): Buffer[] {
  // In one order, so that there are fewer deadlocks.
  const sorted = releases.toSorted((a, b) => a.key - b.key)
  return [
    int4Array(sorted.map(({ key }) => key)),
    int8Array(sorted.map(({ epoch }) => epoch)),
    instantArray(sorted.map(({ end }) => end.atMs)),
    textArray(sorted.map(({ end }) => end.closedBy)),
    int4Array(sorted.map(({ end }) => end.closeCode)),
    textArray(sorted.map(({ end }) => end.reason)),
  ]
}

/**
 * Of the records that differ from an identity in letter case only: the one with the same spelling, else the oldest,
 * which comes first.
 */
function spelt(identities: readonly string[], records: readonly CredentialRecord[]): Map<string, CredentialRecord> {
  const exact = new Map(records.map((record) => [record.identity, record]))
  const alike = Map.groupBy(records, (record) => record.identity.toLowerCase())
  const answers = new Map<string, CredentialRecord>()
  for (const identity of identities.map(storableText)) {
    const record = exact.get(identity) ?? alike.get(identity.toLowerCase())?.[0]
    if (record !== undefined) answers.set(identity, record)
  }
  return answers
}

/** How many of the newest transactions with one 2.x id are read. */
const usesLookedAtMax = 64

/** The look-ups of the hot path. Each rejects with STORE_UNAVAILABLE or LOOKUP_QUEUE_FULL. */
export function createLiveQueries(
  database: Database,
  clock: Clock,
  vendorNames = new TransferVendorNames(database.pool, clock),
) {
  const { pool } = database

  const credentials = new BatchedLookup<string, CredentialRecord>(storableText, async (identities) => {
    const found = await pool.query<CredentialRecord>({
      name: 'stator_credentials',
      text: `SELECT id AS key, identity, strictness, password_hash AS "passwordHash",
               pending_password_hash AS "pendingPasswordHash", api_key_hash AS "apiKeyHash",
               may_use_other_name AS "mayUseOtherName", certificate_name AS "certificateName", blocked AS "isBlocked",
               security_profile_min AS "profileMin", group_id AS "groupKey"
             FROM charge_points WHERE deleted_at IS NULL AND lower(identity) = ANY(ARRAY(SELECT lower(i) FROM unnest($1::text[]) i))
             ORDER BY id`,
      values: [textArray(identities)],
    })
    return spelt(identities, found.rows)
  })

  const claims = new BatchedLookup<Claim, Hydration>(
    (claim) => String(claim.number),
    async (trip) => {
      const hydrations = new Map<string, Hydration>()
      let left = [...trip]
      while (left.length > 0) {
        // Two claims of one charge point need two epochs, and an UPDATE gives a row only one: the second claim waits
        // for the next round.
        const round = new Map<number, Claim>()
        const later: Claim[] = []
        for (const claim of left) {
          if (round.has(claim.key)) later.push(claim)
          else round.set(claim.key, claim)
        }
        for (const row of await claimRound([...round.values()])) {
          const claim = round.get(row.key)
          if (claim !== undefined) hydrations.set(String(claim.number), hydrationOf(row))
        }
        left = later
      }
      return hydrations
    },
  )
  let claimsMade = 0

  async function claimRound(round: readonly Claim[]): Promise<ClaimedRow[]> {
    const sorted = round.toSorted((a, b) => a.key - b.key)
    const claimed = await untilNoDeadlock(() =>
      pool.query<ClaimedRow>({
        name: 'stator_claim_connections',
        text: claimConnections,
        values: [
          int4Array(sorted.map((claim) => claim.key)),
          textArray(sorted.map((claim) => claim.version)),
          textArray(sorted.map((claim) => claim.node)),
          instantArray(sorted.map((claim) => claim.atMs)),
          bytesArray(sorted.map((claim) => claim.credential ?? null)),
          textArray(sorted.map((claim) => claim.nodeName ?? null)),
          textArray(sorted.map((claim) => claim.remoteAddress ?? null)),
          int4Array(sorted.map((claim) => claim.profile ?? null)),
          bytesArray(sorted.map((claim) => claim.renewed ?? null)),
          textArray(sorted.map((claim) => claim.certificate ?? null)),
        ],
      }),
    )
    return claimed.rows
  }

  const rehydrations = new BatchedLookup<number, Hydration>(String, async (keys) => {
    const found = await pool.query<ClaimedRow>({
      name: 'stator_read_again',
      text: readAgain,
      values: [int4Array(keys)],
    })
    return new Map(found.rows.map((row) => [String(row.key), hydrationOf(row)]))
  })

  const disconnections = new BatchedLookup<Release, never>(
    ({ key, epoch }) => `${key}/${epoch}`,
    async (trip) => {
      const values = releaseValues(trip)
      await untilNoDeadlock(() => pool.query({ name: 'stator_disconnect', text: releaseConnections, values }))
      return new Map<string, never>()
    },
  )

  const tokenLookup = (name: string, more: string) =>
    new BatchedLookup<string, KnownIdToken>(idKeyOf, async (tokens) => {
      const found = await pool.query<KnownIdToken & { readonly idKey: string }>({
        name,
        text: `SELECT id_key AS "idKey", id_token AS "idToken", type, status, expiry_date AS "expiryDateMs",
                 parent_id_tag AS "parentIdTag"${more} FROM id_tokens WHERE id_key = ANY($1::text[])`,
        values: [textArray(tokens.map(idKeyOf))],
      })
      return new Map(found.rows.map(({ idKey, ...token }) => [idKey, token]))
    })
  const idTokens = tokenLookup('stator_id_tokens', '')
  // What drivers are told may be long, and only one answer tells it.
  const pricedIdTokens = tokenLookup('stator_priced_id_tokens', ', tariff, personal_message AS "personalMessage"')
  const remembered = new Map<string, KnownIdToken>()

  const transactionsById = new BatchedLookup<number, KnownTransaction>(String, async (ids) => {
    const found = await pool.query<KnownTransaction>({
      name: 'stator_transactions_by_id',
      text: `SELECT ${transactionColumns} FROM unnest(${unseen('$1::int8[]')}) AS v(id) CROSS JOIN ${transactionOf('v.id')} t`,
      values: [int8Array(ids)],
    })
    return new Map(found.rows.map((row) => [String(row.transactionId), row]))
  })

  const transactionsByStationId = new BatchedLookup<StationTransactionId, readonly KnownTransaction[]>(
    ({ chargePointKey, id }) => `${chargePointKey}/${storableText(id)}`,
    async (ids) => {
      const found = await pool.query<KnownTransaction>({
        name: 'stator_transactions_by_station_id',
        text: `SELECT ${transactionColumns} FROM unnest(${unseen('$1::int4[]')}, ${unseen('$2::text[]')}) AS v(charge_point_id, id)
               CROSS JOIN LATERAL (SELECT t.* FROM station_transactions s CROSS JOIN ${transactionOf('s.transaction_id')} t
                 WHERE s.charge_point_id = v.charge_point_id AND s.station_transaction_id = left(v.id, 255)
                   AND t.station_transaction_id = v.id
                 ORDER BY s.station_use DESC LIMIT ${usesLookedAtMax}) t ORDER BY t.station_use DESC`,
        values: [int4Array(ids.map(({ chargePointKey }) => chargePointKey)), textArray(ids.map(({ id }) => id))],
      })
      return Map.groupBy(found.rows, (row) => `${row.chargePointKey}/${row.stationTransactionId}`)
    },
  )

  const beforeStart = createBeforeStart(pool)
  const lastRegister = createLastRegister(pool)
  const registersNextTo = createRegistersNextTo(pool)

  return {
    isCertificateRevoked: createRevokedLookup(pool),

    /**
     * Null when there is no charge point of that identity. Letter case counts only if two identities differ in nothing
     * else; a third spelling finds the older one.
     */
    async credentials(identity: string): Promise<CredentialRecord | null> {
      return (await credentials.get(identity)) ?? null
    },

    /**
     * Claims the connection for `claim.node` under a new epoch (its fencing token), and reads what the actor starts
     * from.
     *
     * A pending password that the charge point authenticated with becomes the password, and the old one is removed.
     *
     * @throws {StatorError} `NOT_FOUND` when the charge point was deleted, `claim.credential` was removed, or
     *   `claim.certificate` was revoked, meanwhile.
     */
    async connect(chargePointKey: number, claim: ConnectionClaim): Promise<Hydration> {
      const hydration = await claims.get({ ...claim, key: chargePointKey, number: claimsMade++ })
      if (hydration === undefined) {
        const message = `Charge point number ${chargePointKey} was deleted, or its credentials were changed.`
        throw new StatorError('NOT_FOUND', message)
      }
      return hydration
    },

    /** What an actor of the charge point would start from now; its `epoch` is that of the newest connection. */
    async rehydrate(chargePointKey: number): Promise<Hydration> {
      const hydration = await rehydrations.get(chargePointKey)
      if (hydration !== undefined) return hydration
      throw new StatorError('NOT_FOUND', `There is no charge point number ${chargePointKey}.`)
    },

    /**
     * Marks the charge point as not connected, unless a later connection has claimed it, and stores how the connection
     * ended.
     */
    async disconnect(chargePointKey: number, epoch: number, end: ConnectionEnd): Promise<void> {
      await disconnections.get({ key: chargePointKey, epoch, end })
    },

    /**
     * Letter case does not count. While the database is unavailable, or takes longer than `rememberedIdTokenMsMax`, the
     * last value that was read for this id token is used, if there is one. An id token longer than
     * `idTokenLookupCharactersMax` does not exist and is not looked up. What its driver is told of prices is read only
     * if that is wanted.
     */
    async idToken(idToken: string, withPrices: boolean): Promise<KnownIdToken | null> {
      if (idToken.length > idTokenLookupCharactersMax) return null
      const idKey = idKeyOf(idToken)
      try {
        const looking = (withPrices ? pricedIdTokens : idTokens).get(idToken)
        const token = await (remembered.has(idKey) ? inTime(looking, rememberedIdTokenMsMax, clock) : looking)
        remembered.delete(idKey)
        if (token === undefined) return null
        // While the database is away, drivers are authorized without being told anything.
        const { tariff: _, personalMessage: _message, ...plain } = token
        remembered.set(idKey, plain)
        if (remembered.size > idTokensRememberedMax) forgetOldest(remembered)
        return token
      } catch (error) {
        const last = remembered.get(idKey)
        if (last === undefined || storeError(error).code !== 'STORE_UNAVAILABLE') throw error
        return last
      }
    },

    /** The id token is not remembered any more. */
    async forgetIdToken(idToken: string): Promise<void> {
      remembered.delete(idKeyOf(idToken))
    },

    jobsOfRequest: createJobLookup(pool),
    reportOfRequest: createReportLookup(pool),
    alarmsAbout: createAlarmLookup(pool),
    dynamicSchedule: createDynamicScheduleLookup(pool),
    transferVendor: createTransferVendorLookup(pool, vendorNames),
    beforeStart,
    lastRegister,
    registersNextTo,

    async transactionById(transactionId: number): Promise<KnownTransaction | null> {
      return (await transactionsById.get(transactionId)) ?? null
    },

    /** Transactions to which the charge point gave this id, the newest first. */
    async transactionsByStationId(
      chargePointKey: number,
      stationTransactionId: string,
    ): Promise<readonly KnownTransaction[]> {
      return (await transactionsByStationId.get({ chargePointKey, id: stationTransactionId })) ?? []
    },
  }
}

/** The form of an id token under which it is stored and found. */
export function idKeyOf(idToken: string): string {
  return storableText(idToken).toLowerCase()
}

function hydrationOf(row: ClaimedRow): Hydration {
  const { epoch, connectors, openTransactions, untimedFacts, promises, ...chargePoint } = row
  return {
    chargePoint,
    epoch,
    connectors: connectors ?? [],
    openTransactions: openTransactions ?? [],
    untimedFacts,
    promises: promises ?? [],
  }
}

function forgetOldest(remembered: Map<string, unknown>): void {
  const oldest = remembered.keys().next()
  if (!oldest.done) remembered.delete(oldest.value)
}
