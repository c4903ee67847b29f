// Functional block A, security.

import type { OCPP16, OCPP20 } from 'typed-ocpp'
import type { Handler } from './decision.ts'
import { notification } from './notification.ts'

/** 1.6 security whitepaper §5.16, 2.0.1 A04. */
export const securityEventNotification: Handler<
  OCPP16.SecurityEventNotificationRequest | OCPP20.SecurityEventNotificationRequest
> = {
  decide: (payload, known) => notification('SecurityEventNotification', known, payload.timestamp),
}
