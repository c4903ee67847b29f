// The tariffs that a simulated charge point of 2.1 has been given: a default one for each EVSE, and one for each
// transaction. It shows no prices.

import type { OCPP21 } from 'typed-ocpp'
import type { Station } from './station.ts'

/** The tariffs of `station`, by action. */
export function tariffs(station: Station) {
  /** EVSE to its default tariff. */
  const defaults = new Map<number, OCPP21.SetDefaultTariffRequest['tariff']>()
  /** 2.x transaction id to its tariff. */
  const ofTransactions = new Map<string, OCPP21.SetDefaultTariffRequest['tariff']>()

  /** The transaction tariffs whose transaction still runs. */
  function running(): readonly (readonly [id: string, tariffId: string, evseId: number, idTag: string])[] {
    return [...ofTransactions].flatMap(([id, { tariffId }]) => {
      const transaction = station.transaction(id)
      if (transaction !== undefined) return [[id, tariffId, transaction.connectorId, transaction.idTag] as const]
      ofTransactions.delete(id)
      return []
    })
  }

  return {
    SetDefaultTariff({ evseId, tariff }: OCPP21.SetDefaultTariffRequest): { answer: OCPP21.SetDefaultTariffResponse } {
      const evses = station.connectors.filter(({ connectorId }) => evseId === 0 || connectorId === evseId)
      if (evses.length === 0) return { answer: { status: 'Rejected', statusInfo: { reasonCode: 'UnknownEvse' } } }
      const isElsewhere = [...defaults].some(
        ([evse, { tariffId }]) =>
          tariffId === tariff.tariffId && !evses.some(({ connectorId }) => connectorId === evse),
      )
      if (isElsewhere) return { answer: { status: 'DuplicateTariffId' } }
      for (const { connectorId } of evses) defaults.set(connectorId, tariff)
      return { answer: { status: 'Accepted' } }
    },

    GetTariffs({ evseId }: OCPP21.GetTariffsRequest): { answer: OCPP21.GetTariffsResponse } {
      const isAsked = (evse: number): boolean => evseId === 0 || evse === evseId
      const found = [...defaults].filter(([evse]) => isAsked(evse))
      const ids = [...new Set(found.map(([, { tariffId }]) => tariffId))]
      const byDefault = ids.map((tariffId): OCPP21.GetTariffsResponse['tariffAssignments'] => [
        {
          tariffId,
          tariffKind: 'DefaultTariff',
          evseIds: found.filter(([, tariff]) => tariff.tariffId === tariffId).map(([evse]) => evse) as [number],
        },
      ])
      const byDriver = running()
        .filter(([, , evse]) => isAsked(evse))
        .map(([, tariffId, evse, idTag]): OCPP21.GetTariffsResponse['tariffAssignments'] => [
          { tariffId, tariffKind: 'DriverTariff', evseIds: [evse], idTokens: [idTag] },
        ])
      const [first, ...others] = [...byDefault, ...byDriver].flatMap((list) => list ?? [])
      if (first === undefined) return { answer: { status: 'NoTariff' } }
      return { answer: { status: 'Accepted', tariffAssignments: [first, ...others] } }
    },

    ClearTariffs({ tariffIds, evseId }: OCPP21.ClearTariffsRequest): { answer: OCPP21.ClearTariffsResponse } {
      const isMeant = (evse: number, id: string): boolean =>
        (evseId === undefined || evse === evseId) && (tariffIds === undefined || tariffIds.includes(id))
      const cleared = new Set<string>()
      for (const [evse, { tariffId }] of [...defaults]) {
        if (isMeant(evse, tariffId) && defaults.delete(evse)) cleared.add(tariffId)
      }
      for (const [id, tariffId, evse] of running()) {
        if (isMeant(evse, tariffId) && ofTransactions.delete(id)) cleared.add(tariffId)
      }
      const unknown = (tariffIds ?? []).filter((tariffId) => !cleared.has(tariffId))
      const [first = { status: 'NoTariff' as const }, ...others] = [
        ...[...cleared].map((tariffId) => ({ tariffId, status: 'Accepted' as const })),
        ...unknown.map((tariffId) => ({ tariffId, status: 'NoTariff' as const })),
      ]
      return { answer: { clearTariffsResult: [first, ...others] } }
    },

    ChangeTransactionTariff({ transactionId, tariff }: OCPP21.ChangeTransactionTariffRequest): {
      answer: OCPP21.ChangeTransactionTariffResponse
    } {
      const transaction = station.transaction(transactionId)
      if (transaction === undefined) return { answer: { status: 'TxNotFound' } }
      const before = ofTransactions.get(transactionId) ?? defaults.get(transaction.connectorId)
      if (before !== undefined && before.currency !== tariff.currency) return { answer: { status: 'NoCurrencyChange' } }
      ofTransactions.set(transactionId, tariff)
      return { answer: { status: 'Accepted' } }
    },
  }
}
