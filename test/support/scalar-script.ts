// The script of the API reference, as the package of Scalar's Fastify plugin has it: the one package that carries the script without
// the 280 others that it is built from. `bun test/support/scalar-script.ts` writes it to src/api/scalar/, from where it is served.

import { gzipSync } from 'node:zlib'
import plugin from '@scalar/fastify-api-reference'
import { scriptFile } from '../../src/api/docs.ts'

/** The script that the plugin would serve: it is asked for by the route that the plugin adds for it. */
export function scriptOfPackage(): string {
  let script = ''
  const reply = { header: () => reply, send: (text: string) => (script = text) }
  const fastify = {
    initialConfig: {},
    hasPlugin: () => false,
    route: ({ url, handler }: { url: string; handler: (request: unknown, to: typeof reply) => void }) => {
      if (url.endsWith('.js')) handler(null, reply)
    },
  }
  Reflect.apply(plugin, null, [fastify, { configuration: { url: '/openapi.json' } }, () => {}])
  return script
}

if (import.meta.main) await Bun.write(scriptFile, gzipSync(scriptOfPackage(), { level: 9 }))
