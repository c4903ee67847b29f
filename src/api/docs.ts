// GET /openapi.json and /docs: the API contract for machines and for people, generated from the routes. The page is the
// API reference by Scalar. It loads everything from this server and contacts no other host.

import { fileURLToPath } from 'node:url'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { Scalar } from '@scalar/hono-api-reference'
import type { Context, Hono } from 'hono'
import { NONCE, secureHeaders, type SecureHeadersVariables } from 'hono/secure-headers'
import packageJson from '../../package.json' with { type: 'json' }
import type { ApiEnv } from './env.ts'

const introduction = `Charge points are provisioned, watched and commanded here; they themselves connect to \`ws(s)://<this host>/ocpp/{chargePointId}\` with the subprotocol \`ocpp1.6\`, \`ocpp2.0.1\` or \`ocpp2.1\`.

Operators send \`X-API-Key\` or a bearer token. What an operation needs is its \`x-permission\`: without it the answer is 403, and \`details.missing\` names it. What is of charge points that an operator is not for does not exist for that operator. A charge point's own credentials (Basic, a bearer token, or \`X-API-Key\` with \`X-Charge-Point-Id\`) reach that charge point only. Times are ISO 8601 in UTC. A sender has so many requests under way at once; more are answered 429 with \`Retry-After\`. Errors are \`{"error", "code", "message", "details"}\`; every answer carries \`X-Request-Id\`, by which the log can be searched.`

const tags = [
  { name: 'Charge points', description: 'What charge points are, and what they reported.' },
  { name: 'Commands', description: 'Requests that are sent to a charge point as a CALL. They wait for its answer.' },
  { name: 'Local lists', description: 'The id tags that a charge point accepts while it is offline.' },
  { name: 'Reservations', description: 'EVSEs that are kept free for an id tag.' },
  {
    name: 'Smart charging',
    description:
      'Charging profiles, external limits, what vehicles ask for, and controls of distributed energy resources.',
  },
  { name: 'Battery swaps', description: 'Batteries that are put in and taken out (OCPP 2.1).' },
  { name: 'Payments', description: 'Payments at charge points, on their terminal or a web page (OCPP 2.1).' },
  { name: 'Tariffs', description: 'Prices, costs of transactions, and tariffs that charge points have.' },
  { name: 'Display messages', description: 'What the displays of charge points show.' },
  { name: 'Data transfer', description: 'Vendors whose own messages are accepted.' },
  { name: 'Quirks', description: 'What charge points get wrong, and what is done for them.' },
  { name: 'Configuration', description: 'Configuration keys of OCPP 1.6, and the device model of OCPP 2.x.' },
  { name: 'Certificates', description: 'Certificates of charge points, and who signs them.' },
  { name: 'Transactions', description: 'Charging transactions, their meter values, and how operators end them.' },
  { name: 'Provisioning', description: 'Which charge points may connect, and with which credentials.' },
  { name: 'Groups', description: 'Trees of charge points, such as tenants and their sites: what an operator may see.' },
  { name: 'Jobs', description: 'Commands that outlive their requests.' },
  { name: 'Monitoring', description: 'Monitors of variables of 2.x, and what they alarm about.' },
  { name: 'ID tags', description: 'Who may charge.' },
  { name: 'Operators', description: 'API keys of operators, and roles: who may do what.' },
  { name: 'Security', description: 'Who was refused, and what charge points report about their security.' },
  { name: 'Audit log', description: 'Who changed or commanded what.' },
  { name: 'Anomalies', description: 'Stored facts that break an expectation.' },
  { name: 'Health', description: 'For supervisors and load balancers.' },
  { name: 'Metrics', description: 'For Prometheus.' },
]

// Of SPDX, as package.json spells it.
const license = { name: packageJson.license, identifier: packageJson.license }

// Anybody may read it: the patch level, which says what is not fixed here, is for the log and the metrics.
const apiVersion = packageJson.version.replace(/\.\d+$/, '')

/** What the document says beside the routes. */
const aboutTheApi = {
  openapi: '3.1.0',
  info: {
    title: 'Stator',
    version: apiVersion,
    description: introduction,
    contact: { name: 'The administrators of this server' },
    license,
  },
  servers: [{ url: '/', description: 'The node that serves this document.' }],
  tags,
  security: [{ apiKey: [] }, { basic: [] }, { bearerAuth: [] }],
}

/** The compressed script of the page. After a package update, `bun test/support/scalar-script.ts` regenerates it. */
export const scriptFile = fileURLToPath(new URL('scalar/standalone.js.gz', import.meta.url))

// The version in the file name allows browsers to cache it indefinitely.
const scriptPath = `/docs/scalar-${packageJson.devDependencies['@scalar/fastify-api-reference']}.js`

/** Adds the document and the page to `app`. Call it after all routes have been added. */
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
  app.openAPIRegistry.registerComponent('securitySchemes', 'metricsToken', {
    type: 'http',
    scheme: 'bearer',
    description: '`Security.MetricsToken`, with which a scraper reads `GET /metrics` and nothing else.',
  })
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearerAuth', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token of the issuer in `Security.Jwt`, of an operator or of a charge point.',
  })
  // Generated once, since any client may request it at any rate; and not at the start, which charge points wait for: it
  // takes a quarter of a second of CPU.
  let text: string | null = null
  // Plain routes, so that the document does not list them.
  const plain: Hono<ApiEnv> = app
  plain.get('/openapi.json', (c) => {
    text ??= JSON.stringify(app.getOpenAPI31Document(aboutTheApi))
    return c.body(text, 200, { 'Content-Type': 'application/json' })
  })
  plain.get('/docs', onlyFromHere, page)
  plain.get(scriptPath, script)
  plain.get('/', (c) => {
    const wantsHtml = c.req.header('Accept')?.includes('text/html') ?? false
    return wantsHtml
      ? c.redirect('/docs')
      : c.json({
          name: 'Stator',
          docs: '/docs',
          openapi: '/openapi.json',
          health: '/health/ready',
        })
  })
}

// By default the script contacts hosts of its vendor (fonts, assistant). The options disable that; this policy also
// blocks it.
const onlyFromHere = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: [NONCE],
    // The page sets inline styles on its elements, which a nonce cannot allow.
    styleSrc: ["'unsafe-inline'"],
    connectSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    baseUri: ["'none'"],
    formAction: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  // This page must not decide whether the host may be used without TLS.
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

/** The script, compressed if the client accepts that. */
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
