// A load balancer on the configuration that docs/deploy prints, with addresses, ports and paths of the test put in.

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import type { KeyedCertificate } from './certificates.ts'
import { freePort } from './free-port.ts'
import { until } from './until.ts'

const documents = resolve(import.meta.dir, '../../docs/deploy')

/** Programs of administrators are not in everybody's PATH. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`

export type BalancerConfiguration =
  'haproxy-tls.cfg' | 'haproxy-passthrough.cfg' | 'nginx-tls.conf' | 'nginx-passthrough.conf'

/** What is missing to run `configuration`, as a sentence in brackets; empty if nothing is. */
export function whyNot(configuration: BalancerConfiguration): string {
  if (configuration.startsWith('haproxy')) return haproxy === null ? ' (skipped: haproxy is not installed)' : ''
  if (nginx === null) return ' (skipped: nginx is not installed)'
  const isMissing = configuration === 'nginx-passthrough.conf' && !existsSync(streamModule(nginx))
  return isMissing ? ' (skipped: nginx has no stream module; Debian has it in libnginx-mod-stream)' : ''
}

const haproxy = Bun.which('haproxy', { PATH })
const nginx = Bun.which('nginx', { PATH })

function streamModule(program: string): string {
  return join(dirname(dirname(program)), 'lib/nginx/modules/ngx_stream_module.so')
}

export interface Balancer {
  readonly port: number
  stop(): Promise<void>
}

/** Starts the balancer in front of the nodes on these ports; resolves once it listens. */
export async function startBalancer(
  configuration: BalancerConfiguration,
  nodePorts: readonly [number, number],
  certificate: KeyedCertificate,
): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), 'stator-balancer-'))
  const port = await freePort()
  const printed = await readFile(join(documents, configuration), 'utf8')
  const text = printed
    .replace(/\b10\.0\.0\.11:\d+/, `127.0.0.1:${nodePorts[0]}`)
    .replace(/\b10\.0\.0\.12:\d+/, `127.0.0.1:${nodePorts[1]}`)
    .replace('bind :443', `bind 127.0.0.1:${port}`)
    .replace('listen 443', `listen 127.0.0.1:${port}`)
    .replaceAll(/\/etc\/(haproxy|nginx)\/csms/g, join(folder, 'csms'))
    // The limits of a server are above those of many a test machine.
    .replace('maxconn 20000', 'maxconn 500')
    .replace('worker_connections 20000', 'worker_connections 500')
    .replace(/^worker_rlimit_nofile.*$/m, '')
    .replace(/^user .*$/m, process.getuid?.() === 0 ? 'user root;' : '')
    .replace('/run/nginx.pid', join(folder, 'nginx.pid'))
    .replace('modules/ngx_stream_module.so', streamModule(nginx ?? ''))
    .replace(/^http \{$/m, `http {\naccess_log off;\n${temporaryFolders(folder)}`)
  const file = join(folder, configuration)
  await writeFile(file, text)
  const both = `${certificate.certificate}\n${certificate.key}`
  // nginx reads its key from a file of its own, and ignores the one in the other.
  await writeFile(join(folder, 'csms.pem'), both, { mode: 0o600 })
  await writeFile(join(folder, 'csms.key'), certificate.key, { mode: 0o600 })
  const command = configuration.startsWith('haproxy')
    ? [haproxy ?? '', '-db', '-f', file]
    : [nginx ?? '', '-p', folder, '-e', 'stderr', '-c', file, '-g', 'daemon off;']
  const balancer = Bun.spawn(command, { stdin: 'ignore', stdout: 'ignore', stderr: 'pipe' })
  let said = ''
  const reading = (async () => {
    for await (const chunk of balancer.stderr) said += Buffer.from(chunk).toString()
  })()
  await until('the balancer to listen', async () => {
    if (balancer.exitCode !== null) throw new Error(`The balancer ended with ${balancer.exitCode}: ${said}`)
    return isListening(port)
  })
  return {
    port,
    async stop() {
      balancer.kill('SIGTERM')
      await balancer.exited
      await reading
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function temporaryFolders(folder: string): string {
  return ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};\n`)
    .join('')
}

async function isListening(port: number): Promise<boolean> {
  try {
    const socket = await Bun.connect({ hostname: '127.0.0.1', port, socket: { data: () => {} } })
    socket.end()
    return true
  } catch {
    return false
  }
}
