// Charge points of a killed Stator, which count what they are sent, and answer when the test says so.

import { benchPasswordDefault } from '../../bench/cli.ts'
import { RawChargePoint } from './raw-charge-point.ts'
import type { StatorProcess } from './stator-process.ts'

const boot = { reason: 'PowerUp', chargingStation: { vendorName: 'V', model: 'M' } }

/** A charge point of 2.0.1 that comes back after each kill. */
export class CountingStation {
  readonly identity: string
  #raw: RawChargePoint | null = null
  #seen: string[] = []

  constructor(identity: string) {
    this.identity = identity
  }

  /** Message ids of the updates that it was sent, on all its connections. */
  get updates(): readonly string[] {
    this.#count()
    return this.#seen
  }

  get raw(): RawChargePoint {
    if (this.#raw === null) throw new Error(`${this.identity} is not connected.`)
    return this.#raw
  }

  async connect(stator: StatorProcess): Promise<void> {
    this.#count()
    const options = { url: stator.ocppUrl, identity: this.identity, password: benchPasswordDefault }
    this.#raw = await RawChargePoint.connect({ ...options, subprotocols: ['ocpp2.0.1'] })
    await this.#raw.call('BootNotification', boot)
  }

  async disconnect(): Promise<void> {
    this.#count()
    await this.#raw?.close()
  }

  #count(): void {
    const ids = (this.#raw?.inbox ?? []).filter(([type, , action]) => type === 2 && action === 'UpdateFirmware')
    this.#seen = [...new Set([...this.#seen, ...ids.map((frame) => String(frame[1]))])]
  }
}
