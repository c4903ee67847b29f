import { expect, test } from 'bun:test'
import {
  assignmentsOf,
  changeTariffCommand,
  clearedTariffs,
  clearTariffsCommand,
  costUpdatedCommand,
  getTariffsCommand,
  noLongerThere,
  setDefaultTariffCommand,
  tariffOutcome,
} from '../../../../src/blocks/tariff/commands.ts'
import { tariffsLearned } from '../../../../src/blocks/tariff/reported-tariffs.ts'
import type { Command, NoCommand } from '../../../../src/blocks/command.ts'
import { checkRequest } from '../../../../src/examine/schema.ts'
import type { OcppVersion } from '../../../../src/ocpp/version.ts'

const tariff = { tariffId: 'A', currency: 'EUR', energy: { prices: [{ priceKwh: 0.49 }] } }

const commands: readonly (readonly [string, (version: OcppVersion) => Command | NoCommand, object])[] = [
  ['SetDefaultTariff', (version) => setDefaultTariffCommand(version, 1, tariff), { evseId: 1, tariff }],
  ['ChangeTransactionTariff', (v) => changeTariffCommand(v, 'tx-1', tariff), { tariff, transactionId: 'tx-1' }],
  ['ClearTariffs', (v) => clearTariffsCommand(v, { tariffIds: ['A'], evseId: 1 }), { tariffIds: ['A'], evseId: 1 }],
  ['ClearTariffs', (version) => clearTariffsCommand(version, {}), {}],
  ['GetTariffs', (version) => getTariffsCommand(version, 0), { evseId: 0 }],
]

test.each(commands)('%s is sent to charge points of 2.1 alone', (action, commandOf, payload) => {
  expect(commandOf('2.1')).toEqual({ action, payload, fields: {} } as never)
  expect(checkRequest('2.1', action, { ...payload })).toEqual([])
  for (const version of ['1.6', '2.0.1'] as const) {
    const reason = `OCPP ${version} has no tariffs at charge points (${action} is of OCPP 2.1)`
    expect(commandOf(version)).toEqual({ reason })
  }
})

test('CostUpdated names the transaction as the charge point does', () => {
  const request = { stationTransactionId: 'tx-1', totalCost: 3.5 }
  for (const version of ['2.0.1', '2.1'] as const) {
    const payload = { totalCost: 3.5, transactionId: 'tx-1' }
    expect(costUpdatedCommand(version, request)).toMatchObject({ action: 'CostUpdated', payload })
    expect(checkRequest(version, 'CostUpdated', payload)).toEqual([])
  }
  expect(costUpdatedCommand('1.6', request)).toEqual({
    reason: 'OCPP 1.6 has no message for the cost of a transaction',
  })
})

test('every status of an answer has a sentence', () => {
  expect(tariffOutcome('Accepted').message).toBe('The charge point has the tariff')
  expect(tariffOutcome('TxNotFound').message).toBe('The charge point does not know the transaction')
  expect(tariffOutcome('Odd').message).toBe('The charge point answered the tariff with Odd')
  expect(tariffOutcome('toString').message).toBe('The charge point answered the tariff with toString')
})

test('of tariffs that were to be cleared, those are gone that were cleared or are not there', () => {
  const results = clearedTariffs({
    clearTariffsResult: [
      { tariffId: 'A', status: 'Accepted' },
      { tariffId: 'B', status: 'NoTariff' },
      { tariffId: 'C', status: 'Rejected' },
      'odd',
    ],
  })
  expect(results.map(({ tariffId, status }) => [tariffId, status])).toEqual([
    ['A', 'Accepted'],
    ['B', 'NoTariff'],
    ['C', 'Rejected'],
  ])
  expect(noLongerThere(results, { evseId: 1 })).toEqual({ evseId: 1, tariffIds: ['A', 'B'] })
  const unnamed = (...statuses: string[]) =>
    noLongerThere(clearedTariffs({ clearTariffsResult: statuses.map((status) => ({ status })) }), { evseId: 1 })
  expect(unnamed('Accepted')).toEqual({ evseId: 1 })
  expect(unnamed('Rejected')).toBeNull()
  expect(unnamed('Accepted', 'Rejected')).toBeNull()
  expect(clearedTariffs({})).toEqual([])
})

test('what an answer to GetTariffs tells takes the place of what was told of that EVSE', () => {
  const assignment = { tariffId: 'A', tariffKind: 'DefaultTariff', validFrom: '2026-01-01T00:00:00Z', evseIds: [1] }
  const answer = { status: 'Accepted', tariffAssignments: [{ ...assignment, more: 1 }, { tariffKind: 'no id' }, 3] }
  expect(assignmentsOf(answer)).toEqual([assignment])
  const row = (assignments: object[]) => [{ table: 'reportedTariffs', row: { evseId: 1, assignments } }] as never
  expect(tariffsLearned({ evseId: 1 }, answer)).toEqual(row([assignment]))
  expect(tariffsLearned({ evseId: 1 }, { status: 'NoTariff' })).toEqual(row([]))
  expect(tariffsLearned({ evseId: 1 }, { status: 'Rejected' })).toEqual([])
})
