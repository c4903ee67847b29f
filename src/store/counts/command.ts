// `count`: makes the counters of transactions again.

import { Pool } from 'pg'
import { answerAtOnce, type Command, readFlags } from '../../base/command-line.ts'
import { loadSettings } from '../../base/config.ts'
import { StatorError } from '../../base/errors.ts'
import { connectMsMax } from '../../base/limits.ts'
import { parseConnectionString } from '../connection-string.ts'
import { storeTypes } from '../pg-types.ts'
import { reasonOf } from '../store-error.ts'
import { countTransactions } from './count.ts'

/** `bun src/main.ts count`. */
const command: Command = {
  name: 'bun src/main.ts count',
  about: 'counts all transactions and makes the counters behind totalCount again, beside running nodes',
  flags: { config: { value: 'FILE', about: 'the settings file; Database says which database' } },
  operands: null,
}

/**
 * Runs the command. `print` gets its line.
 *
 * @throws {StatorError | UsageError} with one sentence: what is in the way, and what to do.
 */
export async function countCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (line: string) => void,
): Promise<void> {
  const answer = answerAtOnce(args, command)
  if (answer !== null) return print(answer)
  const { flags } = readFlags(args, command)
  const config = flags.get('config')
  const { database } = loadSettings({ argv: config === undefined ? [] : ['--config', config], env })
  if (database.provider !== 'PostgreSQL') {
    const sentence =
      'The embedded database has no use for counters: its lists look at 10,000 rows at most. Expected settings whose ' +
      'Database.ConnectionString names a PostgreSQL.'
    throw new StatorError('SETTING_INVALID', sentence)
  }
  const { config: address, address: where } = parseConnectionString(database.connectionString ?? '')
  const named = { application_name: 'stator count', connectionTimeoutMillis: connectMsMax, keepAlive: true }
  const pool = new Pool({ ...named, ...address, max: 1, types: storeTypes })
  // An error that breaks the connection reaches the statement as well.
  pool.on('error', () => {})
  try {
    const changed = await countTransactions(pool)
    print(
      changed === 0
        ? 'Counted: every counter was right.'
        : `Counted: ${changed} ${changed === 1 ? 'counter was' : 'counters were'} missing or wrong, and ${changed === 1 ? 'is' : 'are'} right now.`,
    )
  } catch (error) {
    const { host, port, database: name } = where
    throw new StatorError(
      'DATABASE_UNREACHABLE',
      `The transactions of database '${name}' at ${host}:${port} cannot be counted: ${reasonOf(error)}.`,
      { host, port, database: name },
      error,
    )
  } finally {
    await pool.end()
  }
}
