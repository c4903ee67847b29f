// What preceded a start, as the look-up of the store finds it, but from the rows of the model.

import { lastStopTransactionsMax, openOfIdTokenMax } from '../../src/base/limits.ts'
import { idTokenCandidates } from '../../src/blocks/authorization/authorization.ts'
import type { BeforeStart, KnownIdToken } from '../../src/blocks/decision.ts'

interface Row {
  readonly id: number
  readonly chargePointKey: number
  readonly evseId: number
  readonly idToken: string | null
  readonly receivedAtMs: number
  readonly stoppedAtMs: number | null
  readonly meterStopWh: number | null
}

/** The last stop of the EVSE, and the open transactions that may be of the card. */
export function beforeStartOf<Transaction extends Row>(
  transactions: readonly Transaction[],
  idTokens: ReadonlyMap<string, KnownIdToken>,
  key: number,
  evseId: number,
  idToken: string,
): { readonly lastStop: BeforeStart['lastStop']; readonly open: readonly Transaction[] } {
  const newest = transactions.toSorted((a, b) => b.receivedAtMs - a.receivedAtMs || b.id - a.id)
  const stops = newest
    .filter((row) => row.chargePointKey === key)
    .slice(0, lastStopTransactionsMax)
    .flatMap(({ id, stoppedAtMs, meterStopWh, ...row }) =>
      row.evseId === evseId && stoppedAtMs !== null && meterStopWh !== null
        ? [{ transactionId: id, stoppedAtMs, meterStopWh }]
        : [],
    )
  const lastStop = stops.toSorted((a, b) => b.stoppedAtMs - a.stoppedAtMs || b.transactionId - a.transactionId)[0]
  if (idToken === '') return { lastStop: lastStop ?? null, open: [] }
  const open = newest.filter((row) => row.stoppedAtMs === null && row.idToken !== null)
  const card = idTokenCandidates(idToken).at(-1) ?? ''
  const same = open.filter((row) => lower(row.idToken) === lower(idToken)).slice(0, openOfIdTokenMax)
  const plain = card === idToken ? [] : open.filter((row) => lower(row.idToken) === lower(card))
  const suffixed = open
    .filter((row) => lower(row.idToken).startsWith(`${lower(card)}_`) && lower(row.idToken) !== lower(idToken))
    .toSorted((a, b) => compare(lower(b.idToken), lower(a.idToken)))
    .slice(0, openOfIdTokenMax)
    .filter((row) => !idTokens.has(lower(row.idToken)))
  return { lastStop: lastStop ?? null, open: [...same, ...plain.slice(0, openOfIdTokenMax), ...suffixed] }
}

function compare(one: string, other: string): number {
  if (one === other) return 0
  return one < other ? -1 : 1
}

function lower(text: string | null): string {
  return (text ?? '').toLowerCase()
}
