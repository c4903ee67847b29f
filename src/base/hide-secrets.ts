// Takes passwords out of texts that are about to be shown to somebody: log lines and error messages.

const inUrl = /([a-z][a-z0-9+.-]*:\/\/[^\s:/@]*:)[^\s@]+@/gi
const inConnectionString = /\b(password|pwd|psw|passphrase)\s*=\s*("[^"]*"|'[^']*'|[^;\s]*)/gi
const inHeader = /\b(Basic|Bearer)\s+[A-Za-z0-9+/=._~-]{8,}/g
// OCPP carries a charge point's new password as the value of a configuration key or variable, before or after its name.
const passwordKeys = /AuthorizationKey|BasicAuthPassword/i
const inFrame = /("(?:value|attributeValue)"\s*:\s*)"(?:[^"\\]|\\.)*"/g

/** `text` with the passwords of URLs, connection strings, Authorization headers and OCPP password keys as `***`. */
export function hideSecrets(text: string): string {
  const shown = text.replace(inUrl, '$1***@').replace(inConnectionString, '$1=***').replace(inHeader, '$1 ***')
  return passwordKeys.test(shown) ? shown.replace(inFrame, '$1"***"') : shown
}
