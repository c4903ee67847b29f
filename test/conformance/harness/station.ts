// The charging station of a case, and its operator: sends CALLs and asserts their answers, has the operator ask for
// something and asserts the CALL that comes of it and what the operator is told.

import { passwordDefault } from '../../support/stator.ts'
import { RawChargePoint } from '../../support/raw-charge-point.ts'
import type { CentralKind } from './central.ts'
import { until } from '../../support/until.ts'
import { isEqual, isRecord, now, requireEqual } from './match.ts'
import type { Play } from './play.ts'
import { type Shown, upgradeStatus } from './upgrade.ts'

/** Longest until an operator reads what follows from a message, in milliseconds. */
const readMsMax = 5_000

export type Payload = Readonly<Record<string, unknown>>

export type OcppVersion = '1.6' | '2.0.1'

/** What an operator asks for. The path begins after `/api/chargepoints/{id}/`, or is a whole one. */
export interface Request {
  readonly path: string
  readonly body?: Payload
  readonly method?: string
}

interface Called {
  readonly messageId: string
  readonly action: string
  readonly payload: Payload
}

/** Operations that send one of these, with what it needs. */
export interface Command {
  readonly by: Request
  readonly action: string
  /** The payload of the CALL, every member. */
  readonly payload: Payload
  /** What the station answers. */
  readonly reply: Payload
  /** The body that the operator is told with status 200; or a function of what was sent. */
  readonly told: Payload | ((sent: Payload) => Payload)
}

export class Station {
  readonly identity: string
  readonly #play: Play
  readonly #kind: CentralKind
  readonly #version: OcppVersion
  #raw: RawChargePoint | null = null

  private constructor(play: Play, kind: CentralKind, version: OcppVersion, identity: string) {
    this.#play = play
    this.#kind = kind
    this.#version = version
    this.identity = identity
    play.atEnd(() => this.#quiet())
  }

  /** A station that is known to Stator and not connected yet. `provisioning`: more of its settings. */
  static async known(
    play: Play,
    version: OcppVersion,
    kind: CentralKind = 'plain',
    provisioning: Payload = {},
    identity: string = play.identity,
  ): Promise<Station> {
    const station = new Station(play, kind, version, identity)
    await play.prepare(async () => (await play.central(kind)).stator.provision(identity, provisioning))
    return station
  }

  /** Connects with the right password, unless it shows something else; the handshake must succeed. */
  async connect(shown: Shown = { password: passwordDefault }): Promise<void> {
    await this.#play.prepare(() => this.#disconnect())
    const connected = await this.#play.see('the handshake', async () => {
      const { stator } = await this.#play.central(this.#kind)
      const more = { password: undefined, subprotocols: [this.#subprotocol], trustsAll: true }
      this.#raw = await stator.raw(this.identity, { ...more, ...shown })
      return `connected with ${this.#raw.socket.protocol}`
    })
    requireEqual('the handshake', connected, `connected with ${this.#subprotocol}`)
  }

  /** Tries to connect: the upgrade must be refused with this HTTP status. */
  async isRefused(shown: Shown, status = 401): Promise<void> {
    const answer = await this.#play.see('the refusal of the handshake', async () => {
      const { stator } = await this.#play.central(this.#kind)
      return upgradeStatus(stator.ocppUrl, this.identity, this.#subprotocol, shown)
    })
    requireEqual('the refusal of the handshake', answer, status)
  }

  /** Closes the connection, without a word. */
  async cut(): Promise<void> {
    await this.#play.prepare(() => this.#disconnect())
  }

  /** Sends a CALL; its CALLRESULT must be equal to what is expected, member by member. */
  async sends(action: string, payload: Payload, expected: unknown): Promise<Payload> {
    const answer = await this.#exchange(action, payload)
    requireEqual(`the answer to ${action}`, answer, { type: 'CALLRESULT', payload: expected })
    return 'payload' in answer && isRecord(answer.payload) ? answer.payload : {}
  }

  /** Sends a CALL before its boot is accepted, which must be answered with this CALLERROR. */
  async sendsInVain(action: string, payload: Payload, code: string): Promise<void> {
    const description = 'Send BootNotification first, and wait until it is accepted.'
    const expected = { type: 'CALLERROR', code, description, details: { action } }
    requireEqual(`the answer to ${action}`, await this.#exchange(action, payload), expected)
  }

  async heartbeat(): Promise<void> {
    await this.sends('Heartbeat', {}, { currentTime: now })
  }

  /**
   * The operator asks, the CALL comes as it must, the station answers, and the operator is told.
   *
   * @returns what was sent, and what the operator was told.
   */
  async commanded({ by, action, payload, reply, told }: Command): Promise<{ sent: Payload; told: Payload }> {
    const asking = await this.#operatorAsks(by, action)
    requireEqual(`the CALL ${action}`, asking.call, { type: 'CALL', action, payload })
    const sent = isRecord(asking.call.payload) ? asking.call.payload : {}
    const answer = await this.#play.see(`what the operator is told of ${action}`, () => asking.answered(reply))
    requireEqual(`what the operator is told of ${action}`, answer, {
      status: 200,
      body: typeof told === 'function' ? told(sent) : told,
    })
    const body = isRecord(answer) && isRecord(answer['body']) ? answer['body'] : {}
    if (body['jobId'] !== undefined) await this.#hasJob(action, body['jobId'])
    return { sent, told: body }
  }

  /** The job that an operator is told of is the newest one of the station. */
  async #hasJob(action: string, jobId: unknown): Promise<void> {
    const what = `the job of ${action}`
    const newest = await this.#play.see(what, async () => {
      const { stator } = await this.#play.central(this.#kind)
      const { jobs } = await stator.json(`/api/jobs?chargePointId=${this.identity}&pageSize=1`)
      const [job] = Array.isArray(jobs) ? jobs : []
      return isRecord(job) ? (job['id'] ?? null) : null
    })
    requireEqual(what, jobId, newest)
  }

  /** The same by `POST …/calls`, which takes any CALL as it is to be sent, and tells the answer as it came. */
  async called(action: string, payload: Payload, reply: Payload): Promise<void> {
    const status = typeof reply['status'] === 'string' ? reply['status'] : null
    const by = { path: 'calls', body: { action, payload } }
    await this.commanded({ by, action, payload, reply, told: { action, status, payload: reply } })
  }

  /** A CALL that Stator sends by itself. */
  async receives(action: string, payload: unknown, reply: Payload): Promise<Payload> {
    const call = await this.#play.see(`the CALL ${action}`, async () => {
      const { messageId, payload: sent } = await this.#live().command(action)
      this.#live().answer(messageId, reply)
      return { type: 'CALL', action, payload: sent }
    })
    requireEqual(`the CALL ${action}`, call, { type: 'CALL', action, payload })
    return call.payload
  }

  /**
   * What an operator reads over REST, once it is as expected: only the members of `expected` count. `pick` finds the
   * record in the body of the answer.
   */
  async operatorReads(
    path: string,
    expected: Payload,
    pick: (body: Payload) => unknown = (body) => body,
  ): Promise<void> {
    const what = `what the operator reads at ${path}`
    const wanted = Object.values(expected)
    const read = await this.#play.see(what, async () => {
      const { stator } = await this.#play.central(this.#kind)
      const membersNow = async (): Promise<readonly unknown[]> => {
        const record = pick(await stator.json(this.#pathOf(path)))
        return Object.keys(expected).map((name) => (isRecord(record) ? (record[name] ?? null) : null))
      }
      // What follows from a message may be stored after its answer.
      const once = until(what, async () => isEqual(await membersNow(), wanted), readMsMax)
      await once.catch(() => {})
      return membersNow()
    })
    requireEqual(what, read, wanted)
  }

  /** Changes something over REST that no step is about. */
  async operatorDoes(request: Request): Promise<void> {
    await this.#play.prepare(() => this.#rest(request))
  }

  get #subprotocol(): string {
    return `ocpp${this.#version}`
  }

  async #exchange(
    action: string,
    payload: Payload,
  ): Promise<{ type: string; payload?: unknown; code?: unknown; [member: string]: unknown }> {
    return this.#play.see(`the answer to ${action}`, async () => {
      const raw = this.#live()
      const [type, , ...rest] = await raw.answerTo(raw.sendCall(action, payload))
      const [first, description, details] = rest
      return type === 3
        ? { type: 'CALLRESULT', payload: first }
        : { type: 'CALLERROR', code: first, description, details }
    })
  }

  /** The request is under way until the station has answered. */
  async #operatorAsks(by: Request, action: string) {
    let pending: Promise<unknown> = Promise.resolve()
    let called: Called | null = null
    const call = await this.#play.see(`the CALL ${action}`, async () => {
      const raw = this.#live()
      const answer = this.#rest(by)
      pending = answer
      // REST may answer without sending anything; then nothing will come.
      const told = answer.then((value) => ({ type: 'none', action: '', payload: {}, told: value }))
      const sent = raw.command(action).then(({ messageId, payload }) => {
        called = { messageId, action, payload }
        return { type: 'CALL', action, payload }
      })
      return Promise.race<{ type: string; action: string; payload: Payload; told?: unknown }>([sent, told])
    })
    const answered = async (reply: Payload): Promise<unknown> => {
      if (called !== null) this.#live().answer(called.messageId, reply)
      return pending
    }
    return { call, answered }
  }

  async #rest({ path, body, method }: Request): Promise<{ status: number; body: unknown }> {
    const { stator } = await this.#play.central(this.#kind)
    const asked = method ?? (body === undefined ? 'POST' : undefined)
    const answer = await stator.api(this.#pathOf(path), {
      ...(asked === undefined ? {} : { method: asked }),
      ...(body === undefined ? {} : { body }),
    })
    return { status: answer.status, body: answer.body }
  }

  #pathOf(path: string): string {
    if (path.startsWith('/')) return path
    return `/api/chargepoints/${this.identity}${path === '' ? '' : `/${path}`}`
  }

  #live(): RawChargePoint {
    if (this.#raw === null) throw new Error(`${this.identity} is not connected: the case has to connect it first.`)
    return this.#raw
  }

  async #disconnect(): Promise<void> {
    await this.#raw?.close()
    this.#raw = null
  }

  /** At the end of a case nothing may have come that no step asked for. */
  async #quiet(): Promise<void> {
    const left = await this.#play.see('what else came', async () => {
      const raw = this.#raw
      if (raw === null) return []
      if (raw.closing === null) await raw.answerTo(raw.sendCall('Heartbeat', {}))
      const frames = raw.inbox.map(([type, , ...rest]) => [type, ...rest])
      await raw.close()
      return frames
    })
    requireEqual('what else came', left, [])
  }
}
