// How a charge point reacts to the CALLs of the central system.

import type { Payload } from '../../src/blocks/decision.ts'
import type { Random } from '../support/random.ts'
import type { AnswerHabit, ReportKind } from './plan.ts'
import type { Session } from './sessions.ts'
import type { Wire } from './simulated-network.ts'
import type { SimulatedTime } from './simulated-time.ts'

interface Asked {
  readonly wire: Wire
  readonly id: string
  readonly action: string
}

/** Answers a CALL, or leaves it unanswered. */
export function answerCall(habit: AnswerHabit, { wire, id, action }: Asked, time: SimulatedTime, random: Random): void {
  const status = action === 'GetConfiguration' || action === 'GetVariables' ? {} : { status: 'Accepted' }
  const answer = JSON.stringify([3, id, status])
  const soonMs = random.between(0, 400)
  const send = (delayMs: number, text: string): void => {
    time.after(delayMs, () => wire.send(text))
  }
  switch (habit) {
    case 'never':
      return
    case 'late':
      return send(random.between(31_000, 50_000), answer)
    case 'error':
      return send(soonMs, JSON.stringify([4, id, 'InternalError', '', {}]))
    case 'garbage':
      return send(soonMs, `[3,"${id}"`)
    case 'twice':
      send(soonMs, answer)
      return send(soonMs, answer)
    case 'inTime':
      return send(soonMs, answer)
  }
}

/** What a command asks for. */
type AskedFor =
  | {
      readonly what: 'start'
      readonly connectorId: number
      readonly idTag: string
      readonly remoteStartId: number | null
    }
  | { readonly what: 'stop'; readonly transactionId: unknown }
  | { readonly what: 'trigger'; readonly reports: ReportKind }

/** What a command asks for; null if the charge points of this simulation do not support it. */
export function askedIn(action: string, payload: Payload): AskedFor | null {
  switch (action) {
    case 'RemoteStartTransaction': {
      const { connectorId, idTag } = payload
      return { what: 'start', connectorId: Number(connectorId), idTag: String(idTag), remoteStartId: null }
    }
    case 'RequestStartTransaction': {
      const { idToken: idTag } = payload['idToken'] as { readonly idToken: string }
      const { evseId, remoteStartId } = payload
      return { what: 'start', connectorId: Number(evseId), idTag, remoteStartId: Number(remoteStartId) }
    }
    case 'RemoteStopTransaction':
    case 'RequestStopTransaction':
      return { what: 'stop', transactionId: payload['transactionId'] }
    case 'TriggerMessage':
      return { what: 'trigger', reports: payload['requestedMessage'] === 'Heartbeat' ? 'heartbeat' : 'status' }
    default:
      return null
  }
}

/** Whether a command that names `transactionId` is about the session. */
export function isNamed({ transactionId, stationTransactionId }: Session, named: unknown): boolean {
  return transactionId === named || stationTransactionId === named
}
