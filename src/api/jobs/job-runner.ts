// Carries out jobs at this node. A job is stored as `sending` before its CALL leaves, and it moves by the answer. In
// the background it sends what is queued for charge points that have booted, ends what is due, and finds what nodes
// that have ended left behind.

import type { JobEvent } from '../../../actors/job.ts'
import { isOpenJob, jobAllows } from '../../../actors/job.ts'
import type { Clock } from '../../base/clock.ts'
import type { Counters } from '../../base/counters.ts'
import { StatorError } from '../../base/errors.ts'
import {
  jobBootWaitMs,
  jobBytesUnderWayMax,
  jobCountMs,
  jobStopMsMax,
  jobsUnderWayMax,
  jobSweepMs,
} from '../../base/limits.ts'
import type { Logger } from '../../base/log.ts'
import { jobKindNamed } from '../../blocks/job-kinds.ts'
import type { JobCommands, JobKind, KnownJob, NewJob, StartedJob, UploadedFile } from '../../blocks/jobs/job.ts'
import { jobEventRow, type MoveDetails } from '../../blocks/jobs/job-event.ts'
import { fileCause, overdueCause, reportedCause } from '../../blocks/jobs/upload.ts'
import { isOf, type NewRow } from '../../blocks/stored-rows.ts'
import type { ChargePointRef, Committed } from '../../feed/feed.ts'
import type { CommandTarget } from '../send-command.ts'
import { type JobOutcome, type ReadyCommand, readyCommand, sendJob, type SendJobDeps } from './send-job.ts'

/** An open job, as the runner needs it. */
export interface OpenJob extends KnownJob, CommandTarget {
  readonly isHere: boolean
}

/** A job with what is sent for it. It is read when it is sent, and not kept. */
export interface JobWithCommands extends OpenJob {
  readonly commands: JobCommands | null
}

/** A job that is sent in the background: stored as `sending` on a connection. */
interface Taken {
  readonly job: OpenJob
  readonly ready: ReadyCommand
  readonly epoch: number
  /** Of its command. */
  readonly bytes: number
}

/** The store of the runner; `store/jobs.ts` is the real one. Each change is committed before it resolves. */
export interface JobStore {
  create(
    job: NewJob & { readonly chargePointKey: number; readonly timeoutSeconds: number; readonly createdAtMs: number },
    epoch: number | null,
  ): Promise<number | 'full' | null>
  take(job: Pick<KnownJob, 'jobId' | 'place'>, epoch: number, nowMs: number, movedBy: string | null): Promise<boolean>
  move(row: NewRow<'jobEvents'>, atMs: number): Promise<boolean>
  forgetConnection(jobId: number): Promise<void>
  extend(jobId: number, expiresAtMs: number | null): Promise<void>
  job(jobId: number): Promise<JobWithCommands | null>
  openOf(chargePointKey: number): Promise<readonly OpenJob[]>
  due(nowMs: number): Promise<readonly OpenJob[]>
  left(held: readonly number[], nowMs: number): Promise<readonly OpenJob[]>
  sendable(afterId: number): Promise<readonly OpenJob[]>
  sendableOf(keys: readonly number[]): Promise<readonly OpenJob[]>
  ofDeleted(): Promise<readonly OpenJob[]>
  countOpen(): Promise<readonly { readonly kind: string; readonly state: string; readonly count: number }[]>
}

/** The connection of a charge point. */
interface JobConnection {
  readonly epoch: number
  readonly openedAtMs: number
  readonly hasBooted: boolean
}

export interface JobRunnerDeps extends SendJobDeps {
  readonly store: JobStore
  readonly live: SendJobDeps['live'] & { connectionOf(chargePoint: ChargePointRef): JobConnection | undefined }
  /** How long a charge point may be silent about a job, in seconds. */
  readonly timeoutSeconds: number
  readonly clock: Clock
  readonly counters: Pick<Counters, 'jobs'>
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** The runner of one node. */
export class JobRunner {
  readonly #deps: JobRunnerDeps
  /** Jobs whose CALL is under way, or whose outcome is not stored yet. */
  readonly #inHand = new Map<number, Promise<unknown>>()
  /** Files that have come, and are not noted at their jobs yet. */
  readonly #files = new Set<Promise<void>>()
  /** The last background job of each charge point: they are sent one after the other. */
  readonly #lines = new Map<number, Promise<void>>()
  /** Jobs that wait in a line. */
  readonly #waiting = new Set<number>()
  readonly #booted = new Set<number>()
  /** Bytes of the commands of the background jobs that are under way. */
  #bytesUnderWay = 0
  /** Background jobs are read one after the other, so that the bytes above are known before the next one. */
  #reading: Promise<unknown> = Promise.resolve()
  readonly #end = Promise.withResolvers<void>()
  #looking: Promise<void> | null = null
  #sweeping: Promise<void> = Promise.resolve()
  #cancelSweep = (): void => {}
  #sweeps = 0
  #lastSwept = 0
  #isFailing = false
  #isStopping = false
  #isEnded = false
  #open: readonly { readonly kind: string; readonly state: string; readonly count: number }[] = []

  constructor(deps: JobRunnerDeps) {
    this.#deps = deps
  }

  /** Open jobs of all charge points, by kind and state, as they were counted last. */
  get openJobs() {
    return this.#open
  }

  /** Charge points can connect from now on. */
  begin(): void {
    this.#nextSweep(0)
  }

  /** Takes nothing more, and waits up to `jobStopMsMax` for the answers of charge points. */
  async pause(): Promise<void> {
    this.#isStopping = true
    this.#cancelSweep()
    await this.#soon()
  }

  /** The connections are closed: stores what is known of the jobs that are left, within `jobStopMsMax`. */
  async end(): Promise<void> {
    this.#isStopping = true
    this.#isEnded = true
    this.#cancelSweep()
    this.#end.resolve()
    await this.#soon()
  }

  async #soon(): Promise<void> {
    const timeout = Promise.withResolvers<void>()
    const cancel = this.#deps.clock.after(jobStopMsMax, timeout.resolve)
    const work = Promise.allSettled([this.#sweeping, this.#looking, ...this.#inHand.values(), ...this.#files])
    await Promise.race([work, timeout.promise])
    cancel()
  }

  /** For the feed: counts the moves that messages make, and looks for what is queued after a boot. */
  take({ chargePoint, set, isDuplicate }: Committed): void {
    if (isDuplicate) return
    for (const change of set.changes) {
      if (isOf('jobEvents', change)) this.#deps.counters.jobs.count(change.row.state)
      else if (change.table === 'chargePoints' && 'patch' in change && isBoot(change.patch.bootStatus)) {
        this.wake(chargePoint)
      }
    }
  }

  /** Something may be queued for a charge point that can be sent now. */
  wake({ key }: ChargePointRef): void {
    if (this.#isStopping) return
    this.#booted.add(key)
    this.#looking ??= this.#look().finally(() => (this.#looking = null))
  }

  /**
   * Makes a job and sends it at once, on the connection that the charge point has now.
   *
   * @throws {StatorError} `NOT_CONNECTED`; `CONFLICT` if it has too many open jobs: nothing was sent. Then those of
   *   `sendCommand`, with the job in their details.
   */
  async start(chargePoint: CommandTarget, wanted: NewJob): Promise<StartedJob> {
    const connection = this.#connectionOf(chargePoint)
    const { kind, requestId, startsAtMs, expiresAtMs, commands } = wanted
    const jobId = await this.#create(chargePoint, wanted, connection.epoch)
    const known = { jobId, kind, requestId, startsAtMs, expiresAtMs, status: null }
    const { timeoutSeconds } = this.#deps
    const job: OpenJob = {
      ...known,
      ...refOf(chargePoint),
      state: 'sending',
      place: 1,
      timeoutSeconds,
      isHere: true,
    }
    return this.#answerOf(job, this.#send(job, readyCommand(this.#deps, job, commands), connection.epoch))
  }

  /** Makes a job that is sent when the charge point has booted. @throws {StatorError} `CONFLICT`, `NOT_FOUND`. */
  async queue(chargePoint: CommandTarget, wanted: NewJob): Promise<number> {
    const jobId = await this.#create(chargePoint, wanted, null)
    this.wake(chargePoint)
    return jobId
  }

  /**
   * Sends a job again of which it is unknown whether it arrived: at once, or when the charge point has booted, until
   * `expiresAtMs`.
   *
   * @throws {StatorError} `NOT_FOUND`; `CONFLICT` if the state of the job does not allow it; those of `start`.
   */
  async repeat(jobId: number, movedBy: string, expiresAtMs: number | null): Promise<StartedJob> {
    const { store, clock } = this.#deps
    const job = await this.#found(jobId)
    requireAllowed(job, { type: 'send' }, 'repeated')
    if (job.state !== 'unknown') throw notAllowed(job, 'repeated')
    if (expiresAtMs === null) {
      const { epoch } = this.#connectionOf(job)
      if (!(await store.take(job, epoch, clock.nowMs(), movedBy))) throw hasMoved(job)
      this.#deps.counters.jobs.count('sending')
      const { commands, ...sending } = { ...job, place: job.place + 1, state: 'sending' } as const
      return this.#answerOf(job, this.#send(sending, readyCommand(this.#deps, job, commands), epoch))
    }
    await store.extend(jobId, expiresAtMs)
    await this.#moveOnce({ ...job, expiresAtMs }, { type: 'queue' }, { movedBy })
    this.wake(job)
    return { jobId, answer: null }
  }

  /** Cancels a job. @throws {StatorError} `NOT_FOUND`; `CONFLICT` if the state of the job does not allow it. */
  async cancel(jobId: number, movedBy: string): Promise<void> {
    const job = await this.#found(jobId)
    requireAllowed(job, { type: 'cancel' }, 'cancelled')
    await this.#moveOnce(job, { type: 'cancel' }, { movedBy })
  }

  /** The file of a job has come. If this node ends before that is stored, the time of the job ends with success. */
  fileReceived(jobId: number, file: UploadedFile): void {
    const stored = this.#untilStored({}, async () => {
      let job = await this.#deps.store.job(jobId)
      while (job !== null) {
        const nowMs = this.#deps.clock.nowMs()
        const { event, details } = fileCause(job, jobKindNamed(job.kind), file, nowMs)
        const row = jobEventRow(job, event, nowMs, details)
        if (row === null || (await this.#stored(row))) return
        job = await this.#deps.store.job(jobId)
      }
    })
    this.#files.add(stored)
    void stored.finally(() => this.#files.delete(stored))
  }

  /**
   * What became of a job of this kind, where it is not a message of the charge point that says it. Nothing happens if
   * none is open; it rejects if the move could not be stored.
   */
  async report({ key }: ChargePointRef, { kind, reports }: JobKind, status: string): Promise<void> {
    const outcome = reports[status]
    if (outcome === undefined) return
    for (const job of await this.#deps.store.openOf(key)) {
      if (job.kind !== kind || job.state === 'queued') continue
      const { event, details } = reportedCause(job, status, outcome, this.#deps.clock.nowMs())
      await this.#move(job, event, details)
    }
  }

  async #found(jobId: number): Promise<JobWithCommands> {
    const job = await this.#deps.store.job(jobId)
    if (job === null) throw new StatorError('NOT_FOUND', `Job '${jobId}' not found`)
    return job
  }

  async #moveOnce(job: OpenJob, event: JobEvent, details: MoveDetails): Promise<void> {
    const row = jobEventRow(job, event, this.#deps.clock.nowMs(), details)
    if (row === null || !(await this.#stored(row))) throw hasMoved(job)
  }

  #connectionOf(chargePoint: ChargePointRef): JobConnection {
    const connection = this.#isStopping ? undefined : this.#deps.live.connectionOf(chargePoint)
    if (connection !== undefined) return connection
    throw new StatorError('NOT_CONNECTED', `Charge point '${chargePoint.identity}' is not connected`)
  }

  async #create(chargePoint: CommandTarget, wanted: NewJob, epoch: number | null): Promise<number> {
    const { store, clock, counters, timeoutSeconds } = this.#deps
    const { key, identity } = chargePoint
    const made = { ...wanted, chargePointKey: key, timeoutSeconds, createdAtMs: clock.nowMs() }
    const jobId = await store.create(made, epoch)
    if (jobId === 'full') {
      throw new StatorError('CONFLICT', `Charge point '${identity}' has too many open jobs; cancel some, or wait`)
    }
    if (jobId === null && epoch === null) throw new StatorError('NOT_FOUND', `Charge point '${identity}' not found`)
    if (jobId === null) throw new StatorError('NOT_CONNECTED', `Charge point '${identity}' is not connected`)
    counters.jobs.count(epoch === null ? 'queued' : 'sending')
    return jobId
  }

  /** Sends a job that is stored as `sending`, and stores what became of it. */
  #send(job: OpenJob, ready: ReadyCommand, epoch: number): Promise<JobOutcome> {
    const sent = sendJob(this.#deps, job, ready, epoch)
    const stored = sent.then((outcome) => this.#settle(job, outcome))
    this.#inHand.set(job.jobId, stored)
    void stored.finally(() => this.#inHand.delete(job.jobId))
    return stored.then(() => sent)
  }

  /** The answer that a request waits for; the database may take longer than it can wait. */
  async #answerOf({ jobId }: OpenJob, sent: Promise<JobOutcome>): Promise<StartedJob> {
    // The answer of the charge point has a timeout of its own.
    const { answer, error, isQueued } = await sent
    if (answer !== undefined || isQueued) return { jobId, answer: answer ?? null }
    throw new StatorError(error.code, error.message, { ...error.details, jobId }, error)
  }

  /** Stores what became of a job. */
  #settle(job: OpenJob, { event, details, answer }: JobOutcome): Promise<void> {
    return this.#untilStored(job, async () => {
      const state = await this.#move(job, event, details)
      if (event.type === 'notSent' && state === 'queued') await this.#deps.store.forgetConnection(job.jobId)
      if (answer?.hasReplaced === true) await this.#replace(job)
    })
  }

  /** Tries until it is stored, or until the end. Then another node finds that its own node has ended. */
  async #untilStored({ identity }: { readonly identity?: string }, store: () => Promise<void>): Promise<void> {
    const { clock, log } = this.#deps
    for (;;) {
      try {
        return await store()
      } catch (error) {
        log.warn({ ...(identity === undefined ? {} : { identity }), error }, 'What became of a job was not stored.')
        if (this.#isEnded) return
      }
      const pause = Promise.withResolvers<void>()
      const cancel = clock.after(jobSweepMs, pause.resolve)
      await Promise.race([pause.promise, this.#end.promise])
      cancel()
    }
  }

  /** The charge point has given up earlier jobs of this kind. */
  async #replace({ jobId, key, kind }: OpenJob): Promise<void> {
    for (const other of await this.#deps.store.openOf(key)) {
      if (other.kind !== kind || other.jobId >= jobId) continue
      await this.#move(other, { type: 'replaced' }, { error: `Job ${jobId} has replaced it` })
    }
  }

  /** Moves a job, whatever else moves it at the same time. Returns its state then; null if it is gone. */
  async #move(job: OpenJob, event: JobEvent, details: MoveDetails): Promise<KnownJob['state'] | null> {
    let current: OpenJob | null = job
    while (current !== null) {
      const row = jobEventRow(current, event, this.#deps.clock.nowMs(), details)
      if (row === null) return current.state
      if (await this.#stored(row)) return row.state
      current = await this.#deps.store.job(job.jobId)
    }
    return null
  }

  async #stored(row: NewRow<'jobEvents'>): Promise<boolean> {
    const isStored = await this.#deps.store.move(row, this.#deps.clock.nowMs())
    if (isStored) this.#deps.counters.jobs.count(row.state)
    return isStored
  }

  /** Looks for what is queued for charge points that have booted; those that boot meanwhile come next. */
  async #look(): Promise<void> {
    while (this.#booted.size > 0 && !this.#isStopping) {
      const keys = [...this.#booted]
      this.#booted.clear()
      try {
        for (const job of await this.#deps.store.sendableOf(keys)) this.#lineUp(job)
      } catch (error) {
        this.#deps.log.warn({ error }, 'Queued jobs could not be looked for; the next sweep finds them.')
      }
    }
  }

  /** Sends a queued job after those of its charge point that are under way. */
  #lineUp(job: OpenJob): void {
    const { key, jobId } = job
    if (this.#isStopping || this.#waiting.has(jobId) || this.#waiting.size >= jobsUnderWayMax) return
    this.#waiting.add(jobId)
    const before = this.#lines.get(key) ?? Promise.resolve()
    const line = before
      .then(() => this.#sendQueued(job))
      .finally(() => {
        this.#waiting.delete(jobId)
        if (this.#lines.get(key) === line) this.#lines.delete(key)
      })
    this.#lines.set(key, line)
  }

  async #sendQueued(queued: OpenJob): Promise<void> {
    try {
      const taken = await this.#takenInTurn(queued)
      if (taken === null) return
      this.#deps.counters.jobs.count('sending')
      const { job, ready, epoch } = taken
      await this.#send(job, ready, epoch).finally(() => (this.#bytesUnderWay -= taken.bytes))
    } catch (error) {
      const { identity } = queued
      this.#deps.log.warn({ identity, error }, 'A queued job could not be sent; the next sweep tries again.')
    }
  }

  #takenInTurn(queued: OpenJob): Promise<Taken | null> {
    const taken = this.#reading.then(() => this.#taken(queued))
    this.#reading = taken.catch(() => {})
    return taken
  }

  /** A queued job, stored as `sending`; null if it is not sent now. */
  async #taken({ jobId }: OpenJob): Promise<Taken | null> {
    const { clock, live, store } = this.#deps
    if (this.#isStopping || this.#bytesUnderWay >= jobBytesUnderWayMax) return null
    // With its commands, which the sweeps do not read.
    const found = await store.job(jobId)
    if (found === null || found.state !== 'queued') return null
    const { commands, ...job } = found
    const nowMs = clock.nowMs()
    const connection = live.connectionOf(job)
    if (this.#isStopping || connection === undefined) return null
    if (!connection.hasBooted && nowMs - connection.openedAtMs < jobBootWaitMs) return null
    const ready = readyCommand(this.#deps, job, commands)
    const action = ready.command?.action
    if (action !== undefined && live.get(job)?.mayBeSent(action) !== true) return null
    const { epoch } = connection
    if (!(await store.take(job, epoch, nowMs, null))) return null
    const bytes = bytesOf(ready)
    this.#bytesUnderWay += bytes
    return { job: { ...job, place: job.place + 1, state: 'sending' }, ready, epoch, bytes }
  }

  #nextSweep(delayMs: number): void {
    this.#cancelSweep = this.#deps.clock.after(delayMs, () => {
      this.#sweeping = this.#sweep().then(() => {
        if (!this.#isStopping) this.#nextSweep(jobSweepMs)
      })
    })
  }

  async #sweep(): Promise<void> {
    const { clock, log, store } = this.#deps
    try {
      const nowMs = clock.nowMs()
      for (const job of await store.due(nowMs)) {
        const { event, details } = overdueCause(job, jobKindNamed(job.kind))
        await this.#move(job, event, details)
      }
      for (const job of await store.left([...this.#inHand.keys()], nowMs)) await this.#leave(job, nowMs)
      const error = 'The charge point was deleted'
      for (const job of await store.ofDeleted()) await this.#move(job, { type: 'cancel' }, { error })
      await this.#sendOthers()
      if (this.#sweeps++ % (jobCountMs / jobSweepMs) === 0) this.#open = await store.countOpen()
      this.#isFailing = false
    } catch (error) {
      if (!this.#isFailing) log.warn({ error }, 'Jobs could not be looked after; the next turn tries again.')
      this.#isFailing = true
    }
  }

  /** A job whose CALL nobody waits for. */
  async #leave(job: OpenJob, nowMs: number): Promise<void> {
    if (this.#inHand.has(job.jobId)) return
    const mayWait = job.expiresAtMs !== null && job.expiresAtMs > nowMs
    const isRead = jobKindNamed(job.kind)?.isRead === true
    const event: JobEvent = job.isHere ? { type: 'notSent', mayWait } : { type: 'lost', mayRepeat: mayWait && isRead }
    const error = job.isHere ? 'It was not sent' : 'Its node ended before the charge point answered'
    await this.#move(job, event, { error })
  }

  /** Charge points that came back without a boot: some jobs at each sweep, in turns. */
  async #sendOthers(): Promise<void> {
    const jobs = await this.#deps.store.sendable(this.#lastSwept)
    this.#lastSwept = jobs.at(-1)?.jobId ?? 0
    for (const job of jobs) this.#lineUp(job)
  }
}

/** Whether something may be sent after a boot with this answer: some jobs are for pending ones. */
function isBoot(status: string | null | undefined): boolean {
  return status === 'Accepted' || status === 'Pending'
}

function bytesOf({ command }: ReadyCommand): number {
  return command === null || command === undefined ? 0 : Buffer.byteLength(JSON.stringify(command))
}

function refOf({ key, identity, strictness }: CommandTarget): CommandTarget {
  return { key, identity, strictness }
}

function requireAllowed(job: OpenJob, event: JobEvent, what: string): void {
  if (!jobAllows(job.state, event)) throw notAllowed(job, what)
}

function notAllowed({ jobId, state }: OpenJob, what: string): StatorError {
  const because = isOpenJob(state) ? `it is ${state}` : `it has ended: ${state}`
  return new StatorError('CONFLICT', `Job ${jobId} cannot be ${what}: ${because}`)
}

function hasMoved({ jobId }: OpenJob): StatorError {
  return new StatorError('CONFLICT', `Job ${jobId} has changed meanwhile; read it again`)
}
