// Provisions a charge point that has connected without being known, where `Security.UnknownChargePoints` accepts it.

import { StatorError } from '../base/errors.ts'
import type { ChargePointInput, CredentialRecord } from '../blocks/records.ts'
import type { CredentialStore } from './auth-deps.ts'

interface ChargePointStore {
  credentials(identity: string): Promise<CredentialRecord | null>
  createChargePoint(identity: string, input: ChargePointInput, scope: 'all'): Promise<unknown>
}

/** @param strictness of charge points that are provisioned so. */
export function createUnknown(
  store: ChargePointStore,
  strictness: NonNullable<ChargePointInput['strictness']>,
): CredentialStore['create'] {
  return async (identity, hashes) => {
    // Another connection may have created it meanwhile.
    await store.createChargePoint(identity, { ...hashes, strictness }, 'all').catch(ignoreConflict)
    const created = await store.credentials(identity)
    if (created === null) throw new StatorError('CONFLICT', `Charge point '${identity}' was deleted meanwhile`)
    return created
  }
}

function ignoreConflict(error: unknown): void {
  if (!(error instanceof StatorError) || error.code !== 'CONFLICT') throw error
}
