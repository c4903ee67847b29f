// Provisions charge points through Stator's REST API, for a load against one that the bench did not start.

import { UsageError } from '../../src/base/command-line.ts'
import { benchIdTag } from '../generator/charging.ts'

const requestsAtOnce = 16

/**
 * Creates every identity and the card of the bench, unless they exist. `signal` ends it early.
 *
 * @throws {UsageError} that says what the server answered, if it refuses.
 */
export async function provisionOverRest(
  ocppUrl: string,
  apiKey: string,
  identities: readonly string[],
  password: string | null,
  signal?: AbortSignal,
): Promise<void> {
  const base = new URL(ocppUrl)
  base.protocol = base.protocol === 'wss:' ? 'https:' : 'http:'
  const post = async (path: string, body: object): Promise<void> => {
    const response = await fetch(new URL(path, base), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'X-API-Key': apiKey },
      body: JSON.stringify(body),
      tls: { rejectUnauthorized: false },
    })
    // 409: it exists.
    if (!response.ok && response.status !== 409)
      throw new UsageError(refusal(base.origin, path, response.status, await response.text()))
    await response.body?.cancel()
  }
  await post('/api/id-tags', { idTag: benchIdTag, status: 'Accepted' })
  const waiting = identities.values()
  const worker = async (): Promise<void> => {
    for (const chargePointId of waiting) {
      if (signal?.aborted === true) return
      await post('/api/chargepoints', { chargePointId, ...(password === null ? {} : { password }) })
    }
  }
  await Promise.all(Array.from({ length: requestsAtOnce }, worker))
}

/** Characters of an answer that a refusal repeats. */
const answerCharactersMax = 200

function refusal(origin: string, path: string, status: number, answer: string): string {
  switch (status) {
    case 401:
    case 403:
      return `--api-key is not the key of an operator of ${origin} (POST ${path} answered ${status}): give the right one.`
    case 404:
    case 405:
      return `${origin} has no REST API of Stator (POST ${path} answered ${status}): leave --api-key out, and create the stations there.`
    default:
      return `POST ${origin}${path} answered ${status}: ${answer.replaceAll(/\s+/g, ' ').slice(0, answerCharactersMax)}`
  }
}
