// HTTP Basic authentication (security profiles 1 and 2): the identity and a password.

import type { Authenticator } from '../authenticator.ts'
import type { Credentials } from '../credentials.ts'
import { hashPassword, provePassword } from '../password-forms.ts'
import { basicCredentials } from '../presented.ts'

/** Passwords of `Authorization: Basic`. */
export function basicAuthenticator(credentials: Credentials): Authenticator {
  return {
    method: 'Basic',
    read({ headers }) {
      const basic = basicCredentials(headers)
      if (basic === null) return null
      return {
        name: basic.userName,
        prove(record) {
          const proven = provePassword(basic.password, record, credentials)
          return proven === null
            ? 'wrong password'
            : { quirks: proven.quirks, credential: proven.hash, renewed: proven.renewed }
        },
        firstUse: () => ({ passwordHash: hashPassword(basic.password, credentials), apiKeyHash: null }),
      }
    },
  }
}
