// What the provider of contract certificates is asked, and what its wrong answers are called. It answers over HTTP.

import { afterAll, expect, test } from 'bun:test'
import { askProvider } from '../../../../src/auth/certificate-answers/ev-certificates.ts'

let answer: () => Response
const server = Bun.serve({ hostname: '127.0.0.1', port: 0, fetch: () => answer() })
afterAll(() => server.stop(true))

const url = `http://127.0.0.1:${server.port}/contracts`
const question = { kind: 'evCertificate' as const, request: { action: 'Install', exiRequest: 'gJI=' } }
const { signal } = new AbortController()

test.each([
  ['is an error of HTTP', () => new Response('{}', { status: 500 }), `${url} answers with status 500`],
  ['is no JSON', () => new Response('<html>'), `the answer of ${url} is not JSON`],
  ['lacks the response', () => Response.json({ status: 'Accepted' }), `${url} answers Accepted without exiResponse`],
  ['is of another kind', () => Response.json({ status: 'Perhaps' }), `the answer of ${url} cannot be used: status `],
  ['is too long', () => new Response('x'.repeat(1_000_000)), `the answer of ${url} has more than`],
] as const)(
  'an answer that %s is told without the query of the URL, which may have a secret',
  async (_, made, told) => {
    answer = made
    const asked = askProvider(
      { url: `${url}?code=SECRET`, token: null },
      { identity: 'CP', messageId: 'm1' },
      question,
      signal,
    )
    const reason = await asked.then(
      () => 'it was taken',
      (error: unknown) => String(error),
    )
    expect(reason).toStartWith(`Error: ${told}`)
    expect(reason).not.toContain('SECRET')
  },
)
