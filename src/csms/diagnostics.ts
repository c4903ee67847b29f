// Functional block N, diagnostics: uploads of logs.

import type { OCPP16, OCPP20 } from 'typed-ocpp'
import type { Handler } from './decision.ts'
import { notification } from './notification.ts'

/** 1.6 §4.4. */
export const diagnosticsStatusNotification: Handler<OCPP16.DiagnosticsStatusNotificationRequest> = {
  decide: (payload, known) =>
    notification('DiagnosticsStatusNotification', known, undefined, {
      kind: 'activity',
      activity: 'diagnostics',
      status: payload.status,
    }),
}

/** 1.6 security whitepaper §5.10, 2.0.1 N01. */
export const logStatusNotification: Handler<OCPP16.LogStatusNotificationRequest | OCPP20.LogStatusNotificationRequest> =
  {
    decide: (payload, known) =>
      notification('LogStatusNotification', known, undefined, {
        kind: 'activity',
        activity: 'log',
        status: payload.status,
      }),
  }
