// Functional block I, tariffs and costs. 1.6 does not have it.

import { learning, rowsOf } from '../rows.ts'
import { tariffsLearned } from './reported-tariffs.ts'

const { toChargePoint } = rowsOf('tariff')

export const tariff201 = {
  CostUpdated: toChargePoint('2.0.1 I02'),
}

export const tariff21 = {
  CostUpdated: toChargePoint('2.1 I02'),
  SetDefaultTariff: toChargePoint('2.1 I07'),
  GetTariffs: learning(tariffsLearned, toChargePoint('2.1 I09')),
  ClearTariffs: toChargePoint('2.1 I10'),
  ChangeTransactionTariff: toChargePoint('2.1 I11'),
}
