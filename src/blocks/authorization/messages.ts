// Functional block C, authorization.

import { rowsOf } from '../rows.ts'
import { authorize16, authorize201 } from './authorization.ts'

const { notServed, served, toChargePoint } = rowsOf('authorization')

export const authorization16 = {
  Authorize: served('1.6 §4.1', 'none', authorize16),
  ClearCache: toChargePoint('1.6 §5.4'),
}

export const authorization201 = {
  Authorize: served('2.0.1 C01-C09', 'none', authorize201),
  ClearCache: toChargePoint('2.0.1 C11'),
}

export const authorization21 = {
  Authorize: notServed('2.1 C01-C09', 'none'),
  ClearCache: toChargePoint('2.1 C11'),
  NotifySettlement: notServed('2.1 C19-C22', 'committed'),
  VatNumberValidation: notServed('2.1 C18-C24', 'none'),
  NotifyWebPaymentStarted: toChargePoint('2.1 C25'),
}
