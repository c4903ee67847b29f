// Hides passwords in texts that are shown: log lines, error messages, frames of the message log. A charge point chooses
// these texts, as long as a frame may be, and possibly made to be slow to search. So every step reads each character a
// bounded number of times: a pattern must begin with a literal, and its repetition must end where the next match
// begins.

const afterScheme = /[^\s:/@"]*:([^\s/@"]+)@/y
const inConnectionString = /\b(password|pwd|psw|passphrase)\s*=\s*("[^"]*"|'[^']*'|[^;\s]*)/gi
const inHeader = /(authorization["']?\s*[:=]\s*["']?(?:basic|bearer)|x-api-key["']?\s*[:=])\s*["']?[^\s"']+/gi
const secretName = /password|passphrase|secret|apikey|authorizationkey/gi
const wordEnd = /\w*/y
const nameEnd = /"\s*:\s*/y
const number = /-?\d[\d.eE+-]*/y
// Escaped word characters (`\w`), colons, slashes and `@` in a row, or an escaped backslash, after which no escape
// begins.
const escaped = /(?:\\\/|\\u00(?:2[fF]|3[\daA]|4[\da-fA-F]|5[\daAfF]|6[1-9a-fA-F]|7[\daA]))+|\\\\/g
// OCPP sends a new password as the value of a configuration key or variable. The name may come before or after the
// value, so every value of such a text is hidden.
const passwordKey = /AuthorizationKey|BasicAuthPassword/i
// Other keys have secret values too: SharedSecret of 2.1, and ApnPassword or VpnKey of vendors.
const secretKey = /password|passphrase|secret|apikey|authorizationkey|vpnkey|simpin/i
const secretKeyName = /"(?:key|name)"\s*:\s*"[^"\\]{0,100}?(?:password|passphrase|secret|apikey|vpnkey|simpin)/i
const vpn = /"(?:vpn|apn)"/i
const networkSecretName = /"(?:key|simPin)"\s*:\s*/gi
const valueName = /"(?:value|attributeValue|actualValue)"\s*:\s*/gi

/** `text` with the passwords of URLs, connection strings, headers, JSON fields and OCPP password keys as `***`. */
export function hideSecrets(text: string): string {
  const plain = unescaped(text)
  const shown = hideInUrls(plain).replace(inConnectionString, '$1=***').replace(inHeader, '$1 ***')
  const hidden = hideMembers(shown)
  return hidden === plain ? text : hidden
}

/** JSON text, possibly malformed, with the passwords of its URLs, fields and OCPP password keys as `***`. */
export function hideInText(text: string): string {
  const plain = unescaped(text)
  const hidden = hideMembers(hideInUrls(plain))
  return hidden === plain ? text : hidden
}

/** Whether a field of this name holds a secret. */
export function isSecretName(name: string): boolean {
  secretName.lastIndex = 0
  return secretName.test(name)
}

/** Whether the configuration key or variable of this name is the password of a charge point. */
export function isPasswordKey(name: string): boolean {
  return passwordKey.test(name)
}

/** Whether the value of the configuration key or variable of this name is a secret. */
export function isSecretKey(name: string): boolean {
  return secretKey.test(name)
}

/** Whether a JSON text names a configuration key or variable whose value is a secret. */
function hasSecretKey(text: string): boolean {
  return passwordKey.test(text) || secretKeyName.test(text)
}

function hideMembers(text: string): string {
  const hidden = hideInJson(vpn.test(text) ? hideAfter(networkSecretName, text) : text)
  return hasSecretKey(hidden) ? hideInJson(hideAfter(valueName, hidden)) : hidden
}

/** Whether a field of this name, or any field of this payload as JSON text, may hold a password. */
export function mayHoldSecret(name: string, payload: string): boolean {
  return isSecretName(name) || hasSecretKey(unescaped(payload))
}

/** JSON text with the letters and digits of its names unescaped, and what a URL is made of. */
function unescaped(text: string): string {
  if (!text.includes('\\u') && !text.includes('\\/')) return text
  return text.replace(escaped, (found) => {
    if (found === '\\\\') return found
    if (found.length === 6 && found.startsWith('\\u')) return String.fromCharCode(Number.parseInt(found.slice(4), 16))
    // A run of escapes is read at once: one callback for each escape would take 20 ms per megabyte.
    const characters: unknown = JSON.parse(`"${found}"`)
    return String(characters)
  })
}

/** Hides each value that follows a name. */
function hideAfter(name: RegExp, text: string): string {
  const hidden = new Hidden(text)
  name.lastIndex = 0
  while (name.test(text)) {
    const end = hidden.addValue(name.lastIndex)
    if (end === null) break
    name.lastIndex = end
  }
  return hidden.text
}

/** A text with parts replaced by `***`. */
class Hidden {
  readonly #source: string
  #shown = ''
  #at = 0

  constructor(source: string) {
    this.#source = source
  }

  /** Hides the part from `from` to `to`. Parts must be hidden in their order. */
  add(from: number, to: number, shown = '***'): void {
    this.#shown += `${this.#source.slice(this.#at, from)}${shown}`
    this.#at = to
  }

  /**
   * Hides the JSON string or number that begins at `from`; anything else stays.
   *
   * @returns the index of its end; null for a string that does not end.
   */
  addValue(from: number): number | null {
    if (this.#source.charCodeAt(from) === 34) {
      const end = endOfString(this.#source, from + 1)
      if (end < 0) return null
      this.add(from + 1, end)
      return end + 1
    }
    number.lastIndex = from
    if (!number.test(this.#source)) return from
    this.add(from, number.lastIndex, '"***"')
    return number.lastIndex
  }

  get text(): string {
    return this.#at === 0 ? this.#source : this.#shown + this.#source.slice(this.#at)
  }
}

// `scheme://user:password@`. The part after the scheme ends at a slash at the latest, so before the next scheme.
function hideInUrls(text: string): string {
  const hidden = new Hidden(text)
  for (let at = text.indexOf('://'); at >= 0; at = text.indexOf('://', at + 1)) {
    afterScheme.lastIndex = at + 3
    const password = afterScheme.exec(text)?.[1]
    if (password === undefined || !endsInScheme(text, at)) continue
    const end = afterScheme.lastIndex - 1
    hidden.add(end - password.length, end)
  }
  return hidden.text
}

/**
 * Whether a scheme ends before `end`: a letter, and what may follow it. It looks back as far as the last slash at most.
 */
function endsInScheme(text: string, end: number): boolean {
  for (let at = end - 1; at >= 0; at--) {
    const character = text.charAt(at)
    if (/[a-z]/i.test(character)) return true
    if (!/[0-9+.-]/.test(character)) return false
  }
  return false
}

// `"name": "value"`, or a number as value, if the name contains the name of a secret. Each name is examined once,
// however many such names it contains.
function hideInJson(text: string): string {
  const hidden = new Hidden(text)
  let lookedAt = 0
  secretName.lastIndex = 0
  while (secretName.test(text)) {
    const found = secretName.lastIndex
    wordEnd.lastIndex = found
    wordEnd.test(text)
    const end = Math.max(found, wordEnd.lastIndex)
    secretName.lastIndex = end
    let nameBegin = found - 1
    while (nameBegin > lookedAt && isWord(text.charCodeAt(nameBegin - 1))) nameBegin--
    const hasQuote = nameBegin > lookedAt && text.charAt(nameBegin - 1) === '"'
    lookedAt = end
    nameEnd.lastIndex = end
    if (!hasQuote || !nameEnd.test(text)) continue
    const valueEnd = hidden.addValue(nameEnd.lastIndex)
    if (valueEnd === null) break
    lookedAt = valueEnd
    secretName.lastIndex = valueEnd
  }
  return hidden.text
}

/** As `\w`. */
function isWord(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95
}

/**
 * The end of the JSON string that began before `from`; -1 if it does not end. The search for names reaches the end of
 * the text only once this way: each such name contains a quote that would end the string before it.
 */
function endOfString(text: string, from: number): number {
  for (let end = text.indexOf('"', from); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0
    while (end - backslashes > from && text.charCodeAt(end - backslashes - 1) === 92) backslashes++
    if (backslashes % 2 === 0) return end
  }
  return -1
}
