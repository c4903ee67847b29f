// Checks what Stator itself sends (answers and commands) against its schema. A mistake of ours is counted and logged.
// The frame is sent all the same. Tests check every frame, production a sample.

import type { Counters } from '../base/counters.ts'
import type { Logger } from '../base/log.ts'
import type { Payload } from '../blocks/values.ts'
import { checkRequest, checkResponse, type Problem } from '../examine/schema.ts'
import type { OcppVersion } from '../ocpp/version.ts'

type Check = (version: OcppVersion, action: string, payload: Payload) => readonly Problem[]

/** The sample of our own frames that is checked. */
export class OwnFrames {
  readonly #every: number
  readonly #counters: Pick<Counters, 'ownFramesChecked' | 'ownFramesInvalid'>
  readonly #log: Pick<Logger, 'error'>
  #untilNext: number

  /** @param every one of how many frames is checked; 0: none. */
  constructor(
    every: number,
    counters: Pick<Counters, 'ownFramesChecked' | 'ownFramesInvalid'>,
    log: Pick<Logger, 'error'>,
  ) {
    this.#every = every
    this.#untilNext = every
    this.#counters = counters
    this.#log = log
  }

  /** Stator answers a CALL. */
  answered(version: OcppVersion, action: string, payload: Payload): void {
    if (this.#isNext()) this.#check(checkResponse, 'answer', version, action, payload)
  }

  /** Stator sends a CALL. */
  called(version: OcppVersion, action: string, payload: Payload): void {
    if (this.#isNext()) this.#check(checkRequest, 'command', version, action, payload)
  }

  #isNext(): boolean {
    if (this.#every === 0 || --this.#untilNext > 0) return false
    this.#untilNext = this.#every
    return true
  }

  #check(check: Check, what: string, version: OcppVersion, action: string, payload: Payload): void {
    this.#counters.ownFramesChecked++
    const [problem] = check(version, action, payload)
    if (problem === undefined) return
    this.#counters.ownFramesInvalid++
    const { path, message } = problem
    const reason = `the ${what} of OCPP ${version} at ${path === '' ? 'its payload' : path}: ${message}`
    this.#log.error({ action, reason }, 'A frame of this central system breaks its schema. Please report it.')
  }
}
