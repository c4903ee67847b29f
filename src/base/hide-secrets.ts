// Hides passwords in texts that are shown: log lines, error messages, frames of the message log. A charge point chooses
// these texts, as long as a frame may be, and possibly made to be slow to search. So every step reads each character a
// bounded number of times: a pattern must begin with a literal, and its repetition must end where the next match
// begins.

const afterScheme = /[^\s:/@"]*:([^\s/@"]+)@/y
const inConnectionString = /\b(\w*(?:password|pwd|psw|passphrase|secret|apikey))\s*=\s*("[^"]*"|'[^']*'|[^;\s]*)/gi
// Keys of signed URLs, such as `X-Amz-Signature` and `sig`.
const inQuery =
  /([?&](?:[\w.-]*(?:token|signature|password|passwd|secret|credential|api[_-]?key|access[_-]?key)|sig|key|pwd|auth)=)[^&\s"'#<>\\]+/gi
// The one-time token of an upload stands in the path.
const inUploadPath = /(\/uploads\/)[\w-]{43}/g
const inXml = /(<[\w:]*(?:password|passphrase|secret|apikey)>)[^<"]+/gi
const privateKey = /(-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)(?:(?!-----)[^"])+/g
const inHeader = /(authorization["']?\s*[:=]\s*["']?(?:basic|bearer)|x-api-key["']?\s*[:=])\s*["']?[^\s"']+/gi
const secretName = /password|passphrase|secret|apikey|authorizationkey/gi
const wordEnd = /\w*/y
// Quotes of JSON in a text of JSON are escaped: `\"`, and `\\\"` one level deeper.
const nameEnd = /(\\*)"\s*:\s*/y
const opening = /\\*"/y
const number = /-?\d[\d.eE+-]*/y
// Escaped word characters (`\w`), colons, slashes and `@` in a row, or an escaped backslash, after which no escape
// begins.
const escaped = /(?:\\\/|\\u00(?:2[fF]|3[\daA]|4[\da-fA-F]|5[\daAfF]|6[1-9a-fA-F]|7[\daA]))+|\\\\/g
// OCPP sends a new password as the value of a configuration key or variable. The name may come before or after the
// value, so every value of such a text is hidden.
const passwordKey = /AuthorizationKey|BasicAuthPassword/i
// Other keys have secret values too: SharedSecret of 2.1, and ApnPassword, WifiPSK or VpnKey of vendors.
const secretKey = /password|passwd|pwd|psk|passphrase|secret|apikey|authorizationkey|vpnkey|simpin/i
const secretKeyName =
  /"(?:key|name)\\*"\s*:\s*\\*"[^"\\]{0,100}?(?:password|passwd|pwd|psk|passphrase|secret|apikey|vpnkey|simpin)/i
const vpn = /"(?:vpn|apn)\\*"/i
const networkSecretName = /"(?:key|simPin)(\\*)"\s*:\s*/gi
const valueName = /"(?:value|attributeValue|actualValue)(\\*)"\s*:\s*/gi

/**
 * `text` with the secrets of URLs, connection strings, headers, XML, JSON fields and OCPP password keys, and private
 * keys, as `***`.
 */
export function hideSecrets(text: string): string {
  const plain = unescaped(text)
  const shown = hideInUrls(plain)
    .replace(inQuery, '$1***')
    .replace(inUploadPath, '$1***')
    .replace(inConnectionString, '$1=***')
    .replace(inHeader, '$1 ***')
    .replace(inXml, '$1***')
    .replace(privateKey, '$1***')
  const hidden = hideMembers(shown)
  return hidden === plain ? text : hidden
}

/** JSON text, possibly malformed, with the secrets of its URLs, fields, OCPP password keys and PEM as `***`. */
export function hideInText(text: string): string {
  const plain = unescaped(text)
  const shown = hideInUrls(plain)
    .replace(inQuery, '$1***')
    .replace(inUploadPath, '$1***')
    .replace(inXml, '$1***')
    .replace(privateKey, '$1***')
  const hidden = hideMembers(shown)
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

/** Hides each value that follows a name. The name matches the backslashes before its closing quote. */
function hideAfter(name: RegExp, text: string): string {
  const hidden = new Hidden(text)
  name.lastIndex = 0
  for (let found = name.exec(text); found !== null; found = name.exec(text)) {
    name.lastIndex = hidden.addValue(name.lastIndex, found[1] ?? '')
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
   * Hides the JSON string or number that begins at `from`; anything else stays. A string that does not end is hidden to
   * the end of the text.
   *
   * @param escape the backslashes before each quote, in JSON in a text of JSON.
   * @returns the index of its end.
   */
  addValue(from: number, escape: string): number {
    opening.lastIndex = from
    if (opening.test(this.#source)) {
      const begin = opening.lastIndex
      const { contentEnd, end } = stringEnd(this.#source, begin, begin - from - 1)
      this.add(begin, contentEnd)
      return end
    }
    number.lastIndex = from
    if (!number.test(this.#source)) return from
    this.add(from, number.lastIndex, `${escape}"***${escape}"`)
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
    const closing = hasQuote ? nameEnd.exec(text) : null
    if (closing === null) continue
    const valueEnd = hidden.addValue(nameEnd.lastIndex, closing[1] ?? '')
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
 * The end of the JSON string that began before `from`, and that of its content; the end of the text if it does not end.
 *
 * @param escapes how many backslashes were before the quote that opened it. As many, or fewer, are before the one that
 *   closes it: fewer if the text around it ends there.
 */
function stringEnd(text: string, from: number, escapes: number): { readonly contentEnd: number; readonly end: number } {
  for (let at = text.indexOf('"', from); at >= 0; at = text.indexOf('"', at + 1)) {
    let backslashes = 0
    while (at - backslashes > from && text.charCodeAt(at - backslashes - 1) === 92) backslashes++
    if (escapes === 0 && backslashes % 2 === 0) return { contentEnd: at, end: at + 1 }
    if (escapes > 0 && backslashes <= escapes) return { contentEnd: at - backslashes, end: at + 1 }
  }
  return { contentEnd: text.length, end: text.length }
}
