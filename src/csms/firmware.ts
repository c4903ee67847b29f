// Functional block L, firmware: how far an update has come.

import type { OCPP16, OCPP20 } from 'typed-ocpp'
import type { Handler } from './decision.ts'
import { notification } from './notification.ts'

/** 1.6 §4.5, 2.0.1 L01. */
export const firmwareStatusNotification: Handler<
  OCPP16.FirmwareStatusNotificationRequest | OCPP20.FirmwareStatusNotificationRequest
> = {
  decide: (payload, known) =>
    notification('FirmwareStatusNotification', known, undefined, {
      kind: 'activity',
      activity: 'firmware',
      status: payload.status,
    }),
}

/** 1.6 security whitepaper §5.17. */
export const signedFirmwareStatusNotification: Handler<OCPP16.SignedFirmwareStatusNotificationRequest> = {
  decide: (payload, known) =>
    notification('SignedFirmwareStatusNotification', known, undefined, {
      kind: 'activity',
      activity: 'firmware',
      status: payload.status,
    }),
}
