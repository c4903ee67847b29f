// The charging station of a case, and its operator: sends CALLs and asserts their answers, has the operator ask for
// something and asserts the CALL that comes of it and what the operator is told.

import { checkResponse } from '../../examine/schema.ts'
import { CaseConnection, type Shown } from './connection.ts'
import { Deviation, isEqual, isRecord, Matcher, now, requireEqual, requirePart } from './match.ts'
import type { Play } from './play.ts'
import { type RestAnswer, type Site, type SiteKind, Skipped } from './site.ts'
import { upgradeStatus } from './upgrade.ts'

/** Longest until an operator reads what follows from a message, in milliseconds. */
const readMsMax = 5_000
const readEveryMs = 5

export type Payload = Readonly<Record<string, unknown>>

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
  readonly #kind: SiteKind
  #connection: CaseConnection | null = null

  private constructor(play: Play, kind: SiteKind, identity: string) {
    this.#play = play
    this.#kind = kind
    this.identity = identity
    play.atEnd(() => this.#quiet())
    play.afterwards(() => this.#disconnect())
  }

  /** A station that the central system knows and that is not connected yet. `provisioning`: more of its settings. */
  static async known(
    play: Play,
    kind: SiteKind = 'plain',
    provisioning: Payload = {},
    identity: string = play.identity,
  ): Promise<Station> {
    const station = new Station(play, kind, identity)
    await play.prepare(async () => (await play.site(kind)).operator.provision(identity, provisioning))
    return station
  }

  /** What the interval of a BootNotificationResponse must be. */
  get interval(): unknown {
    return this.#play.options.interval
  }

  /** Connects with the right password, unless it shows something else; the handshake must succeed. */
  async connect(shown: Shown = { password: this.#play.password }): Promise<void> {
    await this.#play.prepare(() => this.#disconnect())
    const connected = await this.#play.see('the handshake', async () => {
      const { ocppUrl } = await this.#site()
      this.#connection = await CaseConnection.connect(ocppUrl, this.identity, this.#subprotocol, shown)
      return `connected with ${this.#connection.protocol}`
    })
    requireEqual('the handshake', connected, `connected with ${this.#subprotocol}`)
  }

  /** Tries to connect: the upgrade must be refused with this HTTP status. */
  async isRefused(shown: Shown, status = 401): Promise<void> {
    const answer = await this.#play.see('the refusal of the handshake', async () => {
      return upgradeStatus((await this.#site()).ocppUrl, this.identity, this.#subprotocol, shown)
    })
    requireEqual('the refusal of the handshake', answer, status)
  }

  /** Closes the connection, without a word. */
  async cut(): Promise<void> {
    await this.#play.prepare(() => this.#disconnect())
  }

  /** Sends a CALL; its CALLRESULT must be equal to what is expected, member by member. */
  async sends(action: string, payload: Payload, expected: unknown): Promise<Payload> {
    const step = `the answer to ${action}`
    const answer = await this.#exchange(action, payload)
    this.#require(step, answer, { type: 'CALLRESULT', payload: expected })
    const [problem] = checkResponse(this.#play.version, action, answer.payload)
    if (problem !== undefined) throw new Deviation(`${step}: ${problem.path} breaks its schema: ${problem.message}`)
    return isRecord(answer.payload) ? answer.payload : {}
  }

  /** Sends a SEND of 2.1. It has no answer; a Heartbeat behind it shows that it was read, and that none came. */
  async sendsUnanswered(action: string, payload: Payload): Promise<void> {
    await this.#play.prepare(async () => this.#live().send(action, payload))
    await this.heartbeat()
  }

  /** Sends a CALL before its boot is accepted, which must be answered with this CALLERROR. */
  async sendsInVain(action: string, payload: Payload, code: string): Promise<void> {
    const description = 'Send BootNotification first, and wait until it is accepted.'
    const text = this.#play.options.isStrict ? { description, details: { action } } : {}
    this.#require(`the answer to ${action}`, await this.#exchange(action, payload), {
      type: 'CALLERROR',
      code,
      ...text,
    })
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
    const asking = await this.#operatorAsks(by, action, payload)
    this.#require(`the CALL ${action}`, asking.call, { type: 'CALL', action, payload })
    const sent = isRecord(asking.call.payload) ? asking.call.payload : {}
    const answer = await this.#play.see(`what the operator is told of ${action}`, () => asking.answered(reply))
    // A person is told by their own central system.
    if (answer === null) return { sent, told: {} }
    this.#require(`what the operator is told of ${action}`, answer, {
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
      const { body } = await this.#rest({ path: `/api/jobs?chargePointId=${this.identity}&pageSize=1`, method: 'GET' })
      const [job] = isRecord(body) && Array.isArray(body['jobs']) ? body['jobs'] : []
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
      const { messageId, payload: sent } = await this.#command(action)
      this.#live().answer(messageId, reply)
      return { type: 'CALL', action, payload: sent }
    })
    this.#require(`the CALL ${action}`, call, { type: 'CALL', action, payload })
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
      // A person looks at it in their own central system.
      if ((await this.#site()).operator.rest === null) return null
      const endMs = performance.now() + readMsMax
      for (;;) {
        const { body } = await this.#rest({ path, method: 'GET' })
        const record = isRecord(body) ? pick(body) : null
        const members = Object.keys(expected).map((name) => (isRecord(record) ? (record[name] ?? null) : null))
        // What follows from a message may be stored after its answer.
        if (isEqual(members, wanted) || performance.now() > endMs) return members
        await Bun.sleep(readEveryMs)
      }
    })
    if (read === null) return
    requireEqual(what, read, wanted)
  }

  /** Changes something over REST that no step is about. */
  async operatorDoes(request: Request): Promise<void> {
    await this.#play.prepare(async () => {
      const { operator } = await this.#site()
      if (operator.rest !== null) await this.#rest(request)
      else await operator.ask(`Change charge point ${this.identity}: ${JSON.stringify(request.body ?? {})}.`)
    })
  }

  #site(): Promise<Site> {
    return this.#play.site(this.#kind)
  }

  /** Everything must be equal; of another central system than Stator, what is expected must be there. */
  #require(step: string, actual: unknown, expected: unknown): void {
    if (this.#play.options.isStrict) requireEqual(step, actual, expected)
    else requirePart(step, actual, expected)
  }

  #command(action: string): Promise<{ messageId: string; payload: Payload }> {
    const { callMsMax, isStrict } = this.#play.options
    return this.#live().command(action, callMsMax, !isStrict)
  }

  get #subprotocol(): string {
    return `ocpp${this.#play.version}`
  }

  async #exchange(
    action: string,
    payload: Payload,
  ): Promise<{ type: string; payload?: unknown; code?: unknown; [member: string]: unknown }> {
    return this.#play.see(`the answer to ${action}`, async () => {
      const live = this.#live()
      const [type, , ...rest] = await live.answerTo(live.call(action, payload))
      const [first, description, details] = rest
      return type === 3
        ? { type: 'CALLRESULT', payload: first }
        : { type: 'CALLERROR', code: first, description, details }
    })
  }

  /** The request is under way until the station has answered. A person is asked to have the CALL sent. */
  async #operatorAsks(by: Request, action: string, payload: Payload) {
    let pending: Promise<RestAnswer | null> = Promise.resolve(null)
    let called: Called | null = null
    const call = await this.#play.see(`the CALL ${action}`, async () => {
      const { operator } = await this.#site()
      const sent = this.#command(action).then(({ messageId, payload: received }) => {
        called = { messageId, action, payload: received }
        return { type: 'CALL', action, payload: received }
      })
      if (operator.rest === null) {
        sent.catch(() => {})
        await operator.request(`Have ${action} sent to ${this.identity}: ${JSON.stringify(shownOf(payload))}.`)
        return sent
      }
      const answer = this.#rest(by)
      pending = answer
      // REST may answer without sending anything; then nothing will come.
      const told = answer.then((value) => ({ type: 'none', action: '', payload: {}, told: value }))
      sent.catch(() => {})
      return Promise.race<{ type: string; action: string; payload: Payload; told?: unknown }>([sent, told])
    })
    const answered = async (reply: Payload): Promise<unknown> => {
      if (called !== null) this.#live().answer(called.messageId, reply)
      return pending
    }
    return { call, answered }
  }

  async #rest({ path, body, method }: Request): Promise<RestAnswer> {
    const { rest } = (await this.#site()).operator
    if (rest === null) throw new Skipped('It needs the REST API of Stator: give --api-key.')
    const request = { path: this.#pathOf(path), method: method ?? 'POST' }
    return rest(body === undefined ? request : { ...request, body })
  }

  #pathOf(path: string): string {
    if (path.startsWith('/')) return path
    return `/api/chargepoints/${this.identity}${path === '' ? '' : `/${path}`}`
  }

  #live(): CaseConnection {
    if (this.#connection === null) {
      throw new Error(`${this.identity} is not connected: the case has to connect it first.`)
    }
    return this.#connection
  }

  async #disconnect(): Promise<void> {
    await this.#connection?.close()
    this.#connection = null
  }

  /** At the end of a case nothing may have come that no step asked for. */
  async #quiet(): Promise<void> {
    if (!this.#play.options.isStrict) return
    const left = await this.#play.see('what else came', async () => {
      const connection = this.#connection
      if (connection === null) return []
      if (connection.isOpen) await connection.answerTo(connection.call('Heartbeat', {}))
      const frames = connection.inbox.map(([type, , ...rest]) => [type, ...rest])
      await connection.close()
      return frames
    })
    requireEqual('what else came', left, [])
  }
}

/** A payload for a person to read: a matcher is what it says. */
function shownOf(expected: unknown): unknown {
  if (expected instanceof Matcher) return `<${expected.says}>`
  if (Array.isArray(expected)) return expected.map(shownOf)
  if (!isRecord(expected)) return expected
  return Object.fromEntries(Object.entries(expected).map(([name, value]) => [name, shownOf(value)]))
}
