// The message that says nothing but that its charge point lives.

import type { OCPP16 } from 'typed-ocpp'
import { isoTime } from '../../base/clock.ts'
import type { Decision, Handler } from '../decision.ts'

/** 1.6 §4.6, 2.0.1 G02. Answered at once: that the charge point lives is written in batches. */
export const heartbeat: Handler<OCPP16.HeartbeatRequest> = {
  decide: (_payload, { nowMs }) => (nowMs === lastHeard.atMs ? lastHeard.decision : hear(nowMs)),
}

// A busy node decides on dozens of heartbeats in one millisecond, and on all of them alike.
let lastHeard = { atMs: Number.NaN, decision: heardAt(0) }

function hear(nowMs: number): Decision {
  lastHeard = { atMs: nowMs, decision: heardAt(nowMs) }
  return lastHeard.decision
}

function heardAt(nowMs: number): Decision {
  return { answer: { currentTime: isoTime(nowMs) }, changes: [], anomalies: [], events: [] }
}
