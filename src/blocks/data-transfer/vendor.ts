// A vendor whose DataTransfer messages are accepted, and what they are answered with (1.6 §4.3, 2.0.1 P02).

import type { Payload } from '../values.ts'

/** The statuses that an operator may choose. The others say that the vendor or the message is not known. */
export const transferStatuses = ['Accepted', 'Rejected'] as const

/** What messages of a vendor are answered with. */
export interface TransferAnswer {
  readonly status: (typeof transferStatuses)[number]
  /** Any JSON. OCPP 1.6 has texts only: another value is sent there as JSON text. */
  readonly data?: unknown
}

/** A message of a vendor, with an answer of its own. */
export interface TransferMessage extends TransferAnswer {
  readonly messageId: string
}

export interface TransferVendor {
  readonly vendorId: string
  readonly description: string | null
  /** The answer, unless the message has one of its own. */
  readonly answer: TransferAnswer
  /** The messages that are known; null: all messages of the vendor are. */
  readonly messages: readonly TransferMessage[] | null
}

/**
 * The payload of the answer to a message.
 *
 * @param vendor null: it is not registered.
 * @param dataOf makes of `data` what the version allows.
 */
export function transferAnswer(
  vendor: TransferVendor | null,
  messageId: string | undefined,
  dataOf: (data: unknown) => unknown,
): Payload {
  if (vendor === null) return { status: 'UnknownVendorId' }
  const known = vendor.messages?.find((message) => message.messageId === messageId)
  // A message without a messageId is none of those that the operator has named.
  if (vendor.messages !== null && known === undefined) return { status: 'UnknownMessageId' }
  const { status, data } = known ?? vendor.answer
  return data === undefined ? { status } : { status, data: dataOf(data) }
}
