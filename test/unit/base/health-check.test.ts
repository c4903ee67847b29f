// Where `bun run health` asks, and what it makes of the answer.

import { expect, test } from 'bun:test'
import { ownUrl, problemAt } from '../../../src/base/health-check.ts'

const tls = { certificatePath: 'csms.pem', keyPath: null, password: null }

test.each([
  [{ host: '0.0.0.0', port: 8080, tls: null }, 'http://127.0.0.1:8080'],
  [{ host: '::', port: 443, tls }, 'https://[::1]:443'],
  [{ host: '10.0.0.11', port: 8443, tls }, 'https://10.0.0.11:8443'],
  [{ host: 'localhost', port: 80, tls: null }, 'http://localhost:80'],
])('it asks where the Stator of %j listens', (settings, url) => {
  expect(ownUrl(settings)).toBe(url)
})

test('only the answer 200 is good', async () => {
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ url }) => new Response('the body', { status: url.endsWith('/live') ? 200 : 503 }),
  })
  const url = `http://127.0.0.1:${server.port}`
  expect(await problemAt(`${url}/live`)).toBeNull()
  expect(await problemAt(`${url}/ready`)).toBe(`${url}/ready answers 503: the body`)
  await server.stop(true)
  expect(await problemAt(`${url}/live`)).toStartWith(`${url}/live does not answer: `)
})
