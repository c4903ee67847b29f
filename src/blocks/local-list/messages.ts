// Functional block D, local authorization list: the id tokens that a charge point accepts while it is offline.

import { rowsOf } from '../rows.ts'

const { toChargePoint } = rowsOf('local-list')

export const localList16 = {
  GetLocalListVersion: toChargePoint('1.6 §5.10'),
  SendLocalList: toChargePoint('1.6 §5.15'),
}

export const localList201 = {
  SendLocalList: toChargePoint('2.0.1 D01'),
  GetLocalListVersion: toChargePoint('2.0.1 D02'),
}

export const localList21 = {
  SendLocalList: toChargePoint('2.1 D01'),
  GetLocalListVersion: toChargePoint('2.1 D02'),
}
