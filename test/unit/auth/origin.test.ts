// Which requests come from web pages of other hosts, and which of these are refused.

import { describe, expect, test } from 'bun:test'
import { isForeignHandshake, isForeignPage, isForeignRequest } from '../../../src/auth/origin.ts'

const evil = 'https://evil.example'
const console = 'https://console.example.com'
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'

describe('a request', () => {
  test.each([
    ['without a word about a page', {}, false],
    ['from a page of this host', { Origin: 'https://csms.example.com' }, false],
    ['from a page of this host, spelt in another way', { Origin: 'HTTPS://CSMS.example.com/' }, false],
    ['from a page of another port', { Origin: 'https://csms.example.com:8443' }, true],
    ['from a page of another host', { Origin: evil }, true],
    ['from a page without a host', { Origin: 'null' }, true],
    ['from an allowed page', { Origin: 'https://Console.example.com' }, false],
    ['from an allowed page, which is of another site', { Origin: console, 'Sec-Fetch-Site': 'cross-site' }, false],
    ['that a foreign page made without naming itself', { 'Sec-Fetch-Site': 'cross-site' }, true],
    [
      'from a page of another site under our name',
      { Origin: 'https://csms.example.com', 'Sec-Fetch-Site': 'cross-site' },
      true,
    ],
    ['from the address bar', { 'Sec-Fetch-Site': 'none' }, false],
    ['of this host through a proxy of another name', { Origin: evil, 'Sec-Fetch-Site': 'same-origin' }, false],
    ['of a sibling host', { Origin: 'https://www.example.com', 'Sec-Fetch-Site': 'same-site' }, true],
  ])('%s %p comes from a foreign page: %p', (_, headers, isForeign) => {
    expect(isForeignPage(new Headers({ Host: 'csms.example.com', ...headers }), [console])).toBe(isForeign)
  })

  test('no page is foreign if all are allowed', () => {
    expect(isForeignPage(new Headers({ Host: 'csms', Origin: evil, 'Sec-Fetch-Site': 'cross-site' }), ['*'])).toBe(
      false,
    )
  })
})

test('an Origin that a charge point sends counts only if no credentials are required', () => {
  const isForeign = (headers: Record<string, string>, requireAuthentication: boolean): boolean =>
    isForeignHandshake(new Headers({ Host: 'csms', Origin: evil, ...headers }), {
      allowedOrigins: [],
      requireAuthentication,
    })
  expect(isForeign({}, true)).toBe(false)
  expect(isForeign({}, false)).toBe(true)
  expect(isForeign({ 'User-Agent': firefox }, true)).toBe(true)
  expect(isForeign({ 'Sec-Fetch-Site': 'cross-site' }, true)).toBe(true)
})

describe('over REST', () => {
  const isRefused = (method: string, headers: Record<string, string>, allowed: readonly string[] = []): boolean =>
    isForeignRequest(
      new Request('http://csms/api/chargepoints', { method, headers: { Host: 'csms', Origin: evil, ...headers } }),
      allowed,
    )
  const basic = { Authorization: 'basic Q1AwMDE6c2VjcmV0' }

  test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'TRACE'])('a foreign page may not send %s', (method) => {
    // Requests of fetch cannot have TRACE.
    if (method !== 'TRACE') expect(isRefused(method, {})).toBe(true)
    expect(isForeignRequest({ method, headers: new Headers({ Origin: evil }) }, [])).toBe(true)
  })

  test.each(['GET', 'HEAD', 'OPTIONS'])(
    'a foreign page may send %s, except with credentials of the browser',
    (method) => {
      expect(isRefused(method, {})).toBe(false)
      expect(isRefused(method, { 'X-API-Key': 'key' })).toBe(false)
      expect(isRefused(method, basic)).toBe(true)
    },
  )

  test('an origin that is named may send all, and one that `*` lets in all but credentials of the browser', () => {
    expect(isRefused('POST', basic, [evil])).toBe(false)
    expect(isRefused('POST', { 'X-API-Key': 'key' }, ['*'])).toBe(false)
    expect(isRefused('POST', basic, ['*'])).toBe(true)
    expect(isRefused('POST', basic, ['*', evil])).toBe(false)
  })
})
