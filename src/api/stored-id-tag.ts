// The stored id token that an id tag of a request means.

import { idTokenCandidates } from '../blocks/authorization/authorization.ts'
import type { IdTokenRecord } from '../blocks/records.ts'
import type { ApiQueries } from './deps.ts'

/** The stored tag that a charge point would get the status of; null if there is none. */
export async function storedIdTag(
  { idTokenRecord }: Pick<ApiQueries, 'idTokenRecord'>,
  idTag: string,
): Promise<IdTokenRecord | null> {
  for (const candidate of idTokenCandidates(idTag)) {
    const found = await idTokenRecord(candidate)
    if (found !== null) return found
  }
  return null
}
