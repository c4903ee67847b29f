// A whole Stator for a test: real PostgreSQL (or the embedded database), a free port, and a way in through REST.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { settingsFrom, type Settings } from '../../src/base/config.ts'
import type { OcppVersion } from '../../src/ocpp/version.ts'
import { startStator, type Stator, type StatorHooks } from '../../src/main.ts'
import { SimulatedChargePoint } from '../../src/simulator/charge-point.ts'
import type { SimulatorOptions } from '../../src/simulator/options.ts'
import { testDatabase } from './postgres.ts'
import { basic, RawChargePoint, type RawOptions } from './raw-charge-point.ts'
import { embeddedFolder } from './store.ts'
import { until } from './until.ts'

/** Key of the operator in every test. */
export const adminApiKey = 'test-admin-key'

/** Password of every charge point that a test provisions without saying otherwise. */
export const passwordDefault = 'secretpassword'

type Json = Record<string, unknown>

export interface ApiRequest {
  readonly method?: string
  /** Sent as JSON; a string is sent as it is. */
  readonly body?: unknown
  /** `X-API-Key`; null sends none. The operator's by default. */
  readonly key?: string | null
  /** Credentials of a charge point, sent instead of a key. */
  readonly basic?: readonly [userName: string, password: string]
  readonly headers?: Readonly<Record<string, string>>
}

export interface ApiAnswer {
  readonly status: number
  /** Parsed JSON; the text when it is none. */
  readonly body: Json
  readonly headers: Headers
}

/** In the shape of appsettings.json, section by section. */
export type SettingsDocument = Partial<
  Record<'Logging' | 'OCPP' | 'Database' | 'Security' | 'Limits' | 'Workers' | 'Uploads', Json>
>

export interface TestStatorOptions {
  readonly settings?: SettingsDocument
  readonly provider?: 'PostgreSQL' | 'Embedded'
  /** What Stator is given beside its settings. */
  readonly hooks?: StatorHooks
}

/** A running Stator, and what is needed to look at it. */
export class TestStator {
  #stator: Stator
  readonly #settings: Settings
  readonly #hooks: StatorHooks
  readonly #release: () => Promise<void>
  readonly #stations: (SimulatedChargePoint | RawChargePoint)[] = []
  readonly #clients: Client[] = []

  private constructor(stator: Stator, settings: Settings, hooks: StatorHooks, release: () => Promise<void>) {
    this.#stator = stator
    this.#settings = settings
    this.#hooks = hooks
    this.#release = release
  }

  static async start(options: TestStatorOptions = {}): Promise<TestStator> {
    const { settings: overrides = {}, provider = 'PostgreSQL', hooks = {} } = options
    const isEmbedded = provider === 'Embedded'
    const dataFolder = isEmbedded ? (await embeddedFolder()).dataFolder : await mkdtemp(join(tmpdir(), 'stator-test-'))
    const database = isEmbedded ? null : await testDatabase()
    const release = async (): Promise<void> => {
      await database?.drop()
      await rm(dataFolder, { recursive: true, force: true })
    }
    const settings = settingsFrom({
      Logging: { LogLevel: { Default: process.env['STATOR_TEST_LOG'] ?? 'None' }, ...overrides.Logging },
      OCPP: { ServerEndpoint: '127.0.0.1', ServerPort: 0, CheckOwnFramesEvery: 1, ...overrides.OCPP },
      Database: {
        DataFolder: dataFolder,
        ...(database === null ? {} : { ConnectionString: database.connectionString }),
        ...overrides.Database,
      },
      Security: { AdminApiKey: adminApiKey, ...overrides.Security },
      Limits: { ...overrides.Limits },
      Workers: { PoolSize: 1, ...overrides.Workers },
      Uploads: { ...overrides.Uploads },
    })
    try {
      return new TestStator(await startStator(settings, hooks), settings, hooks, release)
    } catch (error) {
      await release()
      throw error
    }
  }

  get stator(): Stator {
    return this.#stator
  }

  /** URL of its PostgreSQL database; null with the embedded one. */
  get connectionString(): string | null {
    return this.#settings.database.connectionString
  }

  /** `http://host:port`. */
  get url(): string {
    return this.#stator.url
  }

  /** `ws://host:port/ocpp`. */
  get ocppUrl(): string {
    return this.#stator.ocppUrl
  }

  /** A client of its PostgreSQL for the test; it is closed with Stator. */
  async client(): Promise<Client> {
    const client = new Client({ connectionString: this.connectionString ?? '' })
    this.#clients.push(client)
    await client.connect()
    return client
  }

  /** Stops Stator and starts it again on the same database, data folder and port. */
  async restart(): Promise<void> {
    const { port } = this.#stator
    await this.#stator.stop()
    this.#expectOwnFramesValid()
    this.#stator = await startStator({ ...this.#settings, ocpp: { ...this.#settings.ocpp, port } }, this.#hooks)
  }

  /** Closes the charge points that the test opened, Stator, and its database. */
  async stop(): Promise<void> {
    for (const station of this.#stations) {
      if (station instanceof SimulatedChargePoint) station.stop()
      else if (station.closing === null) station.socket.terminate()
    }
    try {
      await this.#stator.stop()
    } finally {
      for (const client of this.#clients) await client.end()
      await this.#release()
    }
    this.#expectOwnFramesValid()
  }

  /** In every test: what Stator sent was as its schemas say. */
  #expectOwnFramesValid(): void {
    const { ownFramesInvalid } = this.#stator.counters
    if (ownFramesInvalid > 0) throw new Error(`${ownFramesInvalid} frames of Stator broke their schemas (see its log).`)
  }

  async api(path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    const { body, key = adminApiKey, basic: credentials } = request
    const response = await fetch(`${this.url}${path}`, {
      method: request.method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...(credentials === undefined ? {} : { Authorization: basic(...credentials) }),
        ...(credentials !== undefined || key === null ? {} : { 'X-API-Key': key }),
        ...request.headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      // Tests of TLS have authorities of their own.
      tls: { rejectUnauthorized: false },
    })
    const text = await response.text()
    return { status: response.status, body: parsed(text), headers: response.headers }
  }

  /** The body of an answer that must have this status (200 by default). */
  async json(path: string, request: ApiRequest = {}, status = 200): Promise<Json> {
    const answer = await this.api(path, request)
    if (answer.status === status) return answer.body
    throw new Error(`${path} answered ${answer.status} ${JSON.stringify(answer.body)}, expected ${status}.`)
  }

  /** Creates a charge point (provisioning). */
  async provision(identity: string, more: Json = {}): Promise<void> {
    const body = { chargePointId: identity, password: passwordDefault, ...more }
    await this.json('/api/chargepoints', { body }, 201)
  }

  /** Makes an id tag known. */
  async addIdTag(idTag: string, more: Json = {}): Promise<void> {
    await this.json('/api/id-tags', { body: { idTag, status: 'Accepted', ...more } }, 201)
  }

  /** A simulated charge point that is provisioned, booted and accepted. */
  async station(identity: string, options: Partial<SimulatorOptions> = {}): Promise<SimulatedChargePoint> {
    await this.provision(identity)
    const station = new SimulatedChargePoint({
      url: this.ocppUrl,
      identity,
      version: '1.6',
      password: passwordDefault,
      paceMs: 20,
      backOff: { msMin: 20, msMax: 200 },
      ...options,
    })
    this.#stations.push(station)
    await station.start()
    return station
  }

  /** A bare WebSocket under credentials that are right; the charge point must be provisioned. */
  async raw(identity: string, options: Partial<RawOptions> = {}): Promise<RawChargePoint> {
    const raw = await RawChargePoint.connect({ url: this.ocppUrl, identity, password: passwordDefault, ...options })
    this.#stations.push(raw)
    return raw
  }

  /** A bare WebSocket of a fresh charge point whose boot has been accepted. */
  async bootedRaw(identity: string, version: OcppVersion = '1.6', provisioning: Json = {}): Promise<RawChargePoint> {
    await this.provision(identity, provisioning)
    const raw = await this.raw(identity, { subprotocols: [`ocpp${version}`] })
    const boot =
      version === '1.6'
        ? { chargePointVendor: 'VendorName', chargePointModel: 'Model-X1000' }
        : { reason: 'PowerUp', chargingStation: { vendorName: 'VendorName', model: 'Model-X1000' } }
    await raw.call('BootNotification', boot)
    return raw
  }

  /** `GET /api/chargepoints/{identity}/status`, once it satisfies `holds`. */
  statusOnce(what: string, identity: string, holds: (status: Json) => boolean): Promise<Json> {
    return until(what, async () => {
      const status = await this.json(`/api/chargepoints/${encodeURIComponent(identity)}/status`)
      return holds(status) ? status : null
    })
  }
}

function parsed(text: string): Json {
  try {
    return JSON.parse(text) as Json
  } catch {
    return { text }
  }
}
