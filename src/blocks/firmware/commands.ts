// Functional block L, firmware: the command for an update in each version.

import { isoTime } from '../../base/clock.ts'
import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import type { Command, CommandOutcome } from '../command.ts'
import { statusOf } from '../command.ts'
import type { Payload } from '../decision.ts'

export interface FirmwareRequest {
  /** URL from which the charge point fetches the firmware. */
  readonly location: string
  readonly retrieveDateMs: number
  readonly retries?: number
  readonly retryIntervalSeconds?: number
  /** 2.x: the id of this update in its FirmwareStatusNotifications. */
  readonly requestId: number
}

/** UpdateFirmware of each version (1.6 §5.19, 2.0.1 L01). */
export function updateFirmwareCommand(version: OcppVersion, request: FirmwareRequest): Command {
  const { retries, retryIntervalSeconds } = request
  const attempts = {
    ...(retries === undefined ? {} : { retries }),
    ...(retryIntervalSeconds === undefined ? {} : { retryInterval: retryIntervalSeconds }),
  }
  const { payload, fields } = forms[version](request, isoTime(request.retrieveDateMs))
  return { action: 'UpdateFirmware', payload: { ...payload, ...attempts }, fields }
}

type Form = (request: FirmwareRequest, retrieveDate: string) => Pick<Command, 'payload' | 'fields'>

const forms = since2<Form>(
  ({ location }, retrieveDate) => ({ payload: { location, retrieveDate }, fields: {} }),
  ({ location, requestId }, retrieveDate) => ({
    payload: { requestId, firmware: { location, retrieveDateTime: retrieveDate } },
    fields: { '/firmware/location': 'location', '/firmware/retrieveDateTime': 'retrieveDate' },
  }),
)

/** The status that an empty answer means; null if it means none. In 1.6 the answer is always empty (§6.56). */
const emptyAnswer = since2<string | null>('Accepted', null)

/** The outcome of a firmware update; null if the answer has no status. */
export function updateFirmwareOutcome(version: OcppVersion, answer: Payload): CommandOutcome | null {
  const status = statusOf(answer) ?? (Object.keys(answer).length === 0 ? emptyAnswer[version] : null)
  if (status === null) return null
  if (status === 'Accepted') return { status, message: 'Firmware update scheduled' }
  return status === 'AcceptedCanceled'
    ? { status, message: 'Firmware update scheduled; the one under way was cancelled' }
    : { status, message: `The charge point answered the firmware update with ${status}` }
}
