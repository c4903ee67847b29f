// Forwards what an EV asks for a contract certificate (2.0.1 M01, M02) to the operator's provider of such certificates,
// as JSON over HTTPS. docs/operations.md has the contract.

import { z } from 'zod'
import { boundedFetch, shownUrl } from '../../base/bounded-fetch.ts'
import type { Iso15118Settings } from '../../base/iso15118-settings.ts'
import { evCertificateBytesMax, exiCharactersMax } from '../../base/limits.ts'
import type { Asker, EvCertificateAnswer, EvCertificateQuestion } from '../../blocks/certificate-questions.ts'

const Answer = z.object({
  status: z.enum(['Accepted', 'Failed']),
  exiResponse: z.string().max(exiCharactersMax).default(''),
  remainingContracts: z.int().min(0).optional(),
})

/**
 * Asks the provider. It may be asked again about the same message, which a charge point has sent again.
 *
 * @throws {Error} a sentence: there is no usable answer before `signal`.
 */
export async function askProvider(
  { url, token }: NonNullable<Iso15118Settings['provider']>,
  { identity, messageId }: Asker,
  { request }: EvCertificateQuestion,
  signal: AbortSignal,
): Promise<EvCertificateAnswer> {
  const authorization = token === null ? {} : { Authorization: `Bearer ${token}` }
  const headers = { 'Content-Type': 'application/json', Accept: 'application/json', ...authorization }
  const body = JSON.stringify({ chargePointId: identity, messageId, ...request })
  const answer = await boundedFetch(url, { method: 'POST', headers, body }, evCertificateBytesMax, signal)
  const shown = shownUrl(url)
  if (answer.status !== 200) throw new Error(`${shown} answers with status ${answer.status}`)
  const { status, exiResponse, remainingContracts } = read(shown, answer.body)
  if (status === 'Accepted' && exiResponse === '') throw new Error(`${shown} answers Accepted without exiResponse`)
  return { status, exiResponse, ...(remainingContracts === undefined ? {} : { remainingContracts }) }
}

function read(shown: string, body: Buffer): z.infer<typeof Answer> {
  let json: unknown
  try {
    json = JSON.parse(body.toString('utf8'))
  } catch {
    throw new Error(`the answer of ${shown} is not JSON`)
  }
  const parsed = Answer.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new Error(`the answer of ${shown} cannot be used: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`)
}
