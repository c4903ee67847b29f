// Functional block C, authorization.

import { forgiving, learning, rowsOf } from '../rows.ts'
import { authorize16, authorize201 } from './authorization.ts'
import { notifySettlement, webPaymentStarted } from './payments.ts'
import { vatNumberValidation } from './vat-number-validation.ts'

const { served, toChargePoint } = rowsOf('authorization')

export const authorization16 = {
  Authorize: served('1.6 §4.1', 'none', authorize16),
  ClearCache: toChargePoint('1.6 §5.4'),
}

export const authorization201 = {
  Authorize: served('2.0.1 C01-C09', 'none', authorize201),
  ClearCache: toChargePoint('2.0.1 C11'),
}

export const authorization21 = {
  Authorize: served('2.1 C01-C09', 'none', authorize201),
  ClearCache: toChargePoint('2.1 C11'),
  NotifySettlement: forgiving(served('2.1 C19-C22', 'committed', notifySettlement)),
  VatNumberValidation: served('2.1 C18-C24', 'committed', vatNumberValidation),
  NotifyWebPaymentStarted: learning(webPaymentStarted, toChargePoint('2.1 C25')),
}
