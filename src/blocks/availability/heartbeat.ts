// Heartbeat: it only says that the charge point is alive.

import type { OCPP16 } from 'typed-ocpp'
import { isoTime } from '../../base/clock.ts'
import type { Handler } from '../decision.ts'

/** 1.6 §4.6, 2.0.1 G02. Answered at once; that the charge point is alive is written in batches. */
export const heartbeat: Handler<OCPP16.HeartbeatRequest> = {
  decide: (_payload, { nowMs }) => ({
    answer: { currentTime: isoTime(nowMs) },
    changes: [],
    anomalies: [],
  }),
}
