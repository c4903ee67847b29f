// Functional blocks K and Q of 2.1: priority charging (K21), dynamic schedules (K28), allowed energy transfers (Q01),
// and aFRR signals (Q07). 1.6 and 2.0.1 have none of them.

import { isoTime } from '../../base/clock.ts'
import { integerMax } from '../../base/limits.ts'
import { type OcppVersion, since21 } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, type NoCommand, outcomeOf } from '../command.ts'
import type { Learned } from '../message-row.ts'
import type { Payload } from '../values.ts'

/** The command of 2.1, and the reason why other versions have none. */
export function only21<Request>(
  action: string,
  payloadOf: (request: Request) => Payload,
  fields: Command['fields'] = {},
) {
  const commands = since21<(request: Request) => Command | NoCommand>(
    () => ({ reason: `Only OCPP 2.1 has ${action}` }),
    (request) => ({ action, payload: payloadOf(request), fields }),
  )
  return (version: OcppVersion, request: Request) => commands[version](request)
}

/** UsePriorityCharging (2.1 K21): the transaction by the id of its charge point. */
export const priorityCommand = only21<{ readonly stationTransactionId: string; readonly activate: boolean }>(
  'UsePriorityCharging',
  ({ stationTransactionId, activate }) => ({ transactionId: stationTransactionId, activate }),
  { '/transactionId': 'transactionId' },
)

/** The outcome of `priorityCommand`. */
export function priorityOutcome(status: string): CommandOutcome {
  return status === 'NoProfile'
    ? { status, message: 'The charge point has no charging profile for priority charging' }
    : outcomeOf(status, 'The charge point has switched priority charging', 'switch of priority charging')
}

/** 2.1 K21: after Accepted no NotifyPriorityCharging follows. */
export const prioritySet: Learned = ({ transactionId, activate }, { status }) =>
  status === 'Accepted' && typeof transactionId === 'string' && typeof activate === 'boolean'
    ? [{ table: 'priorityCharging', row: { stationTransactionId: transactionId, isActive: activate } }]
    : []

/** UpdateDynamicSchedule (2.1 K28). */
export const dynamicScheduleCommand = only21<{ readonly profileId: number; readonly scheduleUpdate: Payload }>(
  'UpdateDynamicSchedule',
  ({ profileId, scheduleUpdate }) => ({ chargingProfileId: profileId, scheduleUpdate }),
  { '/chargingProfileId': 'profileId' },
)

/** The outcome of `dynamicScheduleCommand`. */
export function dynamicScheduleOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'The charge point has the new limits', 'update of a dynamic schedule')
}

/** NotifyAllowedEnergyTransfer (2.1 Q01). */
export const allowedTransferCommand = only21<{
  readonly stationTransactionId: string
  readonly allowedEnergyTransfer: readonly string[]
}>(
  'NotifyAllowedEnergyTransfer',
  ({ stationTransactionId, allowedEnergyTransfer }) => ({ transactionId: stationTransactionId, allowedEnergyTransfer }),
  { '/transactionId': 'transactionId' },
)

/** The outcome of `allowedTransferCommand`. */
export function allowedTransferOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'The charge point knows how energy may flow', 'allowed energy transfer')
}

/** 2.1 Q01: what the charge point has accepted. */
export const transferAllowed: Learned = ({ transactionId, allowedEnergyTransfer }, { status }) =>
  status === 'Accepted' && typeof transactionId === 'string' && Array.isArray(allowedEnergyTransfer)
    ? [
        {
          table: 'allowedEnergyTransfers',
          row: { stationTransactionId: transactionId, allowed: allowedEnergyTransfer },
        },
      ]
    : []

/** AFRRSignal (2.1 Q07). */
export const afrrCommand = only21<{ readonly signal: number; readonly atMs: number }>(
  'AFRRSignal',
  ({ signal, atMs }) => ({ timestamp: isoTime(atMs), signal }),
)

/** The outcome of `afrrCommand`. */
export function afrrOutcome(status: string): CommandOutcome {
  return outcomeOf(status, 'The charge point follows the signal', 'aFRR signal')
}

/** 2.1 Q07: the signal, with what became of it. */
export const afrrSignalled: Learned = ({ timestamp, signal }, { status }) => {
  const signalAtMs = typeof timestamp === 'string' ? Date.parse(timestamp) : Number.NaN
  const isSignal = typeof signal === 'number' && Number.isInteger(signal) && Math.abs(signal) <= integerMax
  if (Number.isNaN(signalAtMs) || !isSignal || typeof status !== 'string') return []
  return [{ table: 'afrrSignals', row: { signalAtMs, signal, status } }]
}
