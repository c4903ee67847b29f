// What trusted proxies say about the client behind them, and what others may not say.

import { describe, expect, test } from 'bun:test'
import { ClientCertificates } from '../../../src/auth/certificates/client-certificates.ts'
import { Channels } from '../../../src/gateway/forwarded.ts'
import type { Peer } from '../../../src/gateway/peer.ts'
import { HandClock } from '../../support/hand-clock.ts'
import { collectedLog } from '../../support/log-lines.ts'
import { make, thumbprints } from '../../support/made-certificates.ts'

const station = make({ subject: 'CP001' })
const other = make({ subject: 'CP002' })
const clientCertificates = await ClientCertificates.load({
  isValidated: false,
  authorityPath: null,
  isByThumbprintsAlone: true,
  revocationListPaths: [],
  thumbprints: [thumbprints(station).sha256],
  organizations: [],
  proxyHeader: null,
})

function channels(trustedProxies: readonly string[], proxyHeader = 'X-SSL-Client-Cert') {
  const { log, lines } = collectedLog('Information')
  const all = new Channels({ trustedProxies, proxyHeader, clientCertificates, clock: new HandClock(), log })
  const of = (remoteAddress: string, headers: Record<string, string> | [string, string][], more: Partial<Peer> = {}) =>
    all.of({ remoteAddress, isEncrypted: false, certificates: [], ...more }, new Headers(headers))
  return { of, lines }
}

const trusted = ['10.0.0.0/8', '2001:db8::/32', '192.0.2.7']

describe('the address of the client', () => {
  test.each([
    ['one hop', '10.0.0.1', '198.51.100.9', '198.51.100.9'],
    ['the last untrusted one counts', '10.0.0.1', '1.1.1.1, 198.51.100.9, 10.9.9.9', '198.51.100.9'],
    ['what a client put in front is not believed', '10.0.0.1', '127.0.0.1, 198.51.100.9', '198.51.100.9'],
    ['all hops trusted: the first', '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['IPv6', '2001:db8::1', '2a00:1450::9', '2a00:1450::9'],
    ['IPv6 in brackets with a port', '10.0.0.1', '[2a00:1450::9]:443', '2a00:1450::9'],
    ['IPv4 with a port', '10.0.0.1', '198.51.100.9:5555', '198.51.100.9'],
    ['IPv4 in the form of IPv6', '::ffff:10.0.0.1', '::ffff:198.51.100.9', '198.51.100.9'],
    ['a proxy in that form, in hexadecimal', '::ffff:a00:1', '198.51.100.9', '198.51.100.9'],
    ['nonsense ends the list', '10.0.0.1', '198.51.100.9, unknown, 10.0.0.2', '10.0.0.2'],
    ['no header', '192.0.2.7', '', '192.0.2.7'],
    ['an untrusted peer', '203.0.113.5', '198.51.100.9', '203.0.113.5'],
    ['an address beside the trusted one', '192.0.2.8', '198.51.100.9', '192.0.2.8'],
  ])('%s', (_what, peer, header, expected) => {
    const headers: Record<string, string> = header === '' ? {} : { 'X-Forwarded-For': header }
    expect(channels(trusted).of(peer, headers).remoteAddress).toBe(expected)
  })

  test('several header lines are one list', () => {
    const lines: [string, string][] = [
      ['X-Forwarded-For', '127.0.0.1'],
      ['X-Forwarded-For', '198.51.100.9, 10.0.0.2'],
    ]
    expect(channels(trusted).of('10.0.0.1', lines).remoteAddress).toBe('198.51.100.9')
  })
})

test.each([
  ['10.0.0.1', 'https', true],
  ['10.0.0.1', 'WSS', true],
  ['10.0.0.1', 'http', false],
  ['10.0.0.1', 'https, http', false],
  ['10.0.0.1', 'https, https', true],
  ['203.0.113.5', 'https', false],
])('a request from %s with X-Forwarded-Proto %s: encrypted %p', (peer, scheme, expected) => {
  expect(channels(trusted).of(peer, { 'X-Forwarded-Proto': scheme }).isEncrypted).toBe(expected)
})

test('without X-Forwarded-Proto the connection of the proxy counts', () => {
  expect(channels(trusted).of('10.0.0.1', {}, { isEncrypted: true }).isEncrypted).toBeTrue()
})

describe('the certificate of the client', () => {
  const escaped = encodeURIComponent(station.certificate)
  const base64 = station.der.toString('base64')
  const own = { leaf: expect.objectContaining({ subject: expect.stringContaining('CN=CP001') }) }

  test.each([
    ['nginx, $ssl_client_escaped_cert', 'X-SSL-Client-Cert', escaped],
    ['nginx, $ssl_client_cert', 'X-SSL-Client-Cert', station.certificate.trim().replaceAll('\n', ' ')],
    ['HAProxy, ssl_c_der,base64', 'X-SSL-Client-Cert', base64],
    ['RFC 9440', 'Client-Cert', `:${base64}:`],
    ['Envoy', 'X-Forwarded-Client-Cert', `By=spiffe://a;Hash=00;Cert="${escaped}";Subject="CN=a,O=b";URI=`],
    ['Envoy, two hops', 'X-Forwarded-Client-Cert', `Cert="${encodeURIComponent(other.certificate)}",Cert="${escaped}"`],
    ['Envoy, the chain only', 'X-Forwarded-Client-Cert', `Chain="${escaped}${encodeURIComponent(other.certificate)}"`],
  ])('%s', (_what, header, value) => {
    expect(channels(trusted, header).of('10.0.0.1', { [header]: value }).certificate).toMatchObject(own)
    // Without colon or case: thumbprints are compared by the authenticator.
    expect(channels(trusted, header).of('203.0.113.5', { [header]: value }).certificate).toBeNull()
  })

  test.each([
    ['nothing', 'X-SSL-Client-Cert', '', null],
    ['another header than the one that is set', 'X-Other', escaped, null],
    ['garbage', 'X-SSL-Client-Cert', 'hello!', 'it is neither PEM nor'],
    ['Base64 of something else', 'X-SSL-Client-Cert', 'aGVsbG8=', 'the client certificate cannot be read'],
    ['PEM that is cut', 'X-SSL-Client-Cert', escaped.slice(0, 100), 'it has no certificate in PEM'],
    ['two of them', 'X-SSL-Client-Cert', `${base64}, ${base64}`, 'it is there more than once'],
  ])('%s', (_what, header, value, expected) => {
    const { certificate, hasCertificate } = channels(trusted).of('10.0.0.1', { [header]: value })
    expect(hasCertificate).toBe(expected !== null)
    if (expected === null) expect(certificate).toBeNull()
    else expect(certificate).toContain(expected)
  })

  test.each([
    ['a hash only', 'Hash=00;Subject="CN=CP001"', 'neither Cert nor Chain'],
    ['Cert twice', `Cert="${escaped}";Cert="${escaped}"`, 'it has cert twice'],
    ['no fields', 'hello', 'a field of it has no value'],
  ])('Envoy with %s has none', (_what, value, expected) => {
    const header = 'X-Forwarded-Client-Cert'
    expect(channels(trusted, header).of('10.0.0.1', { [header]: value }).certificate).toContain(expected)
  })

  // The subject is chosen by who made the certificate; Envoy writes it with a backslash before quotes and commas.
  test.each([
    [
      'an element of its own',
      (forged: string) => String.raw`Hash=00;Cert="${escaped}";Subject="CN=\"\,Cert=\"${forged}\""`,
    ],
    ['a field of its own', (forged: string) => String.raw`Chain="${escaped}";Subject="CN=\";Cert=\"${forged}\";x=\""`],
    ['an escaped backslash at its end', (forged: string) => String.raw`Subject="O=${forged},CN=\\";Cert="${escaped}"`],
  ])('a subject with %s does not become the certificate', (_what, valueWith) => {
    const header = 'X-Forwarded-Client-Cert'
    const value = valueWith(encodeURIComponent(other.certificate))
    expect(channels(trusted, header).of('10.0.0.1', { [header]: value }).certificate).toMatchObject(own)
  })

  test('a trusted proxy that ends TLS at Stator with its own certificate does not pass as the client', () => {
    const certificates = [other.der]
    expect(channels(trusted).of('10.0.0.1', {}, { certificates }).certificate).toBeNull()
    expect(channels(trusted).of('203.0.113.5', {}, { certificates }).certificate).not.toBeNull()
  })
})

test('a certificate is judged once for a request, and only if somebody asks for it', () => {
  let judged = 0
  const { log } = collectedLog('None')
  const all = new Channels({
    trustedProxies: [],
    proxyHeader: null,
    clientCertificates: { judge: () => `judged ${++judged} times` },
    clock: new HandClock(),
    log,
  })
  const peer = { remoteAddress: '203.0.113.5', isEncrypted: true, certificates: [station.der] }
  const channel = all.of(peer, new Headers())
  expect([channel.hasCertificate, all.of({ ...peer, certificates: [] }, new Headers()).hasCertificate]).toEqual([
    true,
    false,
  ])
  expect(judged).toBe(0)
  expect([channel.certificate, channel.certificate]).toEqual(['judged 1 times', 'judged 1 times'])
})

test('ignored headers are logged once for each address', () => {
  const { of, lines } = channels([])
  for (const address of ['203.0.113.5', '203.0.113.5', '203.0.113.6']) of(address, { 'X-Forwarded-For': '1.1.1.1' })
  of('203.0.113.7', {})
  expect(lines.map((line) => JSON.parse(line)['remoteAddress'])).toEqual(['203.0.113.5', '203.0.113.6'])
})
