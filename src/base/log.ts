// The log: one JSON object per line on standard output, written by pino. The fields of a line are a table, which
// `docs/operations.md` repeats (a test compares the two). Secrets are hidden in all texts.

import { pino } from 'pino'
import type { Logger as PinoLogger } from 'pino'
import type { ErrorCode } from './errors.ts'
import { hideSecrets } from './hide-secrets.ts'
import { logFrameCharactersMax, logTextCharactersMax } from './limits.ts'

/** Levels by their .NET names, as the settings spell them, with pino's; `None` logs nothing. */
export const logLevels = {
  Trace: 'trace',
  Debug: 'debug',
  Information: 'info',
  Warning: 'warn',
  Error: 'error',
  Critical: 'fatal',
  None: 'silent',
} as const

export type LogLevel = keyof typeof logLevels

/** Parts of Stator with a log level of their own (`Logging.LogLevel`), and what they log. */
export const logCategories = {
  Stator: 'start and stop, and the keys of bearer tokens',
  OCPP: 'handshakes, connections, frames, quirks and anomalies of charge points',
  Api: 'REST requests',
  Database: 'connections, migrations, the writer and its retries',
} as const

export type LogCategory = keyof typeof logCategories

/** Every field that a log line can hold, and what it means. */
export const logFields = {
  time: 'When the line was written, ISO 8601 in UTC.',
  level: 'Trace, Debug, Information, Warning, Error or Critical.',
  category: 'The part of Stator that wrote the line; its level is set under `Logging.LogLevel`.',
  msg: 'What happened, as a sentence.',
  identity: 'Identity of the charge point.',
  messageId: 'Message id of the OCPP frame.',
  action: 'OCPP action of the frame or command.',
  version: 'OCPP version of the connection; in the line about the start, the version of Stator.',
  epoch: 'Number of the connection; a later one of the same charge point has a greater number.',
  direction: '`fromChargePoint` or `toChargePoint`.',
  frame: 'The frame as it was on the wire, with passwords hidden.',
  code: 'Code of the error: a row of the table above, a CALLERROR code, or the code that PostgreSQL or the system gave.',
  quirk: 'Code of a repaired malformation: the specification does not allow it, and it was served anyway.',
  anomaly: 'Code of a stored fact that breaks an expectation.',
  transactionId: 'Number of the transaction.',
  rotationId: 'Number of the credential rotation.',
  erasureId: 'Number of the erasure of an id token.',
  evseId: 'EVSE of the charge point.',
  connectorId: 'Connector of the charge point.',
  idToken: 'The idTag or idToken that was presented.',
  status: 'Status that was reported, or the HTTP status of the answer.',
  requestId: 'X-Request-Id of the REST request.',
  method: 'HTTP method.',
  path: 'Path of the HTTP request, without its query.',
  principal:
    "Sender of the REST request: name of the operator key, `jwt:` and subject of an operator's token, or identity of the charge point. If an operator acts as a charge point, `identity` is that of the charge point.",
  remoteAddress: 'Address of the other end of the connection.',
  closeCode: 'WebSocket close code.',
  reason: 'Why something was refused, closed or abandoned.',
  detail:
    'More about an anomaly, as an object (see the table of anomalies); of a credential rotation, how many ended how; of the audit log, its `head`.',
  durationMs: 'How long it took, in milliseconds.',
  count: 'How many.',
  bytes: 'How many bytes.',
  attempt: 'Which attempt this was, counted from 1.',
  url: 'Address that Stator listens on.',
  host: 'Host of the database.',
  provider: 'Database provider: Embedded or PostgreSQL.',
  file: 'File that was read or written.',
  setting: 'Key of the setting.',
  error: 'What went wrong: `name`, `message`, `code`, `stack`, `cause`, with passwords hidden.',
} as const

/** Fields of one log line beside those that the log writes by itself. */
export type LogFields = {
  readonly [Field in Exclude<keyof typeof logFields, 'time' | 'level' | 'category' | 'msg'>]?: unknown
}

/** Writes log lines. A call below the level of its category costs one comparison. */
export interface Logger {
  /** The same log, with lines marked and filtered as those of `category`. */
  category(category: LogCategory): Logger
  /** The same log, with `fields` in every line. */
  child(fields: LogFields): Logger
  /** Whether lines of `level` are written: ask before you build something costly to log. */
  isEnabled(level: LogLevel): boolean
  trace(...line: Line): void
  debug(...line: Line): void
  info(...line: Line): void
  warn(...line: Line): void
  error(...line: Line): void
  fatal(...line: Line): void
}

/** One line: a sentence, after the fields that belong to it. */
type Line = [message: string] | [fields: LogFields, message: string]

/** Where log lines go: one call per line, line end included. */
export interface LogDestination {
  write(line: string): void
}

/** Levels by category; a category that is missing has the level of `Default`. */
export type LogLevels = Readonly<{ Default: LogLevel } & { [Category in LogCategory]?: LogLevel | undefined }>

/** A log whose levels can be changed while it is used. */
export interface AdjustableLogger extends Logger {
  /** From now on lines of this log, and of all that were made from it, are filtered by `levels`. */
  setLevels(levels: LogLevels): void
}

/**
 * The log of this process; its lines are those of the category `Stator` until `category` says otherwise.
 *
 * Lines go to standard output, written before the call returns, unless `destination` is given.
 */
export function createLogger(levels: LogLevels, destination?: LogDestination): AdjustableLogger {
  const root = pino(
    {
      base: null,
      level: 'trace',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: levelNames[label] ?? label }),
        log: (fields) => withCode(cutFields(fields)),
      },
      serializers: {
        error: errorFields,
        frame: (frame) => (typeof frame === 'string' ? cut(hideSecrets(frame), logFrameCharactersMax) : frame),
      },
    },
    destination ?? pino.destination({ fd: 1, sync: true }),
  )
  return new PinoBacked(root, new Thresholds(levels), 'Stator', {})
}

/** A log that writes nothing. */
export const silentLogger: Logger = {
  category: () => silentLogger,
  child: () => silentLogger,
  isEnabled: () => false,
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  fatal: () => {},
}

const levelNames: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(logLevels).map(([name, pinoName]) => [pinoName, name]),
)

const ranks: Readonly<Record<LogLevel, number>> = {
  Trace: 0,
  Debug: 1,
  Information: 2,
  Warning: 3,
  Error: 4,
  Critical: 5,
  None: 6,
}

/** The lowest level that each category writes, as a rank; shared by all logs that come from one. */
class Thresholds {
  #ranks: Readonly<Record<LogCategory, number>>

  constructor(levels: LogLevels) {
    this.#ranks = ranksOf(levels)
  }

  set(levels: LogLevels): void {
    this.#ranks = ranksOf(levels)
  }

  of(category: LogCategory): number {
    return this.#ranks[category]
  }
}

function ranksOf(levels: LogLevels): Record<LogCategory, number> {
  const rankOf = (category: LogCategory): number => ranks[levels[category] ?? levels.Default]
  return { Stator: rankOf('Stator'), OCPP: rankOf('OCPP'), Api: rankOf('Api'), Database: rankOf('Database') }
}

class PinoBacked implements AdjustableLogger {
  readonly #root: PinoLogger
  readonly #thresholds: Thresholds
  readonly #category: LogCategory
  readonly #fields: LogFields
  readonly #lines: PinoLogger

  constructor(root: PinoLogger, thresholds: Thresholds, category: LogCategory, fields: LogFields) {
    this.#root = root
    this.#thresholds = thresholds
    this.#category = category
    this.#fields = fields
    this.#lines = root.child({ category, ...fields })
  }

  setLevels(levels: LogLevels): void {
    this.#thresholds.set(levels)
  }

  category(category: LogCategory): Logger {
    return new PinoBacked(this.#root, this.#thresholds, category, this.#fields)
  }

  child(fields: LogFields): Logger {
    const all = { ...this.#fields, ...cutFields({ ...fields }) }
    return new PinoBacked(this.#root, this.#thresholds, this.#category, all)
  }

  isEnabled(level: LogLevel): boolean {
    return level !== 'None' && ranks[level] >= this.#thresholds.of(this.#category)
  }

  trace(...line: Line): void {
    this.#write('Trace', line)
  }

  debug(...line: Line): void {
    this.#write('Debug', line)
  }

  info(...line: Line): void {
    this.#write('Information', line)
  }

  warn(...line: Line): void {
    this.#write('Warning', line)
  }

  error(...line: Line): void {
    this.#write('Error', line)
  }

  fatal(...line: Line): void {
    this.#write('Critical', line)
  }

  #write(level: Exclude<LogLevel, 'None'>, line: Line): void {
    if (!this.isEnabled(level)) return
    const method = logLevels[level]
    if (line.length === 1) this.#lines[method](line[0])
    else this.#lines[method](line[0], line[1])
  }
}

/** `text`, cut with a note of its length when it is longer than `charactersMax`. */
function cut(text: string, charactersMax = logTextCharactersMax): string {
  return text.length <= charactersMax ? text : `${text.slice(0, charactersMax)}… (${text.length} characters)`
}

// Fields contain what charge points sent, up to a whole frame. `error` and `frame` are cut after their passwords are
// hidden, since a cut could separate a password from the name that identifies it.
function cutFields(fields: Record<string, unknown>): Record<string, unknown> {
  let cutOnes: Record<string, unknown> | null = null
  for (const [name, value] of Object.entries(fields)) {
    if (name === 'error' || name === 'frame') continue
    const shown = cutValue(value)
    if (shown !== value) (cutOnes ??= { ...fields })[name] = shown
  }
  return cutOnes ?? fields
}

// Each line about an error has a code, to search and to alert on.
function withCode(fields: Record<string, unknown>): Record<string, unknown> {
  return 'error' in fields && !('code' in fields) ? { code: codeOf(fields.error), ...fields } : fields
}

/** The code of `error`, or of the nearest of its causes that has one; `INTERNAL` if none has. */
function codeOf(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > causesMax) return internal
  return 'code' in error && typeof error.code === 'string' ? cut(error.code) : codeOf(error.cause, depth + 1)
}

const internal: ErrorCode = 'INTERNAL'

// An object that is too large is shown as the beginning of its JSON text.
function cutValue(value: unknown): unknown {
  if (typeof value === 'string') return cut(value)
  if (typeof value !== 'object' || value === null) return value
  const text = jsonOf(value)
  return text === undefined || text.length <= logTextCharactersMax ? value : cut(text)
}

// Undefined for what JSON cannot represent, such as a cycle; pino handles that itself.
function jsonOf(value: object): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

// The fields of an error and its cause, without passwords: drivers quote the address that they could not reach.
function errorFields(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return typeof error === 'string' ? cut(hideSecrets(error)) : cutValue(error)
  const { name, message, stack, cause } = error
  const shown = cut(hideSecrets(message))
  return {
    name: cut(name),
    message: shown,
    ...('code' in error ? { code: cutValue(error.code) } : {}),
    // A stack begins with the message. It is removed, so that a long message does not displace the calls.
    ...(stack === undefined
      ? {}
      : { stack: cut(hideSecrets(stack.replace(message, () => shown)), 2 * logTextCharactersMax) }),
    ...(cause === undefined || depth === causesMax ? {} : { cause: errorFields(cause, depth + 1) }),
  }
}

const causesMax = 4
