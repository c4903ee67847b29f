// `bun run health`: asks the Stator of the same settings whether it works. For containers, whose images have no HTTP
// client. It reads settings only, and opens nothing but one connection.

import { answerAtOnce, readFlags, UsageError, type Command } from './command-line.ts'
import { loadSettings, type OcppSettings } from './config.ts'
import { StatorError } from './errors.ts'
import { healthAnswerMsMax } from './limits.ts'
import { settingLines } from './start-command.ts'

const healthCommand: Command = {
  name: 'bun run health',
  about: 'ends with 0 if the Stator of these settings works, else with 1',
  flags: {
    config: { value: 'FILE', about: 'read settings from FILE instead of appsettings.json' },
    ready: { value: null, about: 'ask whether it can serve, its database included, and not only whether it works' },
  },
  operands: null,
}

/** The address at which this machine reaches a Stator with these settings. */
export function ownUrl({ host, port, tls }: Pick<OcppSettings, 'host' | 'port' | 'tls'>): string {
  const loopback = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http${tls === null ? '' : 's'}://${loopback.includes(':') ? `[${loopback}]` : loopback}:${port}`
}

/** What is wrong with the Stator at `url`, as a sentence; null if it answers 200. */
export async function problemAt(url: string): Promise<string | null> {
  try {
    // The certificate has the name that charge points use.
    const tls = { rejectUnauthorized: false }
    const response = await fetch(url, { tls, signal: AbortSignal.timeout(healthAnswerMsMax) })
    return response.ok ? null : `${url} answers ${response.status}: ${await response.text()}`
  } catch (error) {
    return `${url} does not answer: ${error instanceof Error ? error.message : String(error)}`
  }
}

async function main(): Promise<void> {
  const argv = process.argv.slice(2)
  const answer = answerAtOnce(argv, healthCommand, settingLines())
  if (answer !== null) return console.log(answer)
  const { flags } = readFlags(argv, healthCommand)
  const settings = loadSettings({ argv: argv.filter((argument) => argument !== '--ready'), env: process.env })
  const problem = await problemAt(`${ownUrl(settings.ocpp)}/health/${flags.has('ready') ? 'ready' : 'live'}`)
  if (problem !== null) fail(new UsageError(problem))
}

function fail(error: unknown): void {
  console.error(error instanceof StatorError || error instanceof UsageError ? error.message : error)
  process.exit(1)
}

if (import.meta.main) await main().catch(fail)
