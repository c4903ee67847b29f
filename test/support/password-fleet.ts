// Charge points that are sent new passwords, and what each of them does with one. They keep the password that they have,
// as real ones do, so that a test can ask whether it lets them in.

import { handshakeAnswer, RawChargePoint } from './raw-charge-point.ts'
import { passwordDefault } from './stator.ts'
import { until } from './until.ts'

/** What a charge point does with a new password. */
export type Habit = 'accepts' | 'refuses' | 'fails' | 'silent' | 'reboots' | 'returns' | 'offline'

/** State in which the item of a charge point of this habit ends; one that is offline waits. */
export const stateOf: Readonly<Record<Habit, string>> = {
  accepts: 'accepted',
  refuses: 'refused',
  fails: 'refused',
  silent: 'unknown',
  reboots: 'unknown',
  returns: 'unknown',
  offline: 'waiting',
}

type Version = '1.6' | '2.0.1'

interface Sent {
  readonly key?: string
  readonly value?: string
  readonly setVariableData?: readonly { readonly attributeValue: string }[]
}

/** One charge point. */
export class PasswordStation {
  readonly identity: string
  readonly version: Version
  habit: Habit
  /** The password that it presents. */
  password: string
  /** Those that it was sent, in their order. */
  readonly sent: string[] = []
  /** Called when a new password comes, before anything is done with it. */
  onSent: () => void = () => {}
  #raw: RawChargePoint | null = null
  #url = ''
  #isStopped = false
  /** What it is doing beside its connection. */
  #returning: Promise<void> = Promise.resolve()

  constructor(identity: string, version: Version, habit: Habit, password = passwordDefault) {
    this.identity = identity
    this.version = version
    this.habit = habit
    this.password = password
  }

  /** Connects, with the password that it has. */
  async connect(url: string): Promise<void> {
    this.#url = url
    const { identity, password, version } = this
    const raw = await RawChargePoint.connect({ url, identity, password, subprotocols: [`ocpp${version}`] })
    raw.socket.addEventListener('message', (event) => this.#receive(raw, String(event.data)))
    this.#raw = raw
    // A new password may come before the end of the handshake is noticed.
    for (const frame of raw.inbox.splice(0)) this.#receive(raw, JSON.stringify(frame))
  }

  /** Connects, and connects again whenever the connection ends, until `disconnect`. */
  async stayConnected(url: string): Promise<void> {
    await this.connect(url)
    this.#raw?.socket.addEventListener('close', () => {
      if (!this.#isStopped) this.#returning = this.#comeBack(url)
    })
  }

  async disconnect(): Promise<void> {
    this.#isStopped = true
    await this.#returning
    if (this.#raw?.closing === null) this.#raw.socket.terminate()
    this.#raw = null
  }

  /** HTTP status of its handshake with `password`, or with the one that it has. */
  async knock(url: string, password = this.password): Promise<number> {
    const { identity, version } = this
    return (await handshakeAnswer({ url, identity, password, subprotocols: [`ocpp${version}`] })).status
  }

  /** Once it has come back, if it does. */
  settled(): Promise<void> {
    return this.#returning
  }

  async #comeBack(url: string): Promise<void> {
    await until(
      `${this.identity} to come back`,
      () =>
        this.#isStopped ||
        this.stayConnected(url).then(
          () => true,
          () => false,
        ),
      30_000,
    )
  }

  #receive(raw: RawChargePoint, text: string): void {
    const [type, messageId, action, payload]: [number, string, string, Sent] = JSON.parse(text)
    if (type !== 2 || (action !== 'ChangeConfiguration' && action !== 'SetVariables')) return
    const password = payload.value ?? payload.setVariableData?.[0]?.attributeValue ?? ''
    this.sent.push(password)
    this.onSent()
    const { habit } = this
    if (habit === 'silent') return
    if (habit === 'returns') {
      this.password = password
      raw.socket.terminate()
      this.#returning = this.connect(this.#url)
      return
    }
    if (habit === 'fails') return raw.send(JSON.stringify([4, messageId, 'InternalError', `no ${password} here`, {}]))
    const status = { accepts: 'Accepted', refuses: 'Rejected', reboots: 'RebootRequired', offline: 'Accepted' }[habit]
    if (status === 'Accepted') this.password = password
    raw.answer(
      messageId,
      this.version === '1.6'
        ? { status }
        : {
            setVariableResult: [
              {
                attributeStatus: status,
                component: { name: 'SecurityCtrlr' },
                variable: { name: 'BasicAuthPassword' },
              },
            ],
          },
    )
  }
}

/** A fleet of `size` charge points, of both versions and of these habits in turn. */
export function passwordFleet(
  prefix: string,
  size: number,
  habits: readonly Habit[],
  password = passwordDefault,
): PasswordStation[] {
  return Array.from({ length: size }, (_, i) => {
    const version = i % 2 === 0 ? '1.6' : '2.0.1'
    const habit = habits[Math.floor(i / 2) % habits.length] ?? 'accepts'
    return new PasswordStation(`${prefix}-${String(i).padStart(4, '0')}`, version, habit, password)
  })
}
