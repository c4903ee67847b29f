// GET /openapi.json and /docs: the contract of the API, for machines and for people. Made from the routes themselves.

import type { OpenAPIHono } from '@hono/zod-openapi'
import type { Hono } from 'hono'
import packageJson from '../../package.json' with { type: 'json' }
import { docsPage } from './docs-page.ts'
import type { ApiEnv } from './env.ts'

const introduction = `Charge points are provisioned, watched and commanded here; they themselves connect to \`ws(s)://<this host>/ocpp/{chargePointId}\` with the subprotocol \`ocpp1.6\` or \`ocpp2.0.1\`.

Operators send \`X-API-Key\`. A charge point's own credentials (Basic, or \`X-API-Key\` with \`X-Charge-Point-Id\`) reach that charge point only. Times are ISO 8601 in UTC. A sender has so many requests under way at once; more are answered 429 with \`Retry-After\`. Errors are \`{"error", "message", "details"}\`; every answer carries \`X-Request-Id\`, by which the log can be searched.`

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

  // Written once: anybody may ask for them, as often as they like.
  const text = JSON.stringify(document)
  const page = docsPage(document)
  // Plain routes: the document does not describe itself.
  const plain: Hono<ApiEnv> = app
  plain.get('/openapi.json', (c) => c.body(text, 200, { 'Content-Type': 'application/json' }))
  plain.get('/docs', (c) => c.html(page))
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
