// Requests that are split into several messages: what a charge point takes in one, and sending them one by one.

import type { ApiDeps } from '../../api/deps.ts'
import { sendCommand } from '../../api/send-command.ts'
import { StatorError } from '../../base/errors.ts'
import { pageSizeMax, splitRequestMsMax, variablesPerCallMax } from '../../base/limits.ts'
import type { OcppVersion } from '../../ocpp/version.ts'
import type { ChargePointRecord } from '../records.ts'
import { limitsComponent, limitsOf, type MessageLimits, type SplitCall } from './message-limits.ts'

/** What a charge point takes in one message, as far as it has told it. */
export async function messageLimits(
  { queries }: Pick<ApiDeps, 'queries'>,
  { key }: Pick<ChargePointRecord, 'key'>,
  version: OcppVersion,
  message: string,
  { component = limitsComponent[version], itemsUnknown = variablesPerCallMax } = {},
): Promise<MessageLimits> {
  const names = ['PerMessage', 'MaxKeys']
  const page = { page: 1, pageSize: pageSizeMax }
  const found = await Promise.all(
    names.map((variable) => queries.variablesOf({ chargePointKey: key, component, variable }, page)),
  )
  return limitsOf(
    version,
    message,
    found.flatMap(({ items }) => items),
    itemsUnknown,
  )
}

/** What is known about an entry: what the charge point says, or why it says nothing. */
export type Told<Result> = Result | { readonly index: number; readonly error: string }

const tooLate = `It was not sent: the messages before it took ${splitRequestMsMax / 1_000} s; ask for it in a request of its own`

/**
 * Sends the CALLs one after the other. If one of them fails after others were answered, its entries have an error in
 * place of a result, and the rest is not sent and has none. After `splitRequestMsMax` the rest is not sent, either.
 *
 * @throws {StatorError} those of `sendCommand`, if the first one fails.
 */
export async function sendAll<Result extends { readonly index: number }>(
  deps: ApiDeps,
  chargePoint: ChargePointRecord,
  version: OcppVersion,
  calls: readonly SplitCall<Result>[],
): Promise<ReadonlyMap<number, Told<Result>>> {
  const results = new Map<number, Told<Result>>()
  const endsAtMs = deps.clock.nowMs() + splitRequestMsMax
  for (const { command, indices, read } of calls) {
    if (results.size > 0 && deps.clock.nowMs() >= endsAtMs) {
      for (const index of indices) results.set(index, { index, error: tooLate })
      continue
    }
    try {
      const { payload } = await sendCommand(deps, chargePoint, version, command)
      for (const result of read(payload)) results.set(result.index, result)
    } catch (error) {
      if (results.size === 0 || !(error instanceof StatorError)) throw error
      for (const index of indices) results.set(index, { index, error: error.message })
      break
    }
  }
  return results
}

/** The sentence for an entry that the charge point says nothing about; null: it does. */
export function whyNothing(told: Told<{ readonly status: string | null }> | undefined): string | null {
  if (told === undefined) return 'It was not sent: a message before it failed'
  if ('error' in told) return told.error
  return told.status === null ? 'The answer of the charge point says nothing about it' : null
}
