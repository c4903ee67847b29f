// A real OpenID provider (oidc-provider) in this process, on a free port of this machine. Clients get access tokens by the
// client-credentials grant for a resource, which is the API of Stator.

import { createServer, type Server } from 'node:http'
import { exportJWK, generateKeyPair, type JWK } from 'jose'
import Provider from 'oidc-provider'
import { freePort } from './free-port.ts'

type Json = Readonly<Record<string, unknown>>

/** The resource whose tokens are for Stator, which is their audience. */
export const statorResource = 'https://stator.example.com'

/** Another API of the same provider. */
export const otherResource = 'https://billing.example.com'

const clientSecret = 'a-secret-of-a-client-in-a-test'

export interface IssuerClient {
  readonly id: string
  /** Claims in its tokens beside those of the provider. */
  readonly claims?: Json
}

/** A running provider. Its tokens live for `lifetimeSeconds`. */
export class OidcIssuer {
  readonly url: string
  readonly #clients: readonly IssuerClient[]
  readonly #port: number
  #server: Server | null = null
  #provider: Provider | null = null
  lifetimeSeconds = 600

  private constructor(clients: readonly IssuerClient[], port: number) {
    this.#clients = clients
    this.#port = port
    this.url = `http://127.0.0.1:${port}`
  }

  static async start(clients: readonly IssuerClient[]): Promise<OidcIssuer> {
    const issuer = new OidcIssuer(clients, await freePort())
    await issuer.rotateKeys()
    await issuer.resume()
    return issuer
  }

  /** From now on tokens are signed with a fresh key, and the earlier one is not published any more. */
  async rotateKeys(): Promise<void> {
    const { privateKey } = await generateKeyPair('ES256', { extractable: true })
    const kid = crypto.randomUUID()
    this.#provider = this.#providerWith({ ...(await exportJWK(privateKey)), kid, alg: 'ES256', use: 'sig' })
  }

  /** The port is closed until `resume`. */
  async stop(): Promise<void> {
    const server = this.#server
    this.#server = null
    if (server === null) return
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }

  async resume(): Promise<void> {
    const server = createServer((request, response) => void this.#provider?.callback()(request, response))
    this.#server = server
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve))
  }

  /** An access token of a client for a resource. */
  async token(clientId: string, resource = statorResource): Promise<string> {
    const answer = await fetch(`${this.url}/token`, {
      method: 'POST',
      headers: { Authorization: `Basic ${btoa(`${clientId}:${clientSecret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource, scope: 'operate' }),
    })
    const { access_token: token, ...rest } = (await answer.json()) as Json
    if (typeof token !== 'string') throw new Error(`The provider answered ${answer.status} ${JSON.stringify(rest)}.`)
    return token
  }

  /** The public keys, as the provider publishes them. */
  async publishedKeys(): Promise<readonly JWK[]> {
    const { keys } = (await (await fetch(`${this.url}/jwks`)).json()) as { readonly keys: readonly JWK[] }
    return keys
  }

  #providerWith(key: JWK): Provider {
    return new Provider(this.url, {
      clients: this.#clients.map(({ id }) => ({
        client_id: id,
        client_secret: clientSecret,
        grant_types: ['client_credentials'],
        redirect_uris: [],
        response_types: [],
      })),
      clientAuthMethods: ['client_secret_basic'],
      jwks: { keys: [key] },
      cookies: { keys: ['a key of cookies that nobody gets'] },
      scopes: ['operate'],
      enabledJWA: { idTokenSigningAlgValues: ['ES256'] },
      clientDefaults: { id_token_signed_response_alg: 'ES256' },
      extraTokenClaims: (_context, token) =>
        this.#clients.find(({ id }) => 'clientId' in token && id === token.clientId)?.claims,
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_context, resource) => ({
            scope: 'operate',
            audience: resource,
            accessTokenFormat: 'jwt',
            accessTokenTTL: this.lifetimeSeconds,
            jwt: { sign: { alg: 'ES256' } },
          }),
        },
      },
    })
  }
}
