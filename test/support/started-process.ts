// `bun start` (or another program) as a process of its own, with what it prints: without a terminal, or in one.

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until, within } from './until.ts'

const root = join(import.meta.dir, '..', '..')
const startMsMax = 30_000

export interface StartedProcessOptions {
  /** Path of the program, below the root. */
  readonly program?: string
  readonly args?: readonly string[]
  readonly inTerminal?: boolean
  /** Where it runs; by default in the root. */
  readonly folder?: string
  /** Whether whatever starts it lets everybody read and write its files (umask 000). */
  readonly isOpenHanded?: boolean
}

/** A line of the log. */
export type LogLine = Readonly<Record<string, unknown>>

/** A running program. */
export class StartedProcess {
  readonly #process: Bun.Subprocess
  out = ''
  errors = ''

  constructor(env: Readonly<Record<string, string>>, options: StartedProcessOptions = {}) {
    const { program = 'src/main.ts', args = [], inTerminal = false, folder = root, isOpenHanded = false } = options
    const openHanded = isOpenHanded ? ['/bin/sh', '-c', 'umask 000; exec "$@"', 'sh'] : []
    const command = [...openHanded, process.execPath, join(root, program), ...args]
    const common = {
      cwd: folder,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', OCPP__ServerPort: '0', ...env },
    }
    if (inTerminal) {
      const decoder = new TextDecoder()
      const data = (_: unknown, chunk: Uint8Array): void => {
        this.out += decoder.decode(chunk, { stream: true }).replaceAll('\r', '')
      }
      // Wide, so that no line is broken.
      this.#process = Bun.spawn(command, { ...common, terminal: { cols: 1_000, rows: 50, data } })
      return
    }
    const piped = Bun.spawn(command, { ...common, stdin: 'ignore', stdout: 'pipe', stderr: 'pipe' })
    this.#process = piped
    void this.#read(piped.stdout, (text) => (this.out += text))
    void this.#read(piped.stderr, (text) => (this.errors += text))
  }

  /** The lines of standard output that are complete. */
  get lines(): string[] {
    return this.out.split('\n').slice(0, -1)
  }

  /** The first log line with this sentence, or one that begins with it. */
  logged(sentence: string): Promise<LogLine> {
    return until(
      `"${sentence}" to be logged (${this.out}${this.errors})`,
      () =>
        this.lines
          .filter((line) => line.startsWith('{'))
          .map(parsed)
          .find(({ msg }) => String(msg).startsWith(sentence)),
      startMsMax,
    )
  }

  /** What a line of the output says after `label`. */
  said(label: string): Promise<string> {
    return until(
      `${label} to be printed (${this.out}${this.errors})`,
      () => new RegExp(`^${label} +(\\S+)`, 'm').exec(this.out)?.[1],
      startMsMax,
    )
  }

  /** `http://…`, once it serves. */
  async url(): Promise<string> {
    return String((await this.logged('Stator is running.'))['url'])
  }

  /** Types into its terminal. */
  type(text: string): void {
    this.#process.terminal?.write(text)
  }

  signal(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL' | 'SIGHUP'): void {
    this.#process.kill(signal)
  }

  /** The code that it ends with. */
  exit(): Promise<number> {
    return within('the process to end', this.#process.exited, 20_000)
  }

  async #read(stream: ReadableStream<Uint8Array>, take: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder()
    for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }))
  }
}

function parsed(line: string): LogLine {
  return JSON.parse(line) as LogLine
}

/** The admin key that the first start made in `dataFolder`. */
export async function keptKey(dataFolder: string): Promise<string> {
  return (await readFile(join(dataFolder, 'secrets', 'admin-api-key'), 'utf8')).trim()
}
