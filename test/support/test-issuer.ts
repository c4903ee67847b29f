// The HTTP side of an issuer, on a free port: its configuration and its key set, which a test can change, spoil or delay.

import type { JWK } from 'jose'

/** Serves what an issuer publishes. */
export class TestIssuer {
  readonly #server: Bun.Server<undefined>
  /** Requests for the key set so far. */
  keyRequests = 0
  keys: readonly JWK[]
  /** `issuer` of the configuration, if it is not the right one. */
  issuerSaid: string | null = null
  /** `jwks_uri` of the configuration, if it is not the right one. */
  keysUrlSaid: unknown = null
  /** Answers instead of the key set. */
  answer: (() => Response | Promise<Response>) | null = null

  constructor(keys: readonly JWK[]) {
    this.keys = keys
    this.#server = Bun.serve({
      port: 0,
      hostname: '127.0.0.1',
      routes: {
        '/realm/.well-known/openid-configuration': () =>
          Response.json({ issuer: this.issuerSaid ?? this.url, jwks_uri: this.keysUrlSaid ?? this.keysUrl }),
        '/realm/keys': () => {
          this.keyRequests++
          return this.answer?.() ?? Response.json({ keys: this.keys })
        },
        '/moved': () => Response.redirect(this.keysUrl, 302),
      },
      fetch: () => new Response('not here', { status: 404 }),
    })
  }

  /** Its name, as `iss` has it. */
  get url(): string {
    return `http://127.0.0.1:${this.#server.port}/realm`
  }

  get keysUrl(): string {
    return `${this.url}/keys`
  }

  /** An address of it that redirects to the key set. */
  get movedUrl(): string {
    return `http://127.0.0.1:${this.#server.port}/moved`
  }

  async stop(): Promise<void> {
    await this.#server.stop(true)
  }
}
