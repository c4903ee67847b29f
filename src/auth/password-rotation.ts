// Password rotation over OCPP (AuthorizationKey, BasicAuthPassword). The new password is stored as pending before the
// CALL is sent, and the answer settles it. Until then both the old and the new password are valid.

import { StatorError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { RotationOutcome } from '../blocks/message-row.ts'
import type { Credentials } from './credentials.ts'
import { hashPassword } from './password-forms.ts'

/** The store of a rotation. Each change is committed before it resolves. */
export interface RotationStore {
  /**
   * Stores `hash` as pending, and returns the hash that was pending before. Null if the charge point was deleted.
   */
  beginRotation(chargePointKey: number, hash: Uint8Array): Promise<{ readonly previous: Uint8Array | null } | null>
  /** Makes `hash` the password in place of the old one, if `hash` is still pending. */
  acceptRotation(chargePointKey: number, hash: Uint8Array): Promise<void>
  /** Restores `previous` as pending (possibly none), if `hash` is still pending. */
  withdrawRotation(chargePointKey: number, hash: Uint8Array, previous: Uint8Array | null): Promise<void>
}

/** A rotation whose password is stored as pending. */
export interface Rotation {
  /**
   * Must be called once, whatever the outcome of the CALL. @throws {StatorError} `STORE_UNAVAILABLE`: both passwords
   * remain valid.
   */
  settle(outcome: RotationOutcome): Promise<void>
}

/**
 * Starts rotations, one at a time per charge point, so that answers and stored passwords have the same order.
 */
export class PasswordRotations {
  readonly #store: RotationStore
  readonly #credentials: Credentials
  readonly #log: Pick<Logger, 'info'>
  readonly #underWay = new Set<number>()

  constructor(store: RotationStore, credentials: Credentials, log: Pick<Logger, 'info'>) {
    this.#store = store
    this.#credentials = credentials
    this.#log = log
  }

  /**
   * Resolves once `password` is stored. From then on the charge point may connect with it.
   *
   * @throws {StatorError} `CONFLICT` while another rotation of the charge point is under way; `NOT_FOUND` if it was
   *   deleted; `STORE_UNAVAILABLE`. The CALL must not be sent then.
   */
  async begin(
    { key, identity }: { readonly key: number; readonly identity: string },
    password: string,
  ): Promise<Rotation> {
    if (this.#underWay.has(key)) {
      throw new StatorError('CONFLICT', `Charge point '${identity}' is being sent a new password; wait for its answer`)
    }
    this.#underWay.add(key)
    try {
      const hash = hashPassword(password, this.#credentials)
      const begun = await this.#store.beginRotation(key, hash)
      if (begun === null) throw new StatorError('NOT_FOUND', `Charge point '${identity}' not found`)
      return { settle: (outcome) => this.#settle(key, identity, hash, begun.previous, outcome) }
    } catch (error) {
      this.#underWay.delete(key)
      throw error
    }
  }

  async #settle(
    key: number,
    identity: string,
    hash: Uint8Array,
    previous: Uint8Array | null,
    outcome: RotationOutcome,
  ): Promise<void> {
    try {
      if (outcome === 'accepted') await this.#store.acceptRotation(key, hash)
      else if (outcome === 'refused') await this.#store.withdrawRotation(key, hash, previous)
      this.#log.info({ identity, status: outcome }, 'A charge point was sent a new password.')
    } finally {
      this.#underWay.delete(key)
    }
  }
}
