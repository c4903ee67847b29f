// Functional block O, display messages.

import { forgiving, learning, readingPartOf, rowsOf } from '../rows.ts'
import { messageReportAsked } from './commands.ts'
import { notifyDisplayMessages, readMessages } from './reports.ts'

const { served, toChargePoint } = rowsOf('display')

export const display201 = {
  SetDisplayMessage: toChargePoint('2.0.1 O01-O02, O06'),
  GetDisplayMessages: learning(messageReportAsked, toChargePoint('2.0.1 O03-O04', ['NotifyDisplayMessages'])),
  NotifyDisplayMessages: readingPartOf(
    { messageInfo: readMessages },
    forgiving(served('2.0.1 O03-O04', 'committed', notifyDisplayMessages)),
  ),
  ClearDisplayMessage: toChargePoint('2.0.1 O05'),
}

export const display21 = {
  SetDisplayMessage: toChargePoint('2.1 O01-O02, O06'),
  GetDisplayMessages: learning(messageReportAsked, toChargePoint('2.1 O03-O04', ['NotifyDisplayMessages'])),
  NotifyDisplayMessages: readingPartOf(
    { messageInfo: readMessages },
    forgiving(served('2.1 O03-O04', 'committed', notifyDisplayMessages)),
  ),
  ClearDisplayMessage: toChargePoint('2.1 O05'),
}
