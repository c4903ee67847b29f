// Erasures of id tokens, as the REST API begins and lists them.

import type { ClientBase } from 'pg'
import { desc, eq } from 'drizzle-orm'
import { StatorError } from '../../base/errors.ts'
import {
  erasedAtOnceMax,
  erasureSettleMs,
  erasuresOpenMax,
  erasureTransactionsNamedMax,
  pseudonymCharacters,
} from '../../base/limits.ts'
import { storableText } from '../../base/storable-text.ts'
import type { ErasedRows, ErasureRecord, NewErasure } from '../../blocks/authorization/erasure.ts'
import type { Page, PageOf } from '../../blocks/records.ts'
import { idKeyOf } from '../live-queries.ts'
import { type ListSource, pageOf } from '../paging.ts'
import type { Database } from '../database.ts'
import { idTokenErasures } from '../schema.ts'
import { untilNoDeadlock } from '../until-no-deadlock.ts'
import type { TokenSeal } from './eraser.ts'

const key = 'left(lower(id_token), 64)'
const ownKey = 'left(lower($1), 64)'

// As in before-start.ts: those of the token, and those of the token with a suffix that is no id token itself.
const openTransactions = `
  SELECT id FROM transactions WHERE stopped_at IS NULL AND ${key} = ${ownKey} AND lower(id_token) = lower($1)
  UNION ALL
  SELECT id FROM transactions t WHERE stopped_at IS NULL AND position('_' IN $1) = 0
    AND ${key} ~>=~ (${ownKey} || '_') AND ${key} ~<=~ (${ownKey} || '\`')
    AND NOT EXISTS (SELECT FROM id_tokens i WHERE i.id_key = lower(t.id_token))
  LIMIT ${erasureTransactionsNamedMax + 1}`

const ofTransactions = `
  UPDATE transactions SET id_token = $2 WHERE id IN (
    SELECT id FROM transactions WHERE ${key} = ${ownKey} AND lower(id_token) = lower($1) LIMIT ${erasedAtOnceMax})`

// Two requests for one id token come one after the other, so that the second one finds the first.
const beginning = 'SELECT pg_advisory_xact_lock(20261128, 18)'

const underWay = `
  SELECT pseudonym, sealed_token AS "sealedToken" FROM id_token_erasures WHERE state <> 'done' ORDER BY id DESC`

const insert = `
  INSERT INTO id_token_erasures (pseudonym, sealed_token, created_at, created_by, settles_at, erased)
  VALUES ($1, $2, $3::timestamptz, $4, $5::timestamptz, $6::json) RETURNING id`

/** @param settleMs how long what arrives with the token is erased as well. */
export function createErasureQueries(
  database: Pick<Database, 'restPool'>,
  source: ListSource,
  seal: TokenSeal,
  settleMs = erasureSettleMs,
) {
  const { db } = source

  async function erasure(id: number): Promise<ErasureRecord | null> {
    const [row] = await db.select().from(idTokenErasures).where(eq(idTokenErasures.id, id))
    return row === undefined ? null : recordOf(row)
  }

  async function begin(client: ClientBase, { idToken, createdAtMs, createdBy }: NewErasure): Promise<number> {
    const token = storableText(idToken)
    await client.query(beginning)
    await requireRoom(client)
    await requireEnded(client, token)
    const pseudonym = (await pseudonymUnderWay(client, token, seal)) ?? newPseudonym()
    const deleted = await client.query('DELETE FROM id_tokens WHERE id_key = $1', [idKeyOf(idToken)])
    const members = await client.query(
      'UPDATE id_tokens SET parent_id_tag = $2 WHERE lower(parent_id_tag) = lower($1)',
      [token, pseudonym],
    )
    const used = await client.query(ofTransactions, [token, pseudonym])
    const erased: ErasedRows = {
      id_tokens: (deleted.rowCount ?? 0) + (members.rowCount ?? 0),
      transactions: used.rowCount ?? 0,
    }
    const times = [createdAtMs, createdAtMs + settleMs].map((ms) => new Date(ms).toISOString())
    const values = [pseudonym, seal.seal(token), times[0], storableText(createdBy), times[1], withoutZeros(erased)]
    const { rows } = await client.query<{ readonly id: number }>(insert, values)
    const [made] = rows
    if (made === undefined) throw new StatorError('INTERNAL', 'The erasure was not stored.')
    return made.id
  }

  return {
    /**
     * Replaces the id token at once where it is found by an index, and begins to look for it everywhere else. It need
     * not be a stored one.
     *
     * @throws {StatorError} `CONFLICT` while a transaction of it is open, or if too many erasures are under way.
     */
    async eraseIdToken(wanted: NewErasure): Promise<ErasureRecord> {
      const id = await untilNoDeadlock(async () => {
        const client = await database.restPool.connect()
        try {
          await client.query('BEGIN')
          const made = await begin(client, wanted)
          await client.query('COMMIT')
          client.release()
          return made
        } catch (error) {
          await client.query('ROLLBACK').then(
            () => client.release(),
            () => client.release(true),
          )
          throw error
        }
      })
      const record = await erasure(id)
      if (record === null) throw new StatorError('INTERNAL', `Erasure ${id} was not stored.`)
      return record
    },

    erasure,

    /** Newest first. */
    async listErasures(page: Page): Promise<PageOf<ErasureRecord>> {
      const rows = db.select().from(idTokenErasures).orderBy(desc(idTokenErasures.id)).$dynamic()
      return pageOf(source, page, { table: idTokenErasures, where: undefined }, rows, recordOf)
    },
  }
}

async function requireRoom(client: ClientBase): Promise<void> {
  const { rows } = await client.query<{ readonly open: number }>(
    `SELECT count(*)::int AS open FROM id_token_erasures WHERE state <> 'done'`,
  )
  if ((rows[0]?.open ?? 0) < erasuresOpenMax) return
  throw new StatorError('CONFLICT', `${erasuresOpenMax} erasures are under way already; wait until one is done`)
}

async function requireEnded(client: ClientBase, token: string): Promise<void> {
  const { rows } = await client.query<{ readonly id: number }>(openTransactions, [token])
  if (rows.length === 0) return
  const transactionIds = rows.map(({ id }) => id).slice(0, erasureTransactionsNamedMax)
  const more = rows.length > transactionIds.length ? ' and more' : ''
  throw new StatorError(
    'CONFLICT',
    `The ID tag has open transactions (${transactionIds.join(', ')}${more}): their end would bring it back. End them first`,
    { transactionIds },
  )
}

/** The pseudonym of an erasure of the same id token that is not done yet: two would part its transactions. */
async function pseudonymUnderWay(client: ClientBase, token: string, seal: TokenSeal): Promise<string | null> {
  const { rows } = await client.query<{ readonly pseudonym: string; readonly sealedToken: string }>(underWay)
  const isSame = (sealed: string): boolean => {
    try {
      return idKeyOf(seal.open(sealed)) === idKeyOf(token)
    } catch {
      // Sealed by a node with another key; see `Eraser`.
      return false
    }
  }
  return rows.find(({ sealedToken }) => isSame(sealedToken))?.pseudonym ?? null
}

function withoutZeros(erased: ErasedRows): string {
  return JSON.stringify(Object.fromEntries(Object.entries(erased).filter(([, rows]) => rows > 0)))
}

/** Digits and letters that are not mistaken for each other: 32, so that a byte chooses evenly. */
const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ'

/** `ERASED-` and random characters: no charge point sends it, and a 1.6 idTag may be as long. */
function newPseudonym(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(pseudonymCharacters))
  return `ERASED-${Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join('')}`
}

function recordOf(row: typeof idTokenErasures.$inferSelect): ErasureRecord {
  const { sealedToken: _, position: __, ...record } = row
  return record
}
