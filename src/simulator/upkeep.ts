// What a simulated charge point does to itself when it is told to: firmware updates, uploads and resets, step by step
// and each step told.

import type { Clock } from '../base/clock.ts'
import { callAt } from './call-at.ts'
import type { Call } from './connection.ts'
import type { BootReason, Dialect } from './station.ts'

/** What upkeep needs of its charge point. */
export interface UpkeepLine {
  readonly clock: Clock
  /** How long one step takes. */
  readonly paceMs: number
  dialect(): Dialect
  tell(call: Call): void
  /** Runs the task as soon as no transaction runs. */
  whenIdle(task: () => void): void
  /** Goes away, boots again, and runs `accepted` once the central system has accepted the boot. */
  reboot(reason: BootReason, accepted: () => void): void
  installed(firmwareVersion: string): void
}

/** Firmware and logs of one charge point. */
export class Upkeep {
  readonly #line: UpkeepLine
  #firmwareStatus = 'Idle'
  #firmwareRequestId: number | null = null
  #logStatus = 'Idle'
  #logRequestId: number | null = null
  #cancelFirmwareStep: () => void = () => {}
  #cancelLogStep: () => void = () => {}

  constructor(line: UpkeepLine) {
    this.#line = line
  }

  /** Cancels what was planned. */
  stop(): void {
    this.#cancelFirmwareStep()
    this.#cancelLogStep()
  }

  tellFirmwareStatus(): void {
    this.#line.tell(this.#line.dialect().firmwareStatus(this.#firmwareStatus, this.#firmwareRequestId))
  }

  tellLogStatus(): void {
    this.#line.tell(this.#line.dialect().logStatus(this.#logStatus, this.#logRequestId))
  }

  /** Downloads and installs, not before `notBeforeMs`. A second update takes the place of the first. */
  updateFirmware(location: string, requestId: number | null, notBeforeMs: number): void {
    const { clock, paceMs } = this.#line
    this.#cancelFirmwareStep()
    this.#firmwareRequestId = requestId
    const version = /(\d+\.\d+(?:\.\d+)?)[^/]*$/.exec(location)?.[1] ?? 'unknown'
    const install = (): void => {
      this.#firmware('Installing')
      this.#cancelFirmwareStep = clock.after(paceMs, () => {
        this.#line.installed(version)
        this.#line.reboot('FirmwareUpdate', () => {
          this.#firmware('Installed')
          this.#firmwareStatus = 'Idle'
        })
      })
    }
    const startMs = Number.isNaN(notBeforeMs) ? clock.nowMs() : notBeforeMs
    this.#cancelFirmwareStep = callAt(clock, startMs, () => {
      this.#firmware('Downloading')
      this.#cancelFirmwareStep = clock.after(paceMs, () => {
        this.#firmware('Downloaded')
        this.#cancelFirmwareStep = clock.after(paceMs, () => this.#line.whenIdle(install))
      })
    })
  }

  /** Uploads what was asked for. */
  uploadLog(requestId: number | null): void {
    this.#cancelLogStep()
    this.#logRequestId = requestId
    this.#log('Uploading')
    this.#cancelLogStep = this.#line.clock.after(this.#line.paceMs, () => {
      this.#log('Uploaded')
      this.#logStatus = 'Idle'
    })
  }

  #firmware(status: string): void {
    this.#firmwareStatus = status
    this.tellFirmwareStatus()
  }

  #log(status: string): void {
    this.#logStatus = status
    this.tellLogStatus()
  }
}
