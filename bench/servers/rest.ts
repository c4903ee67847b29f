// Provisions charge points through Stator's REST API, for a load against one that the bench did not start.

import { benchIdTag } from '../generator/charging.ts'

const requestsAtOnce = 16

/**
 * Creates every identity and the card of the bench, unless they exist.
 *
 * @throws {Error} with the response of the server, if it refuses.
 */
export async function provisionOverRest(
  ocppUrl: string,
  apiKey: string,
  identities: readonly string[],
  password: string | null,
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
      throw new Error(`POST ${path} answered ${response.status}: ${await response.text()}`)
    await response.body?.cancel()
  }
  await post('/api/id-tags', { idTag: benchIdTag, status: 'Accepted' })
  const waiting = identities.values()
  const worker = async (): Promise<void> => {
    for (const chargePointId of waiting)
      await post('/api/chargepoints', { chargePointId, ...(password === null ? {} : { password }) })
  }
  await Promise.all(Array.from({ length: requestsAtOnce }, worker))
}
