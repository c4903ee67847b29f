// From an action to its handler, per version. The types come from the message tables: a row marked as served, without a
// standing answer and without a handler here does not compile, and neither does a handler without such a row.

import type { OCPP16, OCPP20 } from 'typed-ocpp'
import type { HandledAction, MessageTable } from '../ocpp/message.ts'
import { v16 } from '../ocpp/v16.ts'
import { v201 } from '../ocpp/v201.ts'
import type { OcppVersion } from '../ocpp/version.ts'
import { authorize16, authorize201 } from './authorization.ts'
import { statusNotification16, statusNotification201 } from './availability.ts'
import { dataTransfer } from './data-transfer.ts'
import type { Handler, Payload } from './decision.ts'
import { diagnosticsStatusNotification, logStatusNotification } from './diagnostics.ts'
import { firmwareStatusNotification, signedFirmwareStatusNotification } from './firmware.ts'
import { meterValues16, meterValues201, type WithoutMeterValues } from './metering.ts'
import { keepStored } from './notification.ts'
import { bootNotification16, bootNotification201, heartbeat, notifyReport } from './provisioning.ts'
import { notifyEvent } from './state-events.ts'
import { startTransaction, stopTransaction } from './transactions-16.ts'
import { transactionEvent } from './transactions-201.ts'

type Requests<Call extends readonly [unknown, unknown, string, unknown]> = { [C in Call as `${C[2]}`]: C[3] }

type Handlers<Table extends MessageTable, Request> = {
  readonly [Action in HandledAction<Table>]: Action extends keyof Request
    ? Handler<WithoutMeterValues<Request[Action]>>
    : never
}

const handlers16: Handlers<typeof v16, Requests<OCPP16.Call>> = {
  Authorize: authorize16,
  BootNotification: bootNotification16,
  DataTransfer: dataTransfer,
  DiagnosticsStatusNotification: diagnosticsStatusNotification,
  FirmwareStatusNotification: firmwareStatusNotification,
  Heartbeat: heartbeat,
  LogStatusNotification: logStatusNotification,
  MeterValues: meterValues16,
  SignedFirmwareStatusNotification: signedFirmwareStatusNotification,
  StartTransaction: startTransaction,
  StatusNotification: statusNotification16,
  StopTransaction: stopTransaction,
}

const handlers201: Handlers<typeof v201, Requests<OCPP20.Call>> = {
  Authorize: authorize201,
  BootNotification: bootNotification201,
  DataTransfer: dataTransfer,
  FirmwareStatusNotification: firmwareStatusNotification,
  Heartbeat: heartbeat,
  LogStatusNotification: logStatusNotification,
  MeterValues: meterValues201,
  NotifyEvent: notifyEvent,
  NotifyReport: notifyReport,
  StatusNotification: statusNotification201,
  TransactionEvent: transactionEvent,
}

// The table's key says which payload a handler takes, and the payload has been checked against the schema of that key
// before it comes here; the compiler cannot follow that through a look-up by a string from the wire.
const handlers = {
  '1.6': { ...storedHandlers(v16), ...handlers16 } as Readonly<Record<string, unknown>>,
  '2.0.1': { ...storedHandlers(v201), ...handlers201 } as Readonly<Record<string, unknown>>,
  '2.1': {},
} satisfies Record<OcppVersion, Readonly<Record<string, unknown>>>

/** A handler for each row with a standing answer. */
function storedHandlers(table: MessageTable): Readonly<Record<string, Handler<Payload>>> {
  const handlers: Record<string, Handler<Payload>> = {}
  for (const [action, { standingAnswer }] of Object.entries(table)) {
    if (standingAnswer !== null) handlers[action] = keepStored(action, standingAnswer)
  }
  return handlers
}

/** The handler of a served action; undefined when the version does not serve it. */
export function handlerOf(version: OcppVersion, action: string): Handler<Payload> | undefined {
  const table: Readonly<Record<string, unknown>> = handlers[version]
  return Object.hasOwn(table, action) ? (table[action] as Handler<Payload>) : undefined
}
