// `migrate --to`: what it takes and what it prints.

import { answerAtOnce, type Command, readFlags, UsageError } from '../../base/command-line.ts'
import { loadSettings } from '../../base/config.ts'
import { createLogger, type LogLevel } from '../../base/log.ts'
import { keepPrivate } from '../../base/private-folder.ts'
import { moveEmbedded } from './move.ts'

/** `bun src/main.ts migrate`. */
const command: Command = {
  name: 'bun src/main.ts migrate',
  about:
    'moves everything from the embedded database to an empty PostgreSQL (15 or newer), while no Stator runs on either',
  flags: {
    to: {
      value: 'CONNECTION',
      about: "where to: 'Host=…;Port=5432;Database=…;Username=…;Password=…' or postgresql://…",
    },
    config: {
      value: 'FILE',
      about: 'the settings file; Database.DataFolder says where the embedded database is',
    },
  },
  operands: null,
}

/** Arguments after `migrate`: where to, and those that settings are read with. */
export interface MoveArguments {
  readonly to: string
  readonly others: readonly string[]
}

/**
 * Reads the arguments after `migrate`.
 *
 * @throws {UsageError} when `--to` is missing or empty, or for what `readFlags` refuses.
 */
export function readMoveArguments(args: readonly string[]): MoveArguments {
  const { flags } = readFlags(args, command)
  const to = flags.get('to') ?? ''
  if (to === '') {
    throw new UsageError("--to names no database: expected --to 'Host=…;Port=5432;Database=…;Username=…;Password=…'.")
  }
  const config = flags.get('config')
  return { to, others: config === undefined ? [] : ['--config', config] }
}

/**
 * Runs the command. `print` gets its lines.
 *
 * @throws {StatorError | UsageError} with one sentence: what is in the way, and what to do.
 */
export async function moveCommand(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  print: (line: string) => void,
): Promise<void> {
  const answer = answerAtOnce(args, command)
  if (answer !== null) return print(answer)
  const { to, others } = readMoveArguments(args)
  const { database, logLevels } = loadSettings({ argv: others, env })
  const { dataFolder } = database
  keepPrivate(dataFolder)
  print(`Opening the embedded database in ${dataFolder}, which takes some seconds`)
  const { rows, tables, isRepeated } = await moveEmbedded({
    dataFolder,
    to,
    log: createLogger({ ...logLevels, Database: logLevels.Database ?? quieter(logLevels.Default) }).category(
      'Database',
    ),
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

/** The lines of this command are for a person: the migrations of an empty database are not among them by default. */
function quieter(level: LogLevel): LogLevel {
  return level === 'Information' ? 'Warning' : level
}

const tableNameWidth = 24
const countWidth = 12
