// `audit verify`: what it takes, what it opens, and what it prints. It changes nothing.

import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Client, type ClientBase, type ClientConfig } from 'pg'
import { answerAtOnce, type Command, readFlags, unknownFlag, UsageError } from '../../base/command-line.ts'
import { loadSettings, type Settings } from '../../base/config.ts'
import { StatorError } from '../../base/errors.ts'
import { connectMsMax } from '../../base/limits.ts'
import { createLogger } from '../../base/log.ts'
import { type AuditHead, readHead } from '../../operators/audit-entry.ts'
import { type DatabaseAddress, parseConnectionString } from '../connection-string.ts'
import { startEmbedded } from '../embedded.ts'
import { storeTypes } from '../pg-types.ts'
import { reasonOf } from '../store-error.ts'
import { headsIn } from './head-file.ts'
import { verifyChains, type VerifiedChain } from './verify.ts'

/** `bun src/main.ts audit verify`. */
const command: Command = {
  name: 'bun src/main.ts audit verify',
  about: 'ends with 0 if the audit log is complete and unchanged, else with 1; it changes nothing',
  flags: {
    head: {
      value: 'NODE:SEQUENCE:HASH',
      about: 'an entry that must be there, as GET /api/audit-log/heads or a log line has shown it; may be repeated',
      isRepeatable: true,
    },
    config: { value: 'FILE', about: 'the settings file; Database says which audit log' },
  },
  operands: null,
}

/** Arguments after `audit`: the heads that must be there, and those that settings are read with. */
export interface AuditArguments {
  readonly heads: readonly AuditHead[]
  readonly others: readonly string[]
}

/**
 * Reads the arguments after `audit`.
 *
 * @throws {UsageError} when the first is not `verify`, for a head that cannot be read, or for what `readFlags` refuses.
 */
export function readAuditArguments([verb, ...args]: readonly string[]): AuditArguments {
  if (verb !== 'verify') {
    if (verb === undefined) throw new UsageError('"audit" is no command: expected bun src/main.ts audit verify.')
    throw unknownFlag(verb, command)
  }
  const { flags, repeated } = readFlags(args, command)
  const heads = (repeated.get('head') ?? []).map((text) => {
    const head = readHead(text)
    if (head !== null) return head
    throw new UsageError(`--head is "${text}": expected NODE:SEQUENCE:HASH, as csms-1:8080:17:3f… with 64 digits.`)
  })
  const config = flags.get('config')
  return { heads, others: config === undefined ? [] : ['--config', config] }
}

/**
 * Runs the command. `print` gets its lines. Returns whether everything is right.
 *
 * @throws {StatorError | UsageError} with one sentence: what is in the way, and what to do.
 */
export async function auditCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (line: string) => void,
): Promise<boolean> {
  const answer = answerAtOnce(args, command)
  if (answer !== null) {
    print(answer)
    return true
  }
  const { heads, others } = readAuditArguments(args)
  const settings = loadSettings({ argv: others, env })
  const exported = [...(await headsIn(settings.database.dataFolder)), ...heads]
  return withDatabase(settings, async (client) => {
    let entries = 0
    let isRight = true
    for await (const chain of verifyChains(client, exported)) {
      for (const line of linesOf(chain)) print(line)
      entries += chain.rightCount
      if (chain.problem !== null) isRight = false
    }
    print(isRight ? `The audit log is right: ${entries} entries.` : 'The audit log is wrong.')
    return isRight
  })
}

function linesOf({ node, deletedUpTo, rightCount, head, problem, uncomparable }: VerifiedChain): string[] {
  const right = rightCount === 1 ? '1 entry is right' : `${rightCount} entries are right`
  const last = rightCount === 0 ? '' : `, up to ${head.sequence}`
  const deleted = deletedUpTo > 0 ? `; retention has deleted those up to ${deletedUpTo}` : ''
  const wrong = problem === null ? '' : `; the first that is wrong is ${problem.sequence}: ${problem.sentence}`
  return [
    `${node}: ${right}${last}${deleted}${wrong}.`,
    ...uncomparable.map(({ sequence }) => `${node}: entry ${sequence} was exported and deleted by retention since.`),
  ]
}

/** Runs `work` on a connection to the database of `settings`, in a transaction that only reads. */
async function withDatabase<T>(settings: Settings, work: (client: ClientBase) => Promise<T>): Promise<T> {
  const { provider, connectionString, dataFolder } = settings.database
  if (provider === 'PostgreSQL') {
    const { config, address } = parseConnectionString(connectionString ?? '')
    return withClient(config, address, work)
  }
  if (!existsSync(join(dataFolder, 'postgres', 'PG_VERSION'))) {
    throw new StatorError(
      'SETTING_INVALID',
      `There is no embedded database in '${dataFolder}': expected Database.DataFolder to be the folder of the one to verify.`,
    )
  }
  const server = await startEmbedded(dataFolder, createLogger(settings.logLevels).category('Database'))
  try {
    const address = { host: server.host, port: server.port, database: 'postgres' }
    return await withClient({ ...address, user: 'postgres' }, address, work)
  } finally {
    await server.stop()
  }
}

async function withClient<T>(
  config: ClientConfig,
  { host, port, database }: DatabaseAddress,
  work: (client: ClientBase) => Promise<T>,
): Promise<T> {
  const refuse = (sentence: string, cause?: unknown): StatorError =>
    new StatorError('DATABASE_UNREACHABLE', sentence, { host, port, database }, cause)
  const named = { application_name: 'stator audit', connectionTimeoutMillis: connectMsMax, keepAlive: true, ...config }
  const client = new Client({ ...named, types: storeTypes })
  // An error that breaks the connection reaches the next statement as well.
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const { rows } = await client.query<{ isThere: boolean }>(
      `SELECT to_regclass('audit_log') IS NOT NULL AS "isThere"`,
    )
    if (rows[0]?.isThere === true) return await work(client)
    throw refuse(`Database '${database}' at ${host}:${port} has no audit log: expected one that Stator has used.`)
  } catch (error) {
    if (error instanceof StatorError) throw error
    throw refuse(
      `The audit log of database '${database}' at ${host}:${port} cannot be read: ${reasonOf(error)}.`,
      error,
    )
  } finally {
    await client.end().catch(() => {})
  }
}
