// One process of Stator in a simulation: the real parts, put together as `src/main.ts` does it, over a simulated clock, network and
// database. It can die between any two things that it does.

import { FailedAttempts } from '../../src/auth/failed-attempts.ts'
import { noQuirks } from '../support/known.ts'
import type { Pool, QueryConfig } from 'pg'
import { correctTransaction } from '../../src/blocks/transactions/route-correct.ts'
import type { ApiDeps } from '../../src/api/deps.ts'
import { type ChargePointRef, commitAndPublish, Feed } from '../../src/feed/feed.ts'
import { countCommitted } from '../../src/feed/subscribers.ts'
import { closeTransaction } from '../../src/blocks/transactions/route-close.ts'
import { createAuthDeps, type CredentialStore } from '../../src/auth/auth-deps.ts'
import { noOperators } from '../support/credential-store.ts'
import type { Clock } from '../../src/base/clock.ts'
import { settingsFrom } from '../../src/base/config.ts'
import { Counters } from '../../src/base/counters.ts'
import { StatorError } from '../../src/base/errors.ts'
import { silentLogger, type Logger } from '../../src/base/log.ts'
import type { ChangeSet, CommitOutcome, Handler, Payload } from '../../src/blocks/decision.ts'
import type { TransactionRecord } from '../../src/blocks/records.ts'
import { Admission } from '../../src/gateway/admission.ts'
import { handshake, type HandshakeDeps } from '../../src/gateway/handshake.ts'
import type { FrameExaminer } from '../../src/station/dispatcher.ts'
import { changedElsewhere, holdingsOf, LiveChargePoints } from '../../src/station/live-charge-points.ts'
import { Registry } from '../../src/station/registry.ts'
import type { SocketData } from '../../src/station/station.ts'
import { Stations } from '../../src/station/stations.ts'
import type { Database } from '../../src/store/database.ts'
import { type Fence, watchFences } from '../../src/store/fences.ts'
import type { LeaseKeeper } from '../../src/store/lease-keeper.ts'
import { createLiveQueries } from '../../src/store/live-queries.ts'
import { createPromiseQueries } from '../../src/store/remote-start-promises.ts'
import { TransactionIds } from '../../src/store/transaction-ids.ts'
import { Writer } from '../../src/store/writer.ts'
import { readLongAnswer } from '../../src/examine/answer.ts'
import { examineBatch, examineOne } from '../../src/workers/examine-batch.ts'
import type { Watch } from './invariants.ts'
import { nothingBesideTransactions } from '../support/fake-station.ts'
import type { Random } from '../support/random.ts'
import { againMs, keepLease, type PlantedLeases } from './watchman.ts'
import type { Owner, SimulatedDatabaseServer } from './simulated-database.ts'
import type { ServerEnd, SimulatedSocket, Wire } from './simulated-network.ts'
import type { SimulatedTime } from './simulated-time.ts'

interface FoundFences {
  readonly next: string
  readonly fences?: readonly Fence[] | null
}

type Commit = (set: ChangeSet) => Promise<CommitOutcome>

/** Parts that a canary uses instead of the real ones. */
export interface PlantedParts extends PlantedLeases {
  /** What the pipeline commits through. */
  readonly commit?: (commit: Commit, node: SimulatedNode) => Commit
  /** Between the sockets and the connections. */
  readonly receive?: (
    receive: (socket: SimulatedSocket, text: string) => void,
  ) => (socket: SimulatedSocket, text: string) => void
  /** The result of a poll of the fences. */
  readonly fences?: (found: readonly object[]) => readonly object[]
  /** Decides about the messages of transactions. */
  readonly decide?: (decide: Decide) => Decide
}

export type Decide = Handler<Payload>['decide']

export interface NodeWorld {
  readonly time: SimulatedTime
  readonly random: Random
  readonly database: SimulatedDatabaseServer
  readonly watch: Watch
  readonly planted: PlantedParts
  readonly onDeath: (node: SimulatedNode) => void
  readonly onFrame: (wire: Wire, direction: '→' | '←', text: string) => void
}

const settings = settingsFrom({ Security: { RequireAuthentication: false } })
const { limits, ocpp, security } = settings
const secrets = { credentialSecret: Buffer.from('simulated'), otherCredentialSecrets: [], adminApiKey: 'simulated' }

/** How long the server waits for a sign of life of a socket, in milliseconds. */
export const idleMsMax = ocpp.connectionTimeoutSeconds * 1_000
export const { callTimeoutMs } = ocpp
const workerMsMax = 3
/** Longest frame that is examined at once, in characters: shorter than of a real node, so that most come back later. */
const atOnceCharactersMax = 256

/** A process. */
export class SimulatedNode implements ServerEnd, Owner {
  readonly registry: Registry
  readonly writer: Writer
  readonly counters = new Counters()
  readonly live: LiveChargePoints
  readonly #feed: Feed
  readonly #world: NodeWorld
  readonly #clock: Clock
  readonly #stations: Stations
  readonly #queries: ReturnType<typeof createLiveQueries>
  readonly #handshakeDeps: HandshakeDeps
  readonly #transactionIds: TransactionIds
  readonly #receive: (socket: SimulatedSocket, text: string) => void
  readonly #calls = new Map<string, number>()
  readonly #operators = new Map<string, Promise<void>>()
  readonly #sockets = new Map<SimulatedSocket, Wire>()
  /** Null until it has been taken: before that no charge point is accepted. */
  #lease: LeaseKeeper | null = null
  #isAlive = true
  #isFrozen = false
  /** Events that arrived while it was frozen and are not processed yet. */
  readonly #unseen: (() => void)[] = []
  #isCatchingUp = false
  /** Number of the last change by others that it was notified of. */
  #fencesSeen = 0
  /** Number of visible actions until it dies; null: it does not die. */
  #actsLeft: number | null = null
  #messageIds = 0

  constructor(number: number, world: NodeWorld) {
    this.#world = world
    const { time, database, planted, watch } = world
    const id = `node${number}`
    this.#clock = {
      nowMs: () => time.nowMs,
      after: (delayMs, callback) => {
        let isCancelled = false
        const ring = (): void => (isCancelled ? undefined : callback())
        const cancel = time.after(delayMs, () => this.whenAwake(ring))
        return () => {
          isCancelled = true
          cancel()
        }
      },
    }
    const log = this.#log()
    const client = database.open(this)
    this.#queries = createLiveQueries(client, this.#clock)
    this.writer = new Writer({ database: client, clock: this.#clock, log, commitGroup: database.commitGroup })
    this.#transactionIds = new TransactionIds(client)
    this.registry = new Registry({
      clock: this.#clock,
      callTimeoutMs,
      newMessageId: () => `node${number}-${++this.#messageIds}`,
    })
    this.live = new LiveChargePoints(this.registry, createPromiseQueries(client.pool), noQuirks)
    const feed = new Feed(log)
    feed.subscribe('charge points', (committed) => this.registry.take(committed))
    feed.subscribe('metrics', countCommitted(this.counters))
    this.#feed = feed
    // A process may die in the middle of a turn: the rest of the turn does nothing.
    const commit: Commit = (set) =>
      this.#isAlive ? watched(watch.commits(set, this), this.writer.commit(set)) : new Promise(() => {})
    this.#stations = new Stations({
      settings: { ...ocpp, messageLog: false },
      limits,
      registry: this.registry,
      examiner: this.#examiner(),
      defer: (callback) => this.#clock.after(0, callback),
      lookups: { ...this.#queries, ...nothingBesideTransactions },
      nextTransactionId: () => this.#transactionIds.next(),
      concurrentTransactions: security.concurrentTransactions,
      quirks: noQuirks,
      store: {
        commit: planted.commit?.(commit, this) ?? commit,
        markSeen: (key, atMs, isHeartbeat) => this.writer.markSeen(key, atMs, isHeartbeat),
        appendMessageLog: () => {},
      },
      feed,
      connect: (key, version, authentication) =>
        this.#held((lease) =>
          lease.claiming(key, () =>
            this.#queries.connect(key, { ...authentication, version, node: id, atMs: time.nowMs }),
          ),
        ),
      disconnect: (key, epoch, end) =>
        this.#held((lease) => lease.releasing({ key, epoch, end }, () => this.#queries.disconnect(key, epoch, end))),
      counters: this.counters,
      timings: { answered: () => {} },
      clock: this.#clock,
      log,
    })
    const receive = (socket: SimulatedSocket, text: string): void => socket.data.station?.receive(text)
    this.#receive = planted.receive?.(receive) ?? receive
    const provisioned: CredentialStore = {
      lookup: (identity) => this.#queries.credentials(identity),
      isCertificateRevoked: async () => false,
      create: () => Promise.reject(new StatorError('NOT_FOUND', 'Charge points of a simulation are provisioned.')),
    }
    this.#handshakeDeps = {
      auth: createAuthDeps(security, secrets, provisioned, noOperators),
      assumedVersion: ocpp.assumedVersion,
      closedBecause: () => {
        if (this.#stations.isDraining) return 'SHUTTING_DOWN'
        const isStoreAvailable = this.#lease !== null && this.writer.isAvailable && !this.writer.isFull
        return isStoreAvailable ? null : 'STORE_UNAVAILABLE'
      },
      admission: new Admission({
        clock: this.#clock,
        counters: this.counters,
        log,
        waitingMax: limits.handshakesWaiting,
      }),
      attempts: new FailedAttempts({
        clock: this.#clock,
        counters: this.counters,
        freeAttempts: limits.failedAttempts,
      }),
      addresses: { isFull: () => false },
      noteRefusal: () => {},
      noteSecurityEvent: () => {},
      quirks: noQuirks,
      clock: this.#clock,
      counters: this.counters,
      log,
    }
    this.writer.start()
    const { registry, counters } = this
    const leaseParts = { id, client, clock: this.#clock, counters, log, holdings: holdingsOf(registry), planted }
    this.#watchFences(client, log, () =>
      keepLease(leaseParts, (lease) => {
        this.#lease = lease
      }),
    )
  }

  /** Polls the fences; begins again if the database is unavailable at the start. */
  #watchFences(client: Database, log: Logger, onBegun: () => void): void {
    const onFence = (fence: Fence): void => changedElsewhere(this.registry, fence)
    watchFences({ database: this.#looking(client), clock: this.#clock, log, onFence, onRotation: () => {} }).then(
      onBegun,
      () => {
        this.#clock.after(againMs, () => this.#watchFences(client, log, onBegun))
      },
    )
  }

  /** The database, as the poll of the fences sees it. */
  #looking({ pool }: Database): Pick<Database, 'pool'> {
    const { fences: plant } = this.#world.planted
    const query = async (statement: { readonly name: string }) => {
      const { rows } = (await pool.query(statement as QueryConfig)) as { rows: readonly FoundFences[] }
      const [found] = rows
      if (found === undefined) return { rows }
      this.#fencesSeen = Number(found.next) - 1
      return { rows: [{ ...found, fences: plant?.(found.fences ?? []) ?? found.fences ?? [] }] }
    }
    return { pool: { query } as unknown as Pool }
  }

  get isAlive(): boolean {
    return this.#isAlive
  }

  get isFrozen(): boolean {
    return this.#isFrozen
  }

  get fencesSeen(): number {
    return this.#fencesSeen
  }

  /** Is frozen for a while, as by SIGSTOP, and then continues with the events that arrived meanwhile. */
  freeze(forMs: number): void {
    if (this.#isFrozen) return
    this.#isFrozen = true
    this.#world.time.after(forMs, () => this.thaw())
  }

  thaw(): void {
    if (!this.#isFrozen) return
    this.#isFrozen = false
    this.#catchUp()
  }

  whenAwake(work: () => void): void {
    if (!this.#isAlive) return
    if (this.#isBehind) this.#unseen.push(work)
    else work()
  }

  /** Whether it still has to process earlier events. */
  get #isBehind(): boolean {
    return this.#isFrozen || (this.#unseen.length > 0 && !this.#isCatchingUp)
  }

  /** Processes one event after the other, and new ones after them. */
  #catchUp(): void {
    if (this.#unseen.length === 0) return
    this.#world.time.after(0, () => {
      if (this.#isFrozen || !this.#isAlive) return
      this.#isCatchingUp = true
      this.#unseen.shift()?.()
      this.#isCatchingUp = false
      this.#catchUp()
    })
  }

  /** Dies after `acts` more actions that are visible from outside. */
  killAfter(acts: number): void {
    if (acts === 0) this.#die()
    else this.#actsLeft = acts
  }

  /** Cannot reach the database for a while; other processes can. */
  cutOff(forMs: number): void {
    this.#world.database.cutOff(this, forMs)
  }

  /** Stops as on SIGTERM. */
  async stop(): Promise<void> {
    await this.#stations.drain()
    await this.#lease?.end()
    await this.writer.stop()
    this.#die()
  }

  mayAct(): boolean {
    if (this.#isAlive && this.#actsLeft !== null && --this.#actsLeft < 0) this.#die()
    return this.#isAlive
  }

  /** A charge point connects. */
  dialled(wire: Wire, identity: string, subprotocol: string): void {
    this.whenAwake(() => this.#dialled(wire, identity, subprotocol))
  }

  #dialled(wire: Wire, identity: string, subprotocol: string): void {
    const request = new Request(`http://stator.test/ocpp/${identity}`, {
      headers: { upgrade: 'websocket', 'sec-websocket-protocol': subprotocol },
    })
    const server = {
      upgrade: (_: Request, { data }: { readonly data: SocketData }) => {
        wire.accept(data)
        return true
      },
      timeout: () => {},
    }
    const channel = { remoteAddress: '', isEncrypted: false, hasCertificate: false, certificate: null }
    handshake(request, new URL(request.url).pathname, channel, server, this.#handshakeDeps).then(
      (refusal) => {
        if (refusal !== undefined) wire.refuse()
      },
      (error: unknown) => this.#world.watch.logsError('A handshake failed.', error),
    )
  }

  onOpen(wire: Wire, socket: SimulatedSocket): void {
    this.whenAwake(() => {
      this.#sockets.set(socket, wire)
      this.#stations.open(socket)
    })
  }

  onText(wire: Wire, socket: SimulatedSocket, text: string): void {
    // It continues to read, unless it has paused the socket meanwhile.
    if (this.#isBehind) return this.whenAwake(() => wire.arrive(text))
    this.#world.onFrame(wire, '→', text)
    const isEnding = this.#stations.isDraining || socket.data.station?.isClosed === true
    this.#world.watch.serverReceives(wire, text, isEnding)
    this.#receive(socket, text)
  }

  onClosed(_wire: Wire, socket: SimulatedSocket, code: number, reason: string): void {
    this.whenAwake(() => {
      this.#sockets.delete(socket)
      this.#stations.close(socket, code, reason)
    })
  }

  onSent(wire: Wire, text: string): void {
    this.#world.onFrame(wire, '←', text)
    this.#world.watch.serverSends(wire, text)
  }

  /** Commands of operators to this charge point that have not ended. */
  callsUnderWay(identity: string): number {
    return this.#calls.get(identity) ?? 0
  }

  /** An operator sends a command. Returns what the charge point did; null if it did nothing. */
  async command(chargePoint: ChargePointRef, action: string, payload: Payload): Promise<Payload | null> {
    const { identity } = chargePoint
    this.#calls.set(identity, this.callsUnderWay(identity) + 1)
    try {
      const answer = await this.live.call(chargePoint, action, payload)
      return answer.kind === 'result' ? answer.payload : null
    } catch (error) {
      if (!(error instanceof StatorError)) throw error
      return null
    } finally {
      this.#calls.set(identity, this.callsUnderWay(identity) - 1)
    }
  }

  /**
   * Lets operators wait for each other: actions of two operators on one charge point at the same time have no order.
   */
  oneAfterAnother(identity: string, work: () => Promise<void>): Promise<void> {
    const done = (this.#operators.get(identity) ?? Promise.resolve()).then(work)
    this.#operators.set(identity, done)
    return done
  }

  after(delayMs: number, run: () => void): void {
    this.#clock.after(delayMs, run)
  }

  #committing(): ApiDeps['commit'] {
    return (set, about) => commitAndPublish(this.writer, this.#feed, set, about)
  }

  nextTransactionId(): Promise<number> {
    return Promise.resolve(this.#transactionIds.next())
  }

  /** An operator closes a transaction, which `read` reads again. */
  async close(transaction: TransactionRecord, read: () => Promise<TransactionRecord | null>): Promise<void> {
    const { watch } = this.#world
    const commit = this.#committing()
    const deps = { clock: this.#clock, live: this.live, commit, queries: { transaction: read } }
    const messageId = `close-${++this.#messageIds}`
    const closing = closeTransaction(deps, transaction, {}, messageId)
    await watched(watch.changes(transaction.chargePointKey, this), closing).catch(ignoreStatorError)
  }

  /** An operator corrects the end of a transaction that an operator closed. */
  async correct(
    transaction: TransactionRecord,
    meterStop: number,
    read: () => Promise<TransactionRecord | null>,
  ): Promise<void> {
    const deps = {
      clock: this.#clock,
      commit: this.#committing(),
      queries: { transaction: read },
    }
    const messageId = `correct-${++this.#messageIds}`
    await correctTransaction(deps, transaction, { meterStop }, 'operator', messageId).catch(ignoreStatorError)
  }

  #held<T>(work: (lease: LeaseKeeper) => Promise<T>): Promise<T> {
    if (this.#lease === null) throw new Error('No charge point may connect before the lease is taken.')
    return work(this.#lease)
  }

  #die(): void {
    this.#isAlive = false
    this.#world.onDeath(this)
  }

  #examiner(): FrameExaminer {
    return {
      batchesMax: 2,
      crossingBytesMin: 0,
      examineAtOnce: (task) => (task.text.length > atOnceCharactersMax ? null : examineOne(task)),
      examineHere: (tasks) => ({ tasks, ...examineBatch(tasks) }),
      examine: (tasks) => this.#afterAWhile(() => [{ tasks, ...examineBatch(tasks) }]),
      readLongAnswer: (task) => this.#afterAWhile(() => readLongAnswer(task)),
      examineLong: (task) => this.#afterAWhile(() => ({ tasks: [task], ...examineBatch([task]) })),
    }
  }

  #afterAWhile<T>(work: () => T): Promise<T> {
    const { random } = this.#world
    return new Promise((resolve) => {
      this.#clock.after(random.between(0, workerMsMax), () => resolve(work()))
    })
  }

  #log(): Logger {
    const { watch } = this.#world
    const log: Logger = {
      ...silentLogger,
      category: () => log,
      child: () => log,
      warn: (...line) => {
        const [fields] = line
        if (typeof fields === 'object' && line[1]?.startsWith('A message is left unanswered') === true) {
          watch.leftUnanswered(String(fields.identity), String(fields.messageId))
        }
      },
      error: (...line) => {
        const [fields, sentence] = line.length === 1 ? [{}, line[0]] : line
        watch.logsError(sentence, fields.error)
      },
    }
    return log
  }
}

function watched<T>(ended: () => void, work: Promise<T>): Promise<T> {
  return work.finally(ended)
}

function ignoreStatorError(error: unknown): void {
  if (!(error instanceof StatorError)) throw error
}
