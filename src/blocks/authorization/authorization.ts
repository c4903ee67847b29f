// Functional block C, authorization: the status of an id token. 1.6 idTags and 2.x idTokens share one table; case is
// ignored (1.6 CiString20Type, 2.x identifierString).

import type { OCPP16, OCPP20, OCPP21 } from 'typed-ocpp'
import { isoTime } from '../../base/clock.ts'
import { idTagCharactersMax16 } from '../../base/limits.ts'
import type { ByVersion } from '../../ocpp/version.ts'
import type { Anomaly, Handler, Known, KnownIdToken, Payload } from '../decision.ts'
import { contractIn, contractProblem, withContract } from './contract.ts'

/**
 * Spellings to look up for an id token, best first. Some charge points (KEBA) append `_` and their serial number; the
 * plain token counts if the long one is unknown.
 */
export function idTokenCandidates(idToken: string): string[] {
  const suffix = idToken.indexOf('_')
  return suffix > 0 ? [idToken, idToken.slice(0, suffix)] : [idToken]
}

/** The stored token that `idToken` means, if any. */
export function findIdToken(idToken: string, known: Known): KnownIdToken | undefined {
  for (const candidate of idTokenCandidates(idToken)) {
    const found = known.idToken(candidate)
    if (found !== undefined) return found
  }
  return undefined
}

function isExpired(token: Pick<KnownIdToken, 'status' | 'expiryDateMs'>, nowMs: number): boolean {
  return token.status === 'Expired' || (token.expiryDateMs !== null && token.expiryDateMs <= nowMs)
}

/** The status of a stored token at `nowMs`: its expiry date counts. */
export function statusOf(
  token: Pick<KnownIdToken, 'status' | 'expiryDateMs'>,
  nowMs: number,
): 'Accepted' | 'Blocked' | 'Expired' | 'Invalid' {
  if (token.status === 'Blocked' || token.status === 'Invalid') return token.status
  return isExpired(token, nowMs) ? 'Expired' : token.status
}

/** IdTagInfo (1.6 §6.22) of an idTag, for the answer to a 1.6 charge point. An unknown idTag is Invalid. */
export function idTagInfo16(idTag: string, known: Known): OCPP16.AuthorizeResponse['idTagInfo'] {
  const token = findIdToken(idTag, known)
  if (token === undefined) return { status: 'Invalid' }
  return {
    status: statusOf(token, known.nowMs),
    ...(token.expiryDateMs === null ? {} : { expiryDate: isoTime(token.expiryDateMs) }),
    ...(fits16(token.parentIdTag) ? { parentIdTag: token.parentIdTag } : {}),
  }
}

/** Whether 1.6 can say it (IdToken, 1.6 §7.28). */
function fits16(parentIdTag: string | null): parentIdTag is string {
  return parentIdTag !== null && parentIdTag.length <= idTagCharactersMax16
}

/** An id token of 2.x. */
type AuthorizeIdToken = Pick<
  OCPP20.AuthorizeRequest['idToken'] | OCPP21.AuthorizeRequest['idToken'],
  'idToken' | 'type'
>

/**
 * IdTokenInfoType (2.0.1 Part 2 §2.29) of an idToken, for the answer to a 2.x charge point. A token of type
 * NoAuthorization is accepted without a look-up (C02). A token whose type differs from the stored type is Unknown, so
 * that the number of a card cannot be typed into a keypad.
 */
export function idTokenInfo201(idToken: AuthorizeIdToken, known: Known): OCPP20.AuthorizeResponse['idTokenInfo'] {
  if (idToken.type === 'NoAuthorization') return { status: 'Accepted' }
  const token = findIdToken(idToken.idToken, known)
  if (token === undefined || (token.type !== null && token.type !== idToken.type)) return { status: 'Unknown' }
  return {
    status: statusOf(token, known.nowMs),
    ...(token.expiryDateMs === null ? {} : { cacheExpiryDateTime: isoTime(token.expiryDateMs) }),
    ...(token.parentIdTag === null ? {} : { groupIdToken: { idToken: token.parentIdTag, type: 'Central' } }),
  }
}

/** 1.6 §4.1. */
export const authorize16: Handler<OCPP16.AuthorizeRequest> = {
  needs: (payload) => ({ idTokens: idTokenCandidates(payload.idTag) }),
  decide: (payload, known) => ({
    answer: { idTagInfo: idTagInfo16(payload.idTag, known) },
    changes: [],
    anomalies: [],
  }),
}

/** 2.0.1 C01–C09: by the id token, and by the contract certificate if the charge point presents one (C07). */
export const authorize201: Handler<OCPP20.AuthorizeRequest | OCPP21.AuthorizeRequest> = {
  needs: (payload) => {
    const idTokens = idTokenCandidates(payload.idToken.idToken)
    const contract = contractIn(payload)
    const driverTariffs = true
    return contract === null ? { idTokens, driverTariffs } : { idTokens, driverTariffs, certificates: contract }
  },
  decide: (payload, known) => {
    const idTokenInfo = idTokenInfo201(payload.idToken, known)
    if (contractIn(payload) === null) {
      return { answer: withPrices({ idTokenInfo }, payload.idToken, known), changes: [], anomalies: [] }
    }
    const reason = contractProblem(known)
    const anomalies: readonly Anomaly[] = reason === null ? [] : [{ kind: 'contractRefused', detail: { reason } }]
    const answer = withPrices(withContract(idTokenInfo, known), payload.idToken, known)
    return { answer, changes: [], anomalies }
  },
}

/** Whether the answer to an Authorize can hold a tariff (2.1 I08). */
const hasDriverTariffs: ByVersion<boolean> = { '1.6': false, '2.0.1': false, '2.1': true }

/** The answer with what the driver is told of prices (2.0.1 I01, 2.1 I08), if the driver may charge. */
function withPrices(answer: OCPP20.AuthorizeResponse, { idToken, type }: AuthorizeIdToken, known: Known): Payload {
  const { idTokenInfo } = answer
  if (idTokenInfo.status !== 'Accepted' || type === 'NoAuthorization') return { ...answer }
  const { tariff = null, personalMessage = null } = findIdToken(idToken, known) ?? {}
  return {
    ...answer,
    ...(personalMessage === null ? {} : { idTokenInfo: { ...idTokenInfo, personalMessage } }),
    ...(tariff === null || !hasDriverTariffs[known.chargePoint.version] ? {} : { tariff }),
  }
}
