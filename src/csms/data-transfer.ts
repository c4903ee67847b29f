// Functional block P, data transfer: what vendors add to the protocol.

import type { OCPP16, OCPP20 } from 'typed-ocpp'
import type { Handler } from './decision.ts'
import { notification } from './notification.ts'

/**
 * 1.6 §4.3, 2.0.1 P02. Stored, and answered with UnknownVendorId: Stator implements no vendor's messages, and a
 * central system that knows no vendor must say so.
 */
export const dataTransfer: Handler<OCPP16.DataTransferRequest | OCPP20.DataTransferRequest> = {
  decide: (_payload, known) => ({
    ...notification('DataTransfer', known),
    answer: { status: 'UnknownVendorId' },
  }),
}
