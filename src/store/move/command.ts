// The command line of `migrate --to`: what it takes and what it prints.

import { loadSettings } from '../../base/config.ts'
import { StatorError } from '../../base/errors.ts'
import { createLogger } from '../../base/log.ts'
import { keepPrivate } from '../../base/private-folder.ts'
import { moveEmbedded } from './move.ts'

/** What `migrate --help` prints. */
export const moveUsage = `bun src/main.ts migrate --to CONNECTION [--config FILE]

Moves everything from the embedded database to an empty PostgreSQL (15 or newer), while no Stator runs on either.

  --to CONNECTION   where to: 'Host=…;Port=5432;Database=…;Username=…;Password=…' or postgresql://…
  --config FILE     the settings file; Database.DataFolder says where the embedded database is`

/** Arguments after `migrate`: where to, and those that settings are read with. */
export interface MoveArguments {
  readonly to: string
  readonly others: readonly string[]
}

/**
 * Reads the arguments after `migrate`.
 *
 * @throws {StatorError} `SETTING_INVALID` when `--to` is missing, empty or given twice.
 */
export function readMoveArguments(args: readonly string[]): MoveArguments {
  const others: string[] = []
  const given: string[] = []
  for (let at = 0; at < args.length; at++) {
    const argument = args[at] ?? ''
    if (argument === '--to') given.push(args[++at] ?? '')
    else if (argument.startsWith('--to=')) given.push(argument.slice('--to='.length))
    else others.push(argument)
  }
  const [to] = given
  if (given.length === 1 && to !== undefined && to !== '') return { to, others }
  const sentence =
    given.length > 1
      ? '--to is given twice: expected one database.'
      : "--to names no database: expected --to 'Host=…;Port=5432;Database=…;Username=…;Password=…'."
  throw new StatorError('SETTING_INVALID', sentence)
}

/**
 * Runs the command. `print` gets its lines.
 *
 * @throws {StatorError} with one sentence: what is in the way, and what to do.
 */
export async function moveCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (line: string) => void,
): Promise<void> {
  if (args.includes('--help')) {
    print(moveUsage)
    return
  }
  const { to, others } = readMoveArguments(args)
  const { database, logLevels } = loadSettings({ argv: others, env })
  const { dataFolder } = database
  keepPrivate(dataFolder)
  print(`Opening the embedded database in ${dataFolder}, which takes some seconds`)
  const { rows, tables, isRepeated } = await moveEmbedded({
    dataFolder,
    to,
    log: createLogger(logLevels).category('Database'),
    onTable: (table, count) => print(`${table.padEnd(tableNameWidth)} ${String(count).padStart(countWidth)} rows`),
  })
  print(
    isRepeated
      ? `An earlier run had moved everything: ${tables} tables hold the same ${rows} rows in both databases.`
      : `Moved and compared: ${tables} tables, ${rows} rows.`,
  )
  print(
    'Now set Database.ConnectionString and start Stator. Keep the data folder: its secrets are still needed, and its ' +
      'embedded database is your way back until Stator has run on PostgreSQL.',
  )
}

const tableNameWidth = 24
const countWidth = 12
