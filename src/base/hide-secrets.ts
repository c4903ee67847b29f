// Takes passwords out of texts that are about to be shown to somebody: log lines and error messages.

const inUrl = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@"]*:)[^\s/@"]+@/gi
const inConnectionString = /\b(password|pwd|psw|passphrase)\s*=\s*("[^"]*"|'[^']*'|[^;\s]*)/gi
const inHeader = /(authorization["']?\s*[:=]\s*["']?(?:basic|bearer)|x-api-key["']?\s*[:=])\s*["']?[^\s"']+/gi
const inJson = /("\w*(?:password|secret|apikey)\w*"\s*:\s*)"(?:[^"\\]|\\.)*"/gi
// OCPP sends a charge point its new password as the value of a configuration key or variable: the name stands apart
// from the value, on either side of it, so every value of such a text goes.
const passwordKey = /AuthorizationKey|BasicAuthPassword/i
const inFrame = /("(?:value|attributeValue)"\s*:\s*)"(?:[^"\\]|\\.)*"/g

/** `text` with the passwords of URLs, connection strings, headers, JSON fields and OCPP password keys as `***`. */
export function hideSecrets(text: string): string {
  const shown = text
    .replace(inUrl, '$1***@')
    .replace(inConnectionString, '$1=***')
    .replace(inHeader, '$1 ***')
    .replace(inJson, '$1"***"')
  return hideFrameSecrets(shown)
}

/** An OCPP frame with the password that it sets or tells as `***`; any other frame as it is. */
export function hideFrameSecrets(frame: string): string {
  return passwordKey.test(frame) ? frame.replace(inFrame, '$1"***"') : frame
}
