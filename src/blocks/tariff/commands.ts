// Functional block I: costs and tariffs that Stator sends to charge points.

import { isObject } from '../../base/json.ts'
import { withDefined } from '../../base/with-defined.ts'
import { type ByVersion, type OcppVersion, since2 } from '../../ocpp/version.ts'
import { type Command, type CommandOutcome, type NoCommand, outcomeOf } from '../command.ts'
import type { Payload } from '../values.ts'
import type { TariffAssignment } from './cost-records.ts'
import type { TariffCriteria } from './registry.ts'

/** A transaction as its charge point names it, and what it costs so far. */
export interface CostRequest {
  readonly stationTransactionId: string
  readonly totalCost: number
}

/** CostUpdated (2.0.1 I02). */
export function costUpdatedCommand(version: OcppVersion, request: CostRequest): Command | NoCommand {
  return costs[version](request)
}

const costs = since2<(request: CostRequest) => Command | NoCommand>(
  () => ({ reason: 'OCPP 1.6 has no message for the cost of a transaction' }),
  ({ totalCost, stationTransactionId }) => ({
    action: 'CostUpdated',
    payload: { totalCost, transactionId: stationTransactionId },
    fields: { '/transactionId': 'transactionId' },
  }),
)

type TariffCall = (payload: Payload, fields: Command['fields']) => Command | NoCommand

/** A CALL about tariffs at charge points: 2.1 alone has them. */
function inVersions(action: string): ByVersion<TariffCall> {
  const none = (version: string): TariffCall => {
    const reason = `OCPP ${version} has no tariffs at charge points (${action} is of OCPP 2.1)`
    return () => ({ reason })
  }
  return {
    '1.6': none('1.6'),
    '2.0.1': none('2.0.1'),
    '2.1': (payload, fields) => ({ action, payload, fields }),
  }
}

const sets = inVersions('SetDefaultTariff')
const changes = inVersions('ChangeTransactionTariff')
const clears = inVersions('ClearTariffs')
const asks = inVersions('GetTariffs')

/** SetDefaultTariff (2.1 I07). */
export function setDefaultTariffCommand(version: OcppVersion, evseId: number, tariff: Payload): Command | NoCommand {
  return sets[version]({ evseId, tariff }, {})
}

/** ChangeTransactionTariff (2.1 I11). */
export function changeTariffCommand(
  version: OcppVersion,
  stationTransactionId: string,
  tariff: Payload,
): Command | NoCommand {
  return changes[version]({ tariff, transactionId: stationTransactionId }, {})
}

/** ClearTariffs (2.1 I10). Without criteria: all default tariffs. */
export function clearTariffsCommand(version: OcppVersion, criteria: TariffCriteria): Command | NoCommand {
  return clears[version](withDefined({ ...criteria }), {})
}

/** GetTariffs (2.1 I09). */
export function getTariffsCommand(version: OcppVersion, evseId: number): Command | NoCommand {
  return asks[version]({ evseId }, {})
}

const refusals: Readonly<Record<string, string>> = {
  TooManyElements: 'The tariff has more elements than the charge point can hold',
  ConditionNotSupported: 'The tariff has a condition that the charge point does not support',
  DuplicateTariffId: 'The charge point has another tariff with this tariffId',
  TxNotFound: 'The charge point does not know the transaction',
  NoCurrencyChange: 'The tariff has another currency than the transaction',
  NoTariff: 'The charge point has no such tariff',
}

/** The outcome of setting or changing a tariff. */
export function tariffOutcome(status: string): CommandOutcome {
  const message = Object.hasOwn(refusals, status) ? refusals[status] : undefined
  return message === undefined ? outcomeOf(status, 'The charge point has the tariff', 'tariff') : { status, message }
}

/** What became of one tariff that was to be cleared. */
export interface ClearedTariff {
  /** Null: the charge point does not say which. */
  readonly tariffId: string | null
  readonly status: string
  readonly message: string
}

/** The results in the answer to ClearTariffs. */
export function clearedTariffs({ clearTariffsResult }: Payload): readonly ClearedTariff[] {
  if (!Array.isArray(clearTariffsResult)) return []
  return clearTariffsResult.filter(isObject).map(({ tariffId, status }) => {
    const said = typeof status === 'string' ? status : ''
    const noTariff = Object.hasOwn(refusals, said) ? refusals[said] : undefined
    const { message } = outcomeOf(said, 'The charge point has cleared the tariff', 'clearing of the tariff')
    return { tariffId: typeof tariffId === 'string' ? tariffId : null, status: said, message: noTariff ?? message }
  })
}

/** Which of the tariffs that were meant the charge point does not have any more; null: none of them. */
export function noLongerThere(results: readonly ClearedTariff[], meant: TariffCriteria): TariffCriteria | null {
  const gone = results.filter(({ status }) => status === 'Accepted' || status === 'NoTariff')
  if (gone.length === 0) return null
  const tariffIds = gone.flatMap(({ tariffId }) => tariffId ?? [])
  // One that names none is about all that were meant.
  return tariffIds.length < gone.length ? (gone.length === results.length ? meant : null) : { ...meant, tariffIds }
}

/** The tariffs in the answer to GetTariffs. */
export function assignmentsOf({ tariffAssignments }: Payload): readonly TariffAssignment[] {
  if (!Array.isArray(tariffAssignments)) return []
  return tariffAssignments.filter(isObject).flatMap(({ tariffId, tariffKind, validFrom, evseIds, idTokens }) => {
    if (typeof tariffId !== 'string') return []
    const numbers = Array.isArray(evseIds) ? evseIds.filter((one) => typeof one === 'number') : undefined
    const tokens = Array.isArray(idTokens) ? idTokens.filter((one) => typeof one === 'string') : undefined
    return {
      tariffId,
      tariffKind: typeof tariffKind === 'string' ? tariffKind : '',
      ...(typeof validFrom === 'string' ? { validFrom } : {}),
      ...withDefined({ evseIds: numbers, idTokens: tokens }),
    }
  })
}
