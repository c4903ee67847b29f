// NotifyPriorityCharging (2.1 K21, K22): priority charging was switched at the charge point.

import type { OCPP21 } from 'typed-ocpp'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'

/** The last word about a transaction counts, whoever said it. */
export const notifyPriorityCharging: Handler<OCPP21.NotifyPriorityChargingRequest> = {
  decide: ({ transactionId, activated }, known) =>
    notification(known, undefined, {
      table: 'priorityCharging',
      row: { stationTransactionId: transactionId, isActive: activated },
    }),
}
