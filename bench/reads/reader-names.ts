// Who reads the lists: an operator for all charge points, and holders of API keys for some of them.

import { tenants } from './fill-rest-sql.ts'

/** `half` and `hundredth` have a key for the group with that share of all charge points. */
export const readerNames = ['admin', 'half', 'hundredth'] as const
export type ReaderName = (typeof readerNames)[number]

/** The group of a reader; null: it is for all charge points. */
export const groupOfReader: Readonly<Record<ReaderName, number | null>> = {
  admin: null,
  half: tenants.half,
  hundredth: tenants.hundredth,
}
