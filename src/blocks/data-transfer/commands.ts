// Functional block P, data transfer: the command of an operator in each version.

import { type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, outcomeOf } from '../command.ts'
import type { Payload } from '../values.ts'

export interface TransferRequest {
  readonly vendorId: string
  readonly messageId?: string | undefined
  /** Any JSON. */
  readonly data?: unknown
}

/** What `data` may be in a version: text in 1.6 (§6.17), anything in 2.x. */
export const transferData = since2<(data: unknown) => unknown>(
  (data) => (typeof data === 'string' ? data : JSON.stringify(data)),
  (data) => data,
)

/** DataTransfer to the charge point (1.6 §5.6, 2.0.1 P01). */
export function transferCommand(version: OcppVersion, { vendorId, messageId, data }: TransferRequest): Command {
  const payload: Payload = {
    vendorId,
    ...(messageId === undefined ? {} : { messageId }),
    ...(data === undefined ? {} : { data: transferData[version](data) }),
  }
  return { action: 'DataTransfer', payload, fields: {} }
}

const messages: Readonly<Record<string, string>> = {
  UnknownVendorId: 'The charge point does not know this vendor',
  UnknownMessageId: 'The charge point does not know this message of the vendor',
}

/** The outcome of a data transfer. */
export function transferOutcome(status: string): CommandOutcome {
  const message = Object.hasOwn(messages, status) ? messages[status] : undefined
  if (message !== undefined) return { status, message }
  return outcomeOf(status, 'The charge point has taken the data', 'data transfer')
}
