// Functional block G, availability: whether a charge point is alive, and the status of its connectors.

import { adapting, rowsOf, timedBy } from '../rows.ts'
import { statusNotification16, statusNotification201 } from './connector-status.ts'
import { adaptedAvailability } from './commands.ts'
import { heartbeat } from './heartbeat.ts'

const { served, toChargePoint } = rowsOf('availability')

export const availability16 = {
  Heartbeat: served('1.6 §4.6', 'batched', heartbeat),
  StatusNotification: timedBy('timestamp', served('1.6 §4.9', 'committed', statusNotification16)),
  ChangeAvailability: adapting(adaptedAvailability, toChargePoint('1.6 §5.2', ['StatusNotification'])),
}

export const availability201 = {
  StatusNotification: timedBy('timestamp', served('2.0.1 G01', 'committed', statusNotification201)),
  Heartbeat: served('2.0.1 G02', 'batched', heartbeat),
  ChangeAvailability: adapting(
    adaptedAvailability,
    toChargePoint('2.0.1 G03-G04', ['StatusNotification', 'NotifyEvent']),
  ),
}

export const availability21 = {
  StatusNotification: timedBy('timestamp', served('2.1 G01', 'committed', statusNotification201)),
  Heartbeat: served('2.1 G02', 'batched', heartbeat),
  ChangeAvailability: adapting(
    adaptedAvailability,
    toChargePoint('2.1 G03-G04', ['StatusNotification', 'NotifyEvent']),
  ),
}
