// A well-behaved charge point whose answers are timed while another one attacks. Its messages are due by the clock, and
// an answer is timed from when its message was due: a central system that stops for a second delays every message that
// falls into that second.

import { benchPasswordDefault } from '../../bench/cli.ts'
import { benchIdTag } from '../../bench/generator/charging.ts'
import { flows16 } from '../fixtures/seed-flows.ts'
import { RawChargePoint } from './raw-charge-point.ts'

/** Answers of a victim, timed. */
export interface Watched {
  readonly messages: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly longestMs: number
  /** Messages without an answer, and how those were answered that were answered wrongly. */
  readonly unanswered: number
  readonly wrong: readonly string[]
}

/** Pause between two messages, in milliseconds. */
const periodMs = 10
/** How often is looked whether a message is due, in milliseconds. */
const lookMs = 1

type Message = readonly [
  action: string,
  payload: object,
  isRight: (payload: Readonly<Record<string, unknown>>) => boolean,
]

export class Victim {
  readonly #raw: RawChargePoint
  readonly #transactionId: number
  #count = 0

  private constructor(raw: RawChargePoint, transactionId: number) {
    this.#raw = raw
    this.#transactionId = transactionId
  }

  /** Connects, boots and starts a transaction. */
  static async connect(ocppUrl: string, identity: string): Promise<Victim> {
    const raw = await RawChargePoint.connect({ url: ocppUrl, identity, password: benchPasswordDefault })
    await raw.call('BootNotification', flows16.boot)
    const start = { connectorId: 1, idTag: benchIdTag, meterStart: 0, timestamp: new Date().toISOString() }
    const { transactionId } = await raw.call('StartTransaction', start)
    if (typeof transactionId !== 'number') throw new Error('The victim has no transaction.')
    return new Victim(raw, transactionId)
  }

  /**
   * Sends a message every ten milliseconds for the given time, and waits for the answers to all of them.
   *
   * @param patienceMs how long to wait for the answers once the last message was due.
   */
  watch(durationMs: number, patienceMs: number): Promise<Watched> {
    const raw = this.#raw
    const total = Math.ceil(durationMs / periodMs)
    const latenciesMs: number[] = []
    const wrong: string[] = []
    const startMs = performance.now()
    const dueMs = (nth: number): number => startMs + nth * periodMs
    const { promise, resolve } = Promise.withResolvers<Watched>()
    let waiting: { readonly messageId: string; readonly isRight: Message[2] } | null = null
    const send = (): void => {
      const nth = latenciesMs.length
      if (waiting !== null || nth >= total || performance.now() < dueMs(nth)) return
      const [action, payload, isRight] = this.#next()
      waiting = { messageId: raw.sendCall(action, payload), isRight }
    }
    const receive = (): void => {
      const receivedMs = performance.now()
      for (const [type, messageId, payload] of raw.inbox.splice(0)) {
        if (waiting === null || messageId !== waiting.messageId) continue
        const isObject = typeof payload === 'object' && payload !== null
        if (type !== 3 || !isObject || !waiting.isRight({ ...payload })) wrong.push(JSON.stringify([type, payload]))
        latenciesMs.push(receivedMs - dueMs(latenciesMs.length))
        waiting = null
      }
      send()
    }
    raw.socket.addEventListener('message', receive)
    const timer = setInterval(() => {
      send()
      const isLate = performance.now() > dueMs(total) + patienceMs
      if (latenciesMs.length < total && !isLate && raw.closing === null) return
      clearInterval(timer)
      raw.socket.removeEventListener('message', receive)
      resolve(watchedOf(latenciesMs, total, wrong, performance.now() - dueMs(latenciesMs.length)))
    }, lookMs)
    return promise
  }

  async close(): Promise<void> {
    await this.#raw.close()
  }

  /** Each message at another moment, so that none is a retransmission. */
  #next(): Message {
    const nth = this.#count++
    const timestamp = new Date(Date.now() + nth).toISOString()
    switch (nth % 4) {
      case 0:
        return ['Heartbeat', {}, ({ currentTime }) => typeof currentTime === 'string']
      case 1:
        return ['StatusNotification', { ...flows16.status('Charging'), timestamp }, isEmpty]
      case 2: {
        const sampledValue = [{ value: String(nth), measurand: 'Energy.Active.Import.Register', unit: 'Wh' }]
        const values = { connectorId: 1, transactionId: this.#transactionId, meterValue: [{ timestamp, sampledValue }] }
        return ['MeterValues', values, isEmpty]
      }
      default:
        return ['Authorize', { idTag: benchIdTag }, ({ idTagInfo }) => JSON.stringify(idTagInfo).includes('Accepted')]
    }
  }
}

function isEmpty(payload: Readonly<Record<string, unknown>>): boolean {
  return Object.keys(payload).length === 0
}

function watchedOf(latenciesMs: readonly number[], total: number, wrong: readonly string[], lateMs: number): Watched {
  // A message without an answer took at least as long as it was waited for.
  const missing = total - latenciesMs.length
  const all = [...latenciesMs, ...Array.from({ length: missing }, () => lateMs)].toSorted((a, b) => a - b)
  const at = (share: number): number => all[Math.min(all.length - 1, Math.ceil(all.length * share) - 1)] ?? 0
  return { messages: total, p50Ms: at(0.5), p99Ms: at(0.99), longestMs: at(1), unanswered: missing, wrong }
}
