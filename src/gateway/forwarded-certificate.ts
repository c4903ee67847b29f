// The client certificate in a header of a proxy, in the forms that proxies write: nginx, HAProxy and Envoy.

/** The certificates in a header, each in PEM or DER, that of the client first; else why there is none. */
export type ForwardedCertificates = readonly (string | Buffer)[] | string

/**
 * Reads the certificate in the value of a header.
 *
 * - `X-Forwarded-Client-Cert` (Envoy): elements `Cert="…";Chain="…";Hash=…`. The last one is that of the nearest proxy.
 * - URL-encoded PEM (nginx `$ssl_client_escaped_cert`), or PEM whose line ends are spaces (`$ssl_client_cert`).
 * - Base64 of DER (HAProxy `%[ssl_c_der,base64]`), or that in colons (RFC 9440 `Client-Cert`).
 */
export function forwardedCertificates(header: string, value: string): ForwardedCertificates {
  if (header.toLowerCase() === 'x-forwarded-client-cert') return fromEnvoy(value)
  // Several header lines arrive as one value, with commas. Neither PEM nor Base64 has any.
  if (value.includes(',')) return 'it is there more than once'
  return fromText(value)
}

function fromText(value: string): ForwardedCertificates {
  const text = value.trim()
  if (text.includes('BEGIN')) {
    const pem = pemIn(text)
    return pem.length === 0 ? 'it has no certificate in PEM' : pem
  }
  const base64 = text.replaceAll(/^:|:$/g, '')
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64)
    ? [Buffer.from(base64, 'base64')]
    : 'it is neither PEM nor the Base64 of a certificate'
}

/** The certificates of a PEM text whose line ends may be anything, percent-encoded or not. */
function pemIn(text: string): string[] {
  const decoded = percentDecoded(text)
  return decoded
    .matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+?)-----END CERTIFICATE-----/g)
    .map(([, body = '']) => {
      const lines = body.replaceAll(/\s/g, '').match(/.{1,64}/g) ?? []
      return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`
    })
    .toArray()
}

/** Percent-decoded once. A plus sign stays one: it is a digit of Base64. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function fromEnvoy(value: string): ForwardedCertificates {
  const element = splitOutsideQuotes(value, ',').at(-1) ?? ''
  const fields = new Map<string, string>()
  for (const field of splitOutsideQuotes(element, ';')) {
    const at = field.indexOf('=')
    if (at < 0) return 'a field of it has no value'
    const name = field.slice(0, at).trim().toLowerCase()
    const text = field
      .slice(at + 1)
      .trim()
      .replace(/^"(.*)"$/, '$1')
    // URI and DNS may be there several times.
    if (name === 'cert' || name === 'chain' || name === 'hash') {
      if (fields.has(name)) return `it has ${name} twice`
      fields.set(name, text)
    }
  }
  const sent = pemIn(`${fields.get('cert') ?? ''}${fields.get('chain') ?? ''}`)
  if (sent.length === 0) return 'it has neither Cert nor Chain, without which there is no name to compare'
  return sent
}

/** A quote after a backslash is one of the text: the subject of a certificate, which its owner chose, may have some. */
function splitOutsideQuotes(text: string, separator: string): string[] {
  const parts = ['']
  let isQuoted = false
  let isEscaped = false
  for (const character of text) {
    if (character === '"' && !isEscaped) isQuoted = !isQuoted
    isEscaped = character === '\\' && !isEscaped
    if (character === separator && !isQuoted) parts.push('')
    else parts[parts.length - 1] += character
  }
  return parts
}
