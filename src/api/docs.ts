// GET /openapi.json and /docs: the contract of the API, for machines and for people. Made from the routes themselves. The page is the
// API reference by Scalar. All that it loads comes from this server, and it may ask no other.

import { fileURLToPath } from 'node:url'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { Scalar } from '@scalar/hono-api-reference'
import type { Context, Hono } from 'hono'
import { NONCE, secureHeaders, type SecureHeadersVariables } from 'hono/secure-headers'
import packageJson from '../../package.json' with { type: 'json' }
import type { ApiEnv } from './env.ts'

const introduction = `Charge points are provisioned, watched and commanded here; they themselves connect to \`ws(s)://<this host>/ocpp/{chargePointId}\` with the subprotocol \`ocpp1.6\` or \`ocpp2.0.1\`.

Operators send \`X-API-Key\`. A charge point's own credentials (Basic, or \`X-API-Key\` with \`X-Charge-Point-Id\`) reach that charge point only. Times are ISO 8601 in UTC. A sender has so many requests under way at once; more are answered 429 with \`Retry-After\`. Errors are \`{"error", "message", "details"}\`; every answer carries \`X-Request-Id\`, by which the log can be searched.`

/** The script of the page, compressed. After an update of the package, `bun test/support/scalar-script.ts` writes it again. */
export const scriptFile = fileURLToPath(new URL('scalar/standalone.js.gz', import.meta.url))

// The version in its name allows browsers to keep it for ever.
const scriptPath = `/docs/scalar-${packageJson.devDependencies['@scalar/fastify-api-reference']}.js`

/** Adds the document and the page to `app`; to be called when all routes are there. */
export function addDocs(app: OpenAPIHono<ApiEnv>): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'apiKey', {
    type: 'apiKey',
    in: 'header',
    name: 'X-API-Key',
    description: 'The key of an operator; with X-Charge-Point-Id, that of a charge point.',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'basic', {
    type: 'http',
    scheme: 'basic',
    description: 'Identity and password of a charge point.',
  })
  const document = app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Stator', version: packageJson.version, description: introduction },
    security: [{ apiKey: [] }, { basic: [] }],
  })

  // Written once: anybody may ask for it, as often as they like.
  const text = JSON.stringify(document)
  // Plain routes: the document does not describe itself.
  const plain: Hono<ApiEnv> = app
  plain.get('/openapi.json', (c) => c.body(text, 200, { 'Content-Type': 'application/json' }))
  plain.get('/docs', onlyFromHere, page)
  plain.get(scriptPath, script)
  plain.get('/', (c) => {
    const wantsHtml = c.req.header('Accept')?.includes('text/html') ?? false
    return wantsHtml
      ? c.redirect('/docs')
      : c.json({
          name: 'Stator',
          version: packageJson.version,
          docs: '/docs',
          openapi: '/openapi.json',
          health: '/health/ready',
        })
  })
}

// The script asks hosts of its makers (for fonts, for its assistant) unless it is told not to. This forbids it as well.
const onlyFromHere = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: [NONCE],
    // The page sets styles on its elements, which a nonce cannot allow.
    styleSrc: ["'unsafe-inline'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  // Whether this host may be asked without TLS is not for this page to say.
  strictTransportSecurity: false,
})

const page = Scalar<{ Variables: SecureHeadersVariables }>((c) => ({
  pageTitle: 'Stator API',
  url: '/openapi.json',
  cdn: scriptPath,
  nonce: c.get('secureHeadersNonce') ?? '',
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  hideClientButton: true,
  showDeveloperTools: 'never',
}))

/** The script, compressed for those that take it so. */
function script(c: Context): Response {
  const compressed = Bun.file(scriptFile)
  const headers = {
    'Content-Type': 'text/javascript; charset=utf-8',
    'Cache-Control': 'public, max-age=31536000, immutable',
    Vary: 'Accept-Encoding',
  }
  return c.req.header('Accept-Encoding')?.includes('gzip') === true
    ? c.body(compressed.stream(), 200, { ...headers, 'Content-Encoding': 'gzip' })
    : c.body(compressed.stream().pipeThrough(new DecompressionStream('gzip')), 200, headers)
}
