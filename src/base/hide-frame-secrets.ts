// Hides secrets in the frames of charge points, before anything is made of them, by their position in the parsed
// frame. A frame that is long or cannot be parsed is searched as text.

import { frameDepthMax, parsedForSecretsCharactersMax } from './limits.ts'
import { hideInText, hideSecrets, isPasswordKey, isSecretKey, isSecretName } from './hide-secrets.ts'

// `://`, `/uploads/`, `\/` and `\u`, by their slash, then password, passphrase, passwd, pwd, psk, psw, private key,
// secret, simpin, apikey, authorizationkey, vpn: by their first letters, so that a character that begins none of them
// is passed over after one look.
const secretSign =
  /[\\/][/u]|p(?:ass(?:word|phrase|wd)|wd|s[kw]|rivate key)|s(?:ecret|impin)|a(?:pikey|uthorizationkey)|vpn/i

/** Whether a text may contain a secret: it has a word that names one, a URL, or an escape that may spell either. */
function isSuspicious(text: string): boolean {
  return secretSign.test(text)
}

/** Members that are secrets because of their object (2.x NetworkConnectionProfileType), as `object.member`. */
const secretPaths: ReadonlySet<string> = new Set(['vpn.key', 'apn.simpin'])

/** Members that hold the name of a configuration key or variable. */
const keyNames: ReadonlySet<string> = new Set(['key', 'name'])

/**
 * Members that hold the value of a configuration key or variable: `ChangeConfiguration`, `SetVariables`, their answers
 * and reports.
 */
const valueNames: ReadonlySet<string> = new Set(['value', 'attributevalue', 'actualvalue'])

/**
 * Replaces the secrets in `frame`, or in any JSON text, by `***`:
 * - fields with the name of a secret (`apnPassword`) and everything in them;
 * - the key of a VPN and the PIN of a SIM;
 * - the values of `AuthorizationKey`, `BasicAuthPassword` and other keys and variables with the name of a secret;
 * - passwords in URLs.
 *
 * A text without secrets is returned unchanged.
 */
export function hideFrameSecrets(frame: string): string {
  if (!isSuspicious(frame)) return frame
  const parsed = frame.length <= parsedForSecretsCharactersMax ? parsedOrNull(frame) : null
  if (parsed === null) return hideInText(frame)
  const search = new Search()
  const hidden = search.shown(parsed.value, outermost, 0)
  if (search.isTooDeep) return hideInText(frame)
  return search.found > 0 || isSecretName(frame) ? JSON.stringify(hidden) : frame
}

/** The secrets in `frame` that are values of their own, to find them where somebody repeats them. */
export function secretsIn(frame: string): ReadonlySet<string> {
  const search = new Search()
  if (isSuspicious(frame)) search.shown(parsedOrNull(frame)?.value, outermost, 0)
  return search.secrets
}

function parsedOrNull(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return null
  }
}

/** The position of a value. */
interface Place {
  /** Name of the member that holds it, in lower case. */
  readonly name: string
  /** Whether an object around it names a key whose value is a secret. */
  readonly hasSecretKey: boolean
  /** Whether it is a secret, or part of one. */
  readonly isSecret: boolean
}

const outermost: Place = { name: '', hasSecretKey: false, isSecret: false }

class Search {
  found = 0
  readonly secrets = new Set<string>()
  isTooDeep = false

  /** `value` with its secrets hidden. */
  shown(value: unknown, place: Place, depth: number): unknown {
    if (place.isSecret && (typeof value === 'string' || typeof value === 'number')) {
      this.found++
      this.secrets.add(String(value))
      return '***'
    }
    if (typeof value === 'string') return this.#shownText(value)
    if (typeof value !== 'object' || value === null) return value
    if (depth > frameDepthMax) {
      this.isTooDeep = true
      return null
    }
    if (Array.isArray(value)) return value.map((element: unknown) => this.shown(element, place, depth + 1))
    const hasSecretKey = place.hasSecretKey || namesSecret(value)
    const isMonitor = 'severity' in value
    const members = Object.entries(value).map(([name, member]) => {
      const lower = name.toLowerCase()
      // The number of a monitor is its threshold, whatever variable it watches.
      const isThreshold = isMonitor && lower === 'value' && typeof member === 'number'
      const isSecret =
        place.isSecret ||
        isSecretName(name) ||
        secretPaths.has(`${place.name}.${lower}`) ||
        (hasSecretKey && valueNames.has(lower) && !isThreshold)
      return [name, this.shown(member, { name: lower, hasSecretKey, isSecret }, depth + 1)] as const
    })
    return Object.fromEntries(members)
  }

  /** A text may be JSON or a list of settings (`data` of a DataTransfer), or contain a URL (location of a firmware). */
  #shownText(text: string): string {
    if (!isSuspicious(text)) return text
    const hidden = hideSecrets(text)
    if (hidden !== text) this.found++
    return hidden
  }
}

/** Whether an object names a key whose value is a secret: in a member of its own, or in its `variable`. */
function namesSecret(object: object): boolean {
  return Object.entries(object).some(([name, member]) => {
    const lower = name.toLowerCase()
    if (typeof member === 'string') return isPasswordKey(member) || (keyNames.has(lower) && isSecretKey(member))
    return lower === 'variable' && typeof member === 'object' && member !== null && namesSecret(member)
  })
}
