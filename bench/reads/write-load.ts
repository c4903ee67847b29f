// Charge points that send meter values while lists are read: `bun bench load` in a process of its own, so that sending
// does not delay the reading.

import { join } from 'node:path'
import type { LoadResult } from '../load.ts'
import { firstOf } from '../output-lines.ts'

/** What the charge points sent, and how they were answered. */
export interface WriteLoad {
  readonly ratePerSecond: number
  readonly answeredPerSecond: number
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null
  readonly errors: Readonly<Record<string, number>>
  /** Acknowledged facts that the audit looked for, and those of them that it found missing, twice or altered. */
  readonly audited: number
  readonly wrong: number
}

export interface WriteLoadOptions {
  /** WebSocket URL, without the identity. */
  readonly url: string
  readonly databaseUrl: string
  readonly stations: number
  readonly ratePerSecond: number
  /** The charge points exist. */
  readonly identityPrefix: string
  /** Folder for its result. */
  readonly folder: string
}

export interface RunningLoad {
  /** Resolves once it has sent for a second; rejects with its last words, if it ends before that. */
  readonly isSending: Promise<void>
  /** Ends it, with its audit. */
  stop(): Promise<WriteLoad>
  /** Ends it at once. */
  kill(): void
}

const main = join(import.meta.dir, '../main.ts')

/** Starts to connect and to send. */
export function startWriteLoad(options: WriteLoadOptions): RunningLoad {
  const { url, databaseUrl, stations, ratePerSecond, identityPrefix, folder } = options
  const json = join(folder, `load-${crypto.randomUUID()}.json`)
  const flags = {
    url,
    'database-url': databaseUrl,
    stations: String(stations),
    mix: 'meter',
    rate: String(ratePerSecond),
    duration: '24h',
    warmup: '1s',
    identity: identityPrefix,
    json,
  }
  const given = Object.entries(flags).map(([name, value]) => `--${name}=${value}`)
  const child = Bun.spawn([process.execPath, main, 'load', ...given], {
    // In a process group of its own: Ctrl-C reaches only the bench, which then stops it.
    detached: true,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const said = child.stderr.text()
  const begin = async (): Promise<void> => {
    if ((await firstOf(child.stdout, (line) => /^\s*\d+ s .*p50/.exec(line))) !== null) return
    throw new Error(`The write load ended with code ${await child.exited}: ${(await said).trim()}`)
  }
  return {
    isSending: begin(),
    async stop() {
      child.kill('SIGINT')
      await child.exited
      const { measurement, audit } = (await Bun.file(json).json()) as LoadResult
      return {
        ratePerSecond,
        answeredPerSecond: measurement?.messagesPerSecond ?? 0,
        latencyMs: measurement?.latencyMs ?? null,
        errors: measurement?.errors ?? {},
        audited: audit?.facts ?? 0,
        wrong: audit === null ? 0 : audit.missing + audit.duplicated + audit.altered + audit.unexpected,
      }
    },
    kill: () => child.kill('SIGKILL'),
  }
}
