// Trusted proxies: what they say about the client behind them. From anybody else these headers are ignored, since a
// client can write whatever it likes into them.

import { isIP } from 'node:net'
import type { ClientCertificates } from '../auth/certificates/client-certificates.ts'
import type { Channel } from '../auth/authenticator.ts'
import { AddressRanges, plainAddress } from '../base/address-ranges.ts'
import type { Clock } from '../base/clock.ts'
import type { Logger } from '../base/log.ts'
import { OncePerAddress } from '../base/once-per-address.ts'
import { forwardedCertificates } from './forwarded-certificate.ts'
import type { Peer } from './peer.ts'

export interface ChannelDeps {
  /** `Security.TrustedProxies`. */
  readonly trustedProxies: readonly string[]
  /** `Security.ProxyCertificateHeader`; null: none. */
  readonly proxyHeader: string | null
  /** Null: client certificates are not asked for. */
  readonly clientCertificates: Pick<ClientCertificates, 'judge'> | null
  readonly clock: Clock
  readonly log: Logger
}

const addressHeader = 'x-forwarded-for'
const schemeHeader = 'x-forwarded-proto'

/** Finds out how a client came, directly or by a trusted proxy. */
export class Channels {
  readonly #deps: ChannelDeps
  readonly #proxies: AddressRanges
  readonly #ignored: OncePerAddress
  /** Headers that count from a trusted proxy only. */
  readonly #headers: readonly string[]

  constructor(deps: ChannelDeps) {
    this.#deps = deps
    this.#proxies = new AddressRanges(deps.trustedProxies)
    this.#ignored = new OncePerAddress(deps.clock)
    this.#headers = [addressHeader, schemeHeader, ...(deps.proxyHeader === null ? [] : [deps.proxyHeader])]
  }

  /** The channel of a request with `headers` that came from `peer`. Its certificate is judged once it is asked for. */
  of(peer: Peer, headers: Headers): Channel {
    const remoteAddress = plainAddress(peer.remoteAddress)
    const { clientCertificates, clock } = this.#deps
    if (this.#proxies.has(remoteAddress)) {
      const clientAddress = this.#clientAddress(remoteAddress, headers)
      const shown = this.#forwardedValue(headers)
      const judge = shown === null ? null : () => this.#forwardedCertificate(shown)
      return new RequestChannel(clientAddress, isEncrypted(headers) ?? peer.isEncrypted, judge)
    }
    const names = this.#headers.filter((name) => headers.has(name))
    if (names.length > 0 && this.#ignored.isDue(remoteAddress)) {
      this.#deps.log.warn(
        { remoteAddress, reason: names.join(', ') },
        'Headers of a proxy are ignored: the address is not in Security.TrustedProxies.',
      )
    }
    const judge =
      clientCertificates === null || peer.certificates.length === 0
        ? null
        : () => clientCertificates.judge(peer.certificates, clock.nowMs())
    return new RequestChannel(remoteAddress, peer.isEncrypted, judge)
  }

  /** Each proxy appends the address that it sees: the last one that is no trusted proxy is that of the client. */
  #clientAddress(proxy: string, headers: Headers): string {
    const hops = (headers.get(addressHeader) ?? '').split(',').map(addressIn)
    let client = proxy
    for (const hop of hops.toReversed()) {
      // What stands further left was passed on by somebody who cannot write an address.
      if (hop === null) break
      client = hop
      if (!this.#proxies.has(hop)) break
    }
    return client
  }

  /** What the proxy says of the certificate; null if it says nothing, or certificates are not asked for. */
  #forwardedValue(headers: Headers): string | null {
    const { proxyHeader, clientCertificates } = this.#deps
    const value = proxyHeader === null || clientCertificates === null ? null : headers.get(proxyHeader)
    return value === null || value.trim() === '' ? null : value
  }

  #forwardedCertificate(value: string): Channel['certificate'] {
    const { proxyHeader, clientCertificates, clock } = this.#deps
    const sent = forwardedCertificates(proxyHeader ?? '', value)
    if (typeof sent === 'string') return `the header ${proxyHeader} of the proxy cannot be read: ${sent}`
    return clientCertificates?.judge(sent, clock.nowMs()) ?? null
  }
}

/** A channel whose certificate costs nothing before somebody asks for it: it takes several signatures to judge one. */
class RequestChannel implements Channel {
  readonly remoteAddress: string
  readonly isEncrypted: boolean
  readonly #judge: (() => Channel['certificate']) | null
  #certificate: Channel['certificate'] | undefined

  constructor(remoteAddress: string, isEncrypted: boolean, judge: (() => Channel['certificate']) | null) {
    this.remoteAddress = remoteAddress
    this.isEncrypted = isEncrypted
    this.#judge = judge
  }

  get hasCertificate(): boolean {
    return this.#judge !== null
  }

  get certificate(): Channel['certificate'] {
    if (this.#certificate === undefined) this.#certificate = this.#judge?.() ?? null
    return this.#certificate
  }
}

/** Whether the client came over TLS, as the proxies say; null if they do not. With several, each must have had TLS. */
function isEncrypted(headers: Headers): boolean | null {
  const schemes = (headers.get(schemeHeader) ?? '').toLowerCase().split(',')
  const known = schemes.map((scheme) => scheme.trim()).filter((scheme) => scheme !== '')
  return known.length === 0 ? null : known.every((scheme) => scheme === 'https' || scheme === 'wss')
}

/** The address in an element of X-Forwarded-For, which may have a port; null if it has none. */
function addressIn(element: string): string | null {
  const text = element.trim().replace(/^"(.*)"$/, '$1')
  const bare = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  const address = plainAddress(bare)
  return isIP(address) === 0 ? null : address
}
