// A new password that an operator sends to a charge point over OCPP (AuthorizationKey, BasicAuthPassword): stored
// before the CALL leaves, settled by its answer. While nobody knows whether the charge point took it over, the old
// password and the new one both hold.

import { StatorError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import type { RotationOutcome } from '../blocks/message-row.ts'
import type { Credentials } from './credentials.ts'
import { hashPassword } from './password-forms.ts'

/** The charge points, as far as a rotation changes them. Each change commits before it resolves. */
export interface RotationStore {
  /**
   * Stores `hash` as pending. Null when there is no such charge point any more; else the hash that was pending before.
   */
  beginRotation(chargePointKey: number, hash: Uint8Array): Promise<{ readonly previous: Uint8Array | null } | null>
  /** `hash` becomes the password, and the old password is out; unless `hash` is not pending any more. */
  acceptRotation(chargePointKey: number, hash: Uint8Array): Promise<void>
  /** `previous` is pending again, or nothing is; unless `hash` is not pending any more. */
  withdrawRotation(chargePointKey: number, hash: Uint8Array, previous: Uint8Array | null): Promise<void>
}

/** A password that is stored as pending and is being sent. */
export interface Rotation {
  /**
   * To be called once, whatever became of the CALL. @throws {StatorError} `STORE_UNAVAILABLE`: both passwords hold
   * then.
   */
  settle(outcome: RotationOutcome): Promise<void>
}

/**
 * Begins rotations: one at a time for each charge point, so that the answers and the stored passwords keep the same
 * order.
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
   * Resolves once `password` is stored: from then on the charge point may connect with it.
   *
   * @throws {StatorError} `CONFLICT` while another rotation of the charge point is under way; `NOT_FOUND` when it was
   *   deleted; `STORE_UNAVAILABLE`. Nothing is to be sent then.
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
