// Functional block P, data transfer: messages that vendors add to the protocol. All of them are stored as events; which
// ones are accepted is what operators have registered (`vendor.ts`).

import type { OCPP16, OCPP20, OCPP21 } from 'typed-ocpp'
import type { OcppVersion } from '../../ocpp/version.ts'
import type { Handler } from '../decision.ts'
import { notification } from '../notification.ts'
import { bothWays, keeping, rowsOf } from '../rows.ts'
import { transferData } from './commands.ts'
import { transferAnswer } from './vendor.ts'

const { served } = rowsOf('data-transfer')

type Request = OCPP16.DataTransferRequest | OCPP20.DataTransferRequest | OCPP21.DataTransferRequest

/** A vendor that is not registered is answered with UnknownVendorId (1.6 §4.3, 2.0.1 P02). */
function dataTransfer(version: OcppVersion): Handler<Request> {
  return {
    needs: ({ vendorId }) => ({ transferVendor: vendorId }),
    decide: ({ messageId }, known) => ({
      ...notification(known),
      answer: transferAnswer(known.transferVendor, messageId, transferData[version]),
    }),
  }
}

export const dataTransfer16 = {
  DataTransfer: keeping(['data'], bothWays(served('1.6 §4.3, §5.6', 'committed', dataTransfer('1.6')))),
}

export const dataTransfer201 = {
  DataTransfer: keeping(['data'], bothWays(served('2.0.1 P01-P02', 'committed', dataTransfer('2.0.1')))),
}

export const dataTransfer21 = {
  DataTransfer: keeping(['data'], bothWays(served('2.1 P01-P02', 'committed', dataTransfer('2.1')))),
}
