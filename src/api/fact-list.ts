// What the lists of facts of one charge point share.

import { z } from '@hono/zod-openapi'
import { integerMax } from '../base/limits.ts'
import type { ApiDeps } from './deps.ts'
import { notFound } from './errors.ts'
import { integerText } from './fields.ts'

/** The transaction of a fact in an answer. */
export const factTransaction = {
  transactionId: z.int().nullable().openapi({
    description: 'The number that Stator gave the transaction; null: none is known.',
    example: 12345,
  }),
  stationTransactionId: z.string().nullable().openapi({
    description: 'The transaction as the charge point names it.',
    example: 'TX-0001',
  }),
}

/** The query parameter of a list of facts about transactions. */
export const ofTransaction = integerText('Transaction ID', 1, integerMax)
  .optional()
  .openapi({
    param: { name: 'transactionId', in: 'query' },
    description: 'Only those of this transaction: the number that Stator gave it.',
    example: 12345,
  })

/** The id that the charge point gave a transaction. @throws {StatorError} `NOT_FOUND` if it has no such transaction. */
export async function stationIdOf(
  { queries }: Pick<ApiDeps, 'queries'>,
  chargePointKey: number,
  transactionId: number,
): Promise<string> {
  const transaction = await queries.transaction(transactionId, { chargePointKey })
  if (transaction === null) throw notFound('Transaction', transactionId)
  return transaction.stationTransactionId ?? String(transactionId)
}
