// Settings: read once at the start from appsettings.json and the environment, checked, and turned into plain values.
// An unknown key or invalid value stops the start with one sentence. Nothing is ignored silently.

import { availableParallelism } from 'node:os'
import { iso15118Settings } from './iso15118-settings.ts'
import type { Iso15118Settings } from './iso15118-settings.ts'
import { jwtSettings } from './jwt-settings.ts'
import type { JwtSettings } from './jwt-settings.ts'
import { certificateSettings } from './certificate-settings.ts'
import type { CertificateSettings } from './certificate-settings.ts'
import { clientCertificateSettings } from './client-certificate-settings.ts'
import type { ClientCertificateSettings } from './client-certificate-settings.ts'
import { workerThreadsDefault } from './limits.ts'
import type { LogLevels } from './log.ts'
import { authenticationMethods, settingTree, settingsSchema } from './settings-schema.ts'
import type { SettingMeta } from './setting-kinds.ts'
import type { SettingsDocument } from './settings-schema.ts'
import { uploadSettings, type UploadSettings } from './upload-settings.ts'
import { withSecretsRead } from './secret-sources.ts'
import { from, invalid, readDocumentOnly, readSources, shown } from './settings-sources.ts'
import type { FoundSettings, SettingsSources } from './settings-sources.ts'

export interface OcppSettings {
  /** Address to listen on. */
  readonly host: string
  /** Port to listen on; 0 selects a free one. */
  readonly port: number
  /** OCPP version assumed for a charge point that offers no subprotocol; null: no such charge point is accepted. */
  readonly assumedVersion: '1.6' | '2.0.1' | '2.1' | null
  readonly heartbeatIntervalSeconds: number
  /** How long a connection may be silent, pongs included, before it is closed. */
  readonly connectionTimeoutSeconds: number
  /** Largest frame that is accepted; a larger one closes the connection with 1009. */
  readonly messageBytesMax: number
  /** Null: plain ws:// and http://. */
  readonly tls: TlsSettings | null
  /** With TLS: how long browsers shall use https only (Strict-Transport-Security); null: no word about it. */
  readonly httpsOnlySeconds: number | null
  /** Timeout of a CALL to a charge point. */
  readonly callTimeoutMs: number
  /** Strictness of charge points that are provisioned without one. */
  readonly strictness: 'lenient' | 'strict'
  /** Whether frames are kept in the message log. */
  readonly messageLog: boolean
  readonly messageLogDays: number
  /** Of how many frames of ours one is checked against its schema; 0: none. */
  readonly checkOwnFramesEvery: number
  readonly anomalyDays: number
  /** Retention of charge points' notifications. */
  readonly eventDays: number
  /** Retention of transaction messages; for as long their retransmissions are recognised. */
  readonly transactionEventDays: number
  readonly historyMonths: number
  /** Retention of transactions that ended; 0: they are kept. */
  readonly transactionMonths: number
  readonly auditLogDays: number
  /** Retention of jobs that have ended. */
  readonly jobDays: number
  /** How long a charge point may be silent about a job. */
  readonly jobTimeoutSeconds: number
  /** How long an open transaction may be silent while its connector is Available, before it counts as a ghost. */
  readonly ghostAvailableMs: number
  /** How long a charge point may be disconnected before its open transactions count as ghosts. */
  readonly ghostOfflineMs: number
}

export interface TlsSettings {
  /** PEM (certificate chain, and the key unless `keyPath` is given), or a `.pfx`/`.p12` file. */
  readonly certificatePath: string
  readonly keyPath: string | null
  /** Password of the PFX file or of the PEM key. */
  readonly password: string | null
}

export interface DatabaseSettings {
  readonly provider: 'Embedded' | 'PostgreSQL'
  /** URL, or `Host=…;Port=…;…`; null with the embedded database. */
  readonly connectionString: string | null
  /** Folder of the embedded database, and of the secrets generated at the first start. */
  readonly dataFolder: string
  /** Maximum connections of the pool for the REST API. */
  readonly poolSize: number
}

/** A kind of credentials of charge points. */
export type AuthenticationMethod = (typeof authenticationMethods)[number]

export interface SecuritySettings {
  /** False: charge points connect without credentials. REST requests always need credentials. */
  readonly requireAuthentication: boolean
  /** Kinds of credentials that a charge point may use. */
  readonly authenticationMethods: readonly AuthenticationMethod[]
  /** Whether a charge point needs a client certificate, whatever else it presents. */
  readonly requireClientCertificate: boolean
  /** Null: client certificates are not asked for. */
  readonly clientCertificates: ClientCertificateSettings | null
  /** Addresses and ranges of proxies whose headers are believed. */
  readonly trustedProxies: readonly string[]
  /** Origins (`https://console.example.com`, in lower case) of web pages that may open a WebSocket; `*`: all. */
  readonly allowedOrigins: readonly string[]
  /** Identities that may connect; empty: all that are provisioned. */
  readonly allowedChargePoints: readonly string[]
  /** `reject` answers an unprovisioned charge point with 404, `accept` provisions it. */
  readonly unknownChargePoints: 'reject' | 'accept'
  /** Whether an id token may start a transaction while it has another one open (ConcurrentTx). */
  readonly concurrentTransactions: 'accept' | 'deny'
  /** Null: generated at the first start and kept in the data folder. */
  readonly adminApiKey: string | null
  /** Further operator keys. With X-Charge-Point-Id, each also authenticates any charge point. */
  readonly apiKeys: readonly string[]
  /** Bearer token that opens GET /metrics and nothing else; null: none does. */
  readonly metricsToken: string | null
  /** Key of the credential hashes; null: generated at the first start and kept in the data folder. */
  readonly credentialSecret: string | null
  /** Further secrets whose hashes are valid: the earlier or the next one, while it is changed. */
  readonly otherCredentialSecrets: readonly string[]
  /** Bearer tokens of charge points and operators; null: none are accepted. */
  readonly jwt: JwtSettings | null
  readonly iso15118: Iso15118Settings
  /** Key of what is stored encrypted; null: generated at the first start and kept in the data folder. */
  readonly encryptionKey: string | null
  /** Further keys that can decrypt: the earlier or the next one, while it is changed. */
  readonly otherEncryptionKeys: readonly string[]
  /** Null: requests for certificates are rejected. */
  readonly certificates: CertificateSettings | null
}

/** How much one charge point may make Stator store in a day, by kind. */
export interface DailyLimits {
  /** Of its frames. */
  readonly bytes: number
  /** Connectors that were not known before. */
  readonly connectors: number
  /** Reported values of the device model. */
  readonly variables: number
  readonly transactions: number
  readonly dataTransfers: number
  /** Notifications other than data transfers. */
  readonly events: number
}

export interface LimitSettings {
  /** Failed attempts of one address at one identity that are answered without a delay. */
  readonly failedAttempts: number
  /** Connections of charge points from one address. */
  readonly connectionsPerAddress: number
  /** Handshakes that may wait for admission. */
  readonly handshakesWaiting: number
  /** TLS handshakes of the front that may be under way. */
  readonly tlsHandshakes: number
  /** Frames of one charge point per second in the long run. */
  readonly framesPerSecond: number
  /** Long-term allowance of one charge point, in bytes of frames per second. */
  readonly bytesPerSecond: number
  /** What it may send at once after a rest, in bytes. */
  readonly burstBytes: number
  readonly perDay: DailyLimits
}

export interface WorkerSettings {
  /** Worker threads; 0: all frames but long ones are examined on the main thread. */
  readonly poolSize: number
}

/** Everything that can be set, with defaults filled in. Durations carry their unit in the name. */
export interface Settings {
  readonly logLevels: LogLevels
  readonly ocpp: OcppSettings
  readonly database: DatabaseSettings
  readonly security: SecuritySettings
  readonly limits: LimitSettings
  readonly workers: WorkerSettings
  readonly uploads: UploadSettings
}

/**
 * The settings of this process.
 *
 * Sources, later ones winning: defaults, the file (`--config FILE`, else `appsettings.json` in the working folder if
 * it is there), environment variables in the .NET way (`OCPP__ServerPort=9000`, `Security__ApiKeys__0=…`).
 *
 * @throws {StatorError} `SETTING_INVALID`, with one sentence that names the key, the value and what was expected.
 */
export function loadSettings(sources: SettingsSources): Settings {
  return check(withSecretsRead(readSources(sources)))
}

/** The settings from an object in the shape of appsettings.json; `{}` gives the defaults. */
export function settingsFrom(document: unknown): Settings {
  return check(readDocumentOnly(document))
}

/** Sections with changes other than log levels and the certificate: a running process does not take them over. */
export function sectionsThatNeedRestart(running: Settings, settings: Settings): string[] {
  const rest = ({ ocpp, database, security, limits, workers, uploads }: Settings) => ({
    OCPP: { ...ocpp, tls: ocpp.tls === null },
    Database: database,
    Security: security,
    Limits: limits,
    Workers: workers,
    Uploads: uploads,
  })
  const before = Object.entries(rest(running))
  const after = Object.values(rest(settings))
  return before.flatMap(([section, values], at) => (Bun.deepEquals(values, after[at]) ? [] : [section]))
}

function check(found: FoundSettings): Settings {
  const parsed = settingsSchema.safeParse(found.tree)
  if (!parsed.success) throw refusal(parsed.error.issues[0]?.path ?? [], found)
  const document = parsed.data
  const ocpp = ocppSettings(document.OCPP, found)
  return {
    logLevels: logLevelsOf(document.Logging.LogLevel),
    ocpp,
    database: databaseSettings(document.Database, found),
    security: securitySettings(document, found),
    limits: limitSettings(document.Limits),
    workers: { poolSize: document.Workers.PoolSize ?? threadsDefault(availableParallelism()) },
    uploads: uploadSettings(document.Uploads, ocpp, found),
  }
}

/** Worker threads of a process that has `cores`: on a single one they would only take turns with the main thread. */
function threadsDefault(cores: number): number {
  return cores > 1 ? workerThreadsDefault : 0
}

function logLevelsOf(levels: SettingsDocument['Logging']['LogLevel']): LogLevels {
  const { Microsoft: _notOurs, ...ours } = levels
  return ours
}

function ocppSettings(ocpp: SettingsDocument['OCPP'], found: FoundSettings): OcppSettings {
  return {
    host: ocpp.ServerEndpoint,
    port: ocpp.ServerPort,
    assumedVersion: ocpp.ProtocolVersion === '' ? null : ocpp.ProtocolVersion,
    heartbeatIntervalSeconds: ocpp.HeartbeatInterval,
    connectionTimeoutSeconds: ocpp.ConnectionTimeout,
    messageBytesMax: ocpp.MaxMessageSize,
    tls: ocpp.EnableSSL ? tlsSettings(ocpp, found) : null,
    httpsOnlySeconds: ocpp.HstsDays === 0 ? null : ocpp.HstsDays * 86_400,
    callTimeoutMs: ocpp.CallTimeout * 1_000,
    strictness: ocpp.Strictness,
    messageLog: ocpp.MessageLog,
    messageLogDays: ocpp.MessageLogDays,
    checkOwnFramesEvery: ocpp.CheckOwnFramesEvery,
    anomalyDays: ocpp.AnomalyDays,
    eventDays: ocpp.EventDays,
    transactionEventDays: ocpp.TransactionEventDays,
    historyMonths: ocpp.HistoryMonths,
    transactionMonths: ocpp.TransactionMonths,
    auditLogDays: ocpp.AuditLogDays,
    jobDays: ocpp.JobDays,
    jobTimeoutSeconds: ocpp.JobTimeoutHours * 3_600,
    ghostAvailableMs: ocpp.GhostAvailableMinutes * 60_000,
    ghostOfflineMs: ocpp.GhostOfflineHours * 3_600_000,
  }
}

function tlsSettings(ocpp: SettingsDocument['OCPP'], found: FoundSettings): TlsSettings {
  if (ocpp.CertificatePath === '') {
    throw invalid(
      `OCPP.CertificatePath is empty while OCPP.EnableSSL is true${from('OCPP.EnableSSL', found)}: ` +
        'expected the path of a PEM, .pfx or .p12 file.',
    )
  }
  return {
    certificatePath: ocpp.CertificatePath,
    keyPath: ocpp.CertificateKeyPath || null,
    password: ocpp.CertificatePassword || null,
  }
}

function databaseSettings(database: SettingsDocument['Database'], found: FoundSettings): DatabaseSettings {
  const { ConnectionString: connectionString, DataFolder: dataFolder, PoolSize: poolSize } = database
  const provider = database.Provider || (connectionString === '' ? 'Embedded' : 'PostgreSQL')
  if (provider === 'PostgreSQL' && connectionString === '') {
    throw invalid(
      `Database.ConnectionString is empty while Database.Provider is "PostgreSQL"${from('Database.Provider', found)}: ` +
        `expected ${connectionStringForms}.`,
    )
  }
  if (provider === 'Embedded' && connectionString !== '') {
    throw invalid(
      `Database.Provider is "Embedded"${from('Database.Provider', found)}, but Database.ConnectionString is set` +
        `${from('Database.ConnectionString', found)} (not shown, it may hold a password): expected one or the other; ` +
        'set Provider to PostgreSQL, or empty the connection string.',
    )
  }
  const other = otherDatabase(connectionString)
  if (other !== null) {
    throw invalid(
      `Database.ConnectionString${from('Database.ConnectionString', found)} (not shown, it may hold a password) is ` +
        `for ${other}: expected ${connectionStringForms}.`,
    )
  }
  return { provider, connectionString: connectionString || null, dataFolder, poolSize }
}

const connectionStringForms =
  'PostgreSQL, as postgres://user:password@host:5432/name or Host=…;Port=…;Database=…;Username=…;Password=…;'

/** The kind of database that a connection string names, if it is certainly not PostgreSQL. */
function otherDatabase(connectionString: string): string | null {
  const scheme = /^\s*([a-z][a-z0-9+.:-]*):\/\//i.exec(connectionString)?.[1]?.toLowerCase()
  if (scheme !== undefined) return /^postgres(ql)?$/.test(scheme) ? null : `a ${scheme} database`
  const compact = connectionString.replace(/\s+/g, '').toLowerCase()
  const has = (pattern: RegExp) => pattern.test(compact)
  if (has(/(^|;)(initialcatalog|datasource|integratedsecurity|attachdbfilename|multipleactiveresultsets)=/)) {
    return 'SQL Server'
  }
  if (has(/(^|;)(userid|uid|user|username)=sa(;|$)/) || has(/(^|;)server=[^;]*,\d+/)) return 'SQL Server'
  if (has(/(^|;)port=(3306|33060)(;|$)/) || has(/(^|;)allowpublickeyretrieval=/)) return 'MySQL'
  return null
}

function securitySettings(document: SettingsDocument, found: FoundSettings): SecuritySettings {
  const { Security: security } = document
  const clientCertificates = clientCertificateSettings(document, (dotted) => from(dotted, found))
  if (security.MetricsToken !== '' && [security.AdminApiKey, ...security.ApiKeys].includes(security.MetricsToken)) {
    throw invalid(
      `Security.MetricsToken${from('Security.MetricsToken', found)} (not shown) is the key of an operator: expected ` +
        'another text, since a scraper may do nothing else.',
    )
  }
  return {
    requireAuthentication: security.RequireAuthentication,
    authenticationMethods: methodsOf(security.AuthenticationMethod, clientCertificates),
    requireClientCertificate: security.RequireClientCertificate,
    clientCertificates,
    trustedProxies: security.TrustedProxies,
    allowedOrigins: security.AllowedOrigins.map((origin) => origin.toLowerCase().replace(/\/$/, '')),
    allowedChargePoints: security.AllowedChargePoints,
    unknownChargePoints: security.UnknownChargePoints,
    concurrentTransactions: security.ConcurrentTransactions,
    adminApiKey: security.AdminApiKey || null,
    apiKeys: security.ApiKeys,
    metricsToken: security.MetricsToken || null,
    credentialSecret: security.CredentialSecret || null,
    otherCredentialSecrets: security.OtherCredentialSecrets,
    jwt: jwtSettings(security, found),
    iso15118: iso15118Settings(security, found),
    encryptionKey: security.EncryptionKey || null,
    otherEncryptionKeys: security.OtherEncryptionKeys,
    certificates: certificateSettings(security, found),
  }
}

function limitSettings(limits: SettingsDocument['Limits']): LimitSettings {
  return {
    failedAttempts: limits.FailedAttempts,
    connectionsPerAddress: limits.ConnectionsPerAddress,
    handshakesWaiting: limits.HandshakesWaiting,
    tlsHandshakes: limits.TlsHandshakes,
    framesPerSecond: limits.FramesPerSecond,
    bytesPerSecond: limits.BytesPerSecond,
    burstBytes: limits.BurstBytes,
    perDay: {
      bytes: limits.BytesPerDay,
      connectors: limits.ConnectorsPerDay,
      variables: limits.VariablesPerDay,
      transactions: limits.TransactionsPerDay,
      dataTransfers: limits.DataTransfersPerDay,
      events: limits.EventsPerDay,
    },
  }
}

function methodsOf(
  wanted: SettingsDocument['Security']['AuthenticationMethod'],
  clientCertificates: ClientCertificateSettings | null,
): readonly AuthenticationMethod[] {
  return authenticationMethods.filter((method) => {
    // One that is required counts, whether or not it is named among the methods.
    if (method === 'ClientCertificate') return clientCertificates !== null
    return wanted.includes(method) || wanted.includes('Any')
  })
}

/** The sentence about the value at `path`, which may lead into a list. */
function refusal(path: readonly PropertyKey[], found: FoundSettings): Error {
  let value: unknown = found.tree
  let node = settingTree
  let element = ''
  const dotted: string[] = []
  for (const part of path) {
    // A list may be one text with commas.
    const within: unknown = typeof value === 'string' ? value.split(',') : value
    value = typeof within === 'object' && within !== null ? Reflect.get(within, part) : undefined
    const next = node.kind === 'section' ? node.parts.get(String(part)) : undefined
    if (next === undefined) {
      element = `[${String(part)}]`
      break
    }
    dotted.push(String(part))
    node = next
  }
  const key = dotted.join('.')
  if (node.kind === 'section')
    return invalid(`${key || 'The settings'} cannot be read: expected an object of settings.`)
  return invalid(`${key}${element} is ${valueShown(value, node)}${from(key, found)}: expected ${node.expected}.`)
}

function valueShown(value: unknown, { isSecret }: SettingMeta): string {
  if (!isSecret) return shown(value)
  return typeof value === 'string' ? `a text of length ${value.length} (not shown)` : `a ${typeof value} (not shown)`
}
