// The maintenance that a simulated charge point does on command: firmware updates, uploads and resets, with a report of
// each step.

import type { Clock } from '../base/clock.ts'
import { callAt } from './call-at.ts'
import type { Call } from './connection.ts'
import type { BootReason, Dialect, FirmwareUpdate } from './station.ts'

/** What upkeep needs of its charge point. */
export interface UpkeepLine {
  readonly clock: Clock
  /** How long one step takes. */
  readonly paceMs: number
  dialect(): Dialect
  send(call: Call): void
  /** Runs the task as soon as no transaction runs. */
  whenIdle(task: () => void): void
  /** Disconnects, boots again, and runs `accepted` once the central system has accepted the boot. */
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

  /** Cancels all planned steps. */
  stop(): void {
    this.#cancelFirmwareStep()
    this.#cancelLogStep()
  }

  sendFirmwareStatus(): void {
    this.#line.send(this.#line.dialect().firmwareStatus(this.#firmwareStatus, this.#firmwareRequestId))
  }

  sendLogStatus(): void {
    this.#line.send(this.#line.dialect().logStatus(this.#logStatus, this.#logRequestId))
  }

  /** Whether an update, or an upload, is under way. */
  isBusyWith(what: 'firmware' | 'log'): boolean {
    return (what === 'firmware' ? this.#firmwareStatus : this.#logStatus) !== 'Idle'
  }

  /** Downloads and installs. A second update replaces the first. */
  updateFirmware({ location, requestId, notBeforeMs, isSigned }: FirmwareUpdate): void {
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
    // Updates without a request id (1.6) have no such status.
    if (requestId !== null && startMs > clock.nowMs()) this.#firmware('DownloadScheduled')
    this.#cancelFirmwareStep = callAt(clock, startMs, () => {
      this.#firmware('Downloading')
      this.#cancelFirmwareStep = clock.after(paceMs, () => {
        this.#firmware('Downloaded')
        if (isSigned) this.#firmware('SignatureVerified')
        this.#cancelFirmwareStep = clock.after(paceMs, () => this.#line.whenIdle(install))
      })
    })
  }

  /** Uploads the requested logs. */
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
    this.sendFirmwareStatus()
  }

  #log(status: string): void {
    this.#logStatus = status
    this.sendLogStatus()
  }
}
