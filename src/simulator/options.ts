// The options of a simulated charge point, and the events that an observer receives.

import type { Clock } from '../base/clock.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { BackOff, TlsIdentity } from './connection.ts'
import type { Authorization, Status, StopReason, Transaction } from './station.ts'

export interface SimulatorOptions {
  /** The central system, without the identity: `ws://host:port/ocpp`. */
  readonly url: string
  readonly identity: string
  readonly version: OcppVersion
  /** For Basic credentials. */
  readonly password?: string
  /** For X-API-Key, sent together with X-Charge-Point-Id. */
  readonly apiKey?: string
  /**
   * For `wss://`. With `cert` and `key` it authenticates with this certificate (security profile 3), until it is given
   * another one (CertificateSigned).
   */
  readonly tls?: TlsIdentity
  /** How many connectors (2.0.1: EVSEs with one connector each); 1 by default. */
  readonly connectors?: number
  /** Power of one connector, in W. */
  readonly powerWMax?: number
  readonly vendor?: string
  readonly model?: string
  readonly firmwareVersion?: string
  readonly clock?: Clock
  /** Numbers in [0, 1). */
  readonly random?: () => number
  readonly backOff?: BackOff
  readonly callTimeoutMs?: number
  /** How long things take that people and mechanics do: a reboot, a download, pulling a plug. */
  readonly paceMs?: number
  /** Whether received frames are checked against their schema; false for load tests, where only speed counts. */
  readonly checkFrames?: boolean
  readonly observe?: (observation: Observation) => void
}

/** The events that an observer receives. */
export type Observation =
  | { readonly kind: 'connected'; readonly subprotocol: string }
  | { readonly kind: 'disconnected'; readonly code: number; readonly reason: string }
  /** A handshake was answered with this HTTP status. */
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'booted'; readonly status: string }
  | { readonly kind: 'status'; readonly connectorId: number; readonly status: Status }
  | { readonly kind: 'started'; readonly transaction: Transaction; readonly authorization: Authorization }
  | {
      readonly kind: 'stopped'
      readonly transaction: Transaction
      readonly reason: StopReason
      readonly energyWh: number
    }
  | { readonly kind: 'command'; readonly action: string; readonly answer: object }
  | { readonly kind: 'frame'; readonly direction: 'in' | 'out'; readonly text: string }
  /** A CALL of this charge point was refused, got no usable answer, or was given up. */
  | { readonly kind: 'failed'; readonly error: Error }
