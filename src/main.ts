// Opens every part of Stator in one visible order, and closes them in reverse. No other file opens or closes parts.

import { hostname } from 'node:os'
import { createApi } from './api/create-api.ts'
import { problemOf } from './api/health.ts'
import { JobRunner } from './api/jobs/job-runner.ts'
import { sendNewPassword } from './api/rotation-item.ts'
import type { CommandDeps } from './api/send-command.ts'
import { RotationRunner } from './api/rotation-runner.ts'
import { certificateRenewal, renewalSteps } from './blocks/certificates/certificate-jobs.ts'
import { blockRoutes } from './blocks/routes.ts'
import { createAuthDeps } from './auth/auth-deps.ts'
import { createUnknown } from './auth/create-unknown.ts'
import { uploadUrls } from './auth/upload-token.ts'
import { openCertificateAnswers } from './auth/certificate-answers/open-certificate-answers.ts'
import { restChallenge } from './auth/challenge.ts'
import { FailedAttempts } from './auth/failed-attempts.ts'
import { authenticateNow, authenticateRequest, isScraper } from './auth/operator-auth.ts'
import { Encryption } from './auth/encryption.ts'
import { hashPassword, isHashOfPassword } from './auth/password-forms.ts'
import { PasswordRotations } from './auth/password-rotation.ts'
import { openSigning } from './auth/open-signing.ts'
import { openSecrets } from './auth/secrets.ts'
import { openTokens } from './auth/tokens/open-tokens.ts'
import { answerAtOnce, UsageError, version } from './base/command-line.ts'
import { type Clock, isoTime, systemClock } from './base/clock.ts'
import { loadSettings, type Settings, type TlsSettings } from './base/config.ts'
import { Counters } from './base/counters.ts'
import { Timings } from './base/timings.ts'
import { StatorError } from './base/errors.ts'
import { embeddedListRowsMax, pingMsMax } from './base/limits.ts'
import { createLogger, type Logger } from './base/log.ts'
import { inTime } from './base/in-time.ts'
import { limitLog } from './base/log-limit.ts'
import { keepPrivate, makeFilesPrivate } from './base/private-folder.ts'
import { hasTerminal, onSignals } from './base/signals.ts'
import { addressesOfThisMachine, bannerLines, reloadSettings, startSentence } from './base/running.ts'
import { settingLines, startCommand } from './base/start-command.ts'
import { type StartFacts, startWarnings } from './base/start-warnings.ts'
import { Exports } from './exports/exports.ts'
import { anomalySet, commitAndPublish, Feed } from './feed/feed.ts'
import { countCommitted, logAnomalies } from './feed/subscribers.ts'
import { CertificateFiles } from './gateway/certificate-files.ts'
import { Channels } from './gateway/forwarded.ts'
import { startGateway } from './gateway/server.ts'
import { openUploads } from './gateway/uploads/upload-server.ts'
import { compileServed } from './examine/schema.ts'
import { CertificateDelivery, type OnAnswered } from './station/certificate-delivery.ts'
import { changedElsewhere, holdingsOf, LiveChargePoints } from './station/live-charge-points.ts'
import { Registry } from './station/registry.ts'
import { IdTagDigests } from './operators/audit-text.ts'
import { databaseServer } from './store/connection-string.ts'
import { ApiKeyUses } from './store/api-key-uses.ts'
import { createOperatorLookups } from './store/operator-lookups.ts'
import { createCredentialRotations } from './store/credential-rotations.ts'
import { openDatabase } from './store/database.ts'
import { EarlierLedger } from './store/earlier-ledger.ts'
import { MeterPacking } from './store/meter-packing.ts'
import { type Fence, watchFences } from './store/fences.ts'
import { HandshakeRefusals } from './store/handshake-refusals.ts'
import { keepSalted } from './store/credential-hashes.ts'
import { claimCredentialSecret } from './store/installation.ts'
import { storeCommand } from './store/commands.ts'
import { AuditLog } from './store/audit/audit-log.ts'
import { HeadFile } from './store/audit/head-file.ts'
import { createJobs } from './store/jobs.ts'
import { LeaseKeeper } from './store/lease-keeper.ts'
import { startMaintenance } from './store/maintenance.ts'
import { createNodeLeases } from './store/node-leases.ts'
import { Eraser } from './store/erasure/eraser.ts'
import { createErasures, createQueries } from './store/queries.ts'
import { StoredQuirks } from './store/quirks.ts'
import { SecurityEvents } from './store/security-events.ts'
import { TransactionIds } from './store/transaction-ids.ts'
import { createUploads } from './store/uploads.ts'
import { Writer } from './store/writer.ts'
import { FramePool, type PoolOptions } from './workers/pool.ts'

/** A running central system. */
export interface Stator {
  /** `http://…` or `https://…`, where the REST API answers. */
  readonly url: string
  /** `ws://…` or `wss://…`, to which a charge point appends its identity. */
  readonly ocppUrl: string
  readonly port: number
  readonly adminApiKey: string
  /** Whether the admin key was made at this start, and where it is kept; null when the settings brought it. */
  readonly adminApiKeyIsNew: boolean
  readonly adminApiKeyFile: string | null
  readonly counters: Counters
  /**
   * Reads the files of certificates again: new connections are served by them, open ones stay. Returns whether the
   * certificate of the server has changed.
   *
   * @throws {StatorError} `SETTING_INVALID` when one cannot be read; the earlier one counts then.
   */
  renewCertificates(settings: TlsSettings | null): Promise<boolean>
  /** Graceful drain: finishes and commits what is under way, closes the sockets with 1001, then closes every part. */
  stop(): Promise<void>
}

/** Parts that a caller may replace. */
export interface StatorHooks {
  readonly log?: Logger
  readonly clock?: Clock
  /** Options of the worker pool that differ from the defaults. */
  readonly examination?: Partial<PoolOptions>
  /** How long an erasure of an id token waits for what still arrives with it, instead of `erasureSettleMs`. */
  readonly erasureSettleMs?: number
}

/** What id tokens are encrypted for while they are erased, and commands while they wait to be sent. */
const [erasurePurpose, jobPurpose] = ['erasure of an id token', 'commands of a job']

/**
 * Starts a central system with these settings.
 *
 * @throws {StatorError} with one sentence: what could not be opened, and what to do.
 */
export async function startStator(settings: Settings, hooks: StatorHooks = {}): Promise<Stator> {
  const log = hooks.log ?? createLogger(settings.logLevels)
  const clock = hooks.clock ?? systemClock
  const counters = new Counters()
  const timings = new Timings()
  const { provider, connectionString, dataFolder, poolSize } = settings.database
  log.info({ version, provider, file: dataFolder }, startSentence(settings))
  const node = { id: crypto.randomUUID(), name: `${hostname()}:${settings.ocpp.port}` }
  // Closes what has been opened so far, last first. A start that fails halfway uses it too.
  const closers: (() => Promise<void>)[] = []
  const close = async (): Promise<void> => {
    for (const closer of closers.splice(0)) await closer()
  }

  try {
    const logLimit = limitLog(log, clock, counters)
    closers.unshift(async () => logLimit.stop())
    timings.start()
    closers.unshift(async () => timings.stop())
    const ocppLog = logLimit.log.category('OCPP')
    const feed = new Feed(ocppLog)
    keepPrivate(settings.database.dataFolder)
    const { clientCertificates, trustedProxies } = settings.security
    const certificates = await CertificateFiles.open({
      tls: settings.ocpp.tls,
      clientCertificates,
      clock,
      log: ocppLog,
    })
    const { tls } = certificates
    const secrets = await openSecrets(settings)
    const { jwt, iso15118 } = settings.security
    const askAboutCertificates = await openCertificateAnswers(iso15118, clock, ocppLog)
    const tokens = jwt === null ? null : await openTokens(jwt, { clock, log: logLimit.log })
    if (tokens !== null) closers.unshift(() => tokens.stop())
    const opening = openDatabase({
      provider,
      ...(connectionString === null ? {} : { connectionString }),
      dataFolder,
      poolSize,
      log: log.category('Database'),
    })
    // While the database opens.
    compileServed()
    const database = await opening
    closers.unshift(() => database.close())

    const queries = createQueries(database, clock)
    const exports = new Exports({ database, clock, log: log.category('Api') })
    closers.unshift(() => exports.close())
    const transactionIds = new TransactionIds(database)
    const onCommit = (sets: number, ms: number): void => timings.committed(sets, ms)
    const earlierLedger = new EarlierLedger(database)
    const meterPacking = new MeterPacking(database)
    const writerLog = log.category('Database')
    const writer = new Writer({ database, clock, log: writerLog, earlierLedger, meterPacking, onCommit })
    writer.start()
    closers.unshift(() => writer.stop())
    closers.unshift(earlierLedger.watch(clock, writerLog))
    closers.unshift(meterPacking.watch(clock, writerLog))
    const { ghostAvailableMs, ghostOfflineMs } = settings.ocpp
    const ghostDeadlines = { availableMs: ghostAvailableMs, goneMs: ghostOfflineMs }
    closers.unshift(
      startMaintenance({
        database,
        clock,
        log: log.category('Database'),
        retention: { ...settings.ocpp, uploadDays: settings.uploads.days },
        ghostDeadlines,
        onGhost: ({ chargePointKey: key, identity, transaction, transactionId, reason, sinceMs }) => {
          const detail = { transactionId, reason, since: isoTime(sinceMs) }
          const set = anomalySet(key, 0, clock.nowMs(), { kind: 'ghostTransaction', transaction, detail })
          feed.publish({ chargePoint: { key, identity }, set, isDuplicate: false, action: null })
        },
      }),
    )

    const examiner = new FramePool({ threads: settings.workers.poolSize, ...hooks.examination })
    closers.unshift(() => examiner.close())

    const registry = new Registry({
      clock,
      callTimeoutMs: settings.ocpp.callTimeoutMs,
      onFailure: (identity, error) => {
        ocppLog.error({ identity, error }, 'The actor of a charge point failed; its connection is closed.')
      },
    })
    // The actors first: who hears of it after them finds them moved.
    feed.subscribe('charge points', (committed) => registry.take(committed))
    feed.subscribe('metrics', countCommitted(counters))
    const anomalyLog = logAnomalies(feed, ocppLog)
    closers.unshift(async () => anomalyLog.end())
    const quirks = new StoredQuirks({ database, queries, clock, counters, log: writerLog })
    await quirks.begin()
    closers.unshift(() => quirks.stop())
    const live = new LiveChargePoints(registry, queries, quirks)
    const commit: CommandDeps['commit'] = (set, about) => commitAndPublish(writer, feed, set, about)
    const rotationRunner = new RotationRunner({
      store: createCredentialRotations(database.upkeepPool, node.id),
      send: (item) => sendNewPassword({ queries, nodeId: node.id, live, rotations, commit, clock, log: ocppLog }, item),
      clock,
      counters,
      log: log.category('Api'),
    })
    if (!database.isSingleConnection) {
      const onFence = (fence: Fence): void => changedElsewhere(registry, fence)
      const onRotation = (): void => rotationRunner.wake()
      closers.unshift(await watchFences({ database, clock, log: log.category('Database'), onFence, onRotation }))
    }
    const lease = await LeaseKeeper.begin({
      leases: createNodeLeases(database),
      node,
      isShared: !database.isSingleConnection,
      holdings: holdingsOf(registry),
      clock,
      counters,
      log: log.category('Database'),
    })
    closers.unshift(() => lease.end())
    const keyUses = new ApiKeyUses({ database, clock, log: log.category('Database') })
    closers.unshift(() => keyUses.stop())
    const auth = createAuthDeps(
      settings.security,
      secrets,
      {
        lookup: (identity) => queries.credentials(identity),
        isCertificateRevoked: (serialNumber) => queries.isCertificateRevoked(serialNumber),
        create: createUnknown(queries, settings.ocpp.strictness),
      },
      {
        store: { ...createOperatorLookups(database.pool), noteUse: (use) => keyUses.note(use) },
        clock,
        log: log.category('Api'),
      },
      tokens?.verifier ?? null,
    )
    await claimCredentialSecret(database.pool, auth.credentials, node.id)
    closers.unshift(keepSalted(database.upkeepPool, auth.credentials.saltEarlier, clock, log.category('Database')))
    const attempts = new FailedAttempts({ clock, counters, freeAttempts: settings.limits.failedAttempts })
    const noteDeps = { database, clock, log: log.category('Database'), node: node.name }
    const refusals = new HandshakeRefusals(noteDeps)
    closers.unshift(() => refusals.stop())
    const securityEvents = new SecurityEvents(noteDeps)
    closers.unshift(() => securityEvents.stop())
    const auditLog = await AuditLog.open({
      database,
      clock,
      log: log.category('Api'),
      node: node.name,
      headFile: new HeadFile(dataFolder, node.name),
    })
    closers.unshift(() => auditLog.stop())
    const encryption = new Encryption(secrets.encryptionKey, secrets.otherEncryptionKeys)
    const seal = encryption.for(erasurePurpose)
    const { seal: sealCommands, openOrNull } = encryption.for(jobPurpose)
    const eraser = new Eraser({
      pool: database.upkeepPool,
      seal,
      clock,
      log: log.category('Database'),
      forget: (idToken) => void queries.forgetIdToken(idToken),
    })
    eraser.begin()
    closers.unshift(() => eraser.end())
    const rotations = new PasswordRotations(queries, auth.credentials, ocppLog)
    const countedMax = database.isSingleConnection ? embeddedListRowsMax : null
    const jobs = new JobRunner({
      store: createJobs(database.upkeepPool, node.id, { seal: sealCommands, open: openOrNull }, countedMax),
      timeoutSeconds: settings.ocpp.jobTimeoutSeconds,
      ...{ queries, nodeId: node.id, live, rotations, commit, clock, counters, log: log.category('Api') },
    })
    feed.subscribe('jobs', (committed) => jobs.take(committed))
    closers.unshift(async () => void (await Promise.all([rotationRunner.end(), jobs.end()])))
    const signing = await openSigning(settings.security.certificates, queries, encryption, clock)
    if (signing !== null) {
      const { authority, renewalMs } = signing
      certificates.clientCertificates?.trustOwn(authority.certificate)
      const { subject, validToMs } = authority
      const detail = { subject, validTo: isoTime(validToMs) }
      ocppLog.info({ detail }, 'Certificates of charge points are signed by this authority.')
      const onAnswered: OnAnswered = (at, state) => jobs.report(at, certificateRenewal, renewalSteps[state])
      const deps = { store: queries, authority, live, onAnswered, nodeId: node.id, renewalMs, clock, log: ocppLog }
      const delivery = new CertificateDelivery(deps)
      feed.subscribe('certificates', (committed) => delivery.take(committed))
      delivery.start()
      closers.unshift(() => delivery.end())
    }
    const isStoreAvailable = (): boolean => writer.isAvailable && !writer.isFull
    const api = createApi(
      {
        queries,
        erasures: createErasures(database, seal, hooks.erasureSettleMs),
        exports,
        nodeId: node.id,
        live,
        jobs,
        newUploadUrl: uploadUrls(settings.uploads.publicUrl),
        certificateAuthority: signing?.authority.chain ?? null,
        commit,
        nextTransactionId: () => transactionIds.next(),
        authenticate: (headers, channel) => authenticateRequest(headers, channel, auth),
        authenticateNow: (headers, channel) => authenticateNow(headers, channel, auth),
        challenge: (headers) => restChallenge(headers, auth),
        isScraper: (headers) => isScraper(headers, auth),
        settingsKeys: auth.operatorKeys.all,
        allowedOrigins: settings.security.allowedOrigins,
        attempts,
        noteSecurityEvent: (event) => securityEvents.note(event),
        audit: {
          append: (entry) => auditLog.append(entry),
          digests: new IdTagDigests(secrets.credentialSecret, secrets.otherCredentialSecrets),
        },
        hash: {
          password: (password) => hashPassword(password, auth.credentials),
          apiKey: (apiKey) => auth.credentials.hash(apiKey),
          isPassword: (password, hash) => isHashOfPassword(password, hash, auth.credentials),
          isApiKey: (apiKey, hash) => auth.credentials.matches(apiKey, hash),
        },
        rotations,
        wakeRotations: () => rotationRunner.wake(),
        strictnessDefault: settings.ocpp.strictness,
        quirks,
        ghostDeadlines,
        counters,
        timings,
        partCounts: () => {
          const { byVersion, callsWaiting } = registry.count()
          return {
            node: { name: node.name, provider },
            connections: byVersion,
            isDatabaseAvailable: writer.isAvailable,
            areTokenKeysAvailable: tokens?.areKeysAvailable() ?? true,
            isOpen: isStoreAvailable(),
            statementsWaiting: database.statementsWaiting(),
            calls: { ...registry.calls.counts, waiting: callsWaiting },
            writer: writer.stats,
            gateway: gateway.waiting,
            jobs: jobs.openJobs,
            certificateExpirySeconds: certificates.expirySeconds,
          }
        },
        health: {
          live: () => true,
          ready: async () => {
            const stops = rotationRunner.isStopping || gateway.isDraining ? 'This node is stopping.' : null
            const problem = await problemOf(() => inTime(database.ping(), pingMsMax, clock))
            const refuses = writer.isAvailable ? null : 'The database answers, but does not commit what it is given.'
            return [
              { name: 'database', problem: problem ?? refuses },
              { name: 'gateway', problem: stops },
            ]
          },
        },
        clock,
        log: log.category('Api'),
      },
      blockRoutes,
    )
    // Before charge points come back: then the embedded database may have no time for it.
    const { totalCount } = await queries.listChargePoints({ scope: 'all', page: 1, pageSize: 1 })
    const gateway = startGateway({
      settings: settings.ocpp,
      limits: settings.limits,
      tls,
      asksForCertificates: clientCertificates !== null,
      channels: new Channels({
        trustedProxies,
        proxyHeader: clientCertificates?.proxyHeader ?? null,
        clientCertificates: certificates.clientCertificates,
        clock,
        log: ocppLog,
      }),
      auth,
      attempts,
      registry,
      examiner,
      lookups: { ...queries, askAboutCertificates, signingRequest: signing?.signingRequest ?? (async () => null) },
      nextTransactionId: () => transactionIds.next(),
      concurrentTransactions: settings.security.concurrentTransactions,
      quirks,
      store: writer,
      feed,
      connect: (key, version, authentication, remoteAddress) =>
        lease.claiming(key, () => {
          const atMs = clock.nowMs()
          const claim = { version, node: node.id, nodeName: node.name, atMs, remoteAddress, ...authentication }
          return queries.connect(key, claim)
        }),
      disconnect: (key, epoch, end) => lease.releasing({ key, epoch, end }, () => queries.disconnect(key, epoch, end)),
      noteRefusal: (refusal) => refusals.note(refusal),
      noteSecurityEvent: (event) => securityEvents.note(event),
      isStoreAvailable,
      http: (request, { remoteAddress, isEncrypted }, mayBeIdle) =>
        api.fetch(request, { remoteAddress, isEncrypted, mayBeIdle }),
      counters,
      timings,
      clock,
      log: ocppLog,
    })
    closers.unshift(async () => {
      await gateway.drain()
      await gateway.stop()
    })
    rotationRunner.begin()
    jobs.begin()
    closers.unshift(async () => void (await Promise.all([rotationRunner.pause(), jobs.pause()])))

    const uploads = openUploads(settings.uploads, {
      store: createUploads(database.restPool),
      host: settings.ocpp.host,
      tls,
      onFile: (jobId, file) => jobs.fileReceived(jobId, file),
      ...{ clock, counters, log: log.category('Api') },
    })
    closers.unshift(() => uploads.stop())

    certificates.watch((renewed) => {
      gateway.renewCertificate(renewed)
      uploads.renewCertificate(renewed)
    })
    closers.unshift(async () => certificates.stop())

    const host = settings.ocpp.host === '0.0.0.0' ? 'localhost' : settings.ocpp.host
    const secure = tls === null ? '' : 's'
    const url = `http${secure}://${host}:${gateway.port}`
    const facts: StartFacts = {
      ownAddresses: addressesOfThisMachine(),
      stations: totalCount,
      databaseServer: connectionString === null ? null : databaseServer(connectionString),
    }
    for (const { setting, sentence } of startWarnings(settings, facts)) log.warn({ setting }, sentence)
    for (const sentence of certificates.warnings()) log.warn(sentence)
    if (secrets.adminApiKeyFile !== null)
      log.info({ file: secrets.adminApiKeyFile }, 'The admin API key is in this file.')
    log.info({ url, provider }, 'Stator is running.')
    return {
      url,
      ocppUrl: `ws${secure}://${host}:${gateway.port}/ocpp`,
      port: gateway.port,
      adminApiKey: secrets.adminApiKey,
      adminApiKeyIsNew: secrets.adminApiKeyIsNew,
      adminApiKeyFile: secrets.adminApiKeyFile,
      counters,
      renewCertificates: (tlsSettings) => certificates.renew(tlsSettings),
      stop: async () => {
        await close()
        log.info('Stator has stopped.')
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Runs Stator until SIGTERM or SIGINT, or one of the commands `migrate`, `count` and `audit verify`. A start that fails
 * prints one sentence.
 */
async function main(): Promise<void> {
  const argv = process.argv.slice(2)
  makeFilesPrivate()
  if (await storeCommand(argv, process, (line) => console.log(line))) return
  const answer = answerAtOnce(argv, startCommand, settingLines())
  if (answer !== null) return console.log(answer)
  const settings = loadSettings({ argv, env: process.env })
  const log = createLogger(settings.logLevels)
  const stator = await startStator(settings, { log })
  // Without a terminal, standard output has log lines only, and no key.
  if (process.stdout.isTTY) for (const line of bannerLines(stator, settings)) console.log(line)
  const reload = hasTerminal() ? null : () => reloadSettings(stator, settings, log, argv)
  onSignals({ stop: () => stator.stop(), reload, fail })
}

function fail(error: unknown): void {
  if (error instanceof UsageError) console.error(error.message)
  else console.error(error instanceof StatorError ? `${error.message} (${error.code})` : error)
  process.exit(1)
}

if (import.meta.main) await main().catch(fail)
