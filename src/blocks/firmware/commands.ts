// Functional block L, firmware: the command for an update in each version.

import { isoTime } from '../../base/clock.ts'
import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import type { Command } from '../command.ts'

export interface FirmwareRequest {
  /** URL from which the charge point fetches the firmware. */
  readonly location: string
  readonly retrieveDateMs: number
  /** When it is to install it; left out: as soon as it has it. Not in 1.6, unless it is signed. */
  readonly installDateMs?: number
  /** Signature of the file, in Base64, and the certificate that proves it, in PEM. */
  readonly signed?: { readonly signature: string; readonly signingCertificate: string }
  readonly retries?: number
  readonly retryIntervalSeconds?: number
  /** The id of this update in its status notifications, except in those of an unsigned one of 1.6. */
  readonly requestId: number
}

/** UpdateFirmware or SignedUpdateFirmware of each version (1.6 §5.19, 1.6 security whitepaper §5.21, 2.0.1 L01). */
export function updateFirmwareCommand(version: OcppVersion, request: FirmwareRequest): Command {
  const { retries, retryIntervalSeconds } = request
  const attempts = {
    ...(retries === undefined ? {} : { retries }),
    ...(retryIntervalSeconds === undefined ? {} : { retryInterval: retryIntervalSeconds }),
  }
  const { action, payload, fields } = forms[version](request)
  return { action, payload: { ...payload, ...attempts }, fields }
}

const forms = since2<(request: FirmwareRequest) => Command>(
  (request) =>
    request.signed === undefined
      ? {
          action: 'UpdateFirmware',
          payload: { location: request.location, retrieveDate: isoTime(request.retrieveDateMs) },
          fields: {},
        }
      : { ...withRequestId(request), action: 'SignedUpdateFirmware' },
  withRequestId,
)

function withRequestId({ requestId, location, retrieveDateMs, installDateMs, signed }: FirmwareRequest): Command {
  const installDateTime = installDateMs === undefined ? {} : { installDateTime: isoTime(installDateMs) }
  const firmware = { location, retrieveDateTime: isoTime(retrieveDateMs), ...installDateTime, ...signed }
  return {
    action: 'UpdateFirmware',
    payload: { requestId, firmware },
    fields: {
      '/firmware/location': 'location',
      '/firmware/retrieveDateTime': 'retrieveDate',
      '/firmware/installDateTime': 'installDate',
      '/firmware/signature': 'signature',
      '/firmware/signingCertificate': 'signingCertificate',
    },
  }
}
