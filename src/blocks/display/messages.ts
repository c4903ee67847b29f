// Functional block O, display messages.

import { keeping, rowsOf } from '../rows.ts'

const { stored, toChargePoint } = rowsOf('display')

export const display201 = {
  SetDisplayMessage: toChargePoint('2.0.1 O01-O02'),
  GetDisplayMessages: toChargePoint('2.0.1 O03-O04', ['NotifyDisplayMessages']),
  NotifyDisplayMessages: keeping(['messageInfo'], stored('2.0.1 O03-O04')),
  ClearDisplayMessage: toChargePoint('2.0.1 O05'),
}

export const display21 = {
  SetDisplayMessage: toChargePoint('2.1 O01-O02'),
  GetDisplayMessages: toChargePoint('2.1 O03-O04', ['NotifyDisplayMessages']),
  NotifyDisplayMessages: keeping(['messageInfo'], stored('2.1 O03-O04')),
  ClearDisplayMessage: toChargePoint('2.1 O05'),
}
