// What a list or an export of transactions is filtered by.

import { z } from '@hono/zod-openapi'
import { badRequest } from '../../api/errors.ts'
import { booleanText, oneOf, text, time } from '../../api/fields.ts'
import { periodOf, periodQuery } from '../../api/paging.ts'
import { idTokenCharactersMax, identityCharactersMax } from '../../base/limits.ts'
import { withDefined } from '../../base/with-defined.ts'
import type { TransactionFilter } from '../records.ts'
import type { Scope } from '../scope.ts'

/** The query parameters. */
export const filterQuery = {
  chargePointId: text('Charge point ID', identityCharactersMax)
    .optional()
    .openapi({ param: { name: 'chargePointId', in: 'query' }, description: 'Only those of this charge point.' }),
  idTag: text('ID tag', idTokenCharactersMax)
    .optional()
    .openapi({
      param: { name: 'idTag', in: 'query' },
      description: 'Only those of this tag. Case is ignored.',
    }),
  ...periodQuery('started'),
  startDate: time('Start date')
    .optional()
    .openapi({ param: { name: 'startDate', in: 'query' }, description: 'Another name of `from`.' }),
  endDate: time('End date', 'end')
    .optional()
    .openapi({ param: { name: 'endDate', in: 'query' }, description: 'Another name of `to`.' }),
  open: booleanText('Open')
    .optional()
    .openapi({
      param: { name: 'open', in: 'query' },
      description: 'true: only those that have not ended. false: only those that have.',
    }),
  ghost: oneOf('Ghost', ['true'])
    .optional()
    .openapi({
      param: { name: 'ghost', in: 'query' },
      description:
        'true: only open ones that seem to be over. `GET /api/transactions/{transactionId}` says why. At most 1,000 are found (100 on the embedded database).',
    }),
}

const Wanted = z.object(filterQuery).omit({ ghost: true })

/** The filter of a query, without ghosts. @throws {StatorError} `BAD_REQUEST` for a period that is none. */
export function filterOf(
  { chargePointId, idTag, from, to, startDate, endDate, open }: z.infer<typeof Wanted>,
  scope: Scope,
): Omit<TransactionFilter, 'ghostsAt'> {
  if (startDate !== undefined && endDate !== undefined && endDate < startDate) {
    throw badRequest('endDate', 'End date must not be before the start date')
  }
  if (from !== undefined && startDate !== undefined) throw badRequest('from', 'Give From or Start date, not both')
  if (to !== undefined && endDate !== undefined) throw badRequest('to', 'Give To or End date, not both')
  const { fromMs, toMs } = periodOf(from ?? startDate, to ?? endDate)
  return {
    scope,
    ...withDefined({ identity: chargePointId, idToken: idTag, startedFromMs: fromMs, startedToMs: toMs, open }),
  }
}
