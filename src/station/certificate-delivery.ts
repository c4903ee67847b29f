// Signs the certificates that charge points have requested, sends them, and asks for renewals. A request is committed
// before this begins, and every step after it is stored: what a crash or a lost connection interrupts is found by the
// next sweep of the node that holds the charge point.

import type { CallAnswer } from '../../actors/call-queue.ts'
import type { Clock } from '../base/clock.ts'
import { StatorError } from '../base/errors.ts'
import {
  certificatesAtOnceMax,
  certificateSweepMs,
  certificatesUnderWayMax,
  renewalCheckMs,
  renewalsPerCheckMax,
} from '../base/limits.ts'
import type { Logger } from '../base/log.ts'
import { certificateSignedCommand, renewCommand } from '../blocks/certificates/commands.ts'
import { type Command, statusOf } from '../blocks/command.ts'
import type { ChargePointRef, Committed } from '../feed/feed.ts'
import type { LiveChargePoints } from './live-charge-points.ts'

/** A request that waits for its signature. */
interface SigningTask {
  readonly csrDigest: string
  readonly csr: string
  readonly requestId: number | null
  readonly receivedAtMs: number
}

interface Issued {
  readonly certificate: string
  readonly serialNumber: string
  readonly validFromMs: number
  readonly validToMs: number
}

/** Signs certificates. */
interface Authority {
  /** PEM: its certificate, and those above it. */
  readonly chain: string
  issue(csr: string, identity: string): Promise<Issued>
}

/** A signed certificate, and the id of the request that it answers, if that had one. */
interface CertificateToSend {
  readonly serialNumber: string
  readonly certificate: string
  readonly requestId: number | null
}

/** What has to be sent now, and how many certificates have failed because they were never answered. */
interface TakenCertificates {
  readonly toSend: readonly CertificateToSend[]
  readonly failed: number
}

type Settled = 'accepted' | 'rejected' | 'failed'

/**
 * A request for a certificate has come to its end: mostly, the charge point has answered CertificateSigned. What waits
 * for that is told before the certificate is settled, so that it is told again if this process dies in between.
 */
export type OnAnswered = (chargePoint: ChargePointRef, state: Settled) => Promise<void>

/** Where requests and certificates are stored; `store/certificate-queries.ts` is the real one. */
interface CertificateStore {
  chargePointsWithCertificates(nodeId: string, rowsMax: number): Promise<readonly ChargePointRef[]>
  certificateRequestsOf(chargePointKey: number): Promise<readonly SigningTask[]>
  storeCertificate(chargePointKey: number, task: SigningTask, issued: Issued, atMs: number): Promise<void>
  dropCertificateRequest(chargePointKey: number, task: SigningTask): Promise<void>
  takeCertificatesToSend(chargePointKey: number): Promise<TakenCertificates>
  settleCertificate(serialNumber: string, state: Settled, reason: string | null, atMs: number): Promise<void>
  certificateChainCharactersMax(chargePointKey: number): Promise<number | null>
  takeRenewals(nodeId: string, withinMs: number, rowsMax: number): Promise<readonly ChargePointRef[]>
}

export interface CertificateDeliveryDeps {
  readonly store: CertificateStore
  readonly authority: Authority
  readonly live: Pick<LiveChargePoints, 'get' | 'call'>
  readonly onAnswered: OnAnswered
  readonly nodeId: string
  /** How long before its end a certificate is renewed; 0: never. */
  readonly renewalMs: number
  readonly clock: Clock
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>
}

/** Longest `certificateChain` of both versions, in characters. */
const chainCharactersMax = 10_000

const certificateSigned = 'CertificateSigned'

/** Brings certificates from requests to charge points, for the charge points of this node. */
export class CertificateDelivery {
  readonly #deps: CertificateDeliveryDeps
  /** Charge points that wait for their turn, and those under way. */
  readonly #waiting = new Map<number, ChargePointRef>()
  readonly #underWay = new Map<number, Promise<void>>()
  #atOnce = 0
  #hasEnded = false
  readonly #cancels = new Map<() => Promise<void>, () => void>()
  readonly #turns = new Set<Promise<void>>()

  constructor(deps: CertificateDeliveryDeps) {
    this.#deps = deps
  }

  /** Begins to look for work. */
  start(): void {
    this.#later(certificateSweepMs, () => this.#sweep())
    if (this.#deps.renewalMs > 0) this.#later(renewalCheckMs, () => this.#renew())
  }

  /** Takes no more work, and waits for what is under way. */
  async end(): Promise<void> {
    this.#hasEnded = true
    for (const cancel of this.#cancels.values()) cancel()
    this.#waiting.clear()
    await Promise.all([...this.#underWay.values(), ...this.#turns])
  }

  /** For the feed: a request that was committed now is signed at once. */
  take({ chargePoint, set, isDuplicate }: Committed): void {
    if (!isDuplicate && set.changes.some(({ table }) => table === 'certificateRequests')) this.#add(chargePoint)
  }

  #add(chargePoint: ChargePointRef): void {
    if (this.#hasEnded || this.#waiting.size >= certificatesUnderWayMax) return
    this.#waiting.set(chargePoint.key, chargePoint)
    this.#next()
  }

  #next(): void {
    for (const [key, chargePoint] of this.#waiting) {
      if (this.#atOnce >= certificatesAtOnceMax || this.#underWay.size >= certificatesUnderWayMax) return
      // It is taken when what is under way has ended: one charge point's certificates are sent in order.
      if (this.#underWay.has(key)) continue
      this.#waiting.delete(key)
      this.#underWay.set(key, this.#serve(chargePoint))
    }
  }

  async #serve(chargePoint: ChargePointRef): Promise<void> {
    const { identity } = chargePoint
    this.#atOnce++
    try {
      const sending = await this.#sign(chargePoint).finally(() => this.#atOnce--)
      // Others are signed while this charge point answers.
      this.#next()
      await sending()
    } catch (error) {
      this.#deps.log.warn({ identity, error }, 'A certificate could not be signed or sent; it is tried again.')
    } finally {
      this.#underWay.delete(chargePoint.key)
      this.#next()
    }
  }

  /** Signs what is requested, and takes what has to be sent. Returns the sending. */
  async #sign(chargePoint: ChargePointRef): Promise<() => Promise<void>> {
    const { store, authority, live, onAnswered, clock, log } = this.#deps
    const { key, identity } = chargePoint
    for (const task of await store.certificateRequestsOf(key)) {
      let issued: Issued
      try {
        issued = await authority.issue(task.csr, identity)
      } catch (error) {
        log.error({ identity, error }, 'A certificate could not be signed; its request is given up.')
        await onAnswered(chargePoint, 'failed')
        await store.dropCertificateRequest(key, task)
        continue
      }
      await store.storeCertificate(key, task, issued, clock.nowMs())
    }
    const view = live.get(chargePoint)
    if (view === undefined || !view.mayBeSent(certificateSigned)) return async () => {}
    const { toSend, failed } = await store.takeCertificatesToSend(key)
    if (failed > 0) {
      log.warn({ identity }, 'A charge point never answered about its certificate, which is not sent again.')
      await onAnswered(chargePoint, 'failed')
    }
    if (toSend.length === 0) return async () => {}
    const charactersMax = (await store.certificateChainCharactersMax(key)) ?? chainCharactersMax
    const make = certificateSignedCommand[view.version]
    return async () => {
      for (const { serialNumber, certificate, requestId } of toSend) {
        const whole = certificate + authority.chain
        // A charge point with little room gets its own certificate only.
        const chain = whole.length <= Math.min(charactersMax, chainCharactersMax) ? whole : certificate
        await this.#send(chargePoint, serialNumber, make(chain, requestId))
      }
    }
  }

  async #send(chargePoint: ChargePointRef, serialNumber: string, command: Command): Promise<void> {
    const { store, clock, log } = this.#deps
    const { identity } = chargePoint
    const answer = await this.#call(chargePoint, command)
    if (answer === null) return
    const outcome = outcomeOf(answer)
    const fields = { identity, status: outcome.state, detail: { serialNumber, reason: outcome.reason } }
    if (outcome.state === 'accepted') log.info(fields, 'A charge point has accepted its certificate.')
    else log.warn(fields, 'A charge point has not accepted its certificate.')
    await this.#deps.onAnswered(chargePoint, outcome.state)
    await store.settleCertificate(serialNumber, outcome.state, outcome.reason, clock.nowMs())
  }

  /** Null: there is no answer, and the certificate is sent again later. */
  async #call(chargePoint: ChargePointRef, { action, payload }: Command): Promise<CallAnswer | null> {
    try {
      return await this.#deps.live.call(chargePoint, action, payload)
    } catch (error) {
      if (!(error instanceof StatorError)) throw error
      const { identity } = chargePoint
      this.#deps.log.info({ identity, action, code: error.code }, 'A charge point did not answer about certificates.')
      return null
    }
  }

  async #sweep(): Promise<void> {
    const room = certificatesUnderWayMax - this.#waiting.size
    if (room <= 0) return
    for (const chargePoint of await this.#deps.store.chargePointsWithCertificates(this.#deps.nodeId, room)) {
      if (!this.#underWay.has(chargePoint.key)) this.#add(chargePoint)
    }
  }

  /** Asks for new certificates, in place of those that end soon. */
  async #renew(): Promise<void> {
    const { store, live, nodeId, renewalMs, log } = this.#deps
    const asked = await store.takeRenewals(nodeId, renewalMs, renewalsPerCheckMax)
    await Promise.all(
      asked.map(async (chargePoint) => {
        const view = live.get(chargePoint)
        if (view === undefined) return
        const answer = await this.#call(chargePoint, renewCommand[view.version])
        if (answer === null) return
        const { identity } = chargePoint
        const { state, reason } = outcomeOf(answer)
        if (state === 'accepted') log.info({ identity }, 'A charge point was asked to renew its certificate.')
        else log.warn({ identity, reason }, 'A charge point does not renew its certificate, which ends soon.')
      }),
    )
  }

  /** Runs `work` again and again, `pauseMs` after each run. */
  #later(pauseMs: number, work: () => Promise<void>): void {
    const turn = (): void => {
      const running = work()
        .catch((error: unknown) => this.#deps.log.warn({ error }, 'Certificates could not be looked for.'))
        .then(() => {
          this.#turns.delete(running)
          if (!this.#hasEnded) this.#later(pauseMs, work)
        })
      this.#turns.add(running)
    }
    this.#cancels.set(work, this.#deps.clock.after(pauseMs, turn))
  }
}

/** What an answer to CertificateSigned means. */
function outcomeOf(answer: CallAnswer): { readonly state: Settled; readonly reason: string | null } {
  if (answer.kind === 'unreadable') return { state: 'failed', reason: answer.problem }
  if (answer.kind === 'error') {
    return { state: 'failed', reason: `The charge point answered with ${answer.code}: ${answer.description}` }
  }
  const status = answer.kind === 'longResult' ? answer.status : statusOf(answer.payload)
  if (status === 'Accepted') return { state: 'accepted', reason: null }
  return { state: 'rejected', reason: `The charge point answered with ${status ?? 'no status'}.` }
}
