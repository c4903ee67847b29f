// API keys in the header X-API-Key: that of the charge point, or an operator's with X-Charge-Point-Id.

import type { Authenticator } from '../authenticator.ts'
import type { Credentials } from '../credentials.ts'
import type { KeyRing } from '../key-ring.ts'
import { keyCredentials } from '../presented.ts'

/**
 * API keys of charge points, and those of the settings, whose owner may name the charge point to let in. API keys of
 * the database are for the REST API only.
 */
export function apiKeyAuthenticator(credentials: Credentials, operatorKeys: KeyRing): Authenticator {
  return {
    method: 'ApiKey',
    read({ headers, identity }) {
      const key = keyCredentials(headers)
      if (key === null) return null
      const { apiKey, chargePointId } = key
      const isOperators = operatorKeys.find(apiKey) !== null
      const isVouchedFor = isOperators && chargePointId === identity
      return {
        name: chargePointId,
        prove(record) {
          if (credentials.matches(apiKey, record.apiKeyHash)) {
            const { apiKeyHash } = record
            return { quirks: [], credential: apiKeyHash, renewed: credentials.renewed(apiKey, apiKeyHash) }
          }
          if (isVouchedFor) return { quirks: [], credential: null, renewed: null }
          return isOperators ? 'an operator key without the X-Charge-Point-Id of the URL' : 'wrong API key'
        },
        firstUse() {
          if (!isOperators) return { passwordHash: null, apiKeyHash: credentials.hash(apiKey) }
          const none = { passwordHash: null, apiKeyHash: null }
          return isVouchedFor ? none : 'an operator key without the X-Charge-Point-Id of the URL'
        },
      }
    },
  }
}
