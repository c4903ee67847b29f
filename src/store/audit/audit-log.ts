// The one appender of this node's chain in the audit log. It commits everything that waits in one INSERT.
//
// The chain of a node name continues over restarts. Should two processes have one name for a moment, the primary key
// refuses the second entry of a number: its process locks the table, reads the head again, and appends after it.

import type { ClientBase } from 'pg'
import { BoundedQueue } from '../../base/bounded-queue.ts'
import type { Clock } from '../../base/clock.ts'
import { StatorError } from '../../base/errors.ts'
import {
  auditCharactersPerInsertMax,
  auditCharactersWaitingMax,
  auditEntriesPerInsertMax,
  auditEntriesWaitingMax,
  auditHeadLogMs,
} from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import {
  auditColumnNames,
  auditColumns,
  type AuditEntry,
  type AuditHead,
  type AuditTexts,
  firstHash,
  hashOf,
  headText,
  isSameHash,
  textsOf,
} from '../../operators/audit-entry.ts'
import type { Database } from '../database.ts'
import { isAlreadyStored, storeError } from '../store-error.ts'
import type { HeadFile } from './head-file.ts'

export interface AuditLogDeps {
  readonly database: Pick<Database, 'restPool'>
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
  /** Name of this node. */
  readonly node: string
  /** Where the head is exported to. */
  readonly headFile: HeadFile
}

type Queryable = Pick<ClientBase, 'query'>

interface Waiting {
  readonly entry: AuditEntry
  readonly resolve: (sequence: number) => void
  readonly reject: (error: unknown) => void
}

/** Appends entries to the chain of one node. */
export class AuditLog {
  readonly #deps: AuditLogDeps
  readonly #waiting = new BoundedQueue<Waiting>(auditEntriesWaitingMax, {
    bytesMax: auditCharactersWaitingMax,
    bytesOf: ({ entry }) => charactersOf(entry),
  })
  /** The newest head that this process knows, in the database or in the file. */
  #known: AuditHead
  /** Whether the database may have another head. */
  #isStale = true
  #running: Promise<void> | null = null
  #isStopped = false
  #logged: AuditHead
  #cancelTimer: (() => void) | null = null

  private constructor(deps: AuditLogDeps) {
    this.#deps = deps
    this.#known = { node: deps.node, sequence: 0, hash: firstHash }
    this.#logged = this.#known
  }

  /**
   * Opens the chain of the node: it continues after the newest entry.
   *
   * If the database does not have the head that was exported, entries are missing or replaced. The chain continues
   * after the exported head all the same, so that `audit verify` finds it later on.
   *
   * @throws {StatorError} `STORE_UNAVAILABLE`.
   */
  static async open(deps: AuditLogDeps): Promise<AuditLog> {
    const log = new AuditLog(deps)
    const exported = await deps.headFile.read()
    try {
      await deps.database.restPool.query(
        'INSERT INTO audit_anchors (node, sequence, hash) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING',
        [deps.node, Buffer.from(firstHash)],
      )
      const isReplaced = exported !== null && (await log.#compare(exported)) === 'replaced'
      await log.#readHead(deps.database.restPool)
      if (isReplaced) log.#known = { ...log.#known, hash: exported.hash }
    } catch (error) {
      throw storeError(error)
    }
    log.#logged = log.#known
    await deps.headFile.removeDrafts()
    // A process that was killed may have committed more than it exported.
    if (log.#known.sequence > (exported?.sequence ?? 0)) await log.#write()
    return log
  }

  /** The last entry that this node has committed. */
  get head(): AuditHead {
    return this.#known
  }

  /**
   * Commits an entry; resolves with its number once PostgreSQL has it.
   *
   * @throws {StatorError} `STORE_QUEUE_FULL` when too many wait; `STORE_UNAVAILABLE` when it is not known to be stored;
   *   `SHUTTING_DOWN`.
   */
  append(entry: AuditEntry): Promise<number> {
    if (this.#isStopped) return Promise.reject(new StatorError('SHUTTING_DOWN', 'This node is stopping'))
    return new Promise((resolve, reject) => {
      if (!this.#waiting.push({ entry, resolve, reject })) {
        return reject(new StatorError('STORE_QUEUE_FULL', 'Too many entries of the audit log wait for the database'))
      }
      this.#running ??= this.#run()
    })
  }

  /** Commits what waits, and logs the head. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
    this.#cancelTimer?.()
    this.#logHead()
  }

  async #run(): Promise<void> {
    // Entries of the same turn go into the same INSERT.
    await Promise.resolve()
    while (this.#waiting.size > 0) {
      const batch = this.#waiting.take(auditEntriesPerInsertMax, auditCharactersPerInsertMax)
      try {
        const first = await this.#commit(batch.map(({ entry }) => entry))
        for (const [index, { resolve }] of batch.entries()) resolve(first + index)
        await this.#export()
      } catch (error) {
        this.#isStale = true
        for (const { reject } of batch) reject(storeError(error))
      }
    }
    this.#running = null
  }

  /** Returns the number of the first entry. */
  async #commit(entries: readonly AuditEntry[]): Promise<number> {
    const { restPool } = this.#deps.database
    if (this.#isStale) await this.#readHead(restPool)
    try {
      this.#known = await this.#insert(restPool, entries)
    } catch (error) {
      if (!isAlreadyStored(error)) throw error
      this.#known = await this.#insertAlone(entries)
    }
    return this.#known.sequence - entries.length + 1
  }

  /** Commits while no other process may append: one that is quicker could be first again and again. */
  async #insertAlone(entries: readonly AuditEntry[]): Promise<AuditHead> {
    const client = await this.#deps.database.restPool.connect()
    try {
      await client.query('BEGIN')
      await client.query('LOCK TABLE audit_log IN SHARE ROW EXCLUSIVE MODE')
      await this.#readHead(client)
      const last = await this.#insert(client, entries)
      await client.query('COMMIT')
      client.release()
      return last
    } catch (error) {
      client.release(true)
      throw error
    }
  }

  /** Returns the new head. */
  async #insert(queryable: Queryable, entries: readonly AuditEntry[]): Promise<AuditHead> {
    const { rows, last } = chained(this.#known, entries)
    await queryable.query({ name: 'stator_append_audit', text: appendEntries, values: rows })
    return last
  }

  async #readHead(queryable: Queryable): Promise<void> {
    const { node } = this.#deps
    const { rows } = await queryable.query<Omit<AuditHead, 'node'>>(headOfNode, [node])
    const [stored] = rows
    if (stored !== undefined && stored.sequence > this.#known.sequence) this.#known = { node, ...stored }
    this.#isStale = false
  }

  /** Compares the exported head with the database. Returns what has become of its entry. */
  async #compare(exported: AuditHead): Promise<'there' | 'missing' | 'replaced'> {
    const { node, log, database } = this.#deps
    const { rows } = await database.restPool.query<Omit<AuditHead, 'node'> & { isDropped: boolean }>(entryOfNode, [
      node,
      exported.sequence,
    ])
    const [stored] = rows
    if (stored !== undefined && (stored.isDropped || isSameHash(stored.hash, exported.hash))) return 'there'
    log.error(
      { detail: { head: headText(exported) }, file: this.#deps.headFile.path },
      'The audit log does not have the entry that was exported as its head: entries were removed or changed, or this is another database.',
    )
    if (stored !== undefined) return 'replaced'
    this.#known = exported
    return 'missing'
  }

  async #export(): Promise<void> {
    await this.#write()
    if (this.#isStopped) return
    this.#cancelTimer ??= this.#deps.clock.after(auditHeadLogMs, () => {
      this.#cancelTimer = null
      this.#logHead()
    })
  }

  async #write(): Promise<void> {
    const { headFile, log } = this.#deps
    try {
      await headFile.write(this.#known)
    } catch (error) {
      log.warn({ error, file: headFile.path }, 'The head of the audit log was not written to its file.')
    }
  }

  #logHead(): void {
    if (this.#known.sequence === this.#logged.sequence) return
    this.#logged = this.#known
    this.#deps.log.info({ detail: { head: headText(this.#known) } }, 'The head of the audit log has moved.')
  }
}

const columns = Object.entries(auditColumns)

function quoted(name: string): string {
  return `"${name}"`
}

function valueOf([name, type]: readonly [string, string]): string {
  return type === 'timestamptz' ? `to_timestamp(v.${quoted(name)}::float8)` : `v.${quoted(name)}::${type}`
}

// The condition is always true. It makes the COMMIT wait for the disk if the server is set not to.
const appendEntries = `
  INSERT INTO audit_log (${columns.map(([name]) => quoted(name)).join(', ')}, hash)
  SELECT ${columns.map(valueOf).join(', ')}, decode(v.hash, 'hex')
  FROM unnest(${[...columns, ['hash']].map((_, index) => `$${index + 1}::text[]`).join(', ')})
    AS v(${columns.map(([name]) => quoted(name)).join(', ')}, hash)
  WHERE (SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit') WHEN 'off' THEN 'on'
    ELSE current_setting('synchronous_commit') END, true)) IS NOT NULL`

const headOfNode = `
  SELECT sequence, hash FROM (
    (SELECT sequence, hash FROM audit_log WHERE node = $1 ORDER BY sequence DESC LIMIT 1)
    UNION ALL (SELECT sequence, hash FROM audit_anchors WHERE node = $1)) AS heads
  ORDER BY sequence DESC LIMIT 1`

const entryOfNode = `
  SELECT sequence, hash, false AS "isDropped" FROM audit_log WHERE node = $1 AND sequence = $2
  UNION ALL SELECT sequence, hash, sequence > $2 AS "isDropped" FROM audit_anchors WHERE node = $1 AND sequence >= $2`

/** The entries after `head`: one list per column, and their last as the new head. */
function chained(head: AuditHead, entries: readonly AuditEntry[]) {
  let last = head
  const texts: (AuditTexts & { readonly hash: string })[] = []
  for (const entry of entries) {
    const row = textsOf(entry, head.node, last.sequence + 1)
    const hash = hashOf(last.hash, row)
    texts.push({ ...row, hash: hash.toString('hex') })
    last = { node: head.node, sequence: last.sequence + 1, hash }
  }
  const names = [...auditColumnNames, 'hash'] as const
  return { rows: names.map((name) => texts.map((row) => row[name])), last }
}

function charactersOf(entry: AuditEntry): number {
  const texts = 'outcomeOf' in entry ? [entry.before, entry.after] : [entry.request]
  return texts.reduce((sum, text) => sum + (text === null ? 0 : text.json.length + 24 * text.idTags.length), 500)
}
