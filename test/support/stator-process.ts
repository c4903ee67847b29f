// Stator as a process of its own on a port that it keeps, so that a test may kill it, stop it, and start it again, while
// its charge points dial on.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { benchPasswordDefault } from '../../bench/cli.ts'
import { residentKib } from '../../bench/cpu.ts'
import type { ServerProcess } from '../../bench/servers/child.ts'
import { provisionOverRest } from '../../bench/servers/rest.ts'
import { adminApiKey, provisionInDatabase, startStator, type StatorLaunch } from '../../bench/servers/stator.ts'
import { freePort } from './free-port.ts'
import { embeddedFolder } from './store.ts'
import { within } from './until.ts'

export interface StatorProcessOptions {
  /** Null: the embedded database, with its tables made. */
  readonly connectionString: string | null
  /** Charge points that it shall know. */
  readonly identities: readonly string[]
  readonly settings?: Readonly<Record<string, string>>
  /** Folder of its program; by default this one. */
  readonly root?: string
}

/** Longest time until a process ends after its signal, in milliseconds. */
const endMsMax = 20_000

/** Longest time until a process that runs tells its metrics, in milliseconds. */
const metricsMsMax = 2_000

/** A Stator process that can be started again. */
export class StatorProcess {
  readonly #launch: StatorLaunch & { readonly port: number }
  #process: ServerProcess

  private constructor(launch: StatorLaunch & { readonly port: number }, process: ServerProcess) {
    this.#launch = launch
    this.#process = process
  }

  static async start(options: StatorProcessOptions): Promise<StatorProcess> {
    const { connectionString, identities, settings = {}, root } = options
    const launch = {
      connectionString,
      dataFolder:
        connectionString === null
          ? (await embeddedFolder()).dataFolder
          : await mkdtemp(join(tmpdir(), 'stator-fault-')),
      core: null,
      port: await freePort(),
      settings: {
        Logging__LogLevel__Default: 'None',
        OCPP__MessageLog: 'false',
        Workers__PoolSize: '1',
        // An earlier version may not know the setting.
        ...(root === undefined ? { OCPP__CheckOwnFramesEvery: '1' } : {}),
        ...settings,
      },
      ...(root === undefined ? {} : { root }),
    }
    const stator = new StatorProcess(launch, await startStator(launch))
    if (connectionString !== null) await provisionInDatabase(connectionString, identities)
    else await provisionOverRest(stator.ocppUrl, adminApiKey, identities, benchPasswordDefault)
    return stator
  }

  get pid(): number {
    return this.#process.pid
  }

  /** `ws://…/ocpp`, the same after every start; `wss://…` with `OCPP.EnableSSL`. */
  get ocppUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/ocpp`
  }

  /** `http://…`, or `https://…` with `OCPP.EnableSSL`. */
  get url(): string {
    const secure = this.#launch.settings?.['OCPP__EnableSSL'] === 'true' ? 's' : ''
    return `http${secure}://127.0.0.1:${this.#launch.port}`
  }

  get port(): number {
    return this.#launch.port
  }

  get dataFolder(): string {
    return this.#launch.dataFolder
  }

  get residentMib(): number {
    return residentKib(this.pid) / 1_024
  }

  /** Ends it without a word, as a crash does. */
  async kill(): Promise<void> {
    process.kill(this.pid, 'SIGKILL')
    await this.#process.exited
  }

  /** SIGTERM; answers the code it ended with, and how long that took. */
  async terminate(): Promise<{ readonly code: number; readonly ms: number }> {
    const startedMs = performance.now()
    process.kill(this.pid, 'SIGTERM')
    const code = await within('Stator to end', this.#process.exited, endMsMax)
    return { code, ms: performance.now() - startedMs }
  }

  /** Starts it again once it has ended. Answers how long that took, in milliseconds. */
  async startAgain(): Promise<number> {
    this.#process = await startStator(this.#launch)
    return this.#process.startMs
  }

  /** In every test: what it sent since its last start was as its schemas say. */
  async #expectOwnFramesValid(): Promise<void> {
    const headers = { 'X-API-Key': adminApiKey }
    const asked = fetch(`${this.url}/metrics`, { headers, tls: { rejectUnauthorized: false } })
    // Only a process that runs and is not stuck can tell.
    const text = await within(
      'the metrics',
      asked.then((answer) => answer.text()),
      metricsMsMax,
    ).catch(() => '')
    const count = Number(/^stator_own_frames_invalid_total (\d+)/m.exec(text)?.[1] ?? 0)
    if (count > 0) throw new Error(`${count} frames of Stator broke their schemas.`)
  }

  /** Kills it if it still runs, and removes its data folder. */
  async remove(): Promise<void> {
    await this.#expectOwnFramesValid().finally(() => this.#end())
  }

  async #end(): Promise<void> {
    try {
      process.kill(this.pid, 'SIGKILL')
    } catch {
      // It has ended already.
    }
    await this.#process.exited
    await rm(this.dataFolder, { recursive: true, force: true })
  }

  /** The body that REST answers with, asked as the operator; a `body` is posted. */
  async json(path: string, body?: unknown): Promise<Readonly<Record<string, unknown>>> {
    const response = await fetch(`${this.url}${path}`, {
      headers: { 'X-API-Key': adminApiKey, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
      tls: { rejectUnauthorized: false },
    })
    if (response.ok) return (await response.json()) as Readonly<Record<string, unknown>>
    throw new Error(`${path} answered ${response.status} ${await response.text()}`)
  }

  /** Status of `GET /health/ready`; 0 when nobody answers. */
  async readyStatus(): Promise<number> {
    return fetch(`${this.url}/health/ready`, { tls: { rejectUnauthorized: false } }).then(
      async (response) => {
        await response.body?.cancel()
        return response.status
      },
      () => 0,
    )
  }
}
