// Functional block L as an operator uses it: a firmware update, in the words of either version.

import { isoTime } from '../base/clock.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import type { Command, CommandOutcome } from './command.ts'
import { statusOf } from './command.ts'
import type { Payload } from './decision.ts'

export interface FirmwareRequest {
  /** Where the charge point fetches the firmware. */
  readonly location: string
  readonly retrieveDateMs: number
  readonly retries?: number
  readonly retryIntervalSeconds?: number
  /** 2.x: by which its FirmwareStatusNotifications refer to this update. */
  readonly requestId: number
}

/** UpdateFirmware of either version (1.6 §5.19, 2.0.1 L01). */
export function updateFirmwareCommand(version: OcppVersion, request: FirmwareRequest): Command {
  const { location, retries, retryIntervalSeconds } = request
  const retrieveDate = isoTime(request.retrieveDateMs)
  const attempts = {
    ...(retries === undefined ? {} : { retries }),
    ...(retryIntervalSeconds === undefined ? {} : { retryInterval: retryIntervalSeconds }),
  }
  return version === '1.6'
    ? { action: 'UpdateFirmware', payload: { location, retrieveDate, ...attempts }, fields: {} }
    : {
        action: 'UpdateFirmware',
        payload: {
          requestId: request.requestId,
          firmware: { location, retrieveDateTime: retrieveDate },
          ...attempts,
        },
        fields: { '/firmware/location': 'location', '/firmware/retrieveDateTime': 'retrieveDate' },
      }
}

/**
 * What a firmware update was answered with; null when the answer does not say. A 1.6 answer is empty, and means that the
 * station will try (§6.56).
 */
export function updateFirmwareOutcome(version: OcppVersion, answer: Payload): CommandOutcome | null {
  const status = statusOf(answer) ?? (version === '1.6' && Object.keys(answer).length === 0 ? 'Accepted' : null)
  if (status === null) return null
  if (status === 'Accepted') return { status, message: 'Firmware update scheduled' }
  return status === 'AcceptedCanceled'
    ? { status, message: 'Firmware update scheduled; the one under way was cancelled' }
    : { status, message: `The charge point answered the firmware update with ${status}` }
}
