// How transactions look in answers.

import { z } from '@hono/zod-openapi'
import { isoTime } from '../../base/clock.ts'
import type { CorrectionRecord, EnteredEnd as EnteredEndRecord, Ghost, TransactionRecord } from '../records.ts'
import { lastRegisterOf, transactionItem } from './transaction-item.ts'
import { Time } from '../../api/responses.ts'

export const TransactionItem = z
  .object({
    transactionId: z.int().openapi({ example: 12345 }),
    chargePointId: z.string().openapi({ example: 'CP001' }),
    connectorId: z.int().openapi({ description: 'OCPP 2.x: the EVSE.', example: 1 }),
    idTag: z.string().nullable().openapi({ example: 'USER123' }),
    startTime: Time,
    stopTime: Time.nullable(),
    meterStart: z
      .number()
      .nullable()
      .openapi({ description: 'Register of the meter at the start, in Wh.', example: 1000 }),
    meterStop: z.number().nullable().openapi({
      description:
        'Register of the meter at the end, in Wh. If an operator closed the transaction without one, the last register of its meter values.',
      example: 15000,
    }),
    energyConsumed: z.number().nullable().openapi({
      description:
        'Energy, in kWh (the registers are in Wh). 0 if the meter fell by rounding (up to 1 Wh). null while the transaction is open, if the energy is unknown, or if the meter fell by more than 1 Wh.',
      example: 14,
    }),
    energySource: z.enum(['register', 'lastRegister', 'intervals', 'operator']).nullable().openapi({
      description:
        'Source of energyConsumed: the registers of start and stop, the last register of its meter values, the sum of their intervals, or an operator’s entry.',
      example: 'register',
    }),
    energySoFar: z
      .number()
      .nullable()
      .openapi({ description: 'Energy of an open transaction, in kWh; null once it has stopped.', example: null }),
    stopReason: z.string().nullable().openapi({ description: 'As the charge point sent it.', example: 'Local' }),
  })
  .openapi('TransactionItem')

export const Transaction = TransactionItem.extend({
  evseId: z.int(),
  stationTransactionId: z
    .string()
    .nullable()
    .openapi({ description: 'The id that an OCPP 2.x charge point gave the transaction.' }),
  open: z.boolean(),
  closedBy: z.enum(['station', 'operator']).nullable(),
  meterStopSource: z.enum(['station', 'operator', 'lastRegister']).nullable().openapi({
    description:
      'Who said `meterStop`: the charge point, or the operator who closed the transaction. `lastRegister`: the operator did not, and it is the last register of its meter values.',
    example: 'station',
  }),
  chargingState: z.string().nullable().openapi({ description: 'OCPP 2.x, as last reported.' }),
  idTagType: z.string().nullable(),
  idTagStatus: z
    .string()
    .nullable()
    .openapi({ description: 'The status of the tag in the answer to the charge point.' }),
  stopIdTag: z.string().nullable(),
  reservationId: z.int().nullable(),
  remoteStartId: z.int().nullable(),
  corrections: z.int().openapi({
    description: 'How often operators have corrected the end that an operator entered; `GET …/corrections` lists them.',
    example: 0,
  }),
  ghost: z.array(z.object({ reason: z.enum(['connectorAvailable', 'chargePointGone']), since: Time })).openapi({
    description:
      'Why the open transaction seems to be over: its connector has been Available for a long time and no message about it has come, or its charge point has been gone for a long time. Empty otherwise, and again once the transaction continues or stops.',
    example: [],
  }),
}).openapi('Transaction')

const EnteredEnd = z
  .object({
    stopTime: Time,
    meterStop: z.number().nullable().openapi({
      description: 'Register of the meter at the end, in Wh; null if none was entered.',
      example: 5000,
    }),
    stopReason: z.string().nullable().openapi({ example: 'Other' }),
  })
  .openapi('EnteredEnd')

export const Correction = z
  .object({
    at: Time,
    operator: z.string().openapi({ description: 'Name of the operator’s API key.', example: 'admin' }),
    before: EnteredEnd,
    after: EnteredEnd,
  })
  .openapi('Correction')

/** Everything that is stored about a transaction, and the reasons why it counts as a ghost. */
export function transactionView(record: TransactionRecord, ghosts: readonly Ghost[]): z.infer<typeof Transaction> {
  return {
    ...transactionItem(record),
    evseId: record.evseId,
    stationTransactionId: record.stationTransactionId,
    open: record.open,
    closedBy: record.closedBy,
    meterStopSource: meterStopSource(record),
    chargingState: record.chargingState,
    idTagType: record.idTokenType,
    idTagStatus: record.idTokenStatus,
    stopIdTag: record.stopIdToken,
    reservationId: record.reservationId,
    remoteStartId: record.remoteStartId,
    corrections: record.corrections,
    ghost: ghosts.map(({ reason, sinceMs }) => ({ reason, since: isoTime(sinceMs) })),
  }
}

/** A correction, with the end before and after it. */
export function correctionView({ atMs, operator, before, after }: CorrectionRecord): z.infer<typeof Correction> {
  return { at: isoTime(atMs), operator, before: endView(before), after: endView(after) }
}

function endView({ stoppedAtMs, meterStopWh, stopReason }: EnteredEndRecord): z.infer<typeof EnteredEnd> {
  return { stopTime: isoTime(stoppedAtMs), meterStop: meterStopWh, stopReason }
}

function meterStopSource(record: TransactionRecord): z.infer<typeof Transaction>['meterStopSource'] {
  if (record.meterStopWh !== null) return record.closedBy
  return lastRegisterOf(record) === null ? null : 'lastRegister'
}
