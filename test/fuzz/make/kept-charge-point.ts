// A charge point that answers every CALL and comes back whenever its connection ends: requests may give it another
// password, and the ones after them need it.

import { tables } from '../../../src/blocks/messages.ts'
import { answerAll } from '../../support/answering.ts'
import { Random } from '../../support/random.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import { passwordDefault, type TestStator } from '../../support/stator.ts'
import { validPayload } from './values.ts'

type Version = '1.6' | '2.0.1'

/** One such charge point. */
export class KeptChargePoint {
  readonly identity: string
  /** CALLs that it has answered. */
  answers = 0
  /** Why it could not come back. */
  readonly errors: unknown[] = []
  readonly #central: TestStator
  readonly #version: Version
  #isStopping = false
  #comingBack: Promise<void> = Promise.resolve()

  private constructor(central: TestStator, identity: string, version: Version) {
    this.#central = central
    this.identity = identity
    this.#version = version
  }

  /** Provisions it and connects it, with running transactions. */
  static async start(central: TestStator, identity: string, version: Version): Promise<KeptChargePoint> {
    const kept = new KeptChargePoint(central, identity, version)
    const raw = await central.bootedRaw(identity, version, { strictness: 'lenient' })
    kept.#answer(raw)
    await startTransactions(raw, version)
    return kept
  }

  /** It stays away from now on; resolves when it is not coming back any more. */
  async stop(): Promise<void> {
    this.#isStopping = true
    await this.#comingBack
  }

  #answer(raw: RawChargePoint): void {
    const table = tables[this.#version]
    answerAll(raw, ({ messageId, action }) => {
      const response = table[action]?.response
      const random = new Random(this.answers++)
      if (response === undefined || response === null) return [JSON.stringify([4, messageId, 'NotSupported', '', {}])]
      return [JSON.stringify([3, messageId, validPayload(response, random)])]
    })
    raw.socket.addEventListener('close', () => {
      if (!this.#isStopping) this.#comingBack = this.#comeBack().catch((error: unknown) => void this.errors.push(error))
    })
  }

  async #comeBack(): Promise<void> {
    const body = { password: passwordDefault, blocked: false }
    await this.#central.json(`/api/chargepoints/${this.identity}`, { method: 'PATCH', body })
    this.#answer(await this.#central.raw(this.identity, { subprotocols: [`ocpp${this.#version}`] }))
  }
}

async function startTransactions(raw: RawChargePoint, version: Version): Promise<void> {
  const timestamp = '2025-12-26T12:00:00Z'
  if (version === '1.6') {
    const start = { idTag: 'USER123', meterStart: 0, timestamp }
    for (const connectorId of [1, 2, 3]) await raw.call('StartTransaction', { ...start, connectorId })
    return
  }
  await raw.call('TransactionEvent', {
    ...{ eventType: 'Started', timestamp, triggerReason: 'Authorized', seqNo: 0 },
    ...{ transactionInfo: { transactionId: 'tx-1' }, evse: { id: 1, connectorId: 1 } },
    meterValue: [{ timestamp, sampledValue: [{ value: 1 }] }],
  })
}
