// Takes passwords out of the frames of the message log and out of stored events, by where they stand in the parsed frame. What cannot be
// parsed, or is long, is looked through as a text.

import { frameDepthMax, parsedForSecretsCharactersMax } from './limits.ts'
import { hideInText, isPasswordKey, isSecretName } from './hide-secrets.ts'

/** A text without any of these holds no secret. */
const suspicious = /password|passphrase|secret|apikey|authorizationkey|"vpn"|simpin|:\/\/|\\u/i

/** Members that are secrets by where they stand (2.x NetworkConnectionProfileType), the object's name before the dot. */
const secretPaths: ReadonlySet<string> = new Set(['vpn.key', 'apn.simpin'])

/** Members that hold the value of a configuration key or variable: `ChangeConfiguration`, `SetVariables`, their answers and reports. */
const valueNames: ReadonlySet<string> = new Set(['value', 'attributevalue', 'actualvalue'])

/**
 * `frame`, or any JSON text, with its secrets as `***`: fields that are named so (`apnPassword`), the key of a VPN and the PIN of a SIM, the values of
 * `AuthorizationKey` and `BasicAuthPassword`, the passwords of URLs. Without any it comes back as it is.
 */
export function hideFrameSecrets(frame: string): string {
  if (!suspicious.test(frame)) return frame
  const parsed = frame.length <= parsedForSecretsCharactersMax ? parsedOrNull(frame) : null
  if (parsed === null) return hideInText(frame)
  const search = new Search()
  const hidden = search.shown(parsed.value, { name: '', tellsPassword: false }, 0)
  if (search.isTooDeep) return hideInText(frame)
  return search.found > 0 || isSecretName(frame) ? JSON.stringify(hidden) : frame
}

function parsedOrNull(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return null
  }
}

/** Where a value stands. */
interface Place {
  /** Of the member that holds it, in lower case. */
  readonly name: string
  /** Whether an object around it names a key whose value is a password. */
  readonly tellsPassword: boolean
}

class Search {
  found = 0
  isTooDeep = false

  /** `value` with its secrets hidden. */
  shown(value: unknown, place: Place, depth: number): unknown {
    if (typeof value === 'string') return this.#shownText(value)
    if (typeof value !== 'object' || value === null) return value
    if (depth > frameDepthMax) {
      this.isTooDeep = true
      return null
    }
    if (Array.isArray(value)) return value.map((element: unknown) => this.shown(element, place, depth + 1))
    const tellsPassword = place.tellsPassword || namesPassword(value)
    const members = Object.entries(value).map(([name, member]) => {
      const lower = name.toLowerCase()
      const isSecret =
        isSecretName(name) || secretPaths.has(`${place.name}.${lower}`) || (tellsPassword && valueNames.has(lower))
      if (isSecret && (typeof member === 'string' || typeof member === 'number')) {
        this.found++
        return [name, '***'] as const
      }
      return [name, this.shown(member, { name: lower, tellsPassword }, depth + 1)] as const
    })
    return Object.fromEntries(members)
  }

  /** A text may be JSON or hold a URL, as the `data` of a DataTransfer or the place of a firmware. */
  #shownText(text: string): string {
    if (!suspicious.test(text)) return text
    const hidden = hideInText(text)
    if (hidden !== text) this.found++
    return hidden
  }
}

/** Whether an object names a key that is a password: in a member of its own, or in its `variable`. */
function namesPassword(object: object): boolean {
  return Object.entries(object).some(
    ([name, member]) =>
      (typeof member === 'string' && isPasswordKey(member)) ||
      (name.toLowerCase() === 'variable' && typeof member === 'object' && member !== null && namesPassword(member)),
  )
}
