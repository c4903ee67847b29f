// The Stators of the cases: one for each way of connecting, started when the first case needs it.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { makeAuthority, makeLocalhost, type Made } from '../../support/made-certificates.ts'
import { TestStator } from '../../support/stator.ts'

/**
 * `plain`: security profile 1. `tls`: profiles 2 and 3, with a certificate authority of Stator's own and a server
 * certificate with an RSA key. `tlsEc`: the server certificate has an EC key. `denying`: an id token may have one
 * transaction.
 */
export type CentralKind = 'plain' | 'denying' | 'tls' | 'tlsEc'

export interface Central {
  readonly stator: TestStator
  /** Authority of the server certificate, and of client certificates that the operator's own authority signed. */
  readonly root: Made
}

const running = new Map<CentralKind, Promise<Central>>()
const folders: string[] = []

/** The Stator of this kind, started if it does not run yet. */
export function startCentral(kind: CentralKind): Promise<Central> {
  const already = running.get(kind)
  if (already !== undefined) return already
  const starting = start(kind)
  running.set(kind, starting)
  return starting
}

/** Stops all of them. */
export async function stopCentrals(): Promise<void> {
  for (const central of running.values()) await (await central).stator.stop()
  running.clear()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
}

async function start(kind: CentralKind): Promise<Central> {
  const root = makeAuthority('Conformance Root')
  if (kind === 'plain') return { stator: await TestStator.start(), root }
  if (kind === 'denying') {
    const Security = { ConcurrentTransactions: 'deny' }
    return { stator: await TestStator.start({ settings: { Security } }), root }
  }
  const folder = await mkdtemp(join(tmpdir(), 'stator-conformance-'))
  folders.push(folder)
  const server = makeLocalhost(root, { kind: kind === 'tls' ? 'rsa' : 'ec' })
  const CertificatePath = join(folder, 'server.pem')
  const ClientCertificateAuthority = join(folder, 'clients.pem')
  await Bun.write(CertificatePath, server.certificate + server.key)
  await Bun.write(ClientCertificateAuthority, root.certificate)
  const stator = await TestStator.start({
    settings: {
      OCPP: { EnableSSL: true, CertificatePath },
      Security: {
        AuthenticationMethod: ['Basic', 'ClientCertificate'],
        CertificateAuthority: 'Local',
        ClientCertificateAuthority,
      },
    },
  })
  return { stator, root }
}
