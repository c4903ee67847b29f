// Payments at charge points of 2.1: what became of them (C19-C22), and those on a web page (C25).

import type { OCPP21 } from 'typed-ocpp'
import { type OcppVersion, since21 } from '../../ocpp/version.ts'
import { integerMax } from '../../base/limits.ts'
import type { Command, NoCommand } from '../command.ts'
import type { Handler } from '../decision.ts'
import type { Learned } from '../message-row.ts'
import { notification, timeMs } from '../notification.ts'
import { stationTransactionIdOf } from '../station-transaction-id.ts'

/** NotifySettlement: a payment was settled, or was not. */
export const notifySettlement: Handler<OCPP21.NotifySettlementRequest> = {
  decide: ({ transactionId, pspRef, status, settlementAmount, settlementTime }, known) =>
    notification(known, settlementTime, {
      table: 'settlements',
      row: {
        pspRef,
        settledAtMs: timeMs(settlementTime, known.receivedAtMs),
        status,
        stationTransactionId: transactionId === undefined ? null : stationTransactionIdOf(transactionId),
        amount: settlementAmount,
        payload: known.verbatim,
      },
    }),
}

/** Someone pays on a web page for a transaction that is to start at this EVSE. */
export interface WebPaymentRequest {
  readonly evseId: number
  readonly timeoutSeconds: number
}

/** NotifyWebPaymentStarted (2.1 C25). */
export function webPaymentCommand(version: OcppVersion, request: WebPaymentRequest): Command | NoCommand {
  return webPaymentCommands[version](request)
}

const webPaymentCommands = since21<(request: WebPaymentRequest) => Command | NoCommand>(
  () => ({ reason: 'Only OCPP 2.1 has NotifyWebPaymentStarted' }),
  ({ evseId, timeoutSeconds }) => ({
    action: 'NotifyWebPaymentStarted',
    payload: { evseId, timeout: timeoutSeconds },
    fields: { '/timeout': 'timeoutSeconds' },
  }),
)

/** 2.1 C25: the charge point was told. */
export const webPaymentStarted: Learned = ({ evseId, timeout }) =>
  isNumber(evseId) && isNumber(timeout) ? [{ table: 'webPayments', row: { evseId, timeoutSeconds: timeout } }] : []

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= integerMax
}
