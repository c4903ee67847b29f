// HTTP requests to servers of others, such as the issuer of tokens. Their answers are read up to a size. Redirects are
// not followed: they would lead to a host that nobody has checked.

/** An answer of status 200 or another, with its whole body. */
export interface BoundedAnswer {
  readonly status: number
  readonly body: Buffer
}

/**
 * The answer of `url`.
 *
 * @param bytesMax of the body.
 * @throws {Error} a sentence that begins with the URL: it does not answer before `signal`, or with too much.
 */
export async function boundedFetch(
  url: string,
  request: Omit<RequestInit, 'redirect' | 'signal'>,
  bytesMax: number,
  signal: AbortSignal,
): Promise<BoundedAnswer> {
  const shown = shownUrl(url)
  let parts: readonly Uint8Array[]
  let status: number
  try {
    const response = await fetch(url, { ...request, redirect: 'manual', signal })
    status = response.status
    parts = await partsOf(response, bytesMax)
  } catch (error) {
    if (error instanceof TooLong)
      throw new Error(`the answer of ${shown} has more than ${bytesMax} bytes`, { cause: error })
    throw new Error(`${shown} does not answer (${error instanceof Error ? error.message : String(error)})`, {
      cause: error,
    })
  }
  return { status, body: Buffer.concat(parts) }
}

/** A URL as sentences show it: without its query, which may have a secret. */
export function shownUrl(url: string): string {
  return url.replace(/\?.*/s, '')
}

class TooLong extends Error {}

async function partsOf(response: Response, bytesMax: number): Promise<readonly Uint8Array[]> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of response.body ?? []) {
    bytes += part.byteLength
    // Leaving the loop cancels the body.
    if (bytes > bytesMax) throw new TooLong()
    parts.push(part)
  }
  return parts
}
