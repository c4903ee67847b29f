// A connected charge point with running transactions that answers every CALL.

import { tables } from '../../../src/blocks/messages.ts'
import { answerAll } from '../../support/answering.ts'
import { Random } from '../../support/random.ts'
import type { RawChargePoint } from '../../support/raw-charge-point.ts'
import type { TestStator } from '../../support/stator.ts'
import { validPayload } from './values.ts'

type Version = '1.6' | '2.0.1'

/** Provisions it, connects it, and starts its transactions. */
export async function answeringChargePoint(
  central: TestStator,
  identity: string,
  version: Version,
): Promise<RawChargePoint> {
  const raw = await central.bootedRaw(identity, version, { strictness: 'lenient' })
  const table = tables[version]
  let calls = 0
  answerAll(raw, ({ messageId, action }) => {
    const response = table[action]?.response
    if (response === undefined || response === null) return [JSON.stringify([4, messageId, 'NotSupported', '', {}])]
    return [JSON.stringify([3, messageId, validPayload(response, new Random(calls++))])]
  })
  await startTransactions(raw, version)
  return raw
}

async function startTransactions(raw: RawChargePoint, version: Version): Promise<void> {
  const timestamp = '2025-12-26T12:00:00Z'
  if (version === '1.6') {
    const start = { idTag: 'USER123', meterStart: 0, timestamp }
    for (const connectorId of [1, 2, 3]) await raw.call('StartTransaction', { ...start, connectorId })
    return
  }
  await raw.call('TransactionEvent', {
    ...{ eventType: 'Started', timestamp, triggerReason: 'Authorized', seqNo: 0 },
    ...{ transactionInfo: { transactionId: 'tx-1' }, evse: { id: 1, connectorId: 1 } },
    meterValue: [{ timestamp, sampledValue: [{ value: 1 }] }],
  })
}
