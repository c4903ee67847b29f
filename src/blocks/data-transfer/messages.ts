// Functional block P, data transfer: messages that vendors add to the protocol.

import type { OCPP16, OCPP20, OCPP21 } from 'typed-ocpp'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'
import { bothWays, keeping, rowsOf } from '../rows.ts'

const { served } = rowsOf('data-transfer')

// Stator implements no vendor's messages, so the answer must be UnknownVendorId (1.6 §4.3, 2.0.1 P02).
const dataTransfer: Handler<OCPP16.DataTransferRequest | OCPP20.DataTransferRequest | OCPP21.DataTransferRequest> = {
  decide: (_payload, known) => ({ ...notification(known), answer: { status: 'UnknownVendorId' } }),
}

export const dataTransfer16 = {
  DataTransfer: keeping(['data'], bothWays(served('1.6 §4.3, §5.6', 'committed', dataTransfer))),
}

export const dataTransfer201 = {
  DataTransfer: keeping(['data'], bothWays(served('2.0.1 P01-P02', 'committed', dataTransfer))),
}

export const dataTransfer21 = {
  DataTransfer: keeping(['data'], bothWays(served('2.1 P01-P02', 'committed', dataTransfer))),
}
